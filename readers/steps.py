"""A graph of operators, as formats list them, understood as the layers of an ``Anatomy``."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from mlp_edge.mlp import Floats
from mlp_edge.readers.activation_names import (
    CARRIED,
    NOT_NEGATIVE,
    SCALED,
    activation_named,
    of_results,
    take_clip,
    unguarded,
)
from mlp_edge.readers.anatomy import AGAIN, JOINS, Anatomy, Layer, clipped

CHOICES = ("Where", "SelectV2")
COMPARISONS = ("Equal", "NotEqual")
"""With those that choose: operators whose constants are readings, never weights."""
OUTSIDE = (*CHOICES, "Add")
"""What makes NaN of a prediction where a reading is missing."""


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
        build.after[-1] = unguarded(build.after[-1])
    clip = take_clip(build.after[-1]) if build.after else False
    layers = tuple(
        replace(
            layer, activation=of_results(names) if ours and integer else activation_named(names)
        )
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
