"""Medians and other order statistics of numbers that are read again and again, exactly.

Floats are sorted by their bits as integers are, once those of negative ones are turned round. So
each look counts how many have each of 65,536 beginnings, 16 bits further than the last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Looks = Callable[[], Iterable[NDArray[Any]]]
"""Gives the numbers (n, columns) from the first to the last, each time it is called."""
DIGIT = 16
"""Bits that one look tells."""
TOGETHER = 32
"""Columns whose beginnings are counted in one look: 512 kB for each of their ranks."""


def kth_smallest(
    looks: Looks, ranks: NDArray[np.int64], kind: type[np.floating[Any]]
) -> NDArray[Any]:
    """For each column the numbers that stand at some ranks when sorted.

    ``TOGETHER`` columns are looked at together, two times if they are float32, four if float64.
    Counting takes about 1.1 MB for each of their ranks, which is 70 MB for medians, whatever the
    number of columns and rows.

    Args:
        looks: float32 or float64 numbers; NaN is none.
        ranks: (columns, k), from 0; below the count of the column's numbers.
        kind: of the numbers.

    Returns:
        (columns, k) of ``kind``; -0 counts as 0.
    """
    found = np.zeros(ranks.shape, f"u{np.dtype(kind).itemsize}")
    for first in range(0, len(ranks), TOGETHER):
        some = slice(first, first + TOGETHER)
        found[some] = _kth_keys(looks, some, ranks[some], found.dtype)
    return _floats(found, kind)


def _kth_keys(
    looks: Looks, columns: slice, ranks: NDArray[np.int64], whole: np.dtype[Any]
) -> NDArray[Any]:
    """The keys (columns, k) of the numbers of some columns that stand at their ranks."""
    width = whole.itemsize * 8
    left, found = ranks.copy(), np.zeros(ranks.shape, whole)
    for shift in range(width - DIGIT, -1, -DIGIT):
        counts = np.zeros((*ranks.shape, 1 << DIGIT), np.int64)
        for numbers in looks():
            for column, known in enumerate(numbers[:, columns].T):
                keys = _keys(known, whole)
                for place in range(ranks.shape[1]):
                    counts[column, place] += _counted(keys, found[column, place], shift, width)
        digits, before = _digits(counts, left)
        del counts  # before the next ones are made
        left -= before
        found |= digits.astype(whole) << np.array(shift, whole)
    return found


def _digits(
    counts: NDArray[np.int64], left: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The digit (columns, k) at each rank, and how many numbers have a lesser one."""
    below = np.cumsum(counts, axis=-1)
    digits = np.minimum((below <= left[..., None]).sum(axis=-1), (1 << DIGIT) - 1)
    at = digits[..., None]
    before = np.take_along_axis(below, at, axis=-1) - np.take_along_axis(counts, at, axis=-1)
    return digits, before[..., 0]


def _keys(numbers: NDArray[Any], whole: np.dtype[Any]) -> NDArray[Any]:
    """Integers in the order of the numbers."""
    known = numbers[~np.isnan(numbers)] + numbers.dtype.type(0)  # which makes 0 of -0
    bits = np.ascontiguousarray(known).view(whole)
    top = whole.type(1 << (whole.itemsize * 8 - 1))
    return np.where(bits & top, ~bits, bits | top)


def _floats(keys: NDArray[Any], kind: type[np.floating[Any]]) -> NDArray[Any]:
    top = keys.dtype.type(1 << (keys.dtype.itemsize * 8 - 1))
    return np.ascontiguousarray(np.where(keys & top, keys ^ top, ~keys)).view(kind)


def _counted(keys: NDArray[Any], prefix: Any, shift: int, width: int) -> NDArray[np.int64]:
    """How many keys that begin like the prefix go on with each digit."""
    if shift + DIGIT < width:
        above = keys.dtype.type(shift + DIGIT)
        keys = keys[keys >> above == prefix >> above]
    digits = (keys >> keys.dtype.type(shift)) & keys.dtype.type((1 << DIGIT) - 1)
    return np.bincount(digits.astype(np.int64), minlength=1 << DIGIT)


def medians(looks: Looks, known: NDArray[np.int64]) -> NDArray[np.float64]:
    """The median of each column of float32 numbers, (columns,) float64; 0 of a column without any.

    Args:
        looks: the numbers; NaN is none.
        known: (columns,) how many numbers each column has.
    """
    if not known.any():
        return np.zeros(len(known))
    ranks = np.maximum(np.stack([(known - 1) // 2, known // 2], axis=1), 0)
    middle = kth_smallest(looks, ranks, np.float32).astype(np.float64)
    return np.where(known > 0, middle.mean(axis=1), 0.0)
