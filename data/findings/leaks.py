"""Finds columns that leak the target, and rows that contradict or repeat each other."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.findings.bands import bands
from mlp_edge.data.findings.counters import FEWEST_TO_COMPARE, SURELY, sorted_by
from mlp_edge.data.findings.functions import (
    CHANCE,
    SAMPLE,
    formula,
    mostly,
    order_chance,
    pearson,
    spearman,
)
from mlp_edge.data.findings.values import Leak, TargetValues
from mlp_edge.data.quoting import counted, shown, suggested
from mlp_edge.data.splitting.split import Indices
from mlp_edge.data.table import Table
from mlp_edge.data.targets import MOST_CLASSES
from mlp_edge.finding import Finding
from mlp_edge.mlp import Rows

NEARLY = 0.99
"""Share of the rows in which a column stands for the target, above which somebody should look."""
NEARLY_OF_EACH = 0.9
"""The same share within every class: a rare class would be no matter among all rows."""
CORRELATED = 0.999
"""Correlation with a regression's target above which somebody should look."""
DECIDED = 1e-6
"""Chance by which rows of a category that have one class each are no chance."""


def leak(
    name: str,
    readings: NDArray[np.float32] | NDArray[np.float64],
    known: NDArray[np.int64],
    target: TargetValues,
    *,
    codes: bool,
) -> Leak | None:
    """Whether a column gives a target away.

    Args:
        name: of the column.
        readings: (rows,) its readings.
        known: the rows in which they are not missing.
        target: what is predicted.
        codes: whether the readings are codes of categories, which are no quantity.
    """
    if len(known) < FEWEST_TO_COMPARE:
        return None
    seen = readings[known].astype(np.float32)
    of = f"the target {shown(target.name)}"
    column = f"column {shown(name)}"
    rows = counted(len(known), "row")
    exact = readings[known].astype(np.float64)
    numbers = None if codes else sorted_by(name, _everywhere(exact, known, len(readings)), target)
    if numbers is not None and (numbers.copy or not _computed(exact, target, known)):
        return numbers
    if target.numbers is not None and not codes:
        targets = target.numbers[known]
        if (seen == targets.astype(np.float32)).all():
            return Leak(Finding("target-copy", f"{column} equals {of} in all {rows}"), copy=True)
        if not target.classes:
            return _threshold_of(name, seen, target, known) or _function(
                column, target.name, exact, targets
            )
    if not target.classes:
        return _threshold_of(name, seen, target, known)
    agreeing = _agreeing(seen, target.levels[known], target.different)
    if agreeing == len(known):
        says = f"{column} stands for {of} one to one in all {rows}"
        return Leak(Finding("target-copy", says), copy=True)
    if agreeing >= NEARLY * len(known):
        says = f"{column} stands for {of} one to one in {agreeing:,} of {rows}"
        return Leak(Finding("near-target", f"{says}; {_ADVICE}"), copy=False)
    return _finer(name, seen, target, known) if codes else _threshold_in(name, exact, target, known)


def _computed(exact: NDArray[np.float64], target: TargetValues, known: NDArray[np.int64]) -> bool:
    """Whether numbers follow from the target's value. Its ranks are what an experiment may set."""
    if target.numbers is None or target.classes:
        return False
    found = formula(exact, target.numbers[known], "")
    return found is not None and "rank(" not in found


def _everywhere(
    known_numbers: NDArray[np.float64], known: NDArray[np.int64], rows: int
) -> NDArray[np.float64]:
    """The numbers of known rows among all rows, (rows,), NaN in the others."""
    numbers = np.full(rows, np.nan)
    numbers[known] = known_numbers
    return numbers


def _threshold_of(
    name: str, seen: NDArray[np.float32], target: TargetValues, known: NDArray[np.int64]
) -> Leak | None:
    """A column of a few values, each of them a range of a target of numbers."""
    if target.numbers is None:
        return None
    cuts = bands(seen, target.numbers[known])
    if cuts is None:
        return None
    says = (
        f"column {shown(name)} is a threshold of the target {shown(target.name)}, {cuts}, in all "
        f"{counted(len(known), 'row')}: each of its values has a range of the target of its own, "
        "and no gap lies between"
    )
    return Leak(Finding("target-copy", says), copy=True)


