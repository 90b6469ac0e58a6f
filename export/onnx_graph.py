"""An ONNX graph put together operator by operator, so TensorFlow is not needed.

What stands around the dense layers is the same for all integers; how these are carried out is
``onnx_integers.py`` and ``onnx_doubles.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.integers.quantised import Inputs, Quantised
from mlp_edge.lazy import require
from mlp_edge.mlp import Mlp
from mlp_edge.processing import FEATURES, Operation, carry_out, operations

BATCH = "N"
"""Name of the first dimension: any number of rows."""
_REJECTING = ("unknown", "rejected", "answer")
"""The operations that make NaN of a prediction."""
_FEW = 256
"""Numbers of a matrix that takes a Gemm no time to speak of."""


def graph(mlp: Mlp, network: Callable[[GraphBuilder, str], str]) -> Any:
    """A ``GraphProto`` from features (N, inputs) to the named output (N, outputs), both float32.

    Args:
        mlp: the pre- and post-processing, and the names.
        network: adds the dense layers behind a tensor of encoded inputs (N, width) float32, and
            returns the name of their predictions (N, outputs) float32.

    Raises:
        MissingError: when the extra ``train`` is not installed.
    """
    helper, kind = require("onnx").helper, require("onnx").TensorProto.FLOAT
    build = GraphBuilder()

    def do(step: Operation, inputs: list[str]) -> str:
        if step.kind == "Sequential":
            return network(build, inputs[0])
        if step.name in _REJECTING:
            return _rejecting(build, step, inputs, mlp)
        return _operation(build, step, inputs)

    carry_out(operations(mlp.encoding, mlp.clip), FEATURES, do)
    build.nodes[-1].output[0] = mlp.output_name
    ends = ((FEATURES, mlp.inputs), (mlp.output_name, mlp.outputs))
    given, answer = (helper.make_tensor_value_info(name, kind, [BATCH, n]) for name, n in ends)
    return helper.make_graph(build.nodes, mlp.name, [given], [answer], build.constants)


class GraphBuilder:
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

    def held(self, name: str, integers: NDArray[Any], kind: type[np.floating[Any]]) -> str:
        """Add integers that stand in the file as they are; returns the name of them as floats.

        Args:
            name: of the integers.
            integers: of the type that the file holds.
            kind: of the floats, each of which can hold its integer: float32 or float64.
        """
        as_floats = {np.float32: "FLOAT", np.float64: "DOUBLE"}[kind]
        return self.cast(f"{name}/{as_floats.lower()}s", self.constant(name, integers), as_floats)

    def raised(self, values: str, by: float) -> str:
        """Add a number to float64 constants."""
        number = self.constant(f"{values}/by", np.float64(by))
        return self.add(f"{values}/raised", "Add", values, number)

    def picked(
        self,
        name: str,
        table: NDArray[Any],
        index: str,
        width: int,
        kind: type[np.floating[Any]] = np.float64,
        raised: float = 0,
    ) -> str:
        """Add entries of a table (n,) at indices (N, width), as floats; (N,) where width is 0.

        onnxruntime's Gather copies pieces of any size. For a matrix it takes five times as long as
        GatherElements, which wants the table once for each column.

        Args:
            name: of the result.
            table: integers that the file holds as they are.
            index: int32.
            width: of the indices.
            kind: of the floats, as in ``held``.
            raised: what is added to each entry, in float64.
        """
        entries = self.held(f"{name}/table", table[:, None] if width else table, kind)
        if raised:
            entries = self.raised(entries, raised)
        if not width:
            return self.add(name, "Gather", entries, index)
        ones = self.constant(f"{name}/ones", np.ones((1, width), kind))
        columns = self.add(f"{name}/columns", "Mul", entries, ones)
        return self.add(name, "GatherElements", columns, index, axis=0)


def _operation(build: GraphBuilder, step: Operation, inputs: Sequence[str]) -> str:
    """One operation around the dense layers, in ONNX's words."""
    name, first = step.name, inputs[0]
    if step.kind == "Cast":
        return build.cast(name, first, "FLOAT")
    if step.kind == "Concatenate":
        return build.add(name, "Concat", *inputs, axis=1)
    if step.kind == "Isnan":  # small converters have no IsNaN
        return build.add(name, "Not", build.add(f"{name}/known", "Equal", first, first))
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


