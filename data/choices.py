"""Settings of columns, checked against the table: which to drop, keep, read how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mlp_edge.cell import MISSING, number
from mlp_edge.data.examples import no_column
from mlp_edge.data.quoting import plain, shown, suggested
from mlp_edge.data.table import Table
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.settings import declared, setting


def _columns(help: str) -> Any:  # noqa: A002 (as ``declared`` has it)
    return declared((), help, "Columns", repeat=True)


@dataclass(frozen=True)
class Choices:
    """What the user says about columns; by default nothing.

    Attributes:
        drop: columns to leave out.
        keep: columns to use although they look useless or dangerous.
        categorical: columns to read as categories, also when they hold numbers.
        numeric: columns to read as numbers, also when they look like codes.
        missing: further spellings of a missing reading, as typed: "VALUE" or "COL,COL=VALUE".
        present: spellings that stand for themselves, though they would be missing; typed alike.
        reject: columns whose missing readings are never filled in.
        indicator: columns for which the network is told that the reading was missing.
    """

    drop: tuple[str, ...] = _columns("Column to leave out.")
    keep: tuple[str, ...] = _columns("Column to learn from that would be left out.")
    categorical: tuple[str, ...] = _columns("Column to read as categories, though it has numbers.")
    numeric: tuple[str, ...] = _columns("Column to read as numbers, though it looks like codes.")
    missing: tuple[str, ...] = _columns("Cell that means a missing value: VALUE or COL,COL=VALUE.")
    present: tuple[str, ...] = _columns(
        "Word such as NA that is no missing value: VALUE or COL,COL=VALUE."
    )
    reject: tuple[str, ...] = _columns("Column whose missing values are never filled in.")
    indicator: tuple[str, ...] = _columns(
        "Column for which the network also learns whether it is missing."
    )


class Spelling(NamedTuple):
    """How a missing reading of one column is written.

    Attributes:
        words: texts besides ``values.MISSING``, case-folded.
        present: texts of ``values.MISSING`` that are none, case-folded.
        named: numbers given for this column; float32 numbers.
        general: numbers given for any column that holds them; float32 numbers.
    """

    words: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    named: tuple[float, ...] = ()
    general: tuple[float, ...] = ()

    @property
    def texts(self) -> frozenset[str]:
        """Every text that is missing, case-folded."""
        return (MISSING | self.words) - self.present


_LISTS = ("drop", "keep", "categorical", "numeric", "reject", "indicator")
_CONTRADICTIONS = (
    ("drop", "keep"),
    ("drop", "categorical"),
    ("drop", "numeric"),
    ("drop", "reject"),
    ("drop", "indicator"),
    ("categorical", "numeric"),
    ("reject", "indicator"),
)


def check_choices(table: Table, targets: Sequence[str], choices: Choices) -> None:
    """Refuse settings that name what is not there, or that contradict each other.

    Raises:
        TableError: for an unknown column, with the closest name, and for the target.
        RecipeError: for a column in two settings that cannot both hold.
    """
    for option in _LISTS:
        for name in getattr(choices, option):
            if name not in table.columns:
                raise TableError(no_column(table, [name], f" for {setting(option)}"))
            if name in targets:
                raise TableError(
                    f"{plain(table.source)}: {suggested(option, name)} names the target, but takes "
                    f"columns to predict from; {setting('target')} chooses another target"
                )
    for one, other in _CONTRADICTIONS:
        both = [name for name in getattr(choices, one) if name in getattr(choices, other)]
        if both:
            raise RecipeError(
                f"{setting(one)} and {setting(other)} contradict each other: both name "
                f"{shown(both[0])}"
            )


def missing_spellings(
    table: Table, targets: Sequence[str], choices: Choices
) -> dict[str, Spelling]:
    """How a missing reading is spelled in each column that is no target.

    Raises:
        TableError: for an unknown column, with the closest name.
        RecipeError: when ``missing`` and ``present`` name the same cell.
    """
    found = {name: Spelling() for name in table.columns if name not in targets}
    for option in choices.missing:
        names, value = split_setting(table, option)
        exact = number(value, table.decimal)
        for name in names or found:
            if name in found:
                found[name] = _added(found[name], value, exact, named=bool(names))
    return _with_present(table, found, choices)


def target_spellings(table: Table, targets: Sequence[str], choices: Choices) -> dict[str, Spelling]:
    """How a missing value is spelled in each target.

    A number counts only where ``missing`` names the target: 0 may well be a class.

    Raises:
        TableError: for an unknown column, with the closest name.
        RecipeError: when ``missing`` and ``present`` name the same cell.
    """
    found = {name: Spelling() for name in targets}
    for option in choices.missing:
        names, value = split_setting(table, option)
        exact = number(value, table.decimal)
        for name in names or targets:
            if name in found and (names or np.isnan(exact)):
                found[name] = _added(found[name], value, exact, named=True)
    return _with_present(table, found, choices)


def _with_present(
    table: Table, spellings: dict[str, Spelling], choices: Choices
) -> dict[str, Spelling]:
    for option in choices.present:
        names, value = split_setting(table, option, "present")
        word = value.strip().casefold()
        if not word:
            raise RecipeError(
                f"{suggested('present', option)}: an empty cell holds no value; write a word there"
            )
        for name in names or spellings:
            if name in spellings:
                spellings[name] = _kept(spellings[name], word, number(value, table.decimal))
    for name, spelling in spellings.items():
        both = sorted(spelling.words & spelling.present)
        if both:
            raise RecipeError(
                f"{setting('missing')} and {setting('present')} contradict each other: both name "
                f"{shown(both[0])} of column {shown(name)}"
            )
    return spellings


def _kept(spelling: Spelling, word: str, exact: float) -> Spelling:
    general = tuple(each for each in spelling.general if each != float(np.float32(exact)))
    return spelling._replace(present=spelling.present | {word}, general=general)


def _added(spelling: Spelling, value: str, exact: float, *, named: bool) -> Spelling:
    if np.isnan(exact):
        return spelling._replace(words=spelling.words | {value.strip().casefold()})
    # A sentinel is compared with readings, and those are float32.
    rounded = (float(np.float32(exact)),)
    if named:
        return spelling._replace(named=spelling.named + rounded)
    return spelling._replace(general=spelling.general + rounded)


def split_setting(table: Table, option: str, name: str = "missing") -> tuple[tuple[str, ...], str]:
    """The columns that a ``missing`` or ``present`` names (none for all of them), and its value.

    Raises:
        TableError: when it names an unknown column, with the closest name.
    """
    # Names may hold "=" and commas themselves, so that the first reading that fits counts.
    places = [place for place, letter in enumerate(option) if letter == "="]
    readings = [(_names(table, option[:place]), option[place + 1 :]) for place in places]
    for names, value in readings:
        if all(each in table.columns for each in names):
            return names, value
    if not places or not option[: places[0]].strip():
        return (), option
    unknown = [each for each in readings[0][0] if each not in table.columns]
    raise TableError(no_column(table, unknown, f" for {suggested(name, option)}"))


def _names(table: Table, text: str) -> tuple[str, ...]:
    whole = text.strip()
    return (whole,) if whole in table.columns else tuple(name.strip() for name in text.split(","))
