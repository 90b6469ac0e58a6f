"""Does the first line of a table name the columns, or is it data already?"""

from __future__ import annotations

from collections.abc import Sequence

from mlp_edge.data.values import is_missing, is_number, mostly_numbers

LOOKED_AT = 1000
"""Rows that decide what a column holds."""


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of the rows is a header.

    A word above a column of numbers speaks for a header, a number above a column of numbers
    against it. When both occur, the line is data (a broken cell is then reported, a row taken for
    names would be lost without a word), unless its numbers count up, as the names 0,1,2,target
    do. When neither occurs, a line with a number in it is data and a line of words is a header.

    Args:
        rows: at least one row of cells, all of one width.
    """
    first, rest = rows[0], rows[1 : 1 + LOOKED_AT]
    numeric = [mostly_numbers(row[index] for row in rest) for index in range(len(first))]
    words = any(
        below and not is_number(cell) and not is_missing(cell)
        for cell, below in zip(first, numeric, strict=True)
    )
    numbers = any(below and is_number(cell) for cell, below in zip(first, numeric, strict=True))
    if words and numbers:
        return _count_up([cell.strip() for cell in first if is_number(cell)])
    if words or numbers:
        return words
    return not any(is_number(cell) for cell in first)


def _count_up(names: list[str]) -> bool:
    return any(names == [str(start + index) for index in range(len(names))] for start in (0, 1))
