"""Handles trailing delimiters, single quotes and decimal commas."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import is_missing, number
from mlp_edge.data.content.floats import as_cells
from mlp_edge.data.content.text_column import ArrayColumn, TextColumn
from mlp_edge.data.content.values import LOOKED_AT, is_grouped
from mlp_edge.data.quoting import counted, listed, shown
from mlp_edge.errors import TableError
from mlp_edge.finding import Finding
from mlp_edge.settings import setting

_SINGLE_QUOTED = re.compile(r"\s*'((?:[^']|'')*)'\s*")
FEWEST_GROUPED = 3
"""Numbers of a column from which on points that may all part thousands are no chance."""


def without_trailing_delimiter(
    columns: list[TextColumn],
) -> tuple[list[TextColumn], tuple[Finding, ...]]:
    """Leave out a last column that is empty everywhere and has no name.

    Args:
        columns: of all records, the first line's among them.
    """
    last = columns[-1]
    if len(columns) == 1 or not last.is_empty():
        return columns, ()
    note = Finding(
        "dialect",
        f"column {len(columns)} has no name and no value, as every line ends with a delimiter; "
        "left out",
    )
    return columns[:-1], (note,)


def without_single_quotes(
    columns: list[TextColumn], wanted: bool | None = None
) -> tuple[list[TextColumn], tuple[Finding, ...]]:
    """Take off single quotes where they stand round every cell of a column that is not empty.

    Args:
        columns: of all records; the first cell may be a name and is not held to it.
        wanted: the user's word for it; True takes them off every cell that has them.
    """
    if wanted is not None:
        return [_bare(column) for column in columns] if wanted else columns, ()
    bare = [_unquoted(column) for column in columns]
    changed = [index + 1 for index, column in enumerate(bare) if column is not None]
    left = tuple(
        note
        for index, column in enumerate(bare)
        if column is None
        for note in _partly_quoted(columns[index], index + 1)
    )
    if not changed:
        return columns, left
    which = ", ".join(map(str, changed[:20])) + (", …" if len(changed) > 20 else "")
    what = f"column {which}" if len(changed) == 1 else f"{counted(len(changed), 'column')}, {which}"
    note = Finding(
        "dialect",
        f"single quotes round every cell of {what}: taken off; {setting('single_quotes', False)} "
        "overrules",
    )
    pairs = zip(bare, columns, strict=True)
    return [new if new is not None else old for new, old in pairs], (note, *left)


def _partly_quoted(column: TextColumn, number: int) -> tuple[Finding, ...]:
    """A note when single quotes stand round most cells of a column, but not round all."""
    below = column.take(slice(1, None))
    # Most columns have no quote in their first cells.
    if not any("'" in cell for cell in below.take(slice(LOOKED_AT))):
        return ()
    cells = [cell for cell in below if cell.strip()]
    quoted = sum(_SINGLE_QUOTED.fullmatch(cell) is not None for cell in cells)
    if 2 * quoted <= len(cells):
        return ()
    bare = next(cell for cell in cells if not _SINGLE_QUOTED.fullmatch(cell))
    says = (
        f"single quotes round {quoted:,} of {counted(len(cells), 'cell')} of column {number}, not "
        f"round {shown(bare.strip())}: left as they are; {setting('single_quotes', True)} takes "
        "them off"
    )
    return (Finding("dialect", says),)


def _bare(column: TextColumn) -> TextColumn:
    """The column without the single quotes round any of its cells."""
    if not column.holds("'").any():
        return column
    return ArrayColumn(as_cells([_inside(cell) for cell in column]))


def _unquoted(column: TextColumn) -> TextColumn | None:
    """The column without its single quotes; None where they do not stand round every cell."""
    names = 1 if len(column) > 1 else 0
    below = column.take(slice(names, None))
    # Most columns end here, by a few cells; making Python's texts of all takes long.
    if any(cell.strip() and "'" not in cell for cell in below.take(slice(LOOKED_AT))):
        return None
    inside: list[str] = []
    quoted = 0
    for cell in below:
        found = _SINGLE_QUOTED.fullmatch(cell)
        if found is None and cell.strip():
            return None  # mostly the very first cell
        quoted += found is not None
        inside.append(_inside(cell))
    if not quoted:
        return None
    head = [_inside(cell) for cell in column.take(slice(names))]
    return ArrayColumn(as_cells(head + inside))


def _inside(cell: str) -> str:
    found = _SINGLE_QUOTED.fullmatch(cell)
    return found[1].replace("''", "'") if found else cell


def find_decimal(
    columns: Sequence[TextColumn],
    lines: NDArray[np.int64],
    delimiter: str,
    source: str,
    wanted: str | None = None,
) -> tuple[str, tuple[Finding, ...]]:
    """The mark before a fraction, "." or ",", and a note when it is the comma.

    Only columns count of which at least half of the cells that are not missing are numbers. The
    comma is certain when it separates no cells, some column has decimal commas and none of the
    columns decimal points, and not all of the commas could part thousands.

    Args:
        columns: of all records, (records,) each; the first line is looked at only when it is all.
        lines: (records,) the line of each.
        delimiter: what parts the cells.
        source: the file as messages name it.
        wanted: the user's word for it.

    Raises:
        TableError: when there are decimal commas, but not for certain; naming the first of them
            and the option.
    """
    if wanted is not None:
        return wanted, ()
    commas = _first_with(columns, ",")
    if not commas:
        return ".", _doubtful_points(columns, lines, source, delimiter)
    points = _first_with(columns, ".")
    certain = any(_is_certain(columns[index]) for index, _ in commas)
    index, row = commas[0]
    text = shown(columns[index][row].strip())
    cell = f"line {lines[row]}, column {_name(columns, index)}: {text}"
    if delimiter == ",":
        parts = "" if certain else "; if it separates thousands, write the number without it"
        raise TableError(
            f"{source}, {cell} has a comma where a number takes a decimal point; "
            f"{setting('decimal', ',')} reads it{parts}"
        )
    if points:
        other, at = points[0]
        raise TableError(
            f"{source}, {cell} has a decimal comma, but {shown(columns[other][at].strip())} in "
            f"line {lines[at]}, column {_name(columns, other)}, a decimal point; "
            f"{setting('decimal', ',')} or {setting('decimal', '.')} says which is meant"
        )
    if not certain:
        raise TableError(
            f"{source}, {cell} may have a decimal comma or separate thousands; "
            f"{setting('decimal', ',')} if it is a decimal, or write it without the comma"
        )
    return ",", (
        Finding(
            "dialect",
            f"{cell} was taken for a number with a decimal comma; {setting('decimal', '.')} "
            "overrules",
        ),
    )


def _doubtful_points(
    columns: Sequence[TextColumn], lines: NDArray[np.int64], source: str, delimiter: str
) -> tuple[Finding, ...]:
    """A note where all points of a column may part thousands, between semicolons as in Europe.

    Raises:
        TableError: where numbers without a point are below 1,000, too: nobody writes decimals with
            three digits or none. Naming the first, and the option.
    """
    notes = []
    for index, column in enumerate(columns):
        head = _below(column).take(slice(LOOKED_AT)).tolist()
        pointed = [cell for cell in head if "." in cell]
        # The first rows decide whether to look at all, so that decimals are not parsed for it.
        if not pointed or not all(is_grouped(cell, ".") for cell in pointed):
            continue
        if len(pointed) == len(head) and delimiter != ";":
            continue
        rows = _fractions(column, ".")
        if len(rows) < FEWEST_GROUPED or not all(is_grouped(c, ".") for c in column[rows].tolist()):
            continue
        row = int(rows[0])
        cell = f"line {lines[row]}, column {_name(columns, index)}: {shown(column[row].strip())}"
        whole = column.numbers().copy()
        whole[rows] = np.nan
        whole = np.abs(whole[~np.isnan(whole)])
        if len(whole) >= FEWEST_GROUPED and 0 < whole.max() < 1000:
            raise TableError(
                f"{source}, {cell} may have a decimal point or separate thousands, as numbers "
                f"without a point are below 1,000; {setting('decimal', '.')} if it is a decimal, "
                "or "
                "write it without the point"
            )
        if not whole.size and delimiter == ";":
            says = f"{cell} was taken for a decimal, though every point may separate thousands"
            notes.append(
                Finding("dialect", f"{says}; {setting('decimal', '.')} says that it is one")
            )
    return tuple(notes)


def _first_with(columns: Sequence[TextColumn], mark: str) -> list[tuple[int, int]]:
    """The columns that hold numbers with a mark, and the first record of each that has one."""
    found = []
    for index, column in enumerate(columns):
        rows = _fractions(column, mark)
        if rows.size:
            found.append((index, int(rows[0])))
    return found


def _fractions(column: TextColumn, mark: str) -> NDArray[np.int64]:
    """The records whose cell is a number with a mark in it; none in a column of words."""
    below = _below(column)
    marked = below.holds(mark)
    if not marked.any():
        return np.empty(0, np.int64)
    readable = {each: ~np.isnan(below.numbers(each)) for each in ".,"}
    numbers = readable["."] | readable[","]
    missing = sum(is_missing(cell) for cell in below[~numbers].tolist())
    if 2 * int(numbers.sum()) < len(below) - missing:
        return np.empty(0, np.int64)
    return np.flatnonzero(readable[mark] & marked) + len(column) - len(below)


def _below(column: TextColumn) -> TextColumn:
    """The column without its first cell, which may be a name; all of it where there is no other."""
    return column.take(slice(1, None)) if len(column) > 1 else column


def _is_certain(column: TextColumn) -> bool:
    """Whether the commas of a column's numbers cannot all part thousands."""
    rows = _fractions(column, ",")
    return any(not is_grouped(cell, ",") for cell in column[rows].tolist())


def _name(columns: Sequence[TextColumn], index: int) -> str:
    """A column as a message names it before anybody knows whether it has a name."""
    first = columns[index][0].strip()
    has_name = len(columns[index]) > 1 and math.isnan(number(first, ","))
    return listed([first]) if first and has_name else str(index + 1)
