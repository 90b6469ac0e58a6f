"""Quantisation: integers that fit, agree everywhere, and lose little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import encoded, network, readings
from support.quantised_networks import quantised

from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.integers import integer_reference
from mlp_edge.integers.quantised import (
    EXACT,
    HIGHEST,
    LAST_HIGHEST,
    SUM_LIMIT,
    WEIGHT_LIMIT,
    IntegerLayer,
    Quantised,
)
from mlp_edge.integers.requantise import by_float, by_single, differing
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, Dense, Floats, Mlp, Scaling
from mlp_edge.quantise import network as making
from mlp_edge.quantise import quantise
from mlp_edge.quantise.rounding import fitted
from mlp_edge.quantise.rows import central_rows
from mlp_edge.reference import predict

SHARE = {"int8": 0.06, "int16": 0.002, "int24": 2e-6}
"""Of the answers' range, that a random network may lose."""
SHAPES = {"binary": (8, 12, 8, 1), "multiclass": (5, 7, 3), "regression": (4, 9, 2)}


def lost(mlp: Mlp, made: Quantised, rows: Floats) -> float:
    """The largest difference from the float64 reference, as a share of what answers span."""
    exact = predict(mlp, rows)
    answers = integer_reference.predict_quantised(mlp, made, rows)
    return float(np.abs(answers - exact).max() / max(float(np.ptp(exact)), 1e-6))


def assert_sound(made: Quantised) -> None:
    """What exporters rely on: every promise of core/integers/quantised.py beside its types."""
    for layer, largest in zip(made.layers, made.largest, strict=True):
        assert np.abs(layer.weights).max() <= WEIGHT_LIMIT[made.dtype]
        low, high = layer.reach(largest)
        assert low.min() >= -SUM_LIMIT[made.dtype]
        assert high.max() <= SUM_LIMIT[made.dtype]
        assert layer.high <= (HIGHEST if layer is not made.layers[-1] else LAST_HIGHEST)[made.dtype]
        assert (layer.shift >= 1).all()
        assert (layer.multiplier < 2**layer.shift).all()
        if made.dtype == "int8":
            assert not differing(layer, largest, by_float).any()
            assert not differing(layer, largest, by_single).any()
        else:
            assert (layer.multiplier == 1).all()
    last = made.layers[-1]
    if made.octave:
        return
    values = np.arange(0, last.segments * last.high + 1, 1 if last.high < 2**16 else 9973)
    shown = values if made.table is None else made.table.at(values)
    shown = (shown[:, None] - made.zero).astype(np.float32).astype(np.float64).T
    assert made.dtype == "int24" or shown.max() < EXACT
    products = made.step[:, None].astype(np.float64) * shown
    assert (products.astype(np.float32) == products).all(), "step * value has to be exact"


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
@pytest.mark.parametrize("task", SHAPES)
@pytest.mark.parametrize("dtype", HIGHEST)
def test_every_activation_and_task_loses_little(task: str, activation: str, dtype: str) -> None:
    mlp = network(SHAPES[task], activation, task)  # type: ignore[arg-type]
    made = quantised(mlp, dtype)
    assert_sound(made)
    assert lost(mlp, made, readings(mlp, 300, seed=7)) < SHARE[dtype]


@settings(max_examples=40)
@given(
    widths=st.lists(st.integers(1, 20), min_size=2, max_size=5),
    activation=st.sampled_from(HIDDEN_ACTIVATIONS),
    standardised=st.booleans(),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
    dtype=st.sampled_from(sorted(HIGHEST)),
    seed=st.integers(0, 1000),
)
def test_integers_of_any_network_are_sound(
    widths: list[int], activation: str, standardised: bool, scale: float, dtype: str, seed: int
) -> None:
    mlp = network(widths, activation, "regression", standardised, seed)
    last = mlp.layers[-1]
    larger = Dense((last.weights * scale).astype(np.float32), last.bias, "linear")
    mlp = replace(mlp, layers=(*mlp.layers[:-1], larger))
    rows = readings(mlp, 50, seed)
    made = quantise(mlp, rows, dtype)
    assert_sound(made)
    assert np.isfinite(integer_reference.predict_quantised(mlp, made, rows)).all()


@pytest.mark.parametrize("output", ["linear", "relu", "tanh", "sigmoid", "softplus", "gelu"])
@pytest.mark.parametrize("dtype", HIGHEST)
def test_every_output_of_a_regression(output: str, dtype: str) -> None:
    mlp = network((4, 9, 2), "relu", "regression")
    last = replace(mlp.layers[-1], activation=output)
    mlp = replace(mlp, layers=(*mlp.layers[:-1], last))
    made = quantised(mlp, dtype)
    assert_sound(made)
    assert lost(mlp, made, readings(mlp, 300, seed=7)) < SHARE[dtype]


def test_a_network_without_hidden_layers() -> None:
    mlp = network((3, 1))
    assert lost(mlp, quantised(mlp), readings(mlp, 100, seed=3)) < SHARE["int8"]


