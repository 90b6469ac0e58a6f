"""Slopes of the activations, by which an error in the argument grows or shrinks.

By the mean value theorem phi(z + d) - phi(z) = s d with s between the least and the largest slope
there. A derivative is monotone between its turning points, so its extremes over an interval are at
the two ends or at a turning point inside.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mlp_edge.reference import (
    FORMULAS,
    GELU_CUBE,
    GELU_SCALE,
    LEAKY_SLOPE,
    SELU_ALPHA,
    SELU_SCALE,
    Doubles,
    erfc,
)

_sigmoid = FORMULAS["sigmoid"]

SILU_TURN = 2.399357280520181
"""Where silu'' = 0: z tanh(z / 2) = 2."""
MISH_TURNS = -2.2563763963607932, 1.4905711794854285
"""Where mish'' = 0."""
GELU_TANH_TURN = 1.4185040087908284
"""Where gelu_tanh'' = 0; it is so at the negative of this too."""
LEAST_ROOT, MOST_ROOT = 2.0**-126, 2.0**125
"""Where the accuracy of rsqrt is stated: a smaller z may count as 0, and from a larger one XNNPACK
computes numbers that do, and is off by half."""
MOST_POWER = 2.0**127
"""Up to which e^z the accuracy of exponential is stated: XNNPACK's is infinite from 2^127.5 on."""
SLACK = 2.0**-40
"""More, relatively, than float64 can be off in any of these derivatives."""


class Slope(NamedTuple):
    """The derivative of an activation.

    Attributes:
        at: its value, at points where there is one.
        turns: (point, value) of each of its local extremes; two of them at a jump.
    """

    at: Callable[[Doubles], Doubles]
    turns: tuple[tuple[float, float], ...] = ()


def _logistic(z: Doubles) -> Doubles:
    small = np.exp(-np.abs(z))
    return np.asarray(small / (1 + small) ** 2)


def _normal(z: Doubles) -> Doubles:
    """Phi(z) + z phi(z), of the normal distribution and its density."""
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return np.asarray(erfc(-z / math.sqrt(2)) / 2 + np.where(density > 0, z, 0) * density)


def _swish(z: Doubles) -> Doubles:
    slope = _logistic(z)
    return np.asarray(_sigmoid(z) + np.where(slope > 0, z, 0) * slope)


def _gelu_tanh(z: Doubles) -> Doubles:
    y, steepness = GELU_SCALE * (z + GELU_CUBE * z**3), GELU_SCALE * (1 + 3 * GELU_CUBE * z**2)
    slope = _logistic(y)
    return np.asarray(_sigmoid(y) + np.where(slope > 0, z * steepness, 0) * slope)


def _mish(z: Doubles) -> Doubles:
    """tanh(ln(1 + e^z)) and z times its slope, from e^-|z|, which cannot overflow."""
    t = np.exp(-np.abs(z))
    above, below = 1 + 2 * t + 2 * t**2, t**2 + 2 * t + 2
    share = np.where(z < 0, (t**2 + 2 * t) / below, (1 + 2 * t) / above)
    slope = np.where(z < 0, 4 * t * (1 + t) / below**2, 4 * t**2 * (1 + t) / above**2)
    return np.asarray(share + np.where(slope > 0, z, 0) * slope)


def _rsqrt(z: Doubles) -> Doubles:
    stated = (z >= LEAST_ROOT) & (z <= MOST_ROOT)
    return np.where(stated, -0.5 * np.maximum(z, LEAST_ROOT) ** -1.5, -np.inf)


def _exponential(z: Doubles) -> Doubles:
    return np.where(z <= math.log(MOST_POWER), np.exp(np.minimum(z, 89)), np.inf)


def _turn(slope: Callable[[Doubles], Doubles], point: float) -> tuple[float, float]:
    return point, float(slope(np.array([point]))[0])


SLOPES: dict[str, Slope] = {
    "linear": Slope(np.ones_like),
    "relu": Slope(lambda z: (z > 0).astype(np.float64), ((0, 0), (0, 1))),
    "leaky_relu": Slope(lambda z: np.where(z > 0, 1, LEAKY_SLOPE), ((0, LEAKY_SLOPE), (0, 1))),
    "elu": Slope(lambda z: np.exp(np.minimum(z, 0))),
    "selu": Slope(
        lambda z: SELU_SCALE * np.where(z > 0, 1, SELU_ALPHA * np.exp(np.minimum(z, 0))),
        ((0, SELU_SCALE), (0, SELU_SCALE * SELU_ALPHA)),
    ),
    "gelu": Slope(_normal, (_turn(_normal, -math.sqrt(2)), _turn(_normal, math.sqrt(2)))),
    "gelu_tanh": Slope(
        _gelu_tanh, (_turn(_gelu_tanh, -GELU_TANH_TURN), _turn(_gelu_tanh, GELU_TANH_TURN))
    ),
    "silu": Slope(_swish, (_turn(_swish, -SILU_TURN), _turn(_swish, SILU_TURN))),
    "mish": Slope(_mish, tuple(_turn(_mish, point) for point in MISH_TURNS)),
    "softplus": Slope(_sigmoid),
    "softsign": Slope(lambda z: 1 / (1 + np.abs(z)) ** 2, ((0, 1),)),
    "tanh": Slope(lambda z: 4 * _logistic(2 * z), ((0, 1),)),
    "sigmoid": Slope(_logistic, ((0, 0.25),)),
    "hard_sigmoid": Slope(
        lambda z: np.where(np.abs(z) < 3, 1 / 6, 0), ((-3, 0), (-3, 1 / 6), (3, 0), (3, 1 / 6))
    ),
    "exponential": Slope(_exponential),
    "square": Slope(lambda z: 2 * z),
    "rsqrt": Slope(_rsqrt),
}
"""By the activation's name; softmax, no function of one number, has none."""

PIECEWISE = ("linear", "relu", "leaky_relu", "hard_sigmoid")
"""Those of straight pieces, whose slopes are exact."""


def slopes(activation: str, low: Doubles, high: Doubles) -> tuple[Doubles, Doubles]:
    """Least and largest slope of an activation between ``low`` and ``high``, of any one shape.

    Infinite where there is none, or where nothing is stated of an activation.
    """
    slope = SLOPES[activation]
    ends = slope.at(low), slope.at(high)
    least, largest = np.minimum(*ends), np.maximum(*ends)
    for point, value in slope.turns:
        inside = (low <= point) & (point <= high)
        least = np.where(inside, np.minimum(least, value), least)
        largest = np.where(inside, np.maximum(largest, value), largest)
    if activation in PIECEWISE:
        return least, largest
    return least - SLACK * np.abs(least), largest + SLACK * np.abs(largest)
