"""Finds columns whose equal cells share one target, which a random split would leak."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import is_missing
from mlp_edge.data.content.cells import Levels
from mlp_edge.data.content.column_types import name_parts, names_rows
from mlp_edge.data.content.floats import parse
from mlp_edge.data.findings.functions import SAMPLE
from mlp_edge.data.findings.leaks import decided
from mlp_edge.data.findings.values import TargetValues, between
from mlp_edge.data.quoting import counted, shown, suggested
from mlp_edge.data.splitting.split import Indices
from mlp_edge.data.table import Table
from mlp_edge.finding import Finding

FEWEST = 5
"""Different cells that name several patients, recordings or devices."""
FEWEST_OF_NUMBERS = 10
"""The same where the target is a number, and cells of the same name have nearly the same."""
CALM = 4
"""Numbers of one class that follow one another, as they do of a quantity."""
_WHO = frozenset({
    "patient", "subject", "person", "participant", "respondent", "speaker", "driver", "athlete",
    "animal", "mouse", "rat", "dog", "device", "sensor", "specimen", "household", "family",
    "session", "recording",
})  # fmt: skip
"""Words in the name of a column that says what several rows were measured on."""
SHARE_OF_WHO = 0.1
"""Of a target's variance beyond chance between those."""
DEVIATIONS = 5
"""So many standard deviations has it to be beyond chance."""
SHARE = 0.95
"""Of a target's variance that lies between them, beyond what chance puts there."""


def origins(
    table: Table, targets: Sequence[TargetValues], measured: Collection[str], told: Collection[str]
) -> tuple[Finding, ...]:
    """A finding for each column whose cells seem to name what several rows were measured on.

    Args:
        table: the rows.
        targets: what is predicted.
        measured: columns of numbers that are learned from. They measure something, unless their
            name is that of an identifier, or the target goes up and down from each whole number
            to the next as it does not with a quantity.
        told: columns about which that has been said, and the targets.
    """
    found = []
    for name in table.columns:
        if name in told:
            continue
        quantity = name in measured and not names_rows(name) and not names_somebody(name)
        which, known = _whole_numbers(table, name) if quantity else _texts(table, name)
        different = int(which.max(initial=-1)) + 1
        if not FEWEST <= different <= table.rows // 2:
            continue
        for target in targets:
            says = _one_target(which, known, target)
            if says is None and names_somebody(name):
                says = _unequal(which, known, target)
            if says is not None and (not quantity or _is_restless(which, known, target)):
                found.append(_finding(name, different, says))
                break
    return tuple(found)


def _whole_numbers(table: Table, name: str) -> tuple[Indices, Indices]:
    """Which of its different numbers each known cell is, from the lowest, and the known rows.

    Both are empty for a column that holds a fraction.
    """
    nothing = np.empty(0, np.int64)
    # The first rows tell most columns of fractions, without parsing the others once more.
    if _has_fractions(parse(table.column(name)[:SAMPLE], table.decimal)):
        return nothing, nothing
    numbers = table.numbers(name)
    if _has_fractions(numbers):
        return nothing, nothing
    known = np.flatnonzero(~np.isnan(numbers))
    return np.unique(numbers[known], return_inverse=True)[1].astype(np.int64), known


def _has_fractions(numbers: NDArray[np.float64]) -> bool:
    known = numbers[~np.isnan(numbers)]
    return bool((known != np.floor(known)).any())


def _texts(table: Table, name: str) -> tuple[Indices, Indices]:
    """Which of its different texts each known cell is, blanks ignored, and the known rows.

    Both are empty where the texts are too many to name what several rows have in common.
    """
    cells = table.column(name)
    levels = Levels(cells)
    if len(levels.texts) > table.rows // 2:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    known = np.flatnonzero(~levels.mask(is_missing))
    if len(known) < len(cells):
        levels = Levels(cells[known])
    return levels.numbered(), known


def _is_restless(which: Indices, known: Indices, target: TargetValues) -> bool:
    """Whether the target of each number has little to do with that of the next one."""
    first = np.unique(which, return_index=True)[1]
    if target.classes or target.numbers is None:
        changes = int((np.diff(target.levels[known][first]) != 0).sum())
        return changes >= max(2 * target.different, len(first) // CALM)
    means = np.bincount(which, target.numbers[known]) / np.bincount(which)
    # The mean square of successive differences (von Neumann, 1941): twice the variance by chance.
    return bool(np.square(np.diff(means)).mean() >= means.var())


def _one_target(which: Indices, known: Indices, target: TargetValues) -> str | None:
    """How the rows of a name (n,) have one target; None where they have not."""
    names, rows = int(which.max()) + 1, len(known)
    each = f"{rows / names:.1f} rows on average"
    if target.classes:
        if decided(which, target.levels[known]) is None:
            return None
        return f"has rows of one {shown(target.name)} only ({each})"
    if target.numbers is None or not FEWEST_OF_NUMBERS <= names <= rows // 2:
        return None
    share = between(target.numbers[known], which)
    beyond = 1 - (1 - share) * (rows - 1) / (rows - names)
    if beyond < SHARE:
        return None
    return f"has rows of nearly one {shown(target.name)} ({each}; {share:.1%} of the variance)"


def names_somebody(name: str) -> bool:
    """Whether a column's name says that it tells people, animals, devices or recordings apart."""
    return bool(_WHO & name_parts(name))


def _unequal(which: Indices, known: Indices, target: TargetValues) -> str | None:
    """How the targets of names (n,) differ beyond chance; None where they may not."""
    names, rows = int(which.max()) + 1, len(known)
    if target.numbers is not None and not target.classes:
        share, kinds = between(target.numbers[known], which), 1
    elif target.classes:
        levels = target.levels[known]
        kinds = target.different - 1
        shares = np.bincount(levels, minlength=target.different) / rows
        # Goodman and Kruskal's tau: the share of the variance of all indicators together.
        of_each = [between((levels == kind) * 1.0, which) for kind in range(target.different)]
        share = float(np.average(of_each, weights=shares * (1 - shares)))
    else:
        return None
    free = (names - 1) * kinds
    # Of no relation, it is distributed like chi² (Light and Margolin, 1971).
    by_chance = free + DEVIATIONS * math.sqrt(2 * free)
    beyond = 1 - (1 - share) * (rows - 1) / (rows - names)
    if (rows - 1) * kinds * share < by_chance or beyond < SHARE_OF_WHO:
        return None
    return (
        f"has {rows / names:.1f} rows on average, and their {shown(target.name)} differs "
        f"({beyond:.0%} of its variance beyond chance)"
    )


def _finding(name: str, different: int, says: str) -> Finding:
    return Finding(
        "origin",
        f"each of the {counted(different, 'value')} of column {shown(name)} {says}: if they name "
        "what several rows were measured on, a split at random puts such rows on both sides, and "
        f"scores measure memory; {suggested('group', name)} keeps them together",
        (name,),
    )
