"""A table in files, read by columns and by stretches of rows, never as a whole."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.quoting import listed, plain, shown
from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.data.reading.duck import literal, pattern
from mlp_edge.data.reading.read import check_names, column_names
from mlp_edge.data.reading.size import check_width
from mlp_edge.data.streaming.database import connected, quoted, reading
from mlp_edge.data.streaming.files import Files
from mlp_edge.data.streaming.text_files import rewritten
from mlp_edge.errors import TableError

if TYPE_CHECKING:
    import duckdb

ROW = "file_row_number"
"""DuckDB's name for the number of a row in its file, from 0."""
AT_ONCE = 1 << 18
"""Rows that are read at once, as whole row groups where those are smaller."""

_WRITTEN = {
    mark: rf"\s*[+-]?([0-9]+([{mark}][0-9]*)?|[{mark}][0-9]+)([eE][+-]?[0-9]+)?\s*" for mark in ".,"
}
"""Decimal mark -> what ``cell.NUMBERS`` takes, in RE2's notation: DuckDB alone would take +-5."""
_NUMBER = re.compile(r"U?(TINY|SMALL|BIG)?INT(EGER)?|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)")
_WIDE_DECIMAL = re.compile(r"DECIMAL\((1[6-9]|[23]\d),\d+\)")
"""Of more digits than float64 tells apart: read as text, which rounds once."""
_NESTED = re.compile(r"(STRUCT|MAP|UNION|VARIANT|GEOMETRY|BLOB)\b|.*\]$", re.DOTALL)
_BLANKS = " \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\xa0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"  # noqa: E501 (as ``str.strip`` has them)


@dataclass(frozen=True)
class Column:
    """A column of every file.

    Attributes:
        name: without the blanks around it.
        stored: as the files have it.
        is_number: whether its cells are numbers by their type, in every file; else they are read
            as text.
        nested: whether they are lists or records, which nobody reads.
    """

    name: str
    stored: str
    is_number: bool
    nested: bool = False


