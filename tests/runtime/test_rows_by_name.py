"""Rows as programs hold them: by name where they have names, by place where they have none."""

from __future__ import annotations

import sqlite3
import tracemalloc
import warnings
from collections import namedtuple
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import encoded, network

import mlp_edge
from mlp_edge.card import Card
from mlp_edge.errors import InputError
from mlp_edge.feature import Feature
from mlp_edge.runtime.few_rows import FEW, FewRows
from mlp_edge.runtime.given import readings

FEATURES = (
    Feature("mass", 1.0, 90.0, sentinel=0.0, fill=70.5, missing_words=("tba",)),
    Feature("colour", categories=("red", "green", "blue"), codes=(3, 0, -7)),
    Feature("age", 0.0, 99.0),
    Feature("smokes", categories=("no", "yes"), codes=(0, 1)),
    Feature("size", categories=("1", "0", "0.5"), codes=(0, 1, 2)),
)
CARD = Card.of(encoded(FEATURES))
UNKNOWN = FEATURES[1].unknown_code
COLUMNS: dict[str, list[Any]] = {
    "size": [0.5, 1, 0],
    "age": [1, 99, 2.25],
    "remark": ["a", None, "c"],
    "smokes": [True, False, True],
    "colour": ["red", None, "blue"],
    "mass": [None, 2.5, 3],
}
RIGHT = np.array([[np.nan, 3, 1, 1, 2], [2.5, np.nan, 99, 0, 0], [3, -7, 2.25, 1, 1]], np.float32)
RECORDS = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]
Row = namedtuple("Row", COLUMNS)  # type: ignore[misc]


def structured(masked: bool = False) -> Any:
    kinds = [("remark", "U4"), ("size", "f4"), ("age", "f8"), ("smokes", "?"), ("colour", "U8"),
             ("mass", "f8")]  # fmt: skip
    rows = [
        tuple("" if row[name] is None and kind[0] == "U" else np.nan if row[name] is None
              else row[name] for name, kind in kinds)
        for row in RECORDS
    ]  # fmt: skip
    array = np.array(rows, kinds)
    if not masked:
        return array
    array["mass"][0] = 5
    array["colour"][1] = "red"
    hidden = np.zeros(3, [(name, "?") for name, _ in kinds])
    hidden["mass"][0] = hidden["colour"][1] = True
    return np.ma.array(array, mask=hidden)


def database() -> list[sqlite3.Row]:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.execute("create table t (size, age, smokes, colour, mass)")
    connection.executemany("insert into t values (:size, :age, :smokes, :colour, :mass)", RECORDS)
    return connection.execute("select mass, colour, size, age, smokes from t").fetchall()


def relation() -> Any:
    frame = duckdb.from_df(pd.DataFrame(COLUMNS))
    return frame.project("mass, colour, size, age, smokes, remark")


NAMED: dict[str, Callable[[], Any]] = {
    "dict of lists": lambda: COLUMNS,
    "dict of arrays": lambda: {name: np.array(column) for name, column in COLUMNS.items()},
    "list of dicts": lambda: RECORDS,
    "dicts in other orders": lambda: [dict(reversed(RECORDS[0].items())), *RECORDS[1:]],
    "tuple of dicts": lambda: tuple(RECORDS),
    "named tuples": lambda: [Row(**record) for record in RECORDS],
    "rows of a database": database,
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "pandas, names of others": lambda: pd.DataFrame(COLUMNS).assign(
        column_names=1, column=2, fetchnumpy=3, dtype=4, keys=5
    ),
    "pandas, NA": lambda: pd.DataFrame(COLUMNS).convert_dtypes(),
    "pandas, categorical": lambda: pd.DataFrame(COLUMNS).astype({"colour": "category"}),
    "pandas, another index": lambda: pd.DataFrame(COLUMNS, index=[7, 7, 3]),
    "pandas, NaT": lambda: pd.DataFrame({**COLUMNS, "mass": [pd.NaT, 2.5, 3]}),
    "pandas, objects": lambda: pd.DataFrame(COLUMNS, dtype=object),
    "rows of pandas": lambda: [row for _, row in pd.DataFrame(COLUMNS).iterrows()],
    "tuples of pandas": lambda: list(pd.DataFrame(COLUMNS).itertuples()),
    "records of pandas": lambda: pd.DataFrame(COLUMNS).to_records(),
    "DuckDB": relation,
    "Arrow": lambda: pyarrow.table(COLUMNS),
    "Arrow, in chunks": lambda: pyarrow.concat_tables(
        [pyarrow.table(COLUMNS).slice(0, 1), pyarrow.table(COLUMNS).slice(1)]
    ),
    "Arrow, with dictionaries": lambda: pyarrow.table(
        {name: pyarrow.array(column).dictionary_encode() for name, column in COLUMNS.items()}
    ),
    "Polars, categorical": lambda: polars.DataFrame(COLUMNS, strict=False).cast(
        {"colour": polars.Categorical}
    ),
    "Polars": lambda: polars.DataFrame(COLUMNS, strict=False),
    "structured": structured,
    "structured, masked": lambda: structured(masked=True),
    "structured, a list": lambda: list(structured()),
    "masked columns": lambda: {
        **COLUMNS,
        "mass": np.ma.array([1, 2.5, 3], mask=[1, 0, 0]),
        "colour": np.ma.array(["red", "red", "blue"], mask=[0, 1, 0]),
    },
    "texts, as of csv.DictReader": lambda: {
        name: ["" if cell is None else {True: "Yes", False: "no"}.get(cell, str(cell))
               if name == "smokes" else str(cell) for cell in column]
        for name, column in COLUMNS.items()
    },
    "other words": lambda: {
        **COLUMNS, "mass": ["tba", " 2.5 ", b"3"], "colour": ["red", "NA", " blue"],
    },
    "decimals": lambda: {**COLUMNS, "mass": [Decimal("nan"), Decimal("2.5"), np.int8(3)]},
}  # fmt: skip


