"""The graph of an .onnx file, walked from its inputs to its outputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.foreign import printable
from mlp_edge.readers.checks.protobuf import Message
from mlp_edge.readers.operators.formula import Formulas
from mlp_edge.readers.operators.inputs import Feed, Inputs, Readings
from mlp_edge.readers.operators.tensors import Settings, attributes_of
from mlp_edge.readers.operators.terms import Form
from mlp_edge.reference import Doubles

MOST_NODES = 5_000
WIDEST, MOST_COMPUTED = 2**22, 2**26
"""Numbers of a row, and those of all constants that are computed of others."""
DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
REASONS: Mapping[str, str] = {
    "Conv": "a convolution", "MaxPool": "for images", "AveragePool": "for images",
    "GlobalAveragePool": "for images", "ConvTranspose": "a convolution", "Resize": "for images",
    "LSTM": "recurrent", "GRU": "recurrent", "RNN": "recurrent",
    "Attention": "attention", "If": "a branch", "Loop": "a loop", "Scan": "a loop",
    "LinearClassifier": "a linear model", "LinearRegressor": "a linear model",
    "TreeEnsembleClassifier": "a forest", "TreeEnsembleRegressor": "a forest",
    "TreeEnsemble": "a forest", "SVMClassifier": "a support vector machine",
    "SVMRegressor": "a support vector machine",
    "QLinearMatMul": "quantised", "MatMulInteger": "quantised", "QuantizeLinear": "quantised",
    "DequantizeLinear": "quantised", "DynamicQuantizeLinear": "quantised", "QGemm": "quantised",
    "QLinearAdd": "quantised", "QLinearMul": "quantised", "QLinearConcat": "quantised",
    "QLinearSigmoid": "quantised", "QLinearLeakyRelu": "quantised", "QLinearConv": "quantised",
}  # fmt: skip
"""Operator -> what it is, where that is why it is not read."""


class Rows(NamedTuple):
    """A tensor with a row for each row of the table.

    Attributes:
        form: what a row holds, flat; a form of one number stands for as many as the row has.
        shape: of a row; None for a size that the file does not tell.
        batch: which axis of the tensor the rows are.
        chosen: whether it only says which class is the likeliest.
        pair: whether it is p, and stands for [1 - p, p].
    """

    form: Form
    shape: tuple[int | None, ...]
    batch: int = 0
    chosen: bool = False
    pair: bool = False

    @property
    def width(self) -> int | None:
        """Numbers of a row; None where the file does not tell."""
        known = [size for size in self.shape if size is not None]
        return math.prod(known) if len(known) == len(self.shape) else None


class Over(NamedTuple):
    """Of each number of a row, whether it is over 0; only good for a choice between others."""

    rows: Rows


Tensor = Rows | Readings | Over | NDArray[Any]


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
        source = f"node {name[:80]!r} ({printable(operator[:40])})"
        inputs, settings = message.texts(1), attributes_of(message)
        return cls(operator, message.text(7), inputs, outputs, settings, source)


class Graph:
    """A graph, node by node.

    Args:
        nodes: in an order in which they can be carried out.
        constants: name -> tensor.
        feeds: the inputs.
        outputs: names of those that are predictions.
        opset: in whose words the nodes are.
    """

    def __init__(
        self, nodes: Sequence[Node], constants: Mapping[str, NDArray[Any]], feeds: Sequence[Feed],
        outputs: Sequence[str], opset: int,
    ) -> None:  # fmt: skip
        if not nodes or len(nodes) > MOST_NODES:
            raise ModelError(f"it has {len(nodes):,} operators; 1 to {MOST_NODES:,} would do")
        self.nodes, self.outputs, self.opset = nodes, outputs, opset
        self.batch = feeds[0].shape[0] if feeds[0].shape else None
        self.formulas = Formulas()
        self.inputs = Inputs(feeds, self.formulas)
        self.tensors: dict[str, Tensor] = {**constants, **self._feeds()}
        self.labels: list[str] | None = None
        self.remarks: list[str] = []
        self._computed = 0

    def _feeds(self) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for feed in self.inputs.feeds:
            readings = self.inputs.readings(feed)
            if readings is None:
                found[feed.name] = Rows(self.inputs.whole(feed), (None,))
            else:
                found[feed.name] = readings
        return found

    def walk(self, operators: Mapping[str, Operator]) -> str:
        """Carry out the nodes that the outputs depend on; what the last is called in messages."""
        wanted = self.needed()
        last = self.nodes[0].source
        for node in self.nodes:
            if not wanted & {*node.outputs}:
                continue
            last = node.source
            if node.domain not in DOMAINS or node.operator not in operators:
                raise ModelError(refusal(node))
            if any(name in self.tensors for name in node.outputs if name):
                raise ModelError(f"{node.source} makes what is there already")
            found = operators[node.operator](self, node)
            self.put(node, found)
        return last

    def put(self, node: Node, found: Tensor | list[Tensor]) -> None:
        """Name the results of a node."""
        results = found if isinstance(found, list) else [found]
        self._computed += sum(each.size for each in results if isinstance(each, np.ndarray))
        if self._computed > MOST_COMPUTED:
            raise ModelError(f"{node.source} and those before it make too many constants")
        self.tensors.update(
            (name, each) for name, each in zip(node.outputs, results, strict=False) if name
        )

    def needed(self) -> set[str]:
        """The tensors that the outputs depend on."""
        makers = {name: node for node in self.nodes for name in node.outputs}
        wanted, waiting = set[str](), [*self.outputs]
        while waiting:
            name = waiting.pop()
            if name not in wanted:
                wanted.add(name)
                waiting += makers[name].inputs if name in makers else []
        return wanted - {""}

    # What nodes are given

    def given(self, node: Node, place: int) -> Tensor:
        """An input; raises for one that is not there."""
        name = node.inputs[place] if place < len(node.inputs) else ""
        if name not in self.tensors:
            raise ModelError(f"{node.source} reads {name[:80]!r}, which is not there")
        return self.tensors[name]

    def has(self, node: Node, place: int) -> bool:
        """Whether an input that may be left out is there."""
        return place < len(node.inputs) and bool(node.inputs[place])

    def rows(self, node: Node, place: int = 0) -> Rows:
        """An input that depends on the readings, as numbers."""
        found = self.given(node, place)
        if isinstance(found, Readings):
            return Rows(self.inputs.numbers(found, node.source), found.shape, found.batch)
        if not isinstance(found, Rows):
            raise ModelError(f"{node.source} has a constant where rows belong")
        return found

    def numbers(self, node: Node, place: int = 0) -> Rows:
        """Rows that are more than the class that was chosen; of a pair, both."""
        found = self.rows(node, place)
        if found.chosen:
            raise ModelError(f"{node.source} goes on with the class that was chosen")
        if found.pair:
            formulas, source = self.formulas, node.source
            other = formulas.plus({(): np.ones(())}, formulas.minus(found.form), source)
            values = [formulas.made(each, None, source) for each in (other, found.form)]
            both = formulas.point(formulas.assembly.concatenated(values, source))
            return Rows(both, (2,))
        return found

    def constant(self, node: Node, place: int) -> Doubles | None:
        """A constant input as float64; None where it is left out."""
        if not self.has(node, place):
            return None
        found = self.given(node, place)
        if not isinstance(found, np.ndarray) or found.dtype == object:
            raise ModelError(f"{node.source} reads rows where a constant belongs")
        return found.astype(np.float64)

    def wholes(self, node: Node, place: int, name: str) -> list[int] | None:
        """Axes, sizes and the like: a constant input, or a setting in older opsets."""
        found = self.given(node, place) if self.has(node, place) else None
        if found is None:
            return node.settings.wholes(name)
        if not isinstance(found, np.ndarray) or found.dtype.kind not in "iu" or found.ndim > 1:
            raise ModelError(f"{node.source} takes its {name} from what is no list of integers")
        return [int(each) for each in found.reshape(-1)]

    def flat(self, node: Node, place: int = 0, most: int = 1) -> Rows:
        """An input that is one vector per row, whose shape has at most so many axes."""
        found = self.numbers(node, place)
        ones = all(size == 1 for size in found.shape[:-1])
        if not 1 <= len(found.shape) <= most or not ones or found.batch:
            raise ModelError(f"{node.source} takes rows of the shape {found.shape}"[:160])
        return found

    # Shapes

    def spread(self, node: Node, places: Sequence[int]) -> tuple[Rows, list[Form]]:
        """Inputs joined number by number: the shape of the result, and each as a formula.

        Raises:
            ModelError: for shapes that do not fit, and for constants alone.
        """
        tensors = [self.given(node, place) for place in places]
        rows = [self.numbers(node, place) if isinstance(tensor, Rows | Readings) else None
                for place, tensor in zip(places, tensors, strict=True)]  # fmt: skip
        known = [each for each in rows if each is not None]
        if not known:
            raise ModelError(f"{node.source} computes with constants alone")
        constants = [self.constant(node, place) if row is None else None
                     for place, row in zip(places, rows, strict=True)]  # fmt: skip
        like = self._common(node, known, [each for each in constants if each is not None])
        forms: list[Form] = []
        for row, numbers in zip(rows, constants, strict=True):
            if numbers is not None:
                forms.append({(): _vector(node, numbers, like)})
            elif row is not None:
                forms.append(self._widened(node, row, like))
        return like, forms

    def _common(self, node: Node, known: list[Rows], constants: list[Doubles]) -> Rows:
        """The shape to which rows and constants are spread."""
        behind = {len(each.shape) - each.batch for each in known}
        unknown = [each for each in known if None in each.shape]
        if len(behind) != 1 or (unknown and len({each.shape for each in known}) > 1):
            shapes = ", ".join(str(each.shape) for each in known)
            raise ModelError(f"{node.source} joins rows of the shapes {shapes}"[:200])
        first = known[0]
        if unknown:
            sizes = [each.size for each in constants if each.size > 1]
            if len(first.shape) != 1 and sizes:
                raise ModelError(f"{node.source} joins rows and numbers of the shape ({sizes[0]},)")
            return first._replace(shape=(sizes[0],) if sizes else first.shape)
        every = [_full(each) for each in known] + [each.shape for each in constants]
        try:
            shape = np.broadcast_shapes(*every)
        except ValueError:
            told = ", ".join(str(each.shape) for each in known)
            also = " and numbers of the shape ".join(("", *(str(each.shape) for each in constants)))
            raise ModelError(f"{node.source} joins rows of the shape {told}{also}"[:200]) from None
        [after] = behind
        batch = len(shape) - 1 - after
        if shape[batch] != 1:
            raise ModelError(f"{node.source} joins each row with several numbers of its own")
        return self.bounded(node, Rows({}, (*shape[:batch], *shape[batch + 1 :]), batch))

    def _widened(self, node: Node, rows: Rows, like: Rows) -> Form:
        if rows.width in (1, None) or rows.width == like.width:
            return rows.form
        grid = np.arange(rows.width or 0).reshape(_full(rows))
        index = np.broadcast_to(grid, _full(like)).reshape(-1)
        return self.picked(node, rows, index)

    def bounded(self, node: Node, rows: Rows) -> Rows:
        """Rows of a width that is worked with."""
        if (rows.width or 0) > WIDEST or any(size == 0 for size in rows.shape):
            raise ModelError(f"{node.source} makes rows of the shape {rows.shape}"[:200])
        return rows

    def picked(self, node: Node, rows: Rows, index: NDArray[np.intp]) -> Form:
        """Some numbers of a row, in any order."""
        formulas, source = self.formulas, node.source
        same = np.array_equal(index, np.arange(rows.width or 0))
        if same or formulas.is_narrow(rows.form):
            return rows.form
        made = formulas.made(rows.form, rows.width, source)
        breaks = np.flatnonzero(np.diff(index) != 1) + 1
        runs = np.split(index, breaks)
        parts = [formulas.assembly.part(made, int(run[0]), int(run[-1]) + 1, source)
                 for run in runs]  # fmt: skip
        return formulas.point(formulas.assembly.concatenated(parts, source))

    def grid(self, rows: Rows | Readings) -> NDArray[np.intp]:
        """The place of each number in its row, in the shape of the tensor, with one row."""
        return np.arange(math.prod(size or 0 for size in rows.shape)).reshape(_full(rows))

    def moved(
        self, node: Node, rows: Rows | Readings, grid: NDArray[np.intp], batch: int
    ) -> Rows | Readings:
        """Rows whose numbers are those at the places that a grid of one row names."""
        shape = (*grid.shape[:batch], *grid.shape[batch + 1 :])
        if grid.shape[batch] != 1:
            raise ModelError(f"{node.source} makes other rows of the rows of the table")
        index = grid.reshape(-1)
        if isinstance(rows, Readings):
            return rows.picked(index, shape, batch)
        self.bounded(node, Rows({}, shape, batch))
        return Rows(self.picked(node, rows, index), shape, batch)


Result = Tensor | list[Tensor]
Operator = Callable[[Graph, Node], Result]
"""What reads a node: its result, or its results."""


def _full(rows: Rows | Readings) -> tuple[int, ...]:
    """The shape of the tensor with one row; sizes that are not told are 0."""
    sizes = tuple(size or 0 for size in rows.shape)
    return (*sizes[: rows.batch], 1, *sizes[rows.batch :])


def _vector(node: Node, numbers: Doubles, like: Rows) -> Doubles:
    """A constant as one number, or as one for each number of a row."""
    if numbers.size == 1:
        return numbers.reshape(())
    if None in like.shape:
        return numbers.reshape(-1)
    return np.broadcast_to(numbers, _full(like)).reshape(-1)


def refusal(node: Node) -> str:
    """Why an operator is not read."""
    domain = f" of {node.domain[:40]!r}" if node.domain not in DOMAINS else ""
    reason = REASONS.get(node.operator, "")
    return f"{node.source} is an operator{domain} that mlp-edge does not read" + (
        f": {reason}" if reason else "; Gemm, MatMul, Add, activations and the like would do"
    )
