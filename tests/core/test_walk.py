"""Graphs of dense layers: the walk, what is refused, and the exact predictions by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.graphs import graph as random_graph
from support.networks import network, readings

from mlp_edge.errors import ModelError
from mlp_edge.mlp import Dense, Mlp
from mlp_edge.proof.c_replay import replay
from mlp_edge.reference import predict, trace
from mlp_edge.walk import is_chain, readers, walk


def layer(
    outputs: int, inputs: int, activation: str = "linear", seed: int = 0, **wires: Any
) -> Dense:
    random = np.random.default_rng(seed)
    weights = random.uniform(-1, 1, (outputs, inputs)).astype(np.float32)
    return Dense(weights, random.uniform(-1, 1, outputs).astype(np.float32), activation, **wires)


def graph(*layers: Dense, heads: tuple[int, ...] = (), outputs: int = 1) -> Mlp:
    """A regression of two readings, not scaled."""
    blank = network((2, outputs), task="regression", standardised=False)
    return replace(blank, layers=layers, heads=heads)


SKIP = graph(
    layer(3, 2, "tanh", 1),
    layer(3, 3, "relu", 2),
    layer(1, 6, reads=(1, 2), seed=3),
)
GATED = graph(layer(3, 2, "sigmoid", 1), layer(3, 2, "tanh", 2, reads=(0,), times=1), layer(1, 3))
ONE_GATE = graph(layer(1, 2, "sigmoid", 1), layer(4, 2, seed=2, reads=(0,), times=1), layer(1, 4))
HEADS = graph(
    layer(4, 2, "relu", 1),
    layer(2, 4, "softmax", 2),
    layer(1, 4, seed=3, reads=(1,)),
    heads=(3, 2),
    outputs=3,
)
ROWS = np.random.default_rng(5).uniform(-2, 2, (50, 2)).astype(np.float32)


def sums(of: Dense, x: np.ndarray) -> np.ndarray:
    return x @ of.weights.astype(np.float64).T + of.bias


def test_a_skip_connection_by_hand() -> None:
    first, second, last = SKIP.layers
    x = ROWS.astype(np.float64)
    one = np.tanh(sums(first, x))
    two = np.maximum(sums(second, one), 0)
    assert np.allclose(predict(SKIP, ROWS), sums(last, np.hstack([one, two])), rtol=1e-14)


@pytest.mark.parametrize("mlp", [GATED, ONE_GATE], ids=["each unit", "one for all"])
def test_a_gate_by_hand(mlp: Mlp) -> None:
    gate, gated, last = mlp.layers
    x = ROWS.astype(np.float64)
    opened = 1 / (1 + np.exp(-sums(gate, x)))
    value = sums(gated, x) if gated.activation == "linear" else np.tanh(sums(gated, x))
    assert np.allclose(predict(mlp, ROWS), sums(last, value * opened), rtol=1e-13)


def test_heads_stand_in_the_order_named() -> None:
    values = [value for _, value in trace(HEADS, ROWS)]
    assert (predict(HEADS, ROWS) == np.hstack([values[2], values[1]])).all()
    assert HEADS.outputs == 3
    assert [head.outputs for head in HEADS.head_layers] == [1, 2]


@pytest.mark.parametrize(
    "mlp", [SKIP, GATED, ONE_GATE, HEADS], ids=["skip", "gate", "one", "heads"]
)
def test_float32_follows_the_same_wires(mlp: Mlp) -> None:
    assert np.allclose(replay(mlp, ROWS), predict(mlp, ROWS), atol=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_float32_follows_any_wires(seed: int) -> None:
    mlp = random_graph(seed)
    rows = readings(mlp, 20)
    assert np.allclose(replay(mlp, rows), predict(mlp, rows), rtol=1e-5, atol=1e-5)


def test_a_chain_names_nothing() -> None:
    chain = network((2, 3, 1))
    named = replace(chain, layers=(replace(chain.layers[0], reads=(0,)), chain.layers[1]))
    assert chain.is_chain
    assert named.is_chain
    assert named.weights_sha256 == chain.weights_sha256
    assert not is_chain(SKIP.layers)
    assert not is_chain(chain.layers, (1,))


def test_the_hash_covers_the_wires() -> None:
    swapped = replace(SKIP, layers=(*SKIP.layers[:2], replace(SKIP.layers[2], reads=(2, 1))))
    assert swapped.weights_sha256 != SKIP.weights_sha256
    beside = replace(GATED.layers[1], times=None)
    apart = replace(GATED, layers=(GATED.layers[0], beside, layer(1, 6, reads=(1, 2))))
    assert apart.weights_sha256 != GATED.weights_sha256


def test_who_reads_a_value() -> None:
    assert readers(SKIP.layers, 1) == [2, 3]
    assert readers(GATED.layers, 1) == [2]
    assert readers(GATED.layers, 0) == [1, 2]


def test_values_are_let_go() -> None:
    held: list[int] = []

    class Value:
        def __init__(self) -> None:
            held.append(1)

        def __del__(self) -> None:
            held.pop()

    chain = network((2, *[2] * 20, 1)).layers
    for _ in walk(chain, Value(), lambda *_: Value(), lambda values: values[0]):
        assert len(held) <= 3


@pytest.mark.parametrize(
    ("layers", "heads", "said"),
    [
        ((layer(3, 2), layer(1, 4)), (), "layer 2 takes 4 inputs but is given 3"),
        ((layer(3, 2), layer(1, 3, reads=(2,))), (), "layer 2 reads value 2, which is not before"),
        ((layer(3, 2), layer(1, 3, reads=(-1,))), (), "layer 2 reads value -1"),
        ((layer(3, 2), layer(2, 3, times=1), layer(1, 2)), (), "multiplies 2 units by 3"),
        ((layer(3, 2), layer(1, 2, reads=(0,))), (), "nothing reads layer 1"),
        ((layer(3, 2), layer(1, 3)), (1, 2), "layer 1 is a head and read by layer 2"),
        ((layer(3, 2), layer(1, 3)), (3,), "the heads (3,)"),
        ((layer(3, 2), layer(1, 3)), (2, 2), "the heads (2, 2)"),
        ((layer(3, 2), layer(1, 3)), (0,), "the heads (0,)"),
    ],
)
def test_layers_that_do_not_fit(
    layers: tuple[Dense, ...], heads: tuple[int, ...], said: str
) -> None:
    with pytest.raises(ModelError) as caught:
        graph(*layers, heads=heads)
    assert said in str(caught.value)


def diagonal(*rows: list[float]) -> Dense:
    weights = np.hstack([np.diag(np.array(row, np.float32)) for row in rows])
    return Dense(weights, np.zeros(len(rows[0]), np.float32), "linear")


def test_diagonals_are_found() -> None:
    found = diagonal([1, 1, 1], [2, 0, -1]).diagonals
    assert found is not None
    assert found.tolist() == [[1, 1, 1], [2, 0, -1]]
    full = diagonal([1, 1, 1], [2, 0, -1])
    full.weights[0, 1] = 1e-30
    assert full.diagonals is None
    assert layer(1, 4).diagonals is None
    assert layer(2, 3).diagonals is None
