"""Splits rows into training and test rows, at random."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.quoting import counted, plain, shown
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.lazy import require
from mlp_edge.mlp import Rows
from mlp_edge.settings import setting

Indices = NDArray[np.int64]
"""Row numbers, (n,) int64, 0-based, ascending."""

FEWEST_ROWS = 10
"""Fewest rows that can be split into training and test rows."""
FEWEST_TO_LEARN = 2
"""Rows to train on when none are held back: the truth table of a logic gate is a table."""
CANDIDATES = 100
"""Ways to part the groups that are drawn; the best one counts."""


def split(
    rows: int,
    test_size: float,
    seed: int,
    *,
    classes: NDArray[np.int64] | None = None,
    groups: NDArray[np.int64] | None = None,
    labels: Sequence[str] = (),
    source: str = "the table",
) -> tuple[Indices, Indices]:
    """Part the rows at random into those that train and those that test.

    Without groups exactly the share asked for tests, rounded up to whole rows. With groups it is
    as near to the share as whole groups come: of ``CANDIDATES`` ways, those count that leave the
    fewest classes out of a part, and of those the one in which the fewest rows, summed over the
    classes, are too many or too few in the test rows.

    Args:
        rows: how many there are.
        test_size: share that tests, 0 to below 1. 0 holds none back.
        seed: same seed, same parts.
        classes: (rows,) int64 class of each row, to give both parts the same mix; the only row
            (with groups: the only group) of a class trains. None for a regression.
        groups: (rows,) int64 group of each row; all rows of a group are in one part.
        labels: class names, for messages.
        source: the table as the user typed it, for messages.

    Returns:
        The training rows and the test rows, ascending; together every row once.

    Raises:
        RecipeError: when ``test_size`` is no share.
        TableError: when there are too few rows or groups, or too few for the number of classes.
    """
    if not 0 <= test_size < 1:
        raise RecipeError(f"a test size of {test_size} is no share of the rows; 0.2 is a fifth")
    check_rows(rows, test_size, source)
    if test_size == 0:
        return np.arange(rows, dtype=np.int64), np.empty(0, dtype=np.int64)
    held_back = max(1, math.ceil(round(test_size * rows, 9)))  # 0.07 × 100 is a little over 7
    if held_back == rows:
        raise RecipeError(
            f"a test size of {test_size} leaves none of {counted(rows, 'row')} to train on; "
            "0.2 is a fifth"
        )
    if groups is not None:
        return _grouped(strata(rows, classes), groups, test_size, seed, labels, source)
    if classes is None:
        return _parts(rows, held_back, seed, None)
    return _stratified(classes, held_back, seed, labels, source)


def held_out_rows(
    rows: Rows, held_out: Rows, groups: NDArray[np.int64] | None = None
) -> NDArray[np.bool_]:
    """Whether each row of a table is taken for one that a saved model held out, (n,).

    All that is known of those is their readings. As many rows of the same readings as were held
    out are found, the first ones: the others may have been trained on. With groups every row of
    a group is taken of which one is found; the groups of which the largest share could be found
    come first.

    Args:
        rows: raw readings (n, inputs) float32 of the table.
        held_out: raw readings (any, inputs) float32; none is fine.
        groups: (n,) int64 group of each row.
    """
    left = Counter(row.tobytes() for row in held_out)
    readings = [row.tobytes() for row in rows]
    order = np.arange(len(readings))
    if groups is not None:
        # Groups were held out whole: one that is there as a whole has the better claim to a
        # reading than one that was trained on and happens to have a twin of it.
        known = np.array([reading in left for reading in readings], np.float64)
        claims = np.bincount(groups, known) / np.maximum(np.bincount(groups), 1)
        order = np.argsort(-claims[groups], kind="stable")
    tests = np.zeros(len(readings), dtype=bool)
    for index in order:
        if left[readings[index]]:
            left[readings[index]] -= 1
            tests[index] = True
    return tests if groups is None else np.isin(groups, groups[tests])


def strata(rows: int, classes: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """What both parts take the same mix of, (rows,): the classes, or one class for all."""
    return np.zeros(rows, np.int64) if classes is None else classes


def units(rows: int, groups: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """What is never torn, (rows,): the group of each row, or the row itself."""
    return np.arange(rows) if groups is None else groups


def _grouped(
    classes: NDArray[np.int64],
    groups: NDArray[np.int64],
    share: float,
    seed: int,
    labels: Sequence[str],
    source: str,
) -> tuple[Indices, Indices]:
    """Whole groups in each part, near to the share of rows; the only group of a class trains."""
    which, counts = group_counts(classes, groups)
    tested = np.isin(which, tested_groups(counts, share, seed, source))
    train, test = np.flatnonzero(~tested), np.flatnonzero(tested)
    _check_trained(classes, train, labels, source)
    return train, test


def group_counts(
    classes: NDArray[np.int64], groups: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which group each row is of (rows,), and the rows of each class in each (groups, classes)."""
    names, which = np.unique(groups, return_inverse=True)
    kinds, kind = np.unique(classes, return_inverse=True)
    counts = np.zeros((len(names), len(kinds)), np.int64)
    np.add.at(counts, (which, kind), 1)
    return which, counts


