"""The layers of a network in int8 as ONNX: integers that float32 holds.

A float32 number is an integer's exact value up to 2^24. Where no partial sum of a layer goes
beyond, a Gemm in float32 adds its integers up exactly, in whatever order, and faster than
onnxruntime's kernels for bytes do. Sums of a layer that may go beyond are added up in float64 and
rounded to float32 once, as the formulas of ``mlp_edge.integers.requantise`` have it. The file holds
weights and tables as bytes and the like; runtimes work the rest out once, as they load it. int16
and int24 are ``onnx_doubles.py``.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np

from mlp_edge.export.onnx_graph import (
    GraphBuilder,
    joined,
    predictions,
    quantised_inputs,
    rounded,
    without_nan,
)
from mlp_edge.integers.activation_tables import Table
from mlp_edge.integers.quantised import EXACT, IntegerLayer, Quantised
from mlp_edge.integers.requantise import scales
from mlp_edge.walk import walk


def network(build: GraphBuilder, quantised: Quantised, encoded: str, guarded: bool) -> str:
    """Add the layers behind encoded inputs; see ``onnx_doubles.network``."""
    numbers, last = count(1), quantised.layers[-1]
    later = quantised.table is None and last.outputs == 1  # segments are added up with the step
    if guarded:
        encoded = without_nan(build, quantised, encoded)

    def step(layer: IntegerLayer, u: str, _: str | None) -> str:
        number = next(numbers)
        scope = f"layer{number}"
        sums = _sums(build, scope, layer, u, quantised.largest[number - 1])
        activations = _requantised(build, scope, layer, sums)
        if layer.segments > 1 and not later:
            activations = _added(build, scope, layer, activations)
        table = f"{scope}/table"
        return _looked_up(build, table, layer.table, layer.high, activations, layer.outputs)

    *_, activations = walk(
        quantised.layers,
        quantised_inputs(build, quantised.inputs, encoded),
        step,
        lambda values: joined(build, values),
    )

    def read(activations: str) -> str:
        high = last.segments * last.high
        return _looked_up(build, "answers/table", quantised.table, high, activations, last.outputs)

    return predictions(build, quantised, activations, read, last.segments if later else 1)


def _sums(build: GraphBuilder, scope: str, layer: IntegerLayer, u: str, largest: int) -> str:
    """The sums of a layer, float32: those of ``_segments`` in one with several.

    Args:
        build: added to.
        scope: what the names of tensors begin with.
        layer: the layer.
        u: what goes in, (N, inputs) float32.
        largest: the largest integer of ``u``.
    """
    exact = (layer.size(largest) <= EXACT).all()
    kind = np.float32 if exact else np.float64
    weights = build.held(f"{scope}/weights", layer.weights.T.astype(np.int8), kind)
    bias = build.held(f"{scope}/bias", layer.bias.astype(np.int32), kind)
    if not exact:
        u = build.cast(f"{scope}/inputs", u, "DOUBLE")
    sums = build.add(f"{scope}/sums", "Gemm", u, weights, bias)
    if layer.segments > 1:
        sums = _segments(build, scope, layer, sums, kind)
    return sums if exact else build.cast(f"{scope}/floats", sums, "FLOAT")


def _segments(
    build: GraphBuilder, scope: str, layer: IntegerLayer, sums: str, kind: type[np.floating[Any]]
) -> str:
    """What each segment requantises: (N, segments, outputs), or (N, segments) of one output."""
    offsets = np.arange(layer.segments)[:, None] * layer.offset
    if layer.outputs == 1:
        offsets = offsets.T
    else:
        axis = build.constant(f"{scope}/axis", np.array([1], np.int64))
        sums = build.add(f"{scope}/again", "Unsqueeze", sums, axis)
    held = build.constant(f"{scope}/offsets", offsets.astype(kind))
    return build.add(f"{scope}/segments", "Sub", sums, held)


def _requantised(build: GraphBuilder, scope: str, layer: IntegerLayer, sums: str) -> str:
    """The quantised activations of ``_sums``; integers in float32."""
    scale = build.constant(f"{scope}/scale", scales(layer.multiplier, layer.shift))
    scaled = build.add(f"{scope}/scaled", "Mul", sums, scale)
    return rounded(build, scope, scaled, layer.high)


def _added(build: GraphBuilder, scope: str, layer: IntegerLayer, activations: str) -> str:
    """The activations (N, outputs) of segments, added up."""
    axis = build.constant(f"{scope}/segment", np.array([1], np.int64))
    keeps = int(layer.outputs == 1)
    return build.add(f"{scope}/total", "ReduceSum", activations, axis, keepdims=keeps)


def _looked_up(
    build: GraphBuilder, scope: str, table: Table | None, high: int, activations: str, width: int
) -> str:
    """The table's value at each activation (N, width) from 0 to ``high``, float32."""
    if table is None:
        return activations
    index = build.cast(f"{scope}/index", activations, "INT32")
    values = table.at(np.arange(high + 1)).astype(np.int32)
    return build.picked(f"{scope}/values", values, index, width, np.float32)
