"""Two models on the same rows: differences, and how sure they are."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from mlp_edge.training.scoring.paired import MEANS, Paired, paired
from mlp_edge.training.scoring.scores import EVALUATED, Truth, score

RANDOM = np.random.default_rng(3)
ROWS = 40
HALF = np.float32(0.5)


def classes(count: int) -> tuple[Truth, np.ndarray, np.ndarray]:
    targets = RANDOM.integers(0, count, ROWS)
    first, second = (
        RANDOM.dirichlet(np.ones(count), ROWS).astype(np.float32) * 0.5
        + 0.5 * np.eye(count, dtype=np.float32)[targets]
        for _ in range(2)
    )
    if count == 2:
        first, second = first[:, 1:], second[:, 1:] ** 2
        return Truth("binary", targets, 2, HALF), first, second
    return Truth("multiclass", targets, count, HALF), first, second


def values() -> tuple[Truth, np.ndarray, np.ndarray]:
    targets = RANDOM.normal(3, 2, (ROWS, 1)).astype(np.float32)
    noise = RANDOM.normal(0, 1, (2, ROWS, 1)).astype(np.float32)
    return Truth("regression", targets, 0, HALF), targets + noise[0], targets + 2 * noise[1]


CASES = {"binary": classes(2), "multiclass": classes(3), "regression": values()}

RESAMPLED = {
    "binary": ("accuracy", "auc", "f1"), "multiclass": ("log_loss",), "regression": ("rmse", "r2"),
}  # fmt: skip


@pytest.mark.parametrize("task", CASES)
def test_what_each_row_gives_has_the_score_as_its_mean(task: str) -> None:
    truth, outputs, _ = CASES[task]
    weighted = replace(truth, weights=RANDOM.uniform(0.5, 2, ROWS))
    for metric in EVALUATED[truth.task]:
        if metric in MEANS:
            expected = score([metric], weighted, outputs)[metric]
            mean = np.average(MEANS[metric](weighted, outputs), weights=weighted.weights)
            assert (mean**0.5 if metric == "rmse" else mean) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("task", CASES)
def test_errors_are_those_of_resampled_rows(task: str) -> None:
    """Within a third: a bootstrap of the pairs says the same."""
    truth, first, second = CASES[task]
    resampled = [RANDOM.integers(0, ROWS, ROWS) for _ in range(120)]
    for metric in RESAMPLED[task]:
        found = paired(metric, (truth, first), (truth, second))
        ours, theirs = (score([metric], truth, outputs)[metric] for outputs in (first, second))
        assert found.values == (ours, theirs)
        differences = [
            score([metric], truth.of(rows), first[rows])[metric]
            - score([metric], truth.of(rows), second[rows])[metric]
            for rows in resampled
        ]
        assert found.error == pytest.approx(np.nanstd(differences), rel=1 / 3), metric


def test_a_mean_has_one_error_in_either_way() -> None:
    from mlp_edge.lazy import require
    from mlp_edge.training.scoring.paired import _jackknifed

    truth, first, second = CASES["binary"]
    found = paired("brier", (truth, first), (truth, second))
    again = _jackknifed(require("sklearn.metrics"), "brier", (truth, first), (truth, second))
    assert again == pytest.approx(found.error, rel=1e-6)


def test_rows_of_a_group_say_hardly_more_than_one() -> None:
    truth, first, second = CASES["binary"]
    often = np.repeat(np.arange(ROWS), 9)
    repeated = replace(truth.of(often), groups=often)
    for metric in ("accuracy", "auc"):
        once = paired(metric, (truth, first), (truth, second))
        nine = paired(metric, (repeated, first[often]), (repeated, second[often]))
        assert nine.error == pytest.approx(once.error, rel=0.05)


@pytest.mark.parametrize(
    ("metric", "values", "error", "better"),
    [
        ("accuracy", (0.9, 0.8), 0.01, 0), ("accuracy", (0.8, 0.9), 0.01, 1),
        ("log_loss", (0.9, 0.8), 0.01, 1), ("rmse", (1.0, 2.0), 0.1, 0),
        ("accuracy", (0.9, 0.8), 0.06, None), ("accuracy", (0.9, 0.8), math.nan, None),
        ("auc", (math.nan, 0.8), 0.01, None), ("accuracy", (0.9, 0.9), 0.0, None),
    ],
)  # fmt: skip
def test_which_one_is_better(
    metric: str, values: tuple[float, float], error: float, better: int | None
) -> None:
    assert Paired(metric, values, error).better == better


def test_one_row_tells_nothing() -> None:
    truth, first, second = (each[:1] if isinstance(each, np.ndarray) else each
                            for each in CASES["regression"])  # fmt: skip
    alone = truth.of(np.arange(1))
    assert math.isnan(paired("rmse", (alone, first), (alone, second)).error)
    assert math.isnan(paired("r2", (alone, first), (alone, second)).error)
