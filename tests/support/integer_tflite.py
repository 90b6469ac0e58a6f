"""Full-integer TFLite files as strangers have them, made without a converter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mlp_edge.mlp import Floats
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.tflite.network import read_tflite_network

KINDS = {
    "float32": (schema.TensorType.FLOAT32, "<f4"),
    "int32": (schema.TensorType.INT32, "<i4"),
    "int8": (schema.TensorType.INT8, "<i1"),
    "uint8": (schema.TensorType.UINT8, "<u1"),
    "int16": (schema.TensorType.INT16, "<i2"),
}
FUSED = {"": 0, "RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3, "TANH": 4}
OPTIONS = {
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "SOFTMAX": "SoftmaxOptions",
    "LEAKY_RELU": "LeakyReluOptions",
}
FIXED = {"LOGISTIC": (1 / 256, -128), "SOFTMAX": (1 / 256, -128), "TANH": (1 / 128, 0)}
"""Operators whose results have one scale and one zero point."""

SETTINGS: dict[str, dict[str, float]] = {"SOFTMAX": {"beta": 1.0}, "LEAKY_RELU": {"alpha": 0.3}}
ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "": lambda x: x,
    "QUANTIZE": lambda x: x,
    "RELU": lambda x: np.maximum(x, 0),
    "RELU6": lambda x: np.clip(x, 0, 6),
    "RELU_N1_TO_1": lambda x: np.clip(x, -1, 1),
    "LEAKY_RELU": lambda x: np.where(x < 0, 0.3 * x, x),
    "LOGISTIC": lambda x: 1 / (1 + np.exp(-x)),
    "TANH": np.tanh,
    "SOFTMAX": lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True),
}


class Scale(NamedTuple):
    """What a tensor's integers stand for."""

    scale: Any
    zero_point: int = 0


class Int8File:
    """A chain of operators in int8 that grows at its end.

    Args:
        width: of a row that goes in.
        given: what its integers stand for.
        kind: int8, or uint8 or float32, of which a QUANTIZE makes int8.
    """

    def __init__(self, width: int, given: Scale, kind: str = "int8") -> None:
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version, self.model.buffers = 3, [schema.BufferT()]
        self.model.subgraphs, self.model.operatorCodes = [self.graph], []
        self.graph.tensors, self.graph.operators = [], []
        self.width, self.scale = width, given
        lower = Scale(given.scale, given.zero_point + 128)
        ends = {"float32": None, "uint8": lower, "int8": given}
        self.last = self.tensor((1, width), kind, ends[kind])
        self.graph.inputs = [self.last]
        if kind != "int8":
            self.add("QUANTIZE", given)

    def tensor(
        self, shape: tuple[int, ...], kind: str, scale: Scale | None, data: Any = None
    ) -> int:
        """A new tensor; its number."""
        made = schema.TensorT()
        made.shape, (made.type, dtype) = list(shape), KINDS[kind]
        made.name, made.buffer = f"t{len(self.graph.tensors)}".encode(), 0
        if scale is not None:
            made.quantization = schema.QuantizationParametersT()
            scales = np.atleast_1d(np.asarray(scale.scale, np.float32))
            made.quantization.scale = scales.tolist()
            made.quantization.zeroPoint = [scale.zero_point] * len(scales)
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.asarray(data).astype(dtype).tobytes(), np.uint8)
            made.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(made)
        return len(self.graph.tensors) - 1

    def operator(
        self, name: str, inputs: list[int], output: int, **options: Any
    ) -> schema.OperatorT:
        """A new operator, which makes the last tensor."""
        code, made = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 2
        made.opcodeIndex, made.inputs, made.outputs = len(self.graph.operators), inputs, [output]
        self.model.operatorCodes.append(code)
        if name in OPTIONS:
            made.builtinOptionsType = getattr(schema.BuiltinOptions, OPTIONS[name])
            made.builtinOptions = getattr(schema, f"{OPTIONS[name]}T")()
            for key, value in options.items():
                setattr(made.builtinOptions, key, value)
        self.graph.operators.append(made)
        self.last = output
        return made

    def add(
        self, name: str, scale: Scale | None = None, kind: str = "int8", **options: Any
    ) -> None:
        """An operator of single numbers, or of a row; a scale of its own where it has one."""
        wanted = scale or Scale(*FIXED[name])
        output = self.tensor((1, self.width), kind, None if kind == "float32" else wanted)
        self.operator(name, [self.last], output, **options)
        self.scale = wanted

    def dense(
        self, weights: Any, bias: Any, scale: Any, result: Scale, fused: str = ""
    ) -> schema.OperatorT:
        """A dense layer of integers; ``scale`` is of the weights, one or one for each neuron."""
        outputs = len(weights)
        sums = np.float64(self.scale.scale) * np.asarray(scale, np.float64)
        inputs = [
            self.last,
            self.tensor(np.shape(weights), "int8", Scale(scale), weights),
            self.tensor((outputs,), "int32", Scale(sums), bias),
        ]
        self.width, self.scale = outputs, result
        output = self.tensor((1, outputs), "int8", result)
        return self.operator(
            "FULLY_CONNECTED", inputs, output, fusedActivationFunction=FUSED[fused]
        )

    def content(self) -> bytes:
        """The file."""
        self.graph.outputs = [self.last]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def chain(
    widths: tuple[int, ...],
    seed: int = 0,
    fused: str = "RELU",
    hidden: str = "",
    last: str = "",
    per_channel: bool = False,
    kind: str = "int8",
) -> Int8File:
    """A random network of dense layers whose results use their range.

    Args:
        widths: of the input and of every layer.
        seed: of its numbers.
        fused: what each layer but the last applies to its results.
        hidden: an operator behind each layer but the last.
        last: an operator behind the last one.
        per_channel: whether each neuron has a scale of its own.
        kind: of what goes in and comes out: int8, uint8 or float32.
    """
    random = np.random.default_rng(seed)
    sample = random.normal(random.normal(), random.uniform(0.5, 3), (300, widths[0]))
    made = Int8File(widths[0], calibrated(sample), kind)
    for number, outputs in enumerate(widths[1:], start=1):
        is_last = number == len(widths) - 1
        inputs, own, behind = (
            widths[number - 1],
            "" if is_last else fused,
            last if is_last else hidden,
        )
        scale = random.uniform(0.002, 0.02, outputs if per_channel else 1).astype(np.float32)
        weights = random.integers(-127, 128, (outputs, inputs))
        sums = sample @ (weights * scale[:, None]).T
        bias = random.normal(0, sums.std(), outputs)
        sample = ACTIVATIONS[own](sums + bias)
        units = np.float64(made.scale.scale) * scale
        made.dense(weights, np.rint(bias / units), scale, calibrated(sample), own)
        if behind:
            sample = ACTIVATIONS[behind](sample)
            wanted = None if behind in FIXED else calibrated(sample * random.uniform(0.7, 1.3))
            made.add(behind, wanted, **SETTINGS.get(behind, {}))
    if kind == "uint8":
        made.add("QUANTIZE", Scale(made.scale.scale, made.scale.zero_point + 128), kind)
    elif kind == "float32":
        made.add("DEQUANTIZE", made.scale, kind)
    return made


