"""Directions that predictions keep: what is proved holds on every grid, to the bit where said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import graph
from support.networks import encoded, network, readings

from mlp_edge.errors import RecipeError
from mlp_edge.feature import Feature
from mlp_edge.integers.activation_tables import ActivationTable
from mlp_edge.integers.exponential import sigmoid
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.mlp import MONOTONE_ACTIVATIONS, SCALAR_ACTIVATIONS, Mlp, Rows
from mlp_edge.proof.c_replay import KERNELS, replay
from mlp_edge.proof.monotone import (
    NEVER_FALL,
    STEP_BACK,
    directions,
    float_steps_back,
    never_falls,
    of_integers,
    of_network,
    spelled,
)
from mlp_edge.quantise.network import quantise
from mlp_edge.reference import FORMULAS, predict

INNER = [name for name in NEVER_FALL if name not in ("linear", "exponential")]


def signed(
    widths: tuple[int, ...], activation: str, task: str = "regression", seed: int = 0
) -> Mlp:
    """A network that rises with its first reading, units of both directions inside."""
    mlp = network(widths, activation, task, seed=seed)  # type: ignore[arg-type]
    before, layers = np.array([1] + [0] * (widths[0] - 1)), []
    for layer in mlp.layers:
        units = np.arange(layer.outputs)
        after = np.ones(layer.outputs) if layer is mlp.layers[-1] else np.where(units % 2, -1, 1)
        signs = np.outer(after, before)
        weights = np.where(signs == 0, layer.weights, np.abs(layer.weights) * signs)
        layers.append(replace(layer, weights=weights.astype(np.float32)))
        before = after
    return replace(mlp, layers=tuple(layers))


def grid(mlp: Mlp, column: int, rows: int = 8, points: int = 2000) -> Rows:
    """(rows, points, inputs): some rows, one of their readings from far below to far above."""
    found = np.repeat(readings(mlp, rows)[:, None], points, axis=1)
    feature = mlp.features[column]
    assert feature.low is not None
    assert feature.high is not None
    width = feature.high - feature.low
    found[:, :, column] = np.linspace(feature.low - width, feature.high + width, points)
    return found


def falls(predictions: np.ndarray, rows: Rows) -> np.ndarray:
    """The largest fall of every output along a grid."""
    along = predictions.astype(np.float64).reshape(*rows.shape[:2], -1)
    return np.maximum(0, (np.maximum.accumulate(along, axis=1) - along).max(axis=(0, 1)))


# Settings


def test_directions_are_read_from_texts_and_from_a_mapping() -> None:
    wanted = {"age": 1, "a=b": -1}
    assert directions(("age=+", "a=b=-", "age=+")) == wanted
    assert directions({"age": "+", "a=b": "-"}) == wanted
    assert spelled(wanted) == ("age=+", "a=b=-")


@pytest.mark.parametrize("text", ["age", "age=", "age=up", "=+", "+"])
def test_what_is_no_direction_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match=r"`monotone` takes COLUMN=\+ .* got "):
        directions([text])


def test_two_directions_of_one_column_are_refused() -> None:
    with pytest.raises(RecipeError, match="gives 'age' both"):
        directions(["age=+", "age=-"])


# Activations


def test_the_monotone_activations_are_those_that_never_fall() -> None:
    z = np.linspace(-20, 20, 100_001)
    rising = [name for name in SCALAR_ACTIVATIONS if (np.diff(FORMULAS[name](z)) >= 0).all()]
    assert set(MONOTONE_ACTIVATIONS) == set(rising)


def stretches() -> list[np.ndarray]:
    """Neighbouring floats, 2^15 at a time: around 0, at every second exponent, near the kinks."""
    starts = [
        bits
        for exponent in range(96, 133, 2)
        for bits in (exponent << 23, 0x80000000 | exponent << 23)
    ]
    starts += [int(np.float32(x).view(np.uint32)) for x in (0.34657359, 87.0, 64.0, 3.0, 1.0971)]
    starts += [0x80000000 | start for start in starts[-5:]]
    return [
        np.sort((start + np.arange(-(2**14), 2**14)).astype(np.uint32).view(np.float32))
        for start in starts
    ]  # fmt: skip


@pytest.mark.parametrize("name", MONOTONE_ACTIVATIONS)
def test_a_kernel_falls_from_float_to_float_only_where_that_is_said(name: str) -> None:
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        values = [KERNELS[name](z[:, None])[:, 0].astype(np.float64) for z in stretches()]
    deepest = max(float((np.maximum.accumulate(each) - each).max()) for each in values)
    if name in NEVER_FALL:
        assert deepest == 0
    elif name == "sigmoid":
        assert 0 < deepest <= STEP_BACK
    else:
        assert deepest > 0  # or it belongs to those that never do


def test_a_sigmoid_by_exponentials_steps_back_no_further() -> None:
    around = np.arange(-4 << 24, (-4 << 24) + 2**21)
    values = sigmoid(around, 24).astype(np.float64)
    deepest = (np.maximum.accumulate(values) - values).max()
    assert 0 < deepest <= STEP_BACK


def test_a_table_is_tried_at_every_integer() -> None:
    points = np.array([0, 5, 5, 9], np.int64)
    assert never_falls(ActivationTable(points, 2), 11)
    assert never_falls(None, 11)
    points = np.array([0, 5, 4, 9], np.int64)
    assert not never_falls(ActivationTable(points, 2), 11)
    assert never_falls(ActivationTable(points, 2), 4)


# What is proved


@settings(max_examples=60)
@given(st.integers(0, 2**16), st.sampled_from(MONOTONE_ACTIVATIONS[:-1]), st.integers(0, 2))
def test_what_signs_prove_holds_on_a_grid(seed: int, activation: str, column: int) -> None:
    """Of networks with weights of any sign, few enough of them that some are proved."""
    random = np.random.default_rng(seed)
    mlp = network((3, 2, 2, 1), activation, "binary", seed=seed)
    layers = [
        replace(layer, weights=np.where(random.random(layer.weights.shape) < 0.4, 0, layer.weights))
        for layer in mlp.layers
    ]
    mlp = replace(mlp, layers=tuple(layers))
    rows = grid(mlp, column, points=300)
    predictions = predict(mlp, rows.reshape(-1, 3).astype(np.float64))
    moves = of_network(mlp, column)
    if moves.hold(1):
        assert falls(predictions, rows) <= 1e-15
    if moves.hold(-1):
        assert falls(-predictions, rows) <= 1e-15


@pytest.mark.parametrize("task", ["regression", "binary"])
@pytest.mark.parametrize("activation", MONOTONE_ACTIVATIONS[:-1])
def test_a_constrained_network_is_proved_and_any_wrong_weight_disproves_it(
    activation: str, task: str
) -> None:
    mlp = signed((3, 6, 4, 1), activation, task)
    moves = of_network(mlp, 0)
    assert moves.hold(1)
    assert not moves.hold(-1)
    assert not of_network(mlp, 1).hold(1)
    for number, layer in enumerate(mlp.layers):
        unit, source = layer.outputs - 1, 0
        weights = layer.weights.copy()
        weights[unit, source] *= -1
        layers = list(mlp.layers)
        layers[number] = replace(layer, weights=weights)
        assert not of_network(replace(mlp, layers=tuple(layers)), 0).hold(1)


def test_activations_that_fall_prove_nothing_but_of_what_does_not_move() -> None:
    for name in sorted(set(SCALAR_ACTIVATIONS) - set(MONOTONE_ACTIVATIONS)):
        assert not of_network(signed((2, 3, 1), name), 0).hold(1)
    mlp = signed((2, 3, 1), "silu")
    still = replace(mlp.layers[0], weights=mlp.layers[0].weights * np.float32([0, 1]))
    assert of_network(replace(mlp, layers=(still, mlp.layers[1])), 0).hold(1)


def test_no_probability_of_several_classes_is_proved() -> None:
    assert not of_network(network((2, 3, 3), task="multiclass"), 0).hold(1)


def test_every_target_has_to_follow() -> None:
    mlp = signed((2, 4, 2), "relu")
    assert of_network(mlp, 0).hold(1)
    last = mlp.layers[-1]
    turned = replace(last, weights=last.weights * np.float32([[1], [-1]]))
    assert not of_network(replace(mlp, layers=(mlp.layers[0], turned)), 0).hold(1)


def test_a_number_moves_its_own_input_alone() -> None:
    """Neither the indicator of the same column nor a category."""
    features = (
        Feature("size", 0.0, 9.0, fill=3.0, indicator=True),
        Feature("kind", categories=("a", "b"), codes=(0, 1)),
    )
    mlp = encoded(features, hidden=(2,))
    first = replace(mlp.layers[0], weights=np.float32([[1, -1, 2, -2], [3, 1, -1, 1]]))
    last = replace(mlp.layers[1], weights=np.abs(mlp.layers[1].weights))
    assert of_network(replace(mlp, layers=(first, last)), 0).hold(1)


@settings(max_examples=40)
@given(st.integers(0, 2**16))
def test_what_is_proved_of_a_graph_holds_on_a_grid(seed: int) -> None:
    mlp = graph(seed)
    for column in range(mlp.inputs):
        moves = of_network(mlp, column)
        if moves.hold(1) or moves.hold(-1):
            rows = grid(mlp, column, rows=3, points=100)
            with np.errstate(all="ignore"):
                predictions = predict(mlp, rows.reshape(-1, mlp.inputs).astype(np.float64))
            finite = np.nan_to_num(predictions * (1 if moves.hold(1) else -1))
            assert (falls(finite, rows) <= 1e-12 * np.abs(finite).max(axis=0)).all()


# To the bit


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("activation", INNER)
def test_a_header_in_float32_never_falls_to_the_bit(activation: str, fused: bool) -> None:
    mlp = signed((3, 6, 4, 1), activation)
    assert float_steps_back(mlp, 0, 1) == 0
    neighbours = readings(mlp, 8)[:, None].repeat(500, axis=1)
    neighbours[:, :, 0] = (
        np.ascontiguousarray(neighbours[:, :, 0]).view(np.int32) + np.arange(500, dtype=np.int32)
    ).view(np.float32)
    for rows in (grid(mlp, 0), np.sort(neighbours, axis=1)):
        assert falls(replay(mlp, rows.reshape(-1, 3), fused), rows) == 0
    assert float_steps_back(mlp, 0, -1) is None


def test_a_sigmoid_that_predicts_steps_back_by_no_more_than_is_said() -> None:
    mlp = signed((3, 6, 4, 1), "relu", "binary")
    assert float_steps_back(mlp, 0, 1) == STEP_BACK
    rows = grid(mlp, 0, points=20_000)
    assert 0 <= falls(replay(mlp, rows.reshape(-1, 3)), rows) <= STEP_BACK
    assert float_steps_back(signed((3, 6, 1), "sigmoid", "binary"), 0, 1) is None
    assert float_steps_back(signed((3, 6, 1), "softplus"), 0, 1) is None


@pytest.mark.parametrize("dtype", ["int8", "int16", "int24"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "leaky_relu"])
@pytest.mark.parametrize("task", ["regression", "binary"])
def test_integers_never_fall_to_the_bit(task: str, activation: str, dtype: str) -> None:
    mlp = signed((3, 6, 4, 1), activation, task)
    quantised = quantise(mlp, readings(mlp, 300), dtype)
    moves = of_integers(mlp.encoding, quantised, 0)
    assert moves.by_signs.hold(1)
    assert not moves.by_signs.hold(-1)
    assert moves.step_back == (STEP_BACK if (task, dtype) == ("binary", "int24") else 0)
    if dtype != "int24":
        assert moves.to_the_bit.hold(1)
    if moves.to_the_bit.hold(1):
        rows = grid(mlp, 0)
        fall = falls(predict_quantised(mlp, quantised, rows.reshape(-1, 3)), rows)
        assert fall <= moves.step_back


def test_a_wrong_weight_disproves_integers() -> None:
    mlp = signed((3, 6, 4, 1), "relu")
    quantised = quantise(mlp, readings(mlp, 300), "int8")
    for number, layer in enumerate(quantised.layers):
        weights = layer.weights.copy()
        unit, source = np.argwhere(weights != 0)[0] if number else (0, 0)
        weights[unit, source] *= -1
        layers = list(quantised.layers)
        layers[number] = replace(layer, weights=weights)
        moved = of_integers(mlp.encoding, replace(quantised, layers=tuple(layers)), 0)
        assert not moved.by_signs.hold(1)
