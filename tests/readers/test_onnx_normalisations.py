"""Normalisations and activations that converters write whole or as many operators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.onnx_files import B1, B2, RANDOM, W1, W2, Graph, check, f32, gemm, read, refused

GAMMA, BETA = (RANDOM.normal(1, 0.5, 5).astype(np.float32) for _ in range(2))
TWO, EPSILON = f32(2), f32(1e-3)


def layer_normalization(g: Graph) -> None:
    """One operator, from opset 17 on."""
    g.add("LayerNormalization", g.last, g.constant(GAMMA), g.constant(BETA), epsilon=1e-3)


def layer_normalization_without_beta(g: Graph) -> None:
    g.add("LayerNormalization", g.last, g.constant(GAMMA), epsilon=1e-3, axis=1)


def layer_normalization_of_torch(g: Graph) -> None:
    """As torch.onnx.export writes it before opset 17."""
    x = g.last
    apart = g.add("Sub", x, g.add("ReduceMean", x, axes=[-1]))
    g.add("ReduceMean", g.add("Pow", apart, g.constant(TWO)), axes=[-1])
    root = g.add("Sqrt", g.add("Add", g.last, g.constant(EPSILON)))
    g.add("Mul", g.add("Div", apart, root), g.constant(GAMMA))
    g.add("Add", g.last, g.constant(BETA))


def layer_normalization_of_keras(g: Graph) -> None:
    """As tf2onnx writes x inv + (beta - mean inv)."""
    x = g.last
    mean = g.add("ReduceMean", x, axes=[1], keepdims=1)
    apart = g.add("Sub", x, mean)
    g.add("ReduceMean", g.add("Mul", apart, apart), axes=[1], keepdims=1)
    g.add("Reciprocal", g.add("Sqrt", g.add("Add", g.last, g.constant(EPSILON))))
    inverse = g.add("Mul", g.last, g.constant(GAMMA[None]))
    one = g.add("Mul", x, inverse)
    other = g.add("Mul", g.add("Neg", mean), inverse)
    g.add("Add", one, g.add("Add", other, g.constant(BETA[None])))


def rms_normalization_of_torch(g: Graph) -> None:
    x = g.last
    g.add("ReduceMean", g.add("Pow", x, g.constant(TWO)), axes=[1], keepdims=1)
    g.add("Reciprocal", g.add("Sqrt", g.add("Add", g.last, g.constant(EPSILON))))
    g.add("Mul", g.add("Mul", x, g.last), g.constant(GAMMA))


def by_a_power(g: Graph) -> None:
    x = g.last
    g.add("ReduceMean", g.add("Mul", x, x), axes=[1], keepdims=1)
    g.add("Pow", g.add("Add", g.last, g.constant(EPSILON)), g.constant(f32(-0.5)))
    g.add("Mul", x, g.last)


def unit_length_of_torch(g: Graph) -> None:
    """F.normalize: the norm, no smaller than a number, spread to the width of the row."""
    x = g.last
    g.add("Clip", g.add("ReduceL2", x, axes=[1], keepdims=1), g.constant(f32(1e-12)))
    g.add("Div", x, g.add("Expand", g.last, g.add("Shape", x)))


def unit_length_of_keras(g: Graph) -> None:
    x = g.last
    g.add("ReduceSum", g.add("Mul", x, x), g.constant(np.array([-1])))
    g.add("Reciprocal", g.add("Sqrt", g.last))
    g.add("Mul", x, g.add("Min", g.last, g.constant(f32(1e12))))


def lp_normalization(g: Graph) -> None:
    g.add("LpNormalization", g.last)


def normalizer(g: Graph) -> None:
    g.add("Normalizer", g.last, domain="ai.onnx.ml", norm="L2")


def cosine(g: Graph) -> None:
    """Of two branches, as F.cosine_similarity."""
    one = g.last
    g.last = "x"
    gemm(g, -W1, B1)
    other, last = g.last, g.constant(np.array([1]))
    dot, *sizes = (g.add("ReduceSum", g.add("Mul", *pair), last)
                   for pair in ((one, other), (one, one), (other, other)))  # fmt: skip
    g.add("Max", g.add("Sqrt", g.add("Mul", *sizes)), g.constant(f32([1e-8])))
    g.add("Mul", one, g.add("Div", dot, g.last))


def mish(g: Graph) -> None:
    x = g.last
    g.add("Mul", x, g.add("Tanh", g.add("Softplus", x)))


def gelu_by_tanh(g: Graph) -> None:
    x = g.last
    g.add("Mul", g.add("Pow", x, g.constant(f32(3))), g.constant(f32(0.044715)))
    g.add("Mul", g.add("Add", x, g.last), g.constant(f32(np.sqrt(2 / np.pi))))
    gate = g.add("Add", g.add("Tanh", g.last), g.constant(f32(1)))
    g.add("Mul", g.add("Mul", x, g.constant(f32(0.5))), gate)


def gelu_by_tanh_whole(g: Graph) -> None:
    g.opset = 20
    g.add("Gelu", g.last, approximate="tanh")


def exponential(g: Graph) -> None:
    g.add("Exp", g.last)


def bell(g: Graph) -> None:
    x = g.last
    g.add("Exp", g.add("Neg", g.add("Mul", x, x)))


def square(g: Graph) -> None:
    g.add("Pow", g.add("Relu", g.last), g.constant(TWO))


def root(g: Graph) -> None:
    g.add("Sqrt", g.add("Add", g.add("Relu", g.last), g.constant(f32(1))))


def share(g: Graph) -> None:
    """1 / (1 + x ** 2)."""
    x = g.last
    g.add("Reciprocal", g.add("Add", g.add("Mul", x, x), g.constant(f32(1))))


def squares(g: Graph) -> None:
    """(x + 1) x, which is no activation."""
    x = g.last
    g.add("Mul", x, g.add("Add", x, g.constant(f32(1))))


BETWEEN: dict[str, Callable[[Graph], None]] = {
    each.__name__.replace("_", " "): each
    for each in (
        layer_normalization, layer_normalization_without_beta, layer_normalization_of_torch,
        layer_normalization_of_keras, rms_normalization_of_torch, by_a_power, unit_length_of_torch,
        unit_length_of_keras, lp_normalization, normalizer, cosine, mish, gelu_by_tanh,
        gelu_by_tanh_whole, exponential, bell, square, root, share, squares,
    )
}  # fmt: skip


def around(build: Callable[[Graph], None], last: bool) -> Graph:
    graph = Graph()
    gemm(graph, W1, B1)
    build(graph)
    if not last:
        gemm(graph, W2, B2)
    return graph


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("name", BETWEEN)
def test_it_is_read_as_it_computes(tmp_path: Path, name: str, last: bool) -> None:
    check(tmp_path / "m.onnx", around(BETWEEN[name], last).model())


@pytest.mark.parametrize(
    ("whole", "parts"),
    [(layer_normalization, layer_normalization_of_torch),
     (layer_normalization, layer_normalization_of_keras), (gelu_by_tanh_whole, gelu_by_tanh)],
)  # fmt: skip
def test_parts_come_to_the_layers_of_the_whole(
    tmp_path: Path, whole: Callable[[Graph], None], parts: Callable[[Graph], None]
) -> None:
    one, other = (read(tmp_path / "m.onnx", around(build, False).model()).mlp
                  for build in (whole, parts))  # fmt: skip
    assert [layer.activation for layer in one.layers] == [
        layer.activation for layer in other.layers
    ]
    for layer, same in zip(one.layers, other.layers, strict=True):
        assert np.allclose(layer.weights, same.weights, rtol=1e-6, atol=1e-7)


def test_a_block_in_front_of_which_it_is_normalised(tmp_path: Path) -> None:
    """A residual block as transformers have it: x + W gelu(V norm(x))."""
    graph = Graph()
    gemm(graph, W1, B1)
    before = graph.last
    layer_normalization(graph)
    for weights in (W1[:, :2].T @ W1[:, :3], W1[:3]):
        gemm(graph, weights if len(weights) == 3 else np.resize(W1, (5, 3)), weights[0])
        graph.add("Relu", graph.last)
    graph.add("Add", before, graph.last)
    layer_normalization_of_torch(graph)
    gemm(graph, W2, B2)
    check(tmp_path / "m.onnx", graph.model())


def test_norms_that_no_layer_computes_are_refused(tmp_path: Path) -> None:
    graph = Graph()
    gemm(graph, W1, B1)
    graph.add("LpNormalization", graph.last, p=1)
    assert "divides by the L1 norm; L2 would do" in refused(tmp_path / "m.onnx", graph.model())
    graph.nodes[-1].attribute[0].i = 2
    graph.add("ReduceL2", graph.last, axes=[1])
    assert "a square root of what may be 0" in refused(tmp_path / "m.onnx", graph.model())
