"""A graph in the words of ONNX as dense layers: its features, its layers, its predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.readers.assembling.assembly import Layers
from mlp_edge.readers.assembling.unfolding import Unfolded
from mlp_edge.readers.operators.activations import ACTIVATING
from mlp_edge.readers.operators.arithmetic import COMPUTING
from mlp_edge.readers.operators.classes import CLASSICAL, categorise
from mlp_edge.readers.operators.constants import CONSTANTS, FOLDS, folding
from mlp_edge.readers.operators.graph import Graph, Operator, Rows
from mlp_edge.readers.operators.inputs import Readings
from mlp_edge.readers.operators.shapes import MOVING

EVERY: Mapping[str, Operator] = {**COMPUTING, **ACTIVATING, **MOVING, **CLASSICAL, **CONSTANTS}
OPERATORS: Mapping[str, Operator] = {
    name: folding(name, operator) if name in FOLDS else operator for name, operator in EVERY.items()
}
"""Name -> what reads it; what NumPy carries out where everything is constant is also a name."""
AHEAD = ("Identity", "Cast", "Imputer", "ArrayFeatureExtractor", "Constant", *MOVING)
"""Operators that may stand between a reading and its encoder."""
PROBABLE = ("softmax", "sigmoid")


class Network(NamedTuple):
    """What a graph comes to.

    Attributes:
        layers: its numbers.
        labels: its classes, where it names them.
        features: its readings; None where they are numbers without names.
        targets: what a regression of several outputs predicts; None where nothing is named.
        folded: whether it rounds otherwise than the graph, as operators have become one.
        steps: puts it together as the file carries it out; None where several operators were
            recognised as one, which rounds otherwise.
    """

    layers: Layers
    labels: list[str] | None
    features: list[Feature] | None
    targets: list[str] | None
    folded: bool
    steps: Callable[[], Unfolded | None] | None


def read_graph(walk: Graph) -> Network:
    """The network of a graph, which has not yet been walked; its remarks grow.

    Raises:
        ModelError: naming the node that cannot be read, and the reason; not the file.
    """
    _scout(walk)
    last = walk.walk(OPERATORS)
    outputs = _predictions(walk, [_output(walk, name, last) for name in walk.outputs])
    layers = walk.formulas.finished([(rows.form, rows.width) for _, rows in outputs], last)
    walk.remarks += layers.notes
    head = layers.layers[-1]
    labels = walk.labels or _labels(walk)
    if layers.heads or head.times is not None or head.activation not in PROBABLE:
        labels = None
    targets = _targets(outputs) if len(outputs) > 1 else None
    if targets is not None:
        walk.remarks.append(
            "its outputs are predicted one after the other, as a regression: "
            + ", ".join(name for name, _ in outputs)[:200]
        )
    recognised = walk.formulas.recognised
    folded = layers.folded or recognised
    steps = None if recognised else layers.steps
    return Network(layers, labels, walk.inputs.features(), targets, folded, steps)


def _scout(walk: Graph) -> None:
    """Find out which readings are categories, before anything is computed of the others."""
    known, wanted = {**walk.tensors}, walk.needed()
    for node in walk.nodes:
        given = [walk.tensors.get(name) for name in node.inputs if name]
        if not wanted & {*node.outputs} or any(
            each is None or isinstance(each, Rows) for each in given
        ):
            continue
        if not categorise(walk, node) and node.operator in AHEAD:
            walk.put(node, OPERATORS[node.operator](walk, node))
    walk.tensors = known


def _output(walk: Graph, name: str, last: str) -> tuple[str, Rows]:
    found = walk.tensors.get(name)
    if isinstance(found, Readings):
        found = Rows(walk.inputs.numbers(found, last), found.shape, found.batch)
    if not isinstance(found, Rows):
        raise ModelError(f"its output {name[:80]!r} does not depend on its input")
    if found.chosen:
        walk.remarks.append(
            "it gives a class; the numbers among which it chooses are what is predicted here"
        )
    return name, found


def _predictions(walk: Graph, outputs: list[tuple[str, Rows]]) -> list[tuple[str, Rows]]:
    """The outputs without those of which others are the probabilities."""
    formulas = walk.formulas
    probabilities = [formulas.alone(rows.form) for _, rows in outputs]
    for at, value in enumerate(probabilities):
        if value is None or value.function not in PROBABLE:
            continue
        others = [rows for place, (_, rows) in enumerate(outputs) if place != at]
        if others and all(formulas.are_one(rows.form, value.argument) for rows in others):
            walk.remarks.append(f"of its outputs, {outputs[at][0][:80]!r} is what is predicted "
                                "here; the others are the same before it")  # fmt: skip
            return [outputs[at]]
    return outputs


def _targets(outputs: Sequence[tuple[str, Rows]]) -> list[str] | None:
    """A name for each number that is predicted; None where names are not known."""
    names = []
    for name, rows in outputs:
        width = rows.width
        if width is None:
            return None
        names += [name] if width == 1 else [f"{name} {place + 1}" for place in range(width)]
    return names


def _labels(walk: Graph) -> list[str] | None:
    """The classes of an output that is not followed, as scikit-learn's converter names them."""
    for node in walk.nodes:
        classes = walk.tensors.get(node.inputs[0]) if node.inputs else None
        if node.operator == "ArrayFeatureExtractor" and isinstance(classes, np.ndarray):
            return [str(label) for label in classes.reshape(-1)]
    return None
