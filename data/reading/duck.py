"""The cells of a table, read by DuckDB as plain text.

DuckDB is asked for nothing but cells: no types, no header, no skipped lines, no repaired rows. It
sees one file, a copy under a plain name, and can reach neither another file nor the network.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mlp_edge.cell import is_number
from mlp_edge.data.content.floats import TEXT, Cells, as_cells
from mlp_edge.data.odd_lines import LineError
from mlp_edge.data.quoting import counted, shown
from mlp_edge.data.reading.layout import Layout, quoted_cell, split_record
from mlp_edge.data.reading.size import LONGEST_LINE, TOO_LONG
from mlp_edge.errors import InputError, TableError
from mlp_edge.settings import setting

if TYPE_CHECKING:
    import duckdb

FETCHED = 1 << 14
"""Cells fetched at a time: few enough that their Python strings take no room to speak of."""

_DIALECT = """quote = '"', escape = '"', comment = '', skip = 0, header = false,
    null_padding = false, ignore_errors = false, strict_mode = true"""
_LINE = re.compile(r"CSV Error on Line: (\d+)")
_NOTHING = re.compile(r'(?: ?"" *)?')
"""A cell that DuckDB does not mind at the end of a record."""


def read_strictly(
    layout: Layout,
    delimiter: str,
    width: int,
    source: str,
    most: int,
    remark: str = "",
    aligned: bool = False,
) -> list[Cells]:
    """The cells of every record, the header's among them; quotes removed, blanks kept.

    Args:
        layout: at least one record.
        delimiter: what parts the cells, one ASCII character.
        width: cells of the first record.
        source: the file as messages name it.
        most: bytes that the table may take.
        remark: what may explain a line with a wrong number of cells.
        aligned: whether blanks part the cells of the file, which the delimiter stands for.

    Returns:
        One array per column, (records,) of str.

    Raises:
        LineError: when records have more or fewer cells than the first, or a broken quote.
        TableError: where a broken quote hides which lines have it.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="mlp-edge-") as folder:
        # A copy, because DuckDB would take the name of the user's file for a pattern or a URL,
        # and because blank lines and mixed line ends are gone from it.
        copy = Path(folder) / "table.csv"
        with copied(source):
            copy.write_bytes(layout.content)
        with connected(copy, most) as connection:
            try:
                cells, found = _fetched(connection, copy, delimiter, width, len(layout))
            except duckdb.Error as error:
                mark = "blanks (spaces, tabs)" if aligned else shown(delimiter)
                raise _translated(str(error), layout, delimiter, mark, source, remark) from error
    if found != len(layout):
        # Only a quote mark in the middle of a cell makes the two disagree.
        raise TableError(
            f"{source}: {counted(len(layout), 'record')} by its line ends but "
            f'{found:,} by its quote marks; write a quote mark inside a cell as ""'
        )
    return cells


@contextmanager
def copied(source: str) -> Iterator[None]:
    """Say, of a table whose copy cannot be written, that it was not the reading that failed.

    Raises:
        InputError: naming the folder of temporary files.
    """
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{source}: its copy cannot be written in {tempfile.gettempdir()} "
            f"({error.strerror}); TMPDIR names another folder"
        ) from error


