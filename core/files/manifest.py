"""model.json: what was trained, on what, how, and how well."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import PurePosixPath
from typing import Any

from mlp_edge.errors import ModelError, first_line
from mlp_edge.feature import Feature
from mlp_edge.files.writing import json_text
from mlp_edge.finding import Finding
from mlp_edge.json_values import integer, number, of_type
from mlp_edge.mlp import TASKS, Task, check_name
from mlp_edge.reading import parse_json

FORMAT = 2
"""Of model.json. A reader refuses a newer one; a change that old readers misread adds one."""


@dataclass(frozen=True)
class Manifest:
    """What model.json holds.

    Attributes:
        name: of the model, a C identifier; files and C symbols are named after it.
        table: what was trained on: a data set's name or a file's.
        features: the raw readings, in order: kinds, ranges in the training rows, units,
            categories with their codes, and what counts where one is missing.
        targets: the predicted columns.
        labels: class names in the order of the outputs; () for a regression.
        task: regression, binary or multiclass.
        clip: lowest and highest prediction of a regression, or None.
        target_scale: mean and deviation of each target, by which a regression was learned, or
            None; the network predicts in the targets' own units.
        threshold: a binary model predicts labels[1] where probability > threshold.
        seed: of the split, the first weights and the shuffling.
        recipe: every setting of the training, by the option's name.
        given: settings of the table, its columns and the model that somebody gave, by name, such as
            ``drop``, ``missing`` and ``sep``; empty in models of before.
        rows: how many rows trained, validated and tested.
        sample: where the rows of sample.csv come from: "held-out" or "training".
        scores: part -> model -> metric -> value.
        baseline: the linear baseline's mean, deviation, weights and bias, or None.
        prior: mean of the training targets per output: class frequencies, or the mean value.
        warnings: what was found in the table and in the model, with its evidence.
        versions: of the packages that trained it.
        sha256: of the table's bytes ("data"), of the network ("weights").
        exports: file name in exports/ -> SHA-256 of its bytes.
        cross_validation: folds, repeats and every fold's scores, or None.
        fit: the chip that a network was searched for, every candidate, and which was chosen; or
            None.
        pruned: of how many hidden units (``units``) those were removed that do nothing (``idle``),
            and that are 0 in the declared ranges (``dead``); None where none was.
        split: how the rows were split: at random, by groups or in time; its column, and where the
            held-out rows begin; None in models of before.
        tuning: what was searched and what won, or None.
        inner_folds: what folds of the training rows decided: the strength of the regularisation
            and the temperature; None where there were none.
        missing_targets: target -> spellings of a missing one, as ``missing`` gave them.
        monotone: column -> "+" where no prediction falls when its reading rises, "-" where none
            rises, as proved from the saved weights; empty where nothing was asked for.
        imported: of a network that somebody else trained: its file in original/, what that is,
            what its owner says of it, and the SHA-256 of each file there; None of one trained here.
        start: SHA-256 of the network that training went on from; None of one trained from new
            weights, and in models of before.
        format: of this file.
    """

    name: str
    table: str
    features: tuple[Feature, ...]
    targets: tuple[str, ...]
    labels: tuple[str, ...]
    task: Task
    clip: tuple[float, float] | None
    target_scale: Mapping[str, Sequence[float]] | None
    threshold: float
    seed: int
    recipe: Mapping[str, Any]
    rows: Mapping[str, int]
    sample: str
    scores: Mapping[str, Any]
    baseline: Mapping[str, Any] | None
    prior: Sequence[float]
    warnings: Sequence[Finding]
    versions: Mapping[str, str]
    sha256: Mapping[str, str]
    exports: Mapping[str, str] = field(default_factory=dict)
    cross_validation: Mapping[str, Any] | None = None
    tuning: Mapping[str, Any] | None = None
    fit: Mapping[str, Any] | None = None
    inner_folds: Mapping[str, Any] | None = None
    pruned: Mapping[str, Any] | None = None
    split: Mapping[str, Any] | None = None
    missing_targets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    monotone: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    imported: Mapping[str, Any] | None = None
    start: str | None = None
    format: int = FORMAT

    def to_json(self) -> str:
        """The text of model.json; the format first, so that a reader sees it first."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        values["features"] = [_described(feature) for feature in self.features]
        values["warnings"] = [warning._asdict() for warning in self.warnings]
        for name in ("imported", "start"):
            if values[name] is None:
                del values[name]
        ordered = {"format": values.pop("format"), **values}
        return json_text(ordered)

    @classmethod
    def from_json(cls, text: str, source: object) -> Manifest:
        """Read model.json.

        Raises:
            ModelError: naming ``source`` and the key that is missing or makes no sense.
        """
        try:
            values = parse_json(text)
            version = values.get("format")
        except (ValueError, AttributeError) as error:
            raise ModelError(f"{source}: not a model.json, or a damaged one ({error})") from error
        if version != FORMAT:
            raise ModelError(
                f"{source}: written in format {version!r}, this mlp-edge reads {FORMAT}; "
                + (
                    "a newer mlp-edge would do"
                    if isinstance(version, int) and version > FORMAT
                    else "train the model again"
                )
            )
        values = {**OPTIONAL, **values}
        missing = [entry.name for entry in fields(cls) if entry.name not in values]
        if missing:
            raise ModelError(f"{source}: without {', '.join(missing)}; the file is damaged")
        if values["task"] not in TASKS:
            raise ModelError(f"{source}: unknown task {values['task']!r}")
        try:
            for name, kind in KINDS.items():
                of_type(name, values[name], kind)
            values["features"] = tuple(_feature(feature) for feature in values["features"])
            if not values["features"]:
                raise ValueError("no features")
            values["labels"] = _texts("label", values["labels"])
            values["targets"] = _texts("target", values["targets"])
            values["warnings"] = [_finding(warning) for warning in values["warnings"]]
            if values["clip"] is not None:
                low, high = (number("clip", end) for end in values["clip"])
                values["clip"] = (low, high)
            for name in ("data", "weights"):
                of_type("sha256", values["sha256"][name], str)
            for name in ("sha256", "versions", "exports"):
                _texts(name, values[name].values())
            for name in values["exports"]:
                _check_export(name)
            values["missing_targets"] = _spellings(values["missing_targets"])
            check_name(values["name"])
            values["threshold"] = number("threshold", values["threshold"])
            values["prior"] = [number("prior", each) for each in values["prior"]]
            values["rows"] = {
                part: integer("number of rows", rows, 0) for part, rows in values["rows"].items()
            }
            values["scores"] = _scores(values["scores"], values["rows"])
            _check_optional(values)
            if values["sample"] not in SAMPLES or "training" not in values["rows"]:
                raise ValueError("nobody can tell its training rows from its held-out ones")
            _check_columns(values["features"], values["targets"], values["monotone"])
            _check_outputs(values["task"], values["targets"], values["labels"], values["prior"])
            return cls(**{entry.name: values[entry.name] for entry in fields(cls)})
        except (TypeError, KeyError, ValueError, ModelError) as error:
            raise ModelError(f"{source}: damaged ({first_line(error)})") from error


