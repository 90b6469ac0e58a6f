"""What a row's answer costs: measures whose mean is a score, so that models can be paired.

Two models on the same rows share what is hard about them, so that their difference row by row tells
more than two scores side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlp_edge.mlp import DEFAULT_THRESHOLD, Floats
from mlp_edge.training.scoring.scores import Truth
from mlp_edge.training.scoring.statistics import mean
from mlp_edge.training.weighting import mean_and_variance

FAR_APART = 0.1
"""Accuracy on the training rows minus on the test rows from which on they are called far apart."""
WORSE = 1.5
"""Test error over training error of a regression from which on they are called far apart."""

Losses = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """A score that follows from a mean over rows: 1 - mean, its root, or the mean itself.

    Attributes:
        name: as a sentence has it, before the number.
        losses: (truth, outputs) -> what each row costs (n,); less is better.
        digits: format of a score.
        share: whether the score is the share of rows without a loss.
        root: whether the score is the root of the mean loss.
        unit: after the number.
    """

    name: str
    losses: Callable[[Truth, Floats], Losses]
    digits: str
    share: bool = False
    root: bool = False
    unit: str = ""

    def mean(self, truth: Truth, outputs: Floats) -> float:
        """Mean loss of answers (n, outputs)."""
        return mean(self.losses(truth, outputs), truth.weights)

    def value(self, loss: float) -> float:
        """The score of a mean loss."""
        return 1 - loss if self.share else float(loss**0.5) if self.root else loss

    def number(self, loss: float) -> str:
        """The same as text."""
        return f"{self.value(loss):{self.digits}}"

    def says(self, loss: float) -> str:
        """The same with its name and unit."""
        return f"{self.name} {self.number(loss)}{self.unit}"

    def difference(self, ours: float, theirs: float, error: float) -> str:
        """One score minus another ± its standard error, from the mean losses and theirs."""
        one, other = self.value(ours), self.value(theirs)
        # a - b = (a² - b²) / (a + b), so that an error of squares is divided by the same.
        scale = 1 / (one + other) if self.root and one + other > 0 else 1.0
        return f"{one - other:+{self.digits}} ± {scale * error:{self.digits}}"

    def far(self, training: float, test: float) -> bool:
        """Whether the mean losses of training and test rows are far apart."""
        if self.root:
            return self.value(test) > WORSE * self.value(training)
        return test - training > FAR_APART


def coarse(truth: Truth) -> Measure:
    """Accuracy for classes, RMSE for a regression."""
    if truth.task != "regression":
        return Measure("accuracy", _wrong, ".3f", share=True)
    if truth.targets.shape[1] == 1:
        return Measure("an RMSE of", _squares, ".4g", root=True)
    # Targets in different units are compared in deviations of their own.
    spread = np.sqrt(mean_and_variance(truth.targets, truth.weights)[1])
    spread[spread == 0] = 1.0

    def squares(truth: Truth, outputs: Floats) -> Losses:
        errors = (outputs.astype(np.float64) - truth.targets) / spread
        return np.asarray((errors**2).mean(axis=1))

    return Measure("an RMSE of", squares, ".4g", root=True, unit=" deviations")


def fair(truth: Truth, weighted: bool = False) -> Measure:
    """What models are compared by; a threshold may give up accuracy for something else.

    So may class weights: then every class counts alike.
    """
    if weighted and truth.task != "regression":
        return Measure("a balanced accuracy of", _wrong_by_class, ".3f", share=True)
    if truth.task == "binary" and truth.threshold != DEFAULT_THRESHOLD:
        return Measure("a Brier score of", _squares, ".4f")
    return coarse(truth)


def _wrong(truth: Truth, outputs: Floats) -> Losses:
    return np.asarray(truth.chosen(outputs) != truth.targets, np.float64)


def _wrong_by_class(truth: Truth, outputs: Floats) -> Losses:
    """Wrong rows, each as much as makes the classes count alike: their mean is 1 - the score."""
    present, index = np.unique(truth.targets, return_inverse=True)
    counts = np.bincount(index, truth.weights)
    weights = counts.sum() / (len(present) * counts)
    return np.asarray(_wrong(truth, outputs) * weights[index])


def _squares(truth: Truth, outputs: Floats) -> Losses:
    """Squared differences (n,) of the one output: from its target, or from the class, 0 or 1."""
    return np.asarray((outputs[:, 0].astype(np.float64) - truth.targets.reshape(-1)) ** 2)
