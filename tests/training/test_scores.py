"""Scores under the names that `metrics` takes, checked by hand; and what cannot be scored."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mlp_edge.errors import RecipeError
from mlp_edge.mlp import TASKS, Task
from mlp_edge.training.scoring.scores import (
    DEFAULT_METRICS,
    EVALUATED,
    METRICS,
    Truth,
    chosen_metrics,
    confusion,
    intervals,
    per_class,
    per_target,
    score,
)
from mlp_edge.training.scoring.statistics import wilson

HALF = np.float32(0.5)


def binary(*targets: int) -> Truth:
    return Truth("binary", np.array(targets, np.int64), 2, HALF)


def column(*values: float) -> np.ndarray:
    return np.array(values, np.float32)[:, None]


def test_a_binary_task_by_hand() -> None:
    truth, outputs = binary(0, 0, 1, 1, 1), column(0.1, 0.8, 0.5, 0.6, 0.9)
    scores = score(("accuracy", "precision", "recall", "f1", "balanced_accuracy", "auc"),
                   truth, outputs)  # fmt: skip
    assert scores["accuracy"] == pytest.approx(3 / 5)
    assert scores["precision"] == pytest.approx(2 / 3)
    assert scores["recall"] == pytest.approx(2 / 3)
    assert scores["f1"] == pytest.approx(2 / 3)
    assert scores["balanced_accuracy"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert scores["auc"] == pytest.approx(4 / 6)
    assert confusion(truth, outputs).tolist() == [[1, 1], [1, 2]]


def test_a_tie_at_the_threshold_is_the_first_label() -> None:
    assert score(("accuracy",), binary(0), column(0.5)) == {"accuracy": 1.0}
    lower = Truth("binary", np.array([1, 0]), 2, np.float32(0.3))
    assert lower.chosen(column(0.4, 0.3)).tolist() == [1, 0]


def test_log_loss_is_that_of_the_probabilities() -> None:
    expected = -(math.log(0.9) + math.log(1 - 0.2)) / 2
    loss = score(("log_loss",), binary(1, 0), column(0.9, 0.2))["log_loss"]
    assert loss == pytest.approx(expected, rel=1e-5)
    certain = score(("log_loss",), binary(0), column(1.0))["log_loss"]
    assert certain == pytest.approx(-math.log(1e-7), rel=1e-3)


def test_three_classes_by_hand() -> None:
    truth = Truth("multiclass", np.array([0, 1, 2, 2]), 3, HALF)
    outputs = np.array([[7, 2, 1], [1, 8, 1], [4, 4, 2], [1, 1, 8]], np.float32) / 10
    assert score(("accuracy",), truth, outputs)["accuracy"] == 0.75
    assert confusion(truth, outputs).tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 1]]
    expected = -np.log([0.7, 0.8, 0.2, 0.8]).mean()
    assert score(("log_loss",), truth, outputs)["log_loss"] == pytest.approx(expected, rel=1e-5)


def test_the_brier_score_by_hand() -> None:
    score_of_two = score(("brier",), binary(1, 0), column(0.9, 0.2))["brier"]
    assert score_of_two == pytest.approx((0.1**2 + 0.2**2) / 2)
    truth = Truth("multiclass", np.array([0, 2]), 3, HALF)
    outputs = np.array([[7, 2, 1], [1, 1, 8]], np.float32) / 10
    expected = (0.3**2 + 0.2**2 + 0.1**2 + 0.1**2 + 0.1**2 + 0.2**2) / 2
    assert score(("brier",), truth, outputs)["brier"] == pytest.approx(expected)
    alone = score(("brier",), binary(0, 0), column(0.1, 0.3))["brier"]
    assert alone == pytest.approx((0.1**2 + 0.3**2) / 2)


def test_the_average_precision_by_hand() -> None:
    # Ranked 1, 0, 1: a precision of 1 at the first hit and of 2/3 at the second.
    found = score(("average_precision",), binary(1, 0, 1), column(0.9, 0.6, 0.3))
    assert found["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    truth = Truth("multiclass", np.array([0, 1, 2, 2]), 3, HALF)
    outputs = np.array([[7, 2, 1], [1, 8, 1], [4, 4, 2], [1, 1, 8]], np.float32) / 10
    # The first two classes are ranked first; so are both rows of the third.
    assert score(("average_precision",), truth, outputs)["average_precision"] == 1
    worse = np.array([[7, 2, 1], [1, 8, 1], [4, 5.5, 0.5], [1, 1, 8]], np.float32) / 10
    # The third class ranks its rows first and last of four: (1 + 2/4) / 2.
    expected = (1 + 1 + 3 / 4) / 3
    found = score(("average_precision",), truth, worse)
    assert found["average_precision"] == pytest.approx(expected)


def test_outputs_that_are_all_zero_favour_no_class() -> None:
    """As sigmoid outputs in coarse numbers can be."""
    truth = Truth("multiclass", np.array([0, 1, 2]), 3, HALF)
    zero = np.zeros((3, 3), np.float32)
    assert truth.probabilities(zero).tolist() == [[1 / 3] * 3] * 3
    assert score(("log_loss",), truth, zero)["log_loss"] == pytest.approx(math.log(3))


def test_the_interval_of_the_accuracy() -> None:
    truth, outputs = binary(0, 0, 1, 1, 1), column(0.1, 0.8, 0.5, 0.6, 0.9)
    assert intervals(("accuracy", "auc"), truth, outputs) == {"accuracy": wilson(3 / 5, 5)}
    assert intervals(("auc",), truth, outputs) == {}
    assert intervals(EVALUATED["regression"], Truth("regression", outputs, 0, HALF), outputs) == {}


def test_each_class_by_hand() -> None:
    truth = Truth("multiclass", np.array([0, 1, 2, 2]), 4, HALF)
    outputs = np.array([[7, 2, 1, 0], [1, 8, 1, 0], [4, 3, 3, 0], [1, 1, 8, 0]], np.float32) / 10
    first, second, third, none = per_class(truth, outputs, ("a", "b", "c", "d"))
    assert first == {
        "label": "a", "rows": 1, "precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3),
        "auc": 1.0,
    }  # fmt: skip
    assert (second["rows"], second["precision"], second["recall"]) == (1, 1.0, 1.0)
    assert (third["rows"], third["precision"], third["recall"]) == (2, 1.0, 0.5)
    assert (none["label"], none["rows"]) == ("d", 0)
    assert all(math.isnan(none[name]) for name in ("precision", "recall", "f1", "auc"))


def test_each_of_two_classes_by_the_threshold() -> None:
    truth = Truth("binary", np.array([0, 1, 1]), 2, np.float32(0.3))
    well, sick = per_class(truth, column(0.35, 0.4, 0.2), ("well", "sick"))
    assert (well["rows"], well["recall"], well["precision"]) == (1, 0, 0)
    assert (sick["rows"], sick["recall"], sick["precision"]) == (2, 0.5, 0.5)
    assert well["auc"] == sick["auc"] == 0.5


def test_each_target_by_hand() -> None:
    targets = np.array([[1, 10], [2, 20], [3, 30]], np.float32)
    outputs = np.array([[1, 11], [2, 21], [6, 31]], np.float32)
    truth = Truth("regression", targets, 0, HALF)
    one, other = per_target(truth, outputs, ("a", "b"))
    assert one == pytest.approx({"target": "a", "rmse": 3**0.5, "mae": 1, "r2": 1 - 9 / 2})
    assert other == pytest.approx({"target": "b", "rmse": 1, "mae": 1, "r2": 1 - 3 / 200})


def test_a_regression_by_hand() -> None:
    truth = Truth("regression", column(1, 2, 3), 0, HALF)
    scores = score(("mse", "rmse", "mae", "r2"), truth, column(1, 2, 6))
    assert scores == pytest.approx({"mse": 3, "rmse": 3**0.5, "mae": 1, "r2": 1 - 9 / 2})


def test_what_one_class_cannot_tell(recwarn: pytest.WarningsRecorder) -> None:
    assert score(("balanced_accuracy",), binary(1, 1), column(0.2, 0.9)) == {
        "balanced_accuracy": 0.5
    }
    for name in ("auc", "average_precision"):
        assert math.isnan(score((name,), binary(1, 1), column(0.2, 0.9))[name])
    few = Truth("multiclass", np.array([0, 1]), 3, HALF)
    outputs = np.array([[7, 2, 1], [1, 8, 1]], np.float32) / 10
    for name in ("auc", "average_precision"):
        assert math.isnan(score((name,), few, outputs)[name])
    assert confusion(binary(1, 1), column(0.2, 0.9)).tolist() == [[0, 0], [1, 1]]
    assert math.isfinite(score(("log_loss",), binary(1, 1), column(0.2, 0.9))["log_loss"])
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize("task", TASKS)
def test_every_metric_is_a_number_without_a_warning(
    task: Task, recwarn: pytest.WarningsRecorder
) -> None:
    random = np.random.default_rng(0)
    if task == "regression":
        truth = Truth(task, random.normal(size=(30, 1)).astype(np.float32), 0, HALF)
        outputs = np.zeros((30, 1), np.float32)
    else:
        classes = 2 if task == "binary" else 3
        truth = Truth(task, np.arange(30) % classes, classes, HALF)
        outputs = np.full((30, 1 if task == "binary" else 3), 1 / classes, np.float32)
    names = EVALUATED[task]
    assert set(names) == {name for name, metric in METRICS.items() if task in metric.tasks}
    assert set(DEFAULT_METRICS[task]) <= set(names)
    scores = score(names, truth, outputs)
    assert list(scores) == list(names)
    assert all(math.isfinite(value) for value in scores.values())
    assert [str(warning.message) for warning in recwarn] == []


def test_one_row_is_scored_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    truth = Truth("regression", column(1), 0, HALF)
    assert math.isnan(score(("r2",), truth, column(2))["r2"])
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize("task", TASKS)
def test_metrics_that_are_chosen(task: Task) -> None:
    assert chosen_metrics((), task) == DEFAULT_METRICS[task]
    with pytest.raises(RecipeError, match=rf"`metrics=\('poetry',\)`: a {task} task has"):
        chosen_metrics(("poetry",), task)
    wrong = "accuracy" if task == "regression" else "r2"
    with pytest.raises(RecipeError, match=rf"`metrics=\('{wrong}',\)`"):
        chosen_metrics((wrong,), task)


def test_the_expected_calibration_error_by_hand() -> None:
    # Confidences of .9 and .92 share the bin to 14/15, .8 and .6 have one each (.6 is its edge).
    outputs = column(0.9, 0.08, 0.8, 0.6)
    right, wrong = binary(1, 0, 1, 1), binary(1, 1, 1, 0)
    expected = (abs(0.9 + 0.92 - 2) + abs(0.8 - 1) + abs(0.6 - 1)) / 4
    assert score(("ece",), right, outputs)["ece"] == pytest.approx(expected)
    expected = (abs(0.9 + 0.92 - 1) + abs(0.8 - 1) + 0.6) / 4
    assert score(("ece",), wrong, outputs)["ece"] == pytest.approx(expected)


def test_the_expected_calibration_error_of_several_classes() -> None:
    truth = Truth("multiclass", np.array([0, 2, 2]), 3, HALF)
    outputs = np.array([[7, 2, 1], [7, 2, 1], [0, 0, 10]], np.float32) / 10
    expected = (abs(0.7 + 0.7 - 1) + 0) / 3
    assert score(("ece",), truth, outputs)["ece"] == pytest.approx(expected, rel=1e-6)
