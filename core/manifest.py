"""model.json: what was trained, on what, how, and how well."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from mlp_edge.errors import ModelError, first_line
from mlp_edge.mlp import TASKS, Feature, Task, check_name

FORMAT = 1
"""Of model.json. A reader refuses a newer one; a change that old readers misread adds one."""


@dataclass(frozen=True)
class Manifest:
    """What model.json holds.

    Attributes:
        name: of the model, a C identifier; files and C symbols are named after it.
        table: what was trained on: a data set's name or a file's.
        features: the inputs, in order, with the range that the training rows had.
        target: the predicted column.
        labels: class names in the order of the outputs; () for a regression.
        task: regression, binary or multiclass.
        threshold: a binary model answers labels[1] where probability > threshold.
        seed: of the split, the first weights and the shuffling.
        recipe: every setting of the training, by the option's name.
        rows: how many rows trained, validated and tested.
        sample: where the rows of sample.csv come from: "held-out" or "training".
        scores: part -> model -> metric -> value.
        baseline: the linear baseline's mean, deviation, weights and bias, or None.
        prior: mean of the training targets per output: class frequencies, or the mean value.
        versions: of the packages that trained it.
        sha256: of the table's bytes ("data"), of the network ("weights").
        exports: file name in exports/ -> SHA-256 of its bytes.
        format: of this file.
    """

    name: str
    table: str
    features: tuple[Feature, ...]
    target: str
    labels: tuple[str, ...]
    task: Task
    threshold: float
    seed: int
    recipe: Mapping[str, Any]
    rows: Mapping[str, int]
    sample: str
    scores: Mapping[str, Any]
    baseline: Mapping[str, Any] | None
    prior: Sequence[float]
    versions: Mapping[str, str]
    sha256: Mapping[str, str]
    exports: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> str:
        """The text of model.json; the format first, so that a reader sees it first."""
        values = _plain(asdict(self))
        ordered = {"format": values.pop("format"), **values}
        return json.dumps(ordered, indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str, source: object) -> Manifest:
        """Read model.json.

        Raises:
            ModelError: naming ``source`` and the key that is missing or makes no sense.
        """
        try:
            values = json.loads(text)
            version = values.get("format")
        except (ValueError, AttributeError, RecursionError) as error:
            raise ModelError(f"{source}: not a model.json, or a damaged one ({error})") from error
        if version != FORMAT:
            raise ModelError(
                f"{source}: written in format {version!r}, this mlp-edge reads {FORMAT}; "
                + ("a newer mlp-edge would do" if isinstance(version, int) and version > FORMAT
                   else "train the model again")
            )  # fmt: skip
        missing = [entry.name for entry in fields(cls) if entry.name not in values]
        if missing:
            raise ModelError(f"{source}: without {', '.join(missing)}; the file is damaged")
        if values["task"] not in TASKS:
            raise ModelError(f"{source}: unknown task {values['task']!r}")
        for name, kind in KINDS.items():
            if not isinstance(values[name], kind):
                raise ModelError(f"{source}: {name} makes no sense; the file is damaged")
        try:
            values["features"] = tuple(_feature(**feature) for feature in values["features"])
            values["labels"] = tuple(_text(label) for label in values["labels"])
            for name in ("data", "weights"):
                _text(values["sha256"][name])
            for digest in values["exports"].values():
                _text(digest)
            check_name(values["name"])
            values["prior"] = [float(share) for share in values["prior"]]
            _check_labels(values["task"], len(values["labels"]), len(values["prior"]))
            return cls(**{entry.name: values[entry.name] for entry in fields(cls)})
        except (TypeError, KeyError, ValueError, ModelError) as error:
            raise ModelError(f"{source}: damaged ({first_line(error)})") from error


KINDS: Mapping[str, type | tuple[type, ...]] = {
    "name": str, "table": str, "features": list, "target": str, "labels": list,
    "threshold": (int, float), "seed": int, "recipe": dict, "rows": dict, "sample": str,
    "scores": dict, "baseline": (dict, type(None)), "prior": list, "versions": dict,
    "sha256": dict, "exports": dict,
}  # fmt: skip
"""What JSON makes of each key."""


def _check_labels(task: str, labels: int, outputs: int) -> None:
    expected = {"regression": 0, "binary": 2, "multiclass": max(outputs, 2)}[task]
    if labels != expected or outputs < 1 or (task == "binary" and outputs != 1):
        raise ValueError(f"a {task} task with {labels} labels and {outputs} prior values")


def _feature(name: Any, low: Any, high: Any) -> Feature:
    for bound in (low, high):
        if not isinstance(bound, int | float | None):
            raise TypeError(f"a range from {low!r} to {high!r}")
    return Feature(_text(name), low, high)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} where text belongs")
    return value


def _plain(value: Any) -> Any:
    """A value as JSON has it: no NaN and no infinity, null in their place."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
