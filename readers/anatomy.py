"""What a model file is made of, as far as the file itself tells.

Readers of single formats bring a network as an ``Mlp`` or as a list of ``Step``; both end here as
the same ``Anatomy``, which a table can show.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from mlp_edge.card import Card
from mlp_edge.mlp import Dense, Floats, Mlp


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


class Constant(NamedTuple):
    """A constant that an operator is given.

    Attributes:
        shape: as the file has it.
        values: flat float32; None where they were not read.
        trained: False for numbers that only describe shapes or axes.
    """

    shape: tuple[int, ...]
    values: Floats | None
    trained: bool

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


class Step(NamedTuple):
    """One operator of a graph, in the order of execution.

    Attributes:
        operator: what the format calls it, in ONNX's spelling where both have it.
        constants: its constant inputs.
        neurons: for a dense layer, (outputs, inputs) of its weights; otherwise None.
        fused: activation that the operator itself applies; "" for none.
        inputs: names of those inputs that are no constants; None when they are not told, and the
            operator follows the one before it.
        results: names of what comes out.
        integer: whether a dense layer adds up integers.
        parts: how many rows of weights make one output of it.
    """

    operator: str
    constants: tuple[Constant, ...] = ()
    neurons: tuple[int, int] | None = None
    fused: str = ""
    inputs: tuple[Hashable, ...] | None = None
    results: tuple[Hashable, ...] = ()
    integer: bool = False
    parts: int = 1


_BETWEEN = ("Greater", "Less", "SelectV2", "SelectV2")
"""A number between two ends, NaN left as it is."""
ACTIVATION_OF: dict[tuple[str, ...], str] = {
    (): "linear",
    ("Relu",): "relu",
    ("LeakyRelu",): "leaky_relu",
    ("Elu",): "elu",
    ("Selu",): "selu",
    ("Gelu",): "gelu",
    ("Softplus",): "softplus",
    ("Softsign",): "softsign",
    ("Tanh",): "tanh",
    ("Sigmoid",): "sigmoid",
    ("HardSigmoid",): "hard_sigmoid",
    ("Softmax",): "softmax",
    # Where a format has no operator of that name, its exporter writes several.
    ("Mul", "Erf", "Add", "Mul", "Mul"): "gelu",
    ("Mul", "Erf", "Mul", "Add", "Mul"): "gelu",
    ("Neg", "Exp", "Add", "Div"): "silu",
    ("Sigmoid", "Mul"): "silu",
    ("Mul", "Mul", "Sub", "Mul", "Exp", "Add", "Div"): "gelu_tanh",
    ("Mul", "Mul", "Add", "Mul", "Min", "Max", "Sigmoid", "Mul"): "gelu_tanh",
    ("Min", "Exp", "Add", "Mul", "Add", "Div", "Mul"): "mish",
    ("Exp",): "exponential",
    ("NotEqual", "Mul", "Exp", "Mul", "SelectV2"): "exponential",
    ("Square",): "square",
    ("Sqrt", "Reciprocal"): "rsqrt",
    ("Rsqrt",): "rsqrt",
    ("Min", "Max", "Sigmoid", "Tanh", "Mul", "Add"): "sigmoid",
    ("Min", "Max", "Sigmoid", "Mul"): "silu",
    ("Abs", "Add", "Div"): "softsign",
    ("Greater", "Mul", "Exp", "Sub", "Mul", "SelectV2"): "selu",
    ("Exp", "Sub", "Mul", "LessEqual", "Mul", "SelectV2"): "selu",
    ("Add", "Clip", "Mul"): "hard_sigmoid",
    ("Add", "Relu6", "Mul"): "hard_sigmoid",
}
"""Operators behind a dense layer -> Keras's name. Others are shown as they are."""
CLIPS: tuple[tuple[str, ...], ...] = (
    ("Min", "Max"),
    ("Min", "Relu"),
    ("Clip",),
    ("Relu6",),
    ("ReluN1To1",),
    ("Relu0To1",),
    _BETWEEN,
)
"""What clips predictions, as the last operators behind the last layer."""
CHOICES = ("Where", "SelectV2")
COMPARISONS = ("Equal", "NotEqual")
"""With those that choose: operators whose constants are readings, never weights."""
OUTSIDE = (*CHOICES, "Add")
"""What makes NaN of a prediction where a reading is missing."""
JOINS = ("Add", "Sub", "Mul", "Div", "Min", "Max", "Sum", "Concat", "Concatenation")
"""What joins the results of several layers, as a skip connection does."""
CARRIED = (
    "Quantize",
    "Dequantize",
    "QuantizeLinear",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "Identity",
    "ZipMap",
)
"""Operators that change how a result is written, not what it is."""
NOT_NEGATIVE = "NotNegative"
"""Fused where a result cannot be below 0 as it is written: a ReLU where nothing else is applied."""
SCALED = ["Cast", "Mul"]
"""What makes numbers of a layer's sums of integers."""
AGAIN = "dense, once more"
"""A layer whose weights have been counted: converters compute one twice for two uses."""


