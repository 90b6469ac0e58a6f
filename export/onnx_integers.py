"""ONNX of a network in integers: built operator by operator, so TensorFlow is not needed.

Every number of ``mlp_edge.integers.quantised`` is a tensor of the file, and each step of its
formulas one standard operator, so onnxruntime gives the arbiter's bits with its optimisations and
without.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.integers.activation_tables import Table
from mlp_edge.integers.quantised import HIGHEST, IntegerLayer, Quantised
from mlp_edge.integers.requantise import scales
from mlp_edge.lazy import require
from mlp_edge.mlp import Mlp
from mlp_edge.processing import FEATURES, Operation, carry_out, operations
from mlp_edge.walk import walk

BATCH = "N"
"""Name of the first dimension: any number of rows."""
_ZERO = 128
"""The weight 0 as an uint8.

On x86 processors with AVX2 and no VNNI onnxruntime multiplies uint8 by int8 with an instruction
that adds two products in 16 bits: 255 * 127 twice come out as 32,767. uint8 by uint8 is exact.
"""


def graph(mlp: Mlp, quantised: Quantised) -> Any:
    """A ``GraphProto`` from features (N, inputs) to the named output (N, outputs), both float32.

    Args:
        mlp: the pre- and post-processing, and the names.
        quantised: the layers, as int8.

    Raises:
        MissingError: when the extra ``train`` is not installed.
    """
    helper, kind = require("onnx").helper, require("onnx").TensorProto.FLOAT
    build = _Build()

    def do(step: Operation, inputs: list[str]) -> str:
        if step.kind == "Sequential":
            return _network(build, quantised, inputs[0])
        return _operation(build, step, inputs)

    carry_out(operations(mlp.encoding, mlp.clip), FEATURES, do)
    build.nodes[-1].output[0] = mlp.output_name
    ends = ((FEATURES, mlp.inputs), (mlp.output_name, mlp.outputs))
    given, answer = (helper.make_tensor_value_info(name, kind, [BATCH, n]) for name, n in ends)
    return helper.make_graph(build.nodes, mlp.name, [given], [answer], build.constants)


class _Build:
    """The operators and constants so far; a tensor is known by its name."""

    def __init__(self) -> None:
        self._onnx = require("onnx")
        self._to_tensor = require("onnx.numpy_helper").from_array
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, values: NDArray[Any] | np.generic) -> str:
        """Add a tensor that stands in the file; returns its name."""
        self.constants.append(self._to_tensor(np.asarray(values), name))
        return name

    def add(self, name: str, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator whose result is called ``name``; returns that."""
        node = self._onnx.helper.make_node(operator, inputs, [name], name=name, **attributes)
        self.nodes.append(node)
        return name

    def cast(self, name: str, tensor: str, to: str) -> str:
        """Add a conversion to a type of ``TensorProto``."""
        return self.add(name, "Cast", tensor, to=getattr(self._onnx.TensorProto, to))


def _operation(build: _Build, step: Operation, inputs: Sequence[str]) -> str:
    """One operation around the dense layers, in ONNX's words."""
    name, first = step.name, inputs[0]
    if step.kind == "Cast":
        return build.cast(name, first, "FLOAT")
    if step.kind == "Concatenate":
        return build.add(name, "Concat", *inputs, axis=1)
    if step.kind == "Isnan":  # small converters have no IsNaN
        return build.add(name, "Not", build.add(f"{name}/known", "Equal", first, first))
    if step.kind == "Any":  # ONNX has no such reduction of truths
        ones = build.cast(f"{name}/ones", first, "FLOAT")
        return build.cast(
            name, build.add(f"{name}/any", "ReduceMax", ones, axes=[1], keepdims=1), "BOOL"
        )
    constants = [
        build.constant(
            f"{name}/constant{number}",
            np.asarray(value, np.int64 if step.kind == "Take" else np.float32),
        )
        for number, value in enumerate(step.constants)
    ]
    operator = {"Take": "Gather"}.get(step.kind, step.kind)
    axis = {"axis": 1} if step.kind == "Take" else {}
    return build.add(name, operator, first, *constants, *inputs[1:], **axis)


