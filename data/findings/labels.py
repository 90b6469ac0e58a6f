"""Warns about the classes of a target: rare, imbalanced, spelled alike, sorted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.content.categories import look_alike
from mlp_edge.data.quoting import MOST_SHOWN, counted, shown
from mlp_edge.data.table import Table
from mlp_edge.finding import Finding

FEWEST_OF_A_CLASS = 5
"""Rows below which a class can hardly be learned, let alone tested: a fifth of four is none."""
IMBALANCED = 0.1
"""Share of the rarer of two classes below which accuracy misleads."""


def class_findings(
    table: Table, target: str, labels: Sequence[str], classes: NDArray[np.int64]
) -> tuple[Finding, ...]:
    """What somebody should know about a target's classes.

    Args:
        table: where they are from.
        target: the predicted column.
        labels: class names in order.
        classes: (rows,) index of each row's class.
    """
    counts = np.bincount(classes, minlength=len(labels))
    return (
        *look_alike(target, labels, counts.tolist(), "classes"),
        *_rare(table, target, labels, classes, counts),
        *_imbalanced(target, labels, counts),
        *_sorted(target, classes, counts),
    )


def _rare(
    table: Table,
    target: str,
    labels: Sequence[str],
    classes: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> tuple[Finding, ...]:
    rare = np.flatnonzero((counts > 0) & (counts < FEWEST_OF_A_CLASS))
    if not rare.size:
        return ()
    which = [f"{shown(labels[int(place)])} {counted(counts[place], 'row')}" for place in rare]
    more = f" and {rare.size - MOST_SHOWN:,} more" if rare.size > MOST_SHOWN else ""
    first = table.lines[int(np.isin(classes, rare).argmax())]
    alone = "; a single row trains and is never tested" if (counts[rare] == 1).any() else ""
    return (
        Finding(
            "rare-class",
            f"column {shown(target)}: classes with fewer than {FEWEST_OF_A_CLASS} rows can hardly "
            f"be learned or tested: {', '.join(which[:MOST_SHOWN])}{more}, the first on "
            f"{table.counts} {first}{alone}",
        ),
    )


def _imbalanced(
    target: str, labels: Sequence[str], counts: NDArray[np.int64]
) -> tuple[Finding, ...]:
    rows, rarest = int(counts.sum()), int(counts.argmin())
    if len(labels) != 2 or counts[rarest] >= IMBALANCED * rows:
        return ()
    return (
        Finding(
            "imbalance",
            f"column {shown(target)}: {shown(labels[rarest])} in {counts[rarest]:,} of "
            f"{counted(rows, 'row')} ({counts[rarest] / rows:.1%}), so that always predicting the "
            f"other is right in {1 - counts[rarest] / rows:.1%}: accuracy misleads, balanced "
            "accuracy and AUC do not",
        ),
    )


def _sorted(
    target: str, classes: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[Finding, ...]:
    present = int((counts > 0).sum())
    changes = int((np.diff(classes) != 0).sum())
    if len(classes) < 2 * present or changes != present - 1:
        return ()
    return (
        Finding(
            "sorted",
            f"column {shown(target)}: the rows are sorted by class; they are shuffled before they "
            "are split and while training",
        ),
    )
