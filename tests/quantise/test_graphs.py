"""Graphs of dense layers in integers: near the network, written and read, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.graphs import Layers, graph, residual
from support.networks import network, readings

from mlp_edge.errors import ModelError
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.integers.quantised_file import QuantisationParameters
from mlp_edge.mlp import Mlp
from mlp_edge.quantise.judge import layer_errors
from mlp_edge.quantise.network import make, quantise
from mlp_edge.reference import predict

SEEDS = range(25)


def off(mlp: Mlp, dtype: str) -> float:
    """The mean error, as a share of what the predictions span."""
    rows = readings(mlp, 300)
    exact = predict(mlp, rows)
    span = np.maximum(np.ptp(exact, axis=0), 1e-6)
    return float(
        (np.abs(predict_quantised(mlp, quantise(mlp, rows, dtype), rows) - exact) / span).mean()
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_integers_are_near(seed: int) -> None:
    mlp = graph(seed, integers=True)
    assert off(mlp, "int8") < 0.05
    assert off(mlp, "int16") < 0.002


def test_a_residual_network_is_near() -> None:
    assert off(residual(), "int8") < 0.02
    assert off(residual(), "int16") < 2e-4


def test_what_is_0_stays_0() -> None:
    mlp = residual()
    quantised = quantise(mlp, readings(mlp, 200), "int8")
    for dense, layer in zip(mlp.layers, quantised.layers, strict=True):
        assert layer.reads == dense.reads
        if dense.diagonals is not None:
            assert not layer.weights[dense.weights == 0].any()


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("seed", range(5))
def test_the_file_gives_the_same_network(seed: int, dtype: str) -> None:
    mlp = graph(seed, integers=True)
    rows = readings(mlp, 100)
    made = quantise(mlp, rows, dtype)
    text = QuantisationParameters(made, mlp.weights_sha256, "", {}).to_json()
    again = QuantisationParameters.from_json(text, "n.json")
    again.check(mlp, "n.json")
    assert (
        predict_quantised(mlp, again.quantised, rows) == predict_quantised(mlp, made, rows)
    ).all()


def test_the_file_of_other_wires_is_refused() -> None:
    mlp = residual()
    made = QuantisationParameters(
        quantise(mlp, readings(mlp, 100), "int8"), mlp.weights_sha256, "", {}
    )
    layers = tuple(replace(layer, reads=layer.reads[::-1]) for layer in made.quantised.layers)
    swapped = made._replace(quantised=replace(made.quantised, layers=layers))
    with pytest.raises(ModelError, match="another network"):
        swapped.check(mlp, "n.json")


def test_each_layer_alone_does_less_than_all() -> None:
    mlp = residual()
    rows = readings(mlp, 200)
    errors = layer_errors(mlp, make(mlp, rows, "int8"), rows)
    assert len(errors) == len(mlp.layers)
    assert 0 < max(errors) < 0.3


def gated(made: Layers) -> Mlp:
    gate = made.dense(4, "sigmoid", 0)
    made.dense(1, "linear", made.dense(4, "linear", 0, times=gate))
    return made.mlp()


def hidden_softmax(made: Layers) -> Mlp:
    made.dense(1, "linear", made.dense(4, "softmax", 0))
    return made.mlp()


def two_heads(made: Layers) -> Mlp:
    hidden = made.dense(4, "relu", 0)
    heads = made.dense(1, "linear", hidden), made.dense(2, "softmax", hidden)
    return made.mlp(heads=heads)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (gated, "layer 2 multiplies two values, which int8 has no integers for"),
        (hidden_softmax, "layer 1 is softmax, which int8 has no integers for there"),
        (two_heads, "int8 predicts by one layer, and this network by 2"),
    ],
)
def test_what_has_no_integers(build: Any, said: str) -> None:
    mlp = build(Layers(3))
    with pytest.raises(ModelError) as caught:
        quantise(mlp, readings(mlp, 20), "int8")
    assert str(caught.value).startswith(said)
    assert "`dtype='float32'` would do" in str(caught.value)


def test_a_chain_is_quantised_as_before() -> None:
    """A chain that names what it reads gives the same integers."""
    mlp = network((4, 9, 6, 2), "tanh", "regression")
    named = replace(mlp, layers=tuple(
        replace(layer, reads=(number,)) for number, layer in enumerate(mlp.layers)
    ))  # fmt: skip
    rows = readings(mlp, 80)
    for dtype in ("int8", "int16"):
        one, other = (
            predict_quantised(each, quantise(each, rows, dtype), rows) for each in (mlp, named)
        )
        assert (one == other).all()
