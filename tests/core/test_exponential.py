"""Exponentials in integers: every digit of them, and what is made of them."""

from __future__ import annotations

import numpy as np
import pytest

from mlp_edge.integers.exponential import (
    LEAST_OCTAVE,
    MOST_CLASSES,
    MOST_HALVINGS,
    power,
    sigmoid,
    softmax,
)


def test_every_exponential_is_near_and_none_rises() -> None:
    rest = np.arange(2**24, dtype=np.int64)
    found = power(rest, 24)
    off = found.mantissa - 2.0 ** (24 - rest / 2.0**24)
    assert (found.halvings == 0).all()
    assert np.abs(off).max() < 0.76
    falls = -np.diff(found.mantissa)
    assert set(np.unique(falls)) == {0, 1}
    assert (found.mantissa[0], found.mantissa[-1]) == (2**24, 2**23)


@pytest.mark.parametrize("octave", [LEAST_OCTAVE, 20, 24])
def test_halvings_are_exact(octave: int) -> None:
    distances = np.arange(50, dtype=np.int64) * 12_345
    first = power(distances, octave)
    for halvings in (1, 30, 117):
        again = power(distances + (halvings << octave), octave)
        np.testing.assert_array_equal(again.mantissa, first.mantissa)
        np.testing.assert_array_equal(again.halvings, first.halvings + halvings)


@pytest.mark.parametrize("octave", [LEAST_OCTAVE, 21, 24])
def test_sigmoids_are_those_of_real_numbers(octave: int) -> None:
    half = np.unique(np.geomspace(1, 2**30, 4000).astype(np.int64))
    distances = np.concatenate([-half[::-1], [0], half])
    found = sigmoid(distances, octave)
    exponent = np.minimum(distances / 2.0**octave, 200)
    exact = np.where(exponent <= -118, 0, 1 / (1 + 2.0 ** -np.maximum(exponent, -150)))
    assert found.dtype == np.float32
    assert (np.diff(found) >= 0).all()
    np.testing.assert_allclose(found, exact, rtol=2.5e-7, atol=0)
    assert found[len(half)] == 0.5


def test_shares_are_those_of_real_numbers_and_none_is_subnormal() -> None:
    random = np.random.default_rng(0)
    logits = random.integers(0, 2**31, (5000, 4)) >> random.integers(0, 20, (5000, 1))
    found = softmax(logits, 24)
    exact = 2.0 ** ((logits - logits.max(axis=1, keepdims=True)) / 2.0**24)
    exact = np.where(exact <= 2.0**-118, 0, exact) / exact.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, exact, rtol=5e-7, atol=0)
    assert found[found > 0].min() > np.finfo(np.float32).tiny
    np.testing.assert_array_equal(softmax(np.zeros((1, 4), np.int64), 24), 0.25)
    most = np.zeros((1, MOST_CLASSES), np.int64)
    most[0, 0] = 1 - ((MOST_HALVINGS + 1) << LEAST_OCTAVE)
    assert softmax(most, LEAST_OCTAVE)[0, 0] >= np.finfo(np.float32).tiny
