"""Chooses the columns that a new model learns from, and says what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import MISSING
from mlp_edge.data.choices import (
    Choices,
    Spelling,
    check_choices,
    missing_spellings,
)
from mlp_edge.data.content.categories import MOST_FORCED, categories, look_alike, many, rare
from mlp_edge.data.content.cells import Column, read_column
from mlp_edge.data.content.column_types import Meaning, meaning
from mlp_edge.data.content.units import unit_of
from mlp_edge.data.findings.anomalies import far_outlier, lost_digits, zeros_for_missing
from mlp_edge.data.findings.counters import numbers_in, sorted_by
from mlp_edge.data.findings.leaks import (
    contradictions,
    leak,
)
from mlp_edge.data.findings.missing import missing_finding, unused
from mlp_edge.data.findings.sums import computed
from mlp_edge.data.findings.values import TargetValues, target_values
from mlp_edge.data.quoting import counted, plain, shown, suggested
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError
from mlp_edge.feature import Feature
from mlp_edge.finding import Finding, about
from mlp_edge.mlp import Rows
from mlp_edge.processing import KERAS_EPSILON
from mlp_edge.settings import setting

MOST_REASONS = 5
"""Columns that a refusal gives a reason for."""
MOST_VARIANCE = 1e38
"""Of a column's readings; float32 ends at 3.4e38."""


class Columns(NamedTuple):
    """The columns that a new model learns from.

    Attributes:
        features: one per column; what the training rows decide (fill, low, high) is still None.
        imputed: for each feature, whether a missing reading is filled in; else it is rejected.
        rows: (n, features) float32: numbers as read, sentinels among them; codes of categories;
            NaN where a cell is missing.
        findings: what somebody should know about the columns, left-out ones among them.
        ids: names of the columns that were left out because they only tell rows apart.
    """

    features: tuple[Feature, ...]
    imputed: tuple[bool, ...]
    rows: Rows
    findings: tuple[Finding, ...]
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Candidate:
    column: Column
    found: Meaning
    useless: Finding | None
    """Why it is left out, the evidence alone; None when it is not."""
    suspected: bool = False
    """Whether that is a suspicion only: then it stays if no other column is left."""


def read_columns(
    table: Table, targets: Sequence[str], choices: Choices, in_time: bool = False
) -> Columns:
    """Read every column that is no target, leave out the useless ones, and say so.

    Args:
        table: to learn from.
        targets: the predicted columns, as ``find_targets`` gives them.
        choices: what the user says about columns.
        in_time: whether the rows are said to be in an order of time: what numbers them follows a
            trend then, and is no evidence that the table was once sorted by the target.

    Raises:
        TableError: naming line and column, when a cell is neither a number nor missing among
            numbers; when an option names what is not there; when no column is left.
        RecipeError: when options contradict each other.
    """
    check_choices(table, targets, choices)
    spellings = missing_spellings(table, targets, choices)
    judged = target_values(table, targets)
    candidates = [
        _candidate(table, name, spellings[name], choices, judged, in_time)
        for name in table.columns
        if name in spellings and name not in choices.drop
    ]
    chosen, findings = _chosen(table, candidates, choices)
    for each in chosen:
        missing = missing_finding(
            table, each.column, choices, category=each.found.categories is not None
        )
        findings += about(each.column.name, (*_doubts(table, each), *missing))
    findings += zeros_for_missing(each.column for each in chosen if each.found.categories is None)
    findings += unused(table, [each.column for each in candidates], choices)
    rows = np.stack([each.found.readings for each in chosen], axis=1)
    for target in judged:
        findings += _computed(chosen, target)
    if len(judged) == 1:
        findings += contradictions(table, judged[0], rows)
    columns = Columns(
        features=tuple(_feature(each, choices) for each in chosen),
        imputed=tuple(_is_imputed(each, choices) for each in chosen),
        rows=np.ascontiguousarray(rows),
        findings=tuple(findings),
        ids=tuple(
            each.column.name
            for each in candidates
            if each.useless is not None and each.useless.kind == "id" and each not in chosen
        ),
    )
    return _scalable(columns, table.source)


def _computed(chosen: Sequence[_Candidate], target: TargetValues) -> tuple[Finding, ...]:
    """A finding when a target of numbers can be computed from several columns of numbers."""
    if target.numbers is None or target.classes:
        return ()
    columns = {
        each.column.name: np.where(each.column.absent, np.nan, each.column.numbers)
        for each in chosen
        if each.found.categories is None
    }
    found = computed(columns, target.numbers, target.name)
    if found is None:
        return ()
    says = (
        f"the target can be computed: {found.formula}, to the last digit in all "
        f"{counted(found.rows, 'row')}; is each of these columns known before the target is? If "
        f"not, {setting('drop')} leaves one out; if so, the formula does what a network would"
    )
    return (Finding("computed", says, found.columns),)


