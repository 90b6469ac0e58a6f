"""Fixed-point arithmetic: what it rounds, and how near its functions come to the real ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mlp_edge.integers import fixed_point
from mlp_edge.integers.fixed_point import Integers, multiplier_of, once_rounded, twice_rounded

RANDOM = np.random.default_rng(1)
WORDS = RANDOM.integers(-(2**31) + 1, 2**31, 2000)
EDGES = np.array([-(2**31) + 1, -3, -2, -1, 0, 1, 2, 3, 2**30, 2**31 - 1])


def test_a_high_product_divides_towards_0_after_its_nudge() -> None:
    """As gemmlowp defines it, with C's division."""
    for b in (1, 1 << 30, -(1 << 30), 2**31 - 1, -1010580540):
        product = np.concatenate([WORDS, EDGES]) * np.int64(b)
        nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
        wanted = np.sign(nudged) * (np.abs(nudged) >> 31)
        found = fixed_point.high_product(np.concatenate([WORDS, EDGES]), b)
        assert found.tolist() == wanted.tolist()


@pytest.mark.parametrize("shift", [0, 1, 2, 7, 31])
def test_a_shift_rounds_halves_away_from_0(shift: int) -> None:
    values = np.concatenate([WORDS, EDGES, np.arange(-40, 41)])
    exact = np.abs(values) / 2.0**shift  # 31 bits: no digit is lost
    wanted = np.sign(values) * np.floor(exact + 0.5).astype(np.int64)
    assert fixed_point.rounded_shift(values, shift).tolist() == wanted.tolist()


@pytest.mark.parametrize("scale", [0.0, 2.0**-33, 1e-9, 0.0123, 0.5, 1 - 2.0**-40, 1.0, 3.7])
def test_scales_as_multipliers(scale: float) -> None:
    multiplier, shift = multiplier_of(scale)
    assert multiplier == 0 or 2**30 <= multiplier < 2**31
    assert multiplier / 2**31 * 2.0**shift == pytest.approx(scale, rel=2.0**-30, abs=2.0**-32)


def test_rounding_twice_differs_by_a_step_from_rounding_once() -> None:
    multiplier, shift = (np.int64(value) for value in multiplier_of(0.0123))
    sums = np.arange(-20000, 20000)
    once, twice = (rounding(sums, multiplier, shift) for rounding in (once_rounded, twice_rounded))
    assert 0 < (once != twice).sum() < 20000 // 10
    assert np.abs(once - twice).max() == 1
    assert np.abs(once - sums * 0.0123).max() <= 0.5 + 1e-6


FUNCTIONS: dict[str, tuple[Callable[[Integers], Integers], Callable[..., object], int, int]] = {
    "logistic": (fixed_point.logistic, lambda x: 1 / (1 + np.exp(-x)), -16, 16),
    "tanh": (fixed_point.tanh, np.tanh, -16, 16),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_q4_27(name: str) -> None:
    function, real, low, high = FUNCTIONS[name]
    values = np.linspace(low * 2**27 + 1, high * 2**27 - 1, 20001).astype(np.int64)
    error = function(values) / 2**31 - np.asarray(real(values / 2**27))
    assert np.abs(error).max() < 2e-7


def test_exponentials_and_reciprocals() -> None:
    values = -np.linspace(0, 2**31 - 1, 20001).astype(np.int64)
    error = fixed_point.exponential(values, bits=5) / 2**31 - np.exp(values / 2**26)
    assert np.abs(error).max() < 3e-7
    shares = np.linspace(0, 2**31 - 1, 20001).astype(np.int64)
    error = fixed_point.reciprocal(shares) / 2**31 - 1 / (1 + shares / 2**31)
    assert np.abs(error).max() < 2e-8
