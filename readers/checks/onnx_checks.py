"""An .onnx file checked before ONNX Runtime makes room for what it claims to hold."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from mlp_edge.readers.checks.protobuf import Message
from mlp_edge.readers.checks.shapes import (
    OTHER_KIND,
    ROWS,
    Shape,
    check_total,
    checked,
    gathered,
    joined,
    multiplied,
    narrowed,
    picked,
    reduced,
    reshaped,
    together,
    widened,
)

SIZES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8}
"""TensorProto.DataType -> bytes of a number."""
FLOAT, INT32, INT64 = 1, 6, 7
ALONE = frozenset({
    "Abs", "Cast", "Ceil", "Celu", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish",
    "Identity", "IsInf", "IsNaN", "LeakyRelu", "Log", "LogSoftmax", "LpNormalization", "Mish",
    "Neg", "Not", "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Softmax",
    "Softplus", "Softsign", "Sqrt", "Swish", "Tanh", "ThresholdedRelu",
})  # fmt: skip
FIRST = frozenset({"BatchNormalization", "Dropout", "LayerNormalization", "RMSNormalization"})
"""Operators of several inputs whose result has the shape of the first."""
SCALED = frozenset({"DequantizeLinear", "QuantizeLinear"})
TOGETHER = frozenset({
    "Add", "And", "Clip", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max",
    "Mean", "Min", "Mul", "Or", "PRelu", "Pow", "Sub", "Sum", "Where", "Xor",
})  # fmt: skip
REDUCERS = frozenset({"ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum"})


class Initializer(NamedTuple):
    """A tensor of the file: its shape, and its numbers where they may be axes or sizes."""

    shape: Shape
    numbers: tuple[int, ...] | None


def check_onnx(content: bytes, several: bool = False) -> None:
    """Refuse what ONNX Runtime would read elsewhere, or would make more room for than is sensible.

    Args:
        content: of the file.
        several: whether it may have more inputs and outputs than one.

    Raises:
        ValueError: in one line, for what is no ONNX model, or no network of a table.
    """
    model = Message(memoryview(content))
    graph = _only(model, 7, "graph")
    if model.messages(20) or model.messages(25) or graph.messages(15):
        raise ValueError("functions, training or sparse tensors")
    constants = {tensor.text(8): constant(tensor) for tensor in graph.messages(5)}
    shapes = {name: each.shape for name, each in constants.items()}
    feeds = [entry for entry in graph.messages(11) if entry.text(1) not in constants]
    outputs = [entry.text(1) for entry in graph.messages(12)]
    if not feeds or not outputs or (not several and len(feeds) + len(outputs) > 2):
        raise ValueError(OTHER_KIND)
    for feed in feeds:
        shapes[feed.text(1)] = checked((ROWS, _width(feed)))
    nodes = graph.messages(1)
    for node in nodes:
        name, result = _checked(node, shapes)
        if name == "Constant":
            constants[result] = constant(_only(_attributes(node)["value"], 5, "tensor"))
            shapes[result] = constants[result].shape
        else:
            inputs = [one for one in node.texts(1) if one]
            given = node.texts(1)[:1] if name == "Clip" else node.texts(1)
            if not all(given):  # of which ONNX Runtime crashes
                raise ValueError(f"{name} without one of its inputs")
            shapes[result] = _result(
                name, node, [shapes[one] for one in inputs], [constants.get(one) for one in inputs]
            )
    check_total([shape for name, shape in shapes.items() if name not in constants])
    if any(output not in shapes for output in outputs):
        raise ValueError("an output that nobody makes")


def _only(message: Message, number: int, what: str) -> Message:
    """A message that stands there once: libraries join those that stand there more often."""
    found = message.messages(number)
    if len(found) != 1:
        raise ValueError(f"{len(found)} times a {what}, where one belongs")
    return found[0]


def _width(feed: Message) -> int:
    """Of the rows that go in."""
    tensor = _only(_only(feed, 2, "type"), 1, "tensor type")
    sizes = _only(tensor, 2, "shape").messages(1)
    if len(sizes) != 2 or tensor.number(1) != FLOAT:
        raise ValueError(OTHER_KIND)
    return sizes[1].number(1)


def constant(tensor: Message) -> Initializer:
    """A tensor that stands in the file, all of it.

    Raises:
        ValueError: when it stands elsewhere, or holds other numbers than its shape asks for.
    """
    if in_another_file(tensor) or tensor.has(3):
        raise ValueError("numbers that stand in another file")
    kind, shape = tensor.number(2), tuple(tensor.numbers(1))
    if kind not in SIZES or any(not 0 <= size < 2**31 for size in shape) or len(shape) > 8:
        raise ValueError(f"a tensor of type {kind} and the shape {shape}")
    held = [field for field in (4, 5, 7, 9, 10, 11) if tensor.has(field)]
    wanted = math.prod(shape)
    if held in ([], [9]):
        # Without a number of its own, a tensor has those of an empty one.
        data = tensor.content(9)
        count, numbers = len(data) / SIZES[kind], _integers(data, kind)
    elif held in ([4], [10]):
        count, numbers = len(tensor.content(held[0])) / SIZES[kind], None
    elif held in ([5], [7], [11]):
        found = tensor.numbers(held[0])
        count, numbers = len(found), tuple(found) if kind in (INT32, INT64) else None
    else:
        raise ValueError("numbers in two places")
    if count != wanted:
        raise ValueError(f"a tensor of the shape {shape} that holds {count:g} numbers")
    return Initializer(shape, numbers)


def in_another_file(tensor: Message) -> bool:
    """Whether a tensor only names the file that its numbers stand in."""
    return tensor.has(13) or tensor.number(14) != 0


def _integers(data: memoryview, kind: int) -> tuple[int, ...] | None:
    if kind not in (INT32, INT64) or len(data) > 8 * 1024 or len(data) % SIZES[kind]:
        return None
    return struct.unpack(f"<{len(data) // SIZES[kind]}{'i' if kind == INT32 else 'q'}", data)


def _checked(node: Message, shapes: Mapping[str, Shape]) -> tuple[str, str]:
    """The operator and the result of a node whose inputs are there and whose result is not."""
    name, outputs = node.text(4), node.texts(2)
    if node.text(7) not in ("", "ai.onnx"):
        raise ValueError(f"an operator {name} of {node.text(7)[:40]}")
    attributes = node.messages(5)
    if len(_attributes(node)) != len(attributes):
        raise ValueError(f"a {name} with two settings of one name")
    for attribute in attributes:
        if attribute.messages(6) or attribute.messages(11) or len(attribute.messages(5)) > 1:
            raise ValueError(f"a {name} with a graph of its own")
    if len(outputs) != 1 or outputs[0] in shapes:
        raise ValueError(f"a {name} that makes what is there already, or several")
    if any(one and one not in shapes for one in node.texts(1)):
        raise ValueError(f"a {name} of what is not there yet")
    return name, outputs[0]


def _attributes(node: Message) -> dict[str, Message]:
    return {entry.text(1): entry for entry in node.messages(5)}


def _result(
    name: str, node: Message, shapes: Sequence[Shape], given: Sequence[Initializer | None]
) -> Shape:
    """Of one operator; see ``mlp_edge.readers.checks.shapes``."""
    attributes = _attributes(node)

    def whole(key: str, otherwise: int) -> int:
        return signed(attributes[key].number(3)) if key in attributes else otherwise

    if not shapes:
        raise ValueError(f"a {name} of nothing")
    if (name in ALONE and len(shapes) == 1) or name in FIRST:
        return shapes[0]
    if name == "Flatten" and len(shapes) == 1 and len(shapes[0]) == 2 and whole("axis", 1) == 1:
        return shapes[0]
    if name in SCALED and len(shapes) in (2, 3) and all(len(one) < 2 for one in shapes[1:]):
        return shapes[0]
    if name in TOGETHER:
        return together(shapes)
    if name == "Concat":
        return joined(shapes, whole("axis", 0))
    if name == "Gather" and len(shapes) == 2:
        return gathered(shapes[0], shapes[1], whole("axis", 0))
    if name == "GatherElements" and len(shapes) == 2:
        return picked(shapes[0], shapes[1], whole("axis", 0))
    if name in ("MatMul", "MatMulInteger") and len(shapes) > 1:
        return multiplied(shapes[0], shapes[1])
    if name == "Gemm" and len(shapes) > 1 and not whole("transA", 0):
        right = shapes[1][::-1] if whole("transB", 0) else shapes[1]
        product = multiplied(shapes[0], right)
        return together([product, *shapes[2:]]) if len(shapes) > 2 else product
    axes = _axes(attributes, given)
    if name in REDUCERS:
        every = tuple(range(len(shapes[0]))) if axes is None else axes
        return reduced(shapes[0], every, bool(whole("keepdims", 1)))
    shaping: dict[str, Callable[[Shape, Sequence[int]], Shape]] = {
        "Reshape": reshaped,
        "Squeeze": narrowed,
        "Unsqueeze": widened,
    }
    if name in shaping and axes is not None:
        return shaping[name](shapes[0], axes)
    raise ValueError(f"an operator {name[:40]}, which no export of mlp-edge has")


def _axes(
    attributes: Mapping[str, Message], given: Sequence[Initializer | None]
) -> tuple[int, ...] | None:
    """What an operator has as its second input, or in older files as an attribute."""
    if "axes" in attributes:
        return tuple(map(signed, attributes["axes"].numbers(8)))
    second = given[1] if len(given) > 1 else None
    if second is not None and second.numbers is not None and len(second.shape) < 2:
        return tuple(map(signed, second.numbers))
    if len(given) > 1:
        raise ValueError("axes that stand elsewhere")
    return None


def signed(number: int) -> int:
    """Of 64 bits, as protobuf writes a negative one."""
    return number - 2**64 if number >= 2**63 else number
