"""How sure a score is: by hand, by counting, by published figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlp_edge.training.scoring.statistics import (
    corrected_error,
    spiegelhalter,
    standard_error,
    wilson,
)


@pytest.mark.parametrize(
    ("hits", "rows", "expected"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_wilson_gives_the_published_intervals(
    hits: int, rows: int, expected: tuple[float, float]
) -> None:
    assert wilson(hits / rows, rows) == pytest.approx(expected, abs=5e-5)


@given(st.integers(1, 5000).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows))))
def test_wilson_stays_within_a_share_and_around_it(counts: tuple[int, int]) -> None:
    hits, rows = counts
    low, high = wilson(hits / rows, rows)
    assert 0 <= low <= hits / rows + 1e-12
    assert hits / rows - 1e-12 <= high <= 1
    assert low < high
    # What is true of hits is true of misses.
    assert wilson(1 - hits / rows, rows) == pytest.approx((1 - high, 1 - low))


def test_the_standard_error_of_a_mean() -> None:
    assert standard_error([1.0, 2.0, 3.0, 4.0]) == pytest.approx(math.sqrt(5 / 3 / 4))
    assert standard_error(np.zeros(7)) == 0
    assert math.isnan(standard_error([1.0]))


def test_the_corrected_error_of_overlapping_folds() -> None:
    differences = [0.01, 0.03, -0.02, 0.02, 0.01]
    variance = np.var(differences, ddof=1)
    expected = math.sqrt((1 / 5 + 20 / 80) * variance)
    assert corrected_error(differences, 80, 20) == pytest.approx(expected)
    # More folds by repeating do not take it below what the overlap leaves.
    assert corrected_error(differences * 100, 80, 20) > standard_error(differences * 100) * 5
    assert math.isnan(corrected_error([0.1], 80, 20))


def test_spiegelhalters_z_by_hand() -> None:
    came, claimed = np.array([True, False, True]), np.array([0.9, 0.8, 0.6])
    top = (1 - 0.9) * (1 - 1.8) + (0 - 0.8) * (1 - 1.6) + (1 - 0.6) * (1 - 1.2)
    below = math.sqrt(0.8**2 * 0.09 + 0.6**2 * 0.16 + 0.2**2 * 0.24)
    assert spiegelhalter(came, claimed) == pytest.approx(top / below)


def test_spiegelhalters_z_is_standard_normal_for_honest_claims() -> None:
    random = np.random.default_rng(0)
    found = []
    for _ in range(400):
        claimed = random.uniform(0.5, 1, 200)
        found.append(spiegelhalter(random.uniform(size=200) < claimed, claimed))
    # 400 draws tell a mean to 0.05 and a deviation to 0.035.
    assert abs(np.mean(found)) < 0.2
    assert abs(np.std(found) - 1) < 0.15


def test_claims_that_cannot_be_judged() -> None:
    assert spiegelhalter(np.array([True, False]), np.full(2, 0.5)) == 0
    assert math.isfinite(spiegelhalter(np.array([True, False]), np.array([1.0, 1.0])))