def _rejecting(build: GraphBuilder, step: Operation, inputs: Sequence[str], mlp: Mlp) -> str:
    """NaN for a row with a missing reading: each gives 0 or NaN, which the prediction is added to.

    A choice would take more operators: ONNX has no reduction of truths. A Gemm adds up and adds to
    in one, where it has few numbers to multiply by 1.
    """
    name, small = step.name, mlp.inputs * mlp.outputs <= _FEW
    if name == "answer" and small:
        unknown, prediction = inputs
        ones = build.constant(f"{name}/ones", np.ones((mlp.inputs, mlp.outputs), np.float32))
        return build.add(name, "Gemm", unknown, ones, prediction)
    if name == "answer":
        return build.add(name, "Add", *inputs)
    if name == "rejected" and small:
        return inputs[0]
    if name == "rejected":
        axis = build.constant(f"{name}/axis", np.array([1], np.int64))
        return build.add(name, "ReduceSum", *inputs, axis, keepdims=1)
    known = build.add(f"{name}/known", "Equal", *inputs, *inputs)
    ends = (build.constant(f"{name}/{end}", np.float32(end)) for end in (0, np.nan))
    return build.add(name, "Where", known, *ends)


def joined(build: GraphBuilder, values: Sequence[str]) -> str:
    """The values that a layer reads, side by side."""
    if len(values) == 1:
        return values[0]
    return build.add(f"read/{len(build.nodes)}", "Concat", *values, axis=1)


def clamped(
    build: GraphBuilder, name: str, values: str, low: int, high: int, kind: type = np.float32
) -> str:
    """Values of the NumPy type ``kind``, clamped to low … high."""
    ends = (build.constant(f"{name}/end{end}", kind(end)) for end in (low, high))
    return build.add(name, "Clip", values, *ends)


def rounded(build: GraphBuilder, scope: str, values: str, high: int) -> str:
    """Clamped to 0 … high and rounded, half to even; integers in float32."""
    within = clamped(build, f"{scope}/clamped", values, 0, high)
    return build.add(f"{scope}/results", "Round", within)


def quantised_inputs(build: GraphBuilder, inputs: Inputs, encoded: str) -> str:
    """The integers 0 … high of encoded inputs (N, width), in float32."""
    low, factor = (
        build.constant(f"inputs/{name}", getattr(inputs, name)) for name in ("low", "factor")
    )
    above = build.add("inputs/above", "Sub", encoded, low)
    scaled = build.add("inputs/scaled", "Mul", above, factor)
    return rounded(build, "inputs", scaled, inputs.high)


def without_nan(build: GraphBuilder, quantised: Quantised, encoded: str) -> str:
    """Encoded inputs with 0 for NaN, where a table would be asked for the place of one.

    For those whose rows somebody else makes a prediction of NaN for.
    """
    tables = (quantised.table, *(layer.table for layer in quantised.layers))
    if not quantised.octave and all(table is None for table in tables):
        return encoded
    known = build.add("inputs/known", "Equal", encoded, encoded)
    zero = build.constant("inputs/instead", np.float32(0))
    return build.add("inputs/numbers", "Where", known, encoded, zero)


def predictions(
    build: GraphBuilder,
    quantised: Quantised,
    activations: str,
    read: Callable[[str], str],
    columns: int = 1,
) -> str:
    """The predictions (N, outputs) float32 of the last layer's activations.

    Args:
        build: added to.
        quantised: the network.
        activations: of the last layer.
        read: what activations stand for, as float32: of a table its values.
        columns: how many of these add up to that of a single output.
    """
    if quantised.softmax:
        highest = build.add("answers/highest", "ReduceMax", activations, axes=[1], keepdims=1)
        activations = build.add("answers/below", "Sub", highest, activations)
    values = read(activations)
    if quantised.softmax:
        axis = build.constant("answers/axis", np.array([1], np.int64))
        return build.add(
            "answers/shares",
            "Div",
            values,
            build.add("answers/total", "ReduceSum", values, axis, keepdims=1),
        )
    if quantised.layers[-1].outputs == 1:
        # A Gemm takes numbers to a column faster than Mul and Add do. One of several numbers may
        # begin with the offset and round after each, so that these are added up before, exactly.
        if columns > 1:
            ones = build.constant("answers/ones", np.ones((columns, 1), np.float32))
            values = build.add("answers/segments", "Gemm", values, ones)
        step = build.constant("answers/step", quantised.step[:1, None])
        offset = build.constant("answers/offset", quantised.offset)
        return build.add("answers/sum", "Gemm", values, step, offset)
    if (quantised.step != 1).any():
        step = build.constant("answers/step", quantised.step)
        values = build.add("answers/above", "Mul", step, values)
    if not quantised.offset.any():
        return values
    offset = build.constant("answers/offset", quantised.offset)
    return build.add("answers/sum", "Add", offset, values)
