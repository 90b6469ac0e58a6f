"""Whether a column names what several rows were measured on, whose readings give it away.

Rows of one person, device or batch may be of several classes, and still have nearly the readings of
one another and more of one class than others have. A network memorises them, and a split at
random, which puts some on either side, takes that for knowledge. Shown by the nearest neighbours of
rows: among all rows, and among those of others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import is_missing
from mlp_edge.data.content.cells import Levels
from mlp_edge.data.content.column_types import names_rows
from mlp_edge.data.findings.origins import names_somebody
from mlp_edge.data.quoting import counted, shown, suggested
from mlp_edge.data.table import Table
from mlp_edge.encoding import Encoding
from mlp_edge.finding import Finding
from mlp_edge.training.examples import Examples
from mlp_edge.training.preprocessing import Preprocessed
from mlp_edge.training.scoring.statistics import standard_error

FEWEST = 10
"""Different cells that name several people, recordings or devices."""
MOST_ROWS = 1000
"""Rows that are looked at."""
MOST_OF_ONE = 100
"""Rows of a group that are looked at."""
MOST_COLUMNS = 20
"""Columns that are looked at."""
OWN = 0.5
"""Share of the rows whose nearest neighbour is of their own group, from which on it shows."""
CLOSE = 0.25
"""Distance of that neighbour, as a share of that of the nearest row of others: the median."""
BETTER = 0.1
"""Share of rows, or of the variance, by which a nearest neighbour of one's own group is better."""
DEVIATIONS = 4
"""So many standard errors that has to be from 0."""
SMALLEST = 1e-300
"""What is divided by at least."""


class Neighbours(NamedTuple):
    """What the nearest neighbours of rows show.

    Attributes:
        own: share of the rows whose nearest neighbour is of their own group.
        close: the median of its distance as a share of that of the nearest row of others.
        among_all: score of the nearest neighbour's target as a prediction: accuracy or R².
        among_others: the same of the nearest row of another group.
        sure: by how many standard errors the two differ.
    """

    own: float
    close: float
    among_all: float
    among_others: float
    sure: float

    @property
    def tell(self) -> bool:
        """Whether all of it is beyond chance, and matters."""
        better = self.among_all - self.among_others
        shows = self.own >= OWN and self.close <= CLOSE
        return shows and self.among_all > 0 and better >= BETTER and self.sure >= DEVIATIONS


def siblings(table: Table, examples: Examples, preprocessed: Preprocessed) -> tuple[Finding, ...]:
    """A finding for each column whose rows of one cell have nearly one another's readings.

    Args:
        table: the rows.
        examples: the same, read.
        preprocessed: with what the training rows decided.
    """
    told = {*examples.names, *examples.ids}
    told |= {name for each in examples.findings if each.kind == "origin" for name in each.columns}
    found = []
    for name, groups in _candidates(table, told):
        seen = _neighbours(examples, preprocessed, name, groups)
        if seen is not None and seen.tell:
            found.append(_finding(name, groups, seen, "R²" if not examples.labels else "accuracy"))
    return tuple(found)


def _candidates(table: Table, told: set[str]) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Columns of words that may name something, and the group of each row.

    Numbers measure something, unless their name is that of an identifier. Names of identifiers
    come first, as not every column of a wide table is looked at.
    """
    named = {name: names_rows(name) or names_somebody(name) for name in table.columns}
    looked_at = 0
    for name in sorted(set(table.columns) - told, key=lambda name: (not named[name], name)):
        cells = table.column(name)
        levels = Levels(cells)
        if not FEWEST <= len(levels.texts) <= table.rows // 2 or levels.mask(is_missing).any():
            continue
        if not named[name] and not np.isnan(table.numbers(name)).any():
            continue
        looked_at += 1
        if looked_at > MOST_COLUMNS:
            return
        yield name, levels.numbered()


def _neighbours(
    examples: Examples, preprocessed: Preprocessed, name: str, groups: NDArray[np.int64]
) -> Neighbours | None:
    """What the nearest neighbours of rows show; None where there is nothing to compare."""
    rows = _some_of_groups(groups)
    inputs = _inputs(examples, preprocessed, name, rows)
    square, whose = (inputs**2).sum(axis=1), groups[rows]
    apart = np.sqrt(np.maximum(square[:, None] + square - 2 * inputs @ inputs.T, 0.0))
    same = whose[:, None] == whose
    own = np.where(same & ~np.eye(len(rows), dtype=bool), apart, np.inf)
    foreign = np.where(same, np.inf, apart)
    near, far = own.min(axis=1), foreign.min(axis=1)
    both = np.isfinite(near) & np.isfinite(far)
    if not inputs.size or not both.any():
        return None
    in_others = foreign.argmin(axis=1)
    in_all = np.where(near < far, own.argmin(axis=1), in_others)
    among_all, among_others = (
        _losses(examples, rows, nearest)[both] for nearest in (in_all, in_others)
    )
    gain = among_others - among_all
    error = standard_error(gain, whose[both])
    return Neighbours(
        own=float((near < far)[both].mean()),
        close=float(np.median(near[both] / np.maximum(far[both], SMALLEST))),
        among_all=1 - float(among_all.mean()),
        among_others=1 - float(among_others.mean()),
        sure=float(gain.mean() / error) if error > 0 else 0.0,
    )


def _inputs(
    examples: Examples, preprocessed: Preprocessed, name: str, rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Some rows as a network takes them, standardised, without what a column gives, (n, width)."""
    others = np.flatnonzero([each.name != name for each in preprocessed.features])
    features = tuple(preprocessed.features[place] for place in others.tolist())
    inputs = Encoding.of(features).encode(examples.rows[np.ix_(rows, others)]).astype(np.float64)
    deviation = inputs.std(axis=0)
    return np.asarray((inputs - inputs.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0))


def _losses(
    examples: Examples, rows: NDArray[np.int64], nearest: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What it costs to predict rows by the targets of others (n,): 1 - mean is accuracy or R²."""
    targets = examples.targets[rows]
    if examples.labels:
        return np.asarray(targets != targets[nearest], np.float64)
    exact = targets.astype(np.float64)
    variance = np.maximum(exact.var(axis=0), SMALLEST)
    return np.asarray(((exact - exact[nearest]) ** 2 / variance).mean(axis=1))


def _some_of_groups(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """About ``MOST_ROWS`` row numbers, of groups at random, some of each."""
    random = np.random.default_rng(0)
    rows = random.permutation(len(groups))
    order = rows[np.argsort(groups[rows], kind="stable")]
    sizes = np.bincount(groups)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    some = order[np.arange(len(order)) - starts < MOST_OF_ONE]
    kept = np.minimum(sizes, MOST_OF_ONE)
    chosen = random.permutation(len(sizes))
    count = int(np.searchsorted(np.cumsum(kept[chosen]), MOST_ROWS)) + 1
    return np.sort(some[np.isin(groups[some], chosen[:count])])


def _finding(name: str, groups: NDArray[np.int64], seen: Neighbours, metric: str) -> Finding:
    different = counted(int(groups.max()) + 1, "value")
    says = (
        f"rows of one {shown(name)} ({different}) have nearly the readings of one another: of "
        f"{seen.own:.0%} the nearest row is one of them. The target of the nearest row predicts a "
        f"row's own with the {metric} {seen.among_all:.2f}, that of the nearest row of another "
        f"{shown(name)} with {seen.among_others:.2f}: a split at random puts such rows on both "
        f"sides and flatters; {suggested('group', name)} keeps them together"
    )
    return Finding("siblings", says, (name,))
