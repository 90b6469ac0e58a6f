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


class ReadColumns(NamedTuple):
    """The columns that a model takes.

    Attributes:
        names: the table's column for each feature.
        readings: (rows, features) float64, NaN where a cell is missing or no reading; a category
            that nobody knows as ``Feature.unknown_code``.
        wrong: (rows, features), whether a cell is neither a reading nor missing.
    """

    names: tuple[str, ...]
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
    names, read, wrong = read_columns(table, features, nameless)
    check_readings(table, names, features, wrong)
    findings = list(found_by_place(table, names, features))
    absent = are_missing(read, features)
    for index, (name, feature) in enumerate(zip(names, features, strict=True)):
        found: list[Finding] = []
        if feature.categories and wrong[:, index].any():
            rows = np.flatnonzero(wrong[:, index])
            where = f"{table.counts} {table.lines[rows[0]]}"
            cell = table.cells[name][rows[0]]
            found.append(unknown_finding(name, feature, rows.size, cell, where))
        if absent[:, index].any():
            rows = np.flatnonzero(absent[:, index])
            where = f"{table.counts} {table.lines[rows[0]]}"
            found.append(missing_finding(name, feature, rows.size, table.rows, where))
        findings += about(name, found)
    return np.ascontiguousarray(read.astype(np.float32)), tuple(findings)


def read_columns(table: Table, features: Sequence[Feature], nameless: bool = False) -> ReadColumns:
    """Read the columns that a trained model takes, whatever their cells hold.

    Raises:
        TableError: when a column is missing; see ``known_columns``.
    """
    names = matched_columns(table, [feature.name for feature in features], nameless)
    read = [
        (_codes if feature.categories else _numbers)(table, name, feature)
        for name, feature in zip(names, features, strict=True)
    ]
    return ReadColumns(
        names,
        np.stack([column.readings for column in read], axis=1),
        np.stack([column.wrong for column in read], axis=1),
    )


def check_readings(
    table: Table, names: Sequence[str], features: Sequence[Feature], wrong: NDArray[np.bool_]
) -> None:
    """Refuse the first cell among numbers that is neither a number nor missing; see above."""
    check_numbers(table, names, wrong & [not feature.categories for feature in features])


def are_missing(read: NDArray[np.floating], features: Sequence[Feature]) -> NDArray[np.bool_]:
    """Which readings (rows, features) are missing, or the number that says so."""
    absent: NDArray[np.bool_] = np.isnan(read)
    for index, feature in enumerate(features):
        if feature.sentinel is not None:
            absent[:, index] |= read[:, index].astype(np.float32) == np.float32(feature.sentinel)
    return absent


def matched_columns(table: Table, names: Sequence[str], nameless: bool) -> tuple[str, ...]:
    """The table's column for each feature; see ``known_columns``."""
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


def found_by_place(
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


def unknown_finding(name: str, feature: Feature, cells: int, first: str, where: str) -> Finding:
    """What is said of categories that the model does not know, the first of them ``where``."""
    return Finding(
        "unknown-category",
        f"column {shown(name)}: {counted(cells, 'cell')} with a category that the model "
        f"does not know, the first {shown(first.strip())} on {where}; it knows "
        f"{listed(feature.categories)}, and none of them counts",
    )


def missing_finding(name: str, feature: Feature, cells: int, rows: int, where: str) -> Finding:
    """What is said of readings that are missing, the first of them ``where``."""
    end = "the model takes none, and its prediction for these rows is NaN"
    if feature.fill is not None:
        end = f"{_filled(feature, feature.fill)} counts instead"
    return Finding(
        "missing",
        f"column {shown(name)}: {cells:,} of {counted(rows, 'reading')} missing, "
        f"the first on {where}; {end}",
    )


def _filled(feature: Feature, fill: float) -> str:
    """What counts in the place of a missing reading, as people read it."""
    if fill in feature.codes:
        return shown(feature.categories[feature.codes.index(int(fill))])
    return f"{fill:g}"
