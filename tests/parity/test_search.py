"""Rows that are looked for: worse than those that are drawn, and beside the boundary."""

from __future__ import annotations

import numpy as np
import pytest
from support.networks import as_float32, encoded, network, readings

from mlp_edge.feature import Feature
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.parity.compare import AFFORDABLE, settled
from mlp_edge.parity.labels import labels
from mlp_edge.parity.rows import boundary
from mlp_edge.parity.search import FOUND, MOST, ROUNDS, worst_rows
from mlp_edge.proof.accuracy import KERNELS
from mlp_edge.proof.bound import bound, work
from mlp_edge.proof.c_replay import replay
from mlp_edge.proof.declared import inside, ranges
from mlp_edge.reference import predict


def used(mlp: Mlp, rows: Floats) -> float:
    """The largest share of its bound that the header's answer to a row takes."""
    off = np.abs(replay(mlp, rows) - predict(mlp, rows))
    return float((off / bound(mlp, rows, KERNELS)).max())


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_search_finds_worse_rows_than_as_many_drawn(activation: str) -> None:
    searched, drawn = [], []
    for seed in range(3):
        mlp = network((6, 9, 7, 1), activation, "regression", seed=seed)
        sample = readings(mlp, 100)
        found = worst_rows(mlp, sample, lambda rows, mlp=mlp: replay(mlp, rows), KERNELS)
        assert 0 < len(found) <= FOUND
        assert inside(mlp, found, *ranges(mlp, sample)).all()
        searched.append(used(mlp, found))
        drawn.append(used(mlp, readings(mlp, ROUNDS * MOST, seed=5)))
    assert sum(searched) > 1.08 * sum(drawn)


def test_the_search_is_the_same_every_time() -> None:
    mlp = network((5, 6, 3), task="multiclass")
    sample = readings(mlp, 40)
    one, other = (
        worst_rows(mlp, sample, lambda rows: replay(mlp, rows), KERNELS) for _ in range(2)
    )
    assert one.tobytes() == other.tobytes()


def test_a_fault_between_the_rows_is_found() -> None:
    """A runtime that is wrong in a thousandth of the range only, which no drawn row meets."""
    mlp = network((2, 6, 1), task="regression")
    sample = readings(mlp, 50)
    low, high = ranges(mlp, sample)
    place = low[0] + 0.371 * (high[0] - low[0])
    width = 0.002 * (high[0] - low[0])

    def runtime(rows: Floats) -> Floats:
        # A little off all around, as a smooth fault is: the crowd walks uphill.
        near = np.exp(-np.abs(rows[:, :1] - place) / (20 * width))
        wrong = np.abs(rows[:, :1] - place) < width
        limit = bound(mlp, rows, KERNELS)
        return as_float32(predict(mlp, rows) + limit * (0.9 * near + 9 * wrong))

    def fails(rows: Floats) -> bool:
        off = np.abs(runtime(rows) - predict(mlp, rows))
        return bool((off > bound(mlp, rows, KERNELS)).any())

    assert not fails(sample)
    assert fails(worst_rows(mlp, sample, runtime, KERNELS))


def test_labels_that_rounding_turns_are_found() -> None:
    mlp = network((4, 8, 1), "tanh", "binary")
    sample = readings(mlp, 200)
    found = worst_rows(mlp, sample, lambda rows: replay(mlp, rows), KERNELS)
    turned = (replay(mlp, found)[:, 0] > 0.5) != (predict(mlp, found)[:, 0] > 0.5)
    assert turned.any()
    doubtful = ~settled(mlp, predict(mlp, found), bound(mlp, found, KERNELS))
    assert doubtful[turned].all()  # and no flip is a fault


def test_categories_keep_their_codes() -> None:
    features = (Feature("a", -1.0, 1.0), Feature("b", categories=("p", "q"), codes=(2, 70)))
    mlp = encoded(features)
    found = worst_rows(mlp, readings(mlp, 30), lambda rows: replay(mlp, rows), KERNELS)
    assert set(found[:, 1].tolist()) <= {2.0, 70.0}


def test_wide_networks_are_searched_without_a_bound_for_every_trial() -> None:
    wide = network((40, 100, 100, 2), task="regression")
    assert work(wide) > AFFORDABLE > work(network((8, 12, 8, 1)))
    found = worst_rows(wide, readings(wide, 20), lambda rows: replay(wide, rows), KERNELS)
    assert used(wide, found) > used(wide, readings(wide, 200, seed=5))


def test_doubtful_rows_are_named_with_their_lines() -> None:
    mlp = network((5, 9, 1), "tanh", "binary")
    sample = readings(mlp, 100)
    near = boundary(mlp, sample).astype(np.float32)
    assert len(near) > 3
    rows = np.vstack([sample[:7], near[:1]])
    said = labels(mlp, rows, "some.csv", list(range(2, 10)))
    assert (said.table, said.rows) == ("some.csv", 8)
    [row] = said.doubtful
    assert (row.row, row.line) == (8, 9)
    assert abs(row.answer[0] - 0.5) <= row.bound[0]


def test_a_regression_has_no_doubtful_labels() -> None:
    mlp = network((5, 9, 1), "tanh", "regression")
    rows = readings(mlp, 5)
    said = labels(mlp, rows)
    assert said.doubtful == []
    assert said.largest == bound(mlp, rows).max()


def test_a_row_without_an_answer_has_no_label() -> None:
    mlp = network((5, 9, 1), "tanh", "binary")
    rows = readings(mlp, 5)
    rows[2, 0] = np.nan
    assert labels(mlp, rows).unanswered == 1
