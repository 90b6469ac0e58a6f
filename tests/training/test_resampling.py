"""Intervals by drawing rows: as wide as theory says, wider where rows err together."""

from __future__ import annotations

import numpy as np
import pytest

from mlp_edge.training.scoring.resampling import resampled
from mlp_edge.training.scoring.scores import Truth

RANDOM = np.random.default_rng(3)
HALF = np.float32(0.5)


def errors(rows: int, groups: np.ndarray | None = None) -> tuple[Truth, np.ndarray]:
    """A regression whose errors are normal, with a deviation of 1; those of a group are alike."""
    drawn = RANDOM.normal(size=rows if groups is None else int(groups.max()) + 1)
    off = drawn if groups is None else drawn[groups]
    targets = np.zeros((rows, 1), np.float32)
    return Truth("regression", targets, 0, HALF, groups), off.astype(np.float32)[:, None]


def test_it_is_as_wide_as_that_of_a_mean() -> None:
    truth, outputs = errors(400)
    found = resampled(["mse"], truth, outputs)["mse"]
    squares = outputs[:, 0].astype(float) ** 2
    error = squares.std(ddof=1) / len(squares) ** 0.5
    assert found == pytest.approx(
        (squares.mean() - 1.96 * error, squares.mean() + 1.96 * error), abs=0.4 * error
    )
    assert resampled(["mse"], truth, outputs)["mse"] == found


def test_rows_of_a_group_are_drawn_together() -> None:
    groups = np.repeat(np.arange(40), 10)
    truth, outputs = errors(400, groups)
    alone = Truth("regression", truth.targets, 0, HALF)
    low, high = resampled(["mae"], truth, outputs)["mae"]
    narrow, wide = resampled(["mae"], alone, outputs)["mae"]
    assert high - low > 2 * (wide - narrow)


def test_where_there_is_no_interval() -> None:
    targets = np.array([0, 1, 0, 1] * 5)
    truth = Truth("binary", targets, 2, HALF)
    perfect = targets[:, None].astype(np.float32)
    assert resampled(["auc"], truth, perfect) == {}
    assert resampled(["auc"], truth.of(np.array([0])), perfect[:1]) == {}
    one_class = np.array([0, 2, 4])
    assert resampled(["auc"], truth.of(one_class), RANDOM.random((3, 1), np.float32)) == {}
