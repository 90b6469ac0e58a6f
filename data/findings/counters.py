"""Tests whether a column numbers the rows of a table that was once sorted by the target."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.content.units import names_unit
from mlp_edge.data.findings.functions import Numbers, spearman
from mlp_edge.data.findings.values import Leak, TargetValues, between
from mlp_edge.data.quoting import counted, shown, suggested
from mlp_edge.finding import Finding

FEWEST_TO_COMPARE = 20
"""Rows from which on it is no chance that a column follows the target."""
SURELY = 0.9
"""Rank correlation that is no chance in ``FEWEST_TO_COMPARE`` rows."""
DEVIATIONS = 5
"""So many standard errors a correlation is from 0 that is no chance in more rows."""
MOSTLY_THERE = 0.9
"""Share of the rows that have a number where a column numbers them."""
FEW_AGAIN = 0.01
"""Share of the rows whose number may stand there twice, as after rows were copied."""
CHANCE = -16.0
"""Logarithm of the chance (1e-7) that numbers which measure something repeat so seldom."""
MOST_JOINED, FEWEST_JOINED = 5, 100
"""Tables that are joined at most, and rows of the longest at least, to be told by their numbers."""
IN_BLOCKS = 0.1
"""Share of the changes of class from row to row, by chance, up to which rows are sorted."""

_NUMBERED = re.compile(r"\D*?(\d{1,15})\D*")


def sorted_by(name: str, seen: Numbers, target: TargetValues) -> Leak | None:
    """Whether a column numbers the rows of a table that was sorted by the target at some time.

    Args:
        name: of the column.
        seen: its numbers in every row (rows,), NaN where there is none.
        target: what is predicted.

    Returns:
        The evidence; a copy of the target only where the numbers are those of this table's rows,
        from 0 or 1 up by 1, in nearly the order of the target, and the name ends in no unit.
        Other numbers may be what an experiment set: they are told, and stay.
    """
    known = ~np.isnan(seen)
    seen, rows = seen[known], len(target.levels)
    if len(seen) < max(FEWEST_TO_COMPARE, MOSTLY_THERE * rows):
        return None
    numbering = _numbering(seen, rows)
    follows = None if numbering is None else _follows(seen, target, known)
    if numbering is None or follows is None:
        return None
    copy = numbering.each and follows.nearly and not names_unit(name)
    says = (
        f"column {shown(name)} numbers the rows of a table that was once sorted: {numbering.says}, "
        f"and {follows.says}"
    )
    if not copy:
        says = f"{says}; {suggested('drop', name)} leaves it out, unless it measures something"
    return Leak(Finding("id", says), copy)


def numbers_in(texts: Iterable[str]) -> Numbers | None:
    """The number in each text, such as 17 of row-0017; None where one has none or several."""
    found = [_NUMBERED.fullmatch(text.strip()) for text in texts]
    if not all(found):
        return None
    return np.array([float(match[1]) for match in found if match is not None])


class _Numbering(NamedTuple):
    """How numbers show that they number things, and whether rows, from 0 or 1 up each once."""

    says: str
    each: bool


class _Following(NamedTuple):
    """How a target follows numbers, and whether in nearly all rows."""

    says: str
    nearly: bool


def _numbering(seen: Numbers, rows: int) -> _Numbering | None:
    """How numbers (n,) show that they number things; None where they may measure something."""
    if (seen != np.floor(seen)).any():
        return None
    values = np.unique(seen)
    again, low, high = len(seen) - len(values), values[0], values[-1]
    ends = f"{low:.17g} to {high:.17g}"
    if not again and len(seen) == rows and high - low == rows - 1:
        return _Numbering(f"each whole number from {ends} once", each=low in (0, 1))
    if low in (0, 1) and (times := _joined(seen)):
        says = f"whole numbers from {ends}, each up to {times} times, as of {times} tables joined"
        return _Numbering(says, each=False)
    if again > FEW_AGAIN * len(seen) or len(values) < 2:
        return None
    # Of as many places, as many numbers at random would leave some empty, and repeat others.
    places = (high - low) / _step(values) + 1
    expected = len(seen) + places * math.expm1(len(seen) * math.log1p(-1 / places))
    if again >= expected or _log_chance(again, expected) > CHANCE:
        return None
    repeats = f"{again:,} of them twice" if again else "none of them twice"
    says = f"whole numbers from {ends}, {repeats} in {counted(len(seen), 'row')}, where chance"
    return _Numbering(f"{says} would repeat {expected:.0f}", each=False)


def _joined(seen: Numbers) -> int:
    """How many tables, whose rows each are numbered from the same number up, are joined; or 0."""
    times = np.unique(seen, return_counts=True)[1]
    most = int(times[0])
    contiguous = len(times) == seen.max() - seen.min() + 1
    few = 2 <= most <= MOST_JOINED and len(times) >= FEWEST_JOINED
    return most if few and contiguous and (np.diff(times) <= 0).all() else 0


def _step(values: Numbers) -> float:
    """The largest whole number by which all differences of whole numbers can be divided."""
    steps = np.diff(values)
    return float(np.gcd.reduce(steps.astype(np.int64))) if steps.max() < 2.0**62 else 1.0


def _log_chance(seen: int, expected: float) -> float:
    """A bound of the logarithm of the chance of so few events (Chernoff, Poisson)."""
    return seen - expected - (seen * math.log(seen / expected) if seen else 0.0)


def _follows(seen: Numbers, target: TargetValues, known: NDArray[np.bool_]) -> _Following | None:
    """How the target follows the numbers; None where it may not."""
    rows, of = len(seen), f"the target {shown(target.name)}"
    if target.numbers is not None and not target.classes:
        r = spearman(seen, target.numbers[known])
        if abs(r) < min(SURELY, DEVIATIONS / math.sqrt(rows - 1)):
            return None
        return _Following(f"Spearman's correlation with {of} is {r:.3f}", abs(r) >= SURELY)
    levels = target.levels[known]
    share, free = between(seen, levels), target.different - 1
    # Of no relation, (rows - 1) · share is distributed like chi² (Kruskal and Wallis, 1952).
    beyond = (rows - 1) * share - free - DEVIATIONS * math.sqrt(2 * free)
    if free >= rows // 2 or beyond < DEVIATIONS:
        return None
    changes = int((np.diff(levels[np.argsort(seen, kind="stable")]) != 0).sum())
    shares = np.bincount(levels) / rows
    in_blocks = changes <= IN_BLOCKS * rows * (1 - float(shares @ shares))
    return _Following(f"the classes of {of} account for {share:.0%} of their variance", in_blocks)
