"""Tests whether classes are ranges of a number: a threshold of it, or bands."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.findings.functions import FEWEST_DIFFERENT, SAMPLE, Numbers
from mlp_edge.data.targets import MOST_CLASSES

CHANCE = -16.0
"""Logarithm of the chance (1e-7) that classes lie apart by luck."""
NATURAL = 3
"""Times the widest of the gaps nearby that a gap is where kinds lie apart by nature."""
BY_CHANCE = 0.25
"""Share of the lines between many bands that may happen to lie in such a gap."""
NEARBY = 5
"""Gaps on either side that are nearby."""


def bands(classes: NDArray[np.generic], numbers: Numbers) -> str | None:
    """Where classes part the range of a number, if each has a range of its own in every row.

    Kinds may lie apart by nature, as the densities of wood and steel do: then a wide gap is between
    them. Where none is, somebody has drawn the line, since no measurement is sharp to the row.

    Args:
        classes: (n,) equal where rows are of one class.
        numbers: (n,).

    Returns:
        Such as "at 52.95" or "at 10, 20 and 30"; None where they do not, or it may be chance.
    """
    if _ranges(classes[:SAMPLE], numbers[:SAMPLE]) is None:  # which is enough for most columns
        return None
    found = _ranges(classes, numbers)
    if found is None:
        return None
    which = np.unique(classes, return_inverse=True)[1]
    counts = np.bincount(which)
    chance = math.lgamma(len(counts) + 1) - math.lgamma(len(which) + 1)
    chance += sum(math.lgamma(count + 1) for count in counts.tolist())
    values = np.unique(numbers)
    if chance > CHANCE or len(values) < FEWEST_DIFFERENT:
        return None
    places = np.searchsorted(values, [low for low, _ in found])
    # Far apart in size is apart, too.
    scales = [values, np.log(values)] if values[0] > 0 else [values]
    for scaled in scales:
        natural = [_is_natural(np.diff(scaled), place) for place in places.tolist()]
        if sum(natural) > BY_CHANCE * len(natural):
            return None
    cuts = [f"{(low + high) / 2:.6g}" for low, high in found]
    if len(cuts) == 1:
        return f"at {cuts[0]}"
    return f"at {', '.join(cuts[:-1])} and {cuts[-1]}"


def _ranges(classes: NDArray[np.generic], numbers: Numbers) -> list[tuple[float, float]] | None:
    """The last number of each class and the first of the next; None where classes overlap."""
    which = np.unique(classes, return_inverse=True)[1]
    count = int(which.max()) + 1
    if not 1 < count <= MOST_CLASSES:
        return None
    lows, highs = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(lows, which, numbers)
    np.maximum.at(highs, which, numbers)
    order = np.argsort(lows, kind="stable")
    ends = list(zip(highs[order][:-1].tolist(), lows[order][1:].tolist(), strict=True))
    return ends if all(low < high for low, high in ends) else None


def _is_natural(gaps: Numbers, place: int) -> bool:
    """Whether one of the gaps between different values, ascending, is far wider than those near.

    Where one of the classes is rare, gaps are wide on its side: the narrower side counts.
    """
    sides = gaps[max(0, place - NEARBY) : place], gaps[place + 1 :][:NEARBY]
    near = min(float(side.max()) for side in sides if side.size)
    return bool(gaps[place] > NATURAL * near)
