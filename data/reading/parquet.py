"""Reads a Parquet file as columns of text."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlp_edge.data.content.text_column import ArrayColumn, TextColumn
from mlp_edge.data.quoting import listed, shown
from mlp_edge.data.reading.duck import (
    connected,
    copied,
    fetch_columns,
    literal,
    pattern,
)
from mlp_edge.data.reading.size import LONGEST_CELL, check_cells, check_width, too_large
from mlp_edge.data.reading.source import Stream
from mlp_edge.errors import TableError, first_line

if TYPE_CHECKING:
    import duckdb

_NESTED = re.compile(r"(STRUCT|MAP|UNION|VARIANT|GEOMETRY|BLOB)\b|.*\]$", re.DOTALL)

_SHORT = re.compile(r"U?\w*INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*|BOOLEAN|DATE|TIME.*|INTERVAL|UUID")
"""Types whose values are some dozens of characters at most; every other may hold a book in each."""


class Columns(NamedTuple):
    """The columns of a Parquet file, (rows,) of str each."""

    names: tuple[str, ...]
    cells: list[TextColumn]


def read_parquet(stream: Stream, source: str) -> Columns:
    """Every value as text: numbers by their shortest spelling, dates as ISO has them, NULL as "".

    Args:
        stream: the file's bytes, read to the end.
        source: the file as messages name it.

    Raises:
        TableError: when the file is damaged, holds no row or too much, or a column
            holds lists, records or bytes.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="mlp-edge-") as folder:
        # A copy, for the reasons that ``mlp_edge.data.reading.duck`` has, and because Parquet is
        # read from its end, which standard input does not have.
        copy = Path(folder) / "table.parquet"
        with copied(source), copy.open("wb") as file:
            shutil.copyfileobj(stream, file, 1 << 20)
        with connected(copy, stream.most) as connection:
            try:
                return _read(connection, copy, source, stream.most)
            except duckdb.OutOfMemoryException as error:
                raise too_large(source, "once unpacked", stream.most) from error
            except duckdb.Error as error:
                raise TableError(
                    f"{source}: a Parquet file that cannot be read, {shown(first_line(error))}; "
                    "write it again or export the table as CSV"
                ) from error


def _read(connection: duckdb.DuckDBPyConnection, file: Path, source: str, most: int) -> Columns:
    table = f"read_parquet({literal(pattern(file))}, binary_as_string = true)"
    described = connection.execute(f"DESCRIBE FROM {table}").fetchall()
    names = tuple(str(row[0]) for row in described)
    kinds = [str(row[1]) for row in described]
    check_width(len(names), source)
    _check_types(names, kinds, source)
    counted = connection.execute(f"FROM {table} SELECT count(*)").fetchone()
    rows = 0 if counted is None else int(counted[0])
    if rows == 0:
        raise TableError(f"{source}: a Parquet file without rows; a table has a row or more")
    check_cells(source, rows, len(names), most)
    long = [name for name, kind in zip(names, kinds, strict=True) if not _SHORT.fullmatch(kind)]
    if long:
        _check_lengths(connection, table, long, source, most)
    texts = ", ".join(f"coalesce({_text(name)}, '')" for name in names)
    cells, _ = fetch_columns(connection, f"FROM {table} SELECT {texts}", len(names), rows)
    return Columns(names, [ArrayColumn(column) for column in cells])


def _check_lengths(
    connection: duckdb.DuckDBPyConnection, table: str, names: Sequence[str], source: str, most: int
) -> None:
    """Refuse columns whose text is too much, by lengths alone: a dictionary has each text once."""

    def lengths(of: str) -> list[int]:
        asked = ", ".join(of.format(_text(name)) for name in names)
        answer = connection.execute(f"FROM {table} SELECT {asked}").fetchone()
        return [length or 0 for length in answer or ()]  # of a column without a value: None

    # Bytes first: they are known without the text.
    if sum(lengths("sum(strlen({}))")) > most:
        raise too_large(source, "once unpacked", most)
    for name, longest in zip(names, lengths("max(length({}))"), strict=True):
        if longest > LONGEST_CELL:
            raise TableError(
                f"{source}, column {shown(name)}: a cell of {longest:,} characters, where at most "
                f"{LONGEST_CELL:,} are read; shorten it or leave the column out"
            )


def _check_types(names: Sequence[str], kinds: Sequence[str], source: str) -> None:
    nested = [index for index, kind in enumerate(kinds) if _NESTED.match(kind)]
    if nested:
        raise TableError(
            f"{source}: column {listed(names[index] for index in nested)} of type "
            f"{shown(kinds[nested[0]])} does not hold one number or word per row; leave it out or "
            "spread it over columns"
        )


def _text(name: str) -> str:
    """A column's values as text, in SQL."""
    return f"CAST({_quoted(name)} AS VARCHAR)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
