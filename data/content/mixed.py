"""Columns that mix words and numbers, or hold numbers in a form that is not read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import are_booleans
from mlp_edge.data.content.cells import Levels, Mask
from mlp_edge.data.content.formatted import FEWEST_ALIKE, doubtful_form, forms, looks_like
from mlp_edge.data.content.strays import is_total, same_name
from mlp_edge.data.content.text_column import TextColumn
from mlp_edge.data.quoting import counted, shown, suggested
from mlp_edge.data.table import Table
from mlp_edge.settings import setting

_EVERY_TEXT = setting("task", "multiclass")


def mixture(
    table: Table, name: str, cells: TextColumn, words: Mask, numbers: Mask, *, target: bool = False
) -> str | None:
    """Why a column is refused, as one sentence; None where it holds words alone.

    Args:
        table: where the column is from.
        name: of the column.
        cells: (rows,) of str.
        words: (rows,), cells that are text and not missing.
        numbers: (rows,), cells that are or try to be plain numbers.
        target: whether it is the predicted column.
    """
    levels = Levels(cells[words])
    form, texts = forms(levels.texts, levels.counts)
    of_form = np.zeros(len(cells), np.bool_)
    of_form[words] = levels.mask(texts.__contains__)
    others = words & ~of_form
    few = len(texts) < FEWEST_ALIKE and others.any()
    if not numbers.any() and (few or not texts):
        return None
    ways = _ways(name, target)
    if not others.any():
        among = f" among {counted(int(numbers.sum()), 'number')}" if numbers.any() else ""
        return (
            f"{table.places(of_form)}, column {shown(name)}: "
            f"{counted(int(of_form.sum()), 'cell')} written with {form} "
            f"({_first(cells, of_form)}){among}; write plain numbers, such as "
            f"-1234{table.decimal}5, or: {'; '.join(ways)}"
        )
    rest = numbers | of_form
    if others.sum() <= rest.sum():
        says = _words_among(table, name, cells, others, rest)
        return says + _ways_out(table, name, cells, others, rest, target)
    kind = "a number" if rest.sum() == 1 else "numbers"
    return (
        f"{table.places(rest)}, column {shown(name)}: {counted(int(rest.sum()), 'cell')} with "
        f"{kind} ({_first(cells, rest)}) among {counted(int(others.sum()), 'word')} "
        f"({_first(cells, others)}); write them alike, or: {'; '.join(ways)}"
    )


def _ways(name: str, target: bool) -> list[str]:
    if target:
        return [f"{_EVERY_TEXT} takes every different text for a class"]
    return [
        f"{suggested('categorical', name)} if they are categories",
        f"{suggested('drop', name)} leaves them out",
    ]


def _words_among(table: Table, name: str, cells: TextColumn, words: Mask, rest: Mask) -> str:
    """What is said of words among at least as many numbers."""
    return (
        f"{table.places(words)}, column {shown(name)}: {counted(int(words.sum()), 'cell')} with "
        f"words ({_first(cells, words)}) among {counted(int(rest.sum()), 'number')}; "
    )


def _ways_out(
    table: Table, name: str, cells: TextColumn, words: Mask, rest: Mask, target: bool
) -> str:
    """What would do about words among numbers, by what the words look like."""
    row = int(np.flatnonzero(words)[0])
    word = str(cells[row]).strip()
    alone = words.sum() == 1
    if alone and table.header and same_name(word, name):
        return "that is the name of the column, a second header? Remove the line"
    if alone and row == table.rows - 1 and is_total(word):
        return "a line of totals, as it is the last? Remove the line"
    if looks := looks_like(word):
        return f"they look like {looks}; write plain numbers, or: {'; '.join(_ways(name, target))}"
    if word.startswith("#"):
        return f"{setting('comments', True)} leaves out lines that begin with #"
    numbers = set(np.strings.strip(cells[rest]).tolist())
    if are_booleans(Levels(cells[words]).texts) and numbers <= {"0", "1"}:
        return f"write them alike, such as 1 for yes, or: {'; '.join(_ways(name, target))}"
    end = ", or put a number there"
    if row == 0 and alone and table.header:
        end += ", or remove the line if it is a title, a second header or one of units"
    if target:
        return (
            f"{suggested('missing', f'{name}={word}')} leaves such rows out, {_EVERY_TEXT} takes "
            f"every different text for a class{end}"
        )
    return (
        f"{suggested('missing', word)} if it stands for a missing value, "
        f"{suggested('categorical', name)} if the column holds categories{end}"
    )


class Doubt(NamedTuple):
    """What is said about a column that looks like numbers with a unit, fractions, times or dates.

    Attributes:
        some: when it is read as categories.
        left_out: when it is too many texts for categories.
        most: whether most cells look so.
    """

    some: str
    left_out: str
    most: bool


def doubtful(table: Table, name: str, cells: TextColumn, known: NDArray[np.int64]) -> Doubt | None:
    """What to say when a column of words may be one of numbers; None when it may not.

    Args:
        table: where the column is from.
        name: of the column.
        cells: (rows,) of str.
        known: the rows whose cell is not missing.
    """
    levels = Levels(cells[known])
    form, texts = doubtful_form(levels.texts)
    if not form:
        return None
    rows = known[levels.mask(texts.__contains__)]
    first = (
        f"{form} in {rows.size:,} of {counted(len(known), 'cell')}, such as "
        f"{shown(str(cells[rows[0]]).strip())} on {table.counts} {table.lines[rows[0]]}"
    )
    return Doubt(
        f"column {shown(name)} is read as categories, though it holds {first}; write plain "
        f"numbers if they measure, {suggested('categorical', name)} if they name",
        f"column {shown(name)} holds {first}; plain numbers would do",
        2 * rows.size > len(known),
    )


def _first(cells: TextColumn, which: Mask) -> str:
    return shown(str(cells[int(np.flatnonzero(which)[0])]).strip())
