"""A graph of TFLite in the words of ONNX, whose reader then walks it."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.readers.checks.tflite_checks import FLOAT16, FLOAT32, INT8, INT32, Operator, Tensor
from mlp_edge.readers.checks.tflite_checks import Graph as Subgraph
from mlp_edge.readers.operators.graph import Graph, Node
from mlp_edge.readers.operators.inputs import Feed
from mlp_edge.readers.operators.tensors import FLOAT, Settings
from mlp_edge.readers.tflite.names import name_of

OPSET = 17
UINT8 = 3
DTYPES = {
    FLOAT32: "<f4", FLOAT16: "<f2", INT32: "<i4", UINT8: "u1", 4: "<i8", 7: "<i2", INT8: "i1",
    10: "<f8",
}  # fmt: skip
TYPES = {
    FLOAT16: "float16", INT32: "int32", UINT8: "uint8", 7: "int16", INT8: "int8", 10: "float64",
}  # fmt: skip
SAME = {
    "ADD": "Add", "SUB": "Sub", "MUL": "Mul", "DIV": "Div", "LOGISTIC": "Sigmoid", "TANH": "Tanh",
    "RELU": "Relu", "ELU": "Elu", "EXP": "Exp", "NEG": "Neg", "LOG": "Log", "ABS": "Abs",
    "PRELU": "PRelu", "MAXIMUM": "Max", "MINIMUM": "Min", "LOG_SOFTMAX": "LogSoftmax",
    "SQRT": "Sqrt", "POW": "Pow", "HARD_SWISH": "HardSwish", "ADD_N": "Sum", "LESS": "Less",
    "LESS_EQUAL": "LessOrEqual", "GREATER": "Greater", "GREATER_EQUAL": "GreaterOrEqual",
    "SELECT": "Where", "SELECT_V2": "Where",
}  # fmt: skip
"""Operator -> that of ONNX which computes the same."""
CLIPS = {"RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0), "RELU_0_TO_1": (0.0, 1.0)}
FUSED = {1: "RELU", 2: "RELU_N1_TO_1", 3: "RELU6", 4: "TANH"}
"""Number of an activation that an operator applies to its own result -> its name."""
FUSING = {"FULLY_CONNECTED": 0, "ADD": 0, "SUB": 0, "MUL": 0, "DIV": 0, "CONCATENATION": 1}
"""Operator -> which of its settings says what activation it applies."""
LAST = 2**31 - 1
"""Where a slice ends that goes to the end."""

Nodes = Iterator[Node]


def translated(graph: Subgraph, integers: bool) -> tuple[Graph, list[str]]:
    """The nodes of a graph, and what is to be said of them.

    Args:
        graph: of a file whose offsets were verified.
        integers: whether it computes in integers, which are taken as the numbers they stand for.

    Raises:
        ModelError: naming the operator that has no words in ONNX, or the end that is no float32.
    """
    translation = _Translation(graph, integers)
    return translation.graph(), translation.remarks


class _Translation:
    """Tensors are named by their numbers, outputs by their places where there are several."""

    def __init__(self, graph: Subgraph, integers: bool) -> None:
        self._graph = graph
        self._integers = integers
        self._constants: dict[str, NDArray[Any]] = {}
        self.remarks: list[str] = []

    def graph(self) -> Graph:
        """The nodes; raises ModelError for other ends than float32."""
        tensors, inputs = self._graph.tensors, self._graph.inputs
        for ends, what in ((inputs, "input"), (self._graph.outputs, "output")):
            for end in ends or [-1]:
                kind = tensors[end].type if ends else None
                if kind is None or (kind != FLOAT32 and not self._integers):
                    found = "missing" if kind is None else TYPES.get(kind, f"type {kind}")
                    raise ModelError(
                        f"its {what} is {found}; a network in float32, float16 or dynamic range "
                        "would do"
                    )
        if len(inputs) > 1:
            widths = [str(math.prod(tensors[number].shape[1:])) for number in inputs]
            self.remarks.append(
                f"its inputs, of {', '.join(widths)[:80]} numbers, are read one after the other, "
                "in the order of the file"
            )
        for number, tensor in enumerate(tensors):
            if tensor.data is not None and tensor.type in DTYPES:
                self._constants[self._named(number)] = self._constant(tensor)
        nodes = [node for number, operator in enumerate(self._graph.operators)
                 for node in self._nodes(number, operator)]  # fmt: skip
        feeds = [Feed(self._named(number), FLOAT, tensors[number].shape) for number in inputs]
        outputs = [self._named(number) for number in self._graph.outputs]
        return Graph(nodes, self._constants, feeds, outputs, OPSET)

    def _named(self, number: int) -> str:
        outputs = self._graph.outputs
        if len(outputs) > 1 and number in outputs:
            return f"output {outputs.index(number) + 1}"
        return str(number)

    def _constant(self, tensor: Tensor) -> NDArray[Any]:
        """The numbers of a tensor, those of integers with a scale as the numbers they stand for."""
        found = np.frombuffer(tensor.data or b"", DTYPES[tensor.type]).reshape(tensor.shape)
        scales = np.frombuffer(tensor.quantization.get(2, b""), "<f4").astype(np.float64)
        if found.dtype.kind not in "iu" or not scales.size:
            return found
        points = np.frombuffer(tensor.quantization.get(3, b""), "<i8")
        axis = tensor.quantization.get(6, 0)
        if scales.size > 1:
            if not 0 <= axis < found.ndim or scales.size != found.shape[axis]:
                raise ModelError(f"it has {scales.size} scales for weights of {found.shape}")
            shape = [-1 if place == axis else 1 for place in range(found.ndim)]
            scales = scales.reshape(shape)
            points = points.reshape(shape) if points.size == scales.size else points
        shift = points.astype(np.float64) if points.size else np.zeros(1)
        return np.asarray((found - shift) * scales)

    def _nodes(self, number: int, operator: Operator) -> Nodes:
        """An operator, and the activation that it applies to its own result."""
        name = name_of(operator.code)
        source = f"operator {number} ({name})"
        inputs = ["" if each < 0 else self._named(each) for each in operator.inputs]
        outputs = [self._named(each) for each in operator.outputs]
        if not outputs or (len(outputs) > 1 and name not in SPLITTING) or not operator.plain:
            raise ModelError(f"{source} has several results, or settings of its own making")
        if name == "DEQUANTIZE" and inputs[0] in self._constants:
            self._constants[outputs[0]] = self._constants.pop(inputs[0]).astype(np.float64)
            return
        kind = operator.options.get(FUSING[name], 0) if name in FUSING else 0
        if kind and kind not in FUSED:
            raise ModelError(f"{source} applies an activation that mlp-edge does not know")
        result = f"{outputs[0]} before {FUSED[kind]}" if kind else outputs[0]
        translate = OWN.get(name)
        if translate is not None:
            yield from translate(self, operator, inputs, [result, *outputs[1:]], source)
        else:
            yield self._activation(name, operator, inputs, result, source)
        if kind:
            yield self._activation(FUSED[kind], operator, [result], outputs[0], source)

    def _activation(
        self, name: str, operator: Operator, inputs: list[str], output: str, source: str
    ) -> Node:
        """What computes number by number."""
        settings: dict[str, Any] = {}
        if name in CLIPS:
            low, high = CLIPS[name]
            name, settings = "Clip", {"min": low, "max": high}
        elif name == "LEAKY_RELU":
            name, settings = "LeakyRelu", {"alpha": _float(operator.options, 0)}
        elif name == "GELU":
            kind = "tanh" if operator.options.get(0, 0) else "none"
            name, settings = "Gelu", {"approximate": kind}
        elif name in ("QUANTIZE", "DEQUANTIZE") and self._integers:
            name = "Identity"  # the same number, but for its rounding
        return _node(SAME.get(name, name), inputs, [output], source, **settings)

    # Operators that ONNX has in other words

    def dense(
        self, operator: Operator, inputs: list[str], outputs: list[str], source: str
    ) -> Nodes:
        """A dense layer, whose rows may have several axes."""
        self._look_at_weights(operator, source)
        if operator.options.get(1, 0):
            raise ModelError(f"{source} holds its weights in another order")
        rows, weights = (self._graph.tensors[number] for number in operator.inputs[:2])
        if len(rows.shape) != 2 and len(weights.shape) == 2:
            flat = f"rows of {outputs[0]}"
            yield self._reshaped(inputs[0], flat, [weights.shape[1]], source)
            inputs = [flat, *inputs[1:]]
        yield _node("Gemm", inputs, outputs, source, transB=1)

    def _look_at_weights(self, operator: Operator, source: str) -> None:
        if len(operator.inputs) < 2 or operator.inputs[0] < 0 or operator.inputs[1] < 0:
            raise ModelError(f"{source} lacks its weights")
        tensor = self._graph.tensors[operator.inputs[1]]
        remark = ("its weights are int8 numbers; LiteRT also rounds what goes into each layer to "
                  "int8, mlp-edge does not")  # fmt: skip
        if tensor.type in (INT8, UINT8) and not self._integers and remark not in self.remarks:
            self.remarks.append(remark)

    def reshape(
        self, operator: Operator, inputs: list[str], outputs: list[str], source: str
    ) -> Nodes:
        """The shape that the file declares of the result, whatever works it out."""
        shape = self._graph.tensors[operator.outputs[0]].shape
        yield self._reshaped(inputs[0], outputs[0], shape[1:], source)

    def _reshaped(self, given: str, output: str, sizes: Sequence[int], source: str) -> Node:
        name = f"shape of {output}"
        self._constants[name] = np.array([-1, *sizes], np.int64)
        return _node("Reshape", [given, name], [output], source)

    def softmax(
        self, operator: Operator, inputs: list[str], outputs: list[str], source: str
    ) -> Nodes:
        """Of the last axis; the factor of its logits is 1."""
        beta = _float(operator.options, 0)
        if beta != 1:
            raise ModelError(f"{source} has beta {beta:g}; 1 would do")
        yield _node("Softmax", inputs, outputs, source)

    def square(
        self, operator: Operator, inputs: list[str], outputs: list[str], source: str
    ) -> Nodes:
        """X times x."""
        yield _node("Mul", [inputs[0], inputs[0]], outputs, source)

    def squared_difference(
        self, operator: Operator, inputs: list[str], outputs: list[str], source: str
    ) -> Nodes:
        """The square of x - y."""
        apart = f"difference of {outputs[0]}"
        yield _node("Sub", inputs, [apart], source)
        yield _node("Mul", [apart, apart], outputs, source)

    def rsqrt(
        self, operator: Operator, inputs: list[str], outputs: list[str], source: str
    ) -> Nodes:
        """1 / sqrt(x)."""
        root = f"root of {outputs[0]}"
        yield _node("Sqrt", inputs, [root], source)
        yield _node("Reciprocal", [root], outputs, source)

    def mean(self, operator: Operator, inputs: list[str], outputs: list[str], source: str) -> Nodes:
        """MEAN and SUM along axes."""
        name = "ReduceMean" if name_of(operator.code) == "MEAN" else "ReduceSum"
        keep = operator.options.get(0, 0)
        yield _node(name, inputs, outputs, source, keepdims=int(bool(keep)))

    def concatenation(
        self, operator: Operator, inputs: list[str], outputs: list[str], source: str
    ) -> Nodes:
        """Rows side by side."""
        yield _node("Concat", inputs, outputs, source, axis=operator.options.get(0, 0))

    def transpose(
        self, operator: Operator, inputs: list[str], outputs: list[str], source: str
    ) -> Nodes:
        """Axes in another order."""
        order = self._wholes(inputs, 1, source)
        yield _node("Transpose", inputs[:1], outputs, source, perm=order)

    def gather(
        self, operator: Operator, inputs: list[str], outputs: list[str], source: str
    ) -> Nodes:
        """Some columns."""
        if operator.options.get(1, 0):
            raise ModelError(f"{source} looks numbers up by what a row says")
        yield _node("Gather", inputs, outputs, source, axis=operator.options.get(0, 0))

    def split(
        self, operator: Operator, inputs: list[str], outputs: list[str], source: str
    ) -> Nodes:
        """Parts of a row: SPLIT into equal ones, SPLIT_V into those of given sizes."""
        if name_of(operator.code) == "SPLIT":
            [axis] = self._wholes(inputs, 0, source)
            yield _node("Split", inputs[1:2], outputs, source, axis=axis)
            return
        sizes, [axis] = self._wholes(inputs, 1, source), self._wholes(inputs, 2, source)
        yield _node("Split", inputs[:1], outputs, source, axis=axis, split=sizes)

    def strided_slice(
        self, operator: Operator, inputs: list[str], outputs: list[str], source: str
    ) -> Nodes:
        """Neighbouring columns, as x[:, 1:3] in Python."""
        starts, ends, steps = (self._wholes(inputs, place, source) for place in (1, 2, 3))
        masks = [operator.options.get(field, 0) for field in range(6)]
        if any(masks[2:4]) or masks[5] or not len(starts) == len(ends) == len(steps):
            raise ModelError(f"{source} adds axes, or has starts and ends of different numbers")
        axes = [*range(len(starts))]
        gone = [axis for axis in axes if masks[4] >> axis & 1]
        for axis in axes:
            backwards = steps[axis] < 0
            if masks[0] >> axis & 1:
                starts[axis] = -1 if backwards else 0
            if masks[1] >> axis & 1:
                ends[axis] = -LAST if backwards else LAST
            if axis in gone:
                ends[axis] = starts[axis] + 1 or LAST
        cut = f"slice of {outputs[0]}" if gone else outputs[0]
        settings = {"starts": starts, "ends": ends, "axes": axes, "steps": steps}
        yield _node("Slice", inputs[:1], [cut], source, **settings)
        if gone:
            yield _node("Squeeze", [cut], outputs, source, axes=gone)

    def _wholes(self, inputs: list[str], place: int, source: str) -> list[int]:
        """A list of integers that stands in the file."""
        found = self._constants.get(inputs[place]) if place < len(inputs) else None
        if found is None or found.dtype.kind not in "iu" or found.ndim > 1 or not found.size:
            raise ModelError(f"{source} takes places or sizes from what is no list of integers")
        return [int(each) for each in found.reshape(-1)]


SPLITTING = ("SPLIT", "SPLIT_V")
OWN: Mapping[str, Callable[[_Translation, Operator, list[str], list[str], str], Nodes]] = {
    "FULLY_CONNECTED": _Translation.dense, "RESHAPE": _Translation.reshape,
    "SQUEEZE": _Translation.reshape, "EXPAND_DIMS": _Translation.reshape,
    "SOFTMAX": _Translation.softmax, "SQUARE": _Translation.square,
    "SQUARED_DIFFERENCE": _Translation.squared_difference, "RSQRT": _Translation.rsqrt,
    "MEAN": _Translation.mean, "SUM": _Translation.mean,
    "CONCATENATION": _Translation.concatenation, "TRANSPOSE": _Translation.transpose,
    "GATHER": _Translation.gather, "SPLIT": _Translation.split, "SPLIT_V": _Translation.split,
    "STRIDED_SLICE": _Translation.strided_slice,
}  # fmt: skip
"""Operator -> what puts it in the words of ONNX, where it takes more than a name."""


def _node(
    operator: str, inputs: Sequence[str], outputs: Sequence[str], source: str, **settings: Any
) -> Node:
    return Node(operator, "", inputs, outputs, Settings(settings), source)


def _float(options: Mapping[int, Any], field: int) -> float:
    """A float32 setting, which the flatbuffer's reader gives as an integer of the same bits."""
    return float(struct.unpack("<f", struct.pack("<i", options.get(field, 0)))[0])