def connected(place: Path, most: int) -> duckdb.DuckDBPyConnection:
    """A database in memory that can open one file, or those of one folder, and nothing else.

    Args:
        place: the file or the folder.
        most: bytes of the table; the database works with a GB more, for rows of many columns.
    """
    import duckdb

    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "threads": "1",
            "memory_limit": f"{most + (1 << 30)}B",
            "temp_directory": "",
        }
    )
    # So that an instant is spelled alike on every machine.
    connection.execute("SET TimeZone = 'UTC'")
    # In this order: once access is disabled the list cannot grow.
    allowed = ", ".join(literal(path) for path in (str(place), pattern(place)))
    kind = "directories" if place.is_dir() else "paths"
    connection.execute(f"SET allowed_{kind} = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def fetch_columns(
    connection: duckdb.DuckDBPyConnection, query: str, width: int, rows: int
) -> tuple[list[Cells], int]:
    """A query's answer as columns, and how many rows it had.

    Args:
        connection: where to ask.
        query: for ``width`` columns of text without NULL.
        width: columns.
        rows: how many to expect; of more, the rest is counted only.
    """
    columns = [np.empty(rows, TEXT) for _ in range(width)]
    answer = connection.execute(query)
    at_once = max(1, FETCHED // width)
    found = 0
    # The answer is streamed, so that no second copy of the table waits in the database.
    while chunk := answer.fetchmany(at_once):
        if found + len(chunk) <= rows:
            for column, cells in zip(columns, zip(*chunk, strict=True), strict=True):
                column[found : found + len(chunk)] = as_cells(cells)
        found += len(chunk)
    return columns, found


def _fetched(
    connection: duckdb.DuckDBPyConnection, file: Path, delimiter: str, width: int, rows: int
) -> tuple[list[Cells], int]:
    # An empty cell arrives as NULL, quoted or not.
    cells = ", ".join(f"coalesce(c{index}, '')" for index in range(width))
    query = f"SELECT {cells} FROM {records_of(file, delimiter, width)}"  # noqa: S608
    return fetch_columns(connection, query, width, rows)


def records_of(
    file: Path,
    delimiter: str,
    width: int,
    doubles: Collection[int] = (),
    buffer: int = 16 * LONGEST_LINE,
) -> str:
    """The records of a file in SQL: columns c0, c1, … of text, NULL where a cell is empty.

    Args:
        file: of whole records.
        delimiter: what parts the cells.
        width: cells of each record.
        doubles: columns that hold nothing but numbers.
        buffer: bytes that are read at a time.
    """
    kinds = ("DOUBLE" if index in doubles else "VARCHAR" for index in range(width))
    names = ", ".join(f"'c{index}': '{kind}'" for index, kind in enumerate(kinds))
    # Not as a parameter: for those DuckDB imports pandas where it finds it, half a second.
    return (
        f"read_csv({literal(pattern(file))}, {_DIALECT}, auto_detect = false, "
        f"delim = {literal(delimiter)}, new_line = '\\n', columns = {{{names}}}, "
        f"max_line_size = {LONGEST_LINE}, buffer_size = {buffer})"
    )


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def pattern(file: Path) -> str:
    """The path with the characters that DuckDB would expand taken literally."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(file))


def _translated(
    message: str, layout: Layout, delimiter: str, mark: str, source: str, remark: str
) -> TableError:
    """What DuckDB refuses, in our words; ``mark`` is what they call the delimiter."""
    found = _LINE.search(message)
    if found is None or int(found[1]) > len(layout):
        return TableError(f"{source}: {shown(message.partition(chr(10))[0])}")
    # DuckDB's lines are this copy's records: it counts neither blank lines nor line ends in cells.
    index = int(found[1]) - 1
    line = int(layout.lines[index])
    says = _complaint(message, layout, index, delimiter, mark, remark)
    complaint = f"{source}, line {line}: {says}"
    mendable = "Expected Number of Columns" in message or "unterminated quote" in message
    if mendable and not _is_open(layout.record(index), delimiter):
        return LineError(complaint, _odd_records(layout, index, delimiter))
    return TableError(complaint)


def _odd_records(layout: Layout, first: int, delimiter: str) -> dict[int, str]:
    """What is wrong with the ``first`` record that DuckDB refused and with others below, by line.

    All are found at once, as DuckDB would read the whole text again for each.
    """
    wanted = len(split_record(layout.record(0), delimiter))
    belong = f"{wanted} belong{'s' if wanted == 1 else ''}"
    odd = {}
    for number in range(first, len(layout)):
        record, line = layout.record(number), int(layout.lines[number])
        if _is_open(record, delimiter):
            continue  # it may hold rows, which nobody is to lose
        cells = split_record(record, delimiter)
        more = any(not _NOTHING.fullmatch(cell) for cell in cells[wanted:])
        if _ends_early(record, delimiter):
            says = "a quote mark that ends a cell before its end"
        elif more or len(cells) < wanted or number == first:
            says = f"{counted(len(cells), 'cell')} where {belong}"
        else:
            continue
        last = line + len(re.findall("\r\n|\r|\n", record))
        odd[line] = f"{says}, up to line {last}" if last > line else says
    return odd


def _is_open(record: str, delimiter: str) -> bool:
    """Whether a quoted cell has no end, and may hold the lines below."""
    return any(cell.count('"') % 2 for cell in re.findall(quoted_cell(delimiter), record))


def _ends_early(record: str, delimiter: str) -> bool:
    """Whether something other than blanks follows a quoted cell."""
    cells = re.finditer(rf"{quoted_cell(delimiter)} *+([^{re.escape(delimiter)}])?", record)
    return any(cell[1] for cell in cells)


def _complaint(
    message: str, layout: Layout, index: int, delimiter: str, mark: str, remark: str
) -> str:
    if "Expected Number of Columns" in message:
        # Counted here: DuckDB stops counting at the first cell too many.
        width, first = (len(split_record(layout.record(i), delimiter)) for i in (index, 0))
        title = layout.record(0)
        words = title.split()
        if first == 1 and 2 * sum(map(is_number, words)) < len(words):
            hint = f"; if line {layout.lines[0]}, {shown(title)}, is a title, remove it"
        elif width < first and index == len(layout) - 1:
            hint = "; if it is a remark below the table, remove it"
        else:
            hint = remark and f"; {remark}"
        return (
            f"{counted(width, 'cell')} where line {layout.lines[0]} has {first}; every line takes "
            f"the same number, separated by {mark} ({setting('sep')} names another mark){hint}"
        )
    if "unterminated quote" in message:
        return 'a quoted cell does not end with its quote mark; write a quote mark inside it as ""'
    if "Maximum line size" in message:
        return TOO_LONG
    return shown(message.partition("\n")[2].partition("\n")[0])
