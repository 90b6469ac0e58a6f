"""From counts to the integers of layer 1 without a float: a line, proved on every reading.

The reference goes by float32: reading, difference, product, rounding. Over the 65,535 counts
that is a staircase from 0 to ``high``. A line in 32 bits, cut off below the integer, has the same
steps wherever one can be found. Where float32 rounds a few readings up that no line does, these
are listed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from mlp_edge.encoding import Indices
from mlp_edge.integers.quantised import Inputs, Integers
from mlp_edge.raw_units import EVERY, RawUnits

MOST_LISTED = 192
"""Counts of a feature that may be listed; two bytes each."""
_BITS = 32
SHIFTED = 16
"""The line is shifted by as much at least: on a small chip that moves whole bytes."""
_FACTOR = 2**31 - 1


class Line(NamedTuple):
    """The integers of a feature: ``(factor * (raw - low) + start) >> shift`` on the line.

    Attributes:
        low: the lowest count on the line.
        span: the highest one, counted from there; above it, and below ``low``, the integer is 0 or
            the highest.
        factor: rise of the line per raw unit, in 2^-shift of an integer; below 0 where it falls.
        start: where the line begins, in the same unit; 32 bits, unsigned.
        listed: (n,) counts, rising, whose integer is one more.
    """

    low: int
    span: int
    factor: int
    start: int
    listed: tuple[int, ...]

    def integers(self, shift: int, high: int) -> Integers:
        """The integer of every count (65535,), as the kernel computes it."""
        above = EVERY - self.low
        on_the_line = ((above * self.factor + self.start) % 2**_BITS) >> shift
        ends = np.where((above < 0) == (self.factor < 0), high, 0)
        found = np.where((above < 0) | (above > self.span), ends, on_the_line)
        return np.asarray(found + np.isin(EVERY, self.listed))


class Lines(NamedTuple):
    """Those of all numbers of a network, which share a shift.

    Attributes:
        shift: of every line; 16 at least.
        each: one per number.
        without: the first number that has none; None where all have one.
    """

    shift: int
    each: tuple[Line, ...]
    without: int | None


def lines(inputs: Inputs, units: RawUnits, numbers: Indices) -> Lines:
    """The lines of the numbers of a network, with as few listed readings as can be.

    Args:
        inputs: how encoded readings become integers; numbers come first.
        units: of the counts.
        numbers: which features are numbers.
    """
    finest = _BITS - inputs.high.bit_length()
    found = [_of_shift(shift, inputs, units, numbers) for shift in (SHIFTED, finest)]
    return min(found, key=_listed)


def _of_shift(shift: int, inputs: Inputs, units: RawUnits, numbers: Indices) -> Lines:
    each: list[Line] = []
    for place, feature in enumerate(numbers.tolist()):
        low, factor = float(inputs.low[place]), float(inputs.factor[place])
        unit = units.scale[feature], units.offset[feature]
        found = line(low, factor, inputs.high, *unit, shift)
        if found is None:
            return Lines(shift, tuple(each), place)
        each.append(found)
    return Lines(shift, tuple(each), None)


def _listed(lines: Lines) -> tuple[bool, int]:
    return lines.without is not None, sum(len(line.listed) for line in lines.each)


@lru_cache(maxsize=4096)
def line(
    low: float, factor: float, high: int, scale: float, offset: float, shift: int
) -> Line | None:
    """The line of a number; None where too many readings would be listed.

    Raises:
        AssertionError: when the line is not what the reference makes of every count.
    """
    inputs = Inputs(np.array([low], np.float32), np.array([factor], np.float32), high)
    wanted = inputs.integers(RawUnits((scale,), (offset,)).of(0)[:, None])[:, 0]
    first, last = _on_the_line(wanted, high)
    steps = wanted[first : last + 1]
    places, values = _ends_of_steps(steps)
    found = _fitted(places, values << shift, 1 << shift, bool(wanted[-1] >= wanted[0]))
    if found is None:
        return None
    rise, start = found
    listed = np.flatnonzero((np.arange(len(steps)) * rise + start >> shift) != steps)
    if len(listed) > MOST_LISTED:
        return None
    line = Line(int(EVERY[first]), last - first, rise, start, tuple(EVERY[first + listed].tolist()))
    if (line.integers(shift, high) != wanted).any():
        raise AssertionError(f"{line} is not what the reference makes of counts")
    return line


def _on_the_line(wanted: Integers, high: int) -> tuple[int, int]:
    """The first and the last place between both ends of a staircase, at least one place."""
    rising = wanted[-1] >= wanted[0]
    lowest, highest = (0, high) if rising else (high, 0)
    first = min(int(np.count_nonzero(wanted == lowest)), len(wanted) - 1)
    last = len(wanted) - 1 - int(np.count_nonzero(wanted == highest))
    return first, max(first, last)


def _ends_of_steps(steps: Integers) -> tuple[Integers, Integers]:
    """Places and values of the first and the last count of each step: they decide on all."""
    turns = np.flatnonzero(np.diff(steps))
    places = np.unique(np.concatenate([[0], turns, turns + 1, [len(steps) - 1]]))
    return places, steps[places]


def _fitted(places: Integers, low: Integers, unit: int, rising: bool) -> tuple[int, int] | None:
    """Rise and start of a line that is at ``low`` or above, by less than ``unit``.

    Where none is, it is below by as little as it can be, and above nowhere. None where its rise
    does not fit 32 bits, or where it is below by a unit or more.
    """

    def apart(rise: int) -> int:
        """What keeps a line of that rise from fitting; 0 or less where nothing does."""
        below = low - places * rise
        return int(below.max() - below.min()) - (unit - 1)

    span = max(int(places[-1]), 1)
    slope = (int(low[-1]) - int(low[0])) / span
    least, most = int(slope - 2 * unit / span) - 1, int(slope + 2 * unit / span) + 1
    # Its sign says which end is the highest integer.
    least, most = (max(end, 0) if rising else min(end, -1) for end in (least, most))
    while least < most:  # convex: where it no longer falls is the best
        middle = (least + most) // 2
        if apart(middle) <= apart(middle + 1):
            most = middle
        else:
            least = middle + 1
    start = int((low - places * least).min()) + unit - 1
    if apart(least) <= 0:
        start = int((low - places * least).max())
    if abs(least) > _FACTOR or not 0 <= start < 2**_BITS or apart(least) > unit - 1:
        return None
    return least, start
