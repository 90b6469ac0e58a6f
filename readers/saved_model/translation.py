"""A graph of TensorFlow in the words of ONNX: functions unfolded, constants computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.readers.operators.graph import Node
from mlp_edge.readers.operators.tensors import Settings
from mlp_edge.readers.saved_model.functions import Function, Library, Step, source_of
from mlp_edge.readers.saved_model.variables import Variables

MOST_STEPS, DEEPEST, MOST_COMPUTED = 20_000, 30, 2**24
"""Nodes with all functions unfolded, functions inside each other, numbers that are computed of
constants."""
PASSING = ("Identity", "IdentityN", "ReadVariableOp", "StopGradient", "PreventGradient", "Snapshot",
           "EnsureShape", "PlaceholderWithDefault")  # fmt: skip
VARIABLES = ("VarHandleOp", "VariableV2", "Variable")
SAME = {
    "BiasAdd": "Add", "Add": "Add", "AddV2": "Add", "Sub": "Sub", "Mul": "Mul", "RealDiv": "Div",
    "Div": "Div", "Maximum": "Max", "Minimum": "Min", "Relu": "Relu", "Elu": "Elu", "Selu": "Selu",
    "Softplus": "Softplus", "Softsign": "Softsign", "Tanh": "Tanh", "Sigmoid": "Sigmoid",
    "Softmax": "Softmax", "LogSoftmax": "LogSoftmax", "Erf": "Erf", "Exp": "Exp", "Log": "Log",
    "Abs": "Abs", "Neg": "Neg", "Inv": "Reciprocal", "Reciprocal": "Reciprocal", "Sqrt": "Sqrt",
    "Reshape": "Reshape", "ExpandDims": "Unsqueeze", "Shape": "Shape", "ClipByValue": "Clip",
    "Pow": "Pow", "SelectV2": "Where", "Select": "Where", "Greater": "Greater",
    "GreaterEqual": "GreaterOrEqual", "Less": "Less", "AddN": "Sum",
}  # fmt: skip
"""Operator -> that of ONNX which computes the same."""
TYPES = {1: 1, 2: 11, 3: 6, 9: 7, 14: 16, 19: 10}
"""DataType of TensorFlow -> that of ONNX."""
FOLDED: Mapping[str, Callable[..., Any]] = {
    "BiasAdd": np.add, "Add": np.add, "AddV2": np.add, "Sub": np.subtract, "Mul": np.multiply,
    "RealDiv": np.divide, "Div": np.divide, "Maximum": np.maximum, "Minimum": np.minimum,
    "Sqrt": np.sqrt, "Rsqrt": lambda x: 1 / np.sqrt(x), "Neg": np.negative, "Abs": np.abs,
    "Square": np.square, "Exp": np.exp, "Log": np.log, "Reciprocal": np.reciprocal,
    "Inv": np.reciprocal, "Pow": np.power, "Relu": lambda x: np.maximum(x, 0),
}  # fmt: skip
"""Operator of numbers alone -> what computes it, floats in float64."""
MOVED: Mapping[str, Callable[..., NDArray[Any]]] = {
    "Cast": lambda x: x,
    "Transpose": lambda x, axes: np.transpose(x, axes),
}
"""Operator of numbers alone that only moves them -> what does."""
REASONS: Mapping[str, str] = {
    "Conv": "a convolution", "Pool": "for images", "Lookup": "a look-up", "Gather": "a look-up",
    "While": "a loop, as recurrent layers are", "TensorList": "a loop, as recurrent layers are",
    "Quant": "quantised", "File": "reads or writes files", "PyFunc": "runs code of Python",
    "FusedBatchNorm": "for images", "Random": "random", "Bucketize": "a look-up",
    "OneHot": "a look-up", "String": "computes with text", "LogSoftmax": "",
}  # fmt: skip
"""Part of an operator's name -> why it is not read."""


