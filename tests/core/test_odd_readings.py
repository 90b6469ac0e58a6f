"""What is odd about readings, by what a model declares."""

from __future__ import annotations

import numpy as np

from mlp_edge.feature import Feature
from mlp_edge.odd_readings import odd_readings

NAN, INFINITE = float("nan"), float("inf")
FEATURES = (
    Feature("size", low=0.1, high=9.0),
    Feature("age", low=1.0, high=80.0, sentinel=-1.0, fill=30.0),
    Feature("colour", categories=("red", "green"), codes=(0, 1), sentinel=-9.0),
    Feature("free"),
)


def test_each_reading_is_odd_in_one_way_at_most() -> None:
    rows = np.array(
        [
            [0.1, 80, 1, INFINITE],
            [0.0999, -1, -9, NAN],
            [NAN, 0.5, 2, 1e30],
            [9, NAN, NAN, 0],
            [-INFINITE, 81, 0.5, -1],
        ],
        np.float32,
    )
    odd = odd_readings(FEATURES, rows)
    assert odd.missing.tolist() == [
        [False] * 4,
        [False, True, True, True],
        [True, False, False, False],
        [False, True, True, False],
        [False] * 4,
    ]
    assert np.argwhere(odd.unknown).tolist() == [[2, 2], [4, 2]]
    assert np.argwhere(odd.out_of_range).tolist() == [[1, 0], [2, 1], [4, 0], [4, 1]]


def test_no_row_is_odd_in_no_way() -> None:
    assert all(
        part.shape == (0, 4) for part in odd_readings(FEATURES, np.zeros((0, 4), np.float32))
    )
