"""What is learned from the training rows before the network: fills, ranges, scales, weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Encoding
from mlp_edge.errors import ModelError, RecipeError, first_line
from mlp_edge.feature import Feature
from mlp_edge.mlp import Floats, Rows
from mlp_edge.settings import setting
from mlp_edge.training.backends.program import Part
from mlp_edge.training.class_weights import label_weights
from mlp_edge.training.examples import Examples, Parts
from mlp_edge.training.recipe import Recipe


@dataclass(frozen=True, eq=False)
class TargetScale:
    """By what a regression's targets are standardised while a network learns them.

    A network starts near 0 and takes small steps: prices of 300,000 would be out of its reach.
    Afterwards the scale is folded into the last layer, so that the model answers in the targets'
    own unit.

    Attributes:
        mean: (outputs,) float64.
        deviation: (outputs,) float64, above zero.
    """

    mean: NDArray[np.float64]
    std: NDArray[np.float64]

    @classmethod
    def of(cls, targets: Floats) -> TargetScale:
        """The scale of training targets (n, outputs)."""
        exact = targets.astype(np.float64)
        std = exact.std(axis=0)
        return cls(exact.mean(axis=0), np.where(std > 0, std, 1.0))

    def scaled(self, targets: Floats) -> Floats:
        """Targets (n, outputs) as they are learned."""
        return ((targets.astype(np.float64) - self.mean) / self.std).astype(np.float32)

    def fold(self, model: Any) -> None:
        """Make a network that answers in deviations answer in the targets' unit, in place."""
        kernel, bias = (array.astype(np.float64) for array in model.layers[-1].get_weights())
        _set(model, kernel * self.std, bias * self.std + self.mean)

    def unfold(self, model: Any) -> None:
        """Undo ``fold``, to go on learning."""
        kernel, bias = (array.astype(np.float64) for array in model.layers[-1].get_weights())
        _set(model, kernel / self.std, (bias - self.mean) / self.std)

    def to_dict(self) -> dict[str, list[float]]:
        """Plain values, for model.json."""
        return {"mean": self.mean.tolist(), "deviation": self.std.tolist()}

    @classmethod
    def from_dict(cls, values: Any) -> TargetScale:
        """Read what ``to_dict`` wrote.

        Raises:
            ModelError: when it makes no sense.
        """
        try:
            mean, std = (np.array(values[name], float) for name in ("mean", "deviation"))
            if mean.ndim != 1 or mean.shape != std.shape:
                raise ValueError(f"shapes {mean.shape} and {std.shape}")
            if not (np.isfinite(mean) & np.isfinite(std) & (std > 0)).all():
                raise ValueError("a deviation that is not above zero, or what is no number")
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"the target_scale in model.json is damaged ({first_line(error)}); train the model "
                "again"
            ) from error
        return cls(mean, std)


def _set(model: Any, kernel: NDArray[np.float64], bias: NDArray[np.float64]) -> None:
    model.layers[-1].set_weights([kernel.astype(np.float32), bias.astype(np.float32)])


