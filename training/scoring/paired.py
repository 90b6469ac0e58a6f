"""Two models scored on the same rows: how far apart, and how sure that is.

Rows that are hard for one model are hard for another. A difference taken row by row is therefore
surer than the intervals of two scores side by side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import require
from mlp_edge.mlp import Floats
from mlp_edge.training.scoring.scores import METRICS, Truth
from mlp_edge.training.scoring.statistics import SMALLEST, standard_error

SURE = 2.0
"""Standard errors beyond which a difference is called one."""
BLOCKS = 50
"""Parts of the rows that a jackknife leaves out, one after another."""
SEED = 11

Judged = tuple[Truth, Floats]
"""The truth of rows with a model's own threshold, and its outputs (n, width)."""


class Paired(NamedTuple):
    """A score of two models on the same rows.

    Attributes:
        metric: its name.
        values: of each; NaN where these rows have none.
        error: the standard error of the first minus the second; NaN where it cannot be told.
    """

    metric: str
    values: tuple[float, float]
    error: float

    @property
    def difference(self) -> float:
        """The first minus the second."""
        return self.values[0] - self.values[1]

    @property
    def better(self) -> int | None:
        """0 or 1, the model that is better; None where these rows do not tell."""
        if not abs(self.difference) > SURE * self.error:
            return None
        return int((self.difference > 0) != METRICS[self.metric].more_is_better)


def paired(metric: str, ours: Judged, theirs: Judged) -> Paired:
    """Score two models on the same rows.

    Where a score is the mean over rows, or the root of one, the error is that of the mean
    difference. Of other scores it is the jackknife's: all are taken again without one part of the
    rows, for ``BLOCKS`` parts. Source: B. Efron and R. J. Tibshirani, "An introduction to the
    bootstrap" (1993), chapter 11. Rows of a group stay together in either.

    Args:
        metric: of ``METRICS``.
        ours: of the first model.
        theirs: of the second, the same rows in the same order.
    """
    modules = require("sklearn.metrics")
    values = (_value(modules, metric, ours), _value(modules, metric, theirs))
    mean = MEANS.get(metric)
    if mean is None or (metric == "rmse" and ours[1].shape[1] > 1):
        return Paired(metric, values, _jackknifed(modules, metric, ours, theirs))
    truth = ours[0]
    error = standard_error(mean(*ours) - mean(*theirs), truth.groups, truth.weights)
    if metric == "rmse":  # a - b = (a² - b²) / (a + b)
        error /= sum(values) or 1.0
    return Paired(metric, values, error)


def _value(modules: object, metric: str, judged: Judged) -> float:
    return METRICS[metric].score(modules, *judged)


def _jackknifed(modules: object, metric: str, ours: Judged, theirs: Judged) -> float:
    differences = []
    for kept in _without_a_block(ours[0], len(ours[1])):
        one, other = (
            _value(modules, metric, (truth.of(kept), outputs[kept]))
            for truth, outputs in (ours, theirs)
        )
        differences.append(one - other)
    count = len(differences)
    if count < 2 or not all(map(math.isfinite, differences)):
        return float("nan")
    return float(((count - 1) * np.var(differences)) ** 0.5)


def _without_a_block(truth: Truth, rows: int) -> Iterator[NDArray[np.int64]]:
    """The rows but for one part, for each part; a row is a part of its own where there are few."""
    whose = np.arange(rows)
    if truth.groups is not None:
        whose = np.unique(truth.groups, return_inverse=True)[1]
    units = int(whose.max()) + 1 if rows else 0
    blocks = min(units, BLOCKS)
    if blocks < 2:
        return
    block = np.random.default_rng(SEED).permutation(units) % blocks
    for number in range(blocks):
        yield np.flatnonzero(block[whose] != number)


def _right(truth: Truth, outputs: Floats) -> NDArray[np.float64]:
    return np.asarray(truth.chosen(outputs) == truth.targets, np.float64)


def _surprise(truth: Truth, outputs: Floats) -> NDArray[np.float64]:
    """Minus the logarithm of the right class's probability, as ``log_loss`` has it."""
    probabilities = np.clip(truth.probabilities(outputs), SMALLEST, 1 - SMALLEST)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return np.asarray(-np.log(probabilities[np.arange(len(outputs)), truth.targets]))


def _brier(truth: Truth, outputs: Floats) -> NDArray[np.float64]:
    probabilities = truth.probabilities(outputs)
    squares = (probabilities - np.eye(truth.classes)[truth.targets]) ** 2
    return np.asarray(squares[:, 1] if truth.task == "binary" else squares.sum(axis=1))


def _absolute(truth: Truth, outputs: Floats) -> NDArray[np.float64]:
    return np.asarray(np.abs(outputs.astype(np.float64) - truth.targets).mean(axis=1))


def _squares(truth: Truth, outputs: Floats) -> NDArray[np.float64]:
    return np.asarray(((outputs.astype(np.float64) - truth.targets) ** 2).mean(axis=1))


MEANS: dict[str, Callable[[Truth, Floats], NDArray[np.float64]]] = {
    "accuracy": _right, "log_loss": _surprise, "brier": _brier,
    "mae": _absolute, "mse": _squares, "rmse": _squares,
}  # fmt: skip
"""Scores that are the mean of what each row gives (n,); rmse is the root of it."""
