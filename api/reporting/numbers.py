"""Numbers as a report holds them: short, finite, and the same on every run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

DIGITS = 6
"""Significant digits of what was computed; exact values, such as ranges, keep all of theirs."""
MOST_POINTS = 200
"""Points of a curve."""


def short(value: float | np.floating | None) -> float | None:
    """A number with ``DIGITS`` significant digits; None where it is not finite."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{float(value):.{DIGITS}g}")


def shorts(values: Iterable[float | np.floating]) -> list[float | None]:
    """The same of several."""
    return [short(value) for value in values]


def thinned(count: int, most: int = MOST_POINTS) -> Sequence[int]:
    """At most so many of the places 0 to count - 1, evenly apart, both ends among them."""
    if count <= most:
        return range(count)
    return [int(place) for place in np.unique(np.linspace(0, count - 1, most).round())]
