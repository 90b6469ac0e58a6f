"""Scores of predictions, by scikit-learn, under the names that ``--metrics`` takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import RecipeError
from mlp_edge.lazy import require
from mlp_edge.mlp import Floats, Task

CLASSES: tuple[Task, ...] = ("binary", "multiclass")


@dataclass(frozen=True)
class Truth:
    """What is right, and how the outputs are read.

    Attributes:
        task: what the outputs mean.
        targets: class indices (n,) int64, or values (n, 1) float32 for a regression.
        classes: number of classes; 0 for a regression.
        threshold: of a binary model, float32.
    """

    task: Task
    targets: NDArray[Any]
    classes: int
    threshold: np.float32

    def chosen(self, outputs: Floats) -> NDArray[np.int64]:
        """The class index (n,) that each row of outputs (n, width) stands for."""
        if self.task == "binary":
            return np.asarray(outputs[:, 0] > self.threshold, np.int64)
        return np.asarray(np.argmax(outputs, axis=1), np.int64)

    def shares(self, outputs: Floats) -> NDArray[np.float64]:
        """Probabilities (n, classes) that sum to 1, in float64."""
        exact = outputs.astype(np.float64)
        if self.task == "binary":
            return np.hstack([1 - exact, exact])
        return np.asarray(exact / exact.sum(axis=1, keepdims=True))


Score = Callable[[Any, Truth, Floats], float]
"""(sklearn.metrics, truth, outputs) -> value."""


@dataclass(frozen=True)
class Metric:
    """A score: its name, the tasks it is for, and whether more is better."""

    tasks: tuple[Task, ...]
    more_is_better: bool
    score: Score


def _auc(metrics: Any, truth: Truth, outputs: Floats) -> float:
    # With one class only, or a class missing, there is no ranking to judge.
    if len(np.unique(truth.targets)) < truth.classes:
        return float("nan")
    if truth.task == "binary":
        return float(metrics.roc_auc_score(truth.targets, outputs[:, 0]))
    return float(metrics.roc_auc_score(truth.targets, truth.shares(outputs), multi_class="ovr"))


def _of_classes(name: str, **options: Any) -> Score:
    return lambda metrics, truth, outputs: float(
        getattr(metrics, name)(truth.targets, truth.chosen(outputs), **options)
    )


def _per_class(name: str) -> Score:
    def score(metrics: Any, truth: Truth, outputs: Floats) -> float:
        average = "binary" if truth.task == "binary" else "macro"
        return _of_classes(name, average=average, zero_division=0)(metrics, truth, outputs)

    return score


def _of_values(name: str) -> Score:
    return lambda metrics, truth, outputs: float(getattr(metrics, name)(truth.targets, outputs))


def _r2(metrics: Any, truth: Truth, outputs: Floats) -> float:
    # One row has no spread to explain.
    if len(outputs) < 2:
        return float("nan")
    return float(metrics.r2_score(truth.targets, outputs))


def _log_loss(metrics: Any, truth: Truth, outputs: Floats) -> float:
    labels = list(range(truth.classes))
    # Never beyond what a float32 probability can say.
    shares = np.clip(truth.shares(outputs), 1e-7, 1 - 1e-7)
    shares /= shares.sum(axis=1, keepdims=True)
    return float(metrics.log_loss(truth.targets, shares, labels=labels))


METRICS: dict[str, Metric] = {
    "accuracy": Metric(CLASSES, True, _of_classes("accuracy_score")),
    "balanced_accuracy": Metric(CLASSES, True, _of_classes("balanced_accuracy_score")),
    "auc": Metric(CLASSES, True, _auc),
    "precision": Metric(CLASSES, True, _per_class("precision_score")),
    "recall": Metric(CLASSES, True, _per_class("recall_score")),
    "f1": Metric(CLASSES, True, _per_class("f1_score")),
    "log_loss": Metric(CLASSES, False, _log_loss),
    "mse": Metric(("regression",), False, _of_values("mean_squared_error")),
    "rmse": Metric(("regression",), False, _of_values("root_mean_squared_error")),
    "mae": Metric(("regression",), False, _of_values("mean_absolute_error")),
    "r2": Metric(("regression",), True, _r2),
}

DEFAULT_METRICS: dict[Task, tuple[str, ...]] = {
    "regression": ("rmse", "mae", "r2"),
    "binary": ("accuracy", "auc", "log_loss"),
    "multiclass": ("accuracy", "log_loss"),
}


def chosen_metrics(names: Sequence[str], task: Task) -> tuple[str, ...]:
    """The metrics to report: those named, or the task's own.

    Raises:
        RecipeError: for a name that is unknown or does not fit the task.
    """
    fitting = [name for name, metric in METRICS.items() if task in metric.tasks]
    for name in names:
        if name not in fitting:
            raise RecipeError(f"--metrics {name!r}: a {task} task has {', '.join(fitting)}")
    return tuple(names) or DEFAULT_METRICS[task]


def score(names: Sequence[str], truth: Truth, outputs: Floats) -> dict[str, float]:
    """Each named metric of outputs (n, width) against the truth."""
    metrics = require("sklearn.metrics")
    return {name: METRICS[name].score(metrics, truth, outputs) for name in names}


def confusion(truth: Truth, outputs: Floats) -> NDArray[np.int64]:
    """Counts (classes, classes): rows are the truth, columns what was predicted."""
    matrix: NDArray[np.int64] = require("sklearn.metrics").confusion_matrix(
        truth.targets, truth.chosen(outputs), labels=list(range(truth.classes))
    )
    return matrix
