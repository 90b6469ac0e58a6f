"""Orders rows in time, by the file or by a column of dates or numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.choices import Choices, missing_spellings
from mlp_edge.data.content.cells import Column, read_column
from mlp_edge.data.quoting import and_more, counted, plain, shown
from mlp_edge.data.splitting.groups import check_apart
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError
from mlp_edge.settings import setting

When = NDArray[np.int64]
"""The place of each row in time, (n,) int64; rows of the same time have the same."""

IN_TIME = "time"
"""What ``split`` says for a split in time; ``time:COLUMN`` names the column."""

_CLOCK = (
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?P<half>[AaPp][Mm])?\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
_FORMS = tuple(
    re.compile(form + _CLOCK)
    for form in (
        r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})(?:\2(?P<day>\d{1,2}))?",
        r"(?P<one>\d{1,2})(?P<mark>[-/.])(?P<other>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})",
        r"(?P<day>\d{1,2})[- ](?P<name>[A-Za-z]{3,9})\.?[-, ]+(?P<year>\d{4}|\d{2})",
        r"(?P<name>[A-Za-z]{3,9})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})",
    )
)
_DAY_OR_MONTH = _FORMS[1]
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september",
           "october", "november", "december")  # fmt: skip
_START = datetime(1970, 1, 1, tzinfo=UTC)
CENTURY = 69
"""Years of two digits from here on are of the last century, as POSIX has it."""


def time_column(split: str) -> str | None:
    """The column that the split ``time:COLUMN`` names; None for ``time`` and ``random``."""
    return split.removeprefix(f"{IN_TIME}:") if split.startswith(f"{IN_TIME}:") else None


def read_times(table: Table, split: str, targets: Sequence[str], choices: Choices) -> When | None:
    """The place of each row in time, by what ``split`` says; None for a split at random.

    Args:
        table: the rows.
        split: "random", "time" for the order of the file, or "time:COLUMN".
        targets: the predicted columns.
        choices: what else the user says about columns.

    Raises:
        TableError: when the column is not there, or is the target or the only one; for a cell
            that is missing, or neither a date nor a number, by its line; for dates of which
            nobody knows which number is the day.
        RecipeError: when another setting contradicts ``split``.
    """
    if split == "random":
        return None
    name = time_column(split)
    if name is None:
        return np.arange(table.rows)
    because = "a time is known before what happened then"
    check_apart(table, name, "split", because, targets, choices)
    column = read_column(table, name, missing_spellings(table, targets, choices)[name])
    absent = np.flatnonzero(column.absent)
    if absent.size:
        raise TableError(
            f"{table.place(int(absent[0]), name)}: a missing value, so that nobody knows when that "
            f"was; write the time there or remove the line{and_more(absent.size - 1)}"
        )
    return ranked(seconds(table, column))


def ranked(values: NDArray[np.float64]) -> When:
    """The place of each value among the different ones, (n,), from 0 up."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def seconds(table: Table, column: Column) -> NDArray[np.float64]:
    """A column of times as numbers that rise with time, (rows,); every cell is known.

    Raises:
        TableError: as ``read_times``.
    """
    if not np.isnan(column.numbers).any():
        return column.numbers
    texts = [text.strip() for text in column.levels.texts]
    found = [next((match for form in _FORMS if (match := form.fullmatch(t))), None) for t in texts]
    _check(table, column, [match is not None for match in found], "neither a date nor a number")
    matches = [match for match in found if match is not None]
    zoned = [match["zone"] is not None for match in matches]
    if any(zoned):
        _check(table, column, zoned, "a time without the time zone that others have")
    unsure = any(match.re is _DAY_OR_MONTH for match in matches)
    orders = [
        [_moment(match, day_first=first) for match in matches]
        for first in ((True, False) if unsure else (True,))
    ]
    known = [not any(math.isnan(value) for value in order) for order in orders]
    if not any(known):
        best = min(orders, key=lambda order: int(np.isnan(order).sum()))
        _check(table, column, [not math.isnan(value) for value in best], "no day of the calendar")
    spread = [column.levels.spread(order, np.float64) for order in orders]
    if unsure and all(known) and (ranked(spread[0]) != ranked(spread[1])).any():
        return _unsure(table, column, matches, spread)
    return spread[0] if known[0] else spread[1]


