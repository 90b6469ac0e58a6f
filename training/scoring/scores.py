"""Scores of predictions, by scikit-learn, under the names that ``Recipe.metrics`` takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from mlp_edge.card import predicted_classes
from mlp_edge.errors import RecipeError
from mlp_edge.lazy import require
from mlp_edge.mlp import Floats, Task
from mlp_edge.settings import setting
from mlp_edge.training.scoring.calibration import expected_calibration_error
from mlp_edge.training.scoring.statistics import effective_rows, mean, wilson

CLASSES: tuple[Task, ...] = ("binary", "multiclass")


@dataclass(frozen=True)
class Truth:
    """What is right, and how the outputs are read.

    Attributes:
        task: what the outputs mean.
        targets: class indices (n,) int64, or values (n, outputs) float32 for a regression.
        classes: number of classes; 0 for a regression.
        threshold: of a binary model, float32.
        groups: the group of each row (n,), whose rows err together; None where there are none.
        weights: how much each row counts (n,) float64; None where all count alike.
    """

    task: Task
    targets: NDArray[Any]
    classes: int
    threshold: np.float32
    groups: NDArray[np.int64] | None = None
    weights: NDArray[np.float64] | None = None

    def of(self, rows: NDArray[np.int64]) -> Truth:
        """The truth of some of the rows."""
        groups = None if self.groups is None else self.groups[rows]
        weights = None if self.weights is None else self.weights[rows]
        return replace(self, targets=self.targets[rows], groups=groups, weights=weights)

    def chosen(self, outputs: Floats) -> NDArray[np.int64]:
        """The class index (n,) that each row of outputs (n, width) stands for."""
        return predicted_classes(self.task, self.threshold, outputs)

    def probabilities(self, outputs: Floats) -> NDArray[np.float64]:
        """Probabilities (n, classes) that sum to 1, in float64."""
        exact = outputs.astype(np.float64)
        if self.task == "binary":
            return np.hstack([1 - exact, exact])
        total = exact.sum(axis=1, keepdims=True)
        # Sigmoid outputs in coarse numbers can all be 0: then no class is likelier than another.
        even = np.full_like(exact, 1 / exact.shape[1])
        return np.asarray(np.divide(exact, total, out=even, where=total > 0))


Score = Callable[[Any, Truth, Floats], float]
"""(sklearn.metrics, truth, outputs) -> value."""


@dataclass(frozen=True)
class Metric:
    """A score: its name, the tasks it is for, and whether more is better."""

    tasks: tuple[Task, ...]
    more_is_better: bool
    score: Score

    @property
    def in_units(self) -> bool:
        """Whether it is in the unit of a target, or that squared."""
        return self.tasks == ("regression",) and not self.more_is_better


def _ranking(name: str, **several: Any) -> Score:
    """A score of how well probabilities rank; of several classes the mean of each against the rest.

    NaN with one class only, or a class missing: there is no ranking to score.
    """

    def score(metrics: Any, truth: Truth, outputs: Floats) -> float:
        if len(np.unique(truth.targets)) < truth.classes:
            return float("nan")
        if truth.task == "binary":
            return _scored(metrics, name, truth, outputs[:, 0])
        return _scored(metrics, name, truth, truth.probabilities(outputs), **several)

    return score


def _of_classes(name: str, **options: Any) -> Score:
    return lambda metrics, truth, outputs: _scored(
        metrics, name, truth, truth.chosen(outputs), **options
    )


def _scored(metrics: Any, name: str, truth: Truth, answers: NDArray[Any], **options: Any) -> float:
    """A score of scikit-learn's, each row as much as it counts."""
    function = getattr(metrics, name)
    return float(function(truth.targets, answers, sample_weight=truth.weights, **options))


def _per_class(name: str) -> Score:
    def score(metrics: Any, truth: Truth, outputs: Floats) -> float:
        average = "binary" if truth.task == "binary" else "macro"
        return _of_classes(name, average=average, zero_division=0)(metrics, truth, outputs)

    return score


def _balanced(metrics: Any, truth: Truth, outputs: Floats) -> float:
    """The mean recall of the classes that are there."""
    # The same as scikit-learn's balanced_accuracy_score, without its warning where one is missing.
    present = np.unique(truth.targets)
    return _of_classes("recall_score", average="macro", labels=present)(metrics, truth, outputs)


def _of_values(name: str) -> Score:
    return lambda metrics, truth, outputs: _scored(metrics, name, truth, outputs)


def _r2(metrics: Any, truth: Truth, outputs: Floats) -> float:
    # One row has no spread to explain.
    if len(outputs) < 2:
        return float("nan")
    return _scored(metrics, "r2_score", truth, outputs)


def _log_loss(metrics: Any, truth: Truth, outputs: Floats) -> float:
    labels = list(range(truth.classes))
    # Never beyond what a float32 probability can say.
    probabilities = np.clip(truth.probabilities(outputs), 1e-7, 1 - 1e-7)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return _scored(metrics, "log_loss", truth, probabilities, labels=labels)


def _brier(metrics: Any, truth: Truth, outputs: Floats) -> float:
    """Of two classes by the second one's probability, 0 to 1; of several the sum over them, 0 to 2.

    As scikit-learn has it from 1.7 on; before, it knows two classes only.
    """
    probabilities = truth.probabilities(outputs)
    scored = [1] if truth.task == "binary" else range(truth.classes)
    return float(
        sum(
            metrics.brier_score_loss(
                truth.targets == index,
                probabilities[:, index],
                pos_label=1,
                sample_weight=truth.weights,
            )
            for index in scored
        )
    )


