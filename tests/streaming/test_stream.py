"""What is predicted block by block is what is predicted whole, to the byte."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import mlp_edge.data.reading.blocks as blocks
from mlp_edge.api.predicting import predict_table
from mlp_edge.api.settings import PredictionSettings, Reading, StreamSettings
from mlp_edge.api.streamed_table import StreamedTable
from mlp_edge.api.streaming import predict_stream
from mlp_edge.errors import InputError, RecipeError, TableError
from mlp_edge.files.writing import csv_text
from mlp_edge.streaming import pipeline, text_parts

NAMES = ["id", "area", "kind", "year", "rooms", "price"]
LOSING = slice(1, 5)


pytestmark = pytest.mark.usefixtures("small_blocks")


def streamed(model: Path, table: Path, **given: Any) -> tuple[StreamedTable, bytes]:
    reading = Reading(**{name: given.pop(name) for name in ("sep", "decimal") if name in given})
    bulk = StreamSettings(**{n: given.pop(n) for n in ("on_error", "report") if n in given})
    out = given.pop("out", table.with_name("streamed.csv"))
    settings = PredictionSettings(out=out, **given)
    return predict_stream(model, str(table), settings, bulk, reading), out.read_bytes()


def whole(model: Path, table: Path, **given: Any) -> tuple[Any, bytes]:
    out = table.with_name("whole.csv")
    reading = Reading(**{name: given.pop(name) for name in ("sep", "decimal") if name in given})
    settings = PredictionSettings(out=out, **given)
    return predict_table(model, str(table), settings, reading), out.read_bytes()


def quoted(rows: Sequence[Sequence[str]]) -> str:
    return csv_text([[*row[:5], f'{row[5]}, "so" they\nsay'] for row in rows])


def without_kinds(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[*row[:2], "flat", *row[3:]] for row in rows]


def joined(rows: Sequence[Sequence[str]], mark: str = ",", end: str = "\n") -> str:
    return "".join(mark.join(row) + end for row in rows)


TABLES: dict[str, Callable[[list[list[str]]], str]] = {
    "plain": lambda rows: joined([NAMES, *rows]),
    "crlf": lambda rows: joined([NAMES, *rows], end="\r\n"),
    "no end": lambda rows: joined([NAMES, *rows])[:-1],
    "quotes": lambda rows: joined([NAMES]) + quoted(rows),
    "semicolons": lambda rows: joined([NAMES, *rows], ";"),
    "decimal commas": lambda rows: joined([NAMES, *rows], ";").replace(".", ","),
    "tabs": lambda rows: joined([NAMES, *rows], "\t"),
    "commas in cells": lambda rows: joined([NAMES, *rows], ";").replace("h", "h,"),
    "blank lines": lambda rows: joined([NAMES, *rows], end="\n\n"),
    "other spellings": lambda rows: joined([NAMES, *rows]).replace("1950", "+1950.0"),
    "single quotes": lambda rows: joined([NAMES, *([f"'{r[0]}'", *r[1:]] for r in rows)]),
    "by place": lambda rows: joined([row[1:] for row in rows]),
    "names again": lambda rows: joined([["probability", *NAMES[1:]], *rows]),
}


@pytest.mark.parametrize("arrow", [True, False])
@pytest.mark.parametrize("kind", TABLES)
def test_a_stream_has_the_bytes_of_the_whole(
    kind: str,
    arrow: bool,
    scored: Path,
    rows: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text_parts, "installed", lambda _: arrow)
    table = tmp_path / "homes.csv"
    table.write_text(TABLES[kind](rows if arrow else rows[:1200]), newline="")
    found, got = streamed(scored, table)
    expected, wanted = whole(scored, table)
    assert got == wanted
    assert found.findings == expected.findings
    assert found.rows == expected.rows == len(expected.values)
    assert found.compared() == expected.compared()


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("size", [1 << 12, 50_001])
def test_neither_threads_nor_blocks_change_a_bit(
    workers: int,
    size: int,
    scored: Path,
    rows: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = tmp_path / "homes.csv"
    table.write_text(TABLES["plain"](rows))
    _, wanted = whole(scored, table)
    monkeypatch.setattr(blocks, "BLOCK", size)
    monkeypatch.setattr(pipeline, "threads", lambda: workers)
    assert streamed(scored, table)[1] == wanted


def test_a_spreadsheet_computes_nothing(
    scored: Path, rows: list[list[str]], tmp_path: Path
) -> None:
    table = tmp_path / "homes.csv"
    table.write_text(joined([NAMES, *([f"=A{i}", *row[1:]] for i, row in enumerate(rows))]))
    _, got = streamed(scored, table, spreadsheet_safe=True)
    assert got == whole(scored, table, spreadsheet_safe=True)[1]
    assert b"\n'=A3000," in got


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_files_are_packed_by_their_suffix(
    suffix: str, scored: Path, rows: list[list[str]], tmp_path: Path
) -> None:
    table = tmp_path / "homes.csv.gz"
    table.write_bytes(gzip.compress(TABLES["plain"](rows).encode()))
    _, got = streamed(scored, table, out=tmp_path / f"scored.csv{suffix}")
    _, wanted = whole(scored, table)
    if suffix == ".gz":
        assert gzip.decompress(got) == wanted
    else:
        with pa.CompressedInputStream(pa.BufferReader(got), "zstd") as file:
            assert file.read() == wanted


# Bad rows


@pytest.fixture
def spoilt(rows: list[list[str]], tmp_path: Path) -> Path:
    """A table with a word among numbers on lines 3000 and 3002, a short line 3001."""
    lines = joined([NAMES, *rows]).splitlines()
    lines[2999] = lines[2999].replace(f",{rows[2998][1]},", ",wide,")
    lines[3000] = "h3000,1"
    lines[3001] = lines[3001].rpartition(",")[0].rpartition(",")[0] + ",inf,dear"
    path = tmp_path / "homes.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_bad_row_ends_the_work(scored: Path, spoilt: Path) -> None:
    says = "line 3000, column 'area': 'wide' is text where a number belongs"
    with pytest.raises(TableError, match=says):
        streamed(scored, spoilt)
    spoilt.write_text(spoilt.read_text().replace(",wide,", ",7,"))
    with pytest.raises(TableError, match="line 3001: 2 cells where line 1 has 6"):
        streamed(scored, spoilt)
    spoilt.write_text(spoilt.read_text().replace("\nh3000,1\n", "\n"))
    with pytest.raises(TableError, match="line 3001, column 'rooms': 'inf' is infinite"):
        streamed(scored, spoilt)
    assert [path.name for path in spoilt.parent.iterdir()] == ["homes.csv"]


def test_bad_rows_are_left_out(scored: Path, spoilt: Path, rows: list[list[str]]) -> None:
    found, got = streamed(scored, spoilt, on_error="skip")
    assert (found.rows, found.tally.skipped, found.tally.nulled) == (4000, 3, 0)
    assert found.bad_rows() == [
        "3 rows left out",
        f"{spoilt}, line 3000, column 'area': 'wide' is text where a number belongs",
        f"{spoilt}, line 3001: 2 cells where 6 belong",
        f"{spoilt}, line 3002, column 'rooms': 'inf' is infinite; put a finite number there or "
        "remove the line",
    ]
    told = found.to_dict()["columns"]
    assert {name: each["bad"] for name, each in told.items() if each["bad"]} == {
        "area": 1, "rooms": 1,
    }  # fmt: skip
    kept = [*rows[:2998], *rows[3001:]]
    assert found.written == len(kept)
    spoilt.write_text(joined([NAMES, *kept]))
    assert got == whole(scored, spoilt)[1]


def test_bad_rows_are_kept_without_a_prediction(
    scored: Path, spoilt: Path, rows: list[list[str]]
) -> None:
    with pytest.raises(TableError, match="line 3001: 2 cells where line 1 has 6"):
        streamed(scored, spoilt, on_error="null")
    spoilt.write_text(spoilt.read_text().replace("\nh3000,1\n", "\n"))
    found, got = streamed(scored, spoilt, on_error="null")
    assert (found.rows, found.tally.skipped, found.tally.nulled) == (3999, 0, 2)
    assert found.bad_rows()[0] == "2 rows without a prediction"
    told = found.to_dict()["columns"]
    for name, column in (("area", 1), ("rooms", 4)):
        empty = sum(row[column] in ("", "?", "-1") for row in rows)
        assert (told[name]["bad"], told[name]["missing"]) == (1, empty)
    lines = got.decode().splitlines()
    assert lines[2999].startswith("h2998,wide,")
    assert lines[2999].endswith(",nan,")
    assert lines[3000].endswith(",inf,dear,nan,")
    assert len(lines) == 4000


def test_what_becomes_of_bad_rows_is_one_of_three() -> None:
    with pytest.raises(RecipeError, match="`on_error='ignore'` is not one of fail, skip, null"):
        StreamSettings(on_error="ignore")


# Counts


def test_counts_of_each_column(scored: Path, rows: list[list[str]], tmp_path: Path) -> None:
    table = tmp_path / "homes.csv"
    table.write_text(TABLES["plain"](rows))
    settings = PredictionSettings()
    found = predict_stream(scored, str(table), settings, StreamSettings(report=True))
    told = found.to_dict()["columns"]
    years = [row[3] for row in rows]
    missing = sum(year in ("", "?", "-1") for year in years)
    assert told["year"] == {
        "missing": missing, "unknown": None, "out_of_range": years.count("2050"),
        "bad": 0, "low": 1900.0, "high": 2020.0,
    }  # fmt: skip
    kinds = [row[2] for row in rows]
    assert told["kind"]["unknown"] == kinds.count("tent")
    assert told["kind"]["missing"] == kinds.count("") + kinds.count("NA")
    assert told["area"]["out_of_range"] == sum(float(row[1]) > 500 for row in rows)
    [sheet] = found.sheets()
    assert sheet.rows[2] == (
        "year",
        f"{missing:,}",
        "",
        f"{years.count('2050'):,}",
        "0",
        "1900 to 2020",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["homes.csv"]


def test_a_name_that_promises_what_is_not_written(scored: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"scored.parquet would do"):
        streamed(scored, tmp_path / "homes.csv", out=tmp_path / "scored.parquet.gz")
