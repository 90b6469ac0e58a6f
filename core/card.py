"""The card of an artifact: names, labels, threshold and the hash of its weights.

The same card is stored as metadata in ONNX and TFLite and as a comment in a C header, so that a
file that has left its model directory still knows what its numbers mean.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError, first_line
from mlp_edge.feature import Feature
from mlp_edge.json_values import of_type
from mlp_edge.mlp import OUTPUT_NAMES, TASKS, Floats, Mlp
from mlp_edge.raw_units import RawUnits
from mlp_edge.reading import parse_json

Classes = NDArray[np.int64]

CARD_FORMAT = 3
FEW = 64
"""Rows whose labels are faster found one by one."""
DTYPES = ("float32", "int8", "int16", "int24", "float16", "dynamic")
"""What an artifact computes in; a dynamic one has int8 weights and float32 activations."""


@dataclass(frozen=True)
class Card:
    """The description that travels inside every artifact.

    Attributes:
        name: the model's name, a C identifier.
        features: the raw readings, in order: names, ranges, categories with their codes, and what
            counts where one is missing.
        targets: names of the predicted columns.
        labels: class names in the order of the outputs; () for a regression.
        task: regression, binary or multiclass.
        threshold: a binary model predicts labels[1] where probability > threshold (float32).
        weights_sha256: hash of the weights that the artifact was made from.
        version: of mlp-edge that wrote it.
        dtype: what its numbers are, one of ``DTYPES``.
        format: of this card.
        raw: what the counts of a header's NAME_predict_raw stand for; None for the readings
            themselves, and of a file without the function.
    """

    name: str
    features: tuple[Feature, ...]
    targets: tuple[str, ...]
    labels: tuple[str, ...]
    task: str
    threshold: float
    weights_sha256: str
    version: str
    dtype: str = "float32"
    format: int = CARD_FORMAT
    raw: RawUnits | None = None

    @classmethod
    def of(cls, mlp: Mlp, dtype: str = "float32", raw: RawUnits | None = None) -> Card:
        """The card of a model whose numbers are written as ``dtype``, with units of counts."""
        from mlp_edge import __version__

        return cls(
            name=mlp.name,
            features=mlp.features,
            targets=mlp.targets,
            labels=mlp.labels,
            task=mlp.task,
            threshold=float(mlp.threshold),
            weights_sha256=mlp.weights_sha256,
            version=__version__,
            dtype=dtype,
            raw=raw,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, in order."""
        return tuple(feature.name for feature in self.features)

    @property
    def output_names(self) -> tuple[str, ...]:
        """What each output is: the only one's name, the classes, or the targets of a regression."""
        if self.task == "multiclass":
            return self.labels
        return (self.output_name,) if len(self.targets) == 1 else self.targets

    @property
    def output_name(self) -> str:
        """What the artifact calls its output."""
        return OUTPUT_NAMES[self.task]

    @property
    def columns(self) -> tuple[str, ...]:
        """What the columns of a table with predictions are called, one per output."""
        if self.task == "multiclass":
            return tuple(f"probability {label}" for label in self.labels)
        if len(self.targets) > 1:
            return tuple(f"predicted {target}" for target in self.targets)
        return (self.output_name,)

    def to_strings(self) -> dict[str, str]:
        """Key and value as text, values that are not text as JSON; ASCII throughout."""
        return {key: json.dumps(value) for key, value in self._values().items()}

    def to_json(self) -> str:
        """One line of ASCII JSON, keys in a fixed order."""
        return json.dumps(self._values())

    def _values(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["features"] = [feature.to_dict() for feature in self.features]
        values["raw"] = None if self.raw is None else self.raw.to_list()
        return {name: value for name, value in values.items() if name != "raw" or value}

    @classmethod
    def from_strings(cls, strings: dict[str, str], source: object) -> Card:
        """Read what ``to_strings`` wrote.

        Raises:
            ModelError: naming ``source``, when a key is missing or makes no sense.
        """
        ours = {field.name for field in fields(cls)}
        try:
            values = {key: parse_json(value) for key, value in strings.items() if key in ours}
        except ValueError as error:
            raise ModelError(f"{source}: its mlp-edge metadata is damaged ({error})") from error
        return cls._checked(values, source)

    @classmethod
    def from_json(cls, text: str, source: object) -> Card:
        """Read what ``to_json`` wrote; raises as ``from_strings`` does."""
        try:
            values = parse_json(text)
        except ValueError as error:
            raise ModelError(f"{source}: its mlp-edge metadata is damaged ({error})") from error
        return cls._checked(values, source)

    @classmethod
    def _checked(cls, values: object, source: object) -> Card:
        names = [field.name for field in fields(cls) if field.name != "raw"]
        if not isinstance(values, dict):
            raise ModelError(f"{source}: its mlp-edge metadata is damaged (no JSON object)")
        version = values.get("format", CARD_FORMAT)
        if version != CARD_FORMAT:
            older = isinstance(version, int) and version < CARD_FORMAT
            raise ModelError(
                f"{source}: its metadata has format {version!r}, this mlp-edge reads "
                f"{CARD_FORMAT}; "
                + ("export the model again" if older else "a newer mlp-edge would do")
            )
        missing = [name for name in names if name not in values]
        if missing:
            raise ModelError(
                f"{source}: no mlp-edge metadata (without {', '.join(missing)}); "
                "was it written by mlp-edge export?"
            )
        if values["task"] not in TASKS:
            raise ModelError(f"{source}: unknown task {values['task']!r} in its metadata")
        if values["dtype"] not in DTYPES:
            raise ModelError(f"{source}: unknown dtype {values['dtype']!r} in its metadata")
        kept = {name: values[name] for name in names}
        try:
            for name in ("name", "weights_sha256", "version"):
                of_type(name, kept[name], str)
            of_type("threshold", kept["threshold"], (int, float))
            for name in ("targets", "labels"):
                texts = of_type(name, kept[name], list)
                kept[name] = tuple(of_type(name, text, str) for text in texts)
            features = of_type("features", kept["features"], list)
            kept["features"] = tuple(map(Feature.from_dict, features))
            if values.get("raw") is not None:
                kept["raw"] = RawUnits.from_list(values["raw"], len(features))
        except (TypeError, ValueError, AttributeError, ModelError) as error:
            raise ModelError(f"{source}: its metadata is damaged ({first_line(error)})") from error
        card = cls(**kept)
        few = {"regression": 0, "binary": 2, "multiclass": max(2, len(card.labels))}[card.task]
        if card.task != "regression" and len(card.targets) != 1:
            raise ModelError(f"{source}: its metadata has {len(card.targets)} targets for classes")
        if not math.isfinite(card.threshold) or not card.targets:
            raise ModelError(f"{source}: its metadata is damaged (threshold or targets)")
        if len(card.labels) != few or not card.features:
            raise ModelError(
                f"{source}: its metadata has {len(card.labels)} labels for a "
                f"{card.task} task of {len(card.features)} features"
            )
        return card


def predicted_classes(task: str, threshold: float | np.float32, predictions: Any) -> Classes:
    """The class index of each row of predictions: the one rule, on devices as in Python.

    Args:
        task: binary or multiclass.
        threshold: of a binary task; compared as a float32 number, as a microcontroller does.
        predictions: (n, outputs) probabilities, float32 or float64.

    Returns:
        (n,) int64. Binary: 1 where probability > threshold. Multiclass: the largest probability,
        the first of equals.
    """
    if task == "binary":
        return np.asarray(predictions[:, 0] > np.float32(threshold), np.int64)
    return np.asarray(np.argmax(predictions, axis=1), np.int64)


def choose(card: Card, predictions: Floats) -> list[str | None]:
    """The label of each row of predictions (n, outputs) float32, by ``predicted_classes``.

    None where a prediction is not finite, and for a regression.
    """
    if card.task == "regression":
        return [None] * len(predictions)
    if len(predictions) <= FEW:
        return _choose_few(card, predictions)
    chosen = predicted_classes(card.task, card.threshold, predictions)
    finite = np.asarray(np.isfinite(predictions).all(axis=1))
    return [
        card.labels[index] if good else None for index, good in zip(chosen, finite, strict=True)
    ]


def _choose_few(card: Card, predictions: Floats) -> list[str | None]:
    """``choose`` without NumPy, which for a row takes longer to call than a small network."""
    threshold, binary = float(np.float32(card.threshold)), card.task == "binary"
    return [
        None
        if not all(map(math.isfinite, row))
        else card.labels[row[0] > threshold if binary else row.index(max(row))]
        for row in predictions.tolist()
    ]
