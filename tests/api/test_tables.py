"""What counts as a table: files, and what pandas, Polars, Arrow and NumPy hold."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mlp_edge.api.tables import Reading, read_any, saved_source
from mlp_edge.data.reading.read import read_table
from mlp_edge.data.table import Table
from mlp_edge.errors import InputError, RecipeError, TableError

FRAME = pd.DataFrame(
    {
        "float32": np.array([0.1, np.nan, 3], np.float32),
        "float64": [1e22, 0.1, np.nan],
        "uint8": np.array([0, 7, 255], np.uint8),
        "nullable": pd.array([1, None, 2**53 + 1], "Int64"),
        "bool": [True, False, True],
        "maybe": pd.array([True, None, False], "boolean"),
        "category": pd.Categorical(["x", "y", None]),
        "code": pd.Categorical([1, 2, 1]),
        "text": pd.array(["a, b", None, 'é"'], "string"),
        "date": pd.to_datetime(["2020-01-01", None, "2021-02-03"]),
        "time": pd.to_datetime(["2020-01-01 10:00", "2020-01-02 00:00", "2021-02-03 01:02"]),
    },
    index=[7, 7, 9],
)


def cells(table: Table) -> dict[str, list[str]]:
    return {name: table.column(name).tolist() for name in table.columns}


def test_a_frame_is_what_its_csv_is(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "frame.csv", index=False)
    read = read_any(FRAME)
    assert cells(read) == cells(read_table(str(tmp_path / "frame.csv")))
    assert read.source == "pandas DataFrame"
    assert read.place(1, "text") == "pandas DataFrame, row 2, column 'text'"


def test_three_libraries_hold_one_table() -> None:
    tables = [FRAME, pl.from_pandas(FRAME), pa.Table.from_pandas(FRAME, preserve_index=False)]
    first, *others = map(read_any, tables)
    assert [cells(each) for each in others] == [cells(first)] * 2
    assert {each.sha256 for each in others} == {first.sha256}
    assert [each.source for each in others] == ["Polars DataFrame", "Arrow table"]


def test_arrays_with_names() -> None:
    structured = np.array([(1, 2.5, "a"), (2, np.nan, "")], [("x", "i4"), ("y", "f4"), ("z", "U3")])
    assert cells(read_any(structured)) == {"x": ["1", "2"], "y": ["2.5", ""], "z": ["a", ""]}
    array = np.array([[1, 0.1], [3, np.nan]], np.float32)
    named = read_any((array, ["p", " q "]))
    assert cells(named) == {"p": ["1.0", "3.0"], "q": ["0.1", ""]}
    objects = np.array([["a", None], [1, float("nan")]], object)
    assert cells(read_any((objects, ("p", "q")))) == {"p": ["a", "1"], "q": ["", ""]}
    masked = np.ma.masked_equal(np.array([[1, 2], [3, 1]]), 1)
    assert cells(read_any((masked, ("p", "q")))) == {"p": ["", "3"], "q": ["2", ""]}
    times = np.array([("2020-01-01",), ("NaT",)], [("when", "M8[ns]")])
    assert cells(read_any(times)) == {"when": ["2020-01-01", ""]}


def test_another_row_or_name_is_another_digest() -> None:
    one, two = (read_any((np.array([[1.0], [value]]), ["a"])) for value in (2, 3))
    assert one.sha256 != two.sha256 != read_any((np.array([[1.0], [3.0]]), ["b"])).sha256


def test_a_path_is_read_as_the_settings_say(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a;b\n1,5;2\n2,5;3\n")
    read = read_any(path, Reading(sep=";", decimal=",", max_bytes="1K"))
    assert read.numbers("a").tolist() == [1.5, 2.5]
    with pytest.raises(TableError, match="more than 8"):
        read_any(path, Reading(max_bytes="8"))
    assert read_any("iris").rows == 150


NAMELESS = np.zeros((3, 2))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pd.DataFrame({"a": [1], 0: [2]}), "the column name '0' is no text but int"),
        (pd.DataFrame(NAMELESS, columns=["a", "a "]), "more than one column is called 'a'"),
        (pd.DataFrame({"a\udc9b": [1]}), "half a character"),
        (pd.DataFrame({"a": np.array(["\udc9b"], object)}, dtype=object), "column 'a': a text"),
        (pd.DataFrame({"a": [[1], [2]]}), "column 'a': a value of type list is no number"),
        (pd.DataFrame({"a": pd.to_timedelta([1, 2])}), "Timedelta is no number"),
        (pd.DataFrame({"a": [1j]}), "complex is no number"),
        (pl.DataFrame({"a": [b"x"]}), "Polars DataFrame, column 'a': a value of type bytes"),
        (pa.table({"a": [{"b": 1}]}), "Arrow table, column 'a': a value of type dict"),
        (pd.DataFrame({"a": []}), "no rows or no columns"),
        (pd.DataFrame(index=[1, 2]), "no rows or no columns"),
        (pl.DataFrame({"a": [1]}).lazy(), "LazyFrame is no table; a path, a pandas"),
        (pd.Series([1, 2]), "Series is no table"),
        (NAMELESS, "ndarray is no table"),
        ((NAMELESS, ["a"]), "1 names for 2 columns"),
        ((NAMELESS, "ab"), "takes an array"),
        (io.StringIO("a,b"), "StringIO is no table"),
        (None, "NoneType is no table"),
    ],
)  # fmt: skip
def test_what_is_no_table(table: Any, said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        read_any(table)
    assert "\n" not in str(refused.value)


def test_how_a_file_is_written_says_nothing_about_a_frame() -> None:
    with pytest.raises(RecipeError, match="`decimal` says how a file is read; leave it out for a"):
        read_any(FRAME, Reading(decimal=","))


@pytest.mark.parametrize("source", ["standard input", "pandas DataFrame", "NumPy array"])
def test_a_table_that_is_gone(source: str) -> None:
    with pytest.raises(InputError, match=f"m: its table, {source}, cannot be read again"):
        saved_source(source, "m")
    assert saved_source("t.csv", "m") == "t.csv"
