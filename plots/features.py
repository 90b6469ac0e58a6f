"""Draws the features of a table: ranges, quantiles, frequencies, missing values."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Encoding
from mlp_edge.feature import Feature
from mlp_edge.mlp import Rows
from mlp_edge.plots.style import (
    COLOURS,
    DARK,
    FILL,
    LINES,
    SMALL,
    Axes,
    Figure,
    blank,
    headed,
    in_percent,
    percent,
    rows_of,
    short,
    styled,
)

MOST = 24
"""Features that have a panel."""
MOST_LEVELS = 6
"""Levels of a category that have a bar, if there are more than one too many."""
BARS = 16
COLUMNS = 3


@styled
def of_table(
    features: Sequence[Feature], rows: Rows, held_out: Rows | None = None
) -> dict[str, Figure]:
    """What the columns hold that a model learns from.

    Args:
        features: the columns, in order.
        rows: raw training readings (n, features) float32, NaN where one is missing.
        held_out: readings that training never saw (m, features) float32, or None.

    Returns:
        "features": a panel for each of the first ``MOST`` features.
    """
    shown = list(features[:MOST])
    parts = [part[:, : len(shown)] for part in (rows, held_out) if part is not None and len(part)]
    missing = [Encoding.of(shown).missing(part) for part in parts]
    across = min(COLUMNS, len(shown))
    down = ceil(len(shown) / across)
    figure = blank(max(6.4, 3.5 * across), 1.2 + 2.3 * down)
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for place, (axes, feature) in enumerate(zip(panels, shown, strict=False)):
        known = [part[~gone[:, place], place] for part, gone in zip(parts, missing, strict=True)]
        shares = [float(gone[:, place].mean()) for gone in missing]
        _panel(axes, feature, known, shares)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    headed(figure, _title(features, rows, held_out), _note(len(features), len(shown), len(parts)))
    return {"features": figure}


def _title(features: Sequence[Feature], rows: Rows, held_out: Rows | None) -> str:
    counted = f"{len(features):,} feature{'' if len(features) == 1 else 's'}"
    others = "" if held_out is None else f", {rows_of(len(held_out), 'held-out rows')}"
    return f"{counted}, {rows_of(len(rows), 'training rows')}{others}"


def _note(features: int, shown: int, parts: int) -> str:
    said = [f"The first {shown} of {features:,} features."] if shown < features else []
    said.append("Share of the rows. Marks below: least, median, greatest; bar: the middle half.")
    if parts > 1:
        said.append("Dashed, and squares: held-out rows.")
    return " ".join(said)


def _panel(
    axes: Axes, feature: Feature, known: Sequence[NDArray[np.float32]], missing: Sequence[float]
) -> None:
    unit = f" [{short(feature.unit, 8)}]" if feature.unit not in feature.name else ""
    axes.set_title(
        f"{short(feature.name, 26 - len(unit))}{unit}\n{_missing(missing)}", fontsize=SMALL
    )
    if not any(len(values) for values in known):
        axes.set_axis_off()
    elif feature.kind == "category":
        _levels(axes, feature, known)
    else:
        _numbers(axes, [values[np.isfinite(values)].astype(np.float64) for values in known])


def _missing(shares: Sequence[float]) -> str:
    if not any(shares):
        return "none missing"
    if len(shares) and min(shares) == 1:
        return "every reading missing"
    training, *others = [percent(share) for share in shares]
    return f"{training} missing" + "".join(f" (held out {share})" for share in others)


def _numbers(axes: Axes, known: Sequence[NDArray[np.float64]]) -> None:
    """A histogram in shares; the ticks are the training rows' range and median."""
    every = np.concatenate(known)
    if not len(every):
        axes.set_axis_off()
        return
    low, high = float(every.min()), float(every.max())
    margin = (high - low) / 2 or abs(high) / 2 or 1.0
    edges = (
        np.linspace(low, high, BARS + 1) if high > low else np.array([low - margin, high + margin])
    )
    for place, values in enumerate(known):
        if len(values):
            counts, _ = np.histogram(values, edges)
            look = {"color": FILL} if place == 0 else {"fill": False, **LINES["linear"]}
            axes.stairs(
                counts / len(values), edges, **{"linewidth": 1.5, **look, "fill": place == 0}
            )
    first = known[0] if len(known[0]) else every
    quarter, median, three = np.quantile(first, (0.25, 0.5, 0.75))
    top = axes.get_ylim()[1]
    axes.plot([quarter, three], [-0.06 * top] * 2, color=DARK, linewidth=4, solid_capstyle="butt")
    axes.plot([median], [-0.06 * top], "o", color="white", markeredgecolor=DARK, markersize=6)
    axes.set_ylim(-0.13 * top, top)
    _ticks(axes, [float(first.min()), float(median), float(first.max())], edges)


def _ticks(axes: Axes, marks: Sequence[float], edges: NDArray[np.float64]) -> None:
    """Ticks at the least, the median and the greatest, unless two of them would overlap."""
    low, median, high = marks
    width = float(edges[-1] - edges[0])
    chosen = [low] if high == low else [low, high]
    if min(median - low, high - median) > 0.27 * width:
        chosen.insert(1, median)
    axes.set_xticks(chosen, [f"{mark:.4g}".replace("-", "−") for mark in chosen])
    in_percent(axes.yaxis)


def _levels(axes: Axes, feature: Feature, known: Sequence[NDArray[np.float32]]) -> None:
    """A bar for each frequent level; the others, and codes of none, are one bar together."""
    counts = np.array([[np.sum(values == code) for code in feature.codes] for values in known])
    order = np.argsort(-counts[0], kind="stable")
    many = len(order) > MOST_LEVELS + 1
    top = order[:MOST_LEVELS] if many else order
    names = [short(feature.categories[index], 12) for index in top]
    bars = counts[:, top]
    rest = np.array([len(values) for values in known]) - bars.sum(axis=1)
    if many or rest.any():
        names.append(f"{len(order) - len(top)} others" if many else "others")
        bars = np.column_stack([bars, rest])
    rows = np.array([[max(1, len(values))] for values in known])
    shares = bars / rows
    places = np.arange(len(names))
    axes.barh(places, shares[0], color=FILL, height=0.7)
    for held_out in shares[1:]:
        axes.plot(
            held_out,
            places,
            "s",
            color="white",
            markeredgecolor=COLOURS["linear"],
            markeredgewidth=1.5,
            markersize=6,
            clip_on=False,
        )
    axes.set_yticks(places, names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0)
    in_percent(axes.xaxis)
