"""Lines that are no rows of their table, wherever they stand: left out, or refused by the first."""

from __future__ import annotations

import codecs
import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import mlp_edge.data.reading.blocks as blocks
from mlp_edge.api import streaming
from mlp_edge.api.predicting import predict_table
from mlp_edge.api.settings import GUESSED, PredictionSettings, Reading, StreamSettings
from mlp_edge.api.streamed_table import StreamedTable
from mlp_edge.data.reading import read, source
from mlp_edge.data.reading.cells import split_cells
from mlp_edge.errors import TableError
from mlp_edge.streaming import pipeline, text_parts

NAMES = "id,area,kind,year,rooms,price"
WIDE = "h,wide,flat,1950,3,dear"
FEW, FEW_TOLD = "h,1", "2 cells where 6 belong"
Lines = list[str]


pytestmark = pytest.mark.usefixtures("small_blocks")


@pytest.fixture
def lines(rows: list[list[str]]) -> Lines:
    return [NAMES, *(",".join(row) for row in rows[:1500])]


def streamed(model: Path, table: Path, on_error: str, out: str = "out.csv") -> StreamedTable:
    settings = PredictionSettings(out=table.with_name(out))
    return streaming.predict_stream(
        model, str(table), settings, StreamSettings(on_error=on_error), GUESSED
    )


def written(lines: Lines, place: Path, end: str = "\n") -> Path:
    place.write_text(end.join(lines) + end, newline="")
    return place


def without(lines: Lines, *numbers: int) -> Lines:
    return [line for number, line in enumerate(lines, 1) if number not in numbers]


def spoilt(lines: Lines, odd: dict[int, str]) -> Lines:
    """The lines with others in some places, counted from 1."""
    return [odd.get(number, line) for number, line in enumerate(lines, 1)]


