"""A network as columns of circles, for ``templates/network.html.jinja``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from mlp_edge.plots.style import short

CIRCLES = 12
"""Most circles of a column; of a wider layer the first and the last are drawn."""
LAYERS = 7
"""Most layers that are drawn; of a deeper network the first and the last."""
PITCH, STEP, TOP, RADIUS = 22, 120, 12, 7
"""Pixels: between circles, between columns, above them, of a circle."""
SIDE, LETTER = 32, 7
"""Pixels beside the first and the last column, and further ones for each letter of a name."""
LETTERS = 18
"""Of a name, at most."""


@dataclass(frozen=True)
class Column:
    """One column of circles.

    Attributes:
        x: of the middles of its circles.
        circles: the heights of the circles.
        gap: the height of the sign that some are left out; None where all are there.
        names: beside circles, or ().
        says: lines beneath the column.
    """

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
        joins: paths that join each column with the next.
        left_out: the layers that are not drawn.
        width: in pixels.
        height: in pixels.
    """

    columns: Sequence[Column]
    joins: Sequence[str]
    left_out: int
    width: int
    height: int


def drawing(
    features: Sequence[str], layers: Sequence[Mapping[str, Any]], outputs: Sequence[str]
) -> Drawing:
    """Lay a network out.

    Args:
        features: names of the readings.
        layers: ``units`` and ``activation`` of each.
        outputs: names of the predictions.
    """
    more = max(0, len(layers) - LAYERS)
    kept = [*layers[: LAYERS // 2], *layers[LAYERS // 2 + more :]] if more else [*layers]
    sizes = [len(features), *(layer["units"] for layer in kept)]
    tallest = max(min(size, CIRCLES) for size in sizes)
    middle = TOP + PITCH * (tallest - 1) / 2
    left = SIDE + LETTER * max(len(short(name, LETTERS)) for name in features)
    right = SIDE + LETTER * max(len(short(name, LETTERS)) for name in outputs)
    columns = [_column(left, len(features), middle, features, ("readings", str(len(features))))]
    for place, layer in enumerate(kept, start=1):
        says = (layer["activation"], str(layer["units"]))
        names = outputs if place == len(kept) else ()
        columns.append(_column(left + STEP * place, layer["units"], middle, names, says))
    return Drawing(
        columns,
        ["".join(_joins(before, after)) for before, after in pairwise(columns)],
        more,
        left + STEP * len(kept) + right,
        TOP + PITCH * tallest + 44,
    )


def _column(x: int, size: int, middle: float, names: Sequence[str], says: Sequence[str]) -> Column:
    kept, gap = [*range(size)], None
    if size > CIRCLES:
        gap = CIRCLES // 2
        kept = [*range(gap), *range(size - CIRCLES + gap + 1, size)]
    top = middle - PITCH * (min(size, CIRCLES) - 1) / 2
    heights = [top + PITCH * row for row in range(min(size, CIRCLES)) if row != gap]
    return Column(
        x,
        heights,
        None if gap is None else top + PITCH * gap,
        [short(names[place], LETTERS) for place in kept] if names else (),
        says,
    )


def _joins(before: Column, after: Column) -> list[str]:
    return [
        f"M{before.x} {start:g}L{after.x} {end:g}"
        for start in before.circles
        for end in after.circles
    ]
