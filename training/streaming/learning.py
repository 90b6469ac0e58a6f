"""What a network learns of a stream's rows, and what the training rows decide before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Encoding
from mlp_edge.feature import Feature
from mlp_edge.mlp import Floats
from mlp_edge.training.examples import Examples
from mlp_edge.training.network import scaled_by
from mlp_edge.training.preprocessing import TargetScale, check_clip, is_scaled
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.streaming.fitting import Data
from mlp_edge.training.streaming.spool import Spool
from mlp_edge.training.streaming.statistics import Columns, fitted, summarised
from mlp_edge.training.weighting import balanced_classes, named_weights


@dataclass(frozen=True, eq=False)
class Decided:
    """What the training rows of a stream decide.

    Attributes:
        features: with their fills and ranges.
        scale: of a regression's targets, or None.
        scaling: mean and variance of the inputs (width,) float32; None where none are scaled.
        prior: mean of the targets, per output.
        mean: of what is learned (outputs,) float64, each row as much as it counts.
        data: the rows as they are learned from.
    """

    features: tuple[Feature, ...]
    scale: TargetScale | None
    scaling: tuple[Floats, Floats] | None
    prior: list[float]
    mean: NDArray[np.float64]
    data: Data


def decided(
    examples: Examples, recipe: Recipe, training: Spool, validation: Spool, block: int
) -> Decided:
    """Learn from the training rows what comes before the network.

    Args:
        examples: rows that decide how the columns are read: features, task, labels.
        recipe: resolved for the task.
        training: the rows to learn from.
        validation: the rows to watch.
        block: rows of a block.

    Raises:
        RecipeError: when the clip leaves nothing to learn, or a class that has a weight is none.
    """
    features = fitted(examples.features, examples.imputed, training, block)
    columns = _targets(examples, training, block)
    scale = None
    if is_scaled(examples.task, recipe):
        std = np.sqrt(columns.variance)
        scale = TargetScale(columns.mean, np.where(std > 0, std, 1.0))
    if recipe.clip is not None:
        _check_clip(recipe.clip, examples, training, columns)
    data = Data(
        training, validation, Encoding.of(features), learning(examples, scale),
        weighing(examples, recipe, class_counts(examples, training)), block,
    )  # fmt: skip
    numbers = sum(feature.kind == "number" for feature in features)
    scaling = None
    if recipe.standardize:
        inputs = summarised(len(training), (data.inputs(), data.inputs()))
        constant = inputs.low == inputs.high
        scaling = scaled_by(inputs.mean, inputs.variance, constant, numbers)
    prior = _prior(examples, training, block)
    return Decided(features, scale, scaling, prior, _mean(data), data)


def encoded(examples: Examples, targets: Floats) -> Floats:
    """Targets of a file (n, any) as ``Examples.encoded`` has them, (n, outputs) float32."""
    if examples.task == "multiclass":
        every = np.eye(len(examples.labels), dtype=np.float32)
        return np.asarray(every[targets[:, 0].astype(np.int64)])
    return targets


def learning(examples: Examples, scale: TargetScale | None) -> Any:
    """What makes of a file's targets what is learned."""
    if scale is None:
        return lambda targets: encoded(examples, targets)
    return lambda targets: scale.scaled(encoded(examples, targets))


def weighing(examples: Examples, recipe: Recipe, counts: NDArray[np.int64]) -> Any:
    """What makes of a file's targets how much each row counts; None for all alike."""
    if recipe.class_weight == "none":
        return None
    of_class = balanced_classes(counts)
    if recipe.class_weight != "balanced":
        of_class = named_weights(recipe.class_weight, examples.names[0], examples.labels)
    return lambda targets: of_class[targets[:, 0].astype(np.int64)]


def class_counts(examples: Examples, part: Spool) -> NDArray[np.int64]:
    """How many rows of a part each class has, (classes,); none in a regression."""
    counts = np.zeros(len(examples.labels), np.int64)
    if examples.task != "regression":
        for block in part.blocks():
            counts += np.bincount(block.targets[:, 0].astype(np.int64), minlength=len(counts))
    return counts


def _targets(examples: Examples, training: Spool, block: int) -> Columns:
    """What is learned, column by column."""
    looks = tuple(
        (encoded(examples, each.targets) for each in training.blocks(block)) for _ in range(2)
    )
    return summarised(len(training), looks)


def _prior(examples: Examples, training: Spool, block: int) -> list[float]:
    """Class frequencies, or the mean values: added up as ``baseline.prior`` does."""
    looks = training.blocks(block)
    sums = [encoded(examples, each.targets).sum(axis=0, dtype=np.float64) for each in looks]
    return [float(value) for value in sum(sums[1:], sums[0]) / len(training)]


def _mean(data: Data) -> NDArray[np.float64]:
    """As ``Preprocessed.mean`` has it."""
    sums, counts = [], []
    for block in data.training.blocks(data.block):
        learned = data.learned(block.targets).astype(np.float64)
        weights = None if data.weights is None else data.weights(block.targets)[:, None]
        sums.append((learned if weights is None else learned * weights).sum(axis=0))
        count = len(learned) if weights is None else weights.sum(axis=0, dtype=np.float64)
        counts.append(np.asarray(count, np.float64))
    return np.asarray(sum(sums[1:], sums[0]) / sum(counts[1:], counts[0]))


def _check_clip(
    clip: tuple[float, float], examples: Examples, training: Spool, columns: Columns
) -> None:
    """Refuse limits that leave nothing to learn; the message wants only the ends of the targets."""
    low, high = clip
    inside = np.zeros(len(examples.names), np.bool_)
    for block in training.blocks():
        inside |= ((block.targets > low) & (block.targets < high)).any(axis=0)
    if not inside.all():
        ends = np.stack([columns.low, columns.high])
        ends[:, inside] = (low + high) / 2
        check_clip(clip, examples.names, ends)
