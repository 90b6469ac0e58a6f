"""Parses whole columns of cells as float64, as ``values.number`` parses one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import NUMBERS, OVERFLOW

TEXT = np.dtypes.StringDType()
"""How columns hold text: short cells take sixteen bytes each and no Python object."""

Cells = np.ndarray[tuple[int], np.dtypes.StringDType]
"""The cells of one column, (rows,) of str, exactly as the file has them."""

_STEP = 1 << 12
"""Cells parsed at a time: a word slows down its neighbours only."""

_PADDED = {mark: re.compile(rf"\s*({number.pattern})\s*") for mark, number in NUMBERS.items()}


def as_cells(texts: Sequence[str]) -> Cells:
    """Texts as a column, (len(texts),)."""
    return cast(Cells, np.array(texts, TEXT))


def parse(cells: Cells, decimal: str = ".") -> NDArray[np.float64]:
    """The cells as numbers, correctly rounded.

    Args:
        cells: (rows,) of str.
        decimal: the mark before a fraction, "." or ",".

    Returns:
        (rows,) float64, NaN where a cell is not a decimal number that float32 can hold.
    """
    parsed = np.empty(len(cells), np.float64)
    for start in range(0, len(cells), _STEP):
        parsed[start : start + _STEP] = _parsed(cells[start : start + _STEP].tolist(), decimal)
    parsed[np.abs(parsed) >= OVERFLOW] = np.nan
    return parsed


def _parsed(cells: list[str], decimal: str) -> NDArray[np.float64]:
    joined = "\n".join(cells)
    # What float() takes beyond ``values.NUMBERS`` are these and words that give NaN or infinity.
    if joined.isascii() and "_" not in joined and (decimal == "." or "." not in joined):
        try:
            return _floats(cells, joined, decimal)
        except ValueError:
            pass  # an empty cell, a date, 1.2.3
    padded = _PADDED[decimal].fullmatch
    # Without the blanks: float() knows fewer of them than str.strip().
    numbers = [found[1] if (found := padded(cell)) else "nan" for cell in cells]
    return _floats(numbers, "\n".join(numbers), decimal)


def _floats(cells: list[str], joined: str, decimal: str) -> NDArray[np.float64]:
    """The cells, of which ``joined`` is one text with a line each, by Python's own reading."""
    texts = cells if decimal == "." else joined.replace(decimal, ".").split("\n")
    return np.fromiter(map(float, texts), np.float64, len(cells))