class Piece(NamedTuple):
    """One file of the table.

    Attributes:
        path: what is read.
        named: what messages name.
        start: the number of its first row in the table, from 0.
        rows: how many it has.
        groups: rows of each of its row groups.
    """

    path: Path
    named: Path
    start: int
    rows: int
    groups: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Stream:
    """A table in files.

    Attributes:
        files: what it is made of.
        columns: of every file, in the first one's order.
        pieces: the files with their rows; at least one row in all.
        decimal: the mark before a fraction in columns of text.
        header: whether the columns have names of their own.
        connection: to ask.
        folder: for temporary files.
    """

    files: Files
    columns: tuple[Column, ...]
    pieces: tuple[Piece, ...]
    decimal: str
    header: bool
    connection: duckdb.DuckDBPyConnection
    folder: Path

    @property
    def rows(self) -> int:
        """Of all files together."""
        return self.pieces[-1].start + self.pieces[-1].rows

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(self.named)

    @cached_property
    def named(self) -> Mapping[str, Column]:
        """Name -> column."""
        return {column.name: column for column in self.columns}

    def place(self, row: int, column: str | None = None) -> str:
        """Where a row (0-based) of the table stands: its file, its row there (1-based), column."""
        piece = next(each for each in reversed(self.pieces) if row >= each.start)
        name = self.files.source if not self.files.several else str(piece.named)
        where = f"{plain(name)}, row {row - piece.start + 1:,}"
        return where if column is None else f"{where}, column {shown(column)}"

    def text(self, name: str) -> str:
        """SQL of a column's cells as text; NULL or empty where there is none."""
        return f"CAST({quoted(self.named[name].stored)} AS VARCHAR)"

    def number(self, name: str) -> str:
        """SQL of a column's cells as numbers: what ``cell.number`` gives, NULL where that is NaN.

        Cells with blanks other than ASCII's are NULL as well; infinities and what float32 cannot
        hold stay, where the column has numbers by its type.
        """
        column = self.named[name]
        if column.is_number:
            return f"CAST({quoted(column.stored)} AS DOUBLE)"
        text = self.text(name)
        kept = f"regexp_full_match({text}, {literal(_WRITTEN[self.decimal])})"
        if self.decimal == ",":
            text = f"replace({text}, ',', '.')"
        value = f"TRY_CAST(CASE WHEN {kept} THEN {text} END AS DOUBLE)"
        return f"CASE WHEN abs({value}) < 340282356779733661637539395458142568448 THEN {value} END"

    def bare(self, name: str) -> str:
        """SQL of a column's cells as text without the blanks around them."""
        return f"trim({self.text(name)}, {literal(_BLANKS)})"

    def ask(self, piece: Piece, query: str) -> list[tuple[Any, ...]]:
        """The answer to a query whose ``{table}`` is a file; small ones alone."""
        with reading(piece.named):
            return self.connection.execute(query.replace("{table}", _table(piece))).fetchall()

    def stretches(
        self, asked: Sequence[str], at_once: int = AT_ONCE
    ) -> Iterator[dict[str, NDArray[Any]]]:
        """Chosen expressions of every row, in order, some rows at a time.

        Args:
            asked: SQL without NULLs, each "… AS name".
            at_once: rows at most, unless a row group is larger.
        """
        what = ", ".join(asked)
        for piece in self.pieces:
            for start, stop in _spans(piece, at_once):
                query = (
                    f"SELECT {what} FROM {_table(piece)} "  # noqa: S608
                    f"WHERE {ROW} >= {start} AND {ROW} < {stop}"
                )
                with reading(piece.named):
                    yield self.connection.execute(query).fetchnumpy()

    def picked(self, rows: NDArray[np.int64], file: Path) -> None:
        """Write chosen rows (n,) of the table, ascending, with all their columns to a Parquet file.

        Columns keep their type where every file has the same; else they are text.
        """
        alike = self._typed_alike()
        columns = ", ".join(
            f"t.{quoted(each.stored)}"
            if alike[each.name] and not each.nested
            else f"CAST(t.{quoted(each.stored)} AS VARCHAR) AS {quoted(each.stored)}"
            for each in self.columns
        )
        execute = self.connection.execute
        execute("CREATE OR REPLACE TEMP TABLE picks (place BIGINT)")
        parts = []
        for number, piece in enumerate(self.pieces):
            own = rows[(rows >= piece.start) & (rows < piece.start + piece.rows)] - piece.start
            if not len(own):
                continue
            # From a file: values of a query are parsed one by one, and parameters import pandas.
            chosen = self.folder / "picks.csv"
            chosen.write_text("\n".join(map(str, own.tolist())))
            execute("TRUNCATE picks")
            execute(f"COPY picks FROM {literal(str(chosen))} (FORMAT csv, HEADER false)")
            part = self.folder / f"picked-{number}.parquet"
            with reading(piece.named):
                execute(
                    f"COPY (SELECT {columns} FROM {_table(piece)} t JOIN picks "  # noqa: S608
                    f"ON t.{ROW} = picks.place ORDER BY picks.place) "
                    f"TO {literal(str(part))} (FORMAT parquet)"
                )
            parts.append(part)
        every = ", ".join(literal(pattern(part)) for part in parts)
        execute(f"COPY (FROM read_parquet([{every}])) TO {literal(str(file))} (FORMAT parquet)")
        for part in parts:
            part.unlink()

    def _typed_alike(self) -> dict[str, bool]:
        """Whether every file has the same type for a column, by its name."""
        types = [_types(self.connection, piece.path, piece.named) for piece in self.pieces]
        return {each.name: len({of[each.stored] for of in types}) == 1 for each in self.columns}


@contextmanager
def opened(files: Files, dialect: Dialect, dropped: Sequence[str] = ()) -> Iterator[Stream]:
    """Open the files of a table.

    Args:
        files: what it is made of.
        dialect: how CSV files are written, where the guess would be wrong.
        dropped: columns that may hold anything, as they are left out.

    Raises:
        TableError: when a file cannot be read, when there is no row, when a column holds lists
            or records, and when the files have different columns, by their names.
    """
    with tempfile.TemporaryDirectory(prefix="mlp-edge-") as name:
        folder = Path(name)
        connection = connected(files.paths, folder)
        try:
            paths, decimal, header = list(files.paths), dialect.decimal or ".", True
            if files.kind == "CSV":
                paths, written = rewritten(connection, paths, dialect, folder)
                decimal, header = written.decimal, written.header
            columns = _columns(connection, paths, files, dropped)
            pieces = _pieces(connection, paths, files)
            yield Stream(files, columns, pieces, decimal, header, connection, folder)
        finally:
            connection.close()


