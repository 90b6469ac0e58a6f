"""`Table`: the original text of every cell, and the line that each row came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.content.floats import Cells
from mlp_edge.data.content.text_column import TextColumn
from mlp_edge.data.quoting import plain, shown
from mlp_edge.finding import Finding

MOST_LINES = 3
"""Lines that a refusal names."""


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of text.

    Cells stay as they were written: ``predict`` writes every one back unchanged, and ``numbers``
    makes numbers of the columns that somebody asks for.

    Attributes:
        name: a C identifier, from the file's stem or the set's name.
        source: what the user typed, for messages; "standard input" for "-".
        columns: the column names, without surrounding blanks; column1, column2, … for a table
            without a header and for a column without a name.
        header: whether the first line held the names.
        cells: column name to its cells, (rows,), which are decoded where somebody asks.
        lines: (rows,) int64, the 1-based line of the file on which each row begins; in a Parquet
            file, which has none, the number of the row.
        sha256: hex digest of the file's bytes.
        decimal: the mark before a fraction, "." or ",".
        notes: what was guessed and might be otherwise, and what was changed or left out.
        counts: what ``lines`` counts.
    """

    name: str
    source: str
    columns: tuple[str, ...]
    header: bool
    cells: Mapping[str, TextColumn]
    lines: NDArray[np.int64]
    sha256: str
    decimal: str = "."
    notes: tuple[Finding, ...] = ()
    counts: Literal["line", "row"] = "line"

    @property
    def rows(self) -> int:
        """Number of rows, the header left out; at least one."""
        return len(self.lines)

    def column(self, name: str) -> Cells:
        """The cells of a column, (rows,) of str.

        Raises:
            KeyError: when there is no such column; ``find_target`` and ``features`` check names.
        """
        return self.cells[name].texts()

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column as numbers, (rows,) float64: each cell as ``values.number`` reads it.

        NaN where a cell is not a decimal number that float32 can hold. Read-only where it was
        parsed when the file was read; else parsed anew at each call.

        Raises:
            KeyError: when there is no such column.
        """
        return self.cells[name].numbers(self.decimal)

    def keep(self, rows: NDArray[np.bool_]) -> Table:
        """The table without the rows that are False in (rows,) ``rows``."""
        if rows.all():
            return self
        cells = {name: column.take(rows) for name, column in self.cells.items()}
        return replace(self, cells=cells, lines=self.lines[rows])

    def place(self, row: int, column: str | None = None) -> str:
        """Where a row (0-based) stands, for a message: file, line and, when given, column."""
        where = f"{plain(self.source)}, {self.counts} {self.lines[row]}"
        return where if column is None else f"{where}, column {shown(column)}"

    def places(self, which: NDArray[np.bool_]) -> str:
        """Where those rows stand that are True in (rows,) ``which``: the file and the first lines.

        One at least is True.
        """
        rows = np.flatnonzero(which)
        lines = [str(self.lines[row]) for row in rows[:MOST_LINES]]
        where = f"{self.counts} {lines[0]}"
        if len(lines) > 1:
            where = f"{self.counts}s {', '.join(lines[:-1])} and {lines[-1]}"
        if rows.size > len(lines):
            where += f" ({rows.size - len(lines):,} more)"
        return f"{plain(self.source)}, {where}"
