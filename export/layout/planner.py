"""Where values stand in one array: values that are needed at the same time never overlap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Life(NamedTuple):
    """A value of a network, as far as its place is concerned.

    Attributes:
        width: how many numbers it has.
        first: the number of the layer that writes it.
        last: of the last layer that reads it; values of which one is read while the other is
            written are needed at the same time.
    """

    width: int
    first: int
    last: int


class Plan(NamedTuple):
    """Places in one array.

    Attributes:
        width: how many numbers it holds.
        places: where each value begins.
    """

    width: int
    places: list[int]


_Row = tuple[int, ...]
_ROUNDS = 8
"""How often first-fit is tried; more than that finds smaller arrays hardly ever."""


def planned(lives: Sequence[Life], rows: Sequence[Sequence[int]] = ()) -> Plan:
    """A place for each value by greedy first-fit: the smallest array of a few rounds.

    In the first round those that live longest choose first; in each further round those that
    made the array as large as it is choose before the others.

    Args:
        lives: the values.
        rows: indices of values that have to stand side by side, in that order; no value in two.
    """
    together = {value for row in rows for value in row}
    alone = [(value,) for value in range(len(lives)) if value not in together]
    order = sorted([*map(tuple, rows), *alone], key=lambda row: -_length(lives, row))
    plan = best = _first_fit(lives, order)
    for _ in range(_ROUNDS):
        order = list(dict.fromkeys([*_ends_last(lives, plan, order), *order]))
        plan = _first_fit(lives, order)
        best = min(best, plan, key=lambda plan: plan.width)
    return best


def _length(lives: Sequence[Life], row: _Row) -> int:
    return max(lives[value].last for value in row) - min(lives[value].first for value in row)


def _ends_last(lives: Sequence[Life], plan: Plan, rows: Iterable[_Row]) -> list[_Row]:
    """The rows that end where the array does."""
    return [row for row in rows if plan.places[row[-1]] + lives[row[-1]].width == plan.width]


def _first_fit(lives: Sequence[Life], rows: Iterable[_Row]) -> Plan:
    """Each row as far in front as those before it leave room."""
    places: dict[int, int] = {}
    for row in rows:
        place = _lowest(_forbidden(lives, row, places))
        for value in row:
            places[value] = place
            place += lives[value].width
    ends = (place + lives[value].width for value, place in places.items())
    return Plan(max(ends, default=0), [places[value] for value in range(len(lives))])


def _forbidden(
    lives: Sequence[Life], row: _Row, places: dict[int, int]
) -> Iterable[tuple[int, int]]:
    """Between which numbers, these excluded, the row cannot begin."""
    before = 0
    for value in row:
        width, first, last = lives[value]
        for other, place in places.items():
            if lives[other].first <= last and first <= lives[other].last:
                yield place - before - width, place + lives[other].width - before
        before += width


def _lowest(forbidden: Iterable[tuple[int, int]]) -> int:
    place = 0
    for low, high in sorted(forbidden):
        if low >= place:
            break
        place = max(place, high)
    return place
