"""Read a table: a set that ships, or a CSV file."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np

from mlp_edge.data.duck import read_cells
from mlp_edge.data.header import has_header
from mlp_edge.data.layout import Record, records
from mlp_edge.data.sets import SETS
from mlp_edge.data.table import Table
from mlp_edge.data.text import read_text
from mlp_edge.data.values import is_number
from mlp_edge.data.words import listed, plain, shown
from mlp_edge.errors import TableError
from mlp_edge.mlp import identifier


def read_table(source: str) -> Table:
    """Read a set that ships or a CSV file: commas, semicolons or tabs, a header or none.

    Args:
        source: "pima", "iris" or "sine"; anything else is the path of a file (./pima is a file).
            UTF-8, plain or gzipped; LF, CRLF or CR; cells may be quoted with ``"``.

    Raises:
        TableError: naming the file and, where there is one, the line, when the file cannot be
            read, is not a table, or has lines of different widths or two columns of one name.
    """
    text, sha256 = read_text(_locate(source), source)
    found = records(text)
    if not found:
        what = "is empty" if not text else "holds blank lines only: no data rows"
        raise TableError(f"{plain(source)} {what}; a table has a line per row")
    rows = read_cells(found, source)
    _check_not_aligned(rows, found[0], source)
    header = has_header(rows)
    columns = _columns(rows[0], header)
    if header:
        _check_header(columns, rows, found, source)
        rows, found = rows[1:], found[1:]
    return Table(
        name=source if source in SETS else identifier(_stem(source)),
        source=source,
        columns=columns,
        header=header,
        cells={
            name: np.array(cells, dtype=np.object_)
            for name, cells in zip(columns, zip(*rows, strict=True), strict=True)
        },
        lines=np.array([record.line for record in found], dtype=np.int64),
        sha256=sha256,
    )


def _locate(source: str) -> Traversable:
    if source in SETS:
        return SETS[source].location
    path = Path(source)
    try:
        if path.is_file():
            return path
        kind = _kind(path)
    except (OSError, ValueError) as error:  # a NUL in the name, a name too long, a locked folder
        raise TableError(f"{plain(source)}: cannot be read: {error}") from error
    raise TableError(f"{plain(source)}: {kind}")


def _kind(path: Path) -> str:
    """What stands in the place of a file."""
    if path.is_dir():
        return "is a directory; name the CSV file in it"
    if path.is_symlink() and not path.exists():
        return f"no such file: it is a link to {plain(str(path.readlink()))}, which is not there"
    if path.exists():
        return "is not a regular file; save the table to one"
    if re.match(r"[A-Za-z0-9+.-]{2,}:/", str(path)):
        return "no such file; a table is not fetched from an address: download it first"
    return f"no such file, and no set of that name ({', '.join(SETS)}){_nearest(path)}"


def _nearest(path: Path) -> str:
    """A hint at the set or the neighbouring file that was meant."""
    neighbours = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, [*SETS, *neighbours], n=1)
    return f"; did you mean {plain(close[0])}?" if close else ""


def _stem(source: str) -> str:
    """The file's name without .csv, .csv.gz and the like."""
    return Path(source.removesuffix(".gz")).stem


def _columns(first: Sequence[str], header: bool) -> tuple[str, ...]:
    """The names; column1, column2, … where there is none."""
    names = [cell.strip() if header else "" for cell in first]
    return tuple(name or f"column{number}" for number, name in enumerate(names, start=1))


def _check_header(
    columns: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    found: Sequence[Record],
    source: str,
) -> None:
    where = f"{plain(source)}, line {found[0].line}"
    double = [name for name, times in Counter(columns).items() if times > 1]
    if double:
        raise TableError(f"{where}: more than one column is called {listed(double)}; rename one")
    if len(rows) == 1:
        raise TableError(f"{where}: a header and no data rows; a table has a line per row")
    if rows[0] in rows[1:]:
        again = found[rows.index(rows[0], 1)].line
        raise TableError(
            f"{plain(source)}, line {again}: the header of line {found[0].line} again; were two "
            "files joined? Remove the line"
        )


def _check_not_aligned(rows: Sequence[tuple[str, ...]], first: Record, source: str) -> None:
    """One column of several numbers each is a table whose delimiter is blanks."""
    if len(rows[0]) == 1 and all(_several_numbers(row[0]) for row in rows[-10:]):
        raise TableError(
            f"{plain(source)}, line {first.line}: one column, {shown(rows[0][0])}, that looks like "
            "several aligned by spaces; separate the cells by commas, semicolons or tabs"
        )


def _several_numbers(cell: str) -> bool:
    parts = cell.split()
    return len(parts) > 1 and all(is_number(part) for part in parts)
