"""What a model file is made of, as far as the file itself tells.

Readers of single formats bring a network as an ``Mlp`` or as a list of ``Step``; both end here as
the same ``Anatomy``, which a table can show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from mlp_edge.card import Card
from mlp_edge.mlp import Dense, Floats, Mlp

JOINS = ("Add", "Sub", "Mul", "Div", "Min", "Max", "Sum", "Concat", "Concatenation")
"""What joins the results of several layers, as a skip connection does."""
AGAIN = "dense, once more"
"""A layer whose weights have been counted: converters compute one twice for two uses."""


@dataclass(frozen=True)
class Layer:
    """One layer, or one operator with weights that is no dense layer.

    Attributes:
        kind: "dense", "elementwise", or what the file calls the operator.
        inputs: width of a row that goes in; None when unknown.
        outputs: width of a row that comes out; None when unknown.
        activation: Keras's name for it, or the operators that the file applies; ", clipped" after
            it where the predictions are.
        parameters: weights and biases.
        multiply_adds: for one row; None when the file does not tell.
        reads: in a graph, the numbers of the layers that it reads, from 1; 0 is what goes in. ()
            is the layer before.
        times: the number of a layer that its activations are multiplied by; None for none.
    """

    kind: str
    inputs: int | None
    outputs: int | None
    activation: str
    parameters: int
    multiply_adds: int | None
    reads: tuple[int, ...] = ()
    times: int | None = None


@dataclass(frozen=True)
class Anatomy:
    """The layers of a model and the scaling in front of them.

    Attributes:
        layers: in the order in which data flows.
        mean: (inputs,) float32, subtracted from what goes in; None without one.
        deviation: (inputs,) float32 by which that is divided; None without one, and where the
            converter has multiplied it into the first layer's weights.
        notes: what the list of layers does not show, a sentence each.
        graph: how large a graph of ours is, as ``Mlp.topology`` says it; "" of a chain.
        heads: the numbers of the layers that predict; () is the last one.
    """

    layers: tuple[Layer, ...]
    mean: Floats | None = None
    std: Floats | None = None
    notes: tuple[str, ...] = ()
    graph: str = ""
    heads: tuple[int, ...] = ()

    @property
    def inputs(self) -> int | None:
        """Width of a row that goes into the first layer; None when unknown."""
        return self.layers[0].inputs if self.layers else None

    @property
    def parameters(self) -> int:
        """Weights and biases of all layers, the scaling left out."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int | None:
        """For one row; None when one layer's are unknown."""
        counts = [layer.multiply_adds for layer in self.layers]
        return None if None in counts else sum(count for count in counts if count is not None)

    @property
    def topology(self) -> str:
        """Layer widths, such as 8-12-8-1, with ? for an unknown one, or the size of a graph."""
        if self.graph:
            return self.graph
        own = [layer for layer in self.layers if layer.kind not in (AGAIN, *JOINS)]
        widths = [self.inputs, *(layer.outputs for layer in own)]
        return "-".join("?" if width is None else str(width) for width in widths)


class Contents(NamedTuple):
    """What a reader found in a file.

    Attributes:
        anatomy: layers and scaling.
        card: what the file says about itself; None for a stranger's.
        written_by: the programs that wrote it, as far as they signed; may be empty.
        notes: what else is worth knowing, a sentence each.
        dtype: what its numbers are, such as int8; None where they were not looked at.
    """

    anatomy: Anatomy
    card: Card | None
    written_by: str
    notes: Sequence[str] = ()
    dtype: str | None = None


def of_mlp(mlp: Mlp) -> Anatomy:
    """The anatomy of a network in memory."""
    layers = tuple(map(_of_dense, mlp.layers))
    if mlp.clip is not None:
        layers = clipped(layers)
    mean, std = (None, None) if mlp.scaling is None else (mlp.scaling.mean, mlp.scaling.std)
    graph = "" if mlp.is_chain else mlp.topology
    return Anatomy(layers, mean, std, graph=graph, heads=mlp.heads)


def _of_dense(layer: Dense) -> Layer:
    kind = dense if layer.diagonals is None else elementwise
    found = kind(layer.outputs, layer.inputs, layer.activation)
    return replace(found, reads=layer.reads, times=layer.times)


def dense(outputs: int, inputs: int, activation: str) -> Layer:
    """A fully connected layer with biases."""
    size = outputs * inputs
    return Layer("dense", inputs, outputs, activation, size + outputs, size)


def elementwise(outputs: int, inputs: int, activation: str) -> Layer:
    """A layer that adds up values, each unit times a weight of its own, and a bias."""
    return Layer("elementwise", inputs, outputs, activation, inputs + outputs, inputs)


def clipped(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Layers whose predictions are clipped, which the last activation then says."""
    *others, last = layers
    return (*others, replace(last, activation=f"{last.activation}, clipped"))
