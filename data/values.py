"""What the text of a cell means: a number, a missing value, or words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from mlp_edge.data.words import shown

# Python's float() would also take "1_000" and digits of other scripts. No two quantifiers may
# share the digits: a cell of a million digits and one letter must fail fast.
NUMBERS = {
    mark: re.compile(rf"[+-]?(?:[0-9]+(?:{re.escape(mark)}[0-9]*)?|{re.escape(mark)}[0-9]+)"
                     r"(?:[eE][+-]?[0-9]+)?")
    for mark in ".,"
}  # fmt: skip
"""Decimal mark, "." or ",", to the pattern of a number written with it."""
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
MISSING = frozenset({"", "?", "nan", "-nan", "na", "n/a", "#n/a", "null", "none", "nil", ".", "-"})
"""Spellings of a missing number, lower-case."""

_LARGEST = "3.4e38"
OVERFLOW = 2.0**128 - 2.0**103
"""From here on float32 rounds to infinity: half a step above its largest number."""


def is_number(cell: str, decimal: str = ".") -> bool:
    """Whether a cell, blanks around it ignored, is a decimal number.

    Args:
        cell: its text.
        decimal: the mark before its fraction, "." or ",".
    """
    return NUMBERS[decimal].fullmatch(cell.strip()) is not None


def is_missing(cell: str) -> bool:
    """Whether a cell is empty or spells out that a number is missing."""
    return cell.strip().lower() in MISSING


def is_word(cell: str) -> bool:
    """Whether a cell is text that does not even try to be a number."""
    patterns = (*NUMBERS.values(), _INFINITE)
    text = cell.strip()
    return not is_missing(text) and not any(pattern.fullmatch(text) for pattern in patterns)


def number(cell: str, decimal: str = ".") -> float:
    """The cell as float64; NaN when it is not a number that float32 can hold."""
    text = cell.strip()
    if not is_number(text, decimal):
        return math.nan
    value = float(text.replace(decimal, "."))
    return value if abs(value) < OVERFLOW else math.nan


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
    if decimal == "." and _DECIMAL_COMMA.fullmatch(text):
        return (
            f"{shown(text)} has a comma where a number takes a decimal point; --decimal , reads it"
        )
    if decimal == "," and is_number(text):
        return (
            f"{shown(text)} has a point where a number takes a decimal comma; --decimal . reads it"
        )
    return f"{shown(text)} is text where a number belongs"
