"""A cell of an Arrow batch is spelled as in the Parquet file that is read whole."""

from __future__ import annotations

import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlp_edge.data.reading.read import read_table
from mlp_edge.errors import TableError
from mlp_edge.feature import Feature
from mlp_edge.streaming.arrow_parts import (
    Batch,
    batches_of,
    opened_parquet,
    part_of_batch,
    read_column,
    table_of,
    text_of,
)
from mlp_edge.streaming.parts import Reader

FLOATS = [0.1, 1, 1e-5, -0.0, 60000, float("nan"), float("inf"), None]
HALVES = np.array([0.1, 1, 1e-5, 65504], np.float16)
INSTANTS = [datetime(2020, 1, 2), datetime(2020, 7, 2, 3, 4, 5), None]
FRACTIONS = [*INSTANTS, datetime(2020, 7, 2, 3, 4, 5, 500000)]
CENTS = [Decimal("1.50"), Decimal("0.00"), Decimal("-0.05"), None]
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")

COLUMNS: dict[str, Any] = {
    "float16": pa.array(HALVES),
    "float32": pa.array(FLOATS, pa.float32()),
    "float64": pa.array([*FLOATS, 1e16, 1e300]),
    "decimal32": pa.array(CENTS, pa.decimal32(5, 2)),
    "decimal64": pa.array(CENTS, pa.decimal64(15, 2)),
    "decimal128": pa.array(CENTS, pa.decimal128(38, 2)),
    "small decimal": pa.array([Decimal("0.0000001")], pa.decimal128(12, 8)),
    "decimal256": pa.array(CENTS, pa.decimal256(20, 2)),
    "long decimal": pa.array(CENTS, pa.decimal256(50, 2)),
    **{kind: pa.array([0, 100, None], kind) for kind in INTEGERS},
    "bool": pa.array([True, False, None]),
    "date32": pa.array([date(2020, 1, 2), date(1, 1, 1), None]),
    "date64": pa.array([date(2020, 1, 2)], pa.date64()),
    "time of s": pa.array([3661, None], pa.time32("s")),
    "time of ms": pa.array([3661500, 3661000], pa.time32("ms")),
    "time of us": pa.array([3661500000], pa.time64("us")),
    "time of ns": pa.array([3661500000001, 3661500000000], pa.time64("ns")),
    **{
        f"timestamp of {unit} {zone}": pa.array(
            INSTANTS if unit == "s" else FRACTIONS, pa.timestamp(unit, zone)
        )
        for unit in ("s", "ms", "us", "ns")
        for zone in (None, "UTC", "Europe/Berlin")
    },
    "a nanosecond": pa.array([1577934245000000001], pa.timestamp("ns", "UTC")),
    "duration": pa.array([1500, None], pa.duration("ms")),
    "string": pa.array(["a", "é", "", None]),
    "large string": pa.array(["a", None], pa.large_string()),
    "string view": pa.array(["a", None], pa.string_view()),
    "binary": pa.array([b"a", "é".encode(), b"\\x", None]),
    "large binary": pa.array([b"a"], pa.large_binary()),
    "binary view": pa.array([b"a"], pa.binary_view()),
    "fixed binary": pa.array([b"abcd", None], pa.binary(4)),
    "null": pa.nulls(2),
    "words": pa.array(["b", None, "a", "b"]).dictionary_encode(),
    "encoded floats": pa.array([0.1, None, 0.1], pa.float32()).dictionary_encode(),
    "encoded instants": pa.array(FRACTIONS, pa.timestamp("us")).dictionary_encode(),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_whole_and_stream_agree_on_every_cell(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"x": COLUMNS[kind]}), path)
    whole = read_table(str(path)).cells["x"][:].tolist()
    [read] = batches_of(opened_parquet(path, "x"), 1, "x", 100)
    # As it comes from a file, and as an engine hands it over.
    for batch in (read, Batch(pa.record_batch({"x": COLUMNS[kind]}), 1)):
        column = batch.columns.column("x")
        assert table_of(batch, ["x"], "x").cells["x"][:].tolist() == whole
        assert text_of(column, len(column) - 1) == whole[-1]
        names = tuple(dict.fromkeys(cell for cell in whole if cell not in ("", "nan")))
        words = names or ("?",)
        feature = Feature("x", categories=words, codes=tuple(range(len(words))))
        codes, unknown = read_column(column, feature)
        assert not unknown.any()
        known = [cell in names for cell in whole]
        assert codes[known].tolist() == [names.index(cell) for cell in whole if cell in names]


def test_spellings() -> None:
    columns = {"float32": "0.1", "timestamp of us None": "2020-01-02 00:00:00", "bool": "true"}
    assert {kind: text_of(COLUMNS[kind], 0) for kind in columns} == columns
    assert text_of(COLUMNS["timestamp of ns Europe/Berlin"], 3) == "2020-07-02 03:04:05.5+00"


def test_an_instant_is_spelled_alike_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, column = tmp_path / "x.parquet", COLUMNS["timestamp of us UTC"]
    pq.write_table(pa.table({"x": column}), path)
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        whole, text = read_table(str(path)).cells["x"][0], text_of(column, 0)
    time.tzset()
    assert whole == text == "2020-01-02 00:00:00+00"


def test_bytes_that_are_no_text_are_refused_alike(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"x": pa.array([b"a\xff"])}), path)
    with pytest.raises(TableError, match=r"x.parquet: a Parquet file that cannot be read"):
        read_table(str(path))
    [batch] = batches_of(opened_parquet(path, "x.parquet"), 1, "x", 100)
    with pytest.raises(TableError, match=r"x.parquet: values that cannot be read as text, .*UTF8"):
        table_of(batch, ["x"], "x.parquet")
    with pytest.raises(TableError, match=r"column 'x': values that cannot be read as text, .*UTF8"):
        read_column(batch.columns.column("x"), Feature("x", categories=("a",), codes=(0,)))


@pytest.mark.parametrize("cells", [[[1]], [{"a": 1}]])
def test_several_values_in_a_cell_are_refused_alike(cells: list[Any], tmp_path: Path) -> None:
    path, says = tmp_path / "x.parquet", "column 'x' of type '.*' does not hold one number or word"
    columns = pa.table({"x": pa.array(cells)})
    pq.write_table(columns, path)
    with pytest.raises(TableError, match=says):
        read_table(str(path))
    with pytest.raises(TableError, match=says):
        opened_parquet(path, "x.parquet")
    reader = Reader([Feature("x")], False, "fail")
    with pytest.raises(TableError, match=says):
        part_of_batch(Batch(columns.to_batches()[0], 1), ["x"], "the rows", reader)
