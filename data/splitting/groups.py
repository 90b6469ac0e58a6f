"""Reads the column that groups rows, such as patients: a group is never split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import MISSING
from mlp_edge.data.choices import Choices, missing_spellings
from mlp_edge.data.content.cells import read_column
from mlp_edge.data.examples import no_column
from mlp_edge.data.quoting import MOST_SHOWN, and_more, counted, plain, shown, suggested
from mlp_edge.data.table import Table
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.finding import Finding
from mlp_edge.settings import setting

_FOR_FEATURES = ("keep", "categorical", "numeric", "reject", "indicator")
"""Options for columns that are learned from, as a group's never is."""


def check_group(table: Table, group: str, targets: Sequence[str], choices: Choices) -> None:
    """Refuse a column of groups that is not there, or that is used for something else.

    Raises:
        TableError: for an unknown column, with the closest name, for the target, and for the only
            column that is left.
        RecipeError: when another option asks to learn from it.
    """
    because = "rows are grouped by what they were measured on"
    check_apart(table, group, "group", because, targets, choices)


def check_apart(
    table: Table, name: str, option: str, because: str, targets: Sequence[str], choices: Choices
) -> None:
    """Refuse a column that parts the rows when it is not there, or is used for something else.

    Args:
        table: where it should be.
        name: of the column.
        option: the setting that names it.
        because: why it cannot be the target.
        targets: the predicted columns.
        choices: what else is said about columns.

    Raises:
        TableError: for an unknown column, with the closest name, for the target, and for the only
            column that is left.
        RecipeError: when another option asks to learn from it.
    """
    if name not in table.columns:
        raise TableError(no_column(table, [name], f" for {setting(option)}"))
    if name in targets:
        raise TableError(
            f"{plain(table.source)}: {setting(option)} names the target, {shown(name)}, but "
            f"{because}; "
            f"{setting('target')} chooses another target"
        )
    for other in _FOR_FEATURES:
        if name in getattr(choices, other):
            raise RecipeError(
                f"{setting(option)} and {setting(other)} contradict each other: both name "
                f"{shown(name)}"
            )
    if {*table.columns} == {*targets, *choices.drop, name}:
        raise TableError(
            f"{plain(table.source)}: no column is left to predict from besides "
            f"{shown(name)} of {setting(option)}, and nothing is learned from that one"
        )


def read_groups(
    table: Table, group: str, targets: Sequence[str], choices: Choices
) -> NDArray[np.int64]:
    """The group of each row, (rows,) int64, numbered from 0 as they first appear.

    Cells are compared as text, the blanks around them ignored.

    Raises:
        TableError: when a column is not there; for a missing cell, naming its line and column.
        RecipeError: when another setting contradicts ``group``.
    """
    check_group(table, group, targets, choices)
    column = read_column(table, group, missing_spellings(table, targets, choices)[group])
    absent = np.flatnonzero(column.absent)
    if absent.size:
        cell = str(column.cells[absent[0]]).strip()
        says = f"{shown(cell)} stands for a missing value" if cell else "the cell is empty"
        guessed = cell and cell.casefold() in MISSING
        named = f", or {suggested('present', f'{group}={cell}')} if it is one" if guessed else ""
        raise TableError(
            f"{table.place(int(absent[0]), group)}: {says}, so that nobody knows whose row it is; "
            f"write the group there or remove the line{named}{and_more(absent.size - 1)}"
        )
    return column.levels.numbered()


def group_findings(
    table: Table,
    group: str,
    target: str,
    labels: Sequence[str],
    classes: NDArray[np.int64],
    groups: NDArray[np.int64],
) -> tuple[Finding, ...]:
    """A finding about classes of several rows that one group has alone: no score is about them.

    Args:
        table: where the rows are from.
        group: the column of groups.
        target: the predicted column.
        labels: class names in order.
        classes: (rows,) index of each row's class.
        groups: (rows,) as ``read_groups`` gives them.
    """
    alone = []
    for index, label in enumerate(labels):
        rows = np.flatnonzero(classes == index)
        if len(rows) < 2 or len(np.unique(groups[rows])) > 1:
            continue
        whose = shown(str(table.column(group)[rows[0]]).strip())
        alone.append(
            f"all {counted(len(rows), 'row')} of class {shown(label)} are of one group, "
            f"{shown(group)} {whose}"
        )
    if not alone:
        return ()
    more = f"; and so {len(alone) - MOST_SHOWN:,} more classes" if len(alone) > MOST_SHOWN else ""
    says = f"column {shown(target)}: {'; '.join(alone[:MOST_SHOWN])}{more}"
    return (Finding("rare-class", f"{says}; what one group has trains and is never tested"),)
