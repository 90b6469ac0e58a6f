"""The inputs of int24: readings in steps of a power of two."""

from __future__ import annotations

import math

import numpy as np

from mlp_edge.integers.exponential import DIGITS
from mlp_edge.integers.quantised import HIGHEST, Inputs
from mlp_edge.mlp import Floats, Mlp, Rows
from mlp_edge.proof.bound import Interval
from mlp_edge.proof.box import declared, reaches
from mlp_edge.quantise.ranges import weight_of
from mlp_edge.reference import Doubles

_DECLARED, _SEEN = 0.125, 0.25
"""Room beyond an end that a feature declares, and beyond one that calibration rows show: a share of
its range. New readings may go a little further, and steps are fine enough."""
_TINY = 1e-200
_DRAWN = 2000
"""Rows drawn from the box."""
_HALVINGS = 8
_AFFORDABLE = 2**22
"""Multiply-adds, roughly, of all boxes that the declared one is halved into."""


def box_of(mlp: Mlp, rows: Rows) -> Interval:
    """What encoded readings may be, (1, width): as declared or seen, and a little more."""
    low, high = (end[0] for end in declared(mlp, rows))
    encoded = mlp.encoding.encode(rows).astype(np.float64)
    low, high = np.minimum(low, encoded.min(axis=0)), np.maximum(high, encoded.max(axis=0))
    room = np.zeros((2, len(low)))
    for column, index in enumerate(mlp.encoding.numbers):
        feature = mlp.features[index]
        room[:, column] = [
            _DECLARED if end is not None else _SEEN for end in (feature.low, feature.high)
        ]
    most = float(np.finfo(np.float32).max)
    low, high = low - room[0] * (high - low), high + room[1] * (high - low)
    return Interval(np.clip(low, -most, most)[None], np.clip(high, -most, most)[None])


def inputs_of(mlp: Mlp, box: Interval) -> Inputs:
    """Readings in powers of two: whole numbers stay exact, and a device has nothing to multiply."""
    low, high = box.low[0], box.high[0]
    weights = weight_of(mlp)
    span = high - low
    # What never changes takes a step that needs no larger weight than the others do.
    worth = (weights * span).max(initial=0.0)
    still = np.where((weights > 0) & (worth > 0), worth / np.maximum(weights, _TINY), 1.0)
    span = np.where(span > 0, span, still)
    exponent = np.clip(np.floor(np.log2(HIGHEST["int24"] / span)), -100, 100)
    numbers = np.arange(len(low)) < len(mlp.encoding.numbers)
    exponent = np.where(numbers, exponent, DIGITS - 1)
    factor = np.exp2(exponent)
    spare = np.where(numbers, np.maximum(HIGHEST["int24"] / factor - span, 0), 0)
    begin = np.floor((low - spare / 2) * factor) / factor
    begin = np.where(begin > low, low, begin)
    return Inputs(_at_most(begin, low), factor.astype(np.float32), HIGHEST["int24"])


def _at_most(values: Doubles, limit: Doubles) -> Floats:
    """As float32, rounded down where rounding up would pass the limit."""
    found = values.astype(np.float32)
    with np.errstate(over="ignore"):
        below = np.nextafter(found, np.float32(-np.inf))
    return np.where((found > limit) & np.isfinite(below), below, found)


def sums_over(mlp: Mlp, box: Interval) -> list[Interval]:
    """What the sums of each layer, (outputs,), can be over a box: proved.

    It is put together from boxes that are halved where the first layer's sums move most, which
    brings it near what rows reach.
    """
    moved = weight_of(mlp) * (box.high - box.low)[0]
    halved = np.argsort(-moved, kind="stable")[: _halvings(mlp, len(moved))]
    boxes = box
    for column in halved:
        low, high = (np.repeat(end, 2, axis=0) for end in boxes)
        middle = (low[::2, column] + high[::2, column]) / 2
        high[::2, column], low[1::2, column] = middle, middle
        boxes = Interval(low, high)
    sums = [reach.pre_activations for reach in reaches(mlp, boxes)]
    return [Interval(each.low.min(axis=0), each.high.max(axis=0)) for each in sums]


def _halvings(mlp: Mlp, width: int) -> int:
    affordable = math.floor(math.log2(max(_AFFORDABLE // mlp.parameters, 1)))
    return min(width, _HALVINGS, affordable)


def rows_in(box: Interval, encoded: Floats) -> Floats:
    """Encoded calibration rows, and as many drawn from all over the box, (n, width)."""
    random = np.random.default_rng(0)
    low, high = box
    drawn = low + (high - low) * random.random((_DRAWN, low.shape[1]))
    return np.vstack([encoded, drawn.astype(np.float32)])
