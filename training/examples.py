"""A table as examples: readings, targets, and what their rows belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import MISSING
from mlp_edge.data.choices import Choices
from mlp_edge.data.columns import Columns, read_columns
from mlp_edge.data.examples import find_targets, match_target
from mlp_edge.data.findings.labels import class_findings
from mlp_edge.data.findings.missing_targets import with_known_targets, with_known_targets_again
from mlp_edge.data.findings.origins import origins
from mlp_edge.data.findings.values import target_values
from mlp_edge.data.row_weights import Weights, with_weights
from mlp_edge.data.saved_columns import known_columns
from mlp_edge.data.splitting.groups import group_findings, read_groups
from mlp_edge.data.splitting.times import When, read_times, time_column
from mlp_edge.data.table import Table
from mlp_edge.data.targets import check_varies, classes, detect_task, targets
from mlp_edge.errors import RecipeError
from mlp_edge.feature import Feature
from mlp_edge.finding import Finding
from mlp_edge.mlp import DEFAULT_THRESHOLD, Floats, Rows, Task
from mlp_edge.settings import setting
from mlp_edge.training.scoring.scores import Truth


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
        groups: the group of each row (n,) int64; a group is never split. None where
            every row stands for itself.
        when: the place of each row in time (n,) int64, by which the rows are split; None where
            they are split at random.
        weights: how much each row counts (n,) float64, above 0; None where all count alike.
        ids: columns that only tell rows apart: nothing is learned from them.
        missing_targets: target -> how a missing one is spelled, as ``missing`` says.
        table: these rows; those whose target is missing have been left out.
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
    groups: NDArray[np.int64] | None = None
    weights: Weights | None = None
    ids: tuple[str, ...] = ()
    when: When | None = None
    missing_targets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    table: Table = field(kw_only=True)

    @property
    def encoded(self) -> Floats:
        """What Keras learns (n, outputs) float32: values, 0 and 1, or one-hot rows."""
        if self.task == "regression":
            return np.asarray(self.targets, np.float32)
        if self.task == "binary":
            return self.targets[:, None].astype(np.float32)
        return np.asarray(np.eye(len(self.labels), dtype=np.float32)[self.targets])

    def truth(self, chosen: NDArray[np.int64], threshold: np.float32 = DEFAULT_THRESHOLD) -> Truth:
        """The chosen rows' truth as the scores take it, with the threshold of a binary model."""
        groups = None if self.groups is None else self.groups[chosen]
        targets, weights = self.targets[chosen], self.weights_of(chosen)
        return Truth(self.task, targets, len(self.labels), threshold, groups, weights)

    def weights_of(self, chosen: NDArray[np.int64]) -> Weights | None:
        """How much each of the chosen rows counts; None where all count alike."""
        return None if self.weights is None else self.weights[chosen]


def read_examples(
    table: Table,
    wanted: Sequence[str],
    task: Task | None,
    choices: Choices,
    group: str | None = None,
    split: str = "random",
    weight: str | None = None,
) -> Examples:
    """Read a table for a new model.

    Args:
        table: what to learn from.
        wanted: the columns to predict; () is the data set's own, or the last column.
        task: overrules what the target column suggests.
        choices: what the user says about columns.
        group: the column whose equal cells keep rows together; nothing is learned from it.
        split: how the rows are split, as ``Recipe.split``; nothing is learned from its column.
        weight: the column that says how much each row counts; nothing is learned from it.

    Raises:
        TableError: when the table cannot be learned from.
        RecipeError: when the task does not fit the target, or options contradict each other.
    """
    names = find_targets(table, wanted)
    left = with_known_targets(table, names, choices)
    table, weights, weightless = _weighted(left.table, weight, names, choices)
    chosen, reason, labels = _task(table, names, task)
    groups = None if group is None else read_groups(table, group, names, choices)
    when = read_times(table, split, names, choices)
    parting = tuple(name for name in (group, time_column(split)) if name is not None)
    apart = parting if weight is None else (*parting, weight)
    choices = replace(choices, drop=(*choices.drop, *apart))
    columns = read_columns(table, names, choices, in_time=when is not None)
    values = _targets(table, names, chosen, labels)
    found = _class_findings(table, names[0], labels, values, group, groups)
    if when is not None:
        found = tuple(finding for finding in found if finding.kind != "sorted")
    if not parting:
        found += _origins(table, names, columns, apart)
    # What no feature holds may be a target's spelling.
    said = (each for each in columns.findings if each.says.partition(":")[0] not in left.used)
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
        findings=(*table.notes, *left.findings, *weightless, *said, *found),
        groups=groups,
        weights=weights,
        ids=(*columns.ids, *apart),
        when=when,
        missing_targets=left.missing,
        table=table,
    )


