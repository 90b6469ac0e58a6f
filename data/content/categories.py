"""Names and codes of categories, and spellings that look alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import BOOLEANS, MOST_SPELLINGS, are_booleans
from mlp_edge.data.content.cells import Column
from mlp_edge.data.content.strays import folded
from mlp_edge.data.quoting import MOST_SHOWN, counted, listed, plain, shown, suggested
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError
from mlp_edge.feature import LARGEST_CODE
from mlp_edge.finding import Finding

MOST_LEVELS = 50
"""Different words that are categories though each has few rows."""
MOST_FORCED = 1000
"""Categories that a column may have at all: each is an input of the network."""
ROWS_PER_LEVEL = 2
"""Rows that a category has on average; with fewer there is nothing to learn about it."""
ROWS_OF_MANY = 10
"""The same where there are more than ``MOST_LEVELS``, as of the postal codes of a county."""


class Categories(NamedTuple):
    """The categories of a column.

    Attributes:
        names: one per category.
        codes: the integer that stands for each.
        readings: (rows,) float32, the code of each row; the sentinel or NaN where it is missing.
    """

    names: tuple[str, ...]
    codes: tuple[int, ...]
    readings: NDArray[np.float32]


def has_few_levels(column: Column) -> bool:
    """Whether the known cells of a column are few enough different texts for categories."""
    different, rows = different_texts(column), len(column.known)
    few = different <= min(MOST_LEVELS, rows // ROWS_PER_LEVEL)
    return few or different <= min(MOST_FORCED, rows // ROWS_OF_MANY)


def different_texts(column: Column) -> int:
    """How many different texts the known cells hold, blanks around them ignored."""
    texts = column.levels.texts
    return len(texts if len(texts) > MOST_SPELLINGS else {text.strip() for text in texts})


def many(column: Column, found: Categories) -> tuple[Finding, ...]:
    """A finding when a column has become so many categories that somebody should know."""
    if len(found.names) <= MOST_LEVELS:
        return ()
    says = (
        f"column {shown(column.name)} is read as {len(found.names):,} categories, each an input of "
        f"the network; {suggested('drop', column.name)} leaves it out"
    )
    return (Finding("many-categories", says),)


def categories(table: Table, column: Column) -> Categories:
    """Read the known cells of a column as categories.

    Whole numbers stand for themselves. Words stand in the order of the alphabet and get 0, 1, …;
    true and false of any spelling and case are 1 and 0, when they are all there is.

    Raises:
        TableError: when there are more categories than a network can take.
    """
    reading, order = _reading(column)
    values = [reading(text) for text in column.levels.texts]
    spellings: dict[object, str] = {}
    for text, value in zip(column.levels.texts, values, strict=True):
        known = spellings.get(value)
        spellings[value] = min((text.strip(), known or text.strip()), key=_shortest)
    if len(spellings) > MOST_FORCED:
        raise TableError(
            f"{plain(table.source)}: column {shown(column.name)} has {len(spellings):,} different "
            f"values, and a network takes at most {MOST_FORCED:,} categories of one column; "
            f"{suggested('drop', column.name)} leaves it out"
        )
    ordered = sorted(spellings, key=order)
    codes = _codes(ordered, column)
    place = dict(zip(ordered, codes, strict=True))
    readings = column.raw.copy()
    readings[column.known] = column.levels.spread([place[value] for value in values], np.float32)
    if column.sentinel is None:
        readings[column.absent] = np.nan
    return Categories(tuple(spellings[value] for value in ordered), codes, readings)


def _reading(column: Column) -> tuple[Callable[[str], object], Callable[[object], Any]]:
    """What a cell stands for, and by what its values are put in order."""
    texts = column.levels.texts
    if are_booleans(texts):
        return (lambda text: text.strip().casefold()), (lambda value: value)
    if not (column.words | column.broken).any() and not _padded(texts):
        known = column.known
        numbers = dict(zip(column.cells[known].tolist(), column.numbers[known], strict=True))
        return (lambda text: float(numbers[text]) + 0.0), (lambda value: value)
    return str.strip, _by_alphabet


def _padded(texts: Iterable[str]) -> bool:
    """Whether a number is written with zeros in front, which belong to its name."""
    return any(
        len(text.strip()) > 1 and text.strip().isdigit() and text.strip()[0] == "0"
        for text in texts
    )


def _codes(ordered: Sequence[object], column: Column) -> tuple[int, ...]:
    """A code per value: whole numbers their own, others 0, 1, … without the sentinel."""
    own = [_whole(value) for value in ordered]
    if None not in own and len(set(own)) == len(own):
        return tuple(code for code in own if code is not None)
    if are_booleans([str(value) for value in ordered]) and len(ordered) == 1:
        (pair,) = [sorted(pair) for pair in BOOLEANS if str(ordered[0]) in pair]
        if column.sentinel not in (0, 1):
            return (pair.index(str(ordered[0])),)
    free = (code for code in range(len(ordered) + 1) if code != column.sentinel)
    return tuple(code for code, _ in zip(free, ordered, strict=False))


def _whole(value: object) -> int | None:
    """The integer that a number or a text of digits is, when a float32 holds it."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= LARGEST_CODE else None
    text = str(value)
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_CODE))
    return int(text) if digits and int(text) <= LARGEST_CODE else None


def _by_alphabet(value: object) -> tuple[str, str]:
    return str(value).casefold(), str(value)


def _shortest(text: str) -> tuple[int, str]:
    return len(text), text


def look_alike(
    column: str, names: Sequence[str], counts: Sequence[int], what: str
) -> tuple[Finding, ...]:
    """A finding when names differ by what an eye hardly sees, with the rows of each."""
    alike: dict[str, list[str]] = {}
    for name, count in zip(names, counts, strict=True):
        said = f"{shown(name)} ({counted(count, 'row')})"
        alike.setdefault(folded(name).rstrip("."), []).append(said)
    groups = [", ".join(group) for group in alike.values() if len(group) > 1]
    if not groups:
        return ()
    return (
        Finding(
            "look-alike",
            f"column {shown(column)}: {what} that differ by case, blanks, quotes, a dot at the end "
            f"or invisible characters only are taken as different: {'; '.join(groups[:MOST_SHOWN])}"
            ". Write them alike if they are the same",
        ),
    )


def rare(table: Table, column: Column, found: Categories) -> tuple[Finding, ...]:
    """A finding when categories stand in one row each."""
    codes, first, counts = np.unique(
        found.readings[column.known], return_index=True, return_counts=True
    )
    once = np.flatnonzero(counts == 1)
    if not once.size:
        return ()
    names = dict(zip(found.codes, found.names, strict=True))
    row = column.known[first[once].min()]
    which = [names[int(code)] for code in codes[once]]
    return (
        Finding(
            "rare-category",
            f"column {shown(column.name)}: {listed(which[:MOST_SHOWN])}"
            f"{' and others' if len(which) > MOST_SHOWN else ''} in a single row each, the first "
            f"on {table.counts} {table.lines[row]}; one row teaches nothing about a category",
        ),
    )
