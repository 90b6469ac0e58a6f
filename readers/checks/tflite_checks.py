"""A .tflite file checked before LiteRT, which trusts much of it, sees any of it."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from mlp_edge.readers.checks.flatbuffer import Schema, Verified
from mlp_edge.readers.checks.shapes import (
    MOST_AXES,
    MOST_NUMBERS,
    OTHER_KIND,
    ROWS,
    Shape,
    check_total,
    gathered,
    joined,
    multiplied,
    reduced,
    reshaped,
    together,
)

IDENTIFIER = b"TFL3"
NUMBERS = "[4]"
SCHEMA: Schema = {
    "Model": (
        4,
        "[Code]",
        "[Graph]",
        "string",
        "[Buffer]",
        NUMBERS,
        "[Metadata]",
        "[Signature]",
    ),
    "Code": (1, "string", 4, 4),
    "Graph": ("[Tensor]", NUMBERS, NUMBERS, "[Operator]", "string", 4),
    "Tensor": (NUMBERS, 1, 4, "string", "Quantization", 1, "?", NUMBERS, 1, "-", 4),
    "Quantization": (NUMBERS, NUMBERS, NUMBERS, "[8]", 1, "?", 4),
    "Operator": (4, NUMBERS, NUMBERS, 1, "?", "[1]", 1, "[1]", NUMBERS, 8, 8, 1, "?", 4),
    "Buffer": ("[1]", 8, 8),
    "Metadata": ("string", 4),
    "Signature": ("[Named]", "[Named]", "string", "-", 4),
    "Named": ("string", 4),
    "Dense": (1, 1, 1, 1, 1, "-"),
    "Axis": (4, 1),
    "Gather": (4, 4),
    "Fused": (1, 1),
    "Reducer": (1,),
    "Reshape": (NUMBERS,),
    "Number": (4,),
    "Flag": (1,),
    "Slice": (4, 4, 4, 4, 4, 1),
}
"""Of the tables that LiteRT follows; fields in the order of TFLite's schema.fbs."""
OPTIONS = {
    8: "Dense",
    9: "Number",
    10: "Axis",
    11: "Fused",
    17: "Reshape",
    21: "Fused",
    23: "Gather",
    27: "Reducer",
    28: "Fused",
    29: "Fused",
    32: "Slice",
    75: "Number",
    116: "Flag",
}
FLOAT32, FLOAT16, INT32, BOOL, INT8 = 0, 1, 2, 6, 9
SIZES = {FLOAT32: 4, FLOAT16: 2, INT32: 4, 3: 1, 4: 8, BOOL: 1, 7: 2, 8: 8, INT8: 1, 10: 8}
"""Type of a tensor -> bytes of a number."""
LARGEST_FOREIGN = 2**28
"""Numbers of a result in a file that is only looked at."""

ALONE = frozenset({
    "ABS", "CAST", "CEIL", "DEQUANTIZE", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH", "LEAKY_RELU",
    "LOG", "LOGICAL_NOT", "LOGISTIC", "LOG_SOFTMAX", "NEG", "QUANTIZE", "RELU", "RELU6", "ROUND",
    "RSQRT", "SOFTMAX", "SQRT", "SQUARE", "TANH",
})  # fmt: skip
PAIRS = frozenset({
    "ADD", "DIV", "EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "LOGICAL_AND",
    "LOGICAL_OR", "MAXIMUM", "MINIMUM", "MUL", "NOT_EQUAL", "SQUARED_DIFFERENCE", "SUB",
})  # fmt: skip
REDUCERS = frozenset({"MEAN", "REDUCE_ALL", "REDUCE_ANY", "REDUCE_MAX", "REDUCE_MIN", "SUM"})
COUNTS = {
    **dict.fromkeys(ALONE, (1,)),
    **dict.fromkeys(PAIRS | REDUCERS, (2,)),
    "CONCATENATION": range(1, 1000),
    "FULLY_CONNECTED": (2, 3),
    "GATHER": (2,),
    "RESHAPE": (2,),
    "SELECT": (3,),
    "SELECT_V2": (3,),
}
"""Operators that networks of tables are made of -> how many inputs each may have."""
INTEGERS = frozenset(
    {
        "CONCATENATION",
        "DEQUANTIZE",
        "FULLY_CONNECTED",
        "GATHER",
        "MAXIMUM",
        "MINIMUM",
        "QUANTIZE",
        "RESHAPE",
    }
)
"""Those that may work in int8; LiteRT ends the process where others meet an odd scale."""
DENSE_TYPES = (
    (FLOAT32, FLOAT32, FLOAT32, FLOAT32),
    (FLOAT32, INT8, FLOAT32, FLOAT32),
    (INT8, INT8, INT32, INT8),
)
"""Input, weights, bias, output of a dense layer."""
_TABLE = (2, FLOAT32, None)
ORDER = "model_control_dependencies"
"""Metadata that tells LiteRT to run operators in another order than the file has."""


