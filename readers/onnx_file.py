"""An .onnx file read as what it is, a protobuf message: neither onnx nor onnxruntime is needed.

Only what an inspection shows is decoded. The numbers of the fields are those of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from mlp_edge.card import Card
from mlp_edge.errors import ModelError, first_line
from mlp_edge.metadata import ONNX_BEHIND
from mlp_edge.mlp import Floats
from mlp_edge.readers.activation_names import NOT_NEGATIVE
from mlp_edge.readers.anatomy import Contents
from mlp_edge.readers.checks.onnx_checks import SIZES, constant, in_another_file
from mlp_edge.readers.checks.protobuf import Message
from mlp_edge.readers.steps import Constant, Step, of_steps
from mlp_edge.reading import read_file

FLOAT, WEIGHT_TYPES = 1, (1, 2, 3, 10, 11, 16)
"""TensorProto.DataType: float, and those that weights come in (uint8, int8, half, …)."""
LARGEST = 2**31
"""No dimension of a real tensor is larger."""
DENSE: Mapping[str, tuple[int, int | None]] = {
    "MatMul": (1, None),
    "Gemm": (1, 2),
    "MatMulInteger": (1, None),
    "QLinearMatMul": (3, None),
    "QGemm": (3, 6),
}
"""Operators that are dense layers -> which of their inputs are the weights and the biases."""
INTEGER = ("MatMulInteger", "QLinearMatMul", "QGemm")
LINEAR = {"LinearClassifier", "LinearRegressor"}
"""Operators of ONNX's classical part that hold their weights as attributes."""
AFTER = {"LOGISTIC": "Sigmoid", "SOFTMAX": "Softmax", "NONE": ""}
"""What they do with their sums -> the operator of that meaning."""
PASSED_ON = ("Identity", "Cast", "DequantizeLinear", "QuantizeLinear")
"""Operators whose output is their constant input in another form."""
WORKED_OUT = ("Mul", "Add")
"""Operators that join constants: two scales, or integers and what they are worth."""
TYPES = {1: "float32", 2: "uint8", 3: "int8", 10: "float16", 11: "float64", 16: "bfloat16"}


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
        pairs = {entry.text(1): entry.text(2) for entry in model.messages(14)}
        ours = "weights_sha256" in pairs
        anatomy = of_steps(_steps(graph, nodes, ours), ours)
        dtype = _dtype(graph, nodes)
        opsets = {entry.text(1): entry.number(2) for entry in model.messages(8)}
        # tf2onnx signs with its commit, or None.
        written_by = f"{model.text(2)} {model.text(3).removesuffix(' None')}".strip()
    except (ValueError, IndexError, TypeError, OverflowError) as error:
        raise ModelError(
            f"{path}: not an ONNX model, or a damaged one ({first_line(error)})"
        ) from error
    card = Card.from_strings(pairs, path) if ours else None
    format_ = f"opset {opsets.get('', '?')}, IR version {model.number(1)}"
    signed = f"{written_by}, {format_}" if written_by else format_
    return Contents(anatomy, card, signed, (), dtype)


def _steps(graph: Message, nodes: list[Message], ours: bool) -> Iterator[Step]:
    """The operators in the file's order, which is the order of execution."""
    # Of ours a Gemm adds up integers in floats; layers of the float32 file are a MatMul.
    integers = (*INTEGER, "Gemm") if ours else INTEGER
    constants = {tensor.text(8): _constant(tensor) for tensor in graph.messages(5)}
    lowest = {tensor.text(8) for tensor in graph.messages(5) if _is_lowest(tensor)}
    for node in nodes:
        operator, inputs, outputs = node.text(4), node.texts(1), node.texts(2)
        if not operator:
            raise ValueError("an operator without a name")
        attributes = {entry.text(1): entry for entry in node.messages(5)}
        known = [name for name in inputs if name]
        if operator == "Constant":
            for tensor in attributes["value"].messages(5) if "value" in attributes else []:
                constants[outputs[0]] = _constant(tensor)
        elif operator in PASSED_ON and constants.keys() & inputs[:1]:
            constants[outputs[0]] = constants[inputs[0]]._replace(values=None)
        elif operator in WORKED_OUT and known and constants.keys() >= set(known):
            largest = max((constants[name] for name in known), key=lambda one: one.size)
            constants[outputs[0]] = Constant(largest.shape, None, False)
        elif operator in LINEAR:
            yield _linear(operator, attributes, inputs, outputs)
        else:
            if operator == "DynamicQuantizeLinear":
                constants.update((name, Constant((), None, False)) for name in outputs[1:])
                outputs = outputs[:1]
            if ours and operator == "Gemm" and node.text(3).startswith(ONNX_BEHIND):
                operator = "Add"
            step = _step(operator, attributes, constants, inputs, outputs, operator in integers)
            # Where zero is the lowest integer, none stands for less: quantisers leave out a ReLU.
            clamps = operator.startswith("Q") and inputs[-1:] and inputs[-1] in lowest
            yield step._replace(fused=NOT_NEGATIVE) if clamps else step


