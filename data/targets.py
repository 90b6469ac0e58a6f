"""What a target column asks for: a regression or classes, and its numbers for training."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.examples import numbers
from mlp_edge.data.split import FEWEST_ROWS
from mlp_edge.data.table import Table
from mlp_edge.data.values import is_missing, is_number, mostly_numbers, number, trouble
from mlp_edge.data.words import counted, listed, plain, shown
from mlp_edge.errors import TableError
from mlp_edge.mlp import Rows, Task

MOST_CLASSES = 20
"""Different whole numbers that may still be classes; more are a quantity."""
ROWS_PER_CLASS = 5
"""Rows that a class of whole numbers has on average; fewer are a quantity."""

Reading = Callable[[str], Hashable]
"""What a cell stands for; cells that stand for the same are one class."""


def detect_task(table: Table, target: str) -> tuple[Task, str]:
    """The task that a target column asks for, and the reason in words.

    Two different values are a binary task, whether numbers or words. More words are a multiclass
    task, and so are up to ``MOST_CLASSES`` whole numbers with ``ROWS_PER_CLASS`` rows each on
    average. Other numbers are a regression.

    Raises:
        TableError: when a cell is missing or the column holds one value only.
    """
    reading = _checked_reading(table, target)
    values = _different(table, target, reading)
    column = f"column {shown(target)} holds"
    if len(values) == 2:
        first, second = _labels(table, target, reading)
        return "binary", f"binary: {column} two values, {_bare(first)} and {_bare(second)}"
    count = f"{len(values):,}"
    if reading is not number:
        return "multiclass", f"multiclass: {column} {count} different words"
    whole = all(isinstance(value, float) and value.is_integer() for value in values)
    if whole and len(values) <= min(MOST_CLASSES, table.rows // ROWS_PER_CLASS):
        return "multiclass", f"multiclass: {column} {count} different whole numbers"
    return "regression", f"regression: {column} {count} different numbers"


def classes(table: Table, target: str) -> tuple[str, ...]:
    """The class names of a column in their order; the second of two is the positive one.

    Numbers in rising order, false before true, other words by the alphabet; upper and lower case
    of a word are two classes, but of true and false one. A number that is written in several ways
    (1, 1.0) is one class, named by the shortest.

    Raises:
        TableError: when a cell is missing, the column holds one value only, or every row has its
            own word.
    """
    reading = _checked_reading(table, target)
    values = _different(table, target, reading)
    if len(values) == table.rows > 2:
        raise TableError(
            f"{plain(table.source)}: column {shown(target)} holds another value in each of its "
            f"{table.rows:,} rows; that names rows, it is no class to predict"
        )
    return _labels(table, target, reading)


def targets(
    table: Table, target: str, task: Task, labels: Sequence[str] = ()
) -> Rows | NDArray[np.int64]:
    """The target of each row, for training or for scoring.

    Args:
        table: the rows.
        target: its column, as ``find_target`` or ``match_target`` gives it.
        task: of the model.
        labels: the model's class names in order, as ``classes`` gives them; () for a regression.

    Returns:
        A regression's values, (rows, 1) float32; else the index of each row's label, (rows,) int64.

    Raises:
        TableError: when a cell is no number (regression) or none of the labels (classes), with
            the line of the first.
    """
    if task == "regression":
        return numbers(table, [target])
    reading = _reading(labels)
    index = {reading(label): position for position, label in enumerate(labels)}
    found = np.array([index.get(reading(cell), -1) for cell in table.column(target)], np.int64)
    unknown = np.flatnonzero(found < 0)
    if unknown.size:
        row = int(unknown[0])
        more = f" ({counted(unknown.size - 1, 'more such row')})" if unknown.size > 1 else ""
        raise TableError(
            f"{table.place(row, target)}: {shown(table.column(target)[row].strip())} is none of "
            f"the classes that the model knows, {listed(labels)}{more}"
        )
    return found


def check_varies(table: Table, target: str) -> None:
    """Refuse a column with one value: nothing can be learned from it.

    Raises:
        TableError: naming the value; also when a cell is missing.
    """
    _different(table, target, _checked_reading(table, target))


def _reading(texts: Iterable[str]) -> Reading:
    """How cells or labels are read: as numbers, as true and false, or as words."""
    known = [text for text in texts if not is_missing(text)]
    if all(is_number(text) for text in known) or _is_quantity(known):
        return number
    if {_folded(text) for text in known} <= {"true", "false"}:
        return _folded
    return str.strip


def _is_quantity(known: Sequence[str]) -> bool:
    """Whether numbers have words among them by mistake: too many numbers for classes."""
    different = {number(text) for text in known if is_number(text)}
    return mostly_numbers(known) and len(different) > MOST_CLASSES


def _checked_reading(table: Table, target: str) -> Reading:
    reading = _reading(table.column(target))
    _check_cells(table, target, reading)
    return reading


def _check_cells(table: Table, target: str, reading: Reading) -> None:
    """Refuse the first cell that is missing or, among numbers, is none."""
    for row, cell in enumerate(table.column(target)):
        wrong = np.isnan(number(cell)) if reading is number else _is_blank(cell)
        if wrong:
            raise TableError(f"{table.place(row, target)}, the target: {_why(cell, reading)}")


def _is_blank(cell: str) -> bool:
    # "none", "-" and "." may well be classes among words; these can hardly be.
    return cell.strip().casefold() in {"", "?", "nan", "na", "n/a", "#n/a", "null"}


def _why(cell: str, reading: Reading) -> str:
    if reading is number:
        return trouble(cell)
    what = shown(cell.strip()) if cell.strip() else "an empty cell"
    return f"{what} is no class; name one or remove the line"


def _different(table: Table, target: str, reading: Reading) -> set[Hashable]:
    cells = table.column(target)
    values = {reading(cell) for cell in cells}
    if table.rows == 1:
        raise TableError(
            f"{plain(table.source)}: 1 row; to train and to test takes at least {FEWEST_ROWS}"
        )
    if len(values) == 1:
        raise TableError(
            f"{plain(table.source)}: column {shown(target)} holds one value only, "
            f"{shown(cells[0].strip())}, in {counted(table.rows, 'row')}; nothing can be learned "
            "from it. Another --target would do, or rows with other values"
        )
    return values


def _labels(table: Table, target: str, reading: Reading) -> tuple[str, ...]:
    """One spelling per value, in order."""
    spellings: dict[Hashable, str] = {}
    for text in sorted(
        {cell.strip() for cell in table.column(target)}, key=_spelling, reverse=True
    ):
        spellings[reading(text)] = text
    names = spellings.values()
    return tuple(sorted(names, key=number) if reading is number else sorted(names, key=_word))


def _spelling(text: str) -> tuple[int, str]:
    """The shortest first, whatever the order of the rows."""
    return len(text), text


def _word(text: str) -> tuple[str, str]:
    return text.casefold(), text


def _folded(cell: str) -> str:
    return cell.strip().casefold()


def _bare(label: str) -> str:
    """A label in a sentence, without quotes where it is one plain word."""
    return label if label.isprintable() and len(label) <= 20 else shown(label)