def _columns(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], files: Files,
    dropped: Sequence[str],
) -> tuple[Column, ...]:  # fmt: skip
    """The columns, which all files have."""
    types = [
        _types(connection, path, named) for path, named in zip(paths, files.paths, strict=True)
    ]
    stored = tuple(types[0])
    check_width(len(stored), plain(files.source))
    for path, found in zip(files.paths, types, strict=True):
        _check_same(stored, tuple(found), files.paths[0], path)
    names = column_names(stored)
    check_names(names, plain(files.source))
    if ROW in stored:
        raise TableError(
            f"{plain(files.source)}: a column called {ROW} stands in the way of reading rows by "
            "their numbers; rename it"
        )
    columns = tuple(
        Column(
            name, each, all(_is_number(found[each]) for found in types),
            any(_NESTED.match(found[each]) for found in types),
        )
        for name, each in zip(names, stored, strict=True)
    )  # fmt: skip
    nested = [each for each in columns if each.nested and each.name not in dropped]
    if nested:
        kind = types[0][nested[0].stored]
        raise TableError(
            f"{plain(files.source)}: column {listed(each.name for each in nested)} of type "
            f"{shown(kind)} does not hold "
            "one number or word per row; leave it out or spread it over columns"
        )
    return columns


def _is_number(kind: str) -> bool:
    return bool(_NUMBER.fullmatch(kind)) and not _WIDE_DECIMAL.fullmatch(kind)


def _check_same(first: tuple[str, ...], other: tuple[str, ...], one: Path, path: Path) -> None:
    """Refuse files of different columns; another order would do."""
    lacks = [name for name in first if name not in other]
    more = [name for name in other if name not in first]
    if lacks or more:
        says = [f"lacks column {listed(lacks)}"] if lacks else []
        says += [f"has column {listed(more)} besides"] if more else []
        raise TableError(
            f"{plain(str(path))}: {' and '.join(says)}, compared with {plain(str(one))}; every "
            "file of a table has the same columns"
        )


def _types(connection: duckdb.DuckDBPyConnection, path: Path, named: Path) -> dict[str, str]:
    """The columns of a file and their types."""
    with reading(named):
        rows = connection.execute(
            f"DESCRIBE FROM read_parquet({literal(pattern(path))}, binary_as_string = true)"
        ).fetchall()
    return {str(row[0]): str(row[1]) for row in rows}


def _pieces(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], files: Files
) -> tuple[Piece, ...]:
    pieces, start = [], 0
    for path, named in zip(paths, files.paths, strict=True):
        with reading(named):
            groups = connection.execute(
                "SELECT row_group_id, any_value(row_group_num_rows) "  # noqa: S608
                f"FROM parquet_metadata({literal(pattern(path))}) GROUP BY 1 ORDER BY 1"
            ).fetchall()
        sizes = tuple(int(row[1]) for row in groups)
        pieces.append(Piece(path, named, start, sum(sizes), sizes))
        start += sum(sizes)
    if not start:
        what = "no row in any file" if files.several else "without rows"
        raise TableError(f"{plain(files.source)}: {what}; a table has a row or more")
    return tuple(pieces)


def _table(piece: Piece) -> str:
    """A file as SQL reads it, the number of each row included."""
    path = literal(pattern(piece.path))
    return f"read_parquet({path}, binary_as_string = true, {ROW} = true)"


def _spans(piece: Piece, at_once: int) -> Iterator[tuple[int, int]]:
    """Rows to read at once: whole row groups, as a part of one costs as much as all of it."""
    start = stop = 0
    for size in piece.groups:
        if stop > start and stop + size - start > at_once:
            yield start, stop
            start = stop
        stop += size
        while stop - start > 4 * at_once:  # a file of one huge row group
            yield start, start + at_once
            start += at_once
    if stop > start:
        yield start, stop