ODD = {
    "too few cells": (FEW, FEW_TOLD),
    "one cell": ("h", "1 cell where 6 belong"),
    "too many": (f"{WIDE},9,9", "8 cells where 6 belong"),
    "a broken quote": ('h,1,"fl"at,1950,3,dear', "a quote mark that ends a cell before its end"),
    "the header": (NAMES.upper(), "the header of line 1 again"),
    "a long cell": (
        f"h,1,{'x' * 131_073},1950,3,dear",
        "a cell of 131,073 characters where at most 131,072 are read",
    ),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_lines_are_left_out(kind: str, scored: Path, lines: Lines, tmp_path: Path) -> None:
    line, says = ODD[kind]
    places = (2, 9, 1200, 1500)  # the first row, one of the head, one far below, the last
    table = written(spoilt(lines, dict.fromkeys(places, line)), tmp_path / "homes.csv")
    found = streamed(scored, table, "skip")
    assert (found.rows, found.tally.skipped) == (1500, 4)
    assert found.bad_rows() == [
        "4 rows left out",
        *(f"{table}, line {place}: {says}" for place in places),
    ]
    got = (tmp_path / "out.csv").read_bytes()
    written(without(lines, *places), table)
    assert streamed(scored, table, "fail").rows == 1496
    assert got == (tmp_path / "out.csv").read_bytes()


@pytest.mark.parametrize("on_error", ["skip", "fail"])
@pytest.mark.parametrize("kind", ODD)
def test_all_odd_lines_of_a_kind_are_found_in_one_pass(
    kind: str,
    on_error: str,
    scored: Path,
    lines: Lines,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passes = []
    monkeypatch.setattr(blocks, "HEAD", 1 << 20)
    monkeypatch.setattr(read, "split_cells", lambda *given: passes.append(1) or split_cells(*given))
    places = range(5, 900, 300 if kind == "a long cell" else 7)
    table = written(spoilt(lines, dict.fromkeys(places, ODD[kind][0])), tmp_path / "homes.csv")
    if on_error == "skip":
        assert streamed(scored, table, on_error).tally.skipped == len(places)
    else:
        with pytest.raises(TableError, match=r"homes.csv, line 5[:,] "):
            streamed(scored, table, on_error)
    assert len(passes) == 2


def zipped(lines: Lines) -> bytes:
    return gzip.compress("\n".join(lines).encode())


FORMS: dict[str, Callable[[Lines], bytes]] = {
    "crlf": lambda lines: "\r\n".join(lines).encode(),
    "byte order mark": lambda lines: codecs.BOM_UTF8 + "\n".join(lines).encode(),
    "utf-16": lambda lines: "\n".join(lines).encode("utf-16"),
    "gzip": zipped,
    "blank lines": lambda lines: "\n\n".join(lines).encode(),
    "no header": lambda lines: "\n".join(line.partition(",")[2] or "7" for line in lines).encode(),
    "decimal commas": lambda lines: (
        "\n".join(lines).replace(",", ";").replace(".", ",").replace("1950", "1950,5").encode()
    ),
    "quotes": lambda lines: "\n".join(f'{line},"a\n, ""b"""' for line in lines).encode(),
}


@pytest.mark.parametrize("kind", FORMS)
def test_however_the_table_is_written(
    kind: str, scored: Path, lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "threads", lambda: 3)
    if kind == "no header":
        lines = lines[1:]
    table, places = tmp_path / "homes.csv", (5, 6, 1100, len(lines))
    table.write_bytes(FORMS[kind](spoilt(lines, dict.fromkeys(places, FEW))))
    found = streamed(scored, table, "skip")
    told = [each.line for each in found.tally.bad]
    step = 2 if kind in ("blank lines", "quotes") else 1
    assert told == [1 + step * (place - 1) for place in places]
    assert found.tally.skipped == len(places)
    got = (tmp_path / "out.csv").read_bytes()
    table.write_bytes(FORMS[kind](without(lines, *places)))
    assert streamed(scored, table, "fail").rows == found.written
    assert got == (tmp_path / "out.csv").read_bytes()


def test_a_block_of_nothing_else(scored: Path, lines: Lines, tmp_path: Path) -> None:
    many = [*lines[:600], *[FEW] * 9000, *lines[600:]]
    table = written(many, tmp_path / "homes.csv")
    found = streamed(scored, table, "skip")
    assert (found.rows, found.tally.skipped) == (10_500, 9000)
    streamed(scored, table, "skip", "out.parquet")
    assert pq.read_metadata(tmp_path / "out.parquet").num_rows == 1500
    got = (tmp_path / "out.csv").read_bytes()
    streamed(scored, written(lines, table), "fail")
    assert got == (tmp_path / "out.csv").read_bytes()


@pytest.mark.parametrize("places", [(5, 9), (1200, 1201), (9, 1200)])
@pytest.mark.parametrize("arrow", [True, False])
def test_the_first_bad_line_ends_the_work(
    arrow: bool,
    places: tuple[int, int],
    scored: Path,
    lines: Lines,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text_parts, "installed", lambda _: arrow)
    first, second = places
    for odd in ({first: WIDE, second: FEW}, {first: FEW, second: WIDE}):
        table = written(spoilt(lines, odd), tmp_path / "homes.csv")
        with pytest.raises(TableError, match=rf"homes.csv, line {first}[:,] "):
            streamed(scored, table, "fail")
        # With "null" a bad cell has no prediction; a line that is no row ends the work.
        few = next(line for line, text in odd.items() if text == FEW)
        with pytest.raises(TableError, match=rf"homes.csv, line {few}: 2 cells where line 1 has"):
            streamed(scored, table, "null")
    assert [path.name for path in tmp_path.iterdir()] == ["homes.csv"]


@pytest.mark.parametrize("piped", [False, True])
def test_the_first_bad_line_of_a_small_table(
    piped: bool, scored: Path, lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = written(spoilt(lines[:30], {3: WIDE, 4: WIDE, 5: FEW}), tmp_path / "homes.csv")
    monkeypatch.setattr(source, "_standard_input", lambda: io.BytesIO(table.read_bytes()))
    words = (scored, "-" if piped else str(table), PredictionSettings(), StreamSettings(), GUESSED)
    with pytest.raises(
        TableError, match=r"line 3, column 'area': 'wide' is text where a number belongs$"
    ):
        streaming.predict_any(*words)
    written(spoilt(lines[:30], {3: FEW, 4: WIDE}), table)
    with pytest.raises(TableError, match="line 3: 2 cells where line 1 has 6; every line takes"):
        streaming.predict_any(*words)


def test_bad_cells_of_the_head(scored: Path, lines: Lines, tmp_path: Path) -> None:
    table = written(spoilt(lines, {2: WIDE, 7: WIDE}), tmp_path / "homes.csv")
    found = streamed(scored, table, "null")
    assert (found.rows, found.tally.nulled, found.tally.skipped) == (1500, 2, 0)
    assert [each.line for each in found.tally.bad] == [2, 7]
    assert streamed(scored, table, "skip").written == 1498


def test_a_doubtful_cell_is_a_bad_one_where_somebody_says_what_numbers_are(
    scored: Path, lines: Lines, tmp_path: Path
) -> None:
    table = written(spoilt(lines, {5: 'h,"1,5",flat,1950,3,dear'}), tmp_path / "homes.csv")
    with pytest.raises(TableError, match="line 5, column 'area': '1,5' has a comma"):
        streamed(scored, table, "null")
    settings, bulk = PredictionSettings(), StreamSettings(on_error="null")
    found = streaming.predict_stream(scored, str(table), settings, bulk, Reading(decimal="."))
    assert [(each.line, each.column) for each in found.tally.bad] == [(5, "area")]


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("number", [1, 9])
def test_no_row_is_left(number: int, end: str, scored: Path, tmp_path: Path) -> None:
    table = tmp_path / "homes.csv"
    table.write_text("\n".join([NAMES, *[FEW] * number]) + end)
    more = " and 8 more" if number == 9 else ""
    says = f"a header and no data rows.*; line 2 was left out, {FEW_TOLD}{more}$"
    with pytest.raises(TableError, match=says):
        streamed(scored, table, "skip")
    with pytest.raises(TableError, match="line 2: 2 cells where line 1 has 6"):
        streamed(scored, table, "fail")
    table.write_text("\n".join([NAMES, *[WIDE] * number]) + end)
    assert streamed(scored, table, "skip").written == 0
    table.write_text("\n".join([NAMES, *[FEW] * number, "h,7,flat,1950,3,dear"]) + end)
    assert streamed(scored, table, "skip").written == 1


def test_a_title_is_no_table(scored: Path, lines: Lines, tmp_path: Path) -> None:
    table = written(["Homes of May", *lines], tmp_path / "homes.csv")
    for on_error in ("fail", "null"):
        with pytest.raises(TableError, match="if line 1, 'Homes of May', is a title, remove it"):
            streamed(scored, table, on_error)
    with pytest.raises(TableError, match="line 2 was left out, 6 cells where 1 belongs and"):
        streamed(scored, table, "skip")


def test_columns_that_do_not_fit_are_told_with_the_lines_left_out(
    scored: Path, lines: Lines, tmp_path: Path
) -> None:
    table = written(["1,2", *lines[1:9]], tmp_path / "homes.csv")
    with pytest.raises(TableError, match="; line 2 was left out, 6 cells where 2 belong and 7 mo"):
        streamed(scored, table, "skip")


@pytest.mark.parametrize("place", [8, 1200])
def test_a_quote_without_an_end_loses_no_rows(
    place: int, scored: Path, lines: Lines, tmp_path: Path
) -> None:
    table = written(spoilt(lines, {place: 'h,1,"flat,1950,3,dear'}), tmp_path / "homes.csv")
    with pytest.raises(TableError, match=f"line {place}: a quoted cell does not end"):
        streamed(scored, table, "skip")
    written(spoilt(lines, {place - 1: FEW, place: 'h,1,"flat,1950,3,dear'}), table)
    with pytest.raises(TableError, match=f"line {place}: a quoted cell does not end"):
        streamed(scored, table, "skip")
    written(spoilt(lines, {place: f'{WIDE},9,"9'}), table)
    with pytest.raises(TableError, match=f"line {place}: 8 cells where line 1 has 6"):
        streamed(scored, table, "skip")


def test_a_record_of_several_lines(scored: Path, lines: Lines, tmp_path: Path) -> None:
    table = written(spoilt(lines, {8: 'h,"1\n\n'}), tmp_path / "homes.csv")
    text = table.read_text().replace("\nh9,", '\n",h9,')
    table.write_text(text)
    [bad] = streamed(scored, table, "skip").tally.bad
    assert (bad.line, bad.says) == (8, "8 cells where 6 belong, up to line 13")
    table.write_text(text.replace('\n",h9,', '\n"x,h9,'))
    [bad] = streamed(scored, table, "skip").tally.bad
    assert bad.says == "a quote mark that ends a cell before its end, up to line 13"


def test_predictions_are_those_of_the_rows_left(scored: Path, lines: Lines, tmp_path: Path) -> None:
    table = written(spoilt(lines, {3: FEW, 900: FEW}), tmp_path / "homes.csv")
    streamed(scored, table, "skip")
    got: Any = (tmp_path / "out.csv").read_text()
    written(without(lines, 3, 900), table)
    predict_table(scored, str(table), PredictionSettings(out=tmp_path / "whole.csv"))
    assert got == (tmp_path / "whole.csv").read_text()
