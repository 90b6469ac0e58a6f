"""The comparison itself: batches, distances, verdicts, and the stress rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import as_float32, encoded, network, readings

from mlp_edge.feature import Feature
from mlp_edge.mlp import Floats, Mlp, Rows
from mlp_edge.parity.compare import (
    VACUOUS,
    Comparison,
    Expected,
    compare,
    expect,
    in_batches,
    of_range,
    output_range,
)
from mlp_edge.parity.diagnose import likely_cause
from mlp_edge.parity.rows import _kinks, boundary, stress_rows
from mlp_edge.proof.accuracy import ANY, Accuracy
from mlp_edge.proof.bound import bound
from mlp_edge.proof.declared import inside, ranges
from mlp_edge.reference import predict, trace


def honest(mlp: Mlp, rows: Rows) -> Expected:
    return expect(mlp, rows, lambda rows: as_float32(predict(mlp, rows)))


def nudged(mlp: Mlp, rows: Rows, row: int, by: float) -> Comparison:
    """The comparison of a runtime that is off by so much in one row's first output."""
    answers = dict(zip(map(bytes, rows), predict(mlp, rows), strict=True))
    answers[bytes(rows[row])] = answers[bytes(rows[row])] + by
    return compare(
        honest(mlp, rows),
        lambda batch: np.array([answers[bytes(x)] for x in batch]),  # type: ignore[arg-type, return-value]
    )


@pytest.mark.parametrize("row", [0, 17, 29])
@pytest.mark.parametrize(
    ("by", "passes"), [(0.99, True), (-0.99, True), (1.01, False), (-1.01, False)]
)
def test_the_verdict_turns_at_the_bound_of_the_row(row: int, by: float, passes: bool) -> None:
    mlp = network((8, 12, 8, 1), task="regression")
    rows = readings(mlp, 30)
    limit = float(bound(mlp, rows)[row, 0])
    comparison = nudged(mlp, rows, row, by * limit)
    assert comparison.passed is passes
    assert comparison.of_bound == pytest.approx(abs(by), rel=1e-3)
    if not passes:
        assert comparison.failure is not None
        assert comparison.failure.row == row
        assert comparison.failure.bound == limit
        off = comparison.failure.got - comparison.failure.expected
        assert off == pytest.approx(by * limit, rel=1e-3)


def test_a_bound_beyond_a_thousandth_of_the_range_is_vacuous() -> None:
    mlp = network((8, 12, 8, 1), "tanh", "regression")
    expected = honest(mlp, readings(mlp, 30))
    key = tuple(ANY[layer.activation] for layer in mlp.layers)

    def bounded(limit: float) -> Comparison:
        """As if that were the bound of every row."""
        bounds = {key: np.full_like(expected.exact, limit)}
        wide = replace(expected, _bounds=bounds)
        return compare(wide, lambda rows: as_float32(predict(mlp, rows)), ANY)

    turning = VACUOUS * np.maximum(np.abs(expected.exact), expected.span).min()
    assert not bounded(0.99 * turning).vacuous
    assert bounded(1.01 * turning).vacuous
    assert bounded(1.01 * turning).passed
    assert bounded(np.inf).vacuous


def test_the_range_of_a_regression_is_that_of_the_real_rows() -> None:
    mlp = network((3, 4, 2), task="regression")
    exact = np.array([[1.0, 5.0], [3.0, 5.0], [np.nan, np.nan]])
    assert output_range(mlp, exact).tolist() == [2.0, 5.0]  # what never changes, by its size
    assert output_range(mlp, np.zeros((2, 2))).tolist() == [1.0, 1.0]
    assert output_range(network((3, 4, 3), task="multiclass"), exact).tolist() == [1.0] * 3


def test_a_wrong_answer_at_one_batch_size_only_is_caught() -> None:
    mlp = network()
    expected = honest(mlp, readings(mlp, 30))

    def sevenths(rows: Rows) -> Floats:
        return as_float32(predict(mlp, rows)) + np.float32(0.01 if len(rows) == 7 else 0)

    failure = compare(expected, sevenths).failure
    assert failure is not None
    assert failure.batch == 7


def test_a_runtime_with_a_memory_is_caught() -> None:
    """The second answer to the same rows differs: state that outlives a call."""
    mlp = network()
    expected = honest(mlp, readings(mlp, 30))
    calls = iter(range(10_000))
    assert not compare(
        expected, lambda rows: as_float32(predict(mlp, rows)) + np.float32(next(calls) * 1e-4)
    ).passed


