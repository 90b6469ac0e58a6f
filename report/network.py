"""A network as columns of circles, for ``templates/network.html.jinja``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from mlp_edge.plots.style import short

CIRCLES = 16
"""Most circles of a column; of a wider layer the first and the last are drawn."""
LAYERS = 7
"""Most layers that are drawn; of a deeper network the first and the last."""
PITCH, STEP, TOP, RADIUS = 22, 120, 12, 7
"""Pixels: between circles, between columns, above them, of a circle."""
RISE, BEND = 12, 8
"""Pixels between lines above the columns; of their corners."""
SIDE, LETTER = 32, 7
"""Pixels beside the first and the last column, and further ones for each letter of a name."""
LETTERS = 18
"""Of a name, at most."""


@dataclass(frozen=True)
class Column:
    """One column of circles.

    Attributes:
        value: the number of what it gives: 0 of the readings, n of layer n.
        reads: the numbers of what it takes.
        x: of the middles of its circles.
        circles: the heights of the circles.
        gap: the height of the sign that some are left out; None where all are there.
        names: beside circles, or ().
        says: lines beneath the column.
    """

    value: int
    reads: Sequence[int]
    x: int
    circles: Sequence[float]
    gap: float | None
    names: Sequence[str]
    says: Sequence[str]


@dataclass(frozen=True)
class Drawing:
    """A network, laid out.

    Attributes:
        columns: from readings to predictions.
        joins: paths that join columns with their neighbours.
        arcs: paths above columns that a value passes over.
        left_out: how many layers are not drawn.
        width: in pixels.
        height: in pixels.
    """

    columns: Sequence[Column]
    joins: Sequence[str]
    arcs: Sequence[str]
    left_out: int
    width: int
    height: int


def drawing(model: Mapping[str, Any], outputs: Sequence[str]) -> Drawing:
    """Lay a network out.

    Args:
        model: ``features``, its names; ``layers``, each with ``units``, ``activation``, the
            numbers of the values that it ``reads`` and ``times``, of one that multiplies it, or
            None; ``heads``, the values that are the predictions.
        outputs: names of the predictions.
    """
    features, layers = model["features"], model["layers"]
    parts = [(0, (), len(features), features, ("readings", f"{len(features):,}"))]
    for value, layer in enumerate(layers, start=1):
        gate = () if layer["times"] is None else (layer["times"],)
        names = outputs if model["heads"] == [value] else ()
        says = (layer["activation"], f"{layer['units']:,}")
        parts.append((value, (*layer["reads"], *gate), layer["units"], names, says))
    if model["heads"] != [len(layers)]:
        says = ("predictions", f"{len(outputs):,}")
        parts.append((len(layers) + 1, tuple(model["heads"]), len(outputs), outputs, says))
    more = max(0, len(layers) - LAYERS)
    if more:
        half = 1 + LAYERS // 2
        parts = [*parts[:half], *parts[half + more :]]
    left = SIDE + LETTER * max(len(short(name, LETTERS)) for name in features)
    right = SIDE + LETTER * max(len(short(name, LETTERS)) for name in outputs)
    tallest = max(min(size, CIRCLES) for _, _, size, *_ in parts)
    passing = _passing(parts)
    top = TOP + RISE * len(passing)
    middle = top + PITCH * (tallest - 1) / 2
    columns = [_column(left + STEP * place, middle, *part) for place, part in enumerate(parts)]
    return Drawing(
        columns,
        ["".join(_joins(before, after)) for before, after in pairwise(columns)],
        _arcs(columns, passing, top),
        more,
        left + STEP * (len(columns) - 1) + right,
        top + PITCH * tallest + 44,
    )


def _passing(parts: Sequence[tuple[int, Sequence[int], Any, Any, Any]]) -> list[tuple[int, int]]:
    """From where to where values pass over columns, by the places of those."""
    places = {value: place for place, (value, *_) in enumerate(parts)}
    spans = [
        (places[source], places[value])
        for value, reads, *_ in parts for source in reads if source in places
    ]  # fmt: skip
    return sorted(
        {span for span in spans if span[1] - span[0] > 1}, key=lambda span: span[1] - span[0]
    )


def _column(
    x: int, middle: float, value: int, reads: Sequence[int], size: int, names: Sequence[str],
    says: Sequence[str],
) -> Column:  # fmt: skip
    kept, gap = [*range(size)], None
    if size > CIRCLES:
        gap = CIRCLES // 2
        kept = [*range(gap), *range(size - CIRCLES + gap + 1, size)]
    top = middle - PITCH * (min(size, CIRCLES) - 1) / 2
    return Column(
        value,
        reads,
        x,
        [top + PITCH * row for row in range(min(size, CIRCLES)) if row != gap],
        None if gap is None else top + PITCH * gap,
        [short(names[place], LETTERS) for place in kept] if names else (),
        says,
    )


def _joins(before: Column, after: Column) -> list[str]:
    """Lines from every circle to every circle of a column that reads it."""
    return [
        f"M{before.x} {start:g}L{after.x} {end:g}"
        for start in before.circles
        for end in after.circles
        if before.value in after.reads
    ]


def _arcs(columns: Sequence[Column], passing: Sequence[tuple[int, int]], top: float) -> list[str]:
    """For each value that passes over columns a line above all of them, at a height of its own."""
    found = []
    for row, (start, end) in enumerate(passing):
        (x, up), (across, down) = ((columns[at].x, columns[at].circles[0]) for at in (start, end))
        peak = top - RISE * (row + 1) - RADIUS
        found.append(
            f"M{x} {up - RADIUS:g}V{peak + BEND}Q{x} {peak} {x + BEND} {peak}"
            f"H{across - BEND}Q{across} {peak} {across} {peak + BEND}V{down - RADIUS:g}"
        )
    return found
