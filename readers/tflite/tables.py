"""What TFLite Micro's kernels make of single integers, from the scales of their tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.integers import fixed_point
from mlp_edge.integers.asymmetric import HIGHEST, LOWEST, End
from mlp_edge.integers.fixed_point import Integers, multiplier_of, twice_rounded

EVERY = np.arange(LOWEST, HIGHEST + 1, dtype=np.int64)
"""What a table has a result for."""
MOST_SHIFT = 22
"""To the left: a difference of 9 bits stays within 32."""
MOST_CLASSES = 4095
"""A softmax over more may leave the 32 bits of its sum."""


class Affine(NamedTuple):
    """A tensor's numbers: scale * (integer - zero point); rows of weights may have a scale each."""

    scales: tuple[np.float32, ...]
    zero_point: int

    @property
    def scale(self) -> np.float32:
        """Of the whole tensor."""
        return self.scales[0]

    @property
    def end(self) -> End:
        """The same of a tensor that goes in or comes out."""
        return End(self.scale, self.zero_point)


SHARE = Affine((np.float32(1 / 256),), LOWEST)
"""Of the results of a sigmoid and of a softmax: (q + 128) / 256."""
SIGNED = Affine((np.float32(1 / 128),), 0)
"""Of those of a tanh: q / 128."""


def requantised(given: Affine, wanted: Affine, factor: float, source: str) -> Integers:
    """Every integer, multiplied by a factor, in the integers of another tensor.

    Raises:
        ModelError: naming ``source``, where that leaves 32 bits.
    """
    multiplier, shift = multiplier_of(factor)
    if shift > MOST_SHIFT:
        raise ModelError(f"{source} makes a scale of {given.scale:g} one of {wanted.scale:g}")
    distance = EVERY - given.zero_point
    found = twice_rounded(distance, np.array([multiplier]), np.array([shift])) + wanted.zero_point
    return np.clip(found, LOWEST, HIGHEST)


def place_of(number: float, affine: Affine) -> int:
    """The integer at which a clamp lies; the end of the integers for an infinite one."""
    if math.isinf(number):
        return HIGHEST if number > 0 else LOWEST
    scaled = float(np.float32(number) / affine.scale)
    rounded = math.floor(abs(scaled) + 0.5) if math.isfinite(scaled) else 2**31
    place = int(math.copysign(rounded, number)) + affine.zero_point
    return int(max(LOWEST, min(HIGHEST, place)))


def relu(given: Affine, wanted: Affine, source: str) -> Integers:
    """A relu, which may change the scale."""
    points = requantised(given, wanted, float(given.scale / wanted.scale), source)
    return np.maximum(points, wanted.zero_point)


def relu6(given: Affine, wanted: Affine, source: str) -> Integers:
    """A relu up to 6; raises ModelError where it changes the scale."""
    if given != wanted:
        raise ModelError(f"{source} changes the scale, which its kernel does not")
    return np.clip(EVERY, given.zero_point, place_of(6, given))


def leaky_relu(given: Affine, wanted: Affine, slope: np.float32, source: str) -> Integers:
    """A leaky relu, with a multiplier for either side; raises ModelError for a slope below 0."""
    factor = float(given.scale * slope / wanted.scale)
    if not 0 <= factor < math.inf:
        raise ModelError(f"{source} has the slope {slope:g}")
    above = requantised(given, wanted, float(given.scale / wanted.scale), source)
    below = requantised(given, wanted, factor, source)
    return np.where(given.zero_point <= EVERY, above, below)


def sigmoid(given: Affine, wanted: Affine, source: str) -> Integers:
    """A sigmoid in fixed point; raises ModelError for results of another scale."""
    return _in_fixed_point(
        fixed_point.logistic, 23, given, _expected(SHARE, wanted, source), source
    )


def tanh(given: Affine, wanted: Affine, source: str) -> Integers:
    """A tanh in fixed point; raises ModelError for results of another scale."""
    own = _expected(SIGNED, wanted, source)
    return _in_fixed_point(fixed_point.tanh, 24, given, own, source)


def softmax_powers(
    given: Affine, wanted: Affine, beta: float, classes: int, source: str
) -> Integers:
    """Exponentials of integers that are 0, 1, … below the largest, as far as they count.

    Raises:
        ModelError: naming ``source``, for scales that its kernel does not take.
    """
    _expected(SHARE, wanted, source)
    factor = min(beta * float(given.scale) * 2**26, 2**31 - 1)
    if not factor > 1 or classes > MOST_CLASSES:
        raise ModelError(f"{source} has a scale, or more classes, than its kernel can sum")
    multiplier, shift = multiplier_of(factor)
    below = np.arange(min(_radius(5, shift), HIGHEST - LOWEST) + 1, dtype=np.int64)
    scaled = fixed_point.high_product(-below << shift, multiplier)
    return fixed_point.exponential(scaled, bits=5)


def _in_fixed_point(
    function: Callable[[Integers], Integers], bits: int, given: Affine, wanted: Affine, source: str
) -> Integers:
    """A function from Q4.27 to Q0.31, rounded by ``bits``; its ends where Q4.27 does not reach."""
    multiplier, shift = multiplier_of(float(given.scale) * 2**27)
    if shift < 0:
        raise ModelError(f"{source} has inputs of the scale {given.scale:g}")
    radius = _radius(4, shift)
    distance = EVERY - given.zero_point
    inside = np.clip(distance, -radius, radius)
    x = twice_rounded(inside, np.array([multiplier]), np.array([shift]))
    found = fixed_point.rounded_shift(function(x), bits) + wanted.zero_point
    found = np.where(distance >= radius, HIGHEST, np.clip(found, LOWEST, HIGHEST))
    return np.where(distance <= -radius, LOWEST, found)


def _expected(own: Affine, wanted: Affine, source: str) -> Affine:
    """The scale that the results of a kernel have."""
    if wanted != own:
        raise ModelError(
            f"{source} has results of another scale than {own.scale:g} and another zero point than "
            f"{own.zero_point}, which its kernel does not have"
        )
    return own


def _radius(bits: int, shift: int) -> int:
    """The largest integer that, shifted to the left, stays within ``bits`` before the point."""
    return int((2**bits - 1) * 2 ** (31 - bits) / 2**shift)