class Tensor(NamedTuple):
    """A tensor: its type, its declared shape, its content where the file has one.

    ``plain`` is one that is neither a variable nor sparse, and whose scales are its own.
    """

    type: int
    shape: Shape
    data: memoryview | None
    quantization: Mapping[int, Any]
    plain: bool


class Operator(NamedTuple):
    """An operator: its number, its tensors, its settings by the numbers of their fields.

    ``plain`` is one without settings of its own making, or in another place of the file.
    """

    code: int
    inputs: Sequence[int]
    outputs: Sequence[int]
    options: Mapping[int, Any]
    plain: bool


class Graph(NamedTuple):
    """A subgraph of a file."""

    tensors: Sequence[Tensor]
    operators: Sequence[Operator]
    inputs: Sequence[int]
    outputs: Sequence[int]


class CheckedModel(NamedTuple):
    """A file: its subgraphs, and its metadata by their names."""

    graphs: Sequence[Graph]
    metadata: Mapping[str, bytes]


def verified(content: bytes) -> CheckedModel:
    """A file whose offsets, indices and sizes are all in order, whatever its operators are.

    Raises:
        ValueError: in one line, when one is not.
    """
    if content[4:8] != IDENTIFIER:
        raise ValueError("it does not carry the mark TFL3")
    unions = {"Operator.4": OPTIONS}
    model = Verified(content, SCHEMA, "Model", unions).root
    buffers = [buffer.get(0) for buffer in model.get(4, ())]
    if any(buffer.get(1, 0) or buffer.get(2, 0) for buffer in model.get(4, ())):
        raise ValueError("numbers that stand behind the model")
    graphs = model.get(2, ())
    if not graphs:
        raise ValueError("it holds no graph")
    metadata = {
        entry.get(0, ""): bytes(_index(entry.get(1, 0), buffers, "buffer") or b"")
        for entry in model.get(6, ())
    }
    for entry in model.get(7, ()):
        tensors = _index(entry.get(4, 0), graphs, "graph").get(0, ())
        for named in (*entry.get(0, ()), *entry.get(1, ())):
            _index(named.get(1, 0), tensors, "tensor")
    codes = [max(code.get(0, 0), code.get(3, 0)) for code in model.get(1, ())]
    return CheckedModel([_graph(graph, buffers, codes) for graph in graphs], metadata)


@cache
def names_of(enumeration: Any) -> dict[int, str]:
    """Number -> name of an enumeration of TFLite's schema."""
    return {value: name for name, value in vars(enumeration).items() if name.isupper()}


def _index(number: int, items: Sequence[Any], what: str) -> Any:
    if not 0 <= number < len(items):
        raise ValueError(f"{what} {number} of {len(items)}")
    return items[number]