@dataclass
class _Build:
    """What has been understood of a graph so far; ``origin`` is the layer of each result.

    ``copies`` is how often a row stands in what no layer has seen: integers go in in parts.
    """

    layers: list[Layer] = field(default_factory=list)
    after: list[list[str]] = field(default_factory=list)
    biased: list[bool] = field(default_factory=list)
    integer: list[bool] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    origin: dict[Hashable, int] = field(default_factory=dict)
    copies: dict[Hashable, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    mean: Floats | None = None
    std: Floats | None = None

    def add(self, layer: Layer, biased: bool, fused: str) -> int:
        self.layers.append(layer)
        self.biased.append(biased)
        self.after.append([fused] if fused else [])
        self.integer.append(False)
        return len(self.layers) - 1

    def sources(self, step: Step) -> list[int | None]:
        """The layer from which each input comes; None for what no layer has seen."""
        if step.inputs is None:
            return [len(self.layers) - 1 if self.layers else None]
        return [self.origin.get(name) for name in step.inputs]


def of_steps(steps: Iterable[Step], ours: bool = False) -> Anatomy:
    """The anatomy of a graph: its dense layers, and other operators with weights by their names.

    An operator without weights belongs to the layer from which its inputs come, as its activation.
    One that works on raw readings, such as the encoding, belongs to none. One that joins the
    results of several layers is a row of its own.

    Args:
        steps: in the order of execution.
        ours: whether mlp-edge wrote them. Its layers stand in one line, and what follows its
            integers is a clamp or a table, never an operator of the activation's name.
    """
    build = _Build()
    for step in steps:
        joined = None if ours else _join(build, step)
        layer = _place(build, step) if joined is None else joined
        if layer is not None:
            build.origin.update(dict.fromkeys(step.results, layer))
        elif step.inputs:
            build.copies.update(dict.fromkeys(step.results, _copies(build, step.inputs)))
    if any(build.integer):
        build.after[-1] = _unguarded(build.after[-1])
    clip = _take_clip(build.after[-1]) if build.after else False
    layers = tuple(
        replace(layer, activation=_of_results(names) if ours and integer else _activation(names))
        for layer, names, integer in zip(build.layers, build.after, build.integer, strict=True)
    )
    layers = clipped(layers) if clip else layers
    # In front of integers stand their ranges, which look like a scaling.
    notes = tuple(build.notes)
    if ours and any(build.integer):
        return Anatomy(layers)
    return Anatomy(layers, build.mean, build.std, notes)


def _join(build: _Build, step: Step) -> int | None:
    """The row of an operator that joins results of several layers; None for any other."""
    sources = list(dict.fromkeys(build.sources(step)))
    if step.operator not in JOINS or step.inputs is None or len(sources) < 2:
        return None
    known = [source for source in sources if source is not None]
    if not known:
        return None
    widths = [build.layers[source].outputs for source in known]
    width = widths[0]
    if step.operator.startswith("Concat"):
        whole = None not in (*widths, *sources)
        width = sum(width for width in widths if width is not None) if whole else None
    names = ["what goes in" if source is None else f"layer {source + 1}" for source in sources]
    build.notes.append(
        f"its layers do not stand in one line: {step.operator} joins {' and '.join(names)}"
    )
    return build.add(Layer(step.operator, width, width, "", 0, 0), True, step.fused)


def _place(build: _Build, step: Step) -> int | None:
    """The layer that a step is, or belongs to; None for one that works on raw readings."""
    if step.neurons is not None:
        return _dense(build, step, *step.neurons)
    sources = build.sources(step)
    last = max((source for source in sources if source is not None), default=None)
    if last is not None and _biases(build, step, last):
        return last
    if last is None and _scales(build, step):
        return None
    scaled = last is not None and build.integer[last]  # its constants are scales and tables
    if not scaled and (weights := _weights(step)):
        return build.add(Layer(step.operator, None, None, "", weights, None), True, step.fused)
    if step.operator == "Min" and _infinite(step):
        return last
    # What somebody outside adds or chooses, NaN for a missing reading, activates nothing.
    if last is not None and not (step.operator in OUTSIDE and None in sources):
        build.after[last] += [step.operator, *([step.fused] if step.fused else [])]
    return last


def _copies(build: _Build, names: tuple[Hashable, ...]) -> int:
    again = len(names) if len(names) > 2 and len(set(names)) == 1 else 1  # two may be x != x
    return again * max(build.copies.get(name, 1) for name in names)


def _dense(build: _Build, step: Step, outputs: int, inputs: int) -> int:
    held = sum(constant.size for constant in step.constants)
    fresh = [constant for constant in step.constants if id(constant) not in build.seen]
    build.seen.update(id(constant) for constant in step.constants)
    kind = "dense" if fresh or not step.constants else AGAIN
    count = sum(constant.size for constant in fresh)
    size = outputs * inputs * step.parts
    if step.integer and step.inputs:
        inputs //= build.copies.get(step.inputs[0], 1)
    place = build.add(Layer(kind, inputs, outputs, "", count, size), held > size, step.fused)
    build.integer[place] = step.integer
    return place


def _scales(build: _Build, step: Step) -> bool:
    """A vector in front of the first layer: the mean, or the deviation or its reciprocal."""
    if build.layers or step.operator not in ("Sub", "Mul", "Div") or len(step.constants) != 1:
        return False
    values = step.constants[0].values
    if values is None or not values.size:
        return False
    if step.operator == "Sub":
        build.mean = values
    else:
        with np.errstate(all="ignore"):
            build.std = values if step.operator == "Div" else np.float32(1) / values
    return True


def _infinite(step: Step) -> bool:
    """Whether an operator's only constant is infinity, of which the minimum with x is x."""
    values = step.constants[0].values if len(step.constants) == 1 else None
    return values is not None and values.size == 1 and bool(np.isposinf(values).all())


def _biases(build: _Build, step: Step, number: int) -> bool:
    """An addition behind a dense layer that has no biases of its own."""
    if step.operator != "Add" or len(step.constants) != 1:
        return False
    layer, size = build.layers[number], step.constants[0].size
    before = [name for name in build.after[number] if name not in (*CARRIED, NOT_NEGATIVE)]
    if build.integer[number]:
        fits = before in ([], ["Unsqueeze"], SCALED)
        fits = fits and layer.outputs is not None and size % layer.outputs == 0
    else:
        fits = not before and size == layer.outputs
    if build.biased[number] or not fits:
        return False
    build.layers[number] = replace(layer, parameters=layer.parameters + size)
    build.biased[number] = True
    build.after[number] += [step.fused] if step.fused else []
    return True


def _weights(step: Step) -> int:
    """How many weights an operator has that is no dense layer."""
    if step.operator in (*CHOICES, *COMPARISONS):
        return 0
    return sum(
        constant.size for constant in step.constants if constant.trained and constant.size > 1
    )


def _activation(names: list[str]) -> str:
    """Keras's name of what operators compute together, or the operators."""
    names = [name for name in _unguarded(names) if name not in CARRIED]
    floor = NOT_NEGATIVE in names
    names = [name for name in names if name != NOT_NEGATIVE] or (["Relu"] if floor else [])
    names = names[len(SCALED) :] if names[: len(SCALED)] == SCALED else names
    return ACTIVATION_OF.get(tuple(names), " ".join(names))


def _of_results(names: list[str]) -> str:
    """What follows the sums of integers, as far as a file tells: its formula is in a table."""
    if not {"Gather", "GatherElements"} & set(names):
        return "clamp"
    return "softmax" if "ReduceMax" in names else "table"


def _unguarded(names: list[str]) -> list[str]:
    while (place := _guard(names)) is not None:
        names = names[:place] + names[place + 2 :]
    return names


def _guard(names: list[str]) -> int | None:
    """Where NaN becomes NaN: an exporter keeps constants apart with what changes nothing."""
    pairs = enumerate(pairwise(names))
    return next((place for place, pair in pairs if pair == ("NotEqual", "SelectV2")), None)


def _take_clip(names: list[str]) -> bool:
    """Take the clip off the end of a layer's operators; False when there is none."""
    for clip in CLIPS:
        if tuple(names[-len(clip) :]) == clip:
            del names[-len(clip) :]
            return True
    return False
