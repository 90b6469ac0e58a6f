"""Columns for a model that exists: matched, read as it read them, and what is said about it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tables import clean, shuffled, spoilt, table_from, table_of

from mlp_edge.data.choices import Choices
from mlp_edge.data.columns import read_columns
from mlp_edge.data.saved_columns import known_columns
from mlp_edge.errors import TableError
from mlp_edge.feature import Feature

WIDTH = Feature("width", low=0, high=5)
COLOUR = Feature("colour", categories=("blue", "red"), codes=(0, 1))
SIZE = Feature("size", categories=("3", "5"), codes=(3, 5), sentinel=-1, fill=3)
SMOKES = Feature("smokes", categories=("No", "Yes"), codes=(0, 1))


def one(feature, *cells):
    rows, findings = known_columns(table_from({feature.name: cells}), [feature])
    assert rows.dtype == np.float32
    return rows[:, 0].tolist(), findings


def test_what_was_trained_on_is_read_the_same():
    numbers = shuffled(f"{i / 3:.3f}" for i in range(60))
    table = clean(
        colour=spoilt(shuffled(["red", "blue", "grey"] * 20), _5="?", _8="0"),
        n=spoilt(numbers, _9="-999", _11="NA"),
        smokes=shuffled(["yes", "Yes", "NO"] * 20),
        zip=shuffled(["007", "012", "100"] * 20),
        size=shuffled(["5", "3", "3.0"] * 20),
        left_out=["5"] * 60,
    )
    choices = Choices(missing=("n=-999", "colour=0"), categorical=("size",))
    trained = read_columns(table, ["y"], choices)
    rows, findings = known_columns(table, trained.features)
    assert rows.tobytes() == trained.rows.tobytes()
    assert rows.flags.c_contiguous
    assert [finding.kind for finding in findings] == ["missing", "missing"]


def test_columns_are_matched_by_name_or_by_place():
    named = table_of(colour=["red"], other=["x"], width=["1"])
    assert known_columns(named, [WIDTH, COLOUR])[0].tolist() == [[1, 1]]
    bare = table_of(header=False, column1=["1"], column2=["red"], column3=["target"])
    rows, [finding] = known_columns(bare, [WIDTH, COLOUR])
    assert rows.tolist() == [[1, 1]]
    assert finding.kind == "by-place"
    assert "no header, so its columns are taken in the model's order: 'width', 'colour', and " in (
        finding.says
    )
    features = [replace(WIDTH, name="column1"), replace(COLOUR, name="column2")]
    rows, findings = known_columns(bare, features)  # it never had other names
    assert (rows.tolist(), findings) == ([[1, 1]], ())
    with pytest.raises(TableError, match="no column 'width'; the columns are 'Width'"):
        known_columns(table_of(Width=["1"]), [WIDTH])


def test_a_category_by_its_name():
    assert one(COLOUR, "red", " blue ") == ([1, 0], ())
    assert one(SIZE, "3", "5.0", "5") == ([3, 5, 5], ())
    assert one(SMOKES, "YES", "no", "Yes", "1") == ([1, 0, 1, 1], ())
    odd = Feature("odd", categories=("1", "0", "0.5"), codes=(0, 1, 2))
    assert one(odd, "1", "0", "1.0", "0.50") == ([0, 1, 0, 2], ())


def test_a_code_among_words_is_no_category():
    unknown = COLOUR.unknown_code
    assert one(COLOUR, "red", "1", "0.0")[0] == [1, unknown, unknown]


def test_an_unknown_category():
    readings, findings = one(COLOUR, "red", "green", "Red", "7")
    assert readings == [1, COLOUR.unknown_code, COLOUR.unknown_code, COLOUR.unknown_code]
    (finding,) = findings
    assert finding.kind == "unknown-category"
    assert finding.says == (
        "column 'colour': 3 cells with a category that the model does not know, the first 'green' "
        "on line 3; it knows 'blue', 'red', and none of them counts"
    )


def test_a_missing_reading_is_filled_in_or_leaves_the_prediction_empty():
    readings, (finding,) = one(WIDTH, "1", "", "NA")
    assert readings[0] == 1
    assert np.isnan(readings[1:]).all()
    assert finding.says == (
        "column 'width': 2 of 3 readings missing, the first on line 3; the model takes none, and "
        "its prediction for these rows is NaN"
    )
    readings, (finding,) = one(SIZE, "-1", "5", "")
    assert readings[:2] == [-1, 5]
    assert np.isnan(readings[2])
    assert "2 of 3 readings missing, the first on line 2; '3' counts instead" in finding.says
    _, (finding,) = one(Feature("w", sentinel=0, fill=2.5), "0", "-0.0", "1")
    assert "2 of 3 readings missing, the first on line 2; 2.5 counts instead" in finding.says


def test_words_that_meant_missing():
    with pytest.raises(TableError, match="line 2, column 'width': 'unknown' is text"):
        one(WIDTH, "unknown")
    for feature in (WIDTH, COLOUR):
        told = replace(feature, missing_words=("unknown",))
        assert np.isnan(one(told, " Unknown ")[0][0])


@pytest.mark.parametrize("cell", ["high", "inf", "1e39", "1,5"])
def test_a_cell_that_is_no_number(cell):
    table = table_of(colour=["no colour", "red"], width=["1", cell])
    with pytest.raises(TableError, match=r"dir/t\.csv, line 3, column 'width': "):
        known_columns(table, [COLOUR, WIDTH])


@given(st.lists(st.text(max_size=5), min_size=1, max_size=8))
def test_any_cell_of_a_category_is_read(cells):
    for feature in (COLOUR, SIZE, SMOKES):
        readings, _ = one(feature, *cells)
        known = {*feature.codes, feature.unknown_code, feature.sentinel}
        assert all(np.isnan(reading) or reading in known for reading in readings)
