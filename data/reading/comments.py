"""Tells comments from rows and column names among lines that begin with #."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

import numpy as np

from mlp_edge.cell import is_missing, is_number
from mlp_edge.data.content.values import LOOKED_AT
from mlp_edge.data.quoting import counted, shown
from mlp_edge.data.reading.header import find_header
from mlp_edge.data.reading.layout import Layout, split_record
from mlp_edge.finding import Finding
from mlp_edge.settings import setting


class Uncommented(NamedTuple):
    """A layout without comments.

    Attributes:
        layout: the records left.
        header: True when the first of them is a header for certain, as it began with #.
        notes: what was left out or taken for names.
    """

    layout: Layout
    header: bool | None = None
    notes: tuple[Finding, ...] = ()


def leave_out_comments(
    layout: Layout, delimiter: str, header: bool | None, wanted: bool | None = None
) -> Uncommented:
    """Leave out the lines that begin with # and are no row.

    Such a line is a comment when it has more or fewer cells than the others, or when the first
    column of the others holds numbers only, where "#3" could be none. Else it is a row: a first
    column of words may well hold "#3". A line of as many words as there are columns, right above
    the first other line, holds the column names, unless that line does.

    Args:
        layout: at least one record.
        delimiter: what parts its cells.
        header: the user's word on whether there are column names.
        wanted: the user's word on whether such lines are comments.
    """
    marked = layout.begins_with("#")
    if wanted is False or not marked.any() or marked.all():
        return Uncommented(layout)
    plain = np.flatnonzero(~marked)
    rows = [split_record(layout.record(int(index)), delimiter) for index in plain[: 1 + LOOKED_AT]]
    fits = np.zeros(len(layout), np.bool_)
    for index in np.flatnonzero(marked):
        fits[index] = len(split_record(layout.record(int(index)), delimiter)) == len(rows[0])
    top = int(plain[0]) - 1
    named = (
        top >= 0
        and bool(fits[top])
        and header is not False
        and _names(layout.record(top), delimiter)
        and not _is_certain_header(rows)
    )
    below = [row[0] for row in rows[1:] or rows]
    is_row = fits & (not wanted and not _all_numbers(below))
    # Above the first other line stand titles, whatever their width.
    is_row[: plain[0]] = False
    is_row[top] = is_row[top] or named
    comments = np.flatnonzero(marked & ~is_row)
    notes = (_left_out(layout, comments),) if comments.size else ()
    if not named:
        return Uncommented(layout.keep(~marked | is_row), None, notes)
    note = Finding(
        "dialect",
        f"line {layout.lines[top]}, {shown(layout.record(top))}, was taken for column names "
        f"without its #; {setting('header', False)} overrules",
    )
    kept = _unmarked(layout, top).keep(~marked | is_row)
    return Uncommented(kept, True, (*notes, note))


def comments_later(wanted: bool | None, column: Iterable[str]) -> bool | None:
    """Which lines that begin with # are comments below the first rows of a table.

    Args:
        wanted: the user's word for it.
        column: the first rows' cells of the first column.

    Returns:
        True for every one, False for none, None for those of another width than the rows.
    """
    return wanted if wanted is not None else _all_numbers([*islice(column, LOOKED_AT)]) or None


def leave_out_later(layout: Layout, delimiter: str, comments: bool | None) -> Layout:
    """Leave out comments below the first rows, by what ``comments_later`` gave.

    Args:
        layout: a row first, then others.
        delimiter: what parts its cells.
        comments: which lines that begin with # are.
    """
    marked = layout.begins_with("#")
    marked[0] = False
    if comments is False or not marked.any():
        return layout
    if comments is None:
        width = len(split_record(layout.record(0), delimiter))
        for index in np.flatnonzero(marked):
            marked[index] = len(split_record(layout.record(int(index)), delimiter)) != width
    return layout.keep(~marked)


def _names(record: str, delimiter: str) -> bool:
    return not any(is_number(cell.strip(' #"')) for cell in split_record(record, delimiter))


def _is_certain_header(rows: list[list[str]]) -> bool:
    cells = [[cell.strip(' "') for cell in row] for row in rows if len(row) == len(rows[0])]
    below = list(zip(*cells[1:], strict=True)) or [()] * len(cells[0])
    found = find_header(cells[0], below)
    return found.is_one and not found.doubt


def _all_numbers(cells: list[str]) -> bool:
    bare = [cell.strip(' "') for cell in cells]
    return all(is_number(cell) or is_number(cell, ",") or is_missing(cell) for cell in bare)


def _left_out(layout: Layout, comments: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Finding:
    first = layout.lines[comments[0]]
    says = f"{counted(len(comments), 'comment line')} that began with #, the first on line {first}"
    return Finding("dialect", f"{says}, left out; {setting('comments', False)} overrules")


def _unmarked(layout: Layout, index: int) -> Layout:
    """The layout with a blank in the place of a record's first character."""
    content = bytearray(layout.content)
    content[layout.starts[index]] = ord(" ")
    return Layout(bytes(content), layout.starts, layout.ends, layout.lines, layout.hollow)