@pytest.mark.parametrize("make", NAMED.values(), ids=NAMED)
def test_what_has_names_is_read_by_name(make: Callable[[], Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = readings(make(), CARD)
    assert got.dtype == np.float32
    assert got.flags.c_contiguous
    np.testing.assert_array_equal(got, RIGHT)


CODES = [[np.nan, 3, 1, 1, 2], [2.5, np.nan, 99, 0, 0], [3, -7, 2.25, 1, 1]]
MIXED = [[None, "red", 1, "yes", 2], [2.5, "", 99, "NO", 0], [3, "blue", 2.25, "yes", 1]]
PLACED: dict[str, Callable[[], Any]] = {
    "lists": lambda: CODES,
    "None": lambda: [[None if value != value else value for value in row] for row in CODES],
    "float64": lambda: np.array(CODES),
    "Fortran": lambda: np.asfortranarray(CODES),
    "objects": lambda: np.array(CODES, object),
    "masked": lambda: np.ma.masked_invalid(np.array(CODES)),
    "masked rows": lambda: list(np.ma.masked_invalid(np.array(CODES))),
    "masked integers": lambda: np.ma.array(
        [[5, 3, 1, 1, 2], [2, 5, 99, 0, 0]], mask=[[1, 0, 0, 0, 0], [0, 1, 0, 0, 0]]
    ),
    "names of categories": lambda: MIXED,
    "arrays of them": lambda: np.array(MIXED, object),
    "texts": lambda: np.array([["", "red", "1", "yes", "0.5"], ["2.5", "?", "99", "no", "1"]]),
    "NA": lambda: [[pd.NA, 3, 1, 1, 2], [2.5, pd.NaT, 99, 0, 0]],
    "numbered columns of pandas": lambda: pd.DataFrame(CODES),
    "an array of pandas": lambda: pd.DataFrame(CODES, columns=list("vwxyz")).to_numpy(),
}


@pytest.mark.parametrize("make", PLACED.values(), ids=PLACED)
def test_what_has_no_names_goes_by_place(make: Callable[[], Any]) -> None:
    got = readings(make(), CARD)
    right = RIGHT[: len(got)].copy()
    if right[1, 0] != got[1, 0]:
        right[1, 0] = 2  # the integers among them
    np.testing.assert_array_equal(got, right)


def test_numbers_of_columns_are_names_where_the_features_have_them() -> None:
    card = Card.of(encoded((Feature("1"), Feature("0"))))
    frame = pd.DataFrame([[10.0, 11.0]])
    assert readings(frame, card).tolist() == [[11, 10]]
    card = Card.of(encoded((Feature("a"), Feature("b"))))
    assert readings(frame, card).tolist() == [[10, 11]]
    with pytest.raises(InputError, match=r"rows without 'a', 'b'.*they have 1, 0"):
        readings(frame[[1, 0]], card)


WITHOUT = {name: column for name, column in COLUMNS.items() if name not in ("mass", "colour")}
LACKS = (
    "rows without 'mass', 'colour', which net takes; they have 'size', 'age', 'remark', 'smokes'. "
    "What has names is read by name; a plain array goes by place"
)
TWICE = pd.concat([pd.DataFrame(COLUMNS), pd.DataFrame({"age": [1, 2, 3]})], axis=1)
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "a dict": (lambda: WITHOUT, LACKS),
    "pandas": (lambda: pd.DataFrame(WITHOUT), LACKS),
    "Arrow": (lambda: pyarrow.table(WITHOUT), LACKS),
    "dicts": (
        lambda: [{name: record[name] for name in WITHOUT} for record in RECORDS], LACKS,
    ),
    "as many columns": (
        lambda: pd.DataFrame({name: [1.0] for name in "abcde"}), "they have 'a', 'b', 'c'",
    ),
    "another case": (lambda: pd.DataFrame(COLUMNS).rename(columns=str.upper), "they have 'SIZE'"),
    "levels of names": (
        lambda: pd.DataFrame([[1.0]], columns=pd.MultiIndex.from_tuples([("a", "b")])),
        "they have ('a', 'b')",
    ),
    "twice": (lambda: TWICE, "rows have two columns 'age'"),
    "a row that lacks one": (
        lambda: [*RECORDS, {"age": 1}], "row 3 has the names 'age', row 0 'size', 'age'",
    ),
    "a row without names": (lambda: [*RECORDS, [1, 2, 3]], "row 3 has the names none"),
    "nothing": (dict, "the shape (0, 0); net takes (n, 5)"),
    "too few numbered": (lambda: pd.DataFrame(np.zeros((2, 4))), "the shape (2, 4)"),
    "one row": (lambda: [1, 2, 3, 4, 5], "the shape (5,)"),
    "a column": (lambda: pd.DataFrame(COLUMNS)["age"], "the shape (3,)"),
    "a row of pandas": (lambda: pd.DataFrame(COLUMNS).iloc[0], "the shape (6,)"),
    "cells beside columns": (
        lambda: {**COLUMNS, "mass": 1.0}, "'mass' has the shape (); one cell per row",
    ),
    "one row that lacks two": (
        lambda: {name: column[0] for name, column in WITHOUT.items()}, LACKS,
    ),
    "columns of lists": (
        lambda: {**COLUMNS, "mass": [[1, 2]] * 3}, "'mass' has the shape (3, 2)",
    ),
    "columns of other lengths": (
        lambda: {**COLUMNS, "age": [1, 2]}, "'age' has 2 rows, 'mass' 3",
    ),
    "one record": (lambda: structured()[:1].reshape(()), "a structured array of the shape ()"),
    "text": (
        lambda: {**COLUMNS, "age": ["1", "old", "2"]}, "'age', row 1: 'old' is not a number",
    ),
    "an infinite text": (lambda: {**COLUMNS, "age": ["1", "2", "inf"]}, "row 2: 'inf' is not"),
    "digits of another script": (lambda: {**COLUMNS, "age": ["1", "2", "٣"]}, "is not a number"),
    "a date": (
        lambda: {**COLUMNS, "age": pd.to_datetime(["2024-01-31"] * 3)}, "'age', row 0: ",
    ),
    "a duration": (lambda: {**COLUMNS, "age": pd.to_timedelta([1, 2, 3])}, "'age', row 0: "),
    "complex numbers": (lambda: np.zeros((2, 5), complex), "'mass', row 0: "),
    "dates by place": (lambda: np.zeros((2, 5), "M8[s]"), "'mass', row 0: "),
    "a huge integer": (lambda: {**COLUMNS, "age": [1, 2, 10**400]}, "'age', row 2: "),
    "what cannot be read": (
        lambda: type("Lazy", (), {"columns": list(COLUMNS), "__getitem__": lambda *_: 1 / 0})(),
        "'mass' cannot be read (division by zero)",
    ),
    "another protocol": (
        lambda: type("Stream", (), {"__arrow_c_stream__": None})(),
        "a Stream cannot be read as rows here; a data frame of pandas or Polars",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_in_a_sentence(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        readings(make(), CARD)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [lambda: COLUMNS, lambda: pd.DataFrame(COLUMNS)])
def test_an_unknown_category_is_none_of_them_and_said(make: Callable[[], Any]) -> None:
    given = make()
    given = {name: list(given[name]) for name in COLUMNS} | {"colour": ["pink", "Red", 3]}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        got = readings(given, CARD)
    assert got[:, 1].tolist() == [UNKNOWN] * 3
    [warning] = caught
    assert str(warning.message) == (
        "column 'colour': 3 of 3 rows with a category that the model does not know, the first "
        "'pink' in row 0; it knows 'red', 'green', 'blue', and none of them counts"
    )
    with pytest.warns(UserWarning, match="the first 'pink' in row 0"):
        assert readings([[1, "pink", 1, 0, 0]], CARD)[0, 1] == UNKNOWN


@pytest.mark.parametrize("named", [True, False])
def test_a_long_text_gives_no_other_cell_its_room(named: bool) -> None:
    names = ["mass", "colour", "age", "smokes", "size"]
    rows = [["1", "red", "1", "no", "1"]] * 999 + [["1", "x" * 100_000, "1", "no", "1"]]
    given = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    tracemalloc.start()
    try:
        assert readings(given if named else rows, CARD, quiet=True).shape == (1000, 5)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_no_row_has_no_reading() -> None:
    for none in (pd.DataFrame(COLUMNS).iloc[:0], {name: [] for name in COLUMNS}, np.zeros((0, 5))):
        assert readings(none, CARD).shape == (0, 5)


def test_a_model_takes_a_frame_in_any_order(pima: Path) -> None:
    with mlp_edge.load(pima / "exports" / "pima.onnx") as model:
        rows = np.arange(16, dtype=np.float32).reshape(2, 8)
        frame = pd.DataFrame(rows, columns=model.card.names).assign(diabetes=1)
        right = model.predict(rows)
        assert not np.array_equal(model.predict(rows[:, ::-1]), right)
        np.testing.assert_array_equal(model.predict(frame[frame.columns[::-1]]), right)
        labels = model.predict_labels(rows)
        assert model.predict_labels(frame[frame.columns[::-1]]) == labels
        frame.loc[0, "glucose"] = None
        assert model.predict_labels(frame) == [None, labels[1]]


# A few dicts


@pytest.mark.parametrize("place", range(3))
def test_one_dict_is_one_row(place: int) -> None:
    np.testing.assert_array_equal(readings(RECORDS[place], CARD), RIGHT[place : place + 1])


NUMBERS = st.one_of(
    st.none(), st.floats(), st.integers(-(2**70), 2**70), st.sampled_from(["1", ""])
)
NAMES = st.sampled_from(["red", "green", " Red ", "pink", "", None, 3])
ROW = st.fixed_dictionaries(
    {"size": st.sampled_from(["1", "0.5", 1, 0.5, None]), "age": NUMBERS, "mass": NUMBERS,
     "smokes": st.sampled_from(["yes", "NO", True, 1, None]), "colour": NAMES},
    optional={"remark": st.just("x")},
)  # fmt: skip


LISTED = st.tuples(NUMBERS, NAMES, NUMBERS, NAMES, st.sampled_from(["1", 1, 7, None])).map(list)


@given(st.lists(ROW, min_size=1, max_size=3) | st.lists(LISTED, min_size=1, max_size=3))
@settings(max_examples=300)
def test_a_few_rows_are_read_as_many_are(rows: list[Any]) -> None:
    found = FewRows(CARD).read(rows)
    if found is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            np.testing.assert_array_equal(found, readings(rows, CARD))


NUMERIC = Card.of(network((3, 2, 1)))


@given(st.lists(st.lists(NUMBERS | st.floats(), min_size=3, max_size=3), min_size=1, max_size=3))
@settings(max_examples=200)
def test_a_few_rows_of_numbers_alone_are_read_as_many_are(rows: list[Any]) -> None:
    few = FewRows(NUMERIC)
    found, named = (
        few.read(rows),
        few.read([dict(zip(NUMERIC.names, row, strict=True)) for row in rows]),
    )
    if found is not None and named is not None:
        np.testing.assert_array_equal(found, readings(rows, NUMERIC))
        np.testing.assert_array_equal(found, named)
    assert few.read([[1.0, 2.0]]) is None


PLAIN: dict[str, Any] = {"size": "1", "age": 4, "remark": "", "smokes": "no", "colour": "blue",
                         "mass": 2.5}  # fmt: skip


def test_plain_dicts_take_the_fast_way() -> None:
    few = FewRows(CARD)
    row = np.array([[2.5, -7, 4, 0, 0]], np.float32)
    for rows in (PLAIN, [PLAIN] * FEW):
        found = few.read(rows)
        assert found is not None
        np.testing.assert_array_equal(found, np.repeat(row, len(found), axis=0))
    listed = few.read([[2.5, "blue", 4, 0, "1"], [2.5, -7, 4, "no", 0]])
    assert listed is not None
    np.testing.assert_array_equal(listed, np.repeat(row, 2, axis=0))
    missing = few.read({**PLAIN, "age": None, "mass": 1e300})
    assert missing is not None
    np.testing.assert_array_equal(missing, np.array([[np.inf, -7, np.nan, 0, 0]], np.float32))


@pytest.mark.parametrize(
    "rows",
    [
        {**PLAIN, "colour": "pink"},
        {**PLAIN, "age": "4"},
        {**PLAIN, "age": True},
        {**PLAIN, "age": 2**53 + 1},
        {**PLAIN, 1: 2},
        {name: cell for name, cell in PLAIN.items() if name != "age"},
        [PLAIN, {**PLAIN, "more": 1}],
        [PLAIN, [1, 2, 3, 4, 5]],
        [[1, 2, 3, 4, 5], PLAIN],
        [[1, 2, 3, 4]],
        [[1, "pink", 3, 4, 5]],
        [["1", 2, 3, 4, 5]],
        [PLAIN] * (FEW + 1),
        [],
        COLUMNS,
    ],
)
def test_what_needs_a_second_look_gets_it(rows: Any) -> None:
    assert FewRows(CARD).read(rows) is None
