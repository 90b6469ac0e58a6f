"""Whether a runtime requantises as ``mlp_edge.integers.quantised`` says: proved, not tried.

An activation is a monotone step function of the sum with at most ``high`` steps. Two such functions
are equal on every sum where they are equal on both sides of each step, so ``2 high`` sums per
neuron decide. Where they differ, it is by one: each rounds to a neighbour of the same real number.

    FLOAT     float32 sum times float32 scale, rounded half to even: XNNPACK, onnxruntime
    SINGLE    one rounding, half up: LiteRT's reference kernels (there as double(sum) * scale and
              C's round, which is the same where no sum is half-way)
    DOUBLE    a 31-bit multiplier, rounded twice (gemmlowp's SaturatingRoundingDoublingHighMul, then
              RoundingDivideByPOT): TFLite Micro, and LiteRT's optimised kernels without a delegate
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mlp_edge.encoding import Floats
from mlp_edge.integers.quantised import IntegerLayer, Integers, Quantised, rounded

Arithmetic = Callable[[Integers, Integers, Integers], Integers]
"""Sums, multipliers and shifts, of one shape, to activations before the clamp."""


def by_float(sums: Integers, multiplier: Integers, shift: Integers) -> Integers:
    """FLOAT: as the formula in XNNPACK's requantisation and as ONNX's Mul and Round have it."""
    products = sums.astype(np.float32) * scales(multiplier, shift)
    return np.asarray(np.rint(products).astype(np.int64))


def by_single(sums: Integers, multiplier: Integers, shift: Integers) -> Integers:
    """SINGLE: floor((sum * fixed + half) / 2^total) with ``fixed`` in 2^30 … 2^31."""
    fixed, right = _fixed(multiplier, shift)
    total = 31 + right
    return np.asarray((sums * fixed + (np.int64(1) << (total - 1))) >> total)


def by_double(sums: Integers, multiplier: Integers, shift: Integers) -> Integers:
    """DOUBLE: rounded to an integer after the multiplier, and half away from 0 after the shift."""
    fixed, right = _fixed(multiplier, shift)
    shifted = sums << np.maximum(-right, 0)  # a scale of 1 and more shifts to the left, and first
    right = np.maximum(right, 0)
    nudge = np.where(shifted >= 0, np.int64(1) << 30, 1 - (np.int64(1) << 30))
    product = shifted * fixed + nudge
    once = np.sign(product) * (np.abs(product) >> 31)  # C divides towards 0
    mask = (np.int64(1) << right) - 1
    threshold = (mask >> 1) + (once < 0)
    return np.asarray((once >> right) + ((once & mask) > threshold))


ARITHMETICS: dict[str, Arithmetic] = {"float": by_float, "single": by_single, "double": by_double}


def scales(multiplier: Integers, shift: Integers) -> Floats:
    """What other formats call the scale of the weights: multiplier / 2^shift, exact in float32."""
    return np.ldexp(multiplier.astype(np.float32), -shift.astype(np.int32)).astype(np.float32)


def steps(multiplier: Integers, shift: Integers, high: int) -> Integers:
    """The lowest sum (outputs, high) that gives each activation from 1 to ``high``."""
    half = np.int64(1) << (shift - 1)
    wanted = np.arange(1, high + 1, dtype=np.int64)[None, :] << shift[:, None]
    return np.asarray(-((half[:, None] - wanted) // multiplier[:, None]))  # rounded up


def differing(layer: IntegerLayer, largest: int, arithmetic: Arithmetic) -> Integers:
    """How many sums (outputs,) that inputs up to ``largest`` can reach are requantised otherwise.

    0 is a proof. Where segments are added up, each is asked. What is counted are the sums beside a
    step; another arithmetic that is off by more than one sum there is off by more than counted.
    """
    low, high = layer.reach(largest)
    multiplier, shift = layer.multiplier[:, None], layer.shift[:, None]
    first = steps(layer.multiplier, layer.shift, layer.high)
    count = np.zeros(layer.outputs, np.int64)
    for segment in range(layer.segments):
        apart = segment * layer.offset
        for side in (first - 1, first):
            reached = (side >= (low - apart)[:, None]) & (side <= (high - apart)[:, None])
            got = np.clip(arithmetic(side, multiplier, shift), 0, layer.high)
            wanted = np.clip(rounded(side, multiplier, shift), 0, layer.high)
            count += (reached & (got != wanted)).sum(axis=1)
    return count


def twice_rounded(quantised: Quantised) -> list[list[int]]:
    """For each layer of int8 the neurons, from 0, of which DOUBLE makes one step more of some sum.

    The others are proved to be equal there too. One step is the most: both are at most a rounding,
    half a step, from the same real number, but for the half unit of a 31-bit product.
    """
    return [
        np.flatnonzero(differing(layer, largest, by_double)).tolist()
        for layer, largest in zip(quantised.layers, quantised.largest, strict=True)
    ]


def agrees(multiplier: int, shift: int, high: int) -> bool:
    """Whether FLOAT and SINGLE requantise every sum alike, whatever a neuron can reach."""
    m, k = np.array([multiplier]), np.array([shift])
    first = steps(m, k, high)[0]
    sides = np.concatenate([first - 1, first])
    wanted = rounded(sides, m, k)
    return all((arithmetic(sides, m, k) == wanted).all() for arithmetic in (by_float, by_single))


def _fixed(multiplier: Integers, shift: Integers) -> tuple[Integers, Integers]:
    """(31-bit multiplier, right shift) of multiplier / 2^shift, as TFLite's QuantizeMultiplier."""
    bits = np.floor(np.log2(multiplier)).astype(np.int64) + 1
    return multiplier << (31 - bits), shift - bits
