"""int24: as many digits as float32 has, in fixed point, for every row of the declared ranges.

What an integer stands for follows from what each layer can give over the declared ranges
(``mlp_edge.proof.box``), which is proved: no row in them leaves a clamp. Weights are rounded to the
nearest integer; nothing is fitted, since nothing is lost that a fit could bring back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.integers.activation_tables import Table
from mlp_edge.integers.exponential import DIGITS, LEAST_OCTAVE
from mlp_edge.integers.quantised import (
    HIGHEST,
    LAST_HIGHEST,
    MOST_SHIFT,
    SUM_LIMIT,
    WEIGHT_LIMIT,
    IntegerLayer,
    Integers,
    Quantised,
)
from mlp_edge.mlp import Dense, Floats, Mlp, Rows
from mlp_edge.proof.bound import Interval
from mlp_edge.proof.box import reaches
from mlp_edge.quantise.int24_inputs import box_of, inputs_of, standardised
from mlp_edge.quantise.polynomials import ALIGNED, hidden_table, output_table, whole_range
from mlp_edge.quantise.ranges import Steps
from mlp_edge.reference import Doubles
from mlp_edge.settings import setting
from mlp_edge.walk import sources, walk

_HIGH, _LAST_HIGH = HIGHEST["int24"], LAST_HIGHEST["int24"]
_ROOM = 1 + 2.0**-20
"""Weights and biases are a little larger than what they are rounded from."""
_TINY = 1e-200
_LINES = ("linear", "relu", "hard_sigmoid")
"""Activations that are no more than a clamp."""
_HARD = 2**23
"""Integers from -3 to 3, where a hard sigmoid rises."""


class _Value(NamedTuple):
    """What a layer gives: the meaning of its integers, and the largest there can be."""

    steps: Steps
    largest: int


class _Meant(NamedTuple):
    """What a layer's activations, before a table, are to stand for.

    Attributes:
        anchor: (outputs,), what the integer ``zero`` stands for.
        zero: (outputs,).
        step: (outputs,), of an integer.
        high: the largest integer.
        free: whether a step may be any number; where not, it may be doubled.
    """

    anchor: Doubles
    zero: Doubles
    step: Doubles
    high: int
    free: bool = False

    def stands_for(self) -> Steps:
        """The same as what 0 stands for, and a step."""
        return Steps(self.anchor - self.zero * self.step, self.step)


def make(mlp: Mlp, rows: Rows) -> tuple[Quantised, tuple[Steps, ...]]:
    """A network in int24, and what the integers of each value but the last stand for.

    Args:
        mlp: the network; no layer does what there are no integers for.
        rows: raw readings (n, inputs), each with a prediction: features that declare no range have
            that of these rows and a margin.

    Raises:
        ModelError: when the logits of a softmax go further apart than its exponentials do.
    """
    box = box_of(mlp, rows)
    inputs = inputs_of(mlp, box)
    layers: list[IntegerLayer] = []
    meanings = [standardised(mlp, inputs)]
    reached = [Interval(*(end[0] for end in reach.pre_activations)) for reach in reaches(mlp, box)]

    def step(dense: Dense, given: _Value, _: _Value | None) -> _Value:
        sums = reached[len(layers)]
        last = len(layers) + 1 == len(mlp.layers)
        meant = _last(mlp, sums, meanings) if last else _hidden(dense, sums)
        layer, steps = _layer(dense, given, meant)
        if not last:
            table, steps = _activated(dense, steps, meant.high)
            layer = replace(layer, table=table)
        layers.append(layer)
        meanings.append(steps)
        return _Value(steps, layer.largest)

    *_, last = walk(mlp.layers, _Value(meanings[0], inputs.high), step, _joined)
    ending = _ending(mlp, last.steps, layers[-1].high, _start(mlp, meanings))
    softmax = mlp.layers[-1].activation == "softmax"
    return Quantised("int24", inputs, tuple(layers), softmax, *ending), tuple(meanings[:-1])


def _joined(values: Sequence[_Value]) -> _Value:
    parts = zip(*(value.steps for value in values), strict=True)
    steps = Steps(*(np.concatenate(each) for each in parts))
    return _Value(steps, max(value.largest for value in values))


# What activations stand for


def _hidden(dense: Dense, sums: Interval) -> _Meant:
    """Of a layer whose sums (outputs,) lie in an interval."""
    none, one = np.zeros(dense.outputs), np.ones(dense.outputs)
    if dense.activation in ("relu", "linear"):
        low = none if dense.activation == "relu" else sums.low
        return _Meant(low, none, _spread(sums.high - low) / _HIGH, _HIGH, free=True)
    if dense.activation == "hard_sigmoid":
        return _Meant(-3 * one, none, one * 6 / _HARD, _HARD)
    # One meaning for all; 0, where some curves turn, lies on the edge of a polynomial.
    least, most = whole_range(dense.activation, float(sums.low.min()), float(sums.high.max()))
    step = (most - least) / (_HIGH - ALIGNED)
    below = math.ceil(-least / step / ALIGNED) * ALIGNED
    return _Meant(none, below * one, step * one, _HIGH)


def _spread(span: Doubles) -> Doubles:
    """Spans (outputs,); what never changes takes the narrowest of them."""
    narrowest = span[span > 0].min(initial=np.inf)
    return np.where(span > 0, span, narrowest if np.isfinite(narrowest) else 1.0)


def _activated(dense: Dense, steps: Steps, high: int) -> tuple[Table | None, Steps]:
    """The table of a hidden layer's activation, and what the integers behind it stand for."""
    if dense.activation == "hard_sigmoid":
        return None, Steps(np.zeros(dense.outputs), np.full(dense.outputs, 1 / high))
    if dense.activation in _LINES:
        return None, steps
    table, one = hidden_table(dense.activation, steps, high)
    return table, one.alike(dense.outputs)


