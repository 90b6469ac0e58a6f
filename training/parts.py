"""The rows of examples in parts: training, validation and test rows; folds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.quoting import counted, plain
from mlp_edge.data.splitting.folds import folds as folded
from mlp_edge.data.splitting.split import check_rows, class_name, held_out_rows, split
from mlp_edge.data.splitting.times import When, last_rows, windows
from mlp_edge.encoding import Encoding
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.mlp import Rows
from mlp_edge.settings import setting
from mlp_edge.training.default_recipe import Shape
from mlp_edge.training.examples import Examples
from mlp_edge.training.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Parts:
    """Row numbers of each part; validation rows are taken from the training rows."""

    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def parts(examples: Examples, recipe: Recipe, source: str) -> Parts:
    """Part the rows in time, or at random and then stratified for classes.

    The same recipe parts the same table alike.

    Raises:
        TableError: when a part would be too small to mean anything.
    """
    everything = np.arange(len(examples.rows))
    seen, test = _split(examples, everything, recipe.test_size, recipe.seed, source)
    return _with_validation(examples, seen, test, recipe, source)


def shape(examples: Examples, recipe: Recipe, source: str) -> Shape:
    """What of a table the rules of a recipe look at.

    Args:
        examples: the table.
        recipe: by which rows are held out.
        source: the table as the user typed it, for messages.

    Raises:
        TableError: when a part would be too small to mean anything.
    """
    seen, _ = _split(examples, np.arange(len(examples.rows)), recipe.test_size, recipe.seed, source)
    inputs = Encoding.of(examples.features).width
    return Shape(len(seen), inputs, examples.encoded.shape[1], examples.task)


def folds(
    examples: Examples,
    recipe: Recipe,
    count: int,
    repeats: int,
    source: str,
    rows: NDArray[np.int64] | None = None,
) -> list[Parts]:
    """Part the rows for a cross-validation: ``count`` folds, ``repeats`` times in another order.

    Args:
        examples: the table.
        recipe: its seed is the first repeat's, and each further repeat has the next; its share of
            each fold's training rows is for validation. Its share of test rows does not count.
        count: of folds, at least 2; each tests once in every repeat.
        repeats: at least 1.
        source: the table as the user typed it, for messages.
        rows: row numbers to split; None for all.

    Returns:
        ``count * repeats`` parts, the first repeat's folds first. In time, expanding windows.

    Raises:
        RecipeError: for too few folds or repeats, or seeds beyond the last one.
        TableError: when a part would be too small to mean anything.
    """
    if repeats < 1:
        raise RecipeError(f"{setting('repeats')} is at least 1; got {repeats}")
    chosen = np.arange(len(examples.rows)) if rows is None else np.sort(rows)
    if examples.when is not None:
        return _windows(examples, examples.when[chosen], recipe, count, repeats, source, chosen)
    classes, groups = _strata(examples, chosen)
    found = []
    for repeat in (replace(recipe, seed=recipe.seed + number) for number in range(repeats)):
        for seen, test in folded(
            len(chosen), count, repeat.seed,
            classes=classes, groups=groups, labels=examples.labels, source=source,
        ):  # fmt: skip
            found.append(_with_validation(examples, chosen[seen], chosen[test], repeat, source))
    return found


def _windows(
    examples: Examples, when: When, recipe: Recipe, count: int, repeats: int, source: str,
    chosen: NDArray[np.int64],
) -> list[Parts]:  # fmt: skip
    """The folds of rows that are split in time."""
    if repeats > 1:
        raise RecipeError(
            f"{setting('repeats', repeats)}: windows in time are the same every time; leave it "
            f"out, or {setting('split', 'random')} would do"
        )
    found = []
    for number, (seen, test) in enumerate(windows(when, count, source), start=1):
        _check_classes(examples, chosen[seen], f"{source} (fold {number} of {count})")
        found.append(_with_validation(examples, chosen[seen], chosen[test], recipe, source))
    return found


def _check_classes(examples: Examples, rows: NDArray[np.int64], source: str) -> None:
    """Refuse rows to learn from that lack a class: in time it may have come later.

    Raises:
        TableError: naming the class.
    """
    if examples.task == "regression":
        return
    absent = np.setdiff1d(examples.targets, examples.targets[rows])
    if absent.size:
        raise TableError(
            f"{plain(source)}: no row of class {class_name(absent[0], examples.labels)} is among "
            f"{counted(len(rows), 'row')} that come first in time and train; fewer rows held "
            f"back, fewer folds, or {setting('split', 'random')} would do"
        )


def parts_like(examples: Examples, held_out: Rows, recipe: Recipe, source: str) -> Parts:
    """Part the rows as a saved model had them: what it held out stays held out.

    A row whose readings are those of a held-out row tests, and with it its group; every other one
    may have been trained on already, or is new, and trains. So another table never turns a row
    that was learned from into one that tests.

    Args:
        examples: the table.
        held_out: raw readings (n, inputs) that the saved model never saw; none is fine.
        recipe: its validation share is used.
        source: the table as the user typed it, for messages.
    """
    tests = held_out_rows(examples.rows, held_out, examples.groups)
    return _with_validation(examples, np.flatnonzero(~tests), np.flatnonzero(tests), recipe, source)


def _with_validation(
    examples: Examples,
    seen: NDArray[np.int64],
    test: NDArray[np.int64],
    recipe: Recipe,
    source: str,
) -> Parts:
    """The parts whose validation rows are a share of the rows that are not tested on."""
    of = f"{source} (its training rows)" if len(test) else source
    training, validation = _split(examples, seen, recipe.validation_size, recipe.seed, of)
    return Parts(training, validation, test)


def _split(
    examples: Examples, rows: NDArray[np.int64], share: float, seed: int, source: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if examples.when is not None and 0 < share < 1:
        check_rows(len(rows), share, source)
        kept, apart = last_rows(examples.when[rows], share, source)
        _check_classes(examples, rows[kept], source)
        return rows[kept], rows[apart]
    classes, groups = _strata(examples, rows)
    kept, apart = split(
        len(rows), share, seed,
        classes=classes, groups=groups, labels=examples.labels, source=source,
    )  # fmt: skip
    return rows[kept], rows[apart]


def _strata(
    examples: Examples, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
    """The classes (n,) and the groups (n,) of chosen rows, each None where there are none."""
    classes = None if examples.task == "regression" else examples.targets[rows]
    return classes, None if examples.groups is None else examples.groups[rows]