def _unsure(
    table: Table,
    column: Column,
    matches: Sequence[re.Match[str]],
    spread: Sequence[NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Dates such as 3/4/2024 both ways: the day comes first before a dot, or as the file rises."""
    marked = [match for match in matches if match.re is _DAY_OR_MONTH]
    if all(match["mark"] == "." for match in marked):
        return spread[0]
    steady = [bool((np.diff(each) >= 0).all() or (np.diff(each) <= 0).all()) for each in spread]
    if steady[0] != steady[1]:
        return spread[0] if steady[0] else spread[1]
    cell = next(match.string for match in marked if match["mark"] != ".")
    raise TableError(
        f"{plain(table.source)}: column {shown(column.name)}: in dates such as {shown(cell)} the "
        "day or the month may stand first; written as 2024-12-31 they have one meaning"
    )


def _check(table: Table, column: Column, good: Sequence[bool], what: str) -> None:
    """Refuse the first cell whose text is not good."""
    wrong = np.flatnonzero(~column.levels.spread(good, np.bool_))
    if wrong.size:
        row = int(wrong[0])
        raise TableError(
            f"{table.place(row, column.name)}: {shown(str(column.cells[row]).strip())} is {what}; "
            f"{setting('split')} takes a column of dates such as 2024-12-31 23:59, or of numbers"
            f"{and_more(wrong.size - 1)}"
        )


def _moment(match: re.Match[str], *, day_first: bool) -> float:
    """Seconds since 1970; NaN where there is no such day or hour."""
    found = match.groupdict()
    if "one" in found:
        day, month = (int(found[name]) for name in ("one", "other"))
        day, month = (day, month) if day_first else (month, day)
    elif "name" in found:
        name = found["name"].lower()
        day, month = int(found["day"]), 0
        month = next((n for n, full in enumerate(_MONTHS, 1) if full.startswith(name)), 0)
    else:
        day, month = int(found["day"] or 1), int(found["month"])
    year = int(found["year"])
    if len(found["year"]) == 2:
        year += 1900 if year >= CENTURY else 2000
    hour = int(found["hour"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            return math.nan
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    try:
        whole = datetime(year, month, day, hour, int(found["minute"] or 0), tzinfo=UTC)
    except ValueError:
        return math.nan
    after = int(found["second"] or 0) + float(f"0.{found['part'] or 0}")
    return (whole - _offset(found["zone"]) - _START).total_seconds() + after


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta(0)
    size = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return -size if zone[0] == "-" else size


def last_rows(when: When, share: float, source: str) -> tuple[When, When]:
    """Part rows at a point in time, so that the last ones, about the share of all, stand apart.

    Args:
        when: (n,) their places in time; rows of one time stay together.
        share: above 0 and below 1, rounded up to whole rows.
        source: the table as the user typed it, for messages.

    Returns:
        The numbers of the earlier rows and of the later ones, each ascending.

    Raises:
        TableError: when all rows are of one time.
    """
    order = np.argsort(when, kind="stable")
    wanted = max(1, math.ceil(round(share * len(when), 9)))
    cuts = _cuts(when[order], [len(when) - wanted])
    if not 0 < cuts[0] < len(when):
        raise TableError(
            f"{plain(source)}: all of {counted(len(when), 'row')} are of one time, so that none "
            f"come later; {setting('split', 'random')} splits them"
        )
    return np.sort(order[: cuts[0]]), np.sort(order[cuts[0] :])


def windows(when: When, count: int, source: str) -> list[tuple[When, When]]:
    """Expanding windows: each fold trains on all rows before those that it tests on.

    The last ``count`` of ``count + 1`` equal stretches of time test, one after another, as in
    scikit-learn's TimeSeriesSplit; but rows of one time are never torn.

    Args:
        when: (n,) the places of the rows in time.
        count: of folds, at least 2.
        source: the table as the user typed it, for messages.

    Returns:
        For each fold the rows that train and those that test, each ascending.

    Raises:
        TableError: when there are fewer times than stretches.
    """
    rows, order = len(when), np.argsort(when, kind="stable")
    length = rows // (count + 1)
    cuts = [*_cuts(when[order], [rows - left * length for left in range(count, 0, -1)]), rows]
    if not length or cuts[0] == 0 or (np.diff(cuts) <= 0).any():
        times = len(np.unique(when))
        raise TableError(
            f"{plain(source)}: {setting('cv', count)} in time takes {count + 1} stretches of rows "
            f"one after another, and {counted(rows, 'row')} of {counted(times, 'different time')} "
            "do not "
            "give them; fewer folds would do"
        )
    return [(np.sort(order[:start]), np.sort(order[start:end])) for start, end in pairwise(cuts)]


def _cuts(ordered: When, wanted: Sequence[int]) -> list[int]:
    """The places next to those wanted at which one time ends and another begins; 0 for none."""
    places = np.flatnonzero(np.diff(ordered)) + 1
    if not places.size:
        return [0 for _ in wanted]
    return [int(places[np.argmin(np.abs(places - place))]) for place in wanted]
