"""The inputs of int24: readings in steps of a power of two."""

from __future__ import annotations

import numpy as np

from mlp_edge.integers.exponential import DIGITS
from mlp_edge.integers.quantised import HIGHEST, Inputs
from mlp_edge.mlp import Floats, Mlp, Rows
from mlp_edge.proof.bound import Interval
from mlp_edge.proof.box import declared
from mlp_edge.quantise.ranges import Steps
from mlp_edge.reference import Doubles

_MARGIN = 0.25
"""Room on both sides of what calibration rows show of a feature that declares no range."""
_TINY = 1e-200


def box_of(mlp: Mlp, rows: Rows) -> Interval:
    """What encoded readings may be, (1, width): as declared, and as calibration rows have them."""
    low, high = (end[0] for end in declared(mlp, rows))
    encoded = mlp.encoding.encode(rows).astype(np.float64)
    low, high = np.minimum(low, encoded.min(axis=0)), np.maximum(high, encoded.max(axis=0))
    open_ended = np.zeros((2, len(low)), bool)
    for column, index in enumerate(mlp.encoding.numbers):
        feature = mlp.features[index]
        open_ended[:, column] = feature.low is None, feature.high is None
    room = _MARGIN * (high - low)
    most = float(np.finfo(np.float32).max)
    low, high = low - room * open_ended[0], high + room * open_ended[1]
    return Interval(np.clip(low, -most, most)[None], np.clip(high, -most, most)[None])


def inputs_of(mlp: Mlp, box: Interval) -> Inputs:
    """Readings in powers of two: whole numbers stay exact, and a device has nothing to multiply."""
    low, high = box.low[0], box.high[0]
    weights = np.abs(mlp.front.astype(np.float64)).max(axis=0)
    weights = weights if mlp.scaling is None else weights / mlp.scaling.std
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


def standardised(mlp: Mlp, inputs: Inputs) -> Steps:
    """What the first layer's integers stand for, behind the scaling."""
    offset, step = inputs.low.astype(np.float64), 1 / inputs.factor.astype(np.float64)
    if mlp.scaling is None:
        return Steps(offset, step)
    std = mlp.scaling.std.astype(np.float64)
    return Steps((offset - mlp.scaling.mean) / std, step / std)
