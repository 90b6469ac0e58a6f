"""Draws a network as columns of circles, with shapes, activations and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import require
from mlp_edge.mlp import Mlp
from mlp_edge.plots.style import (
    DARK,
    FAINT,
    FILL,
    INK,
    NORMAL,
    SMALL,
    SOFT,
    Axes,
    Figure,
    blank,
    headed,
    number,
    quoted,
    short,
    styled,
)
from mlp_edge.walk import head_numbers, sources

Reals = NDArray[np.float64]
CIRCLES = 16
"""Most circles of a layer; of a wider one the first and the last are drawn."""
LAYERS = 7
"""Most dense layers that are drawn; of a deeper network the first and the last."""
STEP, PITCH, RADIUS = 1.75, 0.3, 0.105
"""Inches: between columns, between circles, of a circle."""
ARC = 0.3
"""Inches that an arc rises for each column that it passes."""


@dataclass(frozen=True)
class Column:
    """One column of the picture.

    Attributes:
        width: how many values it has.
        says: lines beneath it, the first in bold.
        names: of its values; () leaves them without.
        boxed: whether a box stands for the computation in front of the values.
        gap: whether layers are left out here, and nothing else is shown.
        value: the number of the value that it is, as layers read it (``mlp_edge.walk``).
        reads: the values that it reads, and that it is multiplied by.
        whole: whether each of its units takes each unit of the column before.
    """

    width: int
    says: tuple[str, ...]
    names: Sequence[str] = field(default=())
    boxed: bool = False
    gap: bool = False
    value: int | None = None
    reads: tuple[int, ...] = ()
    whole: bool = True


@styled
def of_network(mlp: Mlp) -> dict[str, Figure]:
    """Draw the network from its features to its predictions.

    Returns:
        "architecture".
    """
    columns = _columns(mlp)
    tallest = max(len(_places(column)) for column in columns)
    height = max(1.2, PITCH * tallest)
    left = 0.25 + 0.085 * max(map(len, columns[0].names))
    right = 0.35 + 0.085 * max(map(len, columns[-1].names))
    lines = max(len(column.says) for column in columns)
    below = 0.35 + 0.21 * lines
    body = STEP * (len(columns) - 1)
    width = max(6.4, left + body + right + 1.2)
    figure = blank(width, height + below + 1.2 + _rise(columns))
    axes = figure.add_subplot()
    xs = [STEP * place for place in range(len(columns))]
    for (column, x), (after, next_x) in pairwise(zip(columns, xs, strict=True)):
        if after.whole and (None in (column.value, after.value) or column.value in after.reads):
            _joined(axes, column, x, after, next_x)
    above = _arcs(axes, columns, xs, height)
    for column, x in zip(columns, xs, strict=True):
        _column(axes, column, x, height)
    _named(axes, columns[0], -0.2, "right")
    _named(axes, columns[-1], xs[-1] + 0.2, "left")
    spare = (width - left - body - right) / 2
    axes.set(
        xlim=(-left - spare, body + right + spare),
        ylim=(-height / 2 - below, height / 2 + 0.1 + above),
        aspect="equal",
    )
    axes.set_axis_off()
    headed(figure, _title(mlp), _note(mlp))
    return {"architecture": figure}


def _title(mlp: Mlp) -> str:
    return f"Architecture of {mlp.name}: {mlp.topology}, {mlp.parameters:,} parameters"


def _note(mlp: Mlp) -> str:
    said = ["n: number of rows."]
    if mlp.task == "binary":
        positive, negative = quoted(mlp.labels[1]), quoted(mlp.labels[0])
        said.append(
            f"Above {number(float(mlp.threshold))} the prediction is {positive}, else {negative}."
        )
    elif mlp.task == "multiclass":
        said.append("The prediction is the class of the greatest probability.")
    if mlp.clip is not None:
        low, high = mlp.clip
        said.append(f"The prediction is limited to {number(low)} … {number(high)}.")
    if mlp.encoding.rejects:
        said.append("A row with a missing reading that nothing fills has no prediction.")
    return " ".join(said)


def _columns(mlp: Mlp) -> list[Column]:
    names = [short(feature.name, 20) for feature in mlp.features]
    prepared = not mlp.encoding.plain or mlp.scaling is not None
    says = "readings", f"(n, {mlp.inputs:,})"
    columns = [Column(mlp.inputs, says, names, value=None if prepared else 0)]
    if prepared:
        columns.append(_prepared(mlp))
    columns += [_layer(mlp, number_of) for number_of in range(1, len(mlp.layers) + 1)]
    more = len(mlp.layers) - LAYERS
    if more > 0:
        start = len(columns) - LAYERS - more + LAYERS // 2
        hidden = columns[start : start + more + 1]
        columns[start : start + more + 1] = [
            Column(0, (f"{len(hidden):,} more", "layers"), gap=True)
        ]
    if mlp.heads not in ((), (len(mlp.layers),)):
        columns.append(
            Column(
                mlp.outputs,
                ("predictions", f"(n, {mlp.outputs:,})"),
                _answers(mlp),
                value=len(mlp.layers) + 1,
                reads=mlp.heads,
                whole=False,
            )
        )
    return columns


def _layer(mlp: Mlp, number_of: int) -> Column:
    layer = mlp.layers[number_of - 1]
    read, gate = sources(layer, number_of), () if layer.times is None else (layer.times,)
    says = [
        f"dense {number_of}",
        layer.activation,
        f"(n, {layer.outputs:,})",
        f"{layer.inputs:,} × {layer.outputs:,}" if layer.diagonals is None else "unit by unit",
        f"+ {layer.outputs:,} = {layer.parameters:,}",
    ]
    if not mlp.is_chain:
        says += [f"of {', '.join(_called(value) for value in read)}"]
        says += [f"times {_called(value)}" for value in gate]
    names = _answers(mlp) if head_numbers(mlp.layers, mlp.heads) == (number_of,) else ()
    return Column(layer.outputs, tuple(says), names, value=number_of, reads=(*read, *gate))


def _called(value: int) -> str:
    return f"dense {value}" if value else "readings"


def _skipping(columns: Sequence[Column]) -> list[tuple[int, int]]:
    """(from, to) of the columns that a value passes over, by their places."""
    places = {column.value: place for place, column in enumerate(columns)}
    return [
        (places[value], place)
        for place, column in enumerate(columns)
        for value in sorted({*column.reads})
        if value in places and (place - places[value] > 1 or not column.whole)
    ]


def _rise(columns: Sequence[Column]) -> float:
    """How far the arcs rise above the circles, in inches."""
    return max((ARC * (end - start) + 0.1 for start, end in _skipping(columns)), default=0.0)


def _arcs(axes: Axes, columns: Sequence[Column], xs: Sequence[float], height: float) -> float:
    """Draw an arc above the columns that a value passes over; returns how far they rise."""
    patches = require("matplotlib.patches")
    for start, end in _skipping(columns):
        ends = [(xs[place], _heights(columns[place])[0] + RADIUS) for place in (start, end)]
        top = height / 2 + ARC * (end - start)
        path = require("matplotlib.path").Path
        corners = [ends[0], (ends[0][0], top), (ends[1][0], top), ends[1]]
        codes = [path.MOVETO, *3 * [path.CURVE4]]
        axes.add_patch(
            patches.PathPatch(path(corners, codes), facecolor="none", edgecolor=SOFT, linewidth=1.0)
        )
    return _rise(columns)


def _answers(mlp: Mlp) -> list[str]:
    if mlp.task == "regression":
        return [short(target, 20) for target in mlp.targets]
    labels = mlp.labels[1:] if mlp.task == "binary" else mlp.labels
    return [f"P({short(label, 18)})" for label in labels]


def _prepared(mlp: Mlp) -> Column:
    """Encoding and scaling: what happens to readings before the first layer."""
    encoding = mlp.encoding
    filled = int((~np.isnan(encoding.fill)).sum())
    categories = len(set(encoding.categories.tolist()))
    steps = [
        f"{filled:,} filled" if filled else "",
        f"{len(encoding.indicators):,} “missing?”" if len(encoding.indicators) else "",
        f"{categories:,} one-hot: {len(encoding.codes):,}" if categories else "",
        f"{len(encoding.numbers):,} standardised" if mlp.scaling is not None else "",
    ]
    says = ("prepared", *(step for step in steps if step), f"(n, {encoding.width:,})")
    return Column(encoding.width, says, boxed=True, value=0)


def _places(column: Column) -> list[int | None]:
    """Which of a column's values are drawn; None for the ellipsis."""
    if column.width <= CIRCLES:
        return list(range(column.width))
    half = CIRCLES // 2
    last = range(column.width - half + 1, column.width)
    return [*range(half), None, *last]