def _class_findings(
    table: Table,
    name: str,
    labels: Sequence[str],
    values: NDArray[Any],
    group: str | None,
    groups: NDArray[np.int64] | None,
) -> tuple[Finding, ...]:
    """What is said of a target's classes, and of those that one group has alone."""
    found = class_findings(table, name, labels, values) if labels else ()
    if group is not None and groups is not None:
        found += group_findings(table, group, name, labels, values, groups)
    return found


def _weighted(
    table: Table, weight: str | None, names: Sequence[str], choices: Choices
) -> tuple[Table, Weights | None, tuple[Finding, ...]]:
    """The rows that count, how much each does, and what is said of the others."""
    if weight is None:
        return table, None, ()
    return with_weights(table, weight, names, choices)


def _origins(
    table: Table, names: tuple[str, ...], columns: Columns, apart: tuple[str, ...]
) -> tuple[Finding, ...]:
    """Columns that seem to name what several rows were measured on, and are no group."""
    measured = {each.name for each in columns.features if not each.categories}
    copies = (each.columns for each in columns.findings if each.kind == "target-copy")
    told = {*names, *apart, *(name for copied in copies for name in copied)}
    return origins(table, target_values(table, names), measured, told)


def _task(
    table: Table, names: tuple[str, ...], wanted: Task | None
) -> tuple[Task, str, tuple[str, ...]]:
    """The task, the reason for it, and the labels."""
    if len(names) > 1:
        if wanted not in (None, "regression"):
            raise RecipeError(f"{setting('task', wanted)}: several targets are a regression")
        for name in names:
            check_varies(table, name)
        return "regression", f"regression: {len(names)} targets", ()
    if wanted is None:
        detected, reason = detect_task(table, names[0])
    else:
        detected, reason = wanted, f"{wanted}: as {setting('task')} says"
    forced = wanted is not None
    labels = () if detected == "regression" else classes(table, names[0], forced=forced)
    if detected == "binary" and len(labels) != 2:
        raise RecipeError(
            f"{setting('task', 'binary')}: column {names[0]!r} of {table.source} holds "
            f"{len(labels)} values; multiclass would do"
        )
    if detected == "multiclass" and len(labels) == 2:
        detected = "binary"
        reason = f"binary, not multiclass as {setting('task')} says: "
        reason += f"column {names[0]!r} holds two values"
    if detected == "regression":
        check_varies(table, names[0])
    return detected, reason, labels


class Known(Protocol):
    """What a model that exists has in its manifest, as far as a table is read by it."""

    @property
    def features(self) -> tuple[Feature, ...]:
        """The raw readings, in order."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The predicted columns."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names in the order of the outputs."""

    @property
    def task(self) -> Task:
        """What is predicted."""

    @property
    def missing_targets(self) -> Mapping[str, Sequence[str]]:
        """Target -> spellings of a missing one."""


def reread_examples(
    table: Table,
    manifest: Known,
    group: str | None = None,
    split: str = "random",
    weight: str | None = None,
) -> Examples:
    """Read a table for a model that exists: its features, targets and labels.

    Args:
        table: rows to go on learning from, or to score on.
        manifest: of the model.
        group: the column whose equal cells keep rows together; None where rows are not split.
        split: how the rows are split; "random" where none are.
        weight: the column that says how much each row counts; None where all count alike.

    Raises:
        TableError: when the table does not fit the model.
    """
    features = manifest.features
    named = tuple(feature.name for feature in features)
    names = tuple(match_target(table, named, target) for target in manifest.targets)
    labels = tuple(manifest.labels)
    columns = dict(zip(manifest.targets, names, strict=True))
    left = with_known_targets_again(table, columns, labels, manifest.missing_targets)
    table, weights, weightless = _weighted(left.table, weight, names, Choices())
    rows, findings = known_columns(table, features)
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
        findings=(*table.notes, *left.findings, *weightless, *findings),
        groups=None if group is None else read_groups(table, group, names, _any_group(group)),
        weights=weights,
        when=read_times(table, split, names, Choices()),
        missing_targets=manifest.missing_targets,
        table=table,
    )


def _any_group(group: str) -> Choices:
    """Every word is a group, NA as well: which are was decided when the model was trained."""
    return Choices(present=tuple(f"{group}={word}" for word in sorted(MISSING) if word))


def _targets(
    table: Table, names: tuple[str, ...], task: Task, labels: tuple[str, ...]
) -> NDArray[Any]:
    """Class indices (n,), or the values of every target (n, outputs)."""
    every = [targets(table, name, task, labels) for name in names]
    return np.hstack(every) if task == "regression" else every[0]


def _cells(table: Table, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    return list(zip(*(map(str, table.column(name)) for name in names), strict=True))
