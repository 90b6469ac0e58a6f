"""A table as it was read: the original text of every cell, and the line each row came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.words import plain, shown

Cells = NDArray[np.object_]
"""The cells of one column, (rows,) of str, exactly as the file has them."""


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of text.

    Nothing is parsed here: ``predict`` writes every cell back unchanged, and
    ``mlp_edge.data.examples`` makes numbers of the columns that a model asks for.

    Attributes:
        name: a C identifier, from the file's stem or the set's name.
        source: what the user typed, for messages.
        columns: the column names, without surrounding blanks; column1, column2, … for a table
            without a header and for a column without a name.
        header: whether the first line held the names.
        cells: column name to its cells, (rows,) of str.
        lines: (rows,) int64, the 1-based line of the file on which each row begins.
        sha256: hex digest of the file's bytes.
    """

    name: str
    source: str
    columns: tuple[str, ...]
    header: bool
    cells: Mapping[str, Cells]
    lines: NDArray[np.int64]
    sha256: str

    @property
    def rows(self) -> int:
        """Number of rows, the header left out; at least one."""
        return len(self.lines)

    def column(self, name: str) -> Cells:
        """The cells of a column, (rows,) of str.

        Raises:
            KeyError: when there is no such column; ``find_target`` and ``features`` check names.
        """
        return self.cells[name]

    def place(self, row: int, column: str | None = None) -> str:
        """Where a row (0-based) stands, for a message: file, line and, when given, column."""
        where = f"{plain(self.source)}, line {self.lines[row]}"
        return where if column is None else f"{where}, column {shown(column)}"