def _heights(column: Column) -> Reals:
    count = len(_places(column))
    top = PITCH * (count - 1) / 2
    return np.linspace(top, -top, count, dtype=np.float64)


def _drawn(column: Column) -> Reals:
    """Heights of the circles, the ellipsis left out."""
    drawn = [place is not None for place in _places(column)]
    return _heights(column)[drawn]


def _joined(axes: Axes, column: Column, x: float, after: Column, next_x: float) -> None:
    """Lines from every value to every neuron, or straight into the box."""
    if column.gap or after.gap:
        return
    starts, ends = _drawn(column), _drawn(after)
    if after.boxed:
        pairs = [(start, start) for start in starts]
        next_x -= 2.2 * RADIUS
    else:
        pairs = [(start, end) for start in starts for end in ends]
    lines = [[(x, start), (next_x, end)] for start, end in pairs]
    collections = require("matplotlib.collections")
    axes.add_collection(collections.LineCollection(lines, colors=FAINT, linewidths=0.6, zorder=0))


def _column(axes: Axes, column: Column, x: float, height: float) -> None:
    if column.gap:
        axes.text(x, 0, "· · ·", ha="center", va="center", fontsize=20, color=SOFT)
    elif column.boxed:
        _box(axes, column, x)
    else:
        _circles(axes, column, x)
    first, *others = column.says
    top = -height / 2 - 0.15
    axes.text(x, top, first, ha="center", va="top", fontsize=NORMAL, weight="bold", color=INK)
    axes.text(
        x,
        top - 0.23,
        "\n".join(others),
        ha="center",
        va="top",
        fontsize=SMALL,
        color=INK,
        linespacing=1.25,
    )


