"""Tables made in memory: a clean one, and what is done to it."""

from __future__ import annotations

import random

import numpy as np

from mlp_edge.data.content.floats import TEXT
from mlp_edge.data.content.text_column import ArrayColumn
from mlp_edge.data.table import Table

SOURCE = "dir/t.csv"


def table_of(header=True, decimal=".", **columns):
    """A table whose first row stands on line 2, or on line 1 without a header."""
    return table_from(columns, header=header, decimal=decimal)


def table_from(columns, header=True, decimal="."):
    """The same for names that are no Python names."""
    cells = {name: np.array(list(cells), dtype=TEXT) for name, cells in columns.items()}
    count = len(next(iter(cells.values())))
    return Table(
        name="t",
        source=SOURCE,
        columns=tuple(cells),
        header=header,
        cells={name: ArrayColumn(column) for name, column in cells.items()},
        lines=np.arange(count, dtype=np.int64) + 1 + header,
        sha256="",
        decimal=decimal,
    )


def clean(rows=60, seed=1, **changed):
    """Two columns of noise, what is changed, and a target y of 0 and 1 that follows the first."""
    generator = random.Random(seed)  # noqa: S311 (nothing secret)
    a = [f"{generator.gauss(0, 2):.4f}" for _ in range(rows)]
    b = [f"{generator.uniform(20, 90):.2f}" for _ in range(rows)]
    y = ["1" if float(x) + generator.gauss(0, 1) > 0 else "0" for x in a]
    columns = {"a": a, "b": b, **{name: cells for name, cells in changed.items() if name != "y"}}
    return table_from({**columns, "y": changed.get("y", y)})


def spoilt(cells, **at):
    """The cells with others on some lines: ``spoilt(cells, _3="x")`` changes that of line 3."""
    found = list(cells)
    for line, cell in at.items():
        found[int(line[1:]) - 2] = cell
    return found


def shuffled(cells):
    """The cells in another order, always the same."""
    found = list(cells)
    random.Random(3).shuffle(found)  # noqa: S311 (nothing secret)
    return found
