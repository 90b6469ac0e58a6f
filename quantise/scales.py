"""Units of the weights, so that requantisation is a short multiplication that all agree on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from mlp_edge.integers.quantised import HIGHEST, SEGMENTS, SUM_LIMIT, WEIGHT_LIMIT, Integers
from mlp_edge.integers.requantise import agrees
from mlp_edge.mlp import Dense
from mlp_edge.reference import Doubles

_SHORTEST, _LONGEST = 513, 1023
"""Odd multipliers above 2 * 255: no sum lies half-way between two activations."""
LARGEST_IN_SEGMENTS = 4096
"""Weights of a last layer up to which int8 gives predictions more than 8 bits."""
COARSEST = 0.5
"""A unit is at most this share of an activation's step, as a sum is worth less than a step."""
NEGLIGIBLE = 0.25
"""A share of an activation's step that rounding may cost where it makes sums short."""
_TINY = 1e-200
_ROOM = 1.02
"""Rounding may make weights a little larger than what they are rounded from."""
_SUM_BITS = 31


class Scales(NamedTuple):
    """How a layer's sums count, per neuron.

    Attributes:
        unit: (outputs,) float64, what 1 in a sum is worth.
        multiplier, shift: (outputs,), what 1 in a sum is in activations: multiplier / 2^shift.
        offset: (outputs,), what their sums are apart.
    """

    unit: Doubles
    multiplier: Integers
    shift: Integers
    offset: Integers


def segments_of(last: Dense, dtype: str) -> int:
    """How many segments the last layer has; a large one is not repeated in the tensors."""
    return SEGMENTS[dtype] if last.weights.size <= LARGEST_IN_SEGMENTS else 1


def highest(following: Sequence[tuple[Dense, Doubles]], dtype: str) -> int:
    """The largest activation of a layer, or of one of its segments, or the largest input.

    int16: inputs and weights share the 31 bits of a sum, half each.

    Args:
        following: the layers that take the integers, each with its inputs (n, inputs) in real
            numbers; none behind the last.
        dtype: int8 or int16.
    """
    if dtype == "int8":
        return HIGHEST[dtype]
    most = HIGHEST[dtype].bit_length()
    bits = min((_bits(layer, values) for layer, values in following), default=most)
    return min(HIGHEST[dtype], (1 << bits) - 1)


def _bits(following: Dense, values: Doubles) -> int:
    sizes = np.abs(following.weights) * np.maximum(np.ptp(values, axis=0), 1e-30)
    terms = float((sizes.sum(axis=1) / np.maximum(sizes.max(axis=1), 1e-30)).max())
    return round((_SUM_BITS - math.log2(max(terms, 1.0))) / 2)


def finest(
    real: Doubles, bias: Doubles, largest: int, activations: Doubles, step: Doubles, dtype: str
) -> Doubles:
    """The finest unit (outputs,) of a sum whose weights and sums fit.

    In int8, sums of 24 bits are preferred, which an 8-bit chip adds in two thirds of the time. They
    are to be had for next to nothing where a bias is far above its weights, as in a unit that
    regularisation has all but switched off.

    Args:
        real: (outputs, inputs), what a weight adds per unit of its input, as a real number.
        bias: (outputs,), of the sum.
        largest: the largest input.
        activations: (outputs,), what activations span, all segments together, as a real number.
        step: (outputs,), what an activation is worth.
        dtype: int8 or int16.
    """
    size = np.abs(bias) + np.abs(real).sum(axis=1) * largest + activations
    weight = np.abs(real).max(axis=1) / WEIGHT_LIMIT[dtype]
    unit = np.maximum(np.maximum(weight, size * _ROOM / SUM_LIMIT[dtype]), _TINY)
    if dtype == "int8":
        short = size * _ROOM / 2**23
        # What rounding the weights to it can add up to, each by half a unit.
        lost = real.shape[1] * largest / 2 * short
        off = bias + np.maximum(real, 0).sum(axis=1) * largest + lost < 0  # the integer 0, always
        unit = np.where((short > unit) & ((lost <= NEGLIGIBLE * step) | off), short, unit)
    return np.asarray(unit)


def choose(unit: Doubles, step: Doubles, high: int, dtype: str, segments: int) -> Scales:
    """Units (outputs,) from ``unit`` up that requantisation can express.

    Args:
        unit: (outputs,), the finest that will do; at most ``COARSEST`` of the step.
        step: (outputs,), what an activation is worth.
        high: the largest activation of a segment.
        dtype: int8 or int16.
        segments: how many activations are added up.
    """
    pairs = [_int8(share) if dtype == "int8" else _int16(share) for share in unit / step]
    multiplier, shift = np.array(pairs, np.int64).T
    ratio = np.ldexp(multiplier.astype(np.float64), -shift.astype(np.int32))
    return Scales(
        unit=step * ratio,
        multiplier=multiplier,
        shift=shift,
        offset=np.rint(high / ratio).astype(np.int64) * (segments > 1),
    )


@cache
def _agreed(shift: int) -> tuple[int, ...]:
    """Multipliers with which every runtime requantises alike, in order."""
    odd = range(_SHORTEST, _LONGEST + 1, 2)
    return tuple(m for m in odd if agrees(m, shift, HIGHEST["int8"]))


def _int8(share: float) -> tuple[int, int]:
    """The smallest multiplier / 2^shift from ``share`` up that is agreed on."""
    shift = min(30, int(np.floor(np.log2(_LONGEST / share))))
    while True:  # it ends at the latest where 2^shift is above all multipliers: all agree there
        for multiplier in _agreed(shift):
            if multiplier >= share * 2.0**shift:
                return multiplier, shift
        shift -= 1


def _int16(share: float) -> tuple[int, int]:
    """The smallest power of two from ``share`` up: no multiplication at all."""
    return 1, min(30, int(np.floor(-np.log2(share))))
