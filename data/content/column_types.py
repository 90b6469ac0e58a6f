"""Detects what a column holds: numbers, categories, or nothing to learn from."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import are_booleans
from mlp_edge.data.content.categories import (
    MOST_FORCED,
    MOST_LEVELS,
    ROWS_OF_MANY,
    ROWS_PER_LEVEL,
    Categories,
    categories,
    different_texts,
    has_few_levels,
)
from mlp_edge.data.content.cells import Column, Levels, Mask
from mlp_edge.data.content.floats import Cells
from mlp_edge.data.content.formatted import DATE, form
from mlp_edge.data.content.mixed import doubtful, mixture
from mlp_edge.data.content.values import LOOKED_AT, trouble
from mlp_edge.data.quoting import and_more, counted, shown, suggested
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError
from mlp_edge.finding import Finding
from mlp_edge.settings import setting

DATES = 0.95
"""Share of the known cells that are dates, above which a column is one of dates."""
FEWEST_TO_COUNT = 10
"""Rows from which on rising whole numbers are no chance: of n! orders two are steady."""
MOSTLY_THERE = 0.9
"""Share of the rows that have a number where a column numbers them."""
EXACT_IN_FLOAT64 = 2.0**53
"""From here on different whole numbers may be one in float64."""
LONGEST_MEAN = 40
"""Mean characters of a category; longer ones are sentences."""

_CODE = re.compile(r"0[0-9]+")
_ID_WORDS = frozenset({
    "id", "ids", "uuid", "guid", "index", "key", "no", "nr", "rowid", "pk", "rowname", "rownames",
    "rownum", "rownumber", "unnamed",
})  # fmt: skip
_NAME_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


class Meaning(NamedTuple):
    """What a column holds.

    Attributes:
        readings: (rows,) float32: numbers as read, codes of categories, NaN where missing.
        categories: names and codes; None for numbers.
        useless: why the column should be left out, the evidence alone; None when it should not.
        suspected: whether that is a suspicion only: the column stays when no other is left.
        findings: what else somebody should know.
    """

    readings: NDArray[np.float32]
    categories: Categories | None = None
    useless: Finding | None = None
    suspected: bool = False
    findings: tuple[Finding, ...] = ()


def meaning(table: Table, column: Column, *, categorical: bool, numeric: bool) -> Meaning:
    """Tell what a column holds.

    Args:
        table: where it is from, for messages.
        column: with a known cell at least.
        categorical: whether to read it as categories whatever it holds.
        numeric: whether to read it as numbers whatever it looks like.

    Raises:
        TableError: for words among numbers, and for numbers that are infinite or too large, with
            the lines of the first; for more categories than a network can take.
    """
    words = int(column.words.sum())
    if categorical:
        found = categories(table, column)
        return _checked_constant(column, Meaning(found.readings, found))
    if numeric and words:
        row = int(np.flatnonzero(column.words)[0])
        word = column.cells[row].strip()
        raise TableError(
            f"{table.place(row, column.name)}: {shown(word)} is a word in a column that "
            f"{setting('numeric')} names; {suggested('missing', word)} if it stands for a missing "
            f"value, or leave the column out of {setting('numeric')}"
        )
    if 2 * words <= len(column.known):
        _check_broken(table, column)
    if words:
        return _of_words(table, column)
    if numeric:
        return _of_numbers(column)
    digits, padded = _written(column)
    if padded.any() and digits.all():
        return _of_codes(table, column)
    return _with_codes(table, column, _of_numbers(column), digits, padded)


def _check_broken(table: Table, column: Column) -> None:
    broken = np.flatnonzero(column.broken)
    if broken.size:
        row = int(broken[0])
        raise TableError(
            f"{table.place(row, column.name)}: {trouble(column.cells[row], table.decimal)}"
            f"{and_more(broken.size - 1)}"
        )


def _of_numbers(column: Column) -> Meaning:
    found = Meaning(column.raw)
    values = column.values
    if _is_counter(values, column.name, len(column.cells)):
        named = names_rows(column.name)
        steps = np.diff(values)
        way, ends = "as its name says, from", (values.min(), values.max())
        if (steps > 0).all() or (steps < 0).all():
            way, ends = "steadily from", (values[0], values[-1])
        says = (
            f"column {shown(column.name)} numbers the rows: another whole number in each of "
            f"{counted(len(values), 'row')}, {way} {ends[0]:.17g} to {ends[1]:.17g}"
        )
        return found._replace(useless=Finding("id", says), suspected=not named)
    return _checked_constant(column, found)


def _is_counter(values: NDArray[np.float64], name: str, rows: int) -> bool:
    # A few missing numbers change nothing: they were read off a longer list.
    if len(values) < MOSTLY_THERE * rows or not all(
        (some == np.floor(some)).all() for some in (values[:LOOKED_AT], values)
    ):
        return False
    steps = np.diff(values)
    if len(values) >= FEWEST_TO_COUNT and ((steps > 0).all() or (steps < 0).all()):
        return True
    return names_rows(name) and len(np.unique(values)) == len(values)


def names_rows(name: str) -> bool:
    """Whether a column's name says that it tells rows apart: id, patient_id, rowKey."""
    return bool(name_parts(name) & _ID_WORDS)


