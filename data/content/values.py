"""Tells whether a cell is a number, a missing value or words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mlp_edge.cell import NUMBERS, is_missing, is_number
from mlp_edge.data.content.formatted import form
from mlp_edge.data.quoting import shown
from mlp_edge.settings import setting

LOOKED_AT = 1000
"""Rows that decide what a column holds."""
_GROUPED = {
    mark: re.compile(rf"\s*[+-]?[1-9][0-9]{{0,2}}{re.escape(mark)}[0-9]{{3}}\s*") for mark in ".,"
}
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_LARGEST = "3.4e38"


def is_word(cell: str) -> bool:
    """Whether a cell is text that does not even try to be a number."""
    patterns = (*NUMBERS.values(), _INFINITE)
    text = cell.strip()
    return not is_missing(text) and not any(pattern.fullmatch(text) for pattern in patterns)


def is_grouped(cell: str, mark: str) -> bool:
    """Whether a mark, "." or ",", may part thousands as well as a fraction: 1,234."""
    return _GROUPED[mark].fullmatch(cell) is not None


def mostly_numbers(cells: Iterable[str], decimal: str = ".") -> bool:
    """Whether at least half of the cells that are not missing are numbers, and one is."""
    known = [is_number(cell, decimal) for cell in cells if not is_missing(cell)]
    return any(known) and 2 * sum(known) >= len(known)


def trouble(cell: str, decimal: str = ".") -> str:
    """Why a cell for which ``number`` gave NaN is not one, and what would do."""
    text = cell.strip()
    if not text:
        return "the cell is empty where a number belongs; fill it in or remove the line"
    if is_missing(text):
        return f"{shown(text)} stands for a missing value; put a number there or remove the line"
    if _INFINITE.fullmatch(text):
        return f"{shown(text)} is infinite; put a finite number there or remove the line"
    if is_number(text, decimal):
        return (
            f"{shown(text)} is beyond the largest float32 number, ±{_LARGEST}; "
            "a larger unit would do"
        )
    other = {".": ",", ",": "."}[decimal]
    if is_number(text, other):
        has, takes = ("comma", "point") if other == "," else ("point", "comma")
        grouped = f"; if it separates thousands, write {text.replace(other, '')}"
        return (
            f"{shown(text)} has a {has} where a number takes a decimal {takes}; "
            f"{setting('decimal', other)} reads it{grouped if is_grouped(text, other) else ''}"
        )
    written = form(text)
    if written is not None:
        return (
            f"{shown(text)} is written with {written}; write plain numbers, such as -1234{decimal}5"
        )
    return f"{shown(text)} is text where a number belongs"
