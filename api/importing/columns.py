"""Which columns of a table a network takes and predicts, and what its outputs mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mlp_edge.api.importing.import_settings import ImportSettings
from mlp_edge.data.examples import no_column
from mlp_edge.data.quoting import counted, listed, plain, shown
from mlp_edge.data.saved_columns import known_columns
from mlp_edge.data.table import Table
from mlp_edge.data.targets import classes, detect_task
from mlp_edge.errors import InputError, TableError
from mlp_edge.feature import Feature
from mlp_edge.finding import Finding
from mlp_edge.mlp import Mlp, Rows, Task
from mlp_edge.readers.importing.adaptation import output_of
from mlp_edge.settings import Blank, setting
from mlp_edge.training.examples import Examples, reread_examples


@dataclass(frozen=True, eq=False)
class Chosen:
    """Names, classes and rows of a network.

    Attributes:
        features: its inputs by their names, with the ranges of the rows.
        targets: what it predicts.
        labels: class names in the order of the outputs; () for a regression.
        task: what the outputs mean.
        output: what is made of the last layer, one of ``adaptation.OUTPUTS``.
        findings: what there is to say of all that.
        examples: the rows; None without a table.
        has_targets: whether the rows say what is right.
        missing_targets: none has a spelling of its own.
    """

    features: tuple[Feature, ...]
    targets: tuple[str, ...]
    labels: tuple[str, ...]
    task: Task
    output: str
    findings: tuple[Finding, ...] = ()
    examples: Examples | None = None
    has_targets: bool = False
    missing_targets: Mapping[str, Sequence[str]] = field(default_factory=dict)


def choose_columns(mlp: Mlp, table: Table | None, settings: ImportSettings) -> Chosen:
    """Match a network with what its owner says, and with a table.

    Args:
        mlp: the network, as its file has it.
        table: rows; None without any.
        settings: what the owner says.

    Raises:
        InputError: for settings that do not fit the network.
        TableError: for a table that does not.
        ModelError: for a task that the last layer cannot have.
    """
    targets = _targets(mlp, table, settings)
    names = _names(mlp, table, targets, settings)
    features = tuple(
        replace(feature, name=name) for feature, name in zip(mlp.features, names, strict=True)
    )
    task = _task(mlp, table, targets, settings)
    output = output_of(task, mlp)
    labels, findings = _labels(mlp, table, targets, task, settings)
    chosen = Chosen(features, targets or mlp.targets, labels, task, output, tuple(findings))
    if task != "regression" and not targets:
        chosen = replace(chosen, targets=mlp.targets[:1])
    _check_targets(mlp, chosen)
    return chosen if table is None else _with_rows(chosen, table, bool(targets))


def _targets(mlp: Mlp, table: Table | None, settings: ImportSettings) -> tuple[str, ...]:
    """The predicted columns; () where nobody says, and the table has no column for them."""
    if table is None or settings.target:
        missing = [] if table is None else [t for t in settings.target if t not in table.cells]
        if missing and table is not None:
            raise TableError(no_column(table, missing, " to predict"))
        return settings.target
    taken = settings.features or [feature.name for feature in mlp.features]
    known = [name for name in taken if name in table.cells]
    left = [name for name in table.columns if name not in known]
    if len(known) == len(taken):  # by names, settings' or the file's own
        return tuple(left) if len(left) == 1 else ()
    if settings.features or len(table.columns) == mlp.inputs:
        return ()
    return table.columns[-1:] if len(table.columns) == mlp.inputs + 1 else ()


def _names(
    mlp: Mlp, table: Table | None, targets: Sequence[str], settings: ImportSettings
) -> Sequence[str]:
    """The names of the features."""
    own = [feature.name for feature in mlp.features]
    if settings.features:
        if len(settings.features) != mlp.inputs:
            raise InputError(
                f"{setting('features', list(settings.features))} names "
                f"{counted(len(settings.features), 'column')}, and the network takes {mlp.inputs}"
            )
        missing = [] if table is None else [n for n in settings.features if n not in table.cells]
        if table is not None and missing:
            raise TableError(no_column(table, missing))
        return settings.features
    if table is None or all(name in table.cells for name in own):
        return own
    names = [name for name in table.columns if name not in targets]
    if len(names) != mlp.inputs:
        besides = f" beside {listed(targets)}" if targets else ""
        raise TableError(
            f"{plain(table.source)}: {counted(len(names), 'column')}{besides}, and the network "
            f"takes {mlp.inputs}; {setting('features', Blank('COLUMNS'))} names those in its order"
        )
    return names


def _task(mlp: Mlp, table: Table | None, targets: Sequence[str], settings: ImportSettings) -> Task:
    """The task that was asked for, or that of the last layer.

    Raises:
        InputError: for logits, which are a regression, where the target holds words.
    """
    if settings.task is not None:
        task: Task = settings.task  # type: ignore[assignment]  # one of TASKS
        return task
    if table is None or len(targets) != 1 or mlp.task != "regression":
        return mlp.task
    detected, _ = detect_task(table, targets[0])
    wanted: Task = "binary" if mlp.outputs == 1 else "multiclass"
    if not np.isnan(table.numbers(targets[0])).any() and mlp.outputs == 1:
        return mlp.task
    raise InputError(
        f"the last layer gives {counted(mlp.outputs, 'number')} that are no probabilities, and "
        f"column {shown(targets[0])} holds "
        f"{'classes' if detected != 'regression' else 'one number a row'}: "
        f"{setting('task', wanted)} makes them probabilities, if they are logits; "
        f"{setting('target', Blank('COLUMNS'))} names a column for each otherwise"
    )


def _labels(
    mlp: Mlp,
    table: Table | None,
    targets: Sequence[str],
    task: Task,
    settings: ImportSettings,
) -> tuple[tuple[str, ...], list[Finding]]:
    """Class names in the order of the outputs, and where they come from."""
    count = {"regression": 0, "binary": 2, "multiclass": mlp.outputs}[task]
    if settings.labels:
        if len(settings.labels) != count:
            raise InputError(
                f"{setting('labels', list(settings.labels))} names "
                f"{counted(len(settings.labels), 'class')}, and a {task} network of "
                f"{counted(mlp.outputs, 'output')} has {count}"
            )
        return settings.labels, []
    if not count:
        return (), []
    made_up = tuple(str(number) for number in range(count))
    own = mlp.labels if len(mlp.labels) == count else made_up
    if table is None or len(targets) != 1:
        return own, []
    found = classes(table, targets[0], forced=True)
    if set(found) <= set(own):
        return own, []
    if len(found) != count:
        raise TableError(
            f"{plain(table.source)}: column {shown(targets[0])} holds {len(found)} classes, "
            f"{listed(found)}, and the network has {count}; "
            f"{setting('labels', Blank('NAMES'))} names them in the order of its outputs"
        )
    says = (
        f"the classes are taken in order, {listed(found)}, as nothing in the file says which "
        f"output is which; {setting('labels', Blank('NAMES'))} names them in another"
    )
    return found, [Finding("labels", says)]


def _check_targets(mlp: Mlp, chosen: Chosen) -> None:
    """Refuse another number of targets than the network predicts."""
    wanted = mlp.outputs if chosen.task == "regression" else 1
    if len(chosen.targets) != wanted:
        raise InputError(
            f"{setting('target', list(chosen.targets))} names "
            f"{counted(len(chosen.targets), 'column')}, and the network predicts {wanted}"
        )
    both = {feature.name for feature in chosen.features} & set(chosen.targets)
    if both:
        raise InputError(f"column {shown(min(both))} is a feature and the target at once")


def _with_rows(chosen: Chosen, table: Table, has_targets: bool) -> Chosen:
    """The same with the rows, whose ranges the features take."""
    if has_targets:
        examples = reread_examples(table, chosen)
        findings = examples.findings
    else:
        rows, found = known_columns(table, chosen.features)
        findings = (*table.notes, *found)
        examples = Examples(
            features=chosen.features, imputed=(False,) * len(chosen.features),
            names=chosen.targets, task=chosen.task, reason="", labels=chosen.labels, rows=rows,
            targets=np.empty((len(rows), 0), np.float32), cells=(), findings=findings, table=table,
        )  # fmt: skip
    features = _ranged(chosen.features, examples.rows)
    examples = replace(examples, features=features)
    return replace(
        chosen,
        features=features,
        findings=(*findings, *chosen.findings),
        examples=examples,
        has_targets=has_targets,
    )


def _ranged(features: Sequence[Feature], rows: Rows) -> tuple[Feature, ...]:
    """The features with the lowest and highest reading of each column of numbers."""
    found = []
    for feature, column in zip(features, rows.T, strict=True):
        known = column[np.isfinite(column)]
        if len(known) and not feature.categories:
            feature = replace(feature, low=float(known.min()), high=float(known.max()))
        found.append(feature)
    return tuple(found)
