"""What the integers of int24 stand for, from what the sums of each layer can be."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mlp_edge.integers.exponential import DIGITS
from mlp_edge.integers.quantised import HIGHEST, LAST_HIGHEST, LEAST_STEP
from mlp_edge.mlp import Dense
from mlp_edge.proof.bound import Interval
from mlp_edge.quantise.polynomials import ALIGNED, whole_range
from mlp_edge.quantise.ranges import Steps
from mlp_edge.reference import Doubles

_HIGH, _LAST_HIGH = HIGHEST["int24"], LAST_HIGHEST["int24"]
_TINY = 1e-200
_HARD = 2**23
"""Integers from -3 to 3, where a hard sigmoid rises."""


class Scale(NamedTuple):
    """The scale and zero point of a layer's activations, before a table.

    Attributes:
        anchor: (outputs,), what the integer ``zero`` stands for.
        zero: (outputs,).
        step: (outputs,), of an integer.
        high: the largest integer.
        free: whether a step may be any number; where not, it may be doubled.
        held: whether the biases have to stay what they are.
    """

    anchor: Doubles
    zero: Doubles
    step: Doubles
    high: int
    free: bool = False
    held: bool = False

    def stands_for(self) -> Steps:
        """The same as what 0 stands for, and a step."""
        return Steps(self.anchor - self.zero * self.step, self.step)


def of_hidden(dense: Dense, sums: Interval) -> Scale:
    """Of a layer whose sums (outputs,) lie in an interval."""
    none, one = np.zeros(dense.outputs), np.ones(dense.outputs)
    if dense.activation in ("relu", "linear"):
        low = np.maximum(sums.low, 0) if dense.activation == "relu" else sums.low
        return Scale(low, none, _spread(sums.high - low) / _HIGH, _HIGH, free=True)
    if dense.activation == "hard_sigmoid":
        return Scale(-3 * one, none, one * 6 / _HARD, _HARD)
    # One meaning for all; 0, where some curves turn, lies on the edge of a polynomial.
    least, most = whole_range(dense.activation, float(sums.low.min()), float(sums.high.max()))
    step = (most - least) / (_HIGH - ALIGNED)
    below = math.ceil(-least / step / ALIGNED) * ALIGNED
    return Scale(none, below * one, step * one, _HIGH)


def _spread(span: Doubles) -> Doubles:
    """Spans (outputs,); what never changes takes the narrowest of them."""
    narrowest = span[span > 0].min(initial=np.inf)
    return np.where(span > 0, span, narrowest if np.isfinite(narrowest) else 1.0)


def of_last(dense: Dense, sums: Interval, given: Doubles) -> Scale:
    """Of the last layer: exponentials and lines take more integers than a hidden layer has.

    Args:
        dense: the layer.
        sums: what its sums (outputs,) can be.
        given: what the integers 0 of its inputs stand for, (inputs,).
    """
    none, one = np.zeros(dense.outputs), np.ones(dense.outputs)
    if dense.activation == "sigmoid":
        return Scale(none, (_LAST_HIGH // 2 + 1) * one, _octave_step(DIGITS) * one, _LAST_HIGH)
    if dense.activation == "softmax":
        step = _octave_step(_octave(float(sums.low.min()), float(sums.high.max())))
        return Scale(sums.low.min() * one, none, step * one, _LAST_HIGH)
    if dense.activation in ("linear", "relu"):
        return _line(dense, sums, given)
    return of_hidden(dense, sums)


def _octave_step(octave: int) -> float:
    return math.log(2) * 2.0**-octave


def _octave(low: float, high: float) -> int:
    """log2 of the integers that double an exponential: as many as all logits have room for."""
    octave = math.floor(math.log2(_LAST_HIGH * math.log(2) / max(high - low, 1.0)))
    return min(max(octave, 0), DIGITS)


def _line(dense: Dense, sums: Interval, given: Doubles) -> Scale:
    """Steps of a power of two, with half of the integers to spare.

    Predictions are counted from the bias where the integers 0 stand for zeros, so that inactive
    units lose nothing; the bias is a float32 number.
    """
    held = dense.activation == "linear" and not given.any()
    start = dense.bias.astype(np.float64) if held else np.zeros(dense.outputs)
    room = (sums.high - sums.low) / 2
    low = np.zeros_like(room) if dense.activation == "relu" else sums.low - room
    low = np.minimum(low, start)
    span = np.maximum(np.maximum(sums.high + room, start) - low, _TINY)
    step = np.maximum(np.exp2(np.ceil(np.log2(span / _LAST_HIGH))), LEAST_STEP)
    zero = np.clip(np.rint((start - low) / step), 0, _LAST_HIGH)
    return Scale(start, zero, step, _LAST_HIGH, held=held)
