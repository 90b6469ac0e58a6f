"""Columns that were computed from the target are left out; honest ones stay, however strong."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tables import clean, spoilt, table_from

from mlp_edge.data.choices import Choices
from mlp_edge.data.columns import Columns, read_columns
from mlp_edge.data.findings.functions import Numbers, formula, order_chance, spearman
from mlp_edge.data.table import Table

ROWS = 300
Make = Callable[[np.random.Generator, Numbers], Numbers]


def rounded(values: Numbers, form: str) -> Numbers:
    return np.array([float(format(value, form)) for value in values])


def wages(seed: int, rows: int = ROWS, form: str = ".17g") -> Numbers:
    return rounded(np.random.default_rng(seed).lognormal(4, 0.5, rows), form)


def texts(values: Numbers, form: str = ".17g") -> list[str]:
    return [format(value, form) for value in values]


def read(table: Table, **choices: tuple[str, ...]) -> Columns:
    return read_columns(table, ["y"], Choices(**choices))


def names(columns: Columns) -> list[str]:
    return [feature.name for feature in columns.features]


def says(columns: Columns) -> str:
    """All that is said about column x."""
    return " ".join(each.says for each in columns.findings if each.columns == ("x",))


# Formulas


@pytest.mark.parametrize("rows", [20, 60, ROWS, 3000])
@pytest.mark.parametrize(
    ("function", "target", "column", "expected"),
    [
        (np.log, ".17g", ".17g", "1 · log(t)"),
        (np.log, ".17g", ".4f", "1 · log(t)"),
        (np.log, ".2f", ".4f", "1 · log(t)"),
        (np.log10, ".0f", ".5f", "0.434 · log(t)"),
        (np.log1p, ".2g", ".4f", "1 · log(1 + t)"),
        (lambda t: np.log(t.astype(np.float32)).astype(np.float64), ".17g", ".17g", "1 · log(t)"),
        (np.square, ".17g", ".6g", "1 · t²"),
        (lambda t: (t - 60) ** 2 + 120 * t, ".17g", ".17g", "3600 + 1 · t²"),
        (np.sqrt, ".17g", ".4f", "1 · √t"),
        (lambda t: 5 / t, ".17g", ".6g", "5 · 1/t"),
        (lambda t: 32 + 1.8 * t, ".1f", ".2f", "32 + 1.8 · t"),
        (lambda t: 2024 - t, ".0f", ".0f", "2024 - 1 · t"),
        (lambda t: np.unique(t, return_inverse=True)[1] + 1.0, ".0f", ".0f", "1 · dense rank(t)"),
    ],
)
def test_a_formula_is_found_whatever_the_rounding(
    function: Callable[[Numbers], Numbers], target: str, column: str, rows: int, expected: str
) -> None:
    t = wages(rows, rows, target)
    assert formula(rounded(function(t), column), t, "t") == expected


def noisy(r: float) -> Make:
    """A reading whose correlation with the target is r."""
    return lambda random, t: t + math.sqrt(1 / r**2 - 1) * t.std() * random.normal(size=len(t))


@pytest.mark.parametrize("rows", [20, 60, ROWS, 3000])
@pytest.mark.parametrize(
    "make",
    [
        noisy(0.98), noisy(0.999), noisy(0.9998),
        lambda random, t: np.log1p(t) + 0.02 * random.normal(size=len(t)),
        lambda random, t: np.digitize(t, np.quantile(t, [0.2, 0.4, 0.6, 0.8])) * 1.0,
        lambda random, t: np.where(t > np.median(t), 1.0, 0.0),
        lambda random, t: random.normal(size=len(t)),
        lambda random, t: np.arange(len(t)) * 1.0,
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", [".0f", ".1f", ".17g"])
@pytest.mark.parametrize("grid", [False, True])
def test_an_honest_reading_is_no_formula(make: Make, form: str, rows: int, grid: bool) -> None:
    for seed in range(2):
        random = np.random.default_rng(seed)
        t = rounded(np.linspace(0, 100, rows), ".1f") if grid else wages(seed, rows, ".1f")
        t = random.permutation(t)
        seen = rounded(make(random, t), form)
        assert formula(seen, t, "t") is None
        chance = order_chance(seen, t)
        assert chance is None or chance > -16


def test_the_order_alone_tells_where_no_formula_is_known() -> None:
    t = wages(1)
    for seen in ((t**0.3 - 1) / 0.3, rounded(-np.arcsinh(t), ".3f")):
        assert formula(seen, t, "t") is None
        chance = order_chance(seen, t)
        assert chance is not None
        assert chance < -16
        swapped = seen.copy()
        swapped[np.argsort(t)[[100, 110]]] = seen[np.argsort(t)[[110, 100]]]
        assert order_chance(swapped, t) is None
    assert order_chance(t[:10], t[:10]) is None


@settings(max_examples=60)
@given(
    st.lists(st.floats(-3e38, 3e38), min_size=20, max_size=40),
    st.lists(st.floats(-3e38, 3e38), min_size=20, max_size=40),
)
def test_whatever_the_numbers_nothing_warns(one: list[float], other: list[float]) -> None:
    rows = min(len(one), len(other))
    seen, t = np.array(one[:rows]), np.array(other[:rows])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        formula(seen, t, "t")
        order_chance(seen, t)
        assert -1.000001 <= spearman(seen, t) <= 1.000001


# Columns


def test_a_function_of_the_target_is_left_out_unless_kept() -> None:
    t = wages(2)
    logs = spoilt(texts(np.log(t), ".3f"), _7="", _19="NA")
    table = clean(ROWS, x=logs, y=texts(t, ".2f"))
    found = read(table)
    assert names(found) == ["a", "b"]
    assert says(found).startswith(
        "column 'x' is a function of the target 'y': 1 · log('y'), to the last digit in all 298 "
    )
    assert says(found).endswith("different values; left out; `keep=['x']` uses it all the same")
    kept = read(table, keep=("x",))
    assert names(kept) == ["a", "b", "x"]
    assert "1 · log('y')" in says(kept)
    table = clean(ROWS, x=texts((t**0.3 - 1) / 0.3), y=texts(t))
    assert "has the order of the target 'y' (Spearman's correlation is 1 in all 300 rows" in says(
        read(table)
    )
    assert names(read(table)) == ["a", "b"]


def test_one_cell_that_does_not_fit_makes_it_a_question() -> None:
    t = wages(2)
    moved = (t**0.3 - 1) / 0.3
    moved[7] *= 1.01
    found = read(clean(ROWS, x=texts(moved), y=texts(t)))
    assert names(found) == ["a", "b", "x"]
    assert "column 'x' has all but the order of the target 'y' (Spearman's correlation 0.99" in (
        says(found)
    )
    assert "is it known before the target is? If not, leave it out" in says(found)


def test_a_slip_does_not_hide_a_function() -> None:
    t = wages(2)
    for slips in ({"_9": "40"}, {"_9": "0", "_70": "4.1", "_200": "-3"}):
        found = read(clean(ROWS, x=spoilt(texts(np.log(t), ".3f"), **slips), y=texts(t, ".2f")))
        assert names(found) == ["a", "b", "x"]
        assert says(found).startswith(
            f"column 'x' is a function of the target 'y' in {ROWS - len(slips)} of 300 rows: "
            "1 · log('y'); is it known before the target is? If not, leave it out"
        )


def test_numbers_of_the_rows_of_a_table_that_was_sorted() -> None:
    random = np.random.default_rng(3)
    t = random.permutation(wages(4))
    places = np.argsort(np.argsort(t)) + 1
    prices = clean(ROWS, x=[str(place) for place in places], y=texts(t))
    found = read(prices)
    assert names(found) == ["a", "b"]
    assert found.ids == ("x",)
    assert says(found).startswith(
        "column 'x' numbers the rows of a table that was once sorted: each whole number from 1 to "
        "300 once, and Spearman's correlation with the target 'y' is 1.000; left out; `keep=['x']`"
    )
    classes = random.permutation(np.repeat(list("pqr"), 100))
    places = np.argsort(np.argsort(classes, kind="stable"))
    found = read(clean(ROWS, x=[str(place) for place in places], y=classes.tolist()))
    assert names(found) == ["a", "b"]
    assert "the classes of the target 'y' account for 89% of their variance" in says(found)
    others = random.permutation(ROWS)
    for y in (texts(t), classes.tolist()):
        assert says(read(clean(ROWS, x=[str(place) for place in others], y=y))) == ""
    doubled = [str(2 * place) for place in places]  # with gaps it may well measure something
    assert "x" in names(read(clean(ROWS, x=doubled, y=texts(t))))


@pytest.mark.parametrize("name", ["rownames", "Unnamed: 0", "row_id", "rownum"])
def test_row_numbers_by_their_name(name: str) -> None:
    places = np.random.default_rng(5).permutation(900)[:60]
    found = read(clean(60, **{name: [str(place) for place in places]}))
    assert names(found) == ["a", "b"]
    assert found.ids == (name,)
    (finding,) = found.findings
    low, high = min(places), max(places)
    assert f"in each of 60 rows, as its name says, from {low} to {high};" in finding.says


def test_row_numbers_by_their_name_that_tell_the_target() -> None:
    t = np.random.default_rng(3).permutation(wages(4))
    places = np.argsort(np.argsort(t)) + 1
    found = read(clean(ROWS, rownames=[str(place) for place in places], y=texts(t)))
    assert names(found) == ["a", "b"]
    assert "rows of a table that was once sorted" in found.findings[0].says


# Categories


def regions(rows: int, towns: int, kinds: int) -> Table:
    """The region that a town lies in."""
    random = np.random.default_rng(6)
    town = random.integers(0, towns, rows)
    return clean(rows, x=[f"t{place}" for place in town], y=[f"r{place % kinds}" for place in town])


def test_a_finer_code_of_a_class_is_left_out() -> None:
    found = read(regions(ROWS, 12, 3))
    assert names(found) == ["a", "b"]
    assert says(found).startswith(
        "each of the 12 categories of column 'x' has rows of one 'y' only, in all 300 rows: it is "
        "a finer code of the target, or names what was measured several times (`group='x'` keeps"
    )
    assert names(read(regions(ROWS, 12, 3), keep=("x",))) == ["a", "b", "x"]
    one = regions(ROWS, 12, 3)
    torn = {**one.cells, "y": spoilt(one.cells["y"].tolist(), _8="other")}
    assert names(read(table_from(torn))) == ["a", "b", "x"]


def test_few_rows_of_each_category_may_be_of_one_class_by_chance() -> None:
    assert names(read(regions(24, 12, 3))) == ["a", "b", "x"]
    rare = ["sick" if row == 9 else "well" for row in range(ROWS)]
    table = clean(ROWS, x=[f"t{row % 40}" if row != 9 else "t99" for row in range(ROWS)], y=rare)
    assert "finer code" not in says(read(table))
