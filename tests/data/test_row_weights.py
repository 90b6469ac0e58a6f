"""A column that says how much each row counts is read, and nothing else is made of it."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import clean, spoilt

from mlp_edge.data.choices import Choices
from mlp_edge.data.row_weights import with_weights
from mlp_edge.errors import RecipeError, TableError

ROWS = 60
WEIGHTS = [f"{1 + row % 4 / 2:g}" for row in range(ROWS)]


def refused(cells: list[str], **choices: tuple[str, ...]) -> str:
    with pytest.raises(TableError) as caught:
        with_weights(clean(ROWS, w=cells), "w", ["y"], Choices(**choices))
    return str(caught.value)


def test_weights_are_numbers_from_0_up_and_rows_of_0_do_not_count() -> None:
    found = with_weights(clean(ROWS, w=WEIGHTS), "w", ["y"], Choices())
    assert found.weights.tolist() == [1 + row % 4 / 2 for row in range(ROWS)]
    assert (found.table.rows, found.findings) == (ROWS, ())
    found = with_weights(clean(ROWS, w=spoilt(WEIGHTS, _5="0", _9="0.0")), "w", ["y"], Choices())
    assert found.table.lines.tolist() == [line for line in range(2, 62) if line not in (5, 9)]
    assert found.weights.tolist() == [
        w for row, w in enumerate(map(float, WEIGHTS)) if row not in (3, 7)
    ]
    assert [each.says for each in found.findings] == [
        "column 'w', the weight: 0 in 2 of 60 rows, the first on line 5; these rows are left out"
    ]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("-1", "'-1' is negative; `weight` takes numbers from 0 up"),
        ("-1e-9", "'-1e-9' is negative"),
        ("", "the cell is empty where a number belongs"),
        ("NA", "'NA' stands for a missing value"),
        ("nan", "'nan' stands for a missing value"),
        ("inf", "'inf' is infinite"),
        ("1e39", "'1e39' is beyond the largest float32 number"),
        ("much", "'much' is text where a number belongs"),
        ("1,5", "'1,5' has a comma where a number takes a decimal point"),
    ],
)
def test_any_other_cell_is_refused_by_its_line(cell: str, says: str) -> None:
    message = refused(spoilt(WEIGHTS, _5=cell, _9=cell))
    assert message.startswith(f"dir/t.csv, line 5, column 'w', the weight: {says}")
    assert message.endswith("a row of weight 0 does not count (1 more such cell)")


def test_a_number_that_stands_for_a_missing_one_is_no_weight() -> None:
    message = refused(spoilt(WEIGHTS, _5="9"), missing=("w=9",))
    assert "line 5, column 'w', the weight: '9' stands for a missing value" in message


def test_no_row_counts() -> None:
    says = "dir/t.csv: column 'w', the weight: 0 in 60 of 60 rows, so that no row counts"
    assert refused(["0"] * ROWS) == says


def test_a_column_that_is_something_else_cannot_weigh() -> None:
    table = clean(ROWS, w=WEIGHTS)
    for name, says in (("W", "did you mean 'w'"), ("y", "`weight` names the target, 'y'")):
        with pytest.raises(TableError, match=says):
            with_weights(table, name, ["y"], Choices())
    with pytest.raises(RecipeError, match="`weight` and `keep` contradict each other"):
        with_weights(table, "w", ["y"], Choices(keep=("w",)))
    with pytest.raises(TableError, match="no column is left to predict from besides 'w'"):
        with_weights(table, "w", ["y"], Choices(drop=("a", "b")))


def test_weights_of_any_size_have_a_finite_sum() -> None:
    found = with_weights(clean(ROWS, w=["3e38", "1e-300"] * 30), "w", ["y"], Choices())
    assert np.isfinite(found.weights.sum())