def name_parts(name: str) -> set[str]:
    """The words in a column's name, in lower case: patient and id of patient_id or patientId."""
    return {part.casefold() for part in _NAME_PARTS.findall(name)}


def _checked_constant(column: Column, found: Meaning) -> Meaning:
    known = column.of_known(found.readings)
    if (known != known[0]).any():
        return found
    shared = shown(column.cells[column.known[0]].strip())
    says = f"column {shown(column.name)} is constant: {shared} in {counted(len(known), 'row')}"
    if found.categories is None and _differ(column):
        says = (
            f"column {shown(column.name)} is constant in float32, which holds 7 digits: "
            f"{len(column.levels.texts):,} different numbers, such as {shared}, are one; "
            "subtract what they have in common"
        )
    return found._replace(useless=Finding("constant", says))


def _differ(column: Column) -> bool:
    """Whether numbers that are one in float32 differ as they are written."""
    values = column.values
    beyond = len(column.levels.texts) > 1 and abs(values[0]) >= EXACT_IN_FLOAT64
    return beyond or bool((values != values[0]).any())


def _written(column: Column) -> tuple[Mask, Mask]:
    """Which known cells are digits alone, and which are written with leading zeros, as 00012."""
    values = column.values
    nothing = np.zeros(len(values), np.bool_)
    if 2 * (values == np.floor(values)).sum() <= len(values):
        return nothing, nothing
    rows = column.known
    zeros = column.cells.take(rows).may_be_padded()
    if not _padded(column.cells[rows[zeros]]).any():
        return nothing, nothing
    texts = column.cells[rows]
    return np.asarray(np.strings.isdigit(np.strings.strip(texts)), np.bool_), _padded(texts)


def _padded(cells: Cells) -> Mask:
    """Which cells are digits alone, the first of several a zero."""
    texts = np.strings.strip(cells)
    zero = np.strings.startswith(texts, "0") & (np.strings.str_len(texts) > 1)
    return np.asarray(zero & np.strings.isdigit(texts), np.bool_)


def _with_codes(
    table: Table, column: Column, found: Meaning, digits: Mask, padded: Mask
) -> Meaning:
    """Numbers, and what is said when some of them look like codes."""
    if not padded.any() or found.useless is not None:
        return found
    code, other = (column.known[np.flatnonzero(which)[0]] for which in (padded, ~digits))
    name = column.name
    says = (
        f"column {shown(column.name)} is read as numbers, though "
        f"{counted(int(padded.sum()), 'cell')} with leading zeros look like codes, such as "
        f"{shown(str(column.cells[code]).strip())} on {table.counts} {table.lines[code]}, but not "
        f"{shown(str(column.cells[other]).strip())} on {table.counts} {table.lines[other]}; "
        f"{suggested('numeric', name)} if they are numbers, {suggested('categorical', name)} if "
        "they are codes"
    )
    return found._replace(findings=(*found.findings, Finding("code", says)))