def calibrated(sample: Any) -> Scale:
    """A scale by which integers of 8 bits reach over numbers, 0 included."""
    low, high = min(0.0, float(sample.min())), max(0.0, float(sample.max()))
    scale = np.float32((high - low) / 255)
    return Scale(scale, round(-128 - low / float(scale)))


def read(content: bytes, name: str = "net") -> Imported:
    """The file as mlp-edge reads it."""
    return read_tflite_network(Path(f"{name}.tflite"), content)


def rows_for(found: Imported, count: int, seed: int = 0) -> Floats:
    """Readings over the range of the inputs and a little beyond."""
    low, high = found.mlp.features[0].low, found.mlp.features[0].high
    assert low is not None
    assert high is not None
    beyond = 0.1 * (high - low)
    random = np.random.default_rng(seed)
    return random.uniform(low - beyond, high + beyond, (count, found.mlp.inputs)).astype("<f4")


CHAINS: dict[str, bytes] = {
    "a layer": chain((3, 5)).content(),
    "deep": chain((9, 16, 16, 8, 1), 1).content(),
    "per channel": chain((6, 12, 7, 2), 2, per_channel=True).content(),
    "relu6": chain((6, 12, 2), 3, fused="RELU6").content(),
    "relu -1 to 1": chain((6, 12, 2), 4, fused="RELU_N1_TO_1").content(),
    "no activation": chain((6, 12, 2), 5, fused="").content(),
    "sigmoid": chain((6, 12, 1), 6, last="LOGISTIC").content(),
    "four readings": chain((4, 5, 3), 30, hidden="LEAKY_RELU", last="SOFTMAX").content(),
    "softmax": chain((6, 12, 5), 7, last="SOFTMAX").content(),
    "wide softmax": chain((6, 200), 8, last="SOFTMAX", per_channel=True).content(),
    "tanh": chain((6, 9, 9, 3), 9, fused="", hidden="TANH", last="TANH").content(),
    "hidden sigmoid": chain((6, 9, 3), 10, fused="", hidden="LOGISTIC").content(),
    "relu alone": chain((6, 9, 3), 11, fused="", hidden="RELU", last="RELU").content(),
    "leaky relu": chain((6, 9, 3), 12, fused="", hidden="LEAKY_RELU").content(),
    "another scale": chain((6, 9, 3), 13, hidden="QUANTIZE", last="QUANTIZE").content(),
    "uint8": chain((6, 9, 3), 14, last="SOFTMAX", kind="uint8").content(),
    "float32": chain((6, 9, 3), 15, last="LOGISTIC", kind="float32").content(),
}