class Translation:
    """Nodes in the words of ONNX; tensors are named after the nodes that make them.

    Names of TensorFlow have no spaces; those of nodes that are added have some.

    Args:
        library: the graph and its functions.
        keys: name of a variable's node -> its key.
        variables: their numbers.
        feeds: names of the placeholders that rows go into.
    """

    def __init__(
        self, library: Library, keys: Mapping[str, str], variables: Variables,
        feeds: Sequence[str],
    ) -> None:  # fmt: skip
        self._library, self._keys, self._variables = library, keys, variables
        self._feeds = feeds
        self.nodes: list[Node] = []
        self.constants: dict[str, NDArray[Any]] = {}
        self._told: dict[int, NDArray[Any]] = {}  # of each Const, whatever calls its function
        self._steps = self._computed = 0

    def results(self, wanted: Sequence[str]) -> list[str]:
        """The names of tensors of the graph, with all nodes that make them translated.

        Raises:
            ModelError: naming the node that cannot be read, its operator and the reason.
        """
        return self._unfolded(self._library.main, {}, wanted, "", 0)

    def _unfolded(
        self, body: Function, given: Mapping[str, str], wanted: Sequence[str], prefix: str,
        depth: int,
    ) -> list[str]:  # fmt: skip
        """The names of a function's results, given those of its arguments."""
        if depth > DEEPEST:
            raise ModelError(f"its functions call each other more than {DEEPEST} deep")
        values = {name: [tensor] for name, tensor in given.items()}
        for step in body.in_order(wanted):
            self._steps += 1
            if self._steps > MOST_STEPS:
                raise ModelError(f"it has more than {MOST_STEPS:,} nodes")
            inputs = [_picked(values, each, step.source) for each in step.inputs]
            if step.function:
                called = self._library.function(step)
                arguments = dict(zip(called.arguments, inputs, strict=True))
                inside = f"{prefix}{step.name}/"
                values[step.name] = self._unfolded(
                    called, arguments, called.results, inside, depth + 1
                )
            elif step.operator in PASSING:
                values[step.name] = list(inputs)
            else:
                values[step.name] = [self._result(step, inputs, f"{prefix}{step.name}")]
        return [_picked(values, each, "its output") for each in wanted]

    def _result(self, step: Step, inputs: list[str], name: str) -> str:
        """The tensor that a node makes."""
        if step.operator == "Placeholder":
            if name not in self._feeds:
                raise ModelError(f"{step.source} is an input that the signature does not name")
        elif step.operator == "Const":
            if id(step) not in self._told:
                self._told[id(step)] = step.tensor()
            self.constants[name] = self._told[id(step)]
        elif step.operator in VARIABLES:
            if name not in self._keys:
                raise ModelError(f"{step.source} is a variable that is not restored")
            self.constants[name] = self._variables.array(self._keys[name])
        elif step.operator in (*FOLDED, *MOVED) and all(each in self.constants for each in inputs):
            self.constants[name] = self._folded(step, [self.constants[each] for each in inputs])
        else:
            self._translated(step, inputs, name)
        return name

    def _folded(self, step: Step, numbers: list[NDArray[Any]]) -> NDArray[Any]:
        if any(each.dtype == object for each in numbers):
            raise ModelError(f"{step.source} computes with text")
        if step.operator in MOVED:
            return MOVED[step.operator](*numbers)
        floats = any(each.dtype.kind == "f" for each in numbers)
        wide = [each.astype(np.float64) if floats else each for each in numbers]
        try:
            size = math.prod(np.broadcast_shapes(*(each.shape for each in numbers)))
            self._computed += size
            if size > max(each.size for each in numbers) or self._computed > MOST_COMPUTED:
                raise ValueError("numbers that the file does not hold")
            with np.errstate(all="ignore"):
                return np.asarray(FOLDED[step.operator](*wide))
        except (ValueError, TypeError) as error:
            raise ModelError(f"{step.source} computes with constants alone, of two shapes or too "
                             "many") from error  # fmt: skip

    def _translated(self, step: Step, inputs: list[str], name: str) -> None:
        operator, settings = SAME.get(step.operator, ""), dict[str, Any]()
        match step.operator:
            case "MatMul":
                operator = "Gemm"
                settings = {
                    "transA": step.whole("transpose_a"),
                    "transB": step.whole("transpose_b"),
                }
            case "Einsum":
                operator, settings = "Gemm", {"transB": _transposed(step)}
            case "LeakyRelu":
                operator, settings = "LeakyRelu", {"alpha": step.number("alpha", 0.2)}
            case "Relu6":
                operator, settings = "Clip", {"min": 0.0, "max": 6.0}
            case "Square":
                operator, inputs = "Mul", inputs * 2
            case "Rsqrt":
                self._add("Sqrt", step, inputs, f"root of {name}")
                operator, inputs = "Reciprocal", [f"root of {name}"]
            case "Erfc":  # 1 + erf(-x)
                self._add("Neg", step, inputs, f"argument of {name}")
                self._add("Erf", step, [f"argument of {name}"], f"erf of {name}")
                self.constants["one"] = np.ones(())
                operator, inputs = "Add", [f"erf of {name}", "one"]
            case "Cast":
                operator, settings = "Cast", {"to": TYPES.get(step.whole("DstT"), 0)}
            case "Squeeze":
                operator = "Squeeze"
                axes = step.wholes("squeeze_dims") or step.wholes("axis")
                settings = {"axes": axes} if axes else {}
            case "ConcatV2":
                operator, inputs = "Concat", self._along(step, inputs, settings)
            case "Mean" | "Sum":
                operator = f"Reduce{step.operator}"
                settings = {"keepdims": step.whole("keep_dims")}
            case "SquaredDifference":
                self._add("Sub", step, inputs, f"difference of {name}")
                operator, inputs = "Mul", [f"difference of {name}"] * 2
            case "StridedSlice":
                operator, inputs = "Gather", [inputs[0], self._first(step, inputs)]
            case "Pack":
                self.constants["first axis"] = np.zeros(1, np.int64)
                parts = [f"part {number} of {name}" for number in range(len(inputs))]
                for each, part in zip(inputs, parts, strict=True):
                    self._add("Unsqueeze", step, [each, "first axis"], part)
                operator, inputs, settings = "Concat", parts, {"axis": 0}
        if not operator:
            raise ModelError(_refusal(step))
        self._add(operator, step, inputs, name, settings)

    def _add(
        self, operator: str, step: Step, inputs: Sequence[str], output: str,
        settings: Mapping[str, Any] = {},
    ) -> None:  # fmt: skip
        node = Node(operator, "", inputs, [output], Settings(settings), step.source)
        self.nodes.append(node)

    def _along(self, step: Step, inputs: list[str], settings: dict[str, Any]) -> list[str]:
        """What is joined; the axis, the last input, becomes a setting."""
        *parts, axis = inputs
        if axis not in self.constants or self.constants[axis].size != 1:
            raise ModelError(f"{step.source} joins along an axis that the file does not tell")
        settings["axis"] = int(self.constants[axis].item())
        return parts

    def _first(self, step: Step, inputs: list[str]) -> str:
        """The place of the one number that a slice takes out of a vector."""
        begin = self.constants.get(inputs[1])
        if step.whole("shrink_axis_mask") != 1 or begin is None or begin.shape != (1,):
            raise ModelError(f"{step.source} is an operator that mlp-edge does not read: a slice")
        place = f"first of {inputs[1]}"
        self.constants[place] = begin.reshape(())
        return place


def _picked(values: Mapping[str, Sequence[str]], text: str, source: str) -> str:
    name, place = source_of(text)
    if name not in values or place >= len(values[name]):
        raise ModelError(f"{source} reads {text[:80]!r}, which is not there")
    return values[name][place]


def _transposed(step: Step) -> int:
    """Whether an Einsum that is a matrix product has its weights as (outputs, inputs)."""
    equation = step.text("equation").replace(" ", "").replace("...", "*")
    left, _, result = equation.partition("->")
    rows, _, weights = left.partition(",")
    if len(rows) == len(weights) == len(result) == 2 and len({*rows, *weights}) == 3:
        inner, outer = rows[1], result[1]
        if result[0] == rows[0] and set(weights) == {inner, outer}:
            return int(weights[0] == outer)
    raise ModelError(f"{step.source} is no matrix product of rows: {equation[:40]!r}")


def _refusal(step: Step) -> str:
    reason = next((REASONS[part] for part in REASONS if part in step.operator), "")
    return f"{step.source} is an operator that mlp-edge does not read" + (
        f": {reason}" if reason else "; MatMul, BiasAdd, activations and the like would do"
    )