def _threshold_in(
    name: str, seen: NDArray[np.float64], target: TargetValues, known: NDArray[np.int64]
) -> Leak | None:
    """A column of numbers of which the classes of a target are ranges."""
    cuts = bands(target.levels[known], seen)
    if cuts is None:
        return None
    says = (
        f"the target {shown(target.name)} is a threshold of column {shown(name)}, {cuts}, in all "
        f"{counted(len(known), 'row')}: is that column known before the target is? If not, "
        f"{suggested('drop', name)} leaves it out; if so, a comparison does what a network would"
    )
    return Leak(Finding("computed", says), copy=False)


def _finer(
    name: str, seen: NDArray[np.float32], target: TargetValues, known: NDArray[np.int64]
) -> Leak | None:
    """A column of more categories than there are classes, each of them of one class."""
    levels = decided(seen, target.levels[known])
    if levels is None or levels <= target.different:
        return None
    says = (
        f"each of the {levels:,} categories of column {shown(name)} has rows of one "
        f"{shown(target.name)} only, in all {counted(len(known), 'row')}: it is a finer code of "
        f"the target, or names what was measured several times ({suggested('group', name)} "
        "keeps that on one side of every split)"
    )
    return Leak(Finding("target-copy", says), copy=True)


def decided(levels: NDArray[np.generic], classes: NDArray[np.int64]) -> int | None:
    """How many levels there are, where the rows of each are of one class and that is no chance.

    Args:
        levels: (n,) equal where rows belong together.
        classes: (n,) class of each row.
    """
    for some in (slice(SAMPLE), slice(None)):  # the first rows are enough for most columns
        values, which = np.unique(levels[some], return_inverse=True)
        pairs = np.unique(which * (int(classes.max()) + 1) + classes[some])
        if len(pairs) > len(values):
            return None
    again = len(levels) - len(values)
    if again < len(values):  # fewer than two rows each say little
        return None
    shares = np.bincount(classes) / len(classes)
    alike = float(shares @ shares)
    return len(values) if again * math.log(alike) <= math.log(DECIDED) else None


_ADVICE = "is it known before the target is? If not, leave it out"


def _function(
    column: str, target: str, seen: NDArray[np.float64], targets: NDArray[np.float64]
) -> Leak | None:
    """A column of numbers that was computed from a target of numbers, or nearly equals it."""
    of = f"the target {shown(target)}"

    def where() -> str:
        different = len(np.unique(seen))
        return f"in all {counted(len(seen), 'row')}, {different:,} different values"

    found = formula(seen, targets, shown(target))
    if found is not None:
        says = f"{column} is a function of {of}: {found}, to the last digit {where()}"
        return Leak(Finding("target-copy", says), copy=True)
    chance = order_chance(seen, targets)
    if chance is not None and chance <= CHANCE:
        says = (
            f"{column} has the order of {of} (Spearman's correlation is "
            f"{spearman(seen, targets):g} {where()}), which no measurement keeps: "
            "it is a function of the target"
        )
        return Leak(Finding("target-copy", says), copy=True)
    r, rank = pearson(seen, targets), spearman(seen, targets, least=SURELY)
    nearly = mostly(seen, targets, shown(target)) if max(abs(r), abs(rank)) > SURELY else None
    if nearly is not None:
        says = f"{column} is a function of {of} in {nearly[1]:,} of {counted(len(seen), 'row')}"
        return Leak(Finding("near-target", f"{says}: {nearly[0]}; {_ADVICE}"), copy=False)
    if abs(r) > CORRELATED:
        says = f"{column} is all but a straight line of {of} (correlation {r:.5f})"
        return Leak(Finding("near-target", f"{says}; {_ADVICE}"), copy=False)
    if abs(rank) <= CORRELATED:
        return None
    says = f"{column} has all but the order of {of} (Spearman's correlation {rank:.5f})"
    return Leak(Finding("near-target", f"{says}; {_ADVICE}"), copy=False)


