"""Tensors and settings of an .onnx file as NumPy arrays; the field numbers are onnx.proto's."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.readers.checks.onnx_checks import in_another_file, signed
from mlp_edge.readers.checks.protobuf import Message, fields_of, written
from mlp_edge.readers.operators.beside import Beside

FLOAT, INT32, INT64, STRING, HALF, DOUBLE, BFLOAT16 = 1, 6, 7, 8, 10, 11, 16
DTYPES = {
    FLOAT: "<f4", 2: "u1", 3: "i1", 4: "<u2", 5: "<i2", INT32: "<i4", INT64: "<i8", 9: "?",
    HALF: "<f2", DOUBLE: "<f8", 12: "<u4", 13: "<u8",
}  # fmt: skip
"""TensorProto.DataType -> NumPy's dtype."""
FLOATS = (FLOAT, HALF, DOUBLE, BFLOAT16)
WHOLES = (2, 3, 4, 5, INT32, INT64, 12, 13)
NAMES = {FLOAT: "float32", HALF: "float16", DOUBLE: "float64", BFLOAT16: "bfloat16",
         2: "uint8", 3: "int8", 4: "uint16", 5: "int16", INT32: "int32", INT64: "int64",
         STRING: "text", 9: "bool", 12: "uint32", 13: "uint64"}  # fmt: skip
MOST_AXES = 8


def array_of(tensor: Message, beside: Beside | None = None) -> NDArray[Any]:
    """The numbers of a tensor, bfloat16 as float32; texts as an array of objects.

    Args:
        tensor: of the file.
        beside: the files in which its numbers may stand; None for a tensor that has its own.

    Raises:
        ValueError: in one line, where they stand elsewhere, are of another type, or are not as
            many as the shape asks for.
        ModelError: naming a file beside the model that cannot be read.
    """
    kind, shape = tensor.number(2), tuple(tensor.numbers(1))
    if len(shape) > MOST_AXES or any(size >= 2**31 for size in shape):
        raise ValueError(f"a tensor of the shape {shape}"[:100])
    if tensor.has(3):
        raise ValueError("it is a part of a tensor; a whole one would do")
    if in_another_file(tensor):
        return _elsewhere(tensor, kind, shape, beside)
    if kind == STRING:
        texts = np.array(tensor.texts(6), object)
        return _shaped(texts, shape)
    if kind == BFLOAT16:
        return _shaped(_widened(_numbers(tensor, kind, "<u2")), shape)
    if kind not in DTYPES:
        raise ValueError(f"a tensor of type {kind}")
    return _shaped(_numbers(tensor, kind, DTYPES[kind]), shape)


def _elsewhere(
    tensor: Message, kind: int, shape: tuple[int, ...], beside: Beside | None
) -> NDArray[Any]:
    dtype = np.dtype("<u2" if kind == BFLOAT16 else DTYPES.get(kind, "O"))
    if beside is None or dtype.hasobject:
        raise ValueError("its numbers stand in another file; a file with all of them would do")
    content = beside.bytes_of(tensor, math.prod(shape) * dtype.itemsize)
    numbers = np.frombuffer(content, dtype)
    return (_widened(numbers) if kind == BFLOAT16 else numbers).reshape(shape)


def in_one_file(content: bytes, beside: Beside) -> bytes:
    """A model with all its numbers in it, for what opens one file alone.

    Raises:
        ValueError: for what is no model, and as ``array_of``.
        ModelError: as ``array_of``.
    """
    [graph] = (value for number, value in fields_of(memoryview(content)) if number == 7)
    if isinstance(graph, int) or not any(map(in_another_file, Message(graph).messages(5))):
        return content
    inside = written(
        (number, _whole(value, beside) if number == 5 else value)
        for number, value in fields_of(graph)
    )
    fields = fields_of(memoryview(content))
    return written((number, inside if number == 7 else value) for number, value in fields)


def _whole(value: int | memoryview, beside: Beside) -> int | bytes | memoryview:
    if isinstance(value, int) or not in_another_file(tensor := Message(value)):
        return value
    kept = [(number, each) for number, each in fields_of(value) if number in (1, 2, 8)]
    kind = tensor.number(2)
    size = math.prod(tensor.numbers(1)) * (2 if kind == BFLOAT16 else _itemsize(kind))
    return written([*kept, (9, beside.bytes_of(tensor, size))])


def _itemsize(kind: int) -> int:
    if kind not in DTYPES:
        raise ValueError(f"a tensor of type {kind}")
    return np.dtype(DTYPES[kind]).itemsize


def _widened(halves: NDArray[Any]) -> NDArray[Any]:
    """The bits of bfloat16 numbers as float32."""
    return (halves.astype(np.uint32) << 16).astype("<u4").view("<f4")


def _numbers(tensor: Message, kind: int, dtype: str) -> NDArray[Any]:
    """As raw bytes, or in the field for their type; small types stand in that of int32."""
    if tensor.has(9):
        return np.frombuffer(tensor.joined(9), dtype)
    if kind in (FLOAT, DOUBLE):
        return np.frombuffer(tensor.joined(4 if kind == FLOAT else 10), dtype)
    field = {INT64: 7, 12: 11, 13: 11}.get(kind, 5)
    values = [signed(number) for number in tensor.numbers(field)]
    if kind in (HALF, BFLOAT16):
        return np.array(values, np.uint16).view(dtype)
    return np.array(values, np.int64).astype(dtype)


def _shaped(numbers: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if numbers.size != math.prod(shape):
        raise ValueError(f"a tensor of the shape {shape} that holds {numbers.size} numbers"[:120])
    return numbers.reshape(shape)


class Settings:
    """The settings of an operator.

    Args:
        values: name -> number, list of integers, list of numbers or text.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def has(self, name: str) -> bool:
        """Whether it is there."""
        return name in self._values

    def number(self, name: str, otherwise: float) -> float:
        """A number."""
        return float(self._values.get(name, otherwise))

    def whole(self, name: str, otherwise: int) -> int:
        """An integer."""
        return int(self._values.get(name, otherwise))

    def wholes(self, name: str) -> list[int] | None:
        """Integers; None where they are not there."""
        return self._values.get(name)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Numbers; none where they are not there."""
        return np.asarray(self._values.get(name, ()), np.float64)

    def text(self, name: str, otherwise: str) -> str:
        """A text."""
        return str(self._values.get(name, otherwise))

    def texts(self, name: str) -> list[str]:
        """Texts; none where they are not there."""
        return list(self._values.get(name, ()))

    def tensor(self, name: str) -> NDArray[Any] | None:
        """A tensor; None where it is not there."""
        return self._values.get(name)


def attributes_of(node: Message) -> Settings:
    """The attributes of a node, each by its declared type."""
    return Settings({entry.text(1): _value(entry) for entry in node.messages(5)})


def _value(entry: Message) -> Any:
    match entry.number(20):
        case 1:
            content = entry.joined(2)
            return struct.unpack("<f", content)[0] if content else 0.0
        case 2:
            return signed(entry.number(3))
        case 3:
            return entry.text(4)
        case 4:
            found = entry.messages(5)
            return array_of(found[0]) if len(found) == 1 else None
        case 6:
            return np.frombuffer(entry.joined(7), "<f4").astype(np.float64)
        case 7:
            return [signed(number) for number in entry.numbers(8)]
        case 8:
            return entry.texts(9)
        case 5 | 10:  # graphs, of operators that are refused by their names
            return None
    raise ValueError(f"a setting {entry.text(1)[:40]!r} of type {entry.number(20)}")
