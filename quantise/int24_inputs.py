"""The inputs of int24: readings in steps that lose least, and leave weights their digits."""

from __future__ import annotations

import math

import numpy as np

from mlp_edge.integers.exponential import DIGITS
from mlp_edge.integers.quantised import HIGHEST, Inputs
from mlp_edge.mlp import Floats, Mlp, Rows
from mlp_edge.proof.bound import Interval
from mlp_edge.proof.box import declared, reaches
from mlp_edge.quantise.int24_balance import longer
from mlp_edge.quantise.ranges import weight_of
from mlp_edge.reference import Doubles

_DECLARED, _SEEN = 1 / 64, 0.25
"""Room beyond an end that a feature declares, and beyond one that calibration rows show: a share of
its range. New readings may go a little further."""
_WIDER = 0.25
"""Room beyond both ends of that for readings themselves, which new rows may be a little beyond."""
_WHOLE = 64
"""Integers per unit from which on their number is whole, so that whole readings are exact."""
_GRID = 6
"""Binary digits of a range: what the integer 0 stands for is a multiple of the last."""
_TINY = 1e-200
_MOST = float(np.finfo(np.float32).max)
_DRAWN = 2000
"""Rows drawn from the box."""
_HALVINGS = 8
_AFFORDABLE = 2**22
"""Multiply-adds, roughly, of all boxes that the declared one is halved into."""


def box_of(mlp: Mlp, rows: Rows) -> Interval:
    """What encoded readings may be, (1, width): as declared or seen, and a little more.

    What is never below 0 stays there.
    """
    low, high = (end[0] for end in declared(mlp, rows))
    encoded = mlp.encoding.encode(rows).astype(np.float64)
    low, high = np.minimum(low, encoded.min(axis=0)), np.maximum(high, encoded.max(axis=0))
    room = np.zeros((2, len(low)))
    for column, index in enumerate(mlp.encoding.numbers):
        feature = mlp.features[index]
        room[:, column] = [
            _DECLARED if end is not None else _SEEN for end in (feature.low, feature.high)
        ]
    beyond = low - room[0] * (high - low), high + room[1] * (high - low)
    low, high = np.where(low >= 0, np.maximum(beyond[0], 0), beyond[0]), beyond[1]
    return Interval(np.clip(low, -_MOST, _MOST)[None], np.clip(high, -_MOST, _MOST)[None])


def inputs_of(mlp: Mlp, box: Interval, encoded: Floats) -> Inputs:
    """How readings become integers, each in whichever of two ways loses less.

    Steps of a power of two keep whole numbers, and floats of the upper half of a range. Other steps
    can be nearly half as long. Readings whose weights need more digits than they do themselves
    take longer ones.

    Args:
        mlp: the network.
        box: what encoded readings may be, (1, width).
        encoded: rows (n, width) in the box to judge by.
    """
    levels = np.full(box.low.shape[1], float(HIGHEST["int24"]))
    finest = _least_lost(mlp, box, encoded, levels)
    weights = mlp.front.astype(np.float64)
    weights = weights if mlp.scaling is None else weights / mlp.scaling.std
    spread = encoded.astype(np.float64).var(axis=0)
    exact = np.arange(len(levels)) >= len(mlp.encoding.numbers)  # flags are, in any steps
    by = longer(weights, spread, 1 / finest.factor.astype(np.float64), exact)
    return _least_lost(mlp, box, encoded, levels / by)


def _least_lost(mlp: Mlp, box: Interval, encoded: Floats, levels: Doubles) -> Inputs:
    """The better way for each reading, with integers up to ``levels`` (width,) in the box."""
    low, high = box.low[0], box.high[0]
    room = _WIDER * (high - low)
    wider = np.where(low >= 0, np.maximum(low - room, 0), low - room), high + room
    ways = [_inputs(mlp, *wider, levels, powers) for powers in (True, False)]
    lost = [np.square(way.back(way.integers(encoded)) - encoded).mean(axis=0) for way in ways]
    powers, finer = ways
    better = lost[0] <= lost[1]
    return Inputs(
        np.where(better, powers.low, finer.low),
        np.where(better, powers.factor, finer.factor),
        HIGHEST["int24"],
    )


def _inputs(mlp: Mlp, low: Doubles, high: Doubles, levels: Doubles, powers: bool) -> Inputs:
    """Readings from ``low`` to ``high`` (width,) in steps of a power of two, or as short as can be.

    Whole numbers are exact where a unit has a whole number of steps, and the integer 0 stands for
    a multiple of a step; so is the difference from that, if it has few digits.
    """
    size = np.maximum(np.maximum(-low, high), _TINY)
    grid = np.maximum(high - low, size * 2.0 ** -(DIGITS - _GRID))
    grid = np.exp2(np.ceil(np.log2(grid)) - _GRID)
    begin = np.floor(low / grid) * grid
    span = high - begin
    weights = weight_of(mlp)
    # What never changes takes a step that needs no larger weight than the others do.
    worth = (weights * span).max(initial=0.0)
    still = np.where((weights > 0) & (worth > 0), worth / np.maximum(weights, _TINY), 1.0)
    factor = levels / np.where(high > low, span, still)
    factor = np.clip(factor * (1 - 2.0**-DIGITS), 2.0**-100, 2.0**100)
    if powers:
        factor = np.exp2(np.floor(np.log2(factor)))
        spare = np.maximum(levels / factor - span, 0)
        lowest = np.where(low >= 0, 0, -np.inf)
        begin = np.maximum(np.floor((low - spare / 2) * factor) / factor, lowest)
    else:
        whole = np.maximum(1 / grid, 1)
        factor = np.where(factor >= _WHOLE * whole, np.floor(factor / whole) * whole, factor)
    numbers = np.arange(len(low)) < len(mlp.encoding.numbers)
    factor = np.where(numbers, factor, np.exp2(np.floor(np.log2((levels + 1) / 2))))
    begin = np.where(numbers, begin, 0.0)
    begin = np.clip(begin, -_MOST, _MOST)
    return Inputs(_at_most(begin, low), _at_most(factor, factor), HIGHEST["int24"])


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