SAMPLES = ("held-out", "training", "imported")
"""Where the rows of sample.csv can come from."""
OPTIONAL: Mapping[str, Any] = {
    "cross_validation": None,
    "tuning": None,
    "fit": None,
    "inner_folds": None,
    "pruned": None,
    "split": None,
    "missing_targets": {},
    "monotone": {},
    "given": {},
    "imported": None,
    "start": None,
}
"""Keys that models of before do not have, and what stands for them."""
KINDS: Mapping[str, type | tuple[type, ...]] = {
    "name": str, "table": str, "features": list, "targets": list, "labels": list,
    "clip": (list, type(None)), "target_scale": (dict, type(None)), "warnings": list,
    "threshold": (int, float), "seed": int, "recipe": dict, "rows": dict, "sample": str,
    "scores": dict, "baseline": (dict, type(None)), "prior": list, "versions": dict,
    "sha256": dict, "exports": dict, "cross_validation": (dict, type(None)),
    "tuning": (dict, type(None)), "fit": (dict, type(None)), "inner_folds": (dict, type(None)),
    "pruned": (dict, type(None)), "split": (dict, type(None)),
    "missing_targets": dict, "monotone": dict, "given": dict, "imported": (dict, type(None)),
    "start": (str, type(None)),
}  # fmt: skip
"""What JSON makes of each key."""


def _check_columns(
    features: Sequence[Feature], targets: Sequence[str], monotone: Mapping[str, Any]
) -> None:
    names = [each.name for each in features]
    for name, times in Counter([*names, *targets]).most_common(1):
        if times > 1:
            raise ValueError(f"its features and targets name {name[:80]!r} twice")
    numbers = [each.name for each in features if each.kind == "number"]
    for column, sign in monotone.items():
        if column not in numbers or sign not in ("+", "-"):
            raise ValueError(f"monotone in {column[:80]!r}, which is no number or has no direction")


