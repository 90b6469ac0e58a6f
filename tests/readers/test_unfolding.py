"""The bound of the steps holds for what computes them in float32, as Keras and others do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlp_edge.mlp import Floats, Mlp
from mlp_edge.proof.bound import bound
from mlp_edge.readers.assembling.assembly import Assembly, Layers
from mlp_edge.readers.assembling.unfolding import Unfolded, unfolded
from mlp_edge.readers.importing.imported import named
from mlp_edge.reference import Doubles, distance, predict

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
