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

OFTEN_A_CLASS = frozenset({"none", "nil"})
"""Of the spellings of a missing value those that are asked about among words: no damage is one."""
AMBIGUOUS = frozenset({"na", "-"})
"""Those that are asked about where they are as frequent as a class: North America, or minus."""
MOST_LINES = 3
"""Lines that a finding names."""


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

    Every spelling of a missing value counts. Among words, ``AMBIGUOUS`` and ``OFTEN_A_CLASS`` may
    be classes as well, of which the user has to say which they are.

    Args:
        table: to learn from.
        targets: the predicted columns.
        choices: what the user says about columns.

    Raises:
        TableError: when no row is left; for a word that may be a class, unless ``missing`` or
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
    guesses = {name: MISSING - spelling.words - {""} for name, spelling in spellings.items()}
    left = _without(table, masks, guesses)
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
    """Refuse words that may be classes or missing, where nobody has said what they are."""
    classes = cells.levels.mask(is_word)
    if not classes.any():
        return
    counts = np.bincount(cells.levels.numbered(), classes)
    rarest = counts[counts > 0].min()
    said = spelling.words | spelling.present
    odd = np.zeros(len(cells.odd), np.bool_)
    for words, fewest in ((OFTEN_A_CLASS, 1), (AMBIGUOUS, rarest)):
        of = cells.levels.mask(lambda text: text.strip().casefold() in words - said)  # noqa: B023
        odd |= of & (of.sum() >= fewest)
    if odd.any():
        row = int(cells.odd[odd][0])
        word = str(table.column(name)[row]).strip()
        option = f"{name}={word}"
        raise TableError(
            f"{table.place(row, name)}, the target: {shown(word)} may be a class or stand for a "
            f"missing value; {suggested('present', option)} takes it for a class, "
            f"{suggested('missing', option)} leaves its rows out{and_more(int(odd.sum()) - 1)}"
        )


def _without(
    table: Table, masks: Mapping[str, Mask], guesses: Mapping[str, frozenset[str]] | None = None
) -> KnownTargets:
    """The table without the rows where a mask holds.

    Args:
        table: the rows.
        masks: target -> where it is missing, (rows,).
        guesses: target -> words that were taken for missing though nobody said so.
    """
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
        says = f"{says}, {_lines(table, rows)}; these rows are left out"
        word = _guessed(table, name, rows, (guesses or {}).get(name, frozenset()))
        if word is not None:
            says += f", {suggested('present', f'{name}={word}')} takes {shown(word)} for a class"
        findings.append(Finding("missing-target", says))
    return KnownTargets(table.keep(left), {}, tuple(findings))


def _lines(table: Table, rows: NDArray[np.int64]) -> str:
    """On which lines rows stand: all of a few, the first of more."""
    first = [str(line) for line in table.lines[rows[:MOST_LINES]]]
    if len(rows) == 1:
        return f"on {table.counts} {first[0]}"
    some = f"on {table.counts}s {', '.join(first[:-1])} and {first[-1]}"
    return some if len(rows) <= MOST_LINES else f"the first {some}"


def _guessed(
    table: Table, name: str, rows: NDArray[np.int64], guesses: frozenset[str]
) -> str | None:
    """The first word among missing classes that may be one; None among numbers."""
    if not any(map(is_word, table.column(name))):
        return None
    cells = (str(cell).strip() for cell in table.column(name)[rows])
    return next((cell for cell in cells if cell.casefold() in guesses), None)


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
