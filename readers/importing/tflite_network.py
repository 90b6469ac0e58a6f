"""A .tflite file of any program as an ``Mlp``, where its graph is a chain; LiteRT is not needed.

Its operators are put in the words of ONNX, whose reader then walks them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError, first_line
from mlp_edge.feature import Feature
from mlp_edge.integers.asymmetric import HIGHEST, LOWEST, AsymmetricNetwork
from mlp_edge.readers.checks.tflite_checks import (
    FLOAT16,
    FLOAT32,
    INT8,
    INT32,
    Operator,
    Tensor,
    verified,
)
from mlp_edge.readers.checks.tflite_checks import Graph as Subgraph
from mlp_edge.readers.importing.imported import Imported, named
from mlp_edge.readers.importing.tflite_integers import holds_integers, read_integers
from mlp_edge.readers.operators.graph import Graph, Node
from mlp_edge.readers.operators.inputs import Feed
from mlp_edge.readers.operators.network import read_graph
from mlp_edge.readers.operators.tensors import FLOAT, Settings

CARD = "mlp_edge"
"""Metadata that only our own exports have."""
OPSET = 17
DTYPES = {FLOAT32: "<f4", FLOAT16: "<f2", INT32: "<i4", 3: "u1", 4: "<i8", INT8: "i1", 10: "<f8"}
TYPES = {FLOAT16: "float16", INT32: "int32", 3: "uint8", 7: "int16", INT8: "int8", 10: "float64"}
CODES = {
    0: "ADD", 2: "CONCATENATION", 3: "CONV_2D", 4: "DEPTHWISE_CONV_2D", 6: "DEQUANTIZE",
    7: "EMBEDDING_LOOKUP", 9: "FULLY_CONNECTED", 14: "LOGISTIC", 16: "LSTM", 17: "MAX_POOL_2D",
    18: "MUL", 19: "RELU", 20: "RELU_N1_TO_1", 21: "RELU6", 22: "RESHAPE", 25: "SOFTMAX",
    28: "TANH", 32: "CUSTOM", 36: "GATHER", 40: "MEAN", 41: "SUB", 42: "DIV", 43: "SQUEEZE",
    47: "EXP", 50: "LOG_SOFTMAX", 54: "PRELU", 55: "MAXIMUM", 57: "MINIMUM", 59: "NEG",
    70: "EXPAND_DIMS", 73: "LOG", 98: "LEAKY_RELU", 101: "ABS", 111: "ELU", 114: "QUANTIZE",
    117: "HARD_SWISH", 150: "GELU", 152: "RELU_0_TO_1",
}  # fmt: skip
"""Number of an operator in TFLite's schema -> its name."""
SAME = {
    "ADD": "Add", "SUB": "Sub", "MUL": "Mul", "DIV": "Div", "LOGISTIC": "Sigmoid", "TANH": "Tanh",
    "RELU": "Relu", "ELU": "Elu", "EXP": "Exp", "NEG": "Neg", "LOG": "Log", "ABS": "Abs",
    "PRELU": "PRelu", "MAXIMUM": "Max", "MINIMUM": "Min",
}  # fmt: skip
"""Operator -> that of ONNX which computes the same."""
CLIPS = {"RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0), "RELU_0_TO_1": (0.0, 1.0)}
SHAPING = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
FUSED = {1: "RELU", 2: "RELU_N1_TO_1", 3: "RELU6", 4: "TANH"}
"""Number of an activation that an operator applies to its own result -> its name."""
DENSE, FUSING = "FULLY_CONNECTED", ("FULLY_CONNECTED", "ADD", "SUB", "MUL", "DIV")


def read_tflite_network(path: Path, content: bytes, kind: str = "TFLite") -> Imported:
    """The network of a TFLite file.

    Args:
        path: the file, for messages and the name of the model.
        content: of the model, which may be an array in that file.
        kind: what the file is.

    Raises:
        ModelError: naming the file and the operator that cannot be read, and why.
    """
    try:
        model = verified(content)
        if CARD in model.metadata:
            raise ModelError(
                "an export of mlp-edge; the model that it was exported from would do, as an "
                "export only predicts"
            )
        if len(model.graphs) != 1:
            raise ModelError(f"it has {len(model.graphs)} graphs; one would do")
        integers = (
            read_integers(model.graphs[0], _name) if holds_integers(model.graphs[0]) else None
        )
        translation = _Translation(model.graphs[0], integers is not None)
        graph = translation.graph()
        network = read_graph(graph)
        features = None if integers is None else _features(integers)
        mlp = named(path, network.layers, features or network.features, network.labels)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (ValueError, IndexError, TypeError, KeyError, OverflowError, struct.error) as error:
        raise ModelError(
            f"{path}: not a TFLite model, or a damaged one ({first_line(error)})"
        ) from error
    remarks = (*translation.remarks, *graph.remarks)
    return Imported(mlp, kind, "", remarks, network.folded, integers=integers)


def _name(code: int) -> str:
    return CODES.get(code, f"number {code}")


def _features(network: AsymmetricNetwork) -> list[Feature]:
    """One number per input, with the range that its integers reach."""
    low, high = network.given.numbers(np.array([LOWEST, HIGHEST])).tolist()
    return [Feature(f"x{number}", low, high) for number in range(1, network.inputs + 1)]


class _Translation:
    """A graph of TFLite in the words of ONNX; tensors are named by their numbers."""

    def __init__(self, graph: Subgraph, integers: bool) -> None:
        self._graph = graph
        self._integers = integers
        self._constants: dict[str, NDArray[Any]] = {}
        self.remarks: list[str] = []

    def graph(self) -> Graph:
        """The nodes; raises ModelError for a network of integers, and for other ends."""
        tensors = self._graph.tensors
        for ends, what in ((self._graph.inputs, "inputs"), (self._graph.outputs, "outputs")):
            if len(ends) != 1:
                raise ModelError(f"it has {len(ends)} {what}; one would do")
            kind = tensors[ends[0]].type
            if kind != FLOAT32 and not self._integers:
                raise ModelError(
                    f"its {what[:-1]} is {TYPES.get(kind, f'type {kind}')}; a network in float32, "
                    "float16 or dynamic range would do"
                )
        for number, tensor in enumerate(tensors):
            if tensor.data is not None and tensor.type in DTYPES:
                self._constants[str(number)] = self._constant(tensor)
        nodes = [node for number, operator in enumerate(self._graph.operators)
                 for node in self._nodes(number, operator)]  # fmt: skip
        [feed], [output] = self._graph.inputs, self._graph.outputs
        feeds = [Feed(str(feed), FLOAT, tensors[feed].shape)]
        return Graph(nodes, self._constants, feeds, [str(output)], OPSET)

    def _constant(self, tensor: Tensor) -> NDArray[Any]:
        """The numbers of a tensor, those of integers with a scale as the numbers they stand for."""
        found = np.frombuffer(tensor.data or b"", DTYPES[tensor.type]).reshape(tensor.shape)
        scales = np.frombuffer(tensor.quantization.get(2, b""), "<f4").astype(np.float64)
        if tensor.type not in (INT8, INT32, 3) or not scales.size:
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

    def _nodes(self, number: int, operator: Operator) -> Iterator[Node]:
        """An operator, and the activation that it applies to its own result."""
        name = _name(operator.code)
        source = f"operator {number} ({name})"
        inputs = ["" if each < 0 else str(each) for each in operator.inputs]
        output = str(operator.outputs[0])
        if len(operator.outputs) != 1 or not operator.plain:
            raise ModelError(f"{source} has several results, or settings of its own making")
        if name == "DEQUANTIZE" and inputs[0] in self._constants:
            self._constants[output] = self._constants.pop(inputs[0]).astype(np.float64)
            return
        fused = FUSED.get(operator.options.get(_fused_field(name), 0)) if name in FUSING else None
        if name in FUSING and fused is None and operator.options.get(_fused_field(name), 0):
            raise ModelError(f"{source} applies an activation that mlp-edge does not know")
        result = f"{output} before {fused}" if fused else output
        yield self._node(name, operator, inputs, result, source)
        if fused:
            yield self._node(fused, operator, [result], output, source)

    def _node(
        self, name: str, operator: Operator, inputs: list[str], output: str, source: str
    ) -> Node:
        """One operator as a node of ONNX."""
        operators, settings = SAME.get(name, name), dict[str, Any]()
        if name in ("QUANTIZE", "DEQUANTIZE") and self._integers:
            operators = "Identity"  # the same number, but for its rounding
        elif name == DENSE:
            operators, settings = "Gemm", {"transB": 1}
            self._look_at_weights(operator, source)
            if operator.options.get(1, 0):
                raise ModelError(f"{source} holds its weights in another order")
        elif name in CLIPS:
            operators, (low, high) = "Clip", CLIPS[name]
            settings = {"min": low, "max": high}
        elif name in SHAPING:
            shape = self._graph.tensors[operator.outputs[0]].shape
            self._constants[f"shape of {output}"] = np.array([-1, *shape[1:]], np.int64)
            operators, inputs = "Reshape", [inputs[0], f"shape of {output}"]
        elif name == "SOFTMAX":
            beta = _float(operator.options, 0)
            if beta != 1:
                raise ModelError(f"{source} has beta {beta:g}; 1 would do")
            operators = "Softmax"
        elif name == "LEAKY_RELU":
            operators, settings = "LeakyRelu", {"alpha": _float(operator.options, 0)}
        elif name == "GELU":
            operators = "Gelu"
            settings = {"approximate": "tanh" if operator.options.get(0, 0) else "none"}
        return Node(operators, "", inputs, [output], Settings(settings), source)

    def _look_at_weights(self, operator: Operator, source: str) -> None:
        if operator.inputs[1] < 0:
            raise ModelError(f"{source} lacks its weights")
        tensor = self._graph.tensors[operator.inputs[1]]
        remark = ("its weights are int8 numbers; LiteRT also rounds what goes into each layer to "
                  "int8, mlp-edge does not")  # fmt: skip
        if tensor.type in (INT8, 3) and not self._integers and remark not in self.remarks:
            self.remarks.append(remark)


def _fused_field(name: str) -> int:
    """The number of the setting that names a fused activation."""
    return 0 if name in FUSING else -1


def _float(options: Mapping[int, Any], field: int) -> float:
    """A float32 setting, which the flatbuffer's reader gives as an integer of the same bits."""
    return float(struct.unpack("<f", struct.pack("<i", options.get(field, 0)))[0])