def _step(
    operator: str,
    attributes: dict[str, Message],
    constants: dict[str, Constant],
    inputs: list[str],
    outputs: list[str],
    integer: bool,
) -> Step:
    place, _ = DENSE.get(operator, (1, None))
    weights = constants.get(inputs[place]) if len(inputs) > place else None
    # Scales and zero points of integers are no weights.
    given = _numbers(operator, inputs)
    held = [constants[name] for name in given if name in constants]
    return Step(
        operator=operator.removeprefix("QLinear"),
        constants=tuple(one for one in held if one.shape or not integer),
        neurons=_neurons(operator, weights, attributes),
        inputs=tuple(name for name in given if name and name not in constants),
        results=tuple(outputs),
        integer=integer,
    )


def _numbers(operator: str, inputs: list[str]) -> list[str]:
    """The inputs of an operator that are values, without the scales and zero points of integers."""
    if operator in DENSE and operator != "MatMulInteger":
        return [
            inputs[place]
            for place in (0, *DENSE[operator])
            if place is not None and place < len(inputs)
        ]
    if operator == "QLinearConcat":
        return inputs[2::3]
    if operator in ("QLinearAdd", "QLinearMul"):
        return inputs[:4:3]
    return inputs[:1] if operator.startswith(("QLinear", "Quantize", "Dequantize")) else inputs


def _linear(
    operator: str, attributes: dict[str, Message], inputs: list[str], outputs: list[str]
) -> Step:
    """A linear model of ONNX's classical part as the dense layer that it is."""

    def count(name: str) -> int:
        return attributes[name].size(7) // 4 if name in attributes else 0

    targets = attributes["targets"].number(3) if "targets" in attributes else 1
    width = count("intercepts") or (targets if operator == "LinearRegressor" else 0)
    if not width:
        labels = (attributes.get("classlabels_ints"), attributes.get("classlabels_strings"))
        width = next((len(each.numbers(8)) or len(each.texts(9)) for each in labels if each), 0)
    weights, rest = divmod(count("coefficients"), width or 1)
    if not weights or rest:
        raise ValueError(f"{count('coefficients')} coefficients for {width} outputs")
    after = attributes["post_transform"].text(4) if "post_transform" in attributes else "NONE"
    biases = (Constant((width,), None, True),) if count("intercepts") else ()
    return Step(
        operator=operator,
        constants=(Constant((width, weights), None, True), *biases),
        neurons=(width, weights),
        fused=AFTER.get(after, after),
        inputs=tuple(inputs[:1]),
        results=tuple(outputs),
    )


def _dtype(graph: Message, nodes: list[Message]) -> str:
    """What the layers of a stranger's file compute in, by their operators and weights."""
    kinds = {tensor.text(8): tensor.number(2) for tensor in graph.messages(5)}
    operators = {node.text(4) for node in nodes}
    for node in nodes:  # weights that are written as integers, and computed with as floats
        inputs, outputs = node.texts(1), node.texts(2)
        if node.text(4) in PASSED_ON and inputs and outputs and inputs[0] in kinds:
            kinds[outputs[0]] = kinds[inputs[0]]
    if "DynamicQuantizeLinear" in operators:
        return "dynamic"
    found = set()
    for node in nodes:
        operator, inputs = node.text(4), node.texts(1)
        place, _ = DENSE.get(operator, (len(inputs), None))
        if place < len(inputs) and inputs[place] in kinds:
            kind = TYPES.get(kinds[inputs[place]], "unknown")
            # In the float operators of a quantised graph, quantised are the results as well.
            whole = operator in INTEGER or "QuantizeLinear" in operators
            found.add("dynamic" if kind in ("int8", "uint8") and not whole else kind)
        elif operator in LINEAR:
            found.add("float32")
    return " and ".join(sorted(found)) or "unknown"


def _neurons(
    operator: str, weights: Constant | None, attributes: dict[str, Message]
) -> tuple[int, int] | None:
    """(outputs, inputs) of a dense layer; None for anything else."""
    if operator not in DENSE or weights is None or len(weights.shape) != 2:
        return None
    rows, columns = weights.shape
    transposed = "transB" in attributes and attributes["transB"].number(3) == 1
    return (rows, columns) if transposed else (columns, rows)


def _is_lowest(tensor: Message) -> bool:
    """Whether a zero point is the lowest integer of its type, 8 bits wide."""
    lowest = {2: 0, 3: 0x80}.get(tensor.number(2))
    if lowest is None or tensor.size(9) > 1:
        return False
    values = [*tensor.content(9)] or [number & 0xFF for number in tensor.numbers(5)]
    return values == [lowest]


def _constant(tensor: Message) -> Constant:
    shape = tuple(tensor.numbers(1))
    if any(size > LARGEST for size in shape):
        raise ValueError(f"a tensor of the shape {shape}")
    if not in_another_file(tensor) and tensor.number(2) in SIZES:
        constant(tensor)
    return Constant(shape, _values(tensor, shape), tensor.number(2) in WEIGHT_TYPES)


def _values(tensor: Message, shape: tuple[int, ...]) -> Floats | None:
    """The numbers of a float32 vector; nobody asks for those of a matrix."""
    if tensor.number(2) != FLOAT or len([size for size in shape if size > 1]) > 1:
        return None
    content = tensor.content(9) or tensor.content(4)
    values = np.frombuffer(content, dtype="<f4")
    return values if values.size == int(np.prod(shape)) else None