def _ece(_metrics: Any, truth: Truth, outputs: Floats) -> float:
    return expected_calibration_error(truth.targets, truth.probabilities(outputs), truth.weights)


METRICS: dict[str, Metric] = {
    "accuracy": Metric(CLASSES, True, _of_classes("accuracy_score")),
    "balanced_accuracy": Metric(CLASSES, True, _balanced),
    "precision": Metric(CLASSES, True, _per_class("precision_score")),
    "recall": Metric(CLASSES, True, _per_class("recall_score")),
    "f1": Metric(CLASSES, True, _per_class("f1_score")),
    "auc": Metric(CLASSES, True, _ranking("roc_auc_score", multi_class="ovr")),
    "average_precision": Metric(CLASSES, True, _ranking("average_precision_score")),
    "log_loss": Metric(CLASSES, False, _log_loss),
    "brier": Metric(CLASSES, False, _brier),
    "ece": Metric(CLASSES, False, _ece),
    "rmse": Metric(("regression",), False, _of_values("root_mean_squared_error")),
    "mae": Metric(("regression",), False, _of_values("mean_absolute_error")),
    "r2": Metric(("regression",), True, _r2),
    "mse": Metric(("regression",), False, _of_values("mean_squared_error")),
}

DEFAULT_METRICS: dict[Task, tuple[str, ...]] = {
    "regression": ("rmse", "mae", "r2"),
    "binary": ("accuracy", "auc", "log_loss"),
    "multiclass": ("accuracy", "log_loss"),
}
"""What a training reports."""

EVALUATED: dict[Task, tuple[str, ...]] = {
    task: tuple(name for name, metric in METRICS.items() if task in metric.tasks)
    for task in get_args(Task)
}
"""What an evaluation reports: all there is."""


def chosen_metrics(names: Sequence[str], task: Task) -> tuple[str, ...]:
    """The metrics to report: those named, or the task's own.

    Raises:
        RecipeError: for a name that is unknown or does not fit the task.
    """
    for name in names:
        if name not in EVALUATED[task]:
            raise RecipeError(
                f"{setting('metrics', (name,))}: a {task} task has {', '.join(EVALUATED[task])}"
            )
    return tuple(names) or DEFAULT_METRICS[task]


def score(names: Sequence[str], truth: Truth, outputs: Floats) -> dict[str, float]:
    """Each named metric of outputs (n, width) against the truth."""
    metrics = require("sklearn.metrics")
    return {name: METRICS[name].score(metrics, truth, outputs) for name in names}


def intervals(
    names: Sequence[str], truth: Truth, outputs: Floats
) -> dict[str, tuple[float, float]]:
    """The 95 % interval of those named metrics that have one: Wilson's, of the accuracy.

    Rows of a group, and rows of unequal weight, count as the fewer independent ones of equal weight
    that say as much.
    """
    if "accuracy" not in names:
        return {}
    right = truth.chosen(outputs) == truth.targets
    rows = effective_rows(right, truth.groups, truth.weights)
    return {"accuracy": wilson(mean(right, truth.weights), rows)}


def per_class(truth: Truth, outputs: Floats, labels: Sequence[str]) -> list[dict[str, Any]]:
    """For each class its label, rows, precision, recall, f1, and auc against the rest.

    NaN where there is nothing to score: no such row, or no such prediction.
    """
    metrics = require("sklearn.metrics")
    indices = list(range(truth.classes))
    found = metrics.precision_recall_fscore_support(
        truth.targets, truth.chosen(outputs), labels=indices, zero_division=np.nan,
        sample_weight=truth.weights,
    )  # fmt: skip
    *found, _ = found  # the sum of the weights, where the number of rows is wanted
    counts = np.bincount(truth.targets, minlength=truth.classes)
    probabilities: NDArray[Any] = truth.probabilities(
        outputs
    )  # in float64: 1 - p in float32 would tie what is not equal
    if truth.task == "binary":
        probabilities = np.hstack(
            [-outputs, outputs]
        )  # one order of the rows for both, hence one area
    rows = []
    for index, label, precision, recall, f1, count in zip(
        indices, labels, *found, counts, strict=True
    ):
        targets = np.asarray(truth.targets == index, np.int64)
        one = Truth("binary", targets, 2, truth.threshold, weights=truth.weights)
        rows.append({
            "label": label, "rows": int(count), "precision": float(precision),
            "recall": float(recall), "f1": float(f1),
            "auc": METRICS["auc"].score(metrics, one, probabilities[:, [index]]),
        })  # fmt: skip
    return rows


def per_target(truth: Truth, outputs: Floats, names: Sequence[str]) -> list[dict[str, Any]]:
    """For each target of a regression its name and the metrics of its column alone."""
    return [
        {"target": name, **score(DEFAULT_METRICS["regression"], alone, outputs[:, [index]])}
        for index, name in enumerate(names)
        for alone in [replace(truth, targets=truth.targets[:, [index]])]
    ]


def confusion(truth: Truth, outputs: Floats) -> NDArray[np.int64]:
    """Counts of rows (classes, classes), whatever their weights: the truth in rows."""
    matrix: NDArray[np.int64] = require("sklearn.metrics").confusion_matrix(
        truth.targets, truth.chosen(outputs), labels=list(range(truth.classes))
    )
    return matrix