def _candidate(
    table: Table, name: str, spelling: Spelling, choices: Choices, judged: Sequence[TargetValues],
    in_time: bool,
) -> _Candidate:  # fmt: skip
    column = read_column(table, name, spelling)
    kept = name in choices.keep
    if not column.known.size:
        says = f"column {shown(name)} holds no reading: all {table.rows:,} are missing"
        if kept:
            raise TableError(f"{plain(table.source)}: {says}; leave it out of {setting('keep')}")
        return _Candidate(column, Meaning(column.raw), Finding("empty", says))
    forced = name in choices.categorical
    found = meaning(table, column, categorical=forced, numeric=name in choices.numeric)
    if found.useless is not None and not kept:
        told = found.useless.kind == "id" and not in_time
        useless = _sorted_id(column, judged) if told else None
        return _Candidate(column, found, useless or found.useless, found.suspected)
    if found.useless is not None and found.categories is None and column.words.any():
        again = categories(table, column)
        found = Meaning(again.readings, again)
    codes = found.categories is not None
    readings = found.readings if codes else column.numbers
    leaks = [leak(name, readings, column.known, target, codes=codes) for target in judged]
    copies = [each.finding for each in leaks if each is not None and each.copy]
    doubts = tuple(each.finding for each in leaks if each is not None)
    if copies and not kept:
        return _Candidate(column, found, copies[0], suspected=True)
    return _Candidate(column, found._replace(findings=(*found.findings, *doubts)), None)


def _sorted_id(column: Column, judged: Sequence[TargetValues]) -> Finding | None:
    """That names or numbers of rows tell the target: worth more than that they are some."""
    numbers: NDArray[np.float64] | None = np.where(column.absent, np.nan, column.numbers)
    if column.words.any():
        numbers = numbers_in(column.cells.tolist())
    if numbers is None:
        return None
    found = (sorted_by(column.name, numbers, each) for each in judged)
    return next((each.finding for each in found if each is not None and each.copy), None)


def _chosen(
    table: Table, candidates: Sequence[_Candidate], choices: Choices
) -> tuple[list[_Candidate], list[Finding]]:
    """The columns to learn from, and a finding for each that is left out.

    Raises:
        TableError: when none is left.
    """
    chosen = [each for each in candidates if each.useless is None]
    rescued = not chosen
    if rescued:
        chosen = [each for each in candidates if each.suspected]
    if not chosen:
        raise TableError(_nothing_left(table, candidates))
    findings: list[Finding] = []
    for each in candidates:
        if each.useless is None:
            continue
        end = f"left out; {suggested('keep', each.column.name)} uses it all the same"
        if each.useless.kind == "empty" or _no_categories(each):
            end = "left out"
        elif rescued and each.suspected:
            end = "used, as no other column is left"
        found = Finding(each.useless.kind, f"{each.useless.says}; {end}")
        findings += about(each.column.name, [found])
    return chosen, findings


def _no_categories(each: _Candidate) -> bool:
    """Whether a column of words has more of them than categories that a network takes."""
    return bool(each.column.words.any()) and len(each.column.levels.texts) > MOST_FORCED


def _nothing_left(table: Table, candidates: Sequence[_Candidate]) -> str:
    where = f"{plain(table.source)}: no column is left to predict from"
    if not candidates:
        return f"{where}, as {setting('drop')} names every one"
    reasons = [each.useless.says for each in candidates if each.useless is not None]
    more = len(reasons) - MOST_REASONS
    return (
        f"{where}: {'; '.join(reasons[:MOST_REASONS])}"
        f"{f'; and {more} more' if more > 0 else ''}. "
        f"{suggested('keep', candidates[0].column.name)} uses one all the same"
    )


def _doubts(table: Table, each: _Candidate) -> tuple[Finding, ...]:
    column, found = each.column, each.found
    if found.categories is None:
        return (*found.findings, *lost_digits(column), *far_outlier(table, column))
    codes = found.categories.codes
    counts = [int((found.readings == code).sum()) for code in codes]
    alike = look_alike(column.name, found.categories.names, counts, "categories")
    every = many(column, found.categories)
    return (*found.findings, *every, *alike, *rare(table, column, found.categories))


def _feature(each: _Candidate, choices: Choices) -> Feature:
    name, found = each.column.name, each.found.categories
    return Feature(
        name,
        unit="" if found else unit_of(name),
        categories=found.names if found else (),
        codes=found.codes if found else (),
        sentinel=each.column.sentinel,
        missing_words=tuple(sorted(each.column.spelled - MISSING)),
        indicator=name in choices.indicator and bool(each.column.absent.any()),
    )


def _is_imputed(each: _Candidate, choices: Choices) -> bool:
    return bool(each.column.absent.any()) and each.column.name not in choices.reject


def _scalable(columns: Columns, source: str) -> Columns:
    """The columns that can be standardised in float32, and a finding for each that cannot."""
    deviations = np.array([np.nanstd(column.astype(np.float64)) for column in columns.rows.T])
    kept = np.flatnonzero(deviations**2 <= MOST_VARIANCE)
    findings = list(columns.findings)
    for feature, deviation in zip(columns.features, deviations, strict=True):
        column = f"column {shown(feature.name)} has a deviation of {deviation:.2g}"
        if deviation**2 > MOST_VARIANCE:
            says = f"{column}, whose square float32 cannot hold; left out; another unit would do"
            findings += about(feature.name, [Finding("scale", says)])
        elif feature.kind == "number" and 0 < deviation < KERAS_EPSILON:
            says = f"{column}, and Keras divides by {KERAS_EPSILON:g} at least, so that hardly"
            says = f"{says} anything of it is seen; another unit would do"
            findings += about(feature.name, [Finding("scale", says)])
    if not kept.size:
        raise TableError(f"{plain(source)}: {findings[-1].says}, and no other column is there")
    return columns._replace(
        features=tuple(columns.features[index] for index in kept),
        imputed=tuple(columns.imputed[index] for index in kept),
        rows=np.ascontiguousarray(columns.rows[:, kept])
        if len(kept) < len(deviations)
        else columns.rows,
        findings=tuple(findings),
    )
