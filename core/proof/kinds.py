"""The kind of a float32 prediction, however it is rounded: NaN, infinite or finite.

Where a sum may leave float32 or infinities meet, ``mlp_edge.proof.bound`` claims nothing. IEEE 754
still does: an interval for every unit, which ends at infinity where the largest float32 is passed,
and whether NaN is possible, or all there is. A partial sum in any order lies between the sum of all
negative terms and that of all positive ones, so it can overflow only where one of these does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.mlp import Dense, Floats, Mlp
from mlp_edge.proof.bound import EXACT, LARGEST, TINY
from mlp_edge.proof.slopes import MOST_POWER
from mlp_edge.reference import FORMULAS, Doubles
from mlp_edge.walk import columns, heads_of, walk

Booleans = NDArray[np.bool_]
Codes = NDArray[np.int8]

UNKNOWN, FINITE, NAN, ABOVE, BELOW = range(5)
"""Codes of kinds: nothing is claimed; a finite number; NaN; infinity; -infinity."""
WORDS = ("anything", "a finite number", "NaN", "infinity", "-infinity")
"""What messages call them, by code."""

SLACK = 2.0**-12
"""More, relatively, than a sum of ``MOST_TERMS`` roundings, or an activation, is off by."""
LEAST = {"gelu": -0.28, "gelu_tanh": -0.28, "silu": -0.28, "mish": -0.31}
"""Activations that fall before they rise, and what none of them is below."""
_PERHAPS = LARGEST * (1 - SLACK)
_CHUNK = 2**19
"""Products in the largest array of a chunk of rows."""


class _Reach(NamedTuple):
    """What units (n, units) may be in float32: numbers of an interval, infinities among them, NaN.

    Attributes:
        low: the least number; infinities count as numbers here.
        high: the largest.
        nan: whether it may be NaN.
        never: whether it is no number for certain: NaN.
    """

    low: Doubles
    high: Doubles
    nan: Booleans
    never: Booleans


def kinds(mlp: Mlp, rows: Floats | Doubles) -> Codes:
    """The kind of each prediction (n, outputs) on every runtime, as a code.

    Args:
        mlp: the network.
        rows: raw readings (n, inputs).
    """
    rows = np.asarray(rows, np.float64)
    widest = max(layer.weights.size for layer in mlp.layers)
    step = max(1, _CHUNK // widest)
    parts = [_of_rows(mlp, rows[start : start + step]) for start in range(0, len(rows), step)]
    return np.vstack([np.empty((0, mlp.outputs), np.int8), *parts])


def kind_of(predictions: Floats | Doubles) -> Codes:
    """The kind of each prediction as it came out, as a code."""
    infinite = np.where(predictions > 0, ABOVE, BELOW)
    kinds = np.where(np.isnan(predictions), NAN, np.where(np.isinf(predictions), infinite, FINITE))
    return kinds.astype(np.int8)


def _of_rows(mlp: Mlp, rows: Doubles) -> Codes:
    with np.errstate(over="ignore", invalid="ignore"):
        given = _scaled(mlp, mlp.encoding.encode(rows))
        values = walk(mlp.layers, given, partial(_step, mlp.is_chain), _joined)
        low, high, nan, never = heads_of(mlp.layers, mlp.heads, values, _joined)
        if mlp.clip is not None:
            low, high = np.clip(low, *mlp.clip), np.clip(high, *mlp.clip)
    found = np.zeros(low.shape, np.int8)
    found[np.isfinite(low) & np.isfinite(high)] = FINITE
    found[low == np.inf] = ABOVE
    found[high == -np.inf] = BELOW
    found[nan] = UNKNOWN
    found[never | mlp.encoding.rejected(rows)[:, None]] = NAN
    return found


def _joined(reaches: Sequence[_Reach]) -> _Reach:
    return _Reach(*(columns(parts) for parts in zip(*reaches, strict=True)))


def _step(chain: bool, layer: Dense, given: _Reach, gate: _Reach | None) -> _Reach:
    value = _activated(layer.activation, _dense(layer, given, chain))
    return value if gate is None else _multiplied(value, gate)


def _as_float32(low: Doubles, high: Doubles, nan: Booleans, never: Booleans) -> _Reach:
    """With what is beyond the largest float32 as an infinity, for certain or perhaps."""
    surely = LARGEST * (1 + SLACK)
    low = np.where(low > surely, np.inf, np.where(low < -_PERHAPS, -np.inf, low))
    high = np.where(high < -surely, -np.inf, np.where(high > _PERHAPS, np.inf, high))
    return _Reach(low, high, nan | never, never)


def _scaled(mlp: Mlp, x: Doubles) -> _Reach:
    """The inputs of the first layer, each step of the scaling in float32."""
    neither = np.zeros(x.shape, bool)
    missing = np.isnan(x)  # of a rejected row
    x = np.where(missing, 0, x)
    reach = _as_float32(x, x, neither, missing)
    if mlp.scaling is None:
        return reach
    numbers = np.arange(x.shape[1]) < len(mlp.encoding.numbers)
    mean, std = (array.astype(np.float64) for array in (mlp.scaling.mean, mlp.scaling.std))
    centred = _as_float32(*_widened(reach.low - mean, reach.high - mean), neither, missing)
    scaled = _widened(centred.low / std, centred.high / std)
    low, high = (
        np.where(numbers, end, same)
        for end, same in zip(scaled, (reach.low, reach.high), strict=True)
    )
    return _as_float32(low, high, neither, missing)


def _widened(low: Doubles, high: Doubles, by: float = TINY) -> tuple[Doubles, Doubles]:
    """By more than a few roundings, or numbers that are flushed to 0, may change."""
    below, above = (np.where(np.isinf(end), 0, SLACK * np.abs(end) + by) for end in (low, high))
    return low - below, high + above


def _dense(layer: Dense, x: _Reach, chain: bool) -> _Reach:
    """Sums of products and a bias, in whatever order."""
    weights, bias = layer.weights.astype(np.float64), layer.bias.astype(np.float64)
    ends = [np.where(weights == 0, 0, weights * end[:, None, :]) for end in (x.low, x.high)]
    least, most = np.minimum(*ends), np.maximum(*ends)
    lowest = np.minimum(least, 0).sum(axis=2) + np.minimum(bias, 0)
    highest = np.maximum(most, 0).sum(axis=2) + np.maximum(bias, 0)
    under, over = lowest < -_PERHAPS, highest > _PERHAPS
    products = np.where(under, 0, -lowest) + np.where(over, 0, highest)
    off = SLACK * products + TINY * (layer.inputs + np.abs(weights).sum(axis=1))
    low = np.where(under, -np.inf, least.sum(axis=2) + bias - off)
    high = np.where(over, np.inf, most.sum(axis=2) + bias + off)
    # 0 times infinity is NaN, and a weight that is flushed may be 0.
    infinite = np.isinf(x.low) | np.isinf(x.high)
    seen = np.ones_like(weights, bool)
    lost = (weights == 0) & (infinite & (x.low == x.high))[:, None, :]
    # Nobody has to multiply by the zeros of a diagonal, or of a branch that reads other inputs.
    if layer.diagonals is not None or not chain:
        lost, seen = np.zeros_like(lost), weights != 0
    perhaps_lost = (np.abs(weights) < TINY) & infinite[:, None, :]
    meet = (least == np.inf).any(axis=2) & (most == -np.inf).any(axis=2)
    never = (x.never[:, None, :] & seen).any(axis=2) | lost.any(axis=2) | meet
    nan = x.nan.any(axis=1, keepdims=True) | perhaps_lost.any(axis=2) | (over & under)
    return _as_float32(low, high, nan, never)


def _activated(activation: str, z: _Reach) -> _Reach:
    if activation == "softmax":
        return _softmax(z)
    low, high = (FORMULAS[activation](end) for end in (z.low, z.high))
    # Of an infinity: infinity / infinity, 0 times infinity.
    none = np.isnan(low), np.isnan(high)
    never = z.never | (none[0] & none[1] & (z.low == z.high))
    low, high = np.where(none[0], -1, low), np.where(none[1], 1, high)
    low, high = np.minimum(low, high), np.maximum(low, high)
    if activation in LEAST:
        low = np.where(z.low < 0, LEAST[activation], low)
        high = np.where(z.low < 0, np.maximum(high, 0), high)
    if activation == "square":
        low = np.where((z.low < 0) & (z.high > 0), 0, low)
    if activation == "exponential":
        high = np.where(high > MOST_POWER, np.inf, high)
    if activation not in EXACT:
        low, high = _widened(low, high, SLACK)
    if activation == "rsqrt":  # of a z that counts as 0: infinity, or NaN
        pole = z.low < TINY
        low, high = np.where(pole, -np.inf, low), np.where(pole, np.inf, high)
        never, none = never | (z.high < -TINY), (none[0] | pole, none[1])
    return _as_float32(low, high, z.nan | none[0] | none[1], never)


def _multiplied(value: _Reach, gate: _Reach) -> _Reach:
    """Products of two intervals: 0 times infinity is NaN, what is flushed to 0 included."""
    ends = [one * other for one in value[:2] for other in gate[:2]]
    ends = [np.where(np.isnan(end), 0, end) for end in ends]
    low, high = _widened(np.minimum.reduce(ends), np.maximum.reduce(ends))
    perhaps = _infinite(value) & _tiny(gate) | _infinite(gate) & _tiny(value)
    infinite = [(each.low == each.high) & np.isinf(each.low) for each in (value, gate)]
    zero = [(each.low == 0) & (each.high == 0) for each in (value, gate)]
    never = value.never | gate.never | infinite[0] & zero[1] | zero[0] & infinite[1]
    return _as_float32(low, high, value.nan | gate.nan | perhaps, never)


def _infinite(x: _Reach) -> Booleans:
    return np.asarray(np.isinf(x.low) | np.isinf(x.high))


def _tiny(x: _Reach) -> Booleans:
    """Whether it may be 0, or so small that it may count as 0."""
    return np.asarray((x.low < TINY) & (x.high > -TINY))


def _softmax(z: _Reach) -> _Reach:
    """Of the whole vector: where one is infinity, or all are -infinity, infinities meet.

    What is infinity itself becomes NaN; of the others TensorFlow makes 0, and everybody else NaN.
    """
    none = (z.high == -np.inf).all(axis=1, keepdims=True)
    perhaps = (z.low == -np.inf).all(axis=1, keepdims=True)
    perhaps = perhaps | (z.nan | (z.high == np.inf)).any(axis=1, keepdims=True)
    never = z.never | (z.low == np.inf) | none
    return _Reach(np.zeros(z.low.shape), np.ones(z.low.shape), perhaps | never, never)
