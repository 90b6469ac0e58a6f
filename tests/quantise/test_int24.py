"""int24: steps of readings and of activations."""

from __future__ import annotations

import numpy as np
from support.networks import network, readings

from mlp_edge.feature import Feature
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.proof.bound import Interval
from mlp_edge.quantise.int24_balance import balanced, longer
from mlp_edge.quantise.int24_inputs import box_of, inputs_of, rows_in


def declaring(*ranges: tuple[float, float]) -> Mlp:
    """A network of features with these ranges."""
    features = tuple(Feature(f"x{n}", low, high) for n, (low, high) in enumerate(ranges))
    return network((len(ranges), 6, 1), standardised=False, features=features)


def encoded_in(mlp: Mlp, rows: Floats) -> tuple[Interval, Floats]:
    box = box_of(mlp, rows)
    return box, rows_in(box, mlp.encoding.encode(rows))


def test_readings_go_a_quarter_beyond_what_is_declared_but_not_below_zero() -> None:
    mlp = declaring((0.0, 67.1), (-3.0, 5.0), (0.078, 2.42))
    low, high = np.array([0.0, -3.0, 0.078]), np.array([67.1, 5.0, 2.42])
    inputs = inputs_of(mlp, *encoded_in(mlp, readings(mlp, 50)))
    reached = inputs.low + inputs.high / inputs.factor.astype(np.float64)
    beyond = (high - low) / 4
    assert (reached >= high + beyond).all()
    assert inputs.low[1] <= low[1] - beyond[1]
    assert (inputs.low[[0, 2]] == 0).all()


def test_whole_readings_are_exact_in_either_kind_of_steps() -> None:
    mlp = declaring((0.0, 67.0), (0.0, 250.0), (21.0, 81.0))
    rows = np.random.default_rng(0).integers(21, 67, (200, 3)).astype(np.float32)
    inputs = inputs_of(mlp, *encoded_in(mlp, rows))
    np.testing.assert_array_equal(inputs.back(inputs.integers(rows)), rows)


def test_steps_are_shorter_than_a_power_of_two_where_that_loses_less() -> None:
    mlp = declaring((0.0, 67.1))
    inputs = inputs_of(mlp, *encoded_in(mlp, readings(mlp, 500)))
    assert 1.5 * 2**17 < inputs.factor[0] < 2**18
    assert inputs.factor[0] % 1 == 0


def test_small_weights_get_longer_steps_until_both_lose_alike() -> None:
    weights = np.array([[1.0, 2.0**-12, 0.5]])
    step = np.full(3, 2.0**-24)
    spread = np.full(3, 1 / 12)
    by = longer(weights, spread, step)
    assert by[0] == 1
    assert 2**4 <= by[1] <= 2**8
    assert by[2] <= 2
    flags = longer(weights, spread, step, np.array([False, True, False]))
    assert flags[1] > by[1]


def test_a_step_is_made_longer_where_weights_gain_more() -> None:
    inputs = np.random.default_rng(0).integers(0, 2**24, (100, 4))
    finest = np.array([1.01, 1.01])
    step = np.array([2.0**10, 1.01 * 2**10])
    found = balanced(step, finest, inputs)
    np.testing.assert_allclose(found, [1.01 * 2**10, 1.01 * 2**10])
    alike = balanced(step, finest, np.zeros((2, 1), np.int64))
    np.testing.assert_array_equal(alike, step)
