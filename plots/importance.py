"""Draws permutation importance: by how much a score gets worse without what each column says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlp_edge.plots.style import (
    DARK,
    FILL,
    SOFT,
    Figure,
    blank,
    headed,
    metric_name,
    quoted,
    rows_of,
    short,
    styled,
)

MOST = 24
"""Columns that have a bar."""


@styled
def of_importance(
    columns: Mapping[str, tuple[float, float]],
    metric: str,
    rows: int,
    shuffles: int,
    alike: Sequence[Sequence[str]] = (),
    falls: bool = False,
    standardised: bool = False,
) -> dict[str, Figure]:
    """How much worse a score gets when a column is shuffled.

    Args:
        columns: column -> by how much, and the standard error over the shuffles; in any order.
        metric: the score.
        rows: how many were shuffled.
        shuffles: of each column.
        alike: columns that say the same.
        falls: whether the score falls when it gets worse.
        standardised: whether each of several targets counts in units of its standard deviation.

    Returns:
        "importance": a bar for each of the ``MOST`` most important columns, these on top.
    """
    ordered = sorted(columns.items(), key=lambda each: -each[1][0])
    shown = ordered[:MOST]
    names = [short(name, 26) for name, _ in shown]
    means, errors = zip(*(each for _, each in shown), strict=True)
    places = range(len(shown))
    figure = blank(7.6, 2.1 + 0.36 * len(shown))
    axes = figure.add_subplot()
    axes.barh(places, means, color=FILL, height=0.7)
    axes.errorbar(means, places, xerr=errors, fmt="none", ecolor=DARK, elinewidth=1.6, capsize=3)
    axes.axvline(0, color=SOFT, linewidth=1)
    axes.set_yticks(places, names)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=5)
    moves = "falls" if falls else "rises"
    unit = ", each target in its own standard deviations" if standardised else ""
    axes.set_xlabel(f"{metric_name(metric)} {moves} by{unit}")
    few = f"The {MOST} most important of {len(ordered):,} columns. " if ordered[MOST:] else ""
    same = " and ".join(quoted(name, 16) for name in alike[0][:2]) if alike else ""
    more = " (and others)" if len(alike) > 1 or (alike and len(alike[0]) > 2) else ""
    said = f" {same}{more} say the same: either may look unimportant." if same else ""
    headed(
        figure,
        f"What predictions rest on: {metric_name(metric)} when a column is shuffled",
        f"{few}{rows_of(rows, 'rows')}. Mean of {shuffles} shuffles ± their standard error; "
        f"other rows would move it more.{said}",
    )
    return {"importance": figure}
