"""Reads the features of a saved model from a table, in its order, as raw readings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import CategoryCells, means_missing
from mlp_edge.data.content.cells import Levels
from mlp_edge.data.examples import check_numbers, match_columns
from mlp_edge.data.quoting import counted, listed, plain, shown
from mlp_edge.data.table import Table
from mlp_edge.feature import Feature
from mlp_edge.finding import Finding, about
from mlp_edge.mlp import Rows


class _Read(NamedTuple):
    """One column: its readings, and which cells are neither a reading nor missing."""

    readings: NDArray[np.float64]
    wrong: NDArray[np.bool_]


def known_columns(
    table: Table, features: Sequence[Feature], nameless: bool = False
) -> tuple[Rows, tuple[Finding, ...]]:
    """Read the columns that a trained model takes.

    Columns are found as ``match_columns`` does. A cell of a category is a category's name, or the
    sentinel, or 0 or 1 where the names are those of false and true; any other reads as
    ``Feature.unknown_code``.

    Args:
        table: rows to predict or to score on.
        features: of the model, in its order.
        nameless: whether their names are made up, so that the columns of a table that has none of
            them are taken by their places.

    Returns:
        Raw readings (rows, features) float32, NaN where a cell is missing; and for each column
        what was missing or unknown and what happens about it.

    Raises:
        TableError: when a column is missing, or a cell among numbers is neither a number nor
            missing: the first such cell by line and column, and how many more there are.
    """
    names = _matched(table, [feature.name for feature in features], nameless)
    read = [
        (_codes if feature.categories else _numbers)(table, name, feature)
        for name, feature in zip(names, features, strict=True)
    ]
    wrong = np.stack([column.wrong for column in read], axis=1)
    check_numbers(table, names, wrong & [not feature.categories for feature in features])
    findings: list[Finding] = list(_by_place(table, names, features))
    for name, feature, column in zip(names, features, read, strict=True):
        unknown = _unknown(table, name, feature, column.wrong)
        missing = _missing(table, name, feature, column.readings)
        findings += about(name, (*unknown, *missing))
    rows = np.stack([column.readings for column in read], axis=1).astype(np.float32)
    return np.ascontiguousarray(rows), tuple(findings)


def _matched(table: Table, names: Sequence[str], nameless: bool) -> tuple[str, ...]:
    """The column of each feature."""
    widths = (len(names), len(names) + 1)
    if nameless and len(table.columns) in widths and not {*names} & {*table.columns}:
        return table.columns[: len(names)]
    return match_columns(table, names)


def _numbers(table: Table, name: str, feature: Feature) -> _Read:
    numbers = table.numbers(name)
    wrong = np.isnan(numbers)
    odd = np.flatnonzero(wrong)
    if odd.size:
        levels = Levels(table.cells[name][odd])
        wrong[odd] = levels.mask(lambda text: not means_missing(text, feature))
    return _Read(numbers, wrong)


def _codes(table: Table, name: str, feature: Feature) -> _Read:
    levels = Levels(table.cells[name])
    cells = CategoryCells(feature, table.decimal)
    found = [cells.of_text(text) for text in levels.texts]
    unknown = levels.spread([each is None for each in found], np.bool_)
    codes = [feature.unknown_code if each is None else each for each in found]
    return _Read(levels.spread(codes, np.float64), unknown)


def _by_place(
    table: Table, names: Sequence[str], features: Sequence[Feature]
) -> tuple[Finding, ...]:
    """What each column was taken for where no header says what it is."""
    if names == tuple(feature.name for feature in features):
        return ()
    more = len(table.columns) - len(names)
    if table.header:
        says = (
            f"{plain(table.source)}: the model has no names, so the columns are taken in their "
            f"order: {listed(names)}{', and the target last' if more else ''}"
        )
        return (Finding("by-place", says),)
    return (
        Finding(
            "by-place",
            f"{plain(table.source)}: no header, so its columns are taken in the model's order: "
            f"{listed(feature.name for feature in features)}"
            f"{', and the target last' if more else ''}. A header would tell them by name",
        ),
    )


def _unknown(
    table: Table, name: str, feature: Feature, wrong: NDArray[np.bool_]
) -> tuple[Finding, ...]:
    rows = np.flatnonzero(wrong)
    if not rows.size:
        return ()
    first = shown(table.cells[name][rows[0]].strip())
    return (
        Finding(
            "unknown-category",
            f"column {shown(name)}: {counted(rows.size, 'cell')} with a category that the model "
            f"does not know, the first {first} on {table.counts} {table.lines[rows[0]]}; it knows "
            f"{listed(feature.categories)}, and none of them counts",
        ),
    )


def _missing(
    table: Table, name: str, feature: Feature, readings: NDArray[np.float64]
) -> tuple[Finding, ...]:
    absent = np.isnan(readings)
    if feature.sentinel is not None:
        absent |= readings.astype(np.float32) == np.float32(feature.sentinel)
    rows = np.flatnonzero(absent)
    if not rows.size:
        return ()
    end = "the model takes none, and its prediction for these rows is NaN"
    if feature.fill is not None:
        end = f"{_filled(feature, feature.fill)} counts instead"
    return (
        Finding(
            "missing",
            f"column {shown(name)}: {rows.size:,} of {counted(table.rows, 'reading')} missing, "
            f"the first on {table.counts} {table.lines[rows[0]]}; {end}",
        ),
    )


def _filled(feature: Feature, fill: float) -> str:
    """What counts in the place of a missing reading, as people read it."""
    if fill in feature.codes:
        return shown(feature.categories[feature.codes.index(int(fill))])
    return f"{fill:g}"
