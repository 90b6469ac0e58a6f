"""Detects whether a target is a regression or classes, and reads its values."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import NUMBERS, is_missing, is_number, number
from mlp_edge.data.content.cells import Levels, Mask
from mlp_edge.data.content.mixed import doubtful, mixture
from mlp_edge.data.content.values import is_word, trouble
from mlp_edge.data.examples import numbers
from mlp_edge.data.quoting import and_more, counted, listed, plain, shown
from mlp_edge.data.splitting.split import FEWEST_ROWS
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError
from mlp_edge.mlp import Rows, Task
from mlp_edge.settings import setting

MOST_CLASSES = 20
"""Different whole numbers that may still be classes; more are a quantity."""
ROWS_PER_CLASS = 5
"""Rows that a class of whole numbers has on average; fewer are a quantity."""

_Reading = Callable[[str], Hashable]
"""What a cell stands for; cells that stand for the same are one class."""


@dataclass(frozen=True, eq=False)
class _Target:
    """A target column, checked: no cell is missing or broken, and two differ at least."""

    levels: Levels
    numbers: NDArray[np.float64] | None
    """(rows,); None for words."""
    reading: _Reading

    @cached_property
    def different(self) -> int:
        """How many different values there are."""
        if self.numbers is not None:
            return len(np.unique(self.numbers))
        return len(set(map(self.reading, self.levels.texts)))

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """One spelling per value, the shortest, in order."""
        spellings: dict[Hashable, str] = {}
        for text in sorted(map(str.strip, self.levels.texts), key=_spelling, reverse=True):
            spellings[self.reading(text)] = text
        if self.numbers is not None:
            return tuple(spellings[value] for value in np.unique(self.numbers).tolist())
        return tuple(sorted(spellings.values(), key=_word))


def detect_task(table: Table, target: str) -> tuple[Task, str]:
    """The task that a target column asks for, and the reason in words.

    Two different values are a binary task, whether numbers or words. More words are a multiclass
    task, and so are up to ``MOST_CLASSES`` whole numbers with ``ROWS_PER_CLASS`` rows each on
    average. Other numbers are a regression.

    Raises:
        TableError: when a cell is missing or the column holds one value only.
    """
    read = _read(table, target)
    column = f"column {shown(target)} holds"
    if read.different == 2:
        first, second = read.labels
        return "binary", f"binary: {column} two values, {_bare(first)} and {_bare(second)}"
    count = f"{read.different:,}"
    if read.numbers is None:
        return "multiclass", f"multiclass: {column} {count} different words"
    few = read.different <= min(MOST_CLASSES, table.rows // ROWS_PER_CLASS)
    if few and (read.numbers == np.floor(read.numbers)).all():
        return "multiclass", f"multiclass: {column} {count} different whole numbers"
    return "regression", f"regression: {column} {count} different numbers"


def classes(table: Table, target: str, *, forced: bool = False) -> tuple[str, ...]:
    """The class names of a column in their order; the second of two is the positive one.

    Numbers in rising order, false before true, other words by the alphabet; upper and lower case
    of a word are two classes, but of true and false one. A number that is written in several ways
    (1, 1.0) is one class, named by the shortest.

    Args:
        table: where they are from.
        target: the predicted column.
        forced: whether every different text is a class, also of words and numbers side by side.

    Raises:
        TableError: when a cell is missing, the column holds one value only, or every row has its
            own word; when words and numbers stand side by side, and ``forced`` is not.
    """
    read = _read(table, target, forced)
    if read.different == table.rows > 2:
        raise TableError(
            f"{plain(table.source)}: column {shown(target)} holds another value in each of its "
            f"{table.rows:,} rows; that names rows, it is no class to predict"
        )
    return read.labels


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
    levels = Levels(table.cells[target])
    places = _places(levels.texts, labels, table.decimal)
    found = np.array(places, np.int64)[levels.which]
    unknown = np.flatnonzero(found < 0)
    if unknown.size:
        row = int(unknown[0])
        raise TableError(
            f"{table.place(row, target)}: {shown(table.cells[target][row].strip())} is none of "
            f"the classes that the model knows, {listed(labels)}"
            f"{and_more(unknown.size - 1, 'such row')}"
        )
    return found


def check_varies(table: Table, target: str) -> None:
    """Refuse a column with one value: nothing can be learned from it.

    Raises:
        TableError: naming the value; also when a cell is missing.
    """
    _read(table, target)


def _read(table: Table, target: str, forced: bool = False) -> _Target:
    """A target column, checked.

    Args:
        table: where it is from.
        target: its name.
        forced: whether ``task`` makes every different text a class, numbers and words alike.

    Raises:
        TableError: when a cell is missing or broken, when words and numbers stand side by side,
            or when there is one value only.
    """
    cells, numbers = table.cells[target], table.numbers(target)
    levels = Levels(cells)
    reading = partial(number, decimal=table.decimal)
    if not np.isnan(numbers).any():
        return _varied(table, target, _Target(levels, numbers, reading))
    words = levels.mask(is_word)
    if not words.any() and not forced:
        why = partial(trouble, decimal=table.decimal)
        _check_cells(table, target, levels, lambda text: math.isnan(reading(text)), why)
    # Words such as none are classes where ``present`` has let them stay.
    _check_cells(table, target, levels, lambda text: not text.strip(), _no_class)
    if not forced:
        _check_alike(table, target, levels, words)
    return _varied(table, target, _Target(levels, None, _word_reading(levels.texts)))


def _check_alike(table: Table, target: str, levels: Levels, words: Mask) -> None:
    """Refuse words and numbers side by side, and words that may well be numbers."""
    cells = table.cells[target]
    numbers = ~words & ~levels.mask(is_missing)
    mixed = mixture(table, target, cells, words, numbers, target=True)
    if mixed is not None:
        raise TableError(mixed)
    odd = doubtful(table, target, cells, np.arange(table.rows))
    if odd is not None:
        raise TableError(
            f"{plain(table.source)}: {odd.left_out}, or "
            f"{setting('task', 'multiclass')} takes every different text for a class"
        )


def _word_reading(texts: Iterable[str]) -> _Reading:
    """How words are read: true and false in any case, others as they are."""
    return _folded if {_folded(text) for text in texts} <= {"true", "false"} else str.strip


def _no_class(cell: str) -> str:
    return "an empty cell is no class; name one or remove the line"


def _check_cells(
    table: Table,
    target: str,
    levels: Levels,
    bad: Callable[[str], bool],
    why: Callable[[str], str],
) -> None:
    """Refuse the first cell that is missing or, among numbers, is none."""
    wrong = np.flatnonzero(levels.mask(bad))
    if wrong.size:
        row = int(wrong[0])
        cell = levels.texts[levels.which[row]]
        raise TableError(
            f"{table.place(row, target)}, the target: {why(cell)}{and_more(wrong.size - 1)}"
        )


def _varied(table: Table, target: str, read: _Target) -> _Target:
    if table.rows == 1:
        raise TableError(
            f"{plain(table.source)}: 1 row; to train and to test takes at least {FEWEST_ROWS}"
        )
    if read.different == 1:
        raise TableError(
            f"{plain(table.source)}: column {shown(target)} holds one value only, "
            f"{shown(read.levels.texts[0].strip())}, in {counted(table.rows, 'row')}; nothing can "
            f"be learned from it; another {setting('target')}, or rows with other values, would do"
        )
    return read


def _places(texts: Iterable[str], labels: Sequence[str], decimal: str) -> list[int]:
    """The place of each text's label; -1 when it is none. As written, or as the same value."""
    pairs = [(label, place) for place, label in enumerate(labels)]
    written = dict(pairs)
    marks = [mark for mark in (decimal, *NUMBERS) if all(is_number(text, mark) for text in labels)]
    if marks:
        reading: _Reading = partial(number, decimal=decimal)
        values = {reading(label.replace(marks[0], decimal)): place for label, place in pairs}
    else:
        reading = _word_reading(labels)
        values = {reading(label): place for label, place in pairs}
    return [written.get(text.strip(), values.get(reading(text), -1)) for text in texts]


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
