"""Reads the column that says how much each row counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.choices import Choices, missing_spellings
from mlp_edge.data.content.cells import read_column
from mlp_edge.data.content.values import trouble
from mlp_edge.data.quoting import and_more, counted, plain, shown
from mlp_edge.data.splitting.groups import check_apart
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError
from mlp_edge.finding import Finding
from mlp_edge.settings import setting

Weights = NDArray[np.float64]
"""How much each row counts, (rows,), above 0; one of weight 2 as if it stood there twice."""


class WeightedTable(NamedTuple):
    """The rows that count, and how much.

    Attributes:
        table: without the rows of weight 0.
        weights: of its rows.
        findings: how many rows were left out.
    """

    table: Table
    weights: Weights
    findings: tuple[Finding, ...]


def unweighted(named: str, weight: str) -> Finding:
    """That a table lacks the column of weights that a saved model was trained with.

    Args:
        named: the table, as messages name it.
        weight: the column.
    """
    says = (
        f"{named} has no column {shown(weight)}, by which rows counted in the training: here all "
        "count alike"
    )
    return Finding("unweighted", says)


def with_weights(
    table: Table, name: str, targets: Sequence[str], choices: Choices
) -> WeightedTable:
    """Read the weights, and leave out the rows of weight 0, which count nowhere.

    Args:
        table: the rows.
        name: the column of weights.
        targets: the predicted columns.
        choices: what else the user says about columns.

    Raises:
        TableError: when the column is not there, or is the target or the only one; for a cell that
            is missing, negative or no finite number, by its line; when every weight is 0.
        RecipeError: when another setting asks to learn from the column.
    """
    because = "what is predicted cannot say how much its row counts"
    check_apart(table, name, "weight", because, targets, choices)
    column = read_column(table, name, missing_spellings(table, targets, choices)[name])
    weights = np.where(column.absent, np.nan, column.numbers)
    bad = np.flatnonzero(~(weights >= 0))
    if bad.size:
        row = int(bad[0])
        cell = str(column.cells[row])
        says = trouble(cell, table.decimal)
        if not np.isnan(column.numbers[row]):
            of = "stands for a missing value" if column.absent[row] else "is negative"
            says = f"{shown(cell.strip())} {of}"
        raise TableError(
            f"{table.place(row, name)}, the weight: {says}; {setting('weight')} takes numbers from "
            f"0 up, and a row of weight 0 does not count{and_more(bad.size - 1)}"
        )
    nothing = np.flatnonzero(weights == 0)
    if not nothing.size:
        return WeightedTable(table, weights, ())
    says = (
        f"column {shown(name)}, the weight: 0 in {nothing.size:,} of {counted(table.rows, 'row')}"
    )
    if nothing.size == table.rows:
        raise TableError(f"{plain(table.source)}: {says}, so that no row counts")
    where = f"the first on {table.counts} {table.lines[nothing[0]]}"
    found = Finding("weight", f"{says}, {where}; these rows are left out", (name,))
    counts = weights > 0
    return WeightedTable(table.keep(counts), weights[counts], (found,))
