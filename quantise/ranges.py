"""What an integer stands for: a value where it is 0, and a step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mlp_edge.integers.quantised import Inputs
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.reference import Doubles

_ON_THE_LATTICE = 1e-3
"""A reading counts as on a lattice where it is this near to a point of it, in its steps."""


class Steps(NamedTuple):
    """Real value of integers u: offset + step * u, per element of a vector.

    Attributes:
        offset: (width,).
        step: (width,), above zero.
    """

    offset: Doubles
    step: Doubles

    def alike(self, width: int) -> Steps:
        """Those of one element, for each of a vector."""
        return Steps(np.repeat(self.offset, width), np.repeat(self.step, width))


def exact(mlp: Mlp, encoded: Floats, high: int) -> bool:
    """Whether every encoded reading of (n, width) stands on a lattice of at most ``high`` steps."""
    return all(one.points or not one.span for one in _all_seen(mlp, encoded, high, True))


class _Seen(NamedTuple):
    """What an encoded reading was: from ``low`` over ``span``; on ``points`` steps, or 0."""

    low: float
    span: float
    points: int


def of_inputs(mlp: Mlp, encoded: Floats, high: int, margin: float, declared: bool = True) -> Inputs:
    """How encoded readings become integers.

    Readings on a lattice (counts, codes, one decimal) get its points, which are exact, where there
    are integers enough. They are set apart no further than the weights need, so that room is left
    for readings beyond those seen. Others get their range, with a margin on both sides.

    Args:
        mlp: the network.
        encoded: calibration rows (n, width).
        high: the largest integer.
        margin: room beyond what was seen, a share of the range.
        declared: whether the ranges that features declare count as seen.
    """
    seen = _all_seen(mlp, encoded, high, declared)
    span = np.array([one.span for one in seen])
    points = np.array([one.points for one in seen])
    lattice = points > 0
    numbers = np.arange(len(seen)) < len(mlp.encoding.numbers)
    spare = np.where(numbers, 2 * np.ceil(margin * points), 0)
    finest = np.maximum(high // np.maximum(points + spare, 1), 1)  # integers from point to point
    # What a weight has to express per integer; the largest that no choice can lessen is the scale.
    needs = weight_of(mlp) * span / np.maximum(points, 1)
    least = np.where(lattice, needs / finest, weight_of(mlp) * span * (1 + 2 * margin) / high)
    apart = np.clip(np.ceil(needs / max(least.max(), _TINY)), 1, finest)
    room = np.where(numbers, np.minimum((high - apart * points) // (2 * apart), points + _ROOM), 0)
    wide = np.where(lattice, room / np.maximum(points, 1), margin) * span
    unit = np.where(span > 0, span, 1.0)
    factor = np.where(lattice, apart * points, high / (1 + 2 * margin)) / unit
    low = np.array([one.low for one in seen]) - wide
    # One that never changed has its value in the middle, and a step that needs no larger weight.
    constant = span == 0
    factor = np.where(constant, weight_of(mlp) / max(least.max(), _TINY), factor)
    factor = np.clip(np.where(factor > 0, factor, 1.0), _TINY, 1 / _TINY)
    low = np.where(constant, low - high // 2 / factor, low)
    most = float(np.finfo(np.float32).max)
    low = np.clip(low, -most, most)
    return Inputs(low.astype(np.float32), factor.astype(np.float32), high)


_TINY = 1e-30
"""Integers per unit, or units per integer: float32 holds both, and their products with readings."""
_ROOM = 8
"""Points of a lattice that are left free beyond as many as were seen, where there are enough."""


def _declared(mlp: Mlp, index: int) -> Floats:
    numbers = mlp.encoding.numbers
    if index >= len(numbers):
        return np.array([0, 1], np.float32)  # an indicator, or whether a category is the one
    feature = mlp.features[numbers[index]]
    ends = [end for end in (feature.low, feature.high) if end is not None]
    return np.array(ends, np.float32)


def weight_of(mlp: Mlp) -> Doubles:
    """The largest weight of each encoded reading, per its own unit."""
    weights = np.abs(mlp.front.astype(np.float64)).max(axis=0)
    return np.asarray(weights if mlp.scaling is None else weights / mlp.scaling.std)


def behind_scaling(mlp: Mlp, inputs: Inputs) -> Steps:
    """What the first layer's integers stand for, behind the scaling."""
    offset, step = inputs.low.astype(np.float64), 1 / inputs.factor.astype(np.float64)
    if mlp.scaling is None:
        return Steps(offset, step)
    std = mlp.scaling.std.astype(np.float64)
    return Steps((offset - mlp.scaling.mean) / std, step / std)


def _all_seen(mlp: Mlp, encoded: Floats, high: int, declared: bool) -> list[_Seen]:
    ends = [_declared(mlp, i) if declared else encoded[:0, i] for i in range(encoded.shape[1])]
    return [_seen(np.append(encoded[:, i], end), high) for i, end in enumerate(ends)]


def _seen(readings: Floats, high: int) -> _Seen:
    values = np.unique(readings.astype(np.float64))
    low, span = float(values[0]), float(values[-1] - values[0])
    if span == 0:
        return _Seen(low, 0.0, 0)
    points = round(span / np.diff(values).min())
    if points > high:
        return _Seen(low, span, 0)
    places = (values - low) * (points / span)
    exact = np.abs(places - np.rint(places)).max() < _ON_THE_LATTICE
    return _Seen(low, span, points if exact else 0)


def of_activations(low: Doubles, high: Doubles, count: int, margin: float) -> Steps:
    """Steps for values (width,) from ``low`` to ``high``, with a margin on both sides."""
    span = high - low
    # A value that never changes in the calibration takes the finest step of its neighbours.
    finest = span[span > 0].min(initial=np.inf)
    span = np.where(span > 0, span, finest if np.isfinite(finest) else 1.0)
    return Steps(low - margin * span, span * (1 + 2 * margin) / count)
