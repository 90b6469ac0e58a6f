"""Whether rows are a panel: several series side by side, such as the months of each shop."""

from __future__ import annotations

import math

import numpy as np

from mlp_edge.data.content.cells import Levels
from mlp_edge.data.quoting import counted, shown, suggested
from mlp_edge.data.splitting.split import Indices
from mlp_edge.data.splitting.times import IN_TIME, When
from mlp_edge.data.table import Table
from mlp_edge.finding import Finding
from mlp_edge.training.examples import Examples
from mlp_edge.training.preprocessing import Preprocessed
from mlp_edge.training.scoring.series import DATED, FEWEST_ROWS, alike, dates

FEWEST = 5
"""Series side by side."""
ROWS_EACH = 3
"""Rows that a series has on average."""


def panels(table: Table, examples: Examples, preprocessed: Preprocessed) -> tuple[Finding, ...]:
    """A finding when each of several things has a row per time, alike to its row before.

    Next to each other in time stand rows of different things, which ``series`` compares. Here each
    row is held against the next one of the same thing, as there: by the errors of a linear model.

    Args:
        table: the rows.
        examples: the same, read.
        preprocessed: as inputs of a linear model.
    """
    if len(examples.rows) < FEWEST_ROWS:
        return ()
    for name, when in dates(table, examples):
        if len(np.unique(when)) > len(when) // 2:
            continue  # hardly two rows of one time
        for whose, things in _things(table, {*examples.names, name}, when):
            order = np.lexsort((when, things))
            found = alike(examples, preprocessed, order, DATED)
            if found is not None:
                return (_finding(name, whose, int(things.max()) + 1, found),)
    return ()


def _things(table: Table, told: set[str], when: When) -> list[tuple[str, Indices]]:
    """Columns whose cells have one row at each time at most, and the number of each row's cell."""
    found = []
    for name in table.columns:
        if name in told:
            continue
        things = Levels(table.column(name)).numbered()
        count = int(things.max()) + 1
        if not FEWEST <= count <= table.rows // ROWS_EACH:
            continue
        pairs = np.unique(things * (int(when.max()) + 1) + when)
        if len(pairs) == table.rows:
            found.append((name, things))
    return found


def _finding(name: str, whose: str, count: int, found: tuple[float, int]) -> Finding:
    r, rows = found
    says = (
        f"the table is a panel, a row for each of {counted(count, 'value')} of {shown(whose)} at "
        f"each {shown(name)}: rows of one {shown(whose)} that follow each other are alike (the "
        f"errors of a linear model correlate by {r:.2f}, in {counted(rows, 'row')}; chance: "
        f"±{2 / math.sqrt(rows):.2f}), and a split at random flatters. "
        f"{suggested('split', f'{IN_TIME}:{name}')} tests on the last rows of each, "
        f"{suggested('group', whose)} on others than it learned from"
    )
    return Finding("panel", says, (name, whose))
