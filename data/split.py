"""Which rows train and which test."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.words import counted, plain, shown
from mlp_edge.errors import RecipeError, TableError

Indices = NDArray[np.int64]
"""Row numbers, (n,) int64, 0-based, ascending."""

FEWEST_ROWS = 10
"""Rows that can be parted into some to learn from and some to be tested on."""
FEWEST_TO_LEARN = 2
"""Rows to train on when none are held back: the truth table of a logic gate is a table."""


def split(
    rows: int,
    test_size: float,
    seed: int,
    *,
    classes: NDArray[np.int64] | None = None,
    labels: Sequence[str] = (),
    source: str = "the table",
) -> tuple[Indices, Indices]:
    """Part the rows at random into those that train and those that test.

    Args:
        rows: how many there are.
        test_size: share that tests, 0 to below 1; rounded up to whole rows. 0 holds none back.
        seed: same seed, same parts.
        classes: (rows,) int64 class of each row, to give both parts the same mix; the only row
            of a class trains. None for a regression.
        labels: class names, for messages.
        source: the table as the user typed it, for messages.

    Returns:
        The training rows and the test rows, ascending; together every row once.

    Raises:
        RecipeError: when ``test_size`` is no share.
        TableError: when there are too few rows, or too few for the number of classes.
    """
    if not 0 <= test_size < 1:
        raise RecipeError(f"a test size of {test_size} is no share of the rows; 0.2 is a fifth")
    _check_rows(rows, test_size, source)
    if test_size == 0:
        return np.arange(rows, dtype=np.int64), np.empty(0, dtype=np.int64)
    held_back = max(1, math.ceil(round(test_size * rows, 9)))  # 0.07 × 100 is a little over 7
    if held_back == rows:
        raise RecipeError(
            f"a test size of {test_size} leaves none of {counted(rows, 'row')} to train on; "
            "0.2 is a fifth"
        )
    if classes is None:
        return _parts(rows, held_back, seed, None)
    return _stratified(classes, held_back, seed, labels, source)


def _stratified(
    classes: NDArray[np.int64], held_back: int, seed: int, labels: Sequence[str], source: str
) -> tuple[Indices, Indices]:
    """Both parts with the same mix of classes; the only row of a class trains."""
    counts = np.unique_counts(classes)
    alone = np.isin(classes, counts.values[counts.counts == 1])
    others = np.flatnonzero(~alone)
    _check_classes(classes[others], held_back, len(classes), source)
    train, test = (others[part] for part in _parts(len(others), held_back, seed, classes[others]))
    train = np.sort(np.concatenate([train, np.flatnonzero(alone)])).astype(np.int64)
    _check_trained(classes, train, labels, source)
    return train, test.astype(np.int64)


def _parts(
    rows: int, held_back: int, seed: int, classes: NDArray[np.int64] | None
) -> tuple[Indices, Indices]:
    # Imported here: scikit-learn is only there where training is.
    from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

    kind = ShuffleSplit if classes is None else StratifiedShuffleSplit
    splitter = kind(n_splits=1, test_size=held_back, random_state=seed)
    train, test = next(splitter.split(np.zeros(rows), classes))
    return np.sort(train).astype(np.int64), np.sort(test).astype(np.int64)


def _check_rows(rows: int, test_size: float, source: str) -> None:
    fewest = FEWEST_ROWS if test_size else FEWEST_TO_LEARN
    if rows < fewest:
        purpose = "to train and to test" if test_size else "to train"
        raise TableError(
            f"{plain(source)}: {counted(rows, 'row')}; {purpose} takes at least {fewest}"
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
        count = int(np.sum(classes == absent[0]))
        raise TableError(
            f"{plain(source)}: class {_name(absent[0], labels)} has {counted(count, 'row')}, and "
            "none is left to train on; add rows or choose a smaller test size"
        )


def _name(index: np.int64, labels: Sequence[str]) -> str:
    return shown(labels[int(index)]) if index < len(labels) else str(index)
