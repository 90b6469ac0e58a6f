"""Draws a search for the size: the score against what each candidate takes, the front as a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from typing import Any

from mlp_edge.plots.style import (
    DARK,
    INK,
    LIGHT,
    LINES,
    MIDDLE,
    MODELS,
    SOFT,
    Axes,
    Figure,
    blank,
    headed,
    metric_name,
    number,
    styled,
)

Candidate = Mapping[str, Any]
LOOKS: Mapping[str, tuple[str, str]] = {
    "int8": ("o", DARK), "int24": ("s", MIDDLE), "float32": ("^", LIGHT),
}  # fmt: skip
"""Marker and colour of each dtype."""

APART = 0.12
"""Decades between two sizes that are named."""


@styled
def of_sizes(
    candidates: Sequence[Candidate], metric: str, target: str, baseline: float | None = None
) -> dict[str, Figure]:
    """What sizes score and take.

    Args:
        candidates: each with hidden, dtype, score (None where none was trained), error, flash and
            count (None where not known), counts, over, front and chosen.
        metric: what the score is, less being better.
        target: the chip or board.
        baseline: the linear baseline's score on the same folds, or None.

    Returns:
        "sizes"; nothing when no candidate has a score.
    """
    scored = [one for one in candidates if one["score"] is not None and _taken(one) is not None]
    if not scored:
        return {}
    figure = blank(8.6, 5.6)
    axes = figure.add_subplot()
    for dtype in LOOKS:
        every = [one for one in scored if one["dtype"] == dtype]
        _points(axes, dtype, [one for one in every if not one["over"]])
        _points(axes, dtype, [one for one in every if one["over"]], fits=False)
    _front(axes, [one for one in scored if one["front"] and not one["over"]])
    if baseline is not None:
        axes.axhline(baseline, label=f"{MODELS['linear']} {number(baseline)}", **LINES["linear"])
    chosen = [one for one in scored if one["chosen"]]
    axes.plot(
        *_places(chosen), "o", markersize=15, markerfacecolor="none", markeredgecolor=INK,
        markeredgewidth=2, label="chosen",
    )  # fmt: skip
    counts = scored[0]["counts"]
    unit = "bytes of flash" if counts == "nothing" else counts
    _logarithmic(axes, _places(scored)[0])
    axes.set_xlabel(f"{unit} on {target}{'' if unit != counts else ', worst case'}")
    axes.set_ylabel(metric_name(metric))
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    told = "".join(f"Chosen: {_hidden(one)} in {one['dtype']}. " for one in chosen)
    headed(
        figure,
        f"Sizes for {target}: {metric_name(metric)} against {unit}",
        f"{told}Mean over the folds ± standard error, less is better.",
    )
    return {"sizes": figure}


def _points(axes: Axes, dtype: str, every: Sequence[Candidate], fits: bool = True) -> None:
    if not every:
        return
    marker, colour = LOOKS[dtype]
    axes.errorbar(
        *_places(every), [one["error"] for one in every], fmt=marker, color=colour, ecolor=colour,
        elinewidth=1, markersize=7, alpha=0.85, markerfacecolor=colour if fits else "none",
        label=dtype if fits else f"{dtype}, does not fit",
    )  # fmt: skip


def _front(axes: Axes, front: Sequence[Candidate]) -> None:
    """The line below which nothing fits, with sizes at its corners where there is room for them."""
    ordered = sorted(front, key=_taken)
    axes.plot(
        *_places(ordered), color=SOFT, linewidth=1.2, drawstyle="steps-post", label="front",
        zorder=0,
    )  # fmt: skip
    kept: list[float] = []
    for one in sorted(ordered, key=lambda one: not one["chosen"]):
        place = (_taken(one), one["score"])
        if all(abs(log10(place[0] / other)) > APART for other in kept):
            axes.annotate(_hidden(one), place, xytext=(6, 8), textcoords="offset points")
            kept.append(place[0])


def _places(every: Sequence[Candidate]) -> tuple[list[float], list[float]]:
    return [_taken(one) for one in every], [one["score"] for one in every]


def _logarithmic(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic x axis, its ticks at 1, 2 and 5 times the powers of ten, in plain numbers."""
    low, high = min(values) / 1.3, max(values) * 1.3
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    ticks = [first * 10**decade for decade in decades for first in (1, 2, 5)]
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xticks([tick for tick in ticks if low <= tick <= high])
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _taken(one: Candidate) -> Any:
    """What stands on the x axis; None where it is not known."""
    return one["flash"] if one["counts"] == "nothing" else one["count"]


def _hidden(one: Candidate) -> str:
    return "-".join(map(str, one["hidden"])) or "none"
