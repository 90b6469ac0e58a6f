"""Rows in time: dates as people write them, cuts that tear no time, windows that expand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tables import clean, spoilt, table_from

from mlp_edge.data.choices import Choices
from mlp_edge.data.splitting.times import last_rows, read_times, windows
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.mlp import Task
from mlp_edge.training.examples import Examples, read_examples
from mlp_edge.training.parts import folds, parts, parts_like
from mlp_edge.training.recipe import Recipe

ROWS = 60


def places(cells: list[str], **choices: Any) -> list[int]:
    """The places in time of rows whose column "when" holds these cells."""
    count = range(len(cells))
    table = table_from({"a": map(str, count), "when": cells, "y": map(str, count)})
    found = read_times(table, "time:when", ["y"], Choices(**choices))
    assert found is not None
    assert found.dtype == np.int64
    return found.tolist()


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-01-31", "2024-02-01", "2024-02-01", "2024-12-31", "2025-01-01"],
        ["2024/1/31", "2024/2/1", "2024/2/1", "2024/12/31", "2025/1/1"],
        ["31.01.2024", "01.02.2024", "1.2.2024", "31.12.24", "01.01.2025"],
        ["31/01/2024", "01/02/2024", "1/2/2024", "31/12/24", "01/01/2025"],
        ["01/31/2024", "02/01/2024", "2/1/2024", "12/31/24", "01/01/2025"],
        ["31 Jan 2024", "1 February 2024", "01-Feb-2024", "31 Dec 2024", "1 Jan 25"],
        ["Jan 31, 2024", "February 1, 2024", "Feb 01 2024", "Dec 31, 2024", "Jan 1, 2025"],
        ["2024-01", "2024-02", "2024-02-01", "2024-12", "2025-01"],
        ["2024-01-31 9:05", "2024-01-31 10:00:00.5", "2024-01-31T10:00:00.500", "2024-01-31 23:59",
         "2024-02-01 00:00"],
        ["1/31/24 12:10 AM", "1/31/24 9:00 AM", "1/31/24 09:00 am", "1/31/24 12:05 PM",
         "1/31/24 1:00 PM"],
        ["2024-03-31T01:00:00+01:00", "2024-03-31T03:30:00+02:00", "2024-03-31T01:30Z",
         "2024-03-31T02:00:00+0000", "2024-03-30T23:00-05:00"],
        ["1699999999", "1700000000", "1.7e9", "1700000000.5", "1700000001"],
        ["-3", "0", "0.0", "7", "10"],
        ["1/31/99", "12/31/99", "12/31/99", "1/1/00", "1/1/24"],
    ],
    ids=["iso", "slashes", "german", "british", "american", "named", "named month first",
         "months", "clock", "noon", "zones", "epoch", "numbers", "two digits"],
)  # fmt: skip
def test_times_as_they_are_written(cells: list[str]) -> None:
    assert places(cells) == [0, 1, 1, 2, 3]
    assert places(cells[::-1]) == [3, 2, 1, 1, 0]
    assert places([cells[place] for place in (3, 0, 4, 1, 2)]) == [2, 0, 3, 1, 1]


def test_which_number_is_the_day() -> None:
    assert places(["3/4/2024", "4/4/2024", "5/4/2024", "1/5/2024"]) == [0, 1, 2, 3]  # day first
    assert places(["3/4/2024", "3/5/2024", "4/1/2024"]) == [0, 1, 2]  # month first
    assert places(["3.4.2024", "1.5.2024", "2.1.2024"]) == [1, 2, 0]
    with pytest.raises(TableError, match=r"column 'when': in dates such as '3/4/2024' the day or"):
        places(["3/4/2024", "1/5/2024", "2/1/2024"])


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("soon", "'soon' is neither a date nor a number; `split` takes a column of dates such as"),
        ("10:30", "'10:30' is neither a date nor a number"),
        ("2024-02-30", "'2024-02-30' is no day of the calendar"),
        ("2024-02-03 25:00", "'2024-02-03 25:00' is no day of the calendar"),
        ("2024-02-03 10:00Z", "is a time without the time zone that others have"),
        ("", "a missing value, so that nobody knows when that was"),
        ("NA", "a missing value, so that nobody knows when that was"),
        ("nie", "a missing value"),
    ],
)
def test_a_cell_that_is_no_time(cell: str, said: str) -> None:
    days = [f"2024-01-{day:02d} 10:00" for day in range(1, 20)]
    with pytest.raises(TableError) as caught:
        places(spoilt(days, _7=cell), missing=("when=nie",))
    line = 2 if "zone" in said else 7
    assert str(caught.value).startswith(f"dir/t.csv, line {line}, column 'when': ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("split", "choices", "said"),
    [
        ("time:whem", {}, "no column 'whem' for `split`; .* did you mean 'when'"),
        ("time:y", {}, "`split` names the target, 'y'"),
        (
            "time:when",
            {"drop": ("a", "b")},
            "no column is left to predict from besides 'when' of `split`",
        ),
        (
            "time:when",
            {"keep": ("when",)},
            "`split` and `keep` contradict each other: both name 'when'",
        ),
    ],
)
def test_a_column_that_cannot_be_the_time(split: str, choices: dict[str, Any], said: str) -> None:
    table = clean(ROWS, when=[str(row) for row in range(ROWS)])
    with pytest.raises((TableError, RecipeError), match=said):
        read_examples(table, ("y",), None, Choices(**choices), split=split)


def test_a_split_that_is_none() -> None:
    for split in ("sometimes", "time:", "Time"):
        with pytest.raises(RecipeError, match=r"`split` takes random, time .* or time:COLUMN; got"):
            Recipe(split=split)
    with pytest.raises(RecipeError, match=r"`group=.who.` and `split=.time.` contradict"):
        Recipe(split="time", group="who")


# Parts


@given(
    st.lists(st.integers(0, 30), min_size=12, max_size=60).filter(lambda n: len(set(n)) > 1),
    st.floats(0.01, 0.99),
)
def test_a_cut_tears_no_time(times: list[int], share: float) -> None:
    when = np.array(times)
    early, late = last_rows(when, share, "t")
    assert sorted([*early, *late]) == list(range(len(when)))
    assert when[early].max() < when[late].min()
    possible = [int((when >= time).sum()) for time in sorted(set(times))[1:]]
    wanted = max(1, math.ceil(round(share * len(when), 9)))
    assert abs(len(late) - wanted) == min(abs(count - wanted) for count in possible)


@given(st.lists(st.integers(0, 30), min_size=12, max_size=60), st.integers(2, 6))
def test_windows_expand(times: list[int], count: int) -> None:
    when = np.array(times)
    try:
        found = windows(when, count, "t")
    except TableError as error:
        assert len(set(times)) < 4 * count or "fewer folds would do" in str(error)  # noqa: PT017
        return
    assert len(found) == count
    tested = np.concatenate([test for _, test in found])
    assert len(set(tested.tolist())) == len(tested)
    for train, test in found:
        assert len(train)
        assert len(test)
        assert when[train].max() < when[test].min()
    assert sorted([*found[-1][0], *found[-1][1]]) == list(range(len(when)))


def test_windows_are_those_of_scikit_learn() -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    for rows, count in ((60, 5), (61, 3), (100, 7)):
        expected = selection.TimeSeriesSplit(count).split(np.zeros(rows))
        found = windows(np.arange(rows), count, "t")
        for one, other in zip(found, expected, strict=True):
            assert [part.tolist() for part in one] == [part.tolist() for part in other]


def of(split: str, task: Task | None = None, **columns: list[str]) -> Examples:
    return read_examples(clean(ROWS, **columns), ("y",), task, Choices(), split=split)


def test_the_last_rows_test_and_the_last_of_the_others_validate() -> None:
    days = [f"2024-{1 + row // 28:02d}-{1 + row % 28:02d}" for row in range(ROWS)]
    recipe = Recipe(test_size=0.25, validation_size=0.2, split="time", seed=5)
    for split, order in (("time", range(ROWS)), ("time:when", range(ROWS)[::-1])):
        rows = list(order)
        examples = of(split, when=[days[row] for row in rows])
        chosen = parts(examples, recipe, "t")
        assert [rows[row] for row in sorted(chosen.test, key=rows.__getitem__)] == [*range(45, 60)]
        assert sorted(rows[row] for row in chosen.validation) == [*range(36, 45)]
        assert sorted(rows[row] for row in chosen.training) == [*range(36)]
        assert [each.name for each in examples.features] == ["a", "b"]
        again = parts_like(examples, examples.rows[chosen.test], recipe, "t")
        assert again.validation.tolist() == chosen.validation.tolist()
        assert again.test.tolist() == chosen.test.tolist()
    assert examples.ids == ("when",)
    assert all(finding.kind != "date" for finding in examples.findings)


def test_folds_in_time_watch_the_last_of_their_training_rows() -> None:
    found = folds(of("time"), Recipe(split="time", validation_size=0.2), 3, 1, "t")
    assert [fold.test.tolist() for fold in found] == [
        [*range(15, 30)], [*range(30, 45)], [*range(45, 60)],
    ]  # fmt: skip
    assert found[1].validation.tolist() == [*range(24, 30)]
    assert found[1].training.tolist() == [*range(24)]
    some = folds(of("time"), Recipe(split="time"), 2, 1, "t", rows=np.arange(30))
    assert [fold.test.tolist() for fold in some] == [[*range(10, 20)], [*range(20, 30)]]
    with pytest.raises(RecipeError, match="`repeats=2`: windows in time are the same every time"):
        folds(of("time"), Recipe(split="time"), 3, 2, "t")
    with pytest.raises(TableError, match=r"`cv=60` in time .* fewer folds would do"):
        folds(of("time"), Recipe(split="time"), 60, 1, "t")
    same = of("time:when", when=["7"] * ROWS)
    with pytest.raises(TableError, match="t: all of 60 rows are of one time"):
        parts(same, Recipe(split="time:when"), "t")


def test_a_class_that_comes_late_is_refused() -> None:
    late = ["ab"[row % 2] if row < 50 else "c" for row in range(ROWS)]
    with pytest.raises(TableError, match="no row of class 'c' is among 48 rows that come first"):
        parts(of("time", y=late), Recipe(split="time"), "t")
    middle = ["ab"[row % 2] if row < 20 else "c" for row in range(ROWS)]
    assert len(parts(of("time", y=middle), Recipe(split="time"), "t").test) == 12
    with pytest.raises(TableError, match=r"t \(fold 1 of 3\): no row of class 'c'"):
        folds(of("time", y=middle), Recipe(split="time"), 3, 1, "t")


def test_sorted_classes_are_no_finding_in_time() -> None:
    kinds = sorted("ab"[row % 2] for row in range(ROWS))
    assert [each.kind for each in of("random", y=kinds).findings] == ["sorted"]
    assert not of("time", y=kinds).findings
