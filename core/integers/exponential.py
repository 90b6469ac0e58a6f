"""Exponentials in integers, as int24 predicts by them: every step is exact or rounded as stated.

2^-(d / 2^octave), for integers d from 0 up, is m * 2^-k: k whole halvings, and for the rest f a
polynomial with f of 24 bits. It falls with d, never by more than 1 from one f to the next, and is
off by at most 0.76 of 2^-24 (every f is tried in tests/core/test_exponential.py).

    k  = d >> octave
    f  = (d - (k << octave)) << (24 - octave)
    v5 = COEFFICIENTS[5];  v_i = COEFFICIENTS[i] - (v_i+1 f >> 24)
    m  = (2^28 - (v0 f >> 24) + 8) >> 4                  from 2^23 to 2^24
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Floats

Integers = NDArray[np.int64]

DIGITS = 24
"""Binary digits of f and of m."""
LEAST_OCTAVE = 16
SCALE = 28
"""Those of the coefficients: no product reaches 2^53, which float64 holds exactly."""
COEFFICIENTS = (186065278, 64485200, 14897961, 2576185, 346721, 30849)
"""Of (1 - 2^-x) / x at x from 0 to 1, with signs in turn, by interpolation at Chebyshev nodes."""
MOST_CLASSES = 255
"""Of a softmax: the sum of so many exponentials stays below 2^32."""
MOST_HALVINGS = 117
"""An exponential of 2^-118 or less counts as 0: no share of so many classes is subnormal."""


class Power(NamedTuple):
    """Numbers m * 2^-halvings.

    Attributes:
        mantissa: m, from 2^23 to 2^24.
        halvings: from 0 up.
    """

    mantissa: Integers
    halvings: Integers


def power(distances: Integers, octave: int) -> Power:
    """2^-(d / 2^octave), times 2^24, of integers d from 0 up.

    Args:
        distances: d.
        octave: log2 of the integers that halve it, from ``LEAST_OCTAVE`` to ``DIGITS``.
    """
    halvings = distances >> octave
    rest = (distances - (halvings << octave)) << (DIGITS - octave)
    value = np.full_like(rest, COEFFICIENTS[-1])
    for coefficient in COEFFICIENTS[-2::-1]:
        value = coefficient - ((value * rest) >> DIGITS)
    one, half = 1 << SCALE, 1 << (SCALE - DIGITS - 1)
    return Power((one - ((value * rest) >> DIGITS) + half) >> (SCALE - DIGITS), halvings)


def sigmoid(distances: Integers, octave: int) -> Floats:
    """1 / (1 + 2^-(d / 2^octave)) float32 of signed integers d: one sum, one quotient."""
    found = power(np.abs(distances), octave)
    below = _as_float(found, found.halvings + DIGITS)
    one = np.float32(1)
    return np.asarray(np.where(distances < 0, below, one) / (one + below))


def softmax(logits: Integers, octave: int) -> Floats:
    """Shares (n, classes) float32 of 2^(z / 2^octave): one quotient each.

    The sum has the exponentials as integers, in units of 2^-24 of the largest, and is rounded to
    float32 once.
    """
    found = power(logits.max(axis=1, keepdims=True) - logits, octave)
    whole = found.mantissa >> np.minimum(found.halvings, 62)
    total = whole.sum(axis=1, keepdims=True).astype(np.float32)
    return np.asarray(_as_float(found, found.halvings) / total)


def _as_float(found: Power, halvings: Integers) -> Floats:
    places = np.minimum(halvings, MOST_HALVINGS + DIGITS).astype(np.int32)
    exact = np.ldexp(found.mantissa.astype(np.float32), -places)
    return np.where(found.halvings > MOST_HALVINGS, np.float32(0), exact).astype(np.float32)
