"""Finds targets and features among the columns, and reads their numbers."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.content.values import is_word, trouble
from mlp_edge.data.odd_lines import LineError
from mlp_edge.data.quoting import and_more, counted, listed, plain, shown
from mlp_edge.data.sets import SETS
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError
from mlp_edge.mlp import Rows
from mlp_edge.settings import setting


def find_target(table: Table, wanted: str | None = None) -> str:
    """The column to predict: the one wanted, else a shipped set's own, else the last.

    Raises:
        TableError: when there is no such column (with the columns found and the closest name),
            or no other column is left to predict from.
    """
    target = wanted
    if target is None:
        target = SETS[table.source].target if table.source in SETS else table.columns[-1]
    if target not in table.cells:
        raise TableError(no_column(table, [target], " to predict"))
    if len(table.columns) == 1:
        raise TableError(
            f"{plain(table.source)}: one column only, {shown(target)}, so nothing to predict it "
            f"from; columns are separated by commas, semicolons or tabs, or as {setting('sep')} "
            "says"
        )
    return target


def find_targets(table: Table, wanted: Sequence[str]) -> tuple[str, ...]:
    """The columns to predict, in the order wanted; the one of ``find_target`` when none is.

    Raises:
        TableError: when there is no such column, one is wanted twice, or no other column is left
            to predict from.
    """
    targets = tuple(find_target(table, name) for name in wanted) or (find_target(table),)
    twice = [name for name in dict.fromkeys(targets) if targets.count(name) > 1]
    if twice:
        raise TableError(
            f"{plain(table.source)}: {setting('target')} names {shown(twice[0])} twice"
        )
    if len(targets) == len(table.columns):
        raise TableError(
            f"{plain(table.source)}: every column is a target, so nothing is left to predict them "
            f"from; name fewer of {listed(table.columns)}"
        )
    return targets


def feature_names(table: Table, target: str) -> tuple[str, ...]:
    """Every column but the target, in the table's order."""
    return tuple(name for name in table.columns if name != target)


def match_columns(table: Table, names: Sequence[str]) -> tuple[str, ...]:
    """The table's column for each feature of a model, in the model's order.

    By name, in whatever order the table has them; other columns are ignored. A table without a
    header that has one column per feature, or one more for the target at the end, is matched by
    position.

    Raises:
        TableError: listing the features that the table lacks.
    """
    missing = [name for name in names if name not in table.cells]
    if not missing:
        return tuple(names)
    if table.header:
        raise TableError(no_column(table, missing))
    if len(table.columns) not in (len(names), len(names) + 1):
        raise TableError(
            f"{plain(table.source)}: {counted(len(table.columns), 'column')} without a header; the "
            f"model takes {len(names)} ({listed(names)}), or {len(names) + 1} with the target last"
        )
    return table.columns[: len(names)]


def match_target(table: Table, names: Sequence[str], target: str) -> str:
    """The table's column that holds a trained model's target.

    Args:
        table: rows to score a model on.
        names: the model's features.
        target: the model's target.

    Returns:
        The column of that name; the last one of a table without a header that has one column more
        than the model has features.

    Raises:
        TableError: when there is none.
    """
    by_position = not table.header and len(table.columns) == len(names) + 1
    if target not in table.cells and by_position:
        return table.columns[-1]
    return find_target(table, target)


def features(table: Table, names: Sequence[str]) -> Rows:
    """The features as a model takes them, (rows, len(names)) float32, C order.

    Columns are found as ``match_columns`` does. Parsed as float64, then rounded to float32.

    Raises:
        TableError: when a column is missing, or a cell is not a finite number that float32 can
            hold: the first such cell by line and column, and how many more there are.
    """
    return numbers(table, match_columns(table, names))


def ranges(rows: Rows) -> tuple[tuple[float, float], ...]:
    """Smallest and largest value of each column of (n, width) float32 rows, n at least 1."""
    low, high = rows.min(axis=0), rows.max(axis=0)
    return tuple((float(a), float(b)) for a, b in zip(low, high, strict=True))


def numbers(table: Table, columns: Sequence[str]) -> Rows:
    """The named columns as (rows, len(columns)) float32; raises as ``features`` does."""
    parsed = np.empty((table.rows, len(columns)), dtype=np.float64)
    for index, name in enumerate(columns):
        parsed[:, index] = table.numbers(name)
    check_numbers(table, columns, np.isnan(parsed))
    return parsed.astype(np.float32)


def check_numbers(
    table: Table, columns: Sequence[str], bad: NDArray[np.bool_], whole: bool = True
) -> None:
    """Refuse the first bad cell of the file.

    Args:
        table: where the cells are from.
        columns: their names.
        bad: (rows, columns), whether a cell is no number.
        whole: whether the table has all rows of its file.

    Raises:
        LineError: naming its line and column, what it holds, and of a whole table how many more
            there are.
    """
    if not bad.any():
        return
    row, index = (int(where[0]) for where in np.nonzero(bad))
    name = columns[index]
    says = trouble(table.cells[name][row], table.decimal)
    message = f"{table.place(row, name)}: {says}"
    if whole and bad[:, index].all() and all(map(is_word, set(table.cells[name]))):
        message += ", as in every row; remove the column or write numbers in it"
    elif not table.header and row == 0:
        message += "; the line was taken for data, not for names, as it holds numbers"
    more = and_more(int(bad.sum()) - 1) if whole else ""
    raise LineError(message + more, {int(table.lines[row]): says})


def no_column(table: Table, names: Sequence[str], purpose: str = "") -> str:
    """A message: the table lacks these columns; those it has, and the closest name."""
    return (
        f"{plain(table.source)}: no column {listed(names)}{purpose}; {_columns_of(table)}"
        f"{_closest(names[0], table.columns)}"
    )


def _columns_of(table: Table) -> str:
    kind = "the columns are" if table.header else "without a header the columns are called"
    return f"{kind} {listed(table.columns)}"


def _closest(wanted: str, columns: Sequence[str]) -> str:
    """A hint at a name that differs in case or by a slip of the finger."""
    folded = {name.strip().casefold(): name for name in columns}
    close = difflib.get_close_matches(wanted.strip().casefold(), folded, n=1)
    return f"; did you mean {shown(folded[close[0]])}?" if close else ""
