"""Activations as functions of integers: points with lines between them, or polynomials."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

DEGREE = 5
"""Of the polynomials."""
GUARD = 5
"""Binary digits that their coefficients have more than what comes out."""
COEFFICIENT_LIMIT = 2**31 - 1
"""No sum of coefficients, in absolute values, is larger: what is computed fits 32 bits."""


class ActivationTable(NamedTuple):
    """An activation as a piecewise-linear table.

    Attributes:
        points: (n,), each from 0 to ``TABLE_LIMIT``.
        shift: there is a point at every 2^shift-th integer; 0 for a point at each.
    """

    points: Integers
    shift: int

    @property
    def largest(self) -> int:
        """The largest integer that comes out."""
        return int(self.points.max())

    def reaches(self, highest: int) -> bool:
        """Whether there is a value for every integer from 0 to ``highest``."""
        return self.points.size > (highest >> self.shift) + (self.shift > 0)

    def at(self, activations: Integers) -> Integers:
        """The value at each integer, interpolated between points and rounded half up."""
        index = activations >> self.shift
        if self.shift == 0:
            return np.asarray(self.points[index])
        beyond = activations - (index << self.shift)
        rise = (self.points[index + 1] - self.points[index]) * beyond
        return np.asarray(self.points[index] + ((rise + (1 << (self.shift - 1))) >> self.shift))


class PolynomialTable(NamedTuple):
    """An activation of int24: a polynomial for each segment of 2^shift integers.

    Attributes:
        coefficients: (segments, DEGREE + 1), the constant first, in 2^-GUARD of what comes out;
            the variable goes from 0 to 1 over the segment.
        shift: from 1 to 22: no product of it reaches 2^53.
        highest: the largest integer that comes out; below 0 and beyond it results are clamped.
    """

    coefficients: Integers
    shift: int
    highest: int

    @property
    def largest(self) -> int:
        """The largest integer that comes out."""
        return self.highest

    @property
    def fits(self) -> bool:
        """Whether no value in between leaves 32 bits, whatever goes in."""
        return bool(np.abs(self.coefficients).sum(axis=1).max() <= COEFFICIENT_LIMIT)

    def reaches(self, highest: int) -> bool:
        """Whether there is a polynomial for every integer from 0 to ``highest``."""
        return len(self.coefficients) > highest >> self.shift

    def at(self, activations: Integers) -> Integers:
        """The value at each integer, each product rounded down, the result half up."""
        index = activations >> self.shift
        beyond = activations - (index << self.shift)
        value = self.coefficients[index, DEGREE]
        for power in reversed(range(DEGREE)):
            value = self.coefficients[index, power] + ((value * beyond) >> self.shift)
        rounded = (value + (1 << (GUARD - 1))) >> GUARD
        return np.asarray(np.clip(rounded, 0, self.highest))


Table = ActivationTable | PolynomialTable
