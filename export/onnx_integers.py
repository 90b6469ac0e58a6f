"""The layers of a network in int8 as ONNX.

Every number of ``mlp_edge.integers.quantised`` is a tensor of the file, and each step of its
formulas one standard operator, so onnxruntime gives the arbiter's bits with its optimisations and
without. int16 and int24 are ``onnx_doubles.py``.
"""

from __future__ import annotations

from itertools import count

import numpy as np

from mlp_edge.export.onnx_graph import (
    GraphBuilder,
    clamped,
    joined,
    predictions,
    quantised_inputs,
    rounded,
)
from mlp_edge.integers.activation_tables import Table
from mlp_edge.integers.quantised import HIGHEST, IntegerLayer, Quantised
from mlp_edge.integers.requantise import scales
from mlp_edge.walk import walk

_ZERO = 128
"""The weight 0 as an uint8.

On x86 processors with AVX2 and no VNNI onnxruntime multiplies uint8 by int8 with an instruction
that adds two products in 16 bits: 255 * 127 twice come out as 32,767. uint8 by uint8 is exact.
"""


def network(build: GraphBuilder, quantised: Quantised, encoded: str) -> str:
    """Add the layers behind encoded inputs (N, width) float32; returns the predictions' name."""
    numbers = count(1)

    def step(layer: IntegerLayer, u: str, _: str | None) -> str:
        number = next(numbers)
        scope = f"layer{number}"
        copies = quantised.input_segments if number == 1 else 1
        sums = _sums(build, scope, layer, u, copies)
        if number == len(quantised.layers):
            return _added(build, scope, layer, sums)
        return _uint8(build, scope, layer, _requantised(build, scope, layer, sums))

    *_, activations = walk(
        quantised.layers, _inputs(build, quantised, encoded), step, lambda each: joined(build, each)
    )

    def read(activations: str) -> str:
        if quantised.table is None:
            return activations
        last = quantised.layers[-1]
        high = last.segments * last.high
        return _looked_up(build, "answers", quantised.table, high, activations, np.float32)

    return predictions(build, quantised, activations, read)


def _inputs(build: GraphBuilder, quantised: Quantised, encoded: str) -> str:
    """What goes into the first layer, uint8; wide inputs stand as many times as bytes hold them."""
    inputs, high = quantised.inputs, HIGHEST["int8"]
    u = quantised_inputs(build, inputs, encoded)
    segments = inputs.high // high
    if segments > 1:
        begins = np.repeat(np.arange(segments) * high, len(inputs.low)).astype(np.float32)
        copies = build.add("inputs/copies", "Concat", *segments * [u], axis=1)
        rest = build.add("inputs/rest", "Sub", copies, build.constant("inputs/begins", begins))
        u = clamped(build, "inputs/parts", rest, 0, high)
    return build.cast("inputs/integers", u, "UINT8")


def _sums(build: GraphBuilder, scope: str, layer: IntegerLayer, u: str, copies: int) -> str:
    """The sums of a layer, (N, outputs) int32; of one in segments (N, segments, outputs).

    Args:
        build: added to.
        scope: what the names of tensors begin with.
        layer: the layer.
        u: what goes in, uint8.
        copies: how often each input stands there, in segments.
    """
    numbers = np.tile(layer.weights.T + _ZERO, (copies, 1)).astype(np.uint8)
    weights = build.constant(f"{scope}/weights", numbers)
    zeros = [
        build.constant(f"{scope}/zero{number}", np.uint8(zero))
        for number, zero in enumerate((0, _ZERO))
    ]
    products = build.add(f"{scope}/products", "MatMulInteger", u, weights, *zeros)
    bias = layer.bias
    if layer.segments > 1:
        axis = build.constant(f"{scope}/axis", np.array([1], np.int64))
        products = build.add(f"{scope}/again", "Unsqueeze", products, axis)
        bias = layer.bias - np.arange(layer.segments)[:, None] * layer.offset
    return build.add(
        f"{scope}/sums", "Add", products, build.constant(f"{scope}/bias", bias.astype(np.int32))
    )


def _requantised(build: GraphBuilder, scope: str, layer: IntegerLayer, sums: str) -> str:
    """Sums requantised: integers in float32."""
    scale = build.constant(f"{scope}/scale", scales(layer.multiplier, layer.shift))
    floats = build.cast(f"{scope}/floats", sums, "FLOAT")
    return rounded(build, scope, build.add(f"{scope}/scaled", "Mul", floats, scale), layer.high)


def _added(build: GraphBuilder, scope: str, layer: IntegerLayer, sums: str) -> str:
    """The activations of the last layer's segments, added up; integers in float32."""
    activations = _requantised(build, scope, layer, sums)
    if layer.segments == 1:
        return activations
    return build.add(f"{scope}/total", "ReduceSum", activations, f"{scope}/axis", keepdims=0)


def _uint8(build: GraphBuilder, scope: str, layer: IntegerLayer, activations: str) -> str:
    """What goes on to the next layer."""
    if layer.table is None:
        return build.cast(f"{scope}/integers", activations, "UINT8")
    return _looked_up(build, scope, layer.table, layer.high, activations, np.uint8)


def _looked_up(
    build: GraphBuilder,
    scope: str,
    table: Table,
    high: int,
    activations: str,
    kind: type[np.generic],
) -> str:
    values = table.at(np.arange(high + 1)).astype(kind)
    index = build.cast(f"{scope}/index", activations, "INT32")
    return build.add(f"{scope}/values", "Gather", build.constant(f"{scope}/table", values), index)
