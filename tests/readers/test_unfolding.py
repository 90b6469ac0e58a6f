"""The bound of the steps holds for what computes them in float32, as Keras and others do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.onnx_files import Graph
from support.onnx_files import dense as onnx_dense

from mlp_edge.mlp import Floats, Mlp
from mlp_edge.proof.accuracy import MLAS
from mlp_edge.proof.bound import bound
from mlp_edge.readers.assembling.assembly import Assembly, Layers
from mlp_edge.readers.assembling.unfolding import Unfolded, unfolded
from mlp_edge.readers.importing.imported import named
from mlp_edge.readers.importing.opening import read_foreign
from mlp_edge.reference import Doubles, distance, predict
from mlp_edge.runtime.onnxruntime import session_of

RANDOM = np.random.default_rng(8)
W1, W2 = (RANDOM.normal(size=shape).astype(np.float32) for shape in ((6, 3), (2, 6)))
B1, B2 = (RANDOM.normal(size=size).astype(np.float32) for size in (6, 2))
MEAN, VARIANCE, GAMMA, BETA = (
    each.astype(np.float32)
    for each in (RANDOM.normal(9, 3, 6), RANDOM.uniform(0.5, 3, 6), RANDOM.uniform(0.5, 2, 6),
                 RANDOM.normal(size=6))
)  # fmt: skip
EPSILON = np.float32(1e-3)
ROWS = RANDOM.normal(4, 3, (200, 3)).astype(np.float32)
ROOM = 60
"""How much larger than the largest error a bound may be."""


def doubles(array: Floats) -> Doubles:
    return array.astype(np.float64)


def networks(layers: Layers) -> tuple[Mlp, Mlp, Unfolded]:
    """The network, its steps as one, and the steps."""
    mlp = named(Path("net.h5"), layers)
    assert layers.steps is not None
    steps = layers.steps()
    assert steps is not None
    return mlp, replace(mlp, scaling=None, layers=steps.layers, heads=steps.heads), steps


def check(layers: Layers, computed: Floats) -> None:
    """What was computed in float32 is within the bound of the steps, and not of the network."""
    _, stepwise, steps = networks(layers)
    assert computed.dtype == np.float32
    off = distance(doubles(computed), predict(stepwise, ROWS))
    allowed = bound(stepwise, ROWS, slacks=steps.slacks)
    assert (off <= allowed).all()
    assert (allowed.max(axis=0) < ROOM * off.max(axis=0)).all()


def dense(x: Floats, weights: Floats, bias: Floats) -> Floats:
    return x @ weights.T + bias


def rsqrt(x: Floats) -> Floats:
    """As far off as TensorFlow's on some CPUs."""
    return (1 / np.sqrt(doubles(x)) * (1 + 3.17 * 2.0**-24)).astype(np.float32)


@pytest.mark.parametrize("before", [True, False])
def test_a_batch_normalization_as_keras_computes_it(before: bool) -> None:
    graph = Assembly()
    value = graph.dense(graph.given(3), doubles(W1), doubles(B1), "first")
    value = value if before else graph.activated(value, "relu", "first")
    arrays = (doubles(each) for each in (MEAN, VARIANCE, GAMMA, BETA))
    value = graph.batch_normalised(value, *arrays, float(EPSILON), "bn")
    value = graph.activated(value, "relu", "relu") if before else value
    layers = graph.finished([graph.dense(value, doubles(W2), doubles(B2), "last")], "last")
    x = dense(ROWS, W1, B1)
    inverse = rsqrt(VARIANCE + EPSILON) * GAMMA
    if before:
        x = np.maximum(x * inverse + (BETA - MEAN * inverse), 0)
    else:
        x = np.maximum(x, 0) * inverse + (BETA - MEAN * inverse)
    check(layers, dense(x, W2, B2))
    mlp, _, _ = networks(layers)
    assert len(mlp.layers) == 2


def test_a_normalization_before_the_first_layer() -> None:
    graph = Assembly()
    mean, std = np.array([40, 4, 0.4], np.float32), np.array([0.3, 3, 7], np.float32)
    value = graph.standardised(graph.given(3), doubles(mean), doubles(std), "normalization")
    layers = graph.finished([graph.dense(value, doubles(W1), doubles(B1), "first")], "first")
    check(layers, dense((ROWS - mean) / std, W1, B1))