def _graph(graph: Mapping[int, Any], buffers: Sequence[Any], codes: Sequence[int]) -> Graph:
    tensors = [_tensor(fields, buffers) for fields in graph.get(0, ())]
    operators = []
    for fields in graph.get(3, ()):
        inputs, outputs = _numbers(fields.get(1, b"")), _numbers(fields.get(2, b""))
        for number in (*(one for one in inputs if one != -1), *outputs):
            _index(number, tensors, "tensor")
        code = _index(fields.get(0, 0), codes, "operator code")
        plain = not any(fields.get(field) for field in (5, 7, 8, 9, 10, 11, 12))
        operators.append(Operator(code, inputs, outputs, fields.get(4, {}), plain))
    ends = [_numbers(graph.get(field, b"")) for field in (1, 2)]
    for number in (*ends[0], *ends[1]):
        _index(number, tensors, "tensor")
    return Graph(tensors, operators, *ends)


def _numbers(data: bytes | memoryview) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}i", data)


def _tensor(fields: Mapping[int, Any], buffers: Sequence[Any]) -> Tensor:
    data = _index(fields.get(2, 0), buffers, "buffer")
    shape, kind = _numbers(fields.get(0, b"")), fields.get(1, FLOAT32)
    if any(size < 0 for size in shape) or math.prod(shape) > LARGEST_FOREIGN:
        raise ValueError(f"a tensor of the shape {shape}")
    if data is not None and len(data) and kind in SIZES:
        wanted = math.prod(shape) * SIZES[kind]
        if len(data) != wanted:
            raise ValueError(f"{len(data):,} bytes for a tensor of the shape {shape}")
    kept = data if data is not None and len(data) else None
    scales = fields.get(4, {})
    plain = not (fields.get(5) or 6 in fields or scales.get(4) or 5 in scales)
    return Tensor(kind, shape, kept, scales, plain)


def check_runnable(model: CheckedModel, names: Mapping[int, str], several: bool = False) -> None:
    """Refuse what LiteRT would run without end, without room, or into a crash.

    Args:
        model: as ``verified`` has read it.
        names: number -> name of TFLite's operators.
        several: whether it may have more inputs and outputs than one.

    Raises:
        ValueError: in one line.
    """
    if len(model.graphs) != 1 or ORDER in model.metadata:
        raise ValueError("more than one graph, or an order of its own")
    [graph] = model.graphs
    ends = [graph.tensors[number] for number in (*graph.inputs, *graph.outputs)]
    count = len(ends) if several and graph.inputs and graph.outputs else 2
    if [(len(tensor.shape), tensor.type, tensor.data) for tensor in ends] != count * [_TABLE]:
        raise ValueError(OTHER_KIND)
    for tensor in graph.tensors:
        _check_tensor(tensor)
    shapes = {number: tensor.shape for number, tensor in enumerate(graph.tensors) if tensor.data}
    for number in graph.inputs:
        shapes[number] = (ROWS, graph.tensors[number].shape[1])
    for operator in graph.operators:
        name = names.get(operator.code, str(operator.code))
        if name not in COUNTS or not operator.plain:
            raise ValueError(f"an operator {name}, which no export of mlp-edge has")
        if len(operator.inputs) not in COUNTS[name] or len(operator.outputs) != 1:
            raise ValueError(f"a {name} of {len(operator.inputs)} inputs")
        [output] = operator.outputs
        given = [number for number in operator.inputs if number != -1]
        unbiased = name == "FULLY_CONNECTED" and operator.inputs[2:] == (-1,)
        if any(number not in shapes for number in operator.inputs[: 2 if unbiased else None]):
            raise ValueError(f"a {name} of what is not there yet")
        if output in shapes:
            raise ValueError(f"a {name} that makes what is there already")
        _check_types(name, operator, graph.tensors)
        shapes[output] = _result(name, operator, graph.tensors, [shapes[one] for one in given])
    check_total([shapes[operator.outputs[0]] for operator in graph.operators])
    if any(output not in shapes for output in graph.outputs):
        raise ValueError("an output that nobody makes")


