"""A graph of TensorFlow in the words of ONNX: functions unfolded, constants computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.readers.operators.graph import Node
from mlp_edge.readers.operators.tensors import Settings
from mlp_edge.readers.saved_model.functions import Function, Library, Step, source_of
from mlp_edge.readers.saved_model.variables import Variables

MOST_STEPS, DEEPEST = 20_000, 30
"""Nodes with all functions unfolded, and functions inside each other."""
LARGEST = 2**31 - 1
"""Where a slice ends that goes on to the end."""
TOP = "/"
"""What the names of the graph's own tensors begin with, so that they are not those of its ends."""
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
    "GreaterEqual": "GreaterOrEqual", "Less": "Less", "LessEqual": "LessOrEqual", "LogicalNot":
    "Not", "AddN": "Sum", "Erfc": "Erfc", "Expm1": "Expm1", "Tile": "Tile", "BroadcastTo": "Expand",
}  # fmt: skip
"""Operator -> that of ONNX which computes the same."""
TYPES = {1: 1, 2: 11, 3: 6, 9: 7, 14: 16, 19: 10}
"""DataType of TensorFlow -> that of ONNX."""
REASONS: Mapping[str, str] = {
    "Conv": "a convolution", "Pool": "for images", "Lookup": "a look-up", "Gather": "a look-up",
    "While": "a loop, as recurrent layers are", "TensorList": "a loop, as recurrent layers are",
    "Quant": "quantised", "File": "reads or writes files", "PyFunc": "runs code of Python",
    "FusedBatchNorm": "for images", "Random": "random", "Bucketize": "a look-up",
    "OneHot": "a look-up", "String": "computes with text",
}  # fmt: skip
"""Part of an operator's name -> why it is not read."""


class Translation:
    """Nodes in the words of ONNX; tensors are named after the nodes that make them.

    Names of TensorFlow have no spaces; those of nodes that are added have some.

    Args:
        library: the graph and its functions.
        keys: name of a variable's node -> its key.
        variables: their numbers.
        feeds: placeholder that rows go into -> what the input is called.
    """

    def __init__(
        self, library: Library, keys: Mapping[str, str], variables: Variables,
        feeds: Mapping[str, str],
    ) -> None:  # fmt: skip
        self._library, self._keys, self._variables = library, keys, variables
        self._feeds = feeds
        self.nodes: list[Node] = []
        self.constants: dict[str, NDArray[Any]] = {}
        self._told: dict[int, NDArray[Any]] = {}  # of each Const, whatever calls its function
        self._steps = 0

    def results(self, wanted: Sequence[str]) -> list[str]:
        """The names of tensors of the graph, with all nodes that make them translated.

        Raises:
            ModelError: naming the node that cannot be read, its operator and the reason.
        """
        return self._unfolded(self._library.main, self._feeds, wanted, TOP, 0)

    def rename(self, tensor: str, name: str) -> None:
        """Give a tensor another name."""
        self.nodes.append(Node("Identity", "", [tensor], [name], Settings({}), f"output {name!r}"))

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
            if step.name in values:  # an input
                continue
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
            raise ModelError(f"{step.source} is an input that the signature does not name")
        if step.operator == "Const":
            if id(step) not in self._told:
                self._told[id(step)] = step.tensor()
            self.constants[name] = self._told[id(step)]
        elif step.operator in VARIABLES:
            if step.name not in self._keys:
                raise ModelError(f"{step.source} is a variable that is not restored")
            self.constants[name] = self._variables.array(self._keys[step.name])
        else:
            self._translated(step, inputs, name)
        return name

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
            case "Cast":
                operator, settings = "Cast", {"to": TYPES.get(step.whole("DstT"), 0)}
            case "Squeeze":
                operator = "Squeeze"
                axes = step.wholes("squeeze_dims") or step.wholes("axis")
                settings = {"axes": axes} if axes else {}
            case "ConcatV2":
                operator, settings = "Concat", {"axis": self._whole(step, inputs.pop())[0]}
            case "Mean" | "Sum":
                operator = f"Reduce{step.operator}"
                settings = {"keepdims": step.whole("keep_dims")}
            case "SquaredDifference":
                self._add("Sub", step, inputs, f"difference of {name}")
                operator, inputs = "Mul", [f"difference of {name}"] * 2
            case "Transpose":
                operator, settings = "Transpose", {"perm": self._whole(step, inputs.pop())}
            case "GatherV2" if inputs[1] in self.constants:
                operator, settings = "Gather", {"axis": self._whole(step, inputs.pop())[0]}
            case "ZerosLike":
                self.constants["zero"] = np.zeros((), np.float32)
                operator, inputs = "Mul", [*inputs, "zero"]
            case "StridedSlice":
                operator, inputs, settings = self._sliced(step, inputs, name)
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

    def _whole(self, step: Step, name: str) -> list[int]:
        """The integers of a constant.

        Raises:
            ModelError: naming ``step``, where there is no such constant.
        """
        found = self.constants.get(name)
        if found is None or found.dtype.kind not in "iu" or not found.size:
            raise ModelError(f"{step.source} reads axes or places that the file does not tell")
        return [int(each) for each in found.reshape(-1)]

    def _sliced(
        self, step: Step, inputs: Sequence[str], name: str
    ) -> tuple[str, list[str], dict[str, Any]]:
        """Some numbers of each axis; one that is left with one number may go."""
        starts, ends, steps = (self._whole(step, each) for each in inputs[1:4])
        if step.whole("ellipsis_mask") or step.whole("new_axis_mask") or min(steps) < 1:
            raise ModelError(f"{step.source} slices backwards, or makes axes of its own")
        first, last, gone = (
            [bool(step.whole(f"{mask}_mask") >> axis & 1) for axis in range(len(starts))]
            for mask in ("begin", "end", "shrink_axis")
        )
        starts = [0 if each else start for each, start in zip(first, starts, strict=True)]
        ends = [LARGEST if each else end for each, end in zip(last, ends, strict=True)]
        ends = [start + 1 or LARGEST if each else end
                for each, start, end in zip(gone, starts, ends, strict=True)]  # fmt: skip
        parts = {"starts": starts, "ends": ends, "axes": range(len(starts)), "steps": steps}
        for part, numbers in parts.items():
            self.constants[f"{part} of {name}"] = np.array(numbers, np.int64)
        given = [inputs[0], *(f"{part} of {name}" for part in parts)]
        axes = [axis for axis, each in enumerate(gone) if each]
        if not axes:
            return "Slice", given, {}
        self._add("Slice", step, given, f"slice of {name}")
        return "Squeeze", [f"slice of {name}"], {"axes": axes}


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
