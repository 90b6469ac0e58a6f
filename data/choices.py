"""What the user says about columns, checked against the table: which to drop, keep, read how."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mlp_edge.cell import number
from mlp_edge.data.examples import no_column
from mlp_edge.data.table import Table
from mlp_edge.data.words import LONGEST, plain, shown
from mlp_edge.errors import RecipeError, TableError


@dataclass(frozen=True)
class Choices:
    """What the user says about columns; by default nothing.

    Attributes:
        drop: columns to leave out.
        keep: columns to use although they look useless or dangerous.
        categorical: columns to read as categories, also when they hold numbers.
        numeric: columns to read as numbers, also when they look like codes.
        missing: further spellings of a missing reading, as typed: "VALUE" or "COL,COL=VALUE".
        reject: columns whose missing readings are never filled in.
        indicator: columns for which the network is told that the reading was missing.
    """

    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()
    indicator: tuple[str, ...] = ()


class Spelling(NamedTuple):
    """How a missing reading of one column is written, besides ``values.MISSING``.

    Attributes:
        words: texts, case-folded.
        named: numbers given for this column; float32 numbers.
        general: numbers given for any column that holds them; float32 numbers.
    """

    words: frozenset[str] = frozenset()
    named: tuple[float, ...] = ()
    general: tuple[float, ...] = ()


_LISTS = ("drop", "keep", "categorical", "numeric", "reject", "indicator")
_CONTRADICTIONS = (
    ("drop", "keep"), ("drop", "categorical"), ("drop", "numeric"), ("drop", "reject"),
    ("drop", "indicator"), ("categorical", "numeric"), ("reject", "indicator"),
)  # fmt: skip


def check_choices(table: Table, targets: Sequence[str], choices: Choices) -> None:
    """Refuse options that name what is not there, or that contradict each other.

    Raises:
        TableError: for an unknown column, with the closest name, and for the target.
        RecipeError: for a column in two options that cannot both hold.
    """
    for option in _LISTS:
        for name in getattr(choices, option):
            if name not in table.columns:
                raise TableError(no_column(table, [name], f" for --{option}"))
            if name in targets:
                raise TableError(
                    f"{plain(table.source)}: --{option} {shown(name)}: that is the target, and "
                    "the option is for columns to predict from; --target takes another"
                )
    for one, other in _CONTRADICTIONS:
        both = [name for name in getattr(choices, one) if name in getattr(choices, other)]
        if both:
            raise RecipeError(f"--{one} and --{other} contradict each other: both {shown(both[0])}")


def missing_spellings(
    table: Table, targets: Sequence[str], choices: Choices
) -> dict[str, Spelling]:
    """The spellings that ``choices.missing`` adds to each column that is no target.

    Raises:
        TableError: for an unknown column, with the closest name, and for the target.
    """
    found = {name: Spelling() for name in table.columns if name not in targets}
    for option in choices.missing:
        names, value = parted(table, option)
        for name in names:
            if name not in found:
                raise TableError(
                    f"{plain(table.source)}: --missing {shown(option)}: {shown(name)} is the "
                    "target, and its cells cannot be missing; remove such rows"
                )
        for name in names or found:
            found[name] = _added(
                found[name], value, number(value, table.decimal), named=bool(names)
            )
    return found


def _added(spelling: Spelling, value: str, exact: float, *, named: bool) -> Spelling:
    if np.isnan(exact):
        return spelling._replace(words=spelling.words | {value.strip().casefold()})
    # A sentinel is compared with readings, and those are float32.
    rounded = (float(np.float32(exact)),)
    if named:
        return spelling._replace(named=spelling.named + rounded)
    return spelling._replace(general=spelling.general + rounded)


def parted(table: Table, option: str) -> tuple[tuple[str, ...], str]:
    """The columns that a --missing names (none for all of them) and its value.

    Raises:
        TableError: when it names an unknown column, with the closest name.
    """
    # Names may hold "=" and commas themselves, so that the first reading that fits counts.
    places = [place for place, letter in enumerate(option) if letter == "="]
    readings = [(_names(table, option[:place]), option[place + 1 :]) for place in places]
    for names, value in readings:
        if all(name in table.columns for name in names):
            return names, value
    if not places or not option[: places[0]].strip():
        return (), option
    unknown = [name for name in readings[0][0] if name not in table.columns]
    raise TableError(no_column(table, unknown, f" for --missing {shown(option)}"))


def _names(table: Table, text: str) -> tuple[str, ...]:
    whole = text.strip()
    return (whole,) if whole in table.columns else tuple(name.strip() for name in text.split(","))


def argument(text: str) -> str:
    """A column or a value as a message shows it after an option: quoted where a shell wants it."""
    return text if re.fullmatch(r"[\w.][\w.-]*", text) and len(text) <= LONGEST else shown(text)