def test_batches_are_filled_by_repeating() -> None:
    sizes = []

    def echo(rows: Rows) -> Floats:
        sizes.append(len(rows))
        return rows[:, :1]

    rows = np.arange(10, dtype=np.float32).reshape(10, 1)
    exactly = np.zeros((10, 1))
    assert in_batches(echo, rows, 7, exactly)[:, 0].tolist() == list(range(10))
    assert in_batches(echo, rows, 64, exactly)[:, 0].tolist() == list(range(10))
    assert sizes == [7, 7, 64]


def test_a_repeated_row_that_is_answered_differently_is_caught() -> None:
    mlp = network()
    expected = honest(mlp, readings(mlp, 30))

    def tail_is_wrong(rows: Rows) -> Floats:
        outputs = as_float32(predict(mlp, rows))
        if len(rows) == 1024:
            outputs[-1] += np.float32(0.5)
        return outputs

    assert not compare(expected, tail_is_wrong).passed


def test_no_runtime_is_granted_more_than_any() -> None:
    """What passes keeps to the certificate, which is of whatever runs it."""
    mlp = network((8, 12, 8, 1), "tanh", "regression")
    expected = honest(mlp, readings(mlp, 30))
    own = expected.bound({**ANY, "tanh": Accuracy(0.0, 0.0, 1e6)})
    assert (own == expected.bound(ANY)).all()
    assert (expected.bound({**ANY, "tanh": Accuracy(1.0)}) < own).all()


def test_a_repeated_row_without_a_prediction_is_compared_as_well() -> None:
    mlp = network()
    rows = readings(mlp, 30)
    rows[3, 0] = np.nan
    expected = honest(mlp, rows)

    def answers_late(rows: Rows) -> Floats:
        outputs = as_float32(predict(mlp, rows))
        if len(rows) == 1024:
            outputs[33] = 7
        return outputs

    assert not compare(expected, answers_late).passed


@pytest.mark.parametrize(
    ("exact", "runtime", "passes"),
    [
        (np.nan, np.nan, True),
        (np.inf, np.inf, True),
        (np.inf, -np.inf, False),
        (np.inf, np.nan, False),
        (np.nan, 0.5, False),
        (0.5, np.nan, False),
        (0.5, np.inf, False),
    ],
)
def test_what_is_not_finite_has_to_agree_in_kind(
    exact: float, runtime: float, passes: bool
) -> None:
    mlp = network((3, 4, 1), task="regression")
    rows = np.full((1, 3), 0.25, np.float32)
    expected = expect(mlp, rows, lambda rows: np.full((len(rows), 1), exact, np.float32))
    expected = replace(expected, exact=np.full((1, 1), exact))
    got = compare(expected, lambda rows: np.full((len(rows), 1), runtime, np.float32))
    assert got.passed is passes
    assert (got.of_bound <= 1) is passes


def test_flips_are_counted_only_where_rounding_cannot_decide() -> None:
    mlp = network()
    rows = readings(mlp, 200)
    expected = honest(mlp, np.vstack([rows, as_float32(boundary(mlp, rows))]))
    same = compare(expected, lambda rows: as_float32(predict(mlp, rows)))
    assert same.flips == 0
    assert same.ties > 0
    exchanged = compare(expected, lambda rows: as_float32(1 - predict(mlp, rows)))
    assert exchanged.flips == len(expected.rows) - same.ties


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_boundary_rows_are_undecided(task: str) -> None:
    outputs = 1 if task == "binary" else 3
    mlp = network((5, 9, outputs), "tanh", task)  # type: ignore[arg-type]
    rows = boundary(mlp, readings(mlp, 300))
    assert len(rows) >= 5
    exact = np.sort(predict(mlp, rows), axis=1)
    margin = np.abs(exact[:, 0] - 0.5) if task == "binary" else exact[:, -1] - exact[:, -2]
    assert margin.max() < 1e-6


def test_kink_rows_bring_every_hidden_layer_to_its_kink() -> None:
    mlp = network((6, 8, 8, 1), "relu")
    rows = _kinks(mlp, readings(mlp, 200))
    for z, _ in list(trace(mlp, rows))[:-1]:
        near = np.abs(z).min(axis=0)
        assert (near < 1e-6).sum() >= 4


