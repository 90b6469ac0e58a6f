"""The cells of a table, read by DuckDB as plain text.

DuckDB is asked for nothing but cells: no types, no header, no skipped lines, no repaired rows. It
sees one file, a copy under a plain name, and can reach neither another file nor the network.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_edge.data.layout import Record, likely_delimiter, width
from mlp_edge.data.words import counted, plain, shown
from mlp_edge.errors import TableError

if TYPE_CHECKING:
    import duckdb

LONGEST_LINE = 2_000_000
"""Bytes of a record that DuckDB accepts."""

_DIALECT = """quote = '"', escape = '"', comment = '', skip = 0, header = false,
    null_padding = false, ignore_errors = false, strict_mode = true"""
_LINE = re.compile(r"CSV Error on Line: (\d+)")


def read_cells(rows: Sequence[Record], source: str) -> list[tuple[str, ...]]:
    """The cells of every record, the header's among them; quotes removed, blanks kept.

    Args:
        rows: at least one record.
        source: what the user typed, for messages.

    Raises:
        TableError: when a record has more or fewer cells than the first, or a broken quote;
            with the line it stands on.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="mlp-edge-") as folder:
        # A copy, because DuckDB would take the name of the user's file for a pattern or a URL,
        # and because blank lines and mixed line ends are gone from it.
        copy = Path(folder) / "table.csv"
        copy.write_bytes("".join(f"{row.text}\n" for row in rows).encode())
        with _connection(copy) as connection:
            delimiter, columns = _sniff(connection, copy, rows)
            try:
                cells = _select(connection, copy, delimiter, columns)
            except duckdb.InvalidInputException as error:
                raise _translated(str(error), rows, delimiter, source) from error
    if len(cells) != len(rows):
        # Only a quote mark in the middle of a cell makes the two disagree.
        raise TableError(
            f"{plain(source)}: {counted(len(rows), 'record')} by its line ends but "
            f'{len(cells):,} by its quote marks; write a quote mark inside a cell as ""'
        )
    return cells


def _connection(file: Path) -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "threads": "1",
        }
    )
    # In this order: once access is disabled the list cannot grow.
    allowed = ", ".join(_literal(path) for path in (str(file), _pattern(file)))
    connection.execute(f"SET allowed_paths = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _sniff(
    connection: duckdb.DuckDBPyConnection, file: Path, rows: Sequence[Record]
) -> tuple[str, int]:
    """The delimiter and the number of columns."""
    import duckdb

    try:
        found = connection.execute(
            f"SELECT Delimiter, len(Columns) FROM sniff_csv({_file(file)}, {_DIALECT}, "  # noqa: S608
            f"sample_size = -1, all_varchar = true, max_line_size = {LONGEST_LINE})"
        ).fetchone()
    except duckdb.InvalidInputException:
        found = None
    if found is not None and found[1] > 1:
        return found[0], found[1]
    # One column, or lines of different widths: reading on with the likely delimiter tells which,
    # and names the line.
    delimiter = likely_delimiter(rows)
    return delimiter, width(rows[0], delimiter)


def _select(
    connection: duckdb.DuckDBPyConnection, file: Path, delimiter: str, columns: int
) -> list[tuple[str, ...]]:
    names = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(columns))
    found = connection.execute(
        f"SELECT * FROM read_csv({_file(file)}, {_DIALECT}, auto_detect = false, "  # noqa: S608
        f"delim = {_literal(delimiter)}, new_line = '\\n', columns = {{{names}}}, "
        f"max_line_size = {LONGEST_LINE})"
    ).fetchall()
    # An empty cell arrives as NULL, quoted or not.
    return [tuple("" if cell is None else cell for cell in row) for row in found]


def _file(file: Path) -> str:
    # Not as a parameter: for those DuckDB imports pandas where it finds it, half a second.
    return _literal(_pattern(file))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _pattern(file: Path) -> str:
    """The path with the characters that DuckDB would expand taken literally."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(file))


def _translated(message: str, rows: Sequence[Record], delimiter: str, source: str) -> TableError:
    found = _LINE.search(message)
    if found is None or int(found[1]) > len(rows):
        return TableError(f"{plain(source)}: {shown(message.partition(chr(10))[0])}")
    # DuckDB's lines are this copy's records: it counts neither blank lines nor line ends in cells.
    row = rows[int(found[1]) - 1]
    complaint = _complaint(message, row, rows[0], delimiter)
    return TableError(f"{plain(source)}, line {row.line}: {complaint}")


def _complaint(message: str, row: Record, first: Record, delimiter: str) -> str:
    if "Expected Number of Columns" in message:
        # Counted here: DuckDB stops counting at the first cell too many.
        comment = "#" in (row.text[0], first.text[0])
        return (
            f"{counted(width(row, delimiter), 'cell')} where line {first.line} has "
            f"{width(first, delimiter)}; every line takes the same number"
            + ("; a line that begins with # is not skipped, remove it" if comment else "")
        )
    if "unterminated quote" in message:
        return 'a quoted cell does not end with its quote mark; write a quote mark inside it as ""'
    if "Maximum line size" in message:
        return f"longer than {LONGEST_LINE:,} bytes; a quote mark that is never closed?"
    return shown(message.partition("\n")[2].partition("\n")[0])