def _check_tensor(tensor: Tensor) -> None:
    if not tensor.plain or len(tensor.shape) > MOST_AXES:
        raise ValueError(f"a variable, a sparse tensor, or one of the shape {tensor.shape}")
    if tensor.type not in (FLOAT32, FLOAT16, INT32, BOOL, INT8, 4):
        raise ValueError(f"a tensor of type {tensor.type}")
    if math.prod(tensor.shape) > MOST_NUMBERS and not tensor.data:
        raise ValueError(f"a result of the shape {tensor.shape}")
    scales = struct.unpack(
        f"<{len(tensor.quantization.get(2, b'')) // 4}f", tensor.quantization.get(2, b"")
    )
    points = len(tensor.quantization.get(3, b"")) // 8
    if tensor.type != INT8 and not scales:
        return
    axis = tensor.quantization.get(6, 0)
    channels = tensor.shape[axis] if 0 <= axis < len(tensor.shape) else 0
    if not scales or points not in (len(scales), 1) or len(scales) not in (1, channels):
        raise ValueError(f"{len(scales)} scales for a tensor of the shape {tensor.shape}")
    if not all(math.isfinite(scale) and scale > 0 for scale in scales):
        raise ValueError("a scale that is not above 0")


def _check_types(name: str, operator: Operator, tensors: Sequence[Tensor]) -> None:
    kinds = [tensors[number].type for number in operator.inputs if number != -1]
    result = tensors[operator.outputs[0]].type
    if name == "FULLY_CONNECTED":
        expected = [kind for kind in DENSE_TYPES if kind[0] == kinds[0] and kind[3] == result]
        if not any(list(kind[: len(kinds)]) == kinds for kind in expected):
            raise ValueError("a FULLY_CONNECTED of other types")
        if operator.options.get(1, 0) or operator.options.get(0, 0) not in (0, 1, 2, 3):
            raise ValueError("a FULLY_CONNECTED with other settings")
    elif name not in INTEGERS and INT8 in (*kinds, result):
        raise ValueError(f"a {name} in int8")
    elif name != "DEQUANTIZE" and FLOAT16 in (*kinds, result):
        raise ValueError(f"a {name} in float16")
    elif name in PAIRS and (len({*kinds}) > 1 or operator.options.get(0, 0) not in (0, 1, 2, 3)):
        raise ValueError(f"a {name} of two types, or with other settings")
    elif name == "DIV" and kinds[0] != FLOAT32:
        raise ValueError("a DIV of integers")


def _result(
    name: str, operator: Operator, tensors: Sequence[Tensor], shapes: Sequence[Shape]
) -> Shape:
    """Of one operator; see ``mlp_edge.readers.checks.shapes``."""
    options = operator.options
    if name in ALONE:
        return shapes[0]
    if name in PAIRS or name.startswith("SELECT"):
        return together(shapes)
    if name == "CONCATENATION":
        return joined(shapes, options.get(0, 0))
    if name == "GATHER":
        if options.get(1, 0):
            raise ValueError("a GATHER in batches")
        return gathered(shapes[0], shapes[1], options.get(0, 0))
    if name == "FULLY_CONNECTED":
        rows, weights = shapes[:2]
        if len(rows) != 2 or len(weights) != 2 or shapes[2:] not in ([], [weights[:1]]):
            raise ValueError(f"a FULLY_CONNECTED of the shapes {', '.join(map(str, shapes))}")
        return multiplied(rows, weights[::-1])
    settings = tensors[operator.inputs[1]]
    if settings.type != INT32 or not settings.data or len(settings.shape) > 1:
        raise ValueError(f"a {name} whose axes stand elsewhere")
    if name == "RESHAPE":
        return reshaped(shapes[0], _numbers(settings.data))
    return reduced(shapes[0], _numbers(settings.data), bool(options.get(0, 0)))
