"""An .onnx file read as what it is, a protobuf message: neither onnx nor onnxruntime is needed.

Only what an inspection shows is decoded. The numbers of the fields are those of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mlp_edge.anatomy import Constant, Contents, Step, of_steps
from mlp_edge.card import Card
from mlp_edge.errors import ModelError, first_line
from mlp_edge.mlp import Floats
from mlp_edge.reading import read_file

FLOAT, WEIGHT_TYPES = 1, (1, 2, 3, 10, 11, 16)
"""TensorProto.DataType: float, and those that weights come in (uint8, int8, half, …)."""
LARGEST = 2**31
"""No dimension of a real tensor is larger."""
DENSE = ("MatMul", "MatMulInteger", "Gemm")
PASSED_ON = ("Identity", "Cast", "DequantizeLinear")
"""Operators whose output is their constant input in another form."""


def read_onnx(path: Path) -> Contents:
    """Layers, scaling and card of an ONNX model.

    Raises:
        ModelError: when the file is not one, or is damaged.
    """
    content = read_file(path)
    try:
        model = Message(memoryview(content))
        graph = next(iter(model.messages(7)), Message(memoryview(b"")))
        if not (nodes := graph.messages(1)):
            raise ValueError("it has no operators")
        anatomy = of_steps(_steps(graph, nodes))
        pairs = {entry.text(1): entry.text(2) for entry in model.messages(14)}
        opsets = {entry.text(1): entry.number(2) for entry in model.messages(8)}
        # tf2onnx signs with its commit, or None.
        written_by = f"{model.text(2)} {model.text(3).removesuffix(' None')}".strip()
    except (ValueError, IndexError, TypeError, OverflowError) as error:
        raise ModelError(
            f"{path}: not an ONNX model, or a damaged one ({first_line(error)})"
        ) from error
    card = Card.from_strings(pairs, path) if "weights_sha256" in pairs else None
    format_ = f"opset {opsets.get('', '?')}, IR version {model.number(1)}"
    return Contents(anatomy, card, f"{written_by}, {format_}" if written_by else format_)


class Message:
    """A protobuf message: its fields by number, undecoded.

    Args:
        data: its bytes.

    Raises:
        ValueError: for bytes that are no message.
    """

    def __init__(self, data: memoryview) -> None:
        self._fields: dict[int, list[int | memoryview]] = {}
        for number, value in _fields(data):
            self._fields.setdefault(number, []).append(value)

    def messages(self, number: int) -> list[Message]:
        """A repeated message."""
        return [Message(_bytes(value)) for value in self._fields.get(number, [])]

    def text(self, number: int) -> str:
        """A string; "" when it is not there."""
        return bytes(self.content(number)).decode()

    def texts(self, number: int) -> list[str]:
        """A repeated string."""
        return [bytes(_bytes(value)).decode() for value in self._fields.get(number, [])]

    def content(self, number: int) -> memoryview:
        """Bytes; none when they are not there."""
        return _bytes(self._fields.get(number, [memoryview(b"")])[-1])

    def number(self, number: int) -> int:
        """An integer; 0 when it is not there."""
        return next(reversed(self.numbers(number)), 0)

    def numbers(self, number: int) -> list[int]:
        """A repeated integer, packed or not."""
        numbers: list[int] = []
        for value in self._fields.get(number, []):
            numbers += [value] if isinstance(value, int) else _packed(value)
        return numbers


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of each field: an integer, or bytes whose meaning the schema knows."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield key >> 3, value
            continue
        if kind == 2:
            size, place = _varint(data, place)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"no protobuf at byte {place}")
        if size > len(data) - place:
            raise ValueError("it ends too early")
        yield key >> 3, data[place : place + size]
        place += size


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    """An integer of seven bits per byte, the lowest first, and where the next field begins."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("a number without an end")


def _packed(data: memoryview) -> list[int]:
    numbers, place = [], 0
    while place < len(data):
        number, place = _varint(data, place)
        numbers.append(number)
    return numbers


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise TypeError("a number where bytes belong")
    return value


def _steps(graph: Message, nodes: list[Message]) -> Iterator[Step]:
    """The operators in the file's order, which is the order of execution."""
    constants = {tensor.text(8): _constant(tensor) for tensor in graph.messages(5)}
    for node in nodes:
        operator, inputs, outputs = node.text(4), node.texts(1), node.texts(2)
        if not operator:
            raise ValueError("an operator without a name")
        attributes = {entry.text(1): entry for entry in node.messages(5)}
        if operator == "Constant":
            for tensor in attributes["value"].messages(5) if "value" in attributes else []:
                constants[outputs[0]] = _constant(tensor)
        elif operator in PASSED_ON and constants.keys() & inputs[:1]:
            constants[outputs[0]] = constants[inputs[0]]._replace(values=None)
        else:
            weights = constants.get(inputs[1]) if len(inputs) > 1 else None
            integer = operator == "MatMulInteger"
            held = [constants[name] for name in inputs if name in constants]
            yield Step(
                operator=operator,
                # Where zero stands among integers is no weight.
                constants=tuple(one for one in held if one.shape or not integer),
                neurons=_neurons(operator, weights, attributes),
                inputs=tuple(name for name in inputs if name and name not in constants),
                results=tuple(outputs),
                integer=integer,
            )


def _neurons(
    operator: str, weights: Constant | None, attributes: dict[str, Message]
) -> tuple[int, int] | None:
    """(outputs, inputs) of a dense layer; None for anything else."""
    if (
        operator not in ("MatMul", "MatMulInteger", "Gemm")
        or weights is None
        or len(weights.shape) != 2
    ):
        return None
    rows, columns = weights.shape
    transposed = "transB" in attributes and attributes["transB"].number(3) == 1
    return (rows, columns) if transposed else (columns, rows)


def _constant(tensor: Message) -> Constant:
    shape = tuple(tensor.numbers(1))
    if any(size > LARGEST for size in shape):
        raise ValueError(f"a tensor of the shape {shape}")
    return Constant(shape, _values(tensor, shape), tensor.number(2) in WEIGHT_TYPES)


def _values(tensor: Message, shape: tuple[int, ...]) -> Floats | None:
    """The numbers of a float32 vector; nobody asks for those of a matrix."""
    if tensor.number(2) != FLOAT or len([size for size in shape if size > 1]) > 1:
        return None
    content = tensor.content(9) or tensor.content(4)
    values = np.frombuffer(content, dtype="<f4")
    return values if values.size == int(np.prod(shape)) else None
