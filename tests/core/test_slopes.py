"""The slopes of every activation between two points: all secants lie within, some come close."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlp_edge.mlp import SCALAR_ACTIVATIONS
from mlp_edge.proof.slopes import SLOPES, slopes
from mlp_edge.reference import FORMULAS

ENDS = st.floats(-40, 40)
UNLIMITED = ("exponential", "square", "rsqrt")


def test_every_activation_of_one_number_has_a_slope() -> None:
    assert set(SLOPES) == set(SCALAR_ACTIVATIONS)


@pytest.mark.parametrize("name", SCALAR_ACTIVATIONS)
@given(ends=st.tuples(ENDS, ENDS), shares=st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_secants_lie_between_the_slopes(
    name: str, ends: tuple[float, float], shares: list[float]
) -> None:
    low, high = np.array([min(ends)]), np.array([max(ends)])
    if name == "rsqrt":
        low, high = low + 40.01, high + 40.01
    least, largest = slopes(name, low, high)
    inside = np.sort(low + np.array(shares) * (high - low))
    gaps = np.diff(inside)
    wide = gaps > 1e-3  # a narrower secant is all rounding
    secants = np.diff(FORMULAS[name](inside))[wide] / gaps[wide]
    slack = 1e-9 * (1 + np.maximum(np.abs(least), np.abs(largest)))
    assert (secants >= least - slack).all()
    assert (secants <= largest + slack).all()


@pytest.mark.parametrize("name", SCALAR_ACTIVATIONS)
def test_the_slopes_are_no_wider_than_they_have_to_be(name: str) -> None:
    random = np.random.default_rng(0)
    for low, high in np.sort(random.uniform(-6, 6, (200, 2)), axis=1):
        if any(min(abs(low - point), abs(high - point)) < 0.01 for point, _ in SLOPES[name].turns):
            continue  # a jump that the points below step over
        if name == "rsqrt":
            low, high = low + 6.5, high + 6.5
        points = np.linspace(low, high, 4001)
        secants = np.diff(FORMULAS[name](points)) / np.diff(points)
        [least], [largest] = slopes(name, np.array([low]), np.array([high]))
        slack = 0.01 * max(1, abs(least), abs(largest))
        assert secants.min() - least < slack
        assert largest - secants.max() < slack


@pytest.mark.parametrize("name", [name for name in SCALAR_ACTIVATIONS if name not in UNLIMITED])
def test_a_slope_at_infinity_is_a_limit(name: str) -> None:
    with np.errstate(invalid="raise"):
        for end in (np.array([-np.inf]), np.array([np.inf])):
            [least], [largest] = slopes(name, end, end)
            assert np.isfinite([least, largest]).all()
            assert largest - least < 1e-9


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("rsqrt", -1.0, 1.0), ("rsqrt", 0.0, 1.0), ("rsqrt", 1.0, 2.0**126),
        ("exponential", 0.0, 88.5),
    ],
)  # fmt: skip
def test_slopes_are_infinite_where_nothing_is_stated(name: str, low: float, high: float) -> None:
    [least], [largest] = slopes(name, np.array([low]), np.array([high]))
    assert np.isinf(least) or np.isinf(largest)


def test_powers_have_their_slope_up_to_the_largest_that_is_stated() -> None:
    z = np.array([0.0, 88.0, 88.02])
    for slope in slopes("exponential", z, z):
        np.testing.assert_allclose(slope, np.exp(z), rtol=1e-11)