def test_counts_decimals_and_codes_are_exact() -> None:
    features = (
        Feature("count", 0.0, 17.0),
        Feature("decimal", 4.3, 7.9),
        Feature("colour", codes=(1.0, 2.0, 5.0), categories=("a", "b", "c"), fill=1.0),
        Feature("gap", 0.0, 40.0, fill=3.0, indicator=True),
    )
    mlp = encoded(features)
    random = np.random.default_rng(0)
    rows = np.column_stack([
        random.integers(0, 18, 100), random.integers(43, 80, 100) / 10,
        random.choice([1.0, 2.0, 5.0], 100), random.integers(0, 41, 100),
    ]).astype(np.float32)  # fmt: skip
    rows[::7, 3] = np.nan
    for dtype in HIGHEST:
        made = quantise(mlp, rows, dtype)
        inputs = mlp.encoding.encode(rows)
        back = made.inputs.low + made.inputs.integers(inputs) / made.inputs.factor
        np.testing.assert_allclose(back, inputs, atol=1e-5)


def test_a_count_that_was_seen_less_far_has_room_beyond() -> None:
    mlp = network((2, 4, 1), features=(Feature("a", 0.0, 10.0), Feature("b", 0.0, 10.0)))
    rows = np.random.default_rng(0).integers(0, 11, (60, 2)).astype(np.float32)
    inputs = quantise(mlp, rows, "int8").inputs
    beyond = np.array([[-1.0, 11.0]], np.float32)
    back = inputs.low + inputs.integers(beyond) / inputs.factor
    np.testing.assert_allclose(back, beyond, atol=1e-5)


def test_the_same_rows_give_the_same_integers() -> None:
    mlp = network()
    one, two = quantised(mlp), quantised(mlp)
    for a, b in zip(one.layers, two.layers, strict=True):
        np.testing.assert_array_equal(a.weights, b.weights)
        np.testing.assert_array_equal(a.bias, b.bias)
        np.testing.assert_array_equal(a.multiplier, b.multiplier)


@pytest.mark.parametrize("dtype", HIGHEST)
@pytest.mark.parametrize("rows", [1, 2, 30])
def test_few_rows_and_readings_that_never_change(rows: int, dtype: str) -> None:
    mlp = network((3, 5, 1))
    given = np.repeat(readings(mlp, 1), rows, axis=0)
    made = quantise(mlp, given, dtype)
    assert_sound(made)
    off = integer_reference.predict_quantised(mlp, made, given) - predict(mlp, given)
    assert np.abs(off).max() < 0.02


def test_silent_neurons_do_no_harm() -> None:
    mlp = network((4, 6, 1), task="regression")
    first = mlp.layers[0]
    bias = first.bias.copy()
    bias[:3] = -1e6
    mlp = replace(mlp, layers=(replace(first, bias=bias), mlp.layers[1]))
    made = quantised(mlp)
    assert_sound(made)
    assert lost(mlp, made, readings(mlp, 200, seed=4)) < SHARE["int8"]


def test_rows_without_an_answer_are_passed_over_and_some_row_has_one() -> None:
    mlp = network((3, 4, 1))
    rows = readings(mlp, 40)
    gaps = rows.copy()
    gaps[::2, 1] = np.nan
    with_gaps, without = quantise(mlp, gaps, "int8"), quantise(mlp, rows[1::2], "int8")
    np.testing.assert_array_equal(with_gaps.layers[0].weights, without.layers[0].weights)
    with pytest.raises(ModelError, match="no calibration row has an answer"):
        quantise(mlp, np.full((5, 3), np.nan, np.float32), "int8")


def test_a_feature_that_never_changed_needs_no_large_weight() -> None:
    mlp = network((4, 8, 1))
    assert mlp.scaling is not None
    deviation = mlp.scaling.std.copy()
    deviation[2] = 1e-7  # what Keras gives a column without variance
    mlp = replace(mlp, scaling=replace(mlp.scaling, std=deviation))
    mlp = replace(mlp, features=tuple(Feature(f"x{i}") for i in range(4)))
    rows = readings(mlp, 300)
    rows[:, 2] = mlp.scaling.mean[2]
    for dtype in HIGHEST:
        made = quantise(mlp, rows, dtype)
        assert_sound(made)
        assert lost(mlp, made, rows) < SHARE[dtype]


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("size", [1e3, 1e6, 1e30])
def test_one_reading_far_off_does_not_cost_the_others_their_digits(dtype: str, size: float) -> None:
    features = tuple(Feature(f"x{i}") for i in range(8))
    mlp = network((8, 12, 8, 1), features=features, standardised=False)
    rows = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    rows[0, 0] = size
    made = quantise(mlp, rows, dtype)
    assert_sound(made)
    assert lost(mlp, made, rows[1:]) < {"int8": 0.12, "int16": 0.01}[dtype]


