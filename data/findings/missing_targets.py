"""Leaves out rows whose target is missing: they can neither train nor test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import MISSING, number
from mlp_edge.data.choices import Choices, Spelling, split_setting, target_spellings
from mlp_edge.data.content.cells import Levels, Mask
from mlp_edge.data.content.values import is_word
from mlp_edge.data.findings.missing import spelled
from mlp_edge.data.quoting import and_more, counted, plain, shown, suggested
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError
from mlp_edge.finding import Finding


class KnownTargets(NamedTuple):
    """The rows that have a target.

    Attributes:
        table: without the others.
        missing: target -> how a missing one is spelled besides ``values.MISSING``, for later
            tables; targets without such a spelling are not in it.
        findings: how many rows were left out, and options that no cell of a target holds.
        used: each ``missing`` and ``present`` that a target holds, as a finding names them.
    """

    table: Table
    missing: Mapping[str, tuple[str, ...]]
    findings: tuple[Finding, ...]
    used: frozenset[str] = frozenset()


def with_known_targets(table: Table, targets: Sequence[str], choices: Choices) -> KnownTargets:
    """Leave out the rows whose target is missing, for a new model.

    Among numbers every spelling of a missing value counts. Among words an empty cell does, and
    what ``missing`` says; none or NA may be a class as well, so the user has to say which.

    Args:
        table: to learn from.
        targets: the predicted columns.
        choices: what the user says about columns.

    Raises:
        TableError: when no row is left; for NA and the like among words, unless ``missing`` or
            ``present`` says what it is.
        RecipeError: when ``missing`` and ``present`` name the same cell.
    """
    spellings = target_spellings(table, targets, choices)
    columns = {name: _Cells.of(table, name) for name in targets}
    for name in targets:
        _check_certain(table, name, columns[name], spellings[name])
    masks = {name: _absent(columns[name], spellings[name]) for name in targets}
    used, unused = _options(table, columns, choices)
    missing = {name: _further(spellings[name]) for name in targets if _further(spellings[name])}
    left = _without(table, masks)
    return left._replace(missing=missing, findings=(*left.findings, *unused), used=used)


def with_known_targets_again(
    table: Table,
    names: Mapping[str, str],
    labels: Sequence[str],
    missing: Mapping[str, Sequence[str]],
) -> KnownTargets:
    """Leave out the rows whose target is missing, for a model that exists.

    Args:
        table: to score on, or to go on learning from.
        names: the model's targets -> their columns in this table.
        labels: of the model; a label is never missing.
        missing: as ``KnownTargets.missing`` had it when the model was trained.

    Raises:
        TableError: when no row is left.
    """
    masks = {}
    for name, column in names.items():
        present = frozenset(label.casefold() for label in labels)
        words = [word for word in missing.get(name, ()) if np.isnan(number(word))]
        numbers = tuple(number(word) for word in missing.get(name, ()) if word not in words)
        spelling = Spelling(frozenset(words), present, numbers)
        masks[column] = _absent(_Cells.of(table, column), spelling)
    return _without(table, masks)


class _Cells(NamedTuple):
    """A target's cells, numbers told from texts at once: most targets have no text at all."""

    numbers: NDArray[np.float32]
    """(rows,); NaN where the cell is a text."""
    odd: NDArray[np.int64]
    """The rows of the texts."""
    levels: Levels
    """Of the texts."""

    @classmethod
    def of(cls, table: Table, name: str) -> _Cells:
        numbers = table.numbers(name).astype(np.float32)
        odd = np.flatnonzero(np.isnan(numbers))
        return cls(numbers, odd, Levels(table.column(name)[odd]))


def _absent(cells: _Cells, spelling: Spelling) -> Mask:
    """Which cells are missing, (rows,)."""
    gone = np.isin(cells.numbers, np.array(spelling.named, np.float32))
    texts = spelling.texts
    gone[cells.odd] = cells.levels.mask(lambda text: text.strip().casefold() in texts)
    return np.asarray(gone, np.bool_)


def _check_certain(table: Table, name: str, cells: _Cells, spelling: Spelling) -> None:
    """Refuse NA, none and the like among words, where nobody has said what they are."""
    if not any(is_word(text) for text in cells.levels.texts):
        return
    guesses = MISSING - spelling.words - spelling.present - {""}
    odd = cells.levels.mask(lambda text: text.strip().casefold() in guesses)
    if odd.any():
        row = int(cells.odd[odd][0])
        word = str(table.column(name)[row]).strip()
        option = f"{name}={word}"
        raise TableError(
            f"{table.place(row, name)}, the target: {shown(word)} may be a class or stand for a "
            f"missing value; {suggested('present', option)} takes it for a class, "
            f"{suggested('missing', option)} leaves its rows out{and_more(int(odd.sum()) - 1)}"
        )


def _without(table: Table, masks: Mapping[str, Mask]) -> KnownTargets:
    left = ~np.logical_or.reduce(list(masks.values()))
    if left.all():
        return KnownTargets(table, {}, ())
    findings = []
    for name, mask in masks.items():
        rows = np.flatnonzero(mask)
        if not rows.size:
            continue
        says = (
            f"column {shown(name)}, the target: {rows.size:,} of {counted(table.rows, 'value')} "
            f"missing ({spelled(table.column(name)[rows])})"
        )
        if not left.any():
            raise TableError(
                f"{plain(table.source)}: {says}, so that no row is left to learn from or judge by"
            )
        where = f"the first on {table.counts} {table.lines[rows[0]]}"
        findings.append(Finding("missing-target", f"{says}, {where}; these rows are left out"))
    return KnownTargets(table.keep(left), {}, tuple(findings))


def _further(spelling: Spelling) -> tuple[str, ...]:
    return (*sorted(spelling.words), *(f"{value:.9g}" for value in spelling.named))


def _options(
    table: Table, cells: Mapping[str, _Cells], choices: Choices
) -> tuple[frozenset[str], tuple[Finding, ...]]:
    """The options that a target holds, and a finding for each that names targets in vain."""
    used, findings = set(), []
    for name, options in (("missing", choices.missing), ("present", choices.present)):
        for option in options:
            columns, value = split_setting(table, option, name)
            asked = [each for each in cells if not columns or each in columns]
            says = suggested(name, option)
            if any(_holds(cells[each], value, table.decimal) for each in asked):
                used.add(says)
            elif columns and set(columns) <= set(cells):
                found = f"{says}: no cell of its columns holds {shown(value)}"
                findings.append(Finding(f"unused-{name}", found))
    return frozenset(used), tuple(findings)


def _holds(cells: _Cells, value: str, decimal: str) -> bool:
    exact, word = np.float32(number(value, decimal)), value.strip().casefold()
    if not np.isnan(exact):
        return bool((cells.numbers == exact).any())
    return any(text.strip().casefold() == word for text in cells.levels.texts)
