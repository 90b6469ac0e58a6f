"""Fixed-point arithmetic as TFLite's kernels for microcontrollers have it, on arrays of int64.

A number is an integer of 32 bits. Qn.m has n bits before the binary point and m = 31 - n behind it:
Q0.31 holds -1 to 1. Formulas and constants are those of gemmlowp, which the kernels are built on:
what is rounded, where and how decides the bits of the result.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

ONE = 2**31 - 1
"""The largest number of Q0.31, which stands for 1."""
_EIGHTH = 1 << 28
_BARREL = (
    (-2, 1672461947), (-1, 1302514674), (0, 790015084), (1, 290630308), (2, 39332535), (3, 720401),
    (4, 242),
)  # fmt: skip
"""(power of two, e^-(2^power) in Q0.31)."""


def multiplier_of(scale: float) -> tuple[int, int]:
    """A scale of at least 0 as (multiplier, shift): multiplier / 2^31 * 2^shift; below 2^-32, 0."""
    fraction, shift = math.frexp(scale)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = multiplier // 2, shift + 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def high_product(a: Integers, b: Integers | int) -> Integers:
    """The product a * b / 2^31, rounded half up: SaturatingRoundingDoublingHighMul."""
    return np.asarray((a * b + (1 << 30)) >> 31)


def rounded_shift(values: Integers, shift: Integers | int) -> Integers:
    """Their quotients by 2^shift, rounded half away from 0: RoundingDivideByPOT."""
    half = (np.int64(1) << np.asarray(shift, np.int64)) >> 1
    return np.asarray((values + half - ((values < 0) & (half > 0))) >> shift)


def twice_rounded(sums: Integers, multiplier: Integers, shift: Integers) -> Integers:
    """The products sums * multiplier / 2^31 * 2^shift, rounded after each: TFLite Micro."""
    left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
    return rounded_shift(high_product(sums << left, multiplier), right)


def once_rounded(sums: Integers, multiplier: Integers, shift: Integers) -> Integers:
    """The same, rounded once, half up: LiteRT on a computer."""
    total = 31 - shift
    return np.asarray((sums * multiplier + (np.int64(1) << (total - 1))) >> total)


def exponential(values: Integers, bits: int) -> Integers:
    """e^x in Q0.31 of x from -2^bits to 0, with ``bits`` bits before the point."""
    behind = 31 - bits
    quarter = 1 << (behind - 2)
    beyond = (values & (quarter - 1)) - quarter
    result = _exponential_near_zero(beyond << bits)
    for power, factor in _BARREL:
        if bits > power:
            there = (beyond - values) & (1 << (behind + power)) != 0
            result = np.where(there, high_product(result, factor), result)
    return np.where(values == 0, ONE, result)


def _exponential_near_zero(values: Integers) -> Integers:
    """e^x in Q0.31 of x from -1/4 to 0: four terms of Taylor's series around -1/8."""
    x = values + _EIGHTH
    x2 = high_product(x, x)
    x3, x4 = high_product(x2, x), high_product(x2, x2)
    third = 715827883
    higher = rounded_shift(high_product(rounded_shift(x4, 2) + x3, third) + x2, 1)
    centre = 1895147668  # e^(-1/8)
    return np.asarray(centre + high_product(x + higher, centre))


def reciprocal(values: Integers) -> Integers:
    """1 / (1 + x) in Q0.31 of x from 0 to 1."""
    return _widened(_half_reciprocal(values), 1)


def logistic(values: Integers) -> Integers:
    """1 / (1 + e^-x) in Q0.31 of x in Q4.27."""
    positive = reciprocal(exponential(-np.abs(values), bits=4))
    found = np.where(values > 0, positive, ONE - positive)
    return np.where(values == 0, 1 << 30, found)


def tanh(values: Integers) -> Integers:
    """The hyperbolic tangent in Q0.31 of x in Q4.27."""
    powers = exponential(-np.abs(values), bits=5)  # e^-2|x|: the same integer, one bit more
    positive = _widened(_half_reciprocal(powers) - (1 << 29), 2)
    return np.asarray(np.sign(values) * positive)


def _half_reciprocal(values: Integers) -> Integers:
    """2 / (1 + x) in Q2.29 of x from 0 to 1 in Q0.31: three steps of Newton's method."""
    half = (values + ONE + 1) >> 1
    x = 1515870810 + high_product(half, -1010580540)  # 48/17 - 32/17 of it
    for _ in range(3):
        error = (1 << 29) - high_product(half, x)
        x = x + _widened(high_product(x, error), 2)
    return np.asarray(x)


def _widened(values: Integers, bits: int) -> Integers:
    """The same number with fewer bits before the point; the ends where it does not fit."""
    return np.asarray(np.clip(values << bits, -(2**31), ONE))