def test_rows_without_those_far_off() -> None:
    mlp = network((2, 3, 1))
    rows = np.random.default_rng(0).normal(size=(100, 2)).astype(np.float32)
    assert len(central_rows(mlp, rows)) == 100
    rows[7, 1] = -500
    np.testing.assert_array_equal(central_rows(mlp, rows), np.delete(rows, 7, axis=0))
    rare = np.zeros((100, 2), np.float32)
    rare[3] = 1  # nothing but zeros otherwise: rare, not wrong
    assert len(central_rows(mlp, rare)) == 100


def test_readings_that_no_range_can_span() -> None:
    mlp = network((2, 4, 1), features=(Feature("a"), Feature("b")))
    rows = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    tiny, huge = rows.copy(), rows.copy()
    tiny[:, 0] = np.where(rows[:, 0] > 0, 1e-40, 0)
    huge[:2, 0] = 3e38, -3e38
    for extreme in (tiny, huge):
        for dtype in ("int8", "int16"):
            made = quantise(mlp, extreme, dtype)
            assert_sound(made)
            assert np.isfinite(made.inputs.factor).all()
    assert_sound(quantise(mlp, tiny, "int24"))
    with pytest.raises(ModelError, match="layer 2: its sums go further apart than int24"):
        quantise(mlp, huge, "int24")
    rows[3, 1] = np.inf
    with pytest.raises(ModelError, match="infinity"):
        quantise(mlp, rows, "int8")


def test_an_ordinary_network_whose_neurons_hardly_move() -> None:
    mlp = network((2, 1, 8, 8, 1), "hard_sigmoid", "regression", seed=951679)
    for dtype in HIGHEST:
        assert_sound(quantise(mlp, readings(mlp, 150, 951679), dtype))


def test_large_readings_beside_a_small_deviation() -> None:
    mlp = network((2, 6, 1), task="regression")
    scaling = Scaling(np.array([1e6, 5.0], np.float32), np.array([2.0, 1.0], np.float32))
    features = (Feature("a", 1e6 - 6, 1e6 + 6), Feature("b", 0.0, 10.0))
    mlp = replace(mlp, scaling=scaling, features=features)
    random = np.random.default_rng(0)
    rows = np.column_stack([1e6 + random.normal(0, 2, 200), random.normal(5, 1, 200)])
    assert (
        lost(mlp, quantise(mlp, rows.astype(np.float32), "int16"), rows.astype(np.float32)) < 0.01
    )


def test_fitted_weights_give_the_sums_better_than_rounded_ones() -> None:
    random = np.random.default_rng(0)
    inputs = random.integers(0, 256, (500, 10))
    inputs[:, 1] = np.clip(inputs[:, 0] + random.integers(-9, 9, 500), 0, 255)
    weights, bias = random.normal(0, 20, (6, 10)), random.normal(0, 500, 6)
    sums = inputs @ weights.T + bias
    whole, biases = fitted(weights, bias, inputs, sums, "int8")
    ours = np.square(inputs @ whole.T + biases - sums).mean(axis=0)
    rounded = np.square(inputs @ np.rint(weights).T + np.rint(bias) - sums).mean(axis=0)
    assert (ours <= rounded).all()
    assert ours.sum() < 0.6 * rounded.sum()
    assert np.abs(whole).max() <= 127


def test_a_limit_on_weights_is_kept_where_the_fit_would_pass_it() -> None:
    inputs = np.random.default_rng(0).integers(0, 256, (200, 3))
    weights = np.array([[127.0, -127.0, 126.6]])
    whole, _ = fitted(weights, np.zeros(1), inputs, inputs @ weights.T * 1.5, "int8")
    assert np.abs(whole).max() == 127


def test_margins_leave_room_for_sums_that_calibration_did_not_see() -> None:
    mlp = network((2, 8, 1), task="regression")
    rows = readings(mlp, 200)
    made = making.make(mlp, rows, "int16")
    assert [len(steps.step) for steps in made.steps] == [2, 8]
    beyond = rows[np.argmax(predict(mlp, rows)[:, 0])][None] * np.float32(1.02)
    assert lost(mlp, made.quantised, np.vstack([rows, beyond])) < SHARE["int16"]


def test_units_that_are_all_but_switched_off_have_short_sums() -> None:
    """Their weights are next to nothing beside their biases, which would take 32 bits."""
    mlp = network((8, 22, 1))
    first, last = mlp.layers
    weights, bias = first.weights.copy(), first.bias.copy()
    weights[:8] *= 1e-7
    bias[:4], bias[4:8] = -0.27, 0.31  # off whatever the row; on, and constant
    quiet = replace(mlp, layers=(replace(first, weights=weights, bias=bias), last))
    made = quantised(quiet)
    assert all(map(IntegerLayer.in_24_bits, made.layers, made.largest))
    assert_sound(made)
    assert lost(quiet, made, readings(quiet, 2000)) < SHARE["int8"]
