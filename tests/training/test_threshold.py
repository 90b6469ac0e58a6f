"""The threshold: a number, or what a rule finds on validation rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from mlp_edge.errors import RecipeError
from mlp_edge.training.scoring.threshold import check_threshold, is_chosen, threshold_for

TARGETS = np.array([0, 0, 1, 0, 1, 1])
PROBABILITIES = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.9], np.float32)
# Found from each probability on: rows of class 1, of class 0; F1 and Youden's J.
#   0.1: 3 of 3, 3 of 3   2/3    0
#   0.2: 3, 2             3/4    1/3
#   0.3: 3, 1             6/7    2/3
#   0.4: 2, 1             2/3    1/3
#   0.6: 2, 0             4/5    2/3
#   0.9: 1, 0             1/2    1/3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f1", 0.25),
        ("youden", 0.5),  # as good at 0.25, which is further from 0.5
        ("sensitivity=1", 0.25),
        ("sensitivity=0.67", 0.25),
        ("sensitivity=0.6666", 0.5),
        ("sensitivity=0.3", 0.75),
        ("0.3", 0.3),
        ("1e-3", 0.001),
    ],
)
def test_each_rule_by_hand(text: str, expected: float) -> None:
    threshold = threshold_for(text, TARGETS, PROBABILITIES)
    assert isinstance(threshold, np.float32)
    assert threshold == pytest.approx(expected)


def test_a_sensitivity_that_is_reached_exactly() -> None:
    """3 of 5 are 0.6, which float32 rounds up."""
    targets = np.array([1, 1, 1, 0, 1, 1, 0])
    probabilities = np.array([0.9, 0.8, 0.7, 0.5, 0.4, 0.2, 0.1], np.float32)
    assert threshold_for("sensitivity=0.6", targets, probabilities) == pytest.approx(0.6)


def test_everything_may_be_the_second_class() -> None:
    """Half-way between 0 and the lowest, where that is best."""
    targets, probabilities = np.array([1, 0, 1]), np.array([0.2, 0.4, 0.8], np.float32)
    assert threshold_for("sensitivity=1", targets, probabilities) == pytest.approx(0.1)
    assert threshold_for("f1", targets, probabilities) == pytest.approx(0.1)


def test_a_model_that_has_it_the_wrong_way_round_never_says_the_second_class() -> None:
    targets, probabilities = np.array([1, 0]), np.array([0.0, 0.2], np.float32)
    assert threshold_for("youden", targets, probabilities) == pytest.approx(0.6)


def test_a_number_needs_no_rows() -> None:
    nothing = np.zeros(0)
    assert threshold_for("0.5", nothing.astype(np.int64), nothing.astype(np.float32)) == 0.5


# The definitions, counted.


def f1(found: NDArray[np.bool_], targets: NDArray[np.int64]) -> float:
    both = (found & (targets == 1)).sum()
    return float(2 * both / (found.sum() + (targets == 1).sum()))


def youden(found: NDArray[np.bool_], targets: NDArray[np.int64]) -> float:
    return float(found[targets == 1].mean() - found[targets == 0].mean())


@st.composite
def validated(draw: st.DrawFn) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rows of both classes with two probabilities or more, none nearer than a thousandth."""
    count = draw(st.integers(2, 30))
    targets = draw(arrays.arrays(np.int64, count, elements=st.integers(0, 1)))
    steps = draw(arrays.arrays(np.int64, count, elements=st.integers(0, 1000)))
    assume(len(np.unique(targets)) == 2)
    assume(len(np.unique(steps)) > 1)
    return targets, (steps / 1000).astype(np.float32)


@given(validated(), st.sampled_from([("f1", f1), ("youden", youden)]))
def test_no_other_threshold_is_better(
    rows: tuple[NDArray[np.int64], NDArray[np.float32]],
    rule: tuple[str, Callable[[NDArray[np.bool_], NDArray[np.int64]], float]],
) -> None:
    targets, probabilities = rows
    name, merit = rule
    threshold = threshold_for(name, targets, probabilities)
    reached = merit(probabilities > threshold, targets)
    for other in np.arange(0.0005, 1, 0.001, dtype=np.float32):
        assert merit(probabilities > other, targets) <= reached + 1e-9
    assert_half_way(threshold, probabilities)


@given(validated(), st.floats(0.01, 1))
def test_a_sensitivity_is_reached_and_no_higher_threshold_reaches_it(
    rows: tuple[NDArray[np.int64], NDArray[np.float32]], wanted: float
) -> None:
    targets, probabilities = rows
    sick = probabilities[targets == 1]
    # No threshold above 0 finds a row whose probability is 0.
    assume((sick > 0).mean() >= wanted)
    threshold = threshold_for(f"sensitivity={wanted}", targets, probabilities)
    assert (sick > threshold).mean() >= wanted - 1e-6
    above = probabilities[probabilities > threshold].min()
    assert (sick > above).mean() < wanted + 1e-6
    assert_half_way(threshold, probabilities)


def assert_half_way(threshold: np.float32, probabilities: NDArray[np.float32]) -> None:
    """So far from every row that no runtime's rounding can turn its answer."""
    assert 0 < threshold < 1
    assert np.abs(probabilities - threshold).min() > 2e-4
    ends = np.unique(np.append(probabilities.astype(np.float64), [0.0, 1.0]))
    middles = (ends[1:] + ends[:-1]) / 2
    assert np.abs(middles - threshold).min() < 1e-6


def test_probabilities_that_only_rounding_parts_are_one() -> None:
    close = np.nextafter(np.float32(0.4), np.float32(1))
    probabilities = np.array([0.4, close, 0.6], np.float32)
    # Between the first two the rule would be at its best.
    threshold = threshold_for("youden", np.array([0, 1, 1]), probabilities)
    assert threshold == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("text", "targets", "probabilities", "says"),
    [
        ("f1", [1, 1], [0.2, 0.4], "no two classes among the 2 validation rows"),
        ("youden", [], [], "no two classes among the 0 validation rows"),
        ("f1", [0, 1, 1], [0.25, 0.25, 0.25], "gives all 3 validation rows the probability 0.25"),
        ("sensitivity=1", [1, 1, 0], [0.0, 0.5, 0.7], "no threshold above 0 finds so many"),
    ],
    ids=["one class", "no rows", "one probability", "out of reach"],
)
def test_rows_that_tell_nothing(
    text: str, targets: list[int], probabilities: list[float], says: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        threshold_for(text, np.array(targets, np.int64), np.array(probabilities, np.float32))
    message = str(caught.value)
    assert message.startswith(f"`threshold={text!r}`: ")
    assert says in message
    assert "`validation_size` or a number such as 0.5" in message


@pytest.mark.parametrize(
    "text",
    ["0", "1", "1.5", "-0.2", "nan", "inf", "1e999", "1e-99", "0.99999999999", "", "F1", "half",
     "sensitivity", "sensitivity=", "sensitivity=0", "sensitivity=1.1", "sensitivity=x", "0,5"],
)  # fmt: skip
def test_what_is_no_threshold(text: str) -> None:
    with pytest.raises(RecipeError, match="`threshold` takes a number between 0 and 1") as caught:
        check_threshold(text)
    assert repr(text) in str(caught.value)
    with pytest.raises(RecipeError):
        threshold_for(text, TARGETS, PROBABILITIES)


def test_what_takes_validation_rows() -> None:
    for text in ("f1", "youden", "sensitivity=0.9", "sensitivity=1"):
        check_threshold(text)
        assert is_chosen(text)
    for text in ("0.5", ".3", "1e-3"):
        check_threshold(text)
        assert not is_chosen(text)