def test_stress_rows_reach_every_extreme() -> None:
    mlp = network()
    rows = stress_rows(mlp, readings(mlp, 100))
    low, high = ranges(mlp, readings(mlp, 100))
    for index in range(mlp.inputs):
        assert np.isnan(rows[:, index]).any()
        assert (rows[:, index] == np.float32(low[index])).any()
        assert (rows[:, index] == np.float32(high[index])).any()
    assert (rows == 0).all(axis=1).any()
    rows = rows[np.isfinite(rows).all(axis=1)]
    assert (np.abs(rows) > 5 * np.abs(np.maximum(np.abs(low), np.abs(high)))).any()


def without_saturation(mlp: Mlp, rows: Rows) -> Floats:
    """What a sigmoid answers that knows sums of up to 4e26: NaN to those beyond."""
    answers = as_float32(predict(mlp, rows))
    for layer, (z, _) in zip(mlp.layers, trace(mlp, rows), strict=True):
        if layer.activation in ("sigmoid", "silu"):
            answers[(np.abs(z) > 4e26).any(axis=1)] = np.nan
    return answers


@pytest.mark.parametrize(
    "mlp",
    [
        network((8, 1)),
        network((8, 12, 8, 1)),
        network((3, 5, 1), "silu", "regression", standardised=False),
        network((3, 5, 4, 1), "sigmoid", "regression"),
        encoded([Feature("c", categories=("a",), codes=(1,)), Feature("x")], task="binary"),
    ],
    ids=lambda mlp: f"{mlp.layers[0].activation}-{mlp.layers[-1].activation}",
)
def test_a_sigmoid_that_ends_at_huge_sums_is_caught(mlp: Mlp) -> None:
    sample = readings(mlp, 30)
    rows = np.vstack([sample, stress_rows(mlp, sample)])
    expected = replace(honest(mlp, rows), within=inside(mlp, rows, *ranges(mlp, sample)))
    expected = replace(expected, span=output_range(mlp, expected.exact[:30]))
    of_use = expected.only((of_range(expected, expected.bound(ANY)) <= VACUOUS).all(axis=1))
    assert compare(of_use, lambda rows: as_float32(predict(mlp, rows))).passed
    assert not compare(of_use, lambda rows: without_saturation(mlp, rows)).passed
    assert "huge sum" in str(likely_cause(of_use, lambda rows: without_saturation(mlp, rows)))
    assert likely_cause(of_use, lambda rows: without_saturation(mlp, rows) * np.float32(2)) is None


def test_stress_rows_hold_every_value_with_a_meaning_of_its_own() -> None:
    features = (
        Feature("a", -3.0, 5.0, sentinel=-9.0, fill=1.0),
        Feature("b", categories=("p", "q"), codes=(2, 5)),
        Feature("c", 0.0, 1.0),
    )
    mlp = encoded(features, hidden=())
    rows = stress_rows(mlp, readings(mlp, 50))
    assert {"nan", "inf", "-inf", "-9.0", "-3.0", "5.0"} <= set(map(str, rows[:, 0]))
    unknown = str(float(features[1].unknown_code))
    assert {"nan", "2.0", "2.5", "5.0", unknown} <= set(map(str, rows[:, 1]))
    assert {"nan", "inf", "-inf", "0.0", "1.0"} <= set(map(str, rows[:, 2]))
    assert np.isnan(rows).all(axis=1).any()
    exact = predict(mlp, rows)
    assert np.isnan(exact[np.isnan(rows[:, 1:]).any(axis=1)]).all()
    assert np.isfinite(exact[np.isfinite(rows).all(axis=1)]).all()


def test_stress_rows_are_the_same_every_time() -> None:
    mlp = network()
    sample = readings(mlp, 50)
    assert stress_rows(mlp, sample).tobytes() == stress_rows(mlp, sample).tobytes()


@settings(max_examples=60)
@given(
    inputs=st.integers(1, 6),
    hidden=st.lists(st.integers(1, 9), max_size=3),
    scale=st.floats(1e-30, 1e30),
    count=st.integers(1, 20),
    seed=st.integers(0, 2**16),
)
def test_stress_rows_survive_any_network(
    inputs: int, hidden: list[int], scale: float, count: int, seed: int
) -> None:
    mlp = network((inputs, *hidden, 1), "relu", "regression", seed=seed)
    sample = (readings(mlp, count, seed) * np.float32(scale)).astype(np.float32)
    sample = np.nan_to_num(sample, posinf=1e38, neginf=-1e38)
    rows = stress_rows(mlp, sample)
    assert rows.dtype == np.float32
    assert rows.shape[1] == inputs
