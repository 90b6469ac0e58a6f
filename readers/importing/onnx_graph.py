"""The graph of an .onnx file, walked from its input to its output."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.readers.assembling.assembly import Layers
from mlp_edge.readers.checks.protobuf import Message
from mlp_edge.readers.importing.formula import Form, Formulas
from mlp_edge.readers.importing.onnx_tensors import Settings, attributes_of
from mlp_edge.reference import Doubles

MOST_NODES = 5_000
WIDEST = 2**22
"""Numbers of a row."""
DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
REASONS: Mapping[str, str] = {
    "Conv": "a convolution", "MaxPool": "for images", "AveragePool": "for images",
    "LSTM": "recurrent", "GRU": "recurrent", "RNN": "recurrent",
    "Attention": "attention", "Gather": "a look-up", "If": "a branch", "Loop": "a loop",
    "LinearClassifier": "a linear model", "LinearRegressor": "a linear model",
    "TreeEnsembleClassifier": "a forest", "TreeEnsembleRegressor": "a forest",
    "QLinearMatMul": "quantised", "MatMulInteger": "quantised", "QuantizeLinear": "quantised",
    "DequantizeLinear": "quantised", "DynamicQuantizeLinear": "quantised", "QGemm": "quantised",
    "LogSoftmax": "a logarithm of probabilities; a model that ends before it would do",
    "LayerNormalization": "a normalisation by what the row itself holds",
}  # fmt: skip
"""Operator -> what it is, where that is why it is not read."""


class Rows(NamedTuple):
    """A tensor with a row for each row of the table.

    Attributes:
        form: what it holds, flat.
        shape: of a row; None for a size that the file does not tell.
        chosen: whether it only says which class is the likeliest.
        pair: whether it stands for [1 - p, p].
    """

    form: Form
    shape: tuple[int | None, ...]
    chosen: bool = False
    pair: bool = False


Tensor = Rows | NDArray[Any]


class Node(NamedTuple):
    """A node with its settings and what it is called in messages."""

    operator: str
    domain: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    settings: Settings
    source: str

    @classmethod
    def of(cls, message: Message) -> Node:
        """A node of an ONNX file."""
        operator, outputs = message.text(4), message.texts(2)
        name = message.text(3) or (outputs[0] if outputs else "")
        source = f"node {name[:80]!r} ({operator[:40]})"
        inputs, settings = message.texts(1), attributes_of(message)
        return cls(operator, message.text(7), inputs, outputs, settings, source)


class Graph:
    """A graph, node by node.

    Args:
        nodes: in an order in which they can be carried out.
        constants: name -> tensor.
        feed: the name of the input.
        shape: of the input, the rows first; None for a size, or a shape, that is not told.
        output: the name of the output.
        opset: in whose words the nodes are.
    """

    def __init__(
        self, nodes: Sequence[Node], constants: Mapping[str, NDArray[Any]], feed: str,
        shape: Sequence[int | None] | None, output: str, opset: int,
    ) -> None:  # fmt: skip
        if not nodes or len(nodes) > MOST_NODES:
            raise ModelError(f"it has {len(nodes):,} operators; 1 to {MOST_NODES:,} would do")
        if shape is not None and len(shape) < 2:
            raise ModelError(f"its input {feed[:80]!r} is no table of rows")
        self.nodes, self.output, self.opset = nodes, output, opset
        row = (None,) if shape is None else tuple(shape[1:])
        self.batch = None if shape is None else shape[0]
        width = None if None in row else math.prod(size for size in row if size is not None)
        self.formulas = Formulas(width)
        self.tensors: dict[str, Tensor] = {**constants, feed: Rows(self.formulas.start, row)}
        self.labels: list[str] | None = None
        self.remarks: list[str] = []

    def network(self, operators: Mapping[str, Operator]) -> tuple[Layers, list[str] | None]:
        """What the graph computes, and its class labels, where it has any."""
        wanted = self._needed()
        last = self.nodes[0].source
        for node in self.nodes:
            if not wanted & set(node.outputs):
                continue
            last = node.source
            if node.domain not in DOMAINS or node.operator not in operators:
                raise ModelError(refusal(node))
            if any(name in self.tensors for name in node.outputs if name):
                raise ModelError(f"{node.source} makes what is there already")
            self.tensors[node.outputs[0]] = operators[node.operator](self, node)
        found = self.tensors.get(self.output)
        if not isinstance(found, Rows):
            raise ModelError(f"its output {self.output[:80]!r} does not depend on its input")
        if found.chosen:
            self.remarks.append(
                "it gives a class; the numbers among which it chooses are what is predicted here"
            )
        network = self.formulas.finished(found.form, last)
        self.labels = self.labels or self._labels()
        if self.labels is not None and network.layers[-1].activation not in ("softmax", "sigmoid"):
            self.labels = None
        return network, self.labels

    def _labels(self) -> list[str] | None:
        """The classes of an output that is not followed, as scikit-learn's converter names them."""
        for node in self.nodes:
            classes = self.tensors.get(node.inputs[0]) if node.inputs else None
            if node.operator == "ArrayFeatureExtractor" and isinstance(classes, np.ndarray):
                return [str(label) for label in classes.reshape(-1)]
        return None

    def _needed(self) -> set[str]:
        """The tensors that the output depends on."""
        makers = {name: node for node in self.nodes for name in node.outputs}
        wanted, waiting = set[str](), [self.output]
        while waiting:
            name = waiting.pop()
            if name not in wanted:
                wanted.add(name)
                waiting += makers[name].inputs if name in makers else []
        return wanted

    # What nodes are given

    def given(self, node: Node, place: int) -> Tensor:
        """An input; raises for one that is not there."""
        name = node.inputs[place] if place < len(node.inputs) else ""
        if name not in self.tensors:
            raise ModelError(f"{node.source} reads {name[:80]!r}, which is not there")
        return self.tensors[name]

    def rows(self, node: Node, place: int = 0) -> Rows:
        """An input that depends on the readings."""
        found = self.given(node, place)
        if not isinstance(found, Rows):
            raise ModelError(f"{node.source} has a constant where rows belong")
        return found

    def constant(self, node: Node, place: int) -> Doubles | None:
        """A constant input as float64; None where it is left out."""
        if place >= len(node.inputs) or not node.inputs[place]:
            return None
        found = self.given(node, place)
        if isinstance(found, Rows) or found.dtype == object:
            raise ModelError(f"{node.source} reads rows where a constant belongs")
        return found.astype(np.float64)

    def flat(self, node: Node, place: int = 0) -> Rows:
        """An input that is one vector per row."""
        found = self.rows(node, place)
        if len(found.shape) != 1 or found.chosen or found.pair:
            raise ModelError(f"{node.source} takes rows of the shape {found.shape}"[:160])
        return found

    def vector(self, node: Node, numbers: Doubles, rows: Rows) -> Doubles:
        """A constant beside rows: one number, or one for each number of a row."""
        if numbers.size == 1 and numbers.ndim <= len(rows.shape) + 1:
            return numbers.reshape(())
        shape = numbers.shape
        if len(shape) == len(rows.shape) + 1 and shape[0] == 1:
            shape = shape[1:]
        known = [size for size in rows.shape if size is not None]
        if math.prod(known) > WIDEST:
            raise ModelError(f"{node.source} takes rows of {math.prod(known):,} numbers")
        if len(known) < len(rows.shape) and len(rows.shape) == len(shape) == 1:
            return numbers.reshape(-1)
        if len(known) < len(rows.shape) or len(shape) > len(known):
            raise ModelError(f"{node.source} joins rows and numbers of the shape {numbers.shape}")
        try:
            return np.broadcast_to(numbers.reshape(shape), known).reshape(-1)
        except ValueError:
            raise ModelError(
                f"{node.source} joins rows of the shape {rows.shape} and numbers of the shape "
                f"{numbers.shape}"[:200]
            ) from None


Operator = Callable[[Graph, Node], Tensor]
"""What reads a node: its result."""


def refusal(node: Node) -> str:
    """Why an operator is not read."""
    domain = f" of {node.domain[:40]!r}" if node.domain not in DOMAINS else ""
    reason = REASONS.get(node.operator, "")
    return f"{node.source} is an operator{domain} that mlp-edge does not read" + (
        f": {reason}" if reason else "; Gemm, MatMul, Add, activations and the like would do"
    )