def _circles(axes: Axes, column: Column, x: float) -> None:
    patches = require("matplotlib.patches")
    for place, y in zip(_places(column), _heights(column), strict=True):
        if place is None:
            axes.text(x, y, "⋮", ha="center", va="center", fontsize=NORMAL, color=INK)
        else:
            axes.add_patch(
                patches.Circle((x, y), RADIUS, facecolor=FILL, edgecolor=DARK, linewidth=1.2)
            )


def _box(axes: Axes, column: Column, x: float) -> None:
    """A box, with the values that leave it as dots on its right edge."""
    patches = require("matplotlib.patches")
    heights = _heights(column)
    half = PITCH * max(len(heights), 3) / 2
    axes.add_patch(
        patches.FancyBboxPatch(
            (x - 2.2 * RADIUS, -half),
            2.2 * RADIUS,
            2 * half,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor="#eef2f6",
            edgecolor=DARK,
            linewidth=1.2,
        )
    )
    for place, y in zip(_places(column), heights, strict=True):
        if place is None:
            axes.text(x, y, "⋮", ha="center", va="center", fontsize=NORMAL, color=INK)
        else:
            axes.add_patch(patches.Circle((x, y), RADIUS / 2, facecolor=DARK, linewidth=0))


def _named(axes: Axes, column: Column, x: float, side: str) -> None:
    """The names of a column's circles."""
    for place, y in zip(_places(column), _heights(column), strict=True):
        if place is not None:
            axes.text(x, y, column.names[place], ha=side, va="center", fontsize=SMALL, color=INK)