def _of_codes(table: Table, column: Column) -> Meaning:
    texts = column.levels.texts
    example = shown(next(text.strip() for text in texts if _CODE.fullmatch(text.strip())))
    if not has_few_levels(column):
        return Meaning(
            column.raw,
            useless=Finding(
                "id",
                f"column {shown(column.name)} holds {len(texts):,} different codes with leading "
                f"zeros, such as {example}, that name things and measure nothing, with too few "
                "rows of each to learn from",
            ),
        )
    found = categories(table, column)
    finding = Finding(
        "code",
        f"column {shown(column.name)} is read as {len(found.names)} categories: its numbers have "
        f"leading zeros, such as {example}; {suggested('numeric', column.name)} reads them as "
        "numbers",
    )
    return _checked_constant(column, Meaning(found.readings, found, findings=(finding,)))


def _of_words(table: Table, column: Column) -> Meaning:
    truths = are_booleans(column.levels.texts)
    useless = None if truths else _text_or_date(table, column)
    if useless is not None and useless.kind == "date":
        return Meaning(column.raw, useless=useless)
    numbers = ~(column.absent | column.words)
    mixed = mixture(table, column.name, column.cells, column.words, numbers)
    if mixed is not None and (useless is None or not _are_texts(column)):
        raise TableError(mixed)
    odd = None if truths else doubtful(table, column.name, column.cells, column.known)
    if useless is not None and odd is not None and odd.most:
        useless = Finding("text", odd.left_out)
    if useless is not None:
        return Meaning(column.raw, useless=useless)
    found = categories(table, column)
    findings = () if odd is None else (Finding("formatted", odd.some),)
    return _checked_constant(column, Meaning(found.readings, found, findings=findings))


def _are_texts(column: Column) -> bool:
    """Whether a column that is useless is so by its words alone, whatever else it holds."""
    words = Levels(column.cells[column.words])
    real = [form(text) is None for text in words.texts]
    cells = int(words.counts[real].sum())
    return 2 * cells > len(column.known) and sum(real) > min(MOST_LEVELS, cells // ROWS_PER_LEVEL)


def _text_or_date(table: Table, column: Column) -> Finding | None:
    name, levels, known = shown(column.name), column.levels, len(column.known)
    first = (
        f"such as {shown(levels.texts[0].strip())} on {table.counts} {table.lines[column.known[0]]}"
    )
    dates = int(levels.mask(lambda text: DATE.fullmatch(text.strip()) is not None).sum())
    if dates >= DATES * known:
        return Finding(
            "date",
            f"column {name} holds dates in {dates:,} of {counted(known, 'row')}, {first}; what "
            "comes again (month, weekday, hour) would do as a column of numbers, a count of days "
            f"would not: later rows lie beyond it; {suggested('split', f'time:{column.name}')} "
            "tests "
            "on the last rows",
        )
    if len(levels.texts) == 1:
        return None
    mean = float(levels.counts @ np.array([len(text) for text in levels.texts])) / known
    if len(levels.texts) == known and mean <= LONGEST_MEAN and not _has_blanks(column):
        return Finding(
            "id",
            f"column {name} names the rows: another word in each of {known:,}, {first}",
        )
    if mean <= LONGEST_MEAN and has_few_levels(column):
        return None
    says = f"{len(levels.texts):,} different in {counted(known, 'row')}, {first}"
    if mean > LONGEST_MEAN or _has_blanks(column):
        return Finding("text", f"column {name} holds free text, {says}")
    too_many = f"too few rows of each to learn from ({ROWS_OF_MANY} on average would do)"
    if different_texts(column) > MOST_FORCED:
        too_many = f"and a network takes at most {MOST_FORCED:,} categories of one column"
    return Finding("text", f"column {name} holds words or codes, {says}; {too_many}")


def _has_blanks(column: Column) -> bool:
    return any(" " in text.strip() for text in column.levels.texts[:FEWEST_TO_COUNT])
