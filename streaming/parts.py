"""`Part`: some rows of a table, read and ready to be predicted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.content.values import trouble
from mlp_edge.data.examples import check_numbers
from mlp_edge.data.saved_columns import read_columns
from mlp_edge.data.table import Table
from mlp_edge.feature import Feature
from mlp_edge.mlp import Rows
from mlp_edge.streaming.tally import SHOWN, Bad, Tally

FAIL, SKIP, NULL = "fail", "skip", "null"
"""What becomes of a row that cannot be read: the work ends, it is left out, it has no
prediction."""


@dataclass(frozen=True)
class Reader:
    """How rows are read.

    Attributes:
        features: of the model, in its order.
        nameless: whether their names are made up.
        on_error: ``FAIL``, ``SKIP`` or ``NULL``.
    """

    features: Sequence[Feature]
    nameless: bool
    on_error: str


@dataclass(frozen=True, eq=False)
class Part:
    """Rows, and what was counted of them.

    Attributes:
        readings: (rows, features) float32, NaN where one is missing.
        void: rows that have no prediction whatever their readings say, (rows,); None for none.
        body: the rows as they are written: a ``Table``, lines of CSV or an Arrow batch.
        tally: what was counted.
        end: byte of the source up to which it has been read.
    """

    readings: Rows
    void: NDArray[np.bool_] | None
    body: Any
    tally: Tally
    end: int = 0


def part_of_table(table: Table, reader: Reader, bad: Sequence[Bad] = (), end: int = 0) -> Part:
    """Rows of text, by the columns that a model takes.

    Args:
        table: the rows.
        reader: how they are read.
        bad: lines that were no rows.
        end: byte of the source up to which it has been read.

    Raises:
        TableError: as ``known_columns``, where a bad row is to end the work.
    """
    names, read, wrong = read_columns(table, reader.features, reader.nameless)
    number = np.array([not feature.categories for feature in reader.features])
    broken = wrong & number
    void = None
    tally = Tally(reader.features, rows=len(bad), skipped=len(bad), bad=list(bad[:SHOWN]))
    if broken.any():
        if reader.on_error == FAIL:
            check_numbers(table, names, broken, whole=False)
        rows = broken.any(axis=1)
        tally.broken += broken.sum(axis=0)
        tally.bad = _merged(tally.bad, _bad(table, names, broken))
        if reader.on_error == SKIP:
            tally.rows += int(rows.sum())
            tally.skipped += int(rows.sum())
            table, read, wrong = table.keep(~rows), read[~rows], wrong[~rows]
            broken = broken[~rows]
        else:
            tally.nulled, void = int(rows.sum()), rows
    readings = np.ascontiguousarray(read.astype(np.float32))
    tally.count(readings, table.lines, broken)
    count_unknown(tally, wrong & ~number, table.lines, lambda i, row: table.cells[names[i]][row])
    return Part(readings, void, table, tally, end)


def count_unknown(
    tally: Tally,
    unknown: NDArray[np.bool_],
    lines: NDArray[np.int64],
    cell: Callable[[int, int], str],
) -> None:
    """Count the categories (rows, features) that nobody knows."""
    tally.unknown += unknown.sum(axis=0)
    for index in np.flatnonzero(unknown.any(axis=0)).tolist():
        row = int(unknown[:, index].argmax())
        tally.first_unknown[index] = int(lines[row]), str(cell(index, row))


def _bad(table: Table, names: Sequence[str], broken: NDArray[np.bool_]) -> list[Bad]:
    """The first bad cells of a table, each row once."""
    rows = np.flatnonzero(broken.any(axis=1))[:SHOWN]
    places = [(int(row), names[int(broken[row].argmax())]) for row in rows]
    return [
        Bad(int(table.lines[row]), name, trouble(table.cells[name][row], table.decimal))
        for row, name in places
    ]


def _merged(one: Sequence[Bad], other: Sequence[Bad]) -> list[Bad]:
    return sorted([*one, *other], key=lambda each: each.line)[:SHOWN]