def _check_outputs(
    task: Task, targets: Sequence[str], labels: Sequence[str], prior: Sequence[float]
) -> None:
    """Refuse what fits no network: as many targets, labels and outputs as a task has."""
    outputs = len(prior)
    wanted = {
        "regression": (outputs, 0, outputs),
        "binary": (1, 2, 1),
        "multiclass": (1, max(outputs, 2), outputs),
    }[task]
    if (len(targets), len(labels), outputs) != wanted or outputs < 1:
        raise ValueError(
            f"a {task} task with {len(labels)} labels, {len(targets)} targets and {outputs} prior "
            "values"
        )
    if len(set(labels)) != len(labels):
        raise ValueError("two classes have the same label")
    shares = task == "regression" or all(0 <= share <= 1 for share in prior)
    if not shares or (task == "multiclass" and not math.isclose(sum(prior), 1, abs_tol=1e-6)):
        raise ValueError("its prior holds what is no share of the rows")


def _described(feature: Feature) -> dict[str, Any]:
    """A feature with its kind and its policy spelled out, for a reader of the file."""
    policy = "rejected" if feature.fill is None else "filled"
    return {**feature.to_dict(), "kind": feature.kind, "missing": policy}


def _feature(values: object) -> Feature:
    if not isinstance(values, Mapping):
        raise TypeError(f"{values!r} where a feature belongs")
    return Feature.from_dict({k: v for k, v in values.items() if k not in ("kind", "missing")})


def _finding(values: Mapping[str, Any]) -> Finding:
    finding = Finding(**values)
    kind, says = _texts("warning", (finding.kind, finding.says))
    return Finding(kind, says, _texts("column", finding.columns))


_ORIGINAL = re.compile(r"[^\W.](?:[^\x00-\x1f/\\:]*[^\x00-\x1f/\\:. ])?")
"""A part of a path that leads nowhere else on any system."""
_EXPORT = re.compile(r"[a-z][a-z0-9_]*(?:\.d)?\.[a-z0-9]+")


def _check_export(name: str) -> None:
    """Refuse anything but the bare name of a file: what it leads to is opened, even compiled."""
    if not _EXPORT.fullmatch(name):
        raise ValueError(f"its exports name {name[:80]!r}, which is no file of exports/")


def _check_optional(values: Mapping[str, Any]) -> None:
    """Refuse what makes no sense in keys that not every model has."""
    _check_pruned(values["pruned"])
    _check_given(values["given"])
    _check_imported(values["imported"])


def _check_given(values: Mapping[str, Any]) -> None:
    """Refuse settings that are no text, number, True or False, nor a list of texts."""
    for name, value in values.items():
        of_type(name, value, (str, int, float, bool, list))
        for each in value if isinstance(value, list) else ():
            of_type(name, each, str)


def _check_pruned(values: Mapping[str, Any] | None) -> None:
    """Refuse anything but the counts of hidden units."""
    if values is None:
        return
    if set(values) != {"units", "idle", "dead"}:
        raise ValueError(f"pruned holds {', '.join(map(repr, values))[:80]}")
    counts = {name: integer(name, value, 0) for name, value in values.items()}
    if counts["idle"] + counts["dead"] > counts["units"]:
        raise ValueError("more hidden units were pruned than there were")


def _check_imported(values: Mapping[str, Any] | None) -> None:
    """Refuse files that do not stand in original/: what they lead to is opened."""
    if values is None:
        return
    for name in ("file", "format", "written_by"):
        of_type(name, values[name], str)
    files = of_type("files", values["files"], dict)
    _texts("sha256", files.values())
    of_type("adaptation", values["adaptation"], dict)
    for name in (values["file"], *files):
        parts = PurePosixPath(name).parts
        if not parts or not all(_ORIGINAL.fullmatch(part) for part in parts):
            raise ValueError(f"its original is {name[:80]!r}, which is no file of original/")
    folder = f"{values['file']}/"  # a SavedModel is one
    if values["file"] not in files and not any(name.startswith(folder) for name in files):
        raise ValueError(f"its original {values['file'][:80]!r} is none of its files")


def _scores(values: Mapping[str, Any], rows: Mapping[str, int]) -> dict[str, Any]:
    """Part -> model -> metric -> value; what was no number was written as null, and is NaN."""
    found: dict[str, Any] = {}
    for part, models in values.items():
        if part == "runs":
            found[part] = models
            continue
        found[part] = {
            model: _metrics(metrics) for model, metrics in of_type("scores", models, dict).items()
        }
        if "mlp" not in found[part] or part not in rows:
            raise ValueError(f"scores on {part[:20]!r} of nothing")
    return found


def _metrics(values: object) -> dict[str, float]:
    return {
        name: math.nan if value is None else number("score", value)
        for name, value in of_type("scores", values, dict).items()
    }


def _spellings(values: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    if not all(isinstance(words, list) for words in values.values()):
        raise TypeError(f"missing_targets is {values!r}")
    return {target: _texts("missing_targets", words) for target, words in values.items()}


def _texts(name: str, values: Iterable[object]) -> tuple[str, ...]:
    return tuple(of_type(name, value, str) for value in values)
