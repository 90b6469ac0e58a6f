"""A table turned into what a network learns from, and parted into what it may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.choices import Choices
from mlp_edge.data.columns import Columns, read_columns
from mlp_edge.data.examples import find_targets, match_target
from mlp_edge.data.known import known_columns
from mlp_edge.data.labels import class_findings
from mlp_edge.data.split import split
from mlp_edge.data.table import Table
from mlp_edge.data.targets import check_varies, classes, detect_task, targets
from mlp_edge.data.words import plain, shown
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.feature import Feature
from mlp_edge.finding import Finding
from mlp_edge.keras_file import KERAS_EPSILON
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
        features: the columns that are learned from, in order; without fills and ranges when the
            model is new, as those are learned from the training rows.
        imputed: whether a missing reading is filled, for each feature.
        names: the predicted columns; several only in a regression.
        task: what is predicted.
        reason: why it is that task, in words.
        labels: class names in the order of the outputs; () for a regression.
        rows: raw readings (n, features) float32; NaN where one is missing.
        targets: class indices (n,) int64, or values (n, outputs) float32.
        cells: the predicted columns as text, a tuple for each row's.
        findings: what somebody should know about the table.
    """

    features: tuple[Feature, ...]
    imputed: tuple[bool, ...]
    names: tuple[str, ...]
    task: Task
    reason: str
    labels: tuple[str, ...]
    rows: Rows
    targets: NDArray[Any]
    cells: Sequence[tuple[str, ...]]
    findings: tuple[Finding, ...]

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


def read_examples(
    table: Table, wanted: Sequence[str], task: Task | None, choices: Choices
) -> Examples:
    """Read a table for a new model.

    Args:
        table: what to learn from.
        wanted: the columns to predict; () is the data set's own, or the last column.
        task: overrules what the target column suggests.
        choices: what the user says about columns.

    Raises:
        TableError: when the table cannot be learned from.
        RecipeError: when the task does not fit the target.
    """
    names = find_targets(table, wanted)
    chosen, reason, labels = _task(table, names, task)
    columns = read_columns(table, names, choices)
    columns = _scalable(columns, table.source)
    values = _targets(table, names, chosen, labels)
    found = () if chosen == "regression" else class_findings(table, names[0], labels, values)
    return Examples(
        features=columns.features,
        imputed=columns.imputed,
        names=names,
        task=chosen,
        reason=reason,
        labels=labels,
        rows=columns.rows,
        targets=values,
        cells=_cells(table, names),
        findings=(*table.notes, *columns.findings, *found),
    )


def _task(
    table: Table, names: tuple[str, ...], wanted: Task | None
) -> tuple[Task, str, tuple[str, ...]]:
    """The task, the reason for it, and the labels."""
    if len(names) > 1:
        if wanted not in (None, "regression"):
            raise RecipeError(f"--task {wanted}: several targets are a regression")
        for name in names:
            check_varies(table, name)
        return "regression", f"regression: {len(names)} targets", ()
    detected, reason = detect_task(table, names[0])
    if wanted is not None:
        detected, reason = wanted, f"{wanted}: as --task says"
    labels = () if detected == "regression" else classes(table, names[0])
    if detected == "binary" and len(labels) != 2:
        raise RecipeError(
            f"--task binary: column {names[0]!r} of {table.source} holds {len(labels)} values; "
            "multiclass would do"
        )
    if detected == "multiclass" and len(labels) == 2:
        detected = "binary"
        reason = f"binary, not multiclass as --task says: column {names[0]!r} holds two values"
    if detected == "regression":
        check_varies(table, names[0])
    return detected, reason, labels


def _scalable(columns: Columns, source: str) -> Columns:
    """The columns that can be standardised in float32, and a finding for each that cannot."""
    exact = columns.rows.astype(np.float64)
    deviations = np.nanstd(exact, axis=0)
    kept = np.flatnonzero(deviations**2 <= MOST_VARIANCE)
    findings = list(columns.findings)
    for feature, deviation in zip(columns.features, deviations, strict=True):
        column = f"column {shown(feature.name)} has a deviation of {deviation:.2g}"
        if deviation**2 > MOST_VARIANCE:
            says = f"{column}, whose square float32 cannot hold; left out; another unit would do"
            findings.append(Finding("scale", says))
        elif feature.kind == "number" and 0 < deviation < KERAS_EPSILON:
            says = f"{column}, and Keras divides by {KERAS_EPSILON:g} at least, so that hardly"
            findings.append(
                Finding("scale", f"{says} anything of it is seen; another unit would do")
            )
    if not kept.size:
        raise TableError(f"{plain(source)}: {findings[-1].says}, and no other column is there")
    return Columns(
        features=tuple(columns.features[index] for index in kept),
        imputed=tuple(columns.imputed[index] for index in kept),
        rows=np.ascontiguousarray(columns.rows[:, kept]),
        findings=tuple(findings),
    )


def reread_examples(table: Table, manifest: Manifest) -> Examples:
    """Read a table for a model that exists: its features, targets and labels.

    Raises:
        TableError: when the table does not fit the model.
    """
    features = manifest.features
    rows, findings = known_columns(table, features)
    named = tuple(feature.name for feature in features)
    names = tuple(match_target(table, named, target) for target in manifest.targets)
    labels = tuple(manifest.labels)
    return Examples(
        features=features,
        imputed=tuple(feature.fill is not None for feature in features),
        names=manifest.targets,
        task=manifest.task,
        reason=f"{manifest.task}: as the saved model",
        labels=labels,
        rows=rows,
        targets=_targets(table, names, manifest.task, labels),
        cells=_cells(table, names),
        findings=(*table.notes, *findings),
    )


def _targets(
    table: Table, names: tuple[str, ...], task: Task, labels: tuple[str, ...]
) -> NDArray[Any]:
    """Class indices (n,), or the values of every target (n, outputs)."""
    every = [targets(table, name, task, labels) for name in names]
    return np.hstack(every) if task == "regression" else every[0]


def _cells(table: Table, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    return list(zip(*(map(str, table.column(name)) for name in names), strict=True))


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