def _network(build: _Build, quantised: Quantised, readings: str) -> str:
    numbers = count(1)

    def step(layer: IntegerLayer, u: str, _: str | None) -> str:
        number = next(numbers)
        scope = f"layer{number}"
        copies = quantised.input_segments if number == 1 else 1
        sums = _sums(build, scope, layer, u, copies)
        if number == len(quantised.layers):
            return _added(build, scope, layer, sums)
        return _uint8(build, scope, layer, _requantised(build, scope, layer, sums))

    def join(values: Sequence[str]) -> str:
        if len(values) == 1:
            return values[0]
        return build.add(f"read/{len(build.nodes)}", "Concat", *values, axis=1)

    *_, activations = walk(quantised.layers, _inputs(build, quantised, readings), step, join)
    return _outputs(build, quantised, activations)


def _inputs(build: _Build, quantised: Quantised, readings: str) -> str:
    """What goes into the first layer, uint8; wide inputs stand as many times as bytes hold them."""
    inputs, high = quantised.inputs, HIGHEST["int8"]
    low, factor = (
        build.constant(f"inputs/{name}", getattr(inputs, name)) for name in ("low", "factor")
    )
    above = build.add("inputs/above", "Sub", readings, low)
    u = _rounded(build, "inputs", build.add("inputs/scaled", "Mul", above, factor), inputs.high)
    segments = inputs.high // high
    if segments > 1:
        begins = np.repeat(np.arange(segments) * high, len(inputs.low)).astype(np.float32)
        copies = build.add("inputs/copies", "Concat", *segments * [u], axis=1)
        rest = build.add("inputs/rest", "Sub", copies, build.constant("inputs/begins", begins))
        u = _clamped(build, "inputs/parts", rest, high)
    return build.cast("inputs/integers", u, "UINT8")


def _sums(build: _Build, scope: str, layer: IntegerLayer, u: str, copies: int) -> str:
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


def _requantised(build: _Build, scope: str, layer: IntegerLayer, sums: str) -> str:
    """Sums requantised: integers in float32."""
    scale = build.constant(f"{scope}/scale", scales(layer.multiplier, layer.shift))
    floats = build.cast(f"{scope}/floats", sums, "FLOAT")
    return _rounded(build, scope, build.add(f"{scope}/scaled", "Mul", floats, scale), layer.high)


def _rounded(build: _Build, scope: str, values: str, high: int) -> str:
    """Clamped to 0 … high and rounded, half to even; integers in float32."""
    return build.add(f"{scope}/results", "Round", _clamped(build, f"{scope}/clamped", values, high))


def _clamped(build: _Build, name: str, values: str, high: int) -> str:
    ends = (build.constant(f"{name}/end{end}", np.float32(end)) for end in (0, high))
    return build.add(name, "Clip", values, *ends)


def _added(build: _Build, scope: str, layer: IntegerLayer, sums: str) -> str:
    """The activations of the last layer's segments, added up; integers in float32."""
    activations = _requantised(build, scope, layer, sums)
    if layer.segments == 1:
        return activations
    return build.add(f"{scope}/total", "ReduceSum", activations, f"{scope}/axis", keepdims=0)


def _uint8(build: _Build, scope: str, layer: IntegerLayer, activations: str) -> str:
    """What goes on to the next layer."""
    if layer.table is None:
        return build.cast(f"{scope}/integers", activations, "UINT8")
    return _looked_up(build, scope, layer.table, layer.high, activations, np.uint8)


def _looked_up(
    build: _Build,
    scope: str,
    table: Table,
    high: int,
    activations: str,
    kind: type[np.generic],
) -> str:
    values = table.at(np.arange(high + 1)).astype(kind)
    index = build.cast(f"{scope}/index", activations, "INT32")
    return build.add(f"{scope}/values", "Gather", build.constant(f"{scope}/table", values), index)


def _outputs(build: _Build, quantised: Quantised, activations: str) -> str:
    last = quantised.layers[-1]
    if quantised.softmax:
        highest = build.add("answers/highest", "ReduceMax", activations, axes=[1], keepdims=1)
        activations = build.add("answers/below", "Sub", highest, activations)
    values = activations
    if quantised.table is not None:
        high = last.segments * last.high
        values = _looked_up(build, "answers", quantised.table, high, activations, np.float32)
    if quantised.softmax:
        axis = build.constant("answers/axis", np.array([1], np.int64))
        return build.add(
            "shares", "Div", values, build.add("answers/sum", "ReduceSum", values, axis, keepdims=1)
        )
    step = build.constant("answers/step", quantised.step)
    offset = build.constant("answers/offset", quantised.offset)
    return build.add("answers", "Add", offset, build.add("answers/above", "Mul", step, values))
