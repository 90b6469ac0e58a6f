"""What is learned from the training rows before the network: fills, ranges, scales, weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.row_weights import Weights
from mlp_edge.encoding import Encoding
from mlp_edge.errors import ModelError, RecipeError, first_line
from mlp_edge.feature import Feature
from mlp_edge.mlp import Floats, Rows, Task
from mlp_edge.settings import setting
from mlp_edge.training.backends.program import Part
from mlp_edge.training.examples import Examples
from mlp_edge.training.parts import Parts
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.weighting import (
    class_weights,
    in_loss,
    in_sums,
    mean_and_variance,
    median,
)


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
    def of(cls, targets: Floats, weights: Weights | None = None) -> TargetScale:
        """The scale of training targets (n, outputs), each as much as it counts (n,)."""
        mean, variance = mean_and_variance(targets, weights)
        std = np.sqrt(variance)
        return cls(mean, np.where(std > 0, std, 1.0))

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
        weights: how much each row counts in the loss, (n,) float32, or None for all alike: by its
            class, and by the column of weights, whose mean over the training rows is 1.
        counts: the same in a sum over rows, (n,) float64: as the column has it; or None.
        row_weights: by the column of weights alone, as it has it, (n,) float64, or None.
        clip: lowest and highest answer, or None.
    """

    features: tuple[Feature, ...]
    inputs: Floats
    learned: Floats
    scale: TargetScale | None
    weights: Floats | None
    clip: tuple[float, float] | None
    counts: Weights | None = None
    row_weights: Weights | None = None

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
        """Validation rows, whose classes count alike; None when there are none."""
        if not len(rows):
            return None
        weights = None
        if self.row_weights is not None:
            own = self.row_weights[rows]
            weights = (own / own.mean()).astype(np.float32)
        return Part(self.inputs[rows], self.learned[rows], weights)


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
    row_weights, own = examples.weights, examples.weights_of(training)
    features = fitted(examples.features, examples.imputed, examples.rows[training], own)
    learned = examples.encoded
    if scale is None and is_scaled(examples.task, recipe):
        scale = TargetScale.of(learned[training], own)
    if recipe.clip is not None:
        check_clip(recipe.clip, examples.names, learned[training])
    of_class = class_weights(examples, training, recipe.class_weight)
    return Preprocessed(
        features=features,
        inputs=np.ascontiguousarray(Encoding.of(features).encode(examples.rows)),
        learned=learned if scale is None else scale.scaled(learned),
        scale=scale,
        weights=in_loss(row_weights, of_class, training),
        clip=recipe.clip,
        counts=in_sums(row_weights, of_class, training),
        row_weights=row_weights,
    )


def is_scaled(task: Task, recipe: Recipe) -> bool:
    """Whether targets are standardised while a network learns them."""
    linear = recipe.output_activation == "linear"
    return task == "regression" and recipe.standardize and linear


def check_clip(clip: tuple[float, float], names: Sequence[str], targets: Floats) -> None:
    """Refuse limits between which no training target (n, outputs) lies.

    Raises:
        RecipeError: naming the target.
    """
    low, high = clip
    for name, values in zip(names, targets.T, strict=True):
        if not ((values > low) & (values < high)).any():
            raise RecipeError(
                f"{setting('clip', clip)}: no training row's {name!r} lies between; they run from "
                f"{values.min():g} to {values.max():g}, and one clip holds for every target"
            )


def fitted(
    features: Sequence[Feature],
    imputed: Sequence[bool],
    rows: Rows,
    weights: Weights | None = None,
) -> tuple[Feature, ...]:
    """Features with the ranges, and the fills where they impute, of training rows (n, features).

    A number's fill is the median of its known readings, a category's the most frequent code, the
    first of equals, each reading as much as its row counts (n,). A feature that has a fill keeps
    it.
    """
    known = ~Encoding.of(features).missing(rows)
    return tuple(
        _fitted(
            feature, impute, rows[known[:, index], index],
            None if weights is None else weights[known[:, index]],
        )
        for index, (feature, impute) in enumerate(zip(features, imputed, strict=True))
    )  # fmt: skip


def _fitted(feature: Feature, impute: bool, known: Floats, weights: Weights | None) -> Feature:
    fill = feature.fill
    if impute and fill is None:
        fill = _fill(feature, known, weights)
    if feature.kind == "category" or not len(known):
        return replace(feature, fill=fill)
    return replace(feature, fill=fill, low=float(known.min()), high=float(known.max()))


def _fill(feature: Feature, known: Floats, weights: Weights | None) -> float:
    if feature.kind == "number":
        return float(np.float32(median(known, weights))) if len(known) else 0.0
    shares = np.ones(len(known)) if weights is None else weights
    totals = [float(shares[known == code].sum()) for code in feature.codes]
    return float(feature.codes[int(np.argmax(totals))])