@dataclass(frozen=True, eq=False)
class Preprocessed:
    """Examples as a network takes them.

    Attributes:
        features: with their fills and ranges.
        inputs: every row encoded, (n, width) float32.
        learned: what is learned of every row, (n, outputs) float32.
        scale: by which ``learned`` is standardised, or None.
        weights: how much each row counts, (n,) float32, or None for all alike.
        clip: lowest and highest answer, or None.
    """

    features: tuple[Feature, ...]
    inputs: Floats
    learned: Floats
    scale: TargetScale | None
    weights: Floats | None
    clip: tuple[float, float] | None

    @property
    def numbers(self) -> int:
        """How many of the inputs, from the first, are numbers."""
        return sum(feature.kind == "number" for feature in self.features)

    def part(self, rows: NDArray[np.int64]) -> Part:
        """Chosen rows, for training."""
        weights = None if self.weights is None else self.weights[rows]
        return Part(self.inputs[rows], self.learned[rows], weights)

    def mean(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Mean of what is learned of chosen rows (outputs,), each as much as it counts."""
        weights = None if self.weights is None else self.weights[rows]
        return np.asarray(np.average(self.learned[rows].astype(np.float64), 0, weights))

    def validation_part(self, rows: NDArray[np.int64]) -> Part | None:
        """Validation rows, of equal weight; None when there are none."""
        return Part(self.inputs[rows], self.learned[rows]) if len(rows) else None


def preprocess(
    examples: Examples, parts: Parts, recipe: Recipe, scale: TargetScale | None = None
) -> Preprocessed:
    """Learn from the training rows what comes before the network, and apply it to all rows.

    Args:
        examples: the table; features that have a fill already keep it.
        parts: only ``training`` is looked at.
        recipe: resolved for the task.
        scale: of a saved model, or None to take the training rows'.

    Raises:
        RecipeError: when the clip leaves nothing to learn, or a class that has a weight is none.
    """
    training = parts.training
    features = fitted(examples.features, examples.imputed, examples.rows[training])
    learned = examples.encoded
    if scale is None and _is_scaled(examples, recipe):
        scale = TargetScale.of(learned[training])
    if recipe.clip is not None:
        _check_clip(recipe.clip, examples.names, learned[training])
    return Preprocessed(
        features=features,
        inputs=np.ascontiguousarray(Encoding.of(features).encode(examples.rows)),
        learned=learned if scale is None else scale.scaled(learned),
        scale=scale,
        weights=row_weights(examples, training, recipe.class_weight),
        clip=recipe.clip,
    )


def _is_scaled(examples: Examples, recipe: Recipe) -> bool:
    linear = recipe.output_activation == "linear"
    return examples.task == "regression" and recipe.standardize and linear


def _check_clip(clip: tuple[float, float], names: Sequence[str], targets: Floats) -> None:
    low, high = clip
    for name, values in zip(names, targets.T, strict=True):
        if not ((values > low) & (values < high)).any():
            raise RecipeError(
                f"{setting('clip', clip)}: no training row's {name!r} lies between; they run from "
                f"{values.min():g} to {values.max():g}, and one clip holds for every target"
            )


def fitted(features: Sequence[Feature], imputed: Sequence[bool], rows: Rows) -> tuple[Feature, ...]:
    """Features with the ranges, and the fills where they impute, of training rows (n, features).

    A number's fill is the median of its known readings, a category's the most frequent code, the
    first of equals. A feature that has a fill keeps it.
    """
    missing = Encoding.of(features).missing(rows)
    return tuple(
        _fitted(feature, impute, rows[~missing[:, index], index])
        for index, (feature, impute) in enumerate(zip(features, imputed, strict=True))
    )


def _fitted(feature: Feature, impute: bool, known: Floats) -> Feature:
    fill = feature.fill
    if impute and fill is None:
        fill = _fill(feature, known)
    if feature.kind == "category" or not len(known):
        return replace(feature, fill=fill)
    return replace(feature, fill=fill, low=float(known.min()), high=float(known.max()))


def _fill(feature: Feature, known: Floats) -> float:
    if feature.kind == "number":
        return float(np.float32(np.median(known.astype(np.float64)))) if len(known) else 0.0
    counts = [int((known == code).sum()) for code in feature.codes]
    return float(feature.codes[int(np.argmax(counts))])


def row_weights(
    examples: Examples, training: NDArray[np.int64], class_weight: str
) -> Floats | None:
    """How much each row counts by its class, (n,) float32; None for all alike.

    Args:
        examples: the table; a regression has no classes and takes "none".
        training: row numbers; by their classes "balanced" counts.
        class_weight: as ``Recipe.class_weight``.

    Raises:
        RecipeError: when a label is no class.
    """
    if class_weight == "none":
        return None
    if class_weight == "balanced":
        return balanced(examples, training)
    weights = label_weights(class_weight)
    for label in weights:
        if label not in examples.labels:
            raise RecipeError(
                f"{setting('class_weight')}: {label!r} is no class of {examples.names[0]!r}; its "
                f"classes are {', '.join(map(repr, examples.labels))}"
            )
    of_class = np.array([weights.get(label, 1.0) for label in examples.labels], np.float32)
    return np.asarray(of_class[examples.targets])


def balanced(examples: Examples, training: NDArray[np.int64]) -> Floats:
    """Weights (n,) by which every class counts alike: rows / (classes x rows of the class)."""
    counts = np.bincount(examples.targets[training], minlength=len(examples.labels))
    weights = len(training) / (len(examples.labels) * np.maximum(counts, 1))
    return np.asarray(weights[examples.targets], np.float32)
