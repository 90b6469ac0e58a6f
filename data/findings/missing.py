"""Reports missing readings: their spellings, their number, and what fills them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from mlp_edge.cell import MISSING, number
from mlp_edge.data.choices import Choices, split_setting
from mlp_edge.data.content.cells import Column, Levels
from mlp_edge.data.content.floats import Cells
from mlp_edge.data.quoting import counted, plain, shown, suggested
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError
from mlp_edge.finding import Finding
from mlp_edge.settings import setting

MOST_SPELLINGS = 5
"""Spellings of a missing reading that a finding lists."""


def missing_finding(
    table: Table, column: Column, choices: Choices, *, category: bool
) -> tuple[Finding, ...]:
    """What is missing in a column and what happens about it.

    Raises:
        TableError: when something is missing, and ``reject`` forbids filling it in.
    """
    name = column.name
    rows = np.flatnonzero(column.absent)
    if not rows.size:
        if name in choices.indicator:
            says = f"column {shown(name)} has no missing value: {setting('indicator')} adds nothing"
            return (Finding("indicator", says),)
        return ()
    says = (
        f"column {shown(name)}: {rows.size:,} of {counted(table.rows, 'reading')} missing "
        f"({spelled(column.cells[rows])}), the first on {table.counts} {table.lines[rows[0]]}"
    )
    if name in choices.reject:
        raise TableError(
            f"{plain(table.source)}: {says}; {setting('reject')} lets none be filled "
            f"in: remove these rows, or leave the column out of {setting('reject')}"
        )
    fill = "most frequent category" if category else "median"
    end = f"the training rows' {fill} counts instead; {suggested('reject', name)} fills in none"
    word = _guessed(column.cells[rows], choices) if category else None
    if word is not None:
        end += f", {suggested('present', f'{name}={word}')} reads {shown(word)} as a category"
    return (Finding("missing", f"{says}; {end}"),)


def _guessed(cells: Cells, choices: Choices) -> str | None:
    """The most frequent word among missing cells that nobody has said to be missing."""
    said = {option.rpartition("=")[2].strip().casefold() for option in choices.missing}
    guessed = MISSING - said - {""}
    return next((word for word in _by_frequency(cells) if word.casefold() in guessed), None)


def spelled(cells: Cells) -> str:
    """The spellings among missing cells, for a message."""
    most = _by_frequency(cells)[:MOST_SPELLINGS]
    return ", ".join(shown(text) if text else "empty" for text in most)


def _by_frequency(cells: Cells) -> list[str]:
    """The spellings among missing cells, the most frequent first."""
    levels = Levels(cells)
    counts: Counter[str] = Counter()
    for text, count in zip(levels.texts, levels.counts, strict=True):
        counts[text.strip()] += int(count)
    return [text for text, _ in counts.most_common()]


def unused(table: Table, columns: Sequence[Column], choices: Choices) -> tuple[Finding, ...]:
    """A finding for each ``missing`` and ``present`` that no cell holds: a slip of the finger."""
    found = []
    for name, options in (("missing", choices.missing), ("present", choices.present)):
        for option in options:
            names, value = split_setting(table, option, name)
            holds = _holds if name == "missing" else _spells
            asked = [column for column in columns if not names or column.name in names]
            if asked and not any(holds(column, value, table.decimal) for column in asked):
                says = f"{suggested(name, option)}: no cell of its columns holds {shown(value)}"
                found.append(Finding(f"unused-{name}", says))
    return tuple(found)


def _spells(column: Column, value: str, decimal: str) -> bool:
    word = value.strip().casefold()
    return any(text.strip().casefold() == word for text in column.levels.texts)


def _holds(column: Column, value: str, decimal: str) -> bool:
    exact = np.float32(number(value, decimal))
    if not np.isnan(exact):
        return bool((column.raw == exact).any())
    return value.strip().casefold() in column.spelled