def _last(mlp: Mlp, sums: Interval, meanings: Sequence[Steps]) -> _Meant:
    """Of the last layer: exponentials and lines take more integers than a hidden layer has."""
    dense = mlp.layers[-1]
    none, one = np.zeros(dense.outputs), np.ones(dense.outputs)
    if dense.activation == "sigmoid":
        return _Meant(none, (_LAST_HIGH // 2 + 1) * one, _octave_step(DIGITS) * one, _LAST_HIGH)
    if dense.activation == "softmax":
        step = _octave_step(_octave(float(sums.low.min()), float(sums.high.max())))
        return _Meant(sums.low.min() * one, none, step * one, _LAST_HIGH)
    if dense.activation in ("linear", "relu"):
        return _line(dense, sums, _start(mlp, meanings))
    return _hidden(dense, sums)


def _octave_step(octave: int) -> float:
    return math.log(2) * 2.0**-octave


def _octave(low: float, high: float) -> int:
    """log2 of the integers that double an exponential: as many as all logits have room for."""
    octave = math.floor(math.log2(_LAST_HIGH * math.log(2) / max(high - low, 1.0)))
    return min(max(octave, 0), DIGITS)


def _line(dense: Dense, sums: Interval, start: Doubles) -> _Meant:
    """Steps of a power of two, with half of the integers to spare; one of them is ``start``."""
    room = (sums.high - sums.low) / 2
    low = np.zeros_like(room) if dense.activation == "relu" else sums.low - room
    span = np.maximum(sums.high + room - low, _TINY)
    step = np.exp2(np.ceil(np.log2(span / _LAST_HIGH)))
    return _Meant(start, np.clip(np.rint((start - low) / step), 0, _LAST_HIGH), step, _LAST_HIGH)


def _start(mlp: Mlp, meanings: Sequence[Steps]) -> Doubles:
    """What a line's predictions (outputs,) are counted from, exact in float32.

    That is the bias where the integers 0 stand for zeros, so that inactive units lose nothing.
    """
    last = mlp.layers[-1]
    given = [meanings[number].offset for number in sources(last, len(mlp.layers))]
    if last.activation != "linear" or any(offset.any() for offset in given):
        return np.zeros(last.outputs)
    return last.bias.astype(np.float64)


# Layers


def _layer(dense: Dense, given: _Value, meant: _Meant) -> tuple[IntegerLayer, Steps]:
    """The layer, and what its activations stand for: in larger steps where sums need them."""
    meant = _coarser(meant, 2 * _finest(dense, given, meant.stands_for()))
    offset, step = meant.stands_for()
    finest = _finest(dense, given, meant.stands_for())
    shift = np.clip(np.floor(np.log2(step / finest)), 1, MOST_SHIFT["int24"])
    unit = step / np.exp2(shift)
    weights = dense.weights.astype(np.float64)
    real = weights * given.steps.step
    bias = dense.bias + weights @ given.steps.offset - offset
    made = IntegerLayer(
        weights=np.rint(real / unit[:, None]).astype(np.int64),
        bias=np.rint(bias / unit).astype(np.int64),
        multiplier=np.ones(dense.outputs, np.int64),
        shift=shift.astype(np.int64),
        high=meant.high,
        segments=1,
        offset=np.zeros(dense.outputs, np.int64),
        reads=dense.reads,
    )
    return made, Steps(offset, step)


def _finest(dense: Dense, given: _Value, steps: Steps) -> Doubles:
    """The finest unit (outputs,) of a sum whose weights and sums fit."""
    weights = dense.weights.astype(np.float64)
    real = np.abs(weights * given.steps.step)
    bias = dense.bias + weights @ given.steps.offset - steps.offset
    size = np.abs(bias) + real.sum(axis=1) * given.largest
    unit = np.maximum(real.max(axis=1) / WEIGHT_LIMIT["int24"], size / SUM_LIMIT["int24"])
    return np.asarray(np.maximum(unit * _ROOM, _TINY))


def _coarser(meant: _Meant, least: Doubles) -> _Meant:
    """The same in steps (outputs,) of at least ``least``."""
    if meant.free:
        return meant._replace(step=np.maximum(meant.step, least))
    doubled = max(0, math.ceil(math.log2(float((least / meant.step).max()))))
    return meant._replace(step=meant.step * 2.0**doubled)


class _Ending(NamedTuple):
    """The fields of ``Quantised`` that turn the last activations into predictions."""

    table: Table | None
    offset: Floats
    step: Floats
    zero: Integers
    octave: int


def _ending(mlp: Mlp, steps: Steps, high: int, start: Doubles) -> _Ending:
    """What the last layer's integers, which stand for ``steps``, become."""
    activation, outputs = mlp.layers[-1].activation, mlp.outputs
    nothing, one = np.zeros(outputs, np.float32), np.ones(outputs, np.float32)
    none = np.zeros(outputs, np.int64)
    if activation in ("sigmoid", "softmax"):
        octave = round(math.log2(math.log(2) / float(steps.step[0])))
        if octave < LEAST_OCTAVE:
            raise ModelError(
                f"layer {len(mlp.layers)}: its sums go further apart than int24 has exponentials "
                f"for; {setting('dtype', 'float32')} would do"
            )
        zero = np.rint(-steps.offset / steps.step).astype(np.int64)
        return _Ending(None, nothing, one, none if activation == "softmax" else zero, octave)
    if activation == "hard_sigmoid":
        return _Ending(None, nothing, one / np.float32(high), none, 0)
    if activation in _LINES:
        zero = np.rint((start - steps.offset) / steps.step).astype(np.int64)
        return _Ending(None, start.astype(np.float32), steps.step.astype(np.float32), zero, 0)
    table, found = output_table(activation, steps, high)
    found = found.alike(outputs)
    return _Ending(table, found.offset.astype(np.float32), found.step.astype(np.float32), none, 0)