def tested_groups(counts: NDArray[np.int64], share: float, seed: int, source: str) -> Indices:
    """The groups that test, (n,): their places in ``counts``.

    Args:
        counts: (groups, classes) rows of each class in each group; every class has some.
        share: of the rows, above 0 and below 1.
        seed: same seed, same groups.
        source: the table as the user typed it, for messages.

    Raises:
        TableError: when there is one group only, or none that can be spared.
    """
    if len(counts) < 2:
        check_groups(np.zeros(int(counts.sum()), np.int64), source)
    alone = (counts > 0).sum(axis=0) == 1
    fixed = np.unique(counts[:, alone].argmax(axis=0))
    free = np.setdiff1d(np.arange(len(counts)), fixed)
    if not len(free):
        raise TableError(
            f"{plain(source)}: each of {counted(len(counts), 'group')} has a class that no other "
            f"has, so that none can be held back; another {setting('group')}, or no rows held "
            "back, "
            "would do"
        )
    every = counts.sum(axis=0)

    def faults(tests: Indices) -> tuple[int, int, float]:
        apart = counts[tests].sum(axis=0)
        misplaced = float(np.abs(apart - share * every).sum())
        return int((apart == every).sum()), int((apart == 0).sum()), misplaced

    candidates = _candidates(counts.sum(axis=1), free, share * int(every.sum()), seed)
    return min(candidates, key=faults)


def _candidates(sizes: Indices, free: Indices, wanted: float, seed: int) -> Iterator[Indices]:
    """Groups that might test: of the free ones in any order, the first that make so many rows.

    scikit-learn's GroupShuffleSplit takes a share of the groups instead, whatever their sizes: of
    one large group and many small ones it takes far too many rows or far too few.

    Args:
        sizes: (groups,) rows of each.
        free: those that may test.
        wanted: rows to test.
        seed: of the orders.
    """
    random = np.random.default_rng(seed)
    most = min(len(free), len(sizes) - 1)  # a group at least trains
    for _ in range(CANDIDATES):
        order = random.permutation(free)
        reached = np.cumsum(sizes[order[:most]])
        yield order[: 1 + int(np.argmin(np.abs(reached - wanted)))]


def indispensable(classes: NDArray[np.int64], never_torn: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each row, by itself or with its group, is all that some class has, (rows,).

    Args:
        classes: (rows,) class of each row.
        never_torn: as ``units`` gives it.
    """
    pairs = np.unique(np.column_stack([classes, never_torn]), axis=0)
    found = np.unique_counts(pairs[:, 0])
    only = np.isin(pairs[:, 0], found.values[found.counts == 1])
    return np.isin(never_torn, pairs[only, 1])


def _stratified(
    classes: NDArray[np.int64], held_back: int, seed: int, labels: Sequence[str], source: str
) -> tuple[Indices, Indices]:
    """Both parts with the same mix of classes; the only row of a class trains."""
    alone = indispensable(classes, units(len(classes), None))
    others = np.flatnonzero(~alone)
    _check_classes(classes[others], held_back, len(classes), source)
    train, test = (others[part] for part in _parts(len(others), held_back, seed, classes[others]))
    train = np.sort(np.concatenate([train, np.flatnonzero(alone)])).astype(np.int64)
    _check_trained(classes, train, labels, source)
    return train, test.astype(np.int64)


def _parts(
    rows: int, held_back: int, seed: int, classes: NDArray[np.int64] | None
) -> tuple[Indices, Indices]:
    selection = require("sklearn.model_selection")
    kind = selection.ShuffleSplit if classes is None else selection.StratifiedShuffleSplit
    splitter = kind(n_splits=1, test_size=held_back, random_state=seed)
    train, test = next(splitter.split(np.zeros(rows), classes))
    return np.sort(train).astype(np.int64), np.sort(test).astype(np.int64)


def check_rows(rows: int, test_size: float, source: str) -> None:
    """Refuse a table that is too small to split, or to learn from with no rows held back.

    Raises:
        TableError: with the fewest rows that would do.
    """
    fewest = FEWEST_ROWS if test_size else FEWEST_TO_LEARN
    if rows < fewest:
        purpose = "to train and to test" if test_size else "to train"
        raise TableError(
            f"{plain(source)}: {counted(rows, 'row')}; {purpose} takes at least {fewest}"
        )


def check_groups(groups: NDArray[np.int64], source: str) -> None:
    """Refuse rows (n,) that are all of one group.

    Raises:
        TableError: saying so.
    """
    if len(np.unique(groups)) < 2:
        raise TableError(
            f"{plain(source)}: all of {counted(len(groups), 'row')} are of one group, and a group "
            f"stays in one part; another {setting('group')}, or no rows held back, would do"
        )


def _check_classes(classes: NDArray[np.int64], held_back: int, rows: int, source: str) -> None:
    """Refuse when the classes of two rows and more cannot be in both parts.

    Args:
        classes: (n,) of the rows whose class has two rows and more.
        held_back: rows to test.
        rows: of the table.
        source: the table as the user typed it.
    """
    present = len(np.unique(classes))
    if not present:
        raise TableError(
            f"{plain(source)}: another class in each of {counted(rows, 'row')}; one to train and "
            "one to test takes at least 2. Add rows, or hold no rows back"
        )
    if min(held_back, len(classes) - held_back) < present:
        raise TableError(
            f"{plain(source)}: {counted(present, 'class')} but {held_back} of "
            f"{counted(rows, 'row')} to test; both parts take a row of each class. "
            "Add rows or change the test size"
        )


def _check_trained(
    classes: NDArray[np.int64], train: Indices, labels: Sequence[str], source: str
) -> None:
    absent = np.setdiff1d(classes, classes[train])
    if absent.size:
        count = counted(int(np.sum(classes == absent[0])), "row")
        raise TableError(
            f"{plain(source)}: class {class_name(absent[0], labels)} has {count}, and none is left "
            "to train on; add rows or choose a smaller test size"
        )


def class_name(index: np.int64, labels: Sequence[str]) -> str:
    """A class as messages quote it; by its number when there are no labels."""
    return shown(labels[int(index)]) if index < len(labels) else str(index)