def _agreeing(seen: NDArray[np.float32], classes: NDArray[np.int64], count: int) -> int:
    """Rows in which value and class are each other's most frequent partner; 0 if a class has none.

    All rows agree exactly when values and classes are one to one.
    """
    values, levels = np.unique(seen, return_inverse=True)
    if not count <= len(values) <= 2 * count + MOST_CLASSES:
        return 0
    pairs = np.bincount(levels * count + classes, minlength=len(values) * count)
    table = pairs.reshape(len(values), count)
    partner = table.argmax(axis=0)
    mutual = table[partner].argmax(axis=1) == np.arange(count)
    agreeing = table[partner, np.arange(count)]
    enough = agreeing >= NEARLY_OF_EACH * table.sum(axis=0)
    return int(agreeing.sum()) if (mutual & enough).all() else 0


def groups(rows: Rows) -> NDArray[np.int64]:
    """The same number for rows of the same readings, (n,) int64; missing readings are the same."""
    # Plus zero, so that -0.0 is 0.0; every NaN becomes the same one.
    bits = np.where(np.isnan(rows), np.float32(np.nan), rows + np.float32(0)).view(np.uint32)
    mixed = np.zeros(len(rows), np.uint64)
    with np.errstate(over="ignore"):
        for column in bits.T:
            mixed = (mixed ^ column) * _ODD
            mixed ^= mixed >> np.uint64(29)
    order = np.argsort(mixed, kind="stable")
    # Neighbours are held against each other by their readings: a mixed number may lie.
    new = np.ones(len(rows), np.bool_)
    new[1:] = (bits[order[1:]] != bits[order[:-1]]).any(axis=1)
    found = np.empty(len(rows), np.int64)
    found[order] = np.cumsum(new) - 1
    return found


_ODD = np.uint64(0x9E3779B97F4A7C15)


def contradictions(table: Table, target: TargetValues, rows: Rows) -> tuple[Finding, ...]:
    """A finding when rows of the same readings are of different classes.

    Args:
        table: where they are from, for line numbers.
        target: what is predicted.
        rows: (n, features) readings.
    """
    if not target.classes:
        return ()
    group = groups(rows)
    pairs = np.unique(group * target.different + target.levels)
    torn = np.bincount(pairs // target.different, minlength=len(rows))[group] > 1
    found = np.flatnonzero(torn)
    if not found.size:
        return ()
    twins = np.flatnonzero((group == group[found[0]]) & (target.levels != target.levels[found[0]]))
    return (
        Finding(
            "contradiction",
            f"{found.size:,} of {counted(len(rows), 'row')} have the readings of another row and "
            f"another {shown(target.name)}, the first on {table.counts}s "
            f"{table.lines[found[0]]} and {table.lines[twins[0]]}; no model gets them all right",
        ),
    )


def duplicates_across(
    table: Table, rows: Rows, parts: Mapping[str, Indices]
) -> tuple[Finding, ...]:
    """A finding for each later part that holds rows with the readings of a row of the first.

    Args:
        table: where the rows are from, for line numbers.
        rows: (n, features) readings.
        parts: a part's name, such as "training" or "test", to its rows.
    """
    group = groups(rows)
    (first, seen), *others = parts.items()
    findings = []
    for name, chosen in others:
        again = chosen[np.isin(group[chosen], group[seen])]
        if again.size:
            twin = seen[group[seen] == group[again[0]]][0]
            findings.append(
                Finding(
                    "duplicates",
                    f"{again.size:,} of {counted(len(chosen), f'{name} row')} have the readings "
                    f"of a {first} row, such as {table.counts}s {table.lines[again[0]]} and "
                    f"{table.lines[twin]}: scores on them flatter the model",
                )
            )
    return tuple(findings)
