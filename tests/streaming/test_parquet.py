"""Parquet files in and out, batch by batch."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlp_edge.api import streaming
from mlp_edge.api.predicting import predict_table
from mlp_edge.api.settings import PredictionSettings, Reading, StreamSettings
from mlp_edge.api.streamed_table import StreamedTable
from mlp_edge.errors import TableError
from mlp_edge.files.writing import csv_text
from mlp_edge.runtime.load import load
from mlp_edge.streaming import stream

NAMES = ["id", "area", "kind", "year", "rooms", "price"]


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "CELLS", 2000)
    monkeypatch.setattr(stream, "TEXTS", 2000)
    monkeypatch.setattr("mlp_edge.streaming.parquet_output.ROWS", 1000)


@pytest.fixture
def columns(rows: list[list[str]]) -> dict[str, Any]:
    """The homes, in types of Parquet."""
    identity, area, kind, year, rooms, price = zip(*rows, strict=True)
    return {
        "id": pa.array(identity),
        "area": pa.array([float(each) for each in area]),
        "kind": pa.array([each or None for each in kind]).dictionary_encode(),
        "year": pa.array([int(y) if y not in ("", "?") else None for y in year], pa.int16()),
        "rooms": pa.array([Decimal(each) for each in rooms], pa.decimal128(9, 1)),
        "price": pa.array(price),
        "day": pa.array([date(2020, 1, 1 + number % 28) for number in range(len(rows))]),
        "sold": pa.array([bool(number % 3) for number in range(len(rows))]),
    }


def streamed(model: Path, table: Path, out: Path | None, on_error: str = "fail") -> StreamedTable:
    settings, bulk = PredictionSettings(out=out), StreamSettings(on_error=on_error)
    return streaming.predict_stream(model, str(table), settings, bulk)


def test_parquet_to_csv_is_what_is_written_whole(
    scored: Path, columns: dict[str, Any], tmp_path: Path
) -> None:
    table = tmp_path / "homes.parquet"
    pq.write_table(pa.table(columns), table, row_group_size=700)
    found = streamed(scored, table, tmp_path / "streamed.csv")
    expected = predict_table(scored, str(table), PredictionSettings(out=tmp_path / "whole.csv"))
    assert (tmp_path / "streamed.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert found.findings == expected.findings
    assert found.compared() == expected.compared()


def test_parquet_to_parquet_keeps_the_columns(
    scored: Path, columns: dict[str, Any], tmp_path: Path
) -> None:
    table, out = tmp_path / "homes.parquet", tmp_path / "scored.parquet"
    given = pa.table(columns)
    pq.write_table(given, table, row_group_size=700)
    streamed(scored, table, out)
    got = pq.read_table(out)
    assert got.column_names == [*given.column_names, "probability", "label"]
    assert got.select(given.column_names).equals(given)
    values = predict_table(scored, str(table), PredictionSettings()).values[:, 0]
    assert got["probability"].type == pa.float32()
    np.testing.assert_array_equal(got["probability"].to_numpy(), values)
    with load(scored) as opened:
        labels = opened.card.labels
    assert got["label"].to_pylist() == [labels[int(v > 0.5)] for v in values]
    assert pq.ParquetFile(out).num_row_groups > 2


@pytest.mark.parametrize("quotes", [True, False])
def test_csv_to_parquet(quotes: bool, scored: Path, rows: list[list[str]], tmp_path: Path) -> None:
    table, out = tmp_path / "homes.csv", tmp_path / "scored.parquet"
    cells = [[*row[:5], f"{row[5]}, so"] if quotes else row for row in rows]
    table.write_text(csv_text([NAMES, *cells]))
    streamed(scored, table, out)
    got = pq.read_table(out)
    kinds = [str(each) for each in got.schema.types]
    assert kinds == ["string", "double", "string", "double", "double", "string", "float", "string"]
    assert got["area"].to_pylist() == [float(row[1]) for row in rows]
    assert got["kind"].to_pylist() == [row[2] for row in rows]
    assert got["year"].null_count == sum(row[3] in ("", "?") for row in rows)
    values = predict_table(scored, str(table), PredictionSettings()).values[:, 0]
    np.testing.assert_array_equal(got["probability"].to_numpy(), values)


@pytest.mark.parametrize("out", ["scored.parquet", "scored.csv"])
def test_bad_cells_by_their_row(
    out: str, scored: Path, columns: dict[str, Any], tmp_path: Path
) -> None:
    table = tmp_path / "homes.parquet"
    area = columns["area"].to_pylist()
    area[2999], area[3001] = float("inf"), 1e39
    pq.write_table(pa.table({**columns, "area": pa.array(area)}), table)
    says = "row 3000, column 'area': 'inf' is infinite; put a finite number there or remove the"
    with pytest.raises(TableError, match=says):
        streamed(scored, table, tmp_path / out)
    assert not (tmp_path / out).exists()
    found = streamed(scored, table, tmp_path / out, "skip")
    assert (found.rows, found.tally.skipped) == (4000, 2)
    assert [each.line for each in found.tally.bad] == [3000, 3002]
    found = streamed(scored, table, tmp_path / out, "null")
    assert (found.rows, found.tally.nulled) == (4000, 2)
    if out.endswith(".csv"):
        assert (tmp_path / out).read_text().splitlines()[3000].endswith(",nan,")
    else:
        got = pq.read_table(tmp_path / out)
        assert got["probability"].null_count == got["label"].null_count == 2
        assert got["probability"][2999].as_py() is None


def test_what_is_no_table(scored: Path, columns: dict[str, Any], tmp_path: Path) -> None:
    table = tmp_path / "homes.parquet"
    pq.write_table(pa.table({**columns, "x": pa.array([[1]] * 4000)}), table)
    with pytest.raises(
        TableError, match=r"homes.parquet: column 'x' of type 'list<.*does not hold"
    ):
        streamed(scored, table, None)
    pq.write_table(pa.table(columns), table)
    content = table.read_bytes()
    table.write_bytes(content[:-40] + b"\xff" * 32 + content[-8:])
    with pytest.raises(TableError, match="a Parquet file that cannot be read"):
        streamed(scored, table, None)
    pq.write_table(pa.table(columns).slice(0, 0), table)
    with pytest.raises(TableError, match="a Parquet file without rows"):
        streamed(scored, table, None)


def test_a_large_file_is_streamed(
    scored: Path, columns: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "homes.parquet"
    pq.write_table(pa.table(columns), table)
    words = (scored, str(table), PredictionSettings(out=tmp_path / "x.csv"), StreamSettings())
    whole = streaming.predict_any(*words, Reading())
    monkeypatch.setattr(streaming, "SMALL", 1000)
    found = streaming.predict_any(*words, Reading())
    assert (type(found), found.rows) == (StreamedTable, whole.rows)
