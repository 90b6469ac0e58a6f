"""What one cell means where a model exists already: a number, a category, or a missing reading."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from mlp_edge.feature import Feature

# Python's float() would also take "1_000" and digits of other scripts. No two quantifiers may
# share the digits: a cell of a million digits and one letter must fail fast.
NUMBERS = {
    mark: re.compile(
        rf"[+-]?(?:[0-9]+(?:{re.escape(mark)}[0-9]*)?|{re.escape(mark)}[0-9]+)"
        r"(?:[eE][+-]?[0-9]+)?"
    )
    for mark in ".,"
}
"""Decimal mark, "." or ",", to the pattern of a number written with it."""
MISSING = frozenset({"", "?", "nan", "-nan", "na", "n/a", "#n/a", "null", "none", "nil", ".", "-"})
"""Spellings of a missing number, lower-case."""
OVERFLOW = 2.0**128 - 2.0**103
"""From here on float32 rounds to infinity: half a step above its largest number."""
BOOLEANS = ({"false", "true"}, {"no", "yes"}, {"n", "y"}, {"f", "t"}, {"off", "on"})
"""Pairs that are true and false in any case; the first by the alphabet is false."""
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
"""How a cell begins that spreadsheets compute, or that becomes such a one when it is split."""
MOST_SPELLINGS = 1000
"""Texts that may be a few values in different case and with blanks around them; more are not
looked at, as that takes long."""


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


def number(cell: str, decimal: str = ".") -> float:
    """The cell as float64; NaN when it is not a number that float32 can hold."""
    text = cell.strip()
    if not is_number(text, decimal):
        return math.nan
    value = float(text.replace(decimal, "."))
    return value if abs(value) < OVERFLOW else math.nan


def as_words(cell: str) -> str:
    """A cell with a ' before it where a spreadsheet would take it for a formula; not a number."""
    harmless = is_missing(cell) or is_number(cell) or is_number(cell, ",")
    return cell if harmless or not _FORMULA.match(cell) else f"'{cell}"


def are_booleans(texts: Sequence[str]) -> bool:
    """Whether texts are true and false, yes and no or the like, in any case."""
    if len(texts) > MOST_SPELLINGS:
        return False
    found = {text.strip().casefold() for text in texts}
    return any(found <= pair for pair in BOOLEANS)


def means_missing(text: str, feature: Feature) -> bool:
    """Whether a cell says that a feature's reading is missing."""
    word = text.strip().casefold()
    if word in feature.missing_words:
        return True
    # What is a category's name in another case was said to stand for itself.
    return is_missing(text) and word not in map(str.casefold, feature.categories)


class CategoryCells:
    """What the cells of a category stand for.

    A cell is a category's name, or its number where the name is one, or the sentinel, or 0 or 1
    where the names are those of false and true.

    Args:
        feature: a category.
        decimal: the mark before a number's fraction, "." or ",".
    """

    def __init__(self, feature: Feature, decimal: str = ".") -> None:
        self._feature = feature
        self._decimal = decimal
        self._truths = are_booleans(feature.categories)
        self._fold = str.casefold if self._truths else str
        pairs = list(zip(feature.categories, feature.codes, strict=True))
        self._by_name = {self._fold(name): code for name, code in pairs}
        self._by_value = {
            number(name, decimal): code for name, code in pairs if is_number(name, decimal)
        }

    def of_text(self, text: str) -> float | None:
        """The code of a cell's text; NaN when it is missing, None when nobody knows."""
        text = text.strip()
        if self._fold(text) in self._by_name:
            return self._by_name[self._fold(text)]
        if means_missing(text, self._feature):
            return math.nan
        return self.of_value(number(text, self._decimal))

    def of_value(self, value: float) -> float | None:
        """The code of a cell that holds a number, not its text; None when nobody knows."""
        if value in self._by_value:
            return self._by_value[value]
        # A code means nothing to somebody who writes words, but that yes is 1 and no is 0.
        known = self._truths and value in self._feature.codes
        return value if known or float(np.float32(value)) == self._feature.sentinel else None
