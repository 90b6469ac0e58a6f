"""A graph as its file carries it out: a layer for each operation, nothing folded into anything.

Its bound is that of the original, which rounds between all of them. Weights are those of the file;
where the file computes some at run time (gamma / sqrt(variance + epsilon)), or computes a step in
another way than a dense layer would, a slack says how far off they may be; the derivation is in
docs/explanation/proof.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.mlp import Dense
from mlp_edge.proof.bound import UNIT, Slack
from mlp_edge.readers.assembling.values import (
    Activated,
    Added,
    Affine,
    Cut,
    Leaky,
    Plain,
    Scaled,
    Value,
    reachable,
    size,
)
from mlp_edge.reference import Doubles
from mlp_edge.walk import readers

MOST_WEIGHTS = 2**24
"""Of all layers, zeros of diagonals among them; beyond, nothing is derived."""
CENTRING = 4.0
"""Units of rounding that each number and their mean may lose where a row is centred: Keras computes
x inv + (beta - mean inv), two products and two sums, and not (x - mean) inv."""


class Unfolded(NamedTuple):
    """Layers, which of them predict, and how far their numbers may be off.

    Attributes:
        layers: one or more for each operation; what goes in is not scaled before.
        heads: their numbers; () is the last one.
        slacks: number of a layer -> how far the original's numbers may be from its.
    """

    layers: tuple[Dense, ...]
    heads: tuple[int, ...]
    slacks: dict[int, Slack]


class _View(NamedTuple):
    """Numbers of a row: of which layer each is, and which of its units."""

    layers: NDArray[np.intp]
    units: NDArray[np.intp]


def unfolded(inputs: Sequence[Value], outputs: Sequence[Value]) -> Unfolded | None:
    """The graph, an operation a layer.

    Args:
        inputs: values that are the readings, one after the other.
        outputs: values that are the predictions.

    Returns:
        None where that would take more than ``MOST_WEIGHTS``, or weights beyond float32.
    """
    unfolding = _Unfolding(inputs, outputs)
    try:
        heads = unfolding.heads(outputs)
    except (_TooLargeError, ModelError):  # or one that float32 does not hold
        return None
    layers = tuple(unfolding.layers)
    return Unfolded(layers, () if heads == (len(layers),) else heads, unfolding.slacks)


class _TooLargeError(Exception):
    pass


class _Unfolding:
    def __init__(self, inputs: Sequence[Value], outputs: Sequence[Value]) -> None:
        self.layers: list[Dense] = []
        self.slacks: dict[int, Slack] = {}
        self._inputs = inputs
        self._values = reachable(outputs)
        read = [operand for value in self._values for operand in value.operands]
        self._uses = Counter((*read, *outputs))
        self._views: dict[Value, _View] = {}
        self._widths = [sum(size(value) for value in inputs)]
        self._weights = 0

    def heads(self, outputs: Sequence[Value]) -> tuple[int, ...]:
        for value in self._values:
            self._views[value] = self._view(value)
        views = [self._views[value] for value in outputs]
        numbers = [self._whole(view) for view in views]
        # No layer reads a head: what goes on elsewhere is passed on to it.
        passed = [not number or numbers.count(number) > 1 for number in numbers]
        read = {int(number) for view, on in zip(views, passed, strict=True) if on
                for number in view.layers}  # fmt: skip
        for at, number in enumerate(numbers):
            if passed[at] or number in read or readers(self.layers, number or 0):
                numbers[at] = self._whole(self._passed(views[at]))
        return tuple(number or 0 for number in numbers)

    def _view(self, value: Value) -> _View:
        """What an operation gives, once its operands are known."""
        step, given = value.step, [self._views[each] for each in value.operands]
        match step:
            case Affine():
                return self._add(given[0], step.weights, step.bias)
            case Scaled():
                factor, offset = (
                    np.broadcast_to(each, size(value)) for each in (step.factor, step.offset)
                )
                off = None
                if step.doubt is not None:
                    doubts = (np.broadcast_to(each, size(value)) for each in step.doubt)
                    by, plus = doubts
                    off = Slack(np.diag(by), plus)
                return self._add(given[0], np.diag(factor), offset, slack=off)
            case Activated():
                return self._activated(value, step.activation)
            case Leaky():
                return self._leaky(given[0], step.slopes)
            case Added():
                return self._added(given, step.factors, size(value))
            case Cut():
                return _View(*(each[step.start : step.stop] for each in given[0]))
            case Plain("given"):
                start = sum(size(each) for each in self._inputs[: self._inputs.index(value)])
                units = np.arange(start, start + size(value))
                return _View(np.zeros(len(units), np.intp), units)
            case Plain("multiplied"):
                return self._multiplied(value, given, size(value))
            case Plain("joined"):
                return _joined(given)
            case _:
                return self._centred(given[0])

    def _activated(self, value: Value, activation: str) -> _View:
        """Of the layer before where nothing else reads that, or of one that passes on."""
        [operand] = value.operands
        number = self._whole(self._views[operand])
        if number and self._uses[operand] == 1:
            layer = self.layers[number - 1]
            if layer.activation == "linear" and layer.times is None:
                self.layers[number - 1] = replace(layer, activation=activation)
                return self._views[operand]
        return self._passed(self._views[operand], activation)

    def _leaky(self, given: _View, slopes: Doubles) -> _View:
        """relu(z) - slopes relu(-z)."""
        width = len(given.units)
        one = np.eye(width)
        both = self._add(given, np.vstack([one, -one]), np.zeros(2 * width), "relu")
        below = np.diag(np.broadcast_to(-slopes, width))
        return self._add(both, np.hstack([one, below]), np.zeros(width))

    def _added(self, given: Sequence[_View], factors: Sequence[float], width: int) -> _View:
        blocks = [
            (np.eye(width) if len(view.units) == width else np.ones((width, 1))) * factor
            for view, factor in zip(given, factors, strict=True)
        ]
        return self._add(_joined(given), np.hstack(blocks), np.zeros(width))

    def _multiplied(self, value: Value, given: Sequence[_View], width: int) -> _View:
        one, other = value.operands
        if one is other:
            return self._passed(given[0], "square")
        host, gate = given if size(one) == width else reversed(given)
        number = self._whole(gate)
        if not number:
            number = self._whole(self._passed(gate))
        return self._add(host, np.eye(width), np.zeros(width), times=number)

    def _centred(self, given: _View) -> _View:
        width = len(given.units)
        mean = np.full((width, width), 1 / width)
        slack = Slack(CENTRING * UNIT * (np.eye(width) + mean), np.zeros(width))
        return self._add(given, np.eye(width) - mean, np.zeros(width), slack=slack)

    def _passed(self, given: _View, activation: str = "linear") -> _View:
        width = len(given.units)
        return self._add(given, np.eye(width), np.zeros(width), activation)

    def _whole(self, view: _View) -> int | None:
        """The number of the layer that a view is all of, as it is."""
        number = int(view.layers[0])
        whole = len(view.units) == self._widths[number] and (view.layers == number).all()
        return number if whole and np.array_equal(view.units, np.arange(len(view.units))) else None

    def _add(
        self, given: _View, weights: Doubles, bias: Doubles, activation: str = "linear",
        slack: Slack | None = None, times: int | None = None,
    ) -> _View:  # fmt: skip
        """A layer of weights (outputs, numbers of the view)."""
        reads = tuple(dict.fromkeys(given.layers.tolist()))
        starts = np.cumsum([0, *(self._widths[number] for number in reads)])
        places = given.units + np.array([starts[reads.index(each)] for each in given.layers])
        self._weights += len(bias) * int(starts[-1])
        if self._weights > MOST_WEIGHTS:
            raise _TooLargeError
        exact, off = (np.zeros((len(bias), starts[-1])) for _ in range(2))
        np.add.at(exact.T, places, weights.T)
        if slack is not None:
            np.add.at(off.T, places, slack.weights.T)
        number = len(self.layers) + 1
        rounded, biases = exact.astype(np.float32), bias.astype(np.float32)
        lost = Slack(
            np.abs(exact - rounded) + off,
            np.abs(bias - biases) + (0 if slack is None else slack.bias),
        )
        if lost.weights.any() or lost.bias.any():
            self.slacks[number] = lost
        wires = () if reads == (number - 1,) else reads
        self.layers.append(Dense(np.ascontiguousarray(rounded), biases, activation, wires, times))
        self._widths.append(len(bias))
        return _View(np.full(len(bias), number), np.arange(len(bias)))


def _joined(views: Sequence[_View]) -> _View:
    return _View(*(np.concatenate(parts) for parts in zip(*views, strict=True)))
