"""Charts as lines and marks in the coordinates of a picture, for ``templates/chart.html.jinja``.

A picture is small enough to stand on a telephone as it is, and takes its colours from the page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from mlp_edge.lazy import require
from mlp_edge.plots.style import number

Point = tuple[float, float]
KINDS = ("first", "second", "third", "fourth", "fifth", "sixth")
"""Styles of curves, each told from the others by its colour and by its dashes."""
LEFT, RIGHT, TOP, BOTTOM = 48, 14, 12, 42
"""Pixels around the frame of a chart; more above it where a label stands there."""
LABEL = 18


class Scale(NamedTuple):
    """Values from ``low`` to ``high`` on pixels from ``start`` to ``end``."""

    low: float
    high: float
    start: float = 0
    end: float = 0

    def at(self, value: float) -> float:
        """The pixel of a value, by one decimal."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


class Tick(NamedTuple):
    """Where an axis has a number."""

    at: float
    text: str


class Line(NamedTuple):
    """A curve: its path, its style by ``kind`` of the style sheet, its entry in the legend."""

    path: str
    kind: str
    name: str = ""


class Mark(NamedTuple):
    """A point, with the ends of its interval."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart, laid out.

    Attributes:
        id: of the picture in the page.
        title: above it.
        says: what is in it, for a reader who does not see it.
        x_label: beneath the horizontal axis.
        y_label: above the vertical axis.
        x: the horizontal scale.
        y: the vertical scale.
        most: numbers on an axis, about.
        categories: on the horizontal axis, in place of numbers.
        lines: curves, from back to front.
        marks: points with intervals.
        dots: points without.
        threshold: the point of a curve that the threshold stands for.
        note: beneath it.
        width: in pixels.
        height: in pixels.
    """

    id: str
    title: str
    says: str
    x: Scale
    y: Scale
    most: int = 5
    categories: Sequence[Tick] = ()
    x_label: str = ""
    y_label: str = ""
    lines: Sequence[Line] = ()
    marks: Sequence[Mark] = ()
    dots: Sequence[Point] = ()
    threshold: Point | None = None
    note: str = ""
    width: int = 380
    height: int = 290

    @property
    def x_ticks(self) -> Sequence[Tick]:
        """What stands on the horizontal axis."""
        return self.categories or ticks(self.x, self.most)

    @property
    def y_ticks(self) -> Sequence[Tick]:
        """What stands on the vertical axis."""
        return ticks(self.y, self.most)


SHARE = Scale(0, 1)


def framed(
    x: Scale, y: Scale, width: int = 380, height: int = 290, *, labelled: bool = True
) -> tuple[Scale, Scale]:
    """The scales of a chart of that size, on the pixels of its frame."""
    below, above = (BOTTOM, TOP + LABEL) if labelled else (BOTTOM - LABEL, TOP)
    return x._replace(start=LEFT, end=width - RIGHT), y._replace(start=height - below, end=above)


def around(values: Iterable[float | None]) -> Scale:
    """A scale on which all values are, with a little room at its ends."""
    known = [value for value in values if value is not None and math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    room = 0.04 * (high - low) or 0.5 * abs(high) or 0.5
    return Scale(low - room, high + room)


def ticks(scale: Scale, most: int) -> list[Tick]:
    """Round numbers along a scale."""
    locator = require("matplotlib.ticker").MaxNLocator(most, steps=(1, 2, 5, 10))
    places = [float(place) for place in locator.tick_values(scale.low, scale.high)]
    slack = 1e-9 * (scale.high - scale.low)
    return [
        Tick(scale.at(place), number(0.0 if abs(place) < slack else place))
        for place in places
        if scale.low - slack <= place <= scale.high + slack
    ]


def path(points: Iterable[tuple[float, float | None]], x: Scale, y: Scale) -> str:
    """The path through points; where a height is unknown, the line has a gap."""
    found: list[str] = []
    move = True
    for across, up in points:
        if up is None or not math.isfinite(up):
            move = True
            continue
        found.append(f"{'M' if move else 'L'}{x.at(across):g} {y.at(up):g}")
        move = False
    kept = [a for a, b in pairwise([*found, ""]) if a != b]
    return "".join(kept)
