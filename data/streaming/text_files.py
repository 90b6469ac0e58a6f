"""CSV files, rewritten as Parquet files of text: read once, then by columns and by rows."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlp_edge.data.quoting import plain
from mlp_edge.data.reading.delimiter import separate
from mlp_edge.data.reading.dialect import BLANKS, Dialect
from mlp_edge.data.reading.duck import literal, pattern
from mlp_edge.data.reading.layout import DELIMITERS, lay_out
from mlp_edge.data.reading.read import read_table
from mlp_edge.data.reading.size import LONGEST_LINE
from mlp_edge.data.streaming.database import quoted, reading
from mlp_edge.data.streaming.files import GZIP
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError
from mlp_edge.settings import setting

if TYPE_CHECKING:
    import duckdb

HEAD = 1 << 18
"""Bytes at the top of a file by which is found how it is written."""


class Written(NamedTuple):
    """How a CSV file is written.

    Attributes:
        names: of its columns.
        header: whether its first line holds them.
        delimiter: between cells.
        decimal: the mark before a fraction.
    """

    names: tuple[str, ...]
    header: bool
    delimiter: str
    decimal: str


def rewritten(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], dialect: Dialect, folder: Path
) -> tuple[list[Path], Written]:
    """Rewrite CSV files as Parquet files whose every column is text.

    Args:
        connection: that may read the files, and write to the folder.
        paths: the files.
        dialect: what the user knows about how they are written.
        folder: where the Parquet files go.

    Returns:
        A Parquet file for each, and how the first of them is written.

    Raises:
        TableError: for a file that is written in another way than the first, or in one that
            only a table in memory is read in; for a line that does not fit, by its number.
    """
    written: list[Written] = []
    copies = []
    for number, path in enumerate(paths):
        with reading(path):
            found = _written(connection, path, dialect, folder)
            written.append(found)
            if found[1:] != written[0][1:]:
                raise TableError(
                    f"{plain(str(path))}: its header, separator or decimal mark is not that of "
                    f"{plain(str(paths[0]))}; {setting('header')}, {setting('sep')} and "
                    f"{setting('decimal')} say what holds for all"
                )
            copy = folder / f"{number}.parquet"
            table = _read_csv(path, found)
            connection.execute(f"COPY (FROM {table}) TO {literal(str(copy))} (FORMAT parquet)")
            copies.append(copy)
    return copies, written[0]


def _written(
    connection: duckdb.DuckDBPyConnection, path: Path, dialect: Dialect, folder: Path
) -> Written:
    """How a file is written, by its head, which both readers have to read alike."""
    head = folder / "head.csv"
    content = _head(path)
    head.write_bytes(content)
    table = _top(head, path, dialect)
    first = separate(lay_out(content, dialect.delimiter or DELIMITERS), dialect.delimiter)
    delimiter = "\t" if first.delimiter == BLANKS else first.delimiter
    found = Written(table.columns, table.header, delimiter, table.decimal)
    columns = ", ".join(f"coalesce({quoted(name)}, '')" for name in found.names)
    query = f"SELECT {columns} FROM {_read_csv(head, found)}"  # noqa: S608
    rows = connection.execute(query).fetchall() if _fits(connection, head, found) else []
    cells = [tuple(map(str, row)) for row in zip(*map(table.column, table.columns), strict=True)]
    if rows != cells:
        raise TableError(
            f"{plain(str(path))}: has more at its top than a line of names and lines of cells "
            "(remarks, titles, single quotes, cells in columns of blanks, another encoding), "
            f"which {setting('stream')} does not read; {setting('stream', False)} does, and a "
            "Parquet file would do"
        )
    return found


def _fits(connection: duckdb.DuckDBPyConnection, head: Path, found: Written) -> bool:
    import duckdb

    try:
        connection.execute(f"SELECT count(*) FROM {_read_csv(head, found)}")  # noqa: S608
    except duckdb.Error:
        return False
    return True


def _top(head: Path, path: Path, dialect: Dialect) -> Table:
    """The head as a table; what is said about it names the file that it is from."""
    try:
        return read_table(str(head), dialect)
    except TableError as error:
        raise TableError(str(error).replace(plain(str(head)), plain(str(path)))) from error


def _head(path: Path) -> bytes:
    """Whole lines from the top of a file, unpacked."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == GZIP
        with gzip.open(path) if packed else path.open("rb") as file:
            content = file.read(HEAD)
            whole = not file.read(1)
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"{plain(str(path))}: cannot be read: {error}") from error
    if whole:
        return content
    end = max(content.rfind(b"\n"), content.rfind(b"\r"))
    if end < 0:
        raise TableError(f"{plain(str(path))}: its first line is longer than {HEAD:,} bytes")
    return content[: end + 1]


def _read_csv(path: Path, found: Written) -> str:
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in found.names)
    return (
        f"read_csv({literal(pattern(path))}, auto_detect = false, strict_mode = true, "
        f"header = false, skip = {int(found.header)}, delim = {literal(found.delimiter)}, "
        "quote = '\"', escape = '\"', comment = '', null_padding = false, "
        f"ignore_errors = false, columns = {{{columns}}}, max_line_size = {LONGEST_LINE})"
    )


def as_parquet(dialect: Dialect, decimal: str) -> Dialect:
    """The dialect of what was rewritten: of all that is said, the decimal mark alone counts."""
    nothing = dict.fromkeys(("sep", "encoding", "header", "comments", "single_quotes"))
    return replace(dialect, decimal=decimal, **nothing)