def test_a_layer_normalization_as_keras_computes_it() -> None:
    graph = Assembly()
    value = graph.dense(graph.given(3), doubles(W1), doubles(B1), "first")
    value = graph.normalised(value, doubles(GAMMA), doubles(BETA), float(EPSILON), True, "ln")
    layers = graph.finished([graph.dense(value, doubles(W2), doubles(B2), "last")], "last")
    x = dense(ROWS, W1, B1)
    mean = x.mean(axis=1, keepdims=True)
    variance = np.square(x - mean).mean(axis=1, keepdims=True)
    inverse = rsqrt(variance + EPSILON) * GAMMA
    check(layers, dense(x * inverse + (-mean * inverse + BETA), W2, B2))


def test_weights_in_float64_are_rounded_by_the_reading_alone() -> None:
    graph = Assembly()
    weights = RANDOM.normal(size=(2, 3))
    layers = graph.finished([graph.dense(graph.given(3), weights, np.zeros(2), "only")], "only")
    _, stepwise, steps = networks(layers)
    off = distance(doubles(ROWS) @ weights.T, predict(stepwise, ROWS))
    assert (off <= bound(stepwise, ROWS, slacks=steps.slacks)).all()
    assert steps.slacks.keys() == {1}


def test_nothing_is_derived_of_a_graph_too_large_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlp_edge.readers.assembling.unfolding.MOST_WEIGHTS", 20)
    graph = Assembly()
    first = graph.given(3)
    last = graph.dense(first, doubles(W1), doubles(B1), "first")
    assert unfolded([first], [last]) is not None
    assert unfolded([first], [graph.dense(last, doubles(W2), doubles(B2), "last")]) is None


# Graphs of ONNX, node by node


def several(*shape: int) -> Floats:
    return np.asarray(RANDOM.normal(size=shape), np.float32)


def scaled_twice(graph: Graph) -> None:
    for operator, size in (("Mul", 1), ("Add", 100), ("Mul", 1), ("Sub", 100)):
        graph.add(operator, several(3) * np.float32(size))


def standardised(graph: Graph) -> None:
    graph.add("Sub", several(3) * np.float32(100))
    graph.add("Div", several(3))


def batch_normalised(graph: Graph) -> None:
    scale, variance = np.abs(several(6)), np.abs(several(6))
    graph.add("BatchNormalization", scale, several(6), several(6) * np.float32(50), variance)


def leaky(graph: Graph) -> None:
    graph.add("LeakyRelu", alpha=0.3)


def nothing(graph: Graph) -> None:
    pass


NODES: dict[str, tuple[Callable[[Graph], None], Callable[[Graph], None]]] = {
    "a bias that is added": (nothing, nothing),
    "a difference and a quotient": (standardised, nothing),
    "constants that cancel": (scaled_twice, nothing),
    "a batch normalisation": (nothing, batch_normalised),
    "a slope below 0": (nothing, leaky),
}


@pytest.mark.parametrize("name", NODES)
def test_a_graph_of_onnx_runtime_rounds_no_more_than_its_steps(tmp_path: Path, name: str) -> None:
    graph, (front, behind) = Graph(), NODES[name]
    front(graph)
    onnx_dense(graph, W1.T, B1)
    behind(graph)
    graph.add("Relu")
    onnx_dense(graph, W2.T, B2)
    content = graph.model(("n", 3)).SerializeToString()
    (tmp_path / "m.onnx").write_bytes(content)
    found = read_foreign(tmp_path / "m.onnx")
    steps = found.steps
    assert steps is not None
    [answer] = session_of(content, as_written=True).run(None, {"x": ROWS})
    off = distance(doubles(answer), predict(steps.mlp, ROWS))
    assert (off <= bound(steps.mlp, ROWS, MLAS, steps.slacks)).all()
    apart = distance(predict(steps.mlp, ROWS), predict(found.mlp, ROWS))
    assert (apart <= steps.allowed(found.mlp, ROWS, MLAS)).all()


def test_operators_that_are_recognised_as_one_have_no_steps(tmp_path: Path) -> None:
    graph = Graph()
    onnx_dense(graph, W1.T, B1)
    before = graph.last
    graph.add("Mul", before, graph.add("Sigmoid"))
    onnx_dense(graph, W2.T, B2)
    (tmp_path / "m.onnx").write_bytes(graph.model(("n", 3)).SerializeToString())
    assert read_foreign(tmp_path / "m.onnx").steps is None
