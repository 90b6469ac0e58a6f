"""The slopes of every activation between two points: all secants lie within, some come close."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlp_edge.mlp import HIDDEN_ACTIVATIONS
from mlp_edge.proof.slopes import SLOPES, slopes
from mlp_edge.reference import FORMULAS

ENDS = st.floats(-40, 40)


def test_every_activation_of_one_number_has_a_slope() -> None:
    assert set(SLOPES) == set(HIDDEN_ACTIVATIONS)


@pytest.mark.parametrize("name", HIDDEN_ACTIVATIONS)
@given(ends=st.tuples(ENDS, ENDS), shares=st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_secants_lie_between_the_slopes(
    name: str, ends: tuple[float, float], shares: list[float]
) -> None:
    low, high = np.array([min(ends)]), np.array([max(ends)])
    least, largest = slopes(name, low, high)
    inside = np.sort(low + np.array(shares) * (high - low))
    gaps = np.diff(inside)
    wide = gaps > 1e-3  # a narrower secant is all rounding
    secants = np.diff(FORMULAS[name](inside))[wide] / gaps[wide]
    assert (secants >= least - 1e-9).all()
    assert (secants <= largest + 1e-9).all()


@pytest.mark.parametrize("name", HIDDEN_ACTIVATIONS)
def test_the_slopes_are_no_wider_than_they_have_to_be(name: str) -> None:
    random = np.random.default_rng(0)
    for low, high in np.sort(random.uniform(-6, 6, (200, 2)), axis=1):
        if any(min(abs(low - point), abs(high - point)) < 0.01 for point, _ in SLOPES[name].turns):
            continue  # a jump that the points below step over
        points = np.linspace(low, high, 4001)
        secants = np.diff(FORMULAS[name](points)) / np.diff(points)
        [least], [largest] = slopes(name, np.array([low]), np.array([high]))
        assert secants.min() - least < 0.01
        assert largest - secants.max() < 0.01


@pytest.mark.parametrize("name", HIDDEN_ACTIVATIONS)
def test_a_slope_at_infinity_is_a_limit(name: str) -> None:
    with np.errstate(invalid="raise"):
        for end in (np.array([-np.inf]), np.array([np.inf])):
            [least], [largest] = slopes(name, end, end)
            assert np.isfinite([least, largest]).all()
            assert largest - least < 1e-9
