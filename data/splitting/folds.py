"""Deals rows out to the folds of a cross-validation; each row is tested once."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.quoting import counted, plain
from mlp_edge.data.splitting.split import (
    Indices,
    check_groups,
    check_rows,
    class_name,
    indispensable,
    strata,
    units,
)
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.lazy import require
from mlp_edge.settings import setting

SHUFFLES = 20
"""Further orders of the groups that are tried, for the mix and then for the size of the folds."""


def folds(
    rows: int,
    count: int,
    seed: int,
    *,
    classes: NDArray[np.int64] | None = None,
    groups: NDArray[np.int64] | None = None,
    labels: Sequence[str] = (),
    source: str = "the table",
) -> list[tuple[Indices, Indices]]:
    """Part the rows at random into folds; each of them tests once, and the others train.

    Every fold has as many rows and the same mix of classes as the others, within a row; with
    groups about so. Every row tests once, but for the only row (with groups: the only group) of a
    class, which always trains. In every fold each class of the table trains.

    Args:
        rows: how many there are.
        count: of folds, at least 2.
        seed: same seed, same folds. As many folds as groups are the same ones by any seed.
        classes: (rows,) int64 class of each row; None for a regression.
        groups: (rows,) int64 group of each row; all rows of a group are in one fold.
        labels: class names, for messages.
        source: the table as the user typed it, for messages.

    Returns:
        For each fold the training rows and the test rows, ascending; together every row once.

    Raises:
        RecipeError: for fewer than two folds.
        TableError: when there are too few rows, groups or classes for so many folds.
    """
    if count < 2:
        raise RecipeError(f"{setting('cv')} takes at least 2 folds, such as 10; got {count}")
    check_rows(rows, 1 / count, source)
    if classes is not None and len(np.unique(classes)) == 1:
        raise TableError(
            f"{plain(source)}: all of {counted(rows, 'row')} are of class "
            f"{class_name(classes[0], labels)}; learning takes two classes"
        )
    mix, never_torn = strata(rows, classes), units(rows, groups)
    if groups is not None:
        check_groups(groups, source)
    testable = np.flatnonzero(~indispensable(mix, never_torn))
    _check_count(mix[testable], never_torn[testable], count, source, grouped=groups is not None)
    inner = None if groups is None else groups[testable]
    for like, order in _orders(mix[testable], seed):
        tests = [testable[part] for part in _shuffled(like, inner, count, order)]
        found = [(np.setdiff1d(np.arange(rows), test), test) for test in tests]
        if all(len(test) and _is_whole(mix, train) for train, test in found):
            return found
    raise TableError(_none_found(mix, never_torn, found, labels, source))


def _orders(mix: NDArray[np.int64], seed: int) -> Iterator[tuple[NDArray[np.int64], int]]:
    """What folds may be tried to be alike in, (n,), and by which seed; the first mostly does.

    Few groups of unlike mixes may fall so that a class has none left to train on, whatever the
    order. Then folds of one size are better than none.
    """
    yield mix, seed
    orders = np.random.default_rng(seed).integers(2**32, size=SHUFFLES).tolist()
    yield from ((mix, order) for order in orders)
    yield from ((np.zeros_like(mix), order) for order in orders)


def _shuffled(
    mix: NDArray[np.int64], groups: NDArray[np.int64] | None, count: int, seed: int
) -> list[Indices]:
    """The test rows of each fold, by scikit-learn: groups may leave one empty.

    A regression is one class to it, by which the folds become equally large: GroupKFold would
    give each as many groups, whatever their sizes.
    """
    selection = require("sklearn.model_selection")
    kind = selection.StratifiedKFold if groups is None else selection.StratifiedGroupKFold
    splitter = kind(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class with fewer rows than there are folds is told about where the table is read.
        warnings.simplefilter("ignore", UserWarning)
        splits = list(splitter.split(np.zeros(len(mix)), mix, groups))
    return [np.sort(test).astype(np.int64) for _, test in splits]


def _is_whole(classes: NDArray[np.int64], train: Indices) -> bool:
    """Whether the training rows have every class."""
    return not np.setdiff1d(classes, classes[train]).size


def _check_count(
    mix: NDArray[np.int64],
    never_torn: NDArray[np.int64],
    count: int,
    source: str,
    *,
    grouped: bool,
) -> None:
    """Refuse more folds than can have a row each, or can have the same mix.

    Args:
        mix: (n,) class of each row that may test.
        never_torn: (n,) its group, or the row itself.
        count: of folds.
        source: the table as the user typed it.
        grouped: whether rows are in groups.
    """
    parts, largest = len(np.unique(never_torn)), int(np.unique_counts(mix).counts.max(initial=0))
    most = min(parts, largest)
    if count <= most:
        return
    thing = "group" if grouped else "row"
    says = f"as many {thing}s that can be spared from training, and there are {parts}"
    if parts >= count:
        says = f"a class of as many rows, and the largest that can be tested has {largest}"
    end = f"{setting('cv', most)} would do" if most >= 2 else f"add {thing}s"
    raise TableError(f"{plain(source)}: {setting('cv', count)} takes {says}; {end}")


def _none_found(
    mix: NDArray[np.int64],
    groups: NDArray[np.int64],
    found: Sequence[tuple[Indices, Indices]],
    labels: Sequence[str],
    source: str,
) -> str:
    """A message: no order of the groups gave folds that all have what it takes.

    Args:
        mix: (rows,) class of each row.
        groups: (rows,) its group.
        found: the last folds that were tried.
        labels: class names.
        source: the table as the user typed it.
    """
    because = ""
    untrained = np.concatenate([np.setdiff1d(mix, mix[train]) for train, _ in found])
    if untrained.size:
        spread = len(np.unique(groups[mix == untrained[0]]))
        named = class_name(untrained[0], labels)
        because = f": class {named} is in {counted(spread, 'group')}, which fell into one fold"
    count = counted(len(np.unique(groups)), "group")
    return (
        f"{plain(source)}: {count} were split in {2 * SHUFFLES + 1} ways, and none gives "
        f"{len(found)} folds that all have rows to test and every class to train on{because}; "
        "another number of folds may do"
    )
