"""A table turned into what a network learns from, and parted into what it may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.examples import feature_names, features, find_target, match_target
from mlp_edge.data.split import split
from mlp_edge.data.table import Table
from mlp_edge.data.targets import check_varies, classes, detect_task, targets
from mlp_edge.data.words import plain, shown
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.manifest import Manifest
from mlp_edge.mlp import DEFAULT_THRESHOLD, Floats, Rows, Task
from mlp_edge.train.recipe import Recipe
from mlp_edge.train.scores import Truth

MOST_VARIANCE = 1e38
"""Of a column's readings; float32 ends at 3.4e38."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Every row of a table, read.

    Attributes:
        names: the feature columns, in order.
        target: the predicted column.
        task: what is predicted.
        reason: why it is that task, in words.
        labels: class names in the order of the outputs; () for a regression.
        rows: raw readings (n, inputs) float32.
        targets: class indices (n,) int64, or values (n, 1) float32.
        cells: the target column as text.
    """

    names: tuple[str, ...]
    target: str
    task: Task
    reason: str
    labels: tuple[str, ...]
    rows: Rows
    targets: NDArray[Any]
    cells: Sequence[str]

    @property
    def encoded(self) -> Floats:
        """What Keras learns (n, outputs) float32: values, 0 and 1, or one-hot rows."""
        if self.task == "regression":
            return np.asarray(self.targets, np.float32)
        if self.task == "binary":
            return self.targets[:, None].astype(np.float32)
        return np.asarray(np.eye(len(self.labels), dtype=np.float32)[self.targets])

    def truth(self, chosen: NDArray[np.int64]) -> Truth:
        """The chosen rows' truth as the scores take it."""
        return Truth(self.task, self.targets[chosen], len(self.labels), DEFAULT_THRESHOLD)


def read_examples(table: Table, target: str | None, task: Task | None) -> Examples:
    """Read a table for a new model.

    Raises:
        TableError: when the table cannot be learned from.
    """
    target = find_target(table, target)
    detected, reason = detect_task(table, target)
    if task is not None:
        detected, reason = task, f"{task}: as --task says"
    labels = () if detected == "regression" else classes(table, target)
    if detected == "binary" and len(labels) != 2:
        raise RecipeError(
            f"--task binary: column {target!r} of {table.source} holds {len(labels)} values; "
            "multiclass would do"
        )
    if detected == "multiclass" and len(labels) == 2:
        detected, reason = "binary", f"binary: column {target!r} holds two values"
    if detected == "regression":
        check_varies(table, target)
    names = feature_names(table, target)
    examples = _examples(table, names, target, detected, reason, labels)
    _check_scalable(examples, table.source)
    return examples


def _check_scalable(examples: Examples, source: str) -> None:
    """Refuse a column whose variance float32 cannot hold: it could not be standardised."""
    exact = examples.rows.astype(np.float64)
    for name, variance in zip(examples.names, exact.var(axis=0), strict=True):
        if variance > MOST_VARIANCE:
            raise TableError(
                f"{plain(source)}: column {shown(name)} has a deviation of {variance**0.5:.2g}, "
                "too wide for float32; the column in another unit would do"
            )


def reread_examples(table: Table, manifest: Manifest) -> Examples:
    """Read a table for a model that exists: its features, target and labels.

    Raises:
        TableError: when the table does not fit the model.
    """
    names = tuple(feature.name for feature in manifest.features)
    reason = f"{manifest.task}: as the saved model"
    target = match_target(table, names, manifest.target)
    return _examples(table, names, target, manifest.task, reason, tuple(manifest.labels))


def _examples(
    table: Table, names: tuple[str, ...], target: str, task: Task, reason: str,
    labels: tuple[str, ...],
) -> Examples:  # fmt: skip
    return Examples(
        names=names,
        target=target,
        task=task,
        reason=reason,
        labels=labels,
        rows=features(table, names),
        targets=targets(table, target, task, labels),
        cells=tuple(table.column(target)),
    )


@dataclass(frozen=True, eq=False)
class Parts:
    """Row numbers of each part; validation rows are taken from the training rows."""

    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def parts(examples: Examples, recipe: Recipe, source: str) -> Parts:
    """Part the rows, stratified for classes; the same recipe parts the same table alike.

    Raises:
        TableError: when a part would be too small to mean anything.
    """
    everything = np.arange(len(examples.rows))
    seen, test = _split(examples, everything, recipe.test_size, recipe.seed, source)
    of = f"{source} (its training rows)" if len(test) else source
    training, validation = _split(examples, seen, recipe.validation_size, recipe.seed, of)
    return Parts(training, validation, test)


def parts_like(examples: Examples, held_out: Rows, recipe: Recipe, source: str) -> Parts:
    """Part the rows as a saved model had them: what it held out stays held out.

    A row whose readings are those of a held-out row tests; every other one may have been trained
    on already, or is new, and trains. So another table never turns a row that was learned from
    into one that judges.

    Args:
        examples: the table.
        held_out: raw readings (n, inputs) that the saved model never saw; none is fine.
        recipe: its validation share is used.
        source: the table as the user typed it, for messages.
    """
    kept_out = Counter(row.tobytes() for row in held_out)
    tests = np.zeros(len(examples.rows), dtype=bool)
    for index, row in enumerate(examples.rows):
        # As many twins of a row as were held out: the others may have been trained on.
        if kept_out[row.tobytes()]:
            kept_out[row.tobytes()] -= 1
            tests[index] = True
    seen, test = np.flatnonzero(~tests), np.flatnonzero(tests)
    training, validation = _split(examples, seen, recipe.validation_size, recipe.seed, source)
    return Parts(training, validation, test)


def _split(
    examples: Examples, rows: NDArray[np.int64], share: float, seed: int, source: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    classes = None if examples.task == "regression" else examples.targets[rows]
    kept, apart = split(
        len(rows), share, seed, classes=classes, labels=examples.labels, source=source
    )
    return rows[kept], rows[apart]
