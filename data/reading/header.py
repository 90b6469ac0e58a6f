"""Detects whether the first line of a table names the columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mlp_edge.cell import is_missing, is_number
from mlp_edge.data.content.values import mostly_numbers
from mlp_edge.data.quoting import listed

_FEWEST_COUNTED = 3
"""Numbers that have to count up before they are names: 0,1 over data may well be data."""


class HeaderRow(NamedTuple):
    """Whether the first line holds names.

    Attributes:
        is_one: whether it does.
        doubt: why it might be otherwise, as a predicate of the line; "" where nothing speaks for
            it.
    """

    is_one: bool
    doubt: str = ""


def find_header(
    first: Sequence[str], below: Sequence[Iterable[str]], decimal: str = "."
) -> HeaderRow:
    """Whether the first line of a table is a header.

    A word above a column of numbers speaks for a header, a number above a column of numbers
    against it. When both occur, the line is data (a broken cell is then reported, a row taken for
    names would be lost without a word), unless its numbers count up, as the names 0,1,2,target
    do. Numbers alone are data, unless three or more count up over columns of which half hold
    fractions. When no column below holds numbers, a line with a number in it is data and a line
    of words is a header.

    Args:
        first: the cells of the first line.
        below: for each column its next cells, at most ``LOOKED_AT``.
        decimal: the mark before a fraction.
    """
    columns = [list(cells) for cells in below]
    numeric = [mostly_numbers(cells, decimal) for cells in columns]
    numbers = [is_number(cell, decimal) for cell in first]
    words = [
        not number and not is_missing(cell) for cell, number in zip(first, numbers, strict=True)
    ]
    counting = _count_up([cell.strip() for cell in first if is_number(cell, decimal)])
    word_above = any(a and b for a, b in zip(words, numeric, strict=True))
    number_above = any(a and b for a, b in zip(numbers, numeric, strict=True))
    if word_above and number_above:
        return _mixed(first, counting)
    if number_above:
        return _numbers_only(first, columns, decimal, counting and all(numbers))
    if word_above:
        return HeaderRow(True)
    if any(numbers):
        return HeaderRow(False, f"{listed(first)} holds a number and was taken for data")
    return HeaderRow(
        True, f"{listed(first)} was taken for column names, though no column below holds numbers"
    )


def _mixed(first: Sequence[str], counting: bool) -> HeaderRow:
    if counting:
        return HeaderRow(True, f"{listed(first)} counts up and was taken for column names")
    return HeaderRow(False, f"{listed(first)} holds numbers and was taken for data")


def _numbers_only(
    first: Sequence[str], columns: Sequence[Sequence[str]], decimal: str, counting: bool
) -> HeaderRow:
    if not counting or len(first) < _FEWEST_COUNTED:
        return HeaderRow(False)
    fractions = sum(any(_is_fraction(cell, decimal) for cell in cells) for cells in columns)
    if 2 * fractions >= len(columns):
        return HeaderRow(True, f"{listed(first)} counts up and was taken for column names")
    return HeaderRow(False, f"{listed(first)} counts up, but was taken for data")


def _is_fraction(cell: str, decimal: str) -> bool:
    return decimal in cell and is_number(cell, decimal)


def _count_up(names: list[str]) -> bool:
    return any(names == [str(start + index) for index in range(len(names))] for start in (0, 1))
