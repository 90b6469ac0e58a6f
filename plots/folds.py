"""Draws the score of each fold of a cross-validation, model beside model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, log10

import numpy as np
from numpy.typing import NDArray

from mlp_edge.plots.style import (
    COLOURS,
    INK,
    MARKERS,
    MODELS,
    SMALL,
    Axes,
    Figure,
    blank,
    headed,
    metric_name,
    short,
    styled,
)

Scores = Mapping[str, Mapping[str, Sequence[float]]]
"""Model ("mlp", "linear", "prior") -> metric -> a value per fold."""
ACROSS = 2


@styled
def of_folds(folds: Scores) -> dict[str, Figure]:
    """The scores of a cross-validation.

    Args:
        folds: model -> metric -> value per fold; NaN where a fold has none.

    Returns:
        "cross_validation": a panel per metric; nothing where there is no metric.
    """
    metrics = list(dict.fromkeys(metric for scores in folds.values() for metric in scores))
    if not metrics:
        return {}
    across = min(ACROSS, len(metrics))
    down = -(-len(metrics) // across)
    figure = blank(2.4 + 4.4 * across, 1.3 + (1 + 0.42 * len(folds)) * down)
    panels = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
    for axes, metric in zip(panels, metrics, strict=False):
        _panel(axes, metric, {model: scores.get(metric, ()) for model, scores in folds.items()})
    panels[0].set_ylim(len(folds) - 0.4, -0.6)
    for axes in panels[len(metrics) :]:
        axes.set_axis_off()
    count = max(len(values) for scores in folds.values() for values in scores.values())
    headed(
        figure,
        f"Cross-validation, {count:,} fold{'' if count == 1 else 's'}",
        "A point per fold; line and numbers: mean ± standard deviation over the folds.",
    )
    return {"cross_validation": figure}


def _panel(axes: Axes, metric: str, models: Mapping[str, Sequence[float]]) -> None:
    for place, (model, values) in enumerate(models.items()):
        finite = np.array([value for value in values if np.isfinite(value)], np.float64)
        if len(finite):
            _model(axes, place, model, finite)
    axes.set_yticks(range(len(models)), [MODELS.get(model, short(model)) for model in models])
    axes.set_title(metric_name(metric))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.06)


def _model(axes: Axes, place: int, model: str, values: NDArray[np.float64]) -> None:
    colour = COLOURS.get(model, INK)
    # Points beside each other, in the order of the folds, so that equal ones do not hide.
    heights = place + 0.16 * np.linspace(-1, 1, len(values)) if len(values) > 1 else [place]
    axes.plot(
        values,
        heights,
        MARKERS.get(model, "o"),
        color=colour,
        markerfacecolor="white",
        markeredgewidth=1.4,
        markersize=6,
        alpha=0.9,
    )
    mean = float(values.mean())
    deviation = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    axes.errorbar(
        mean, place, xerr=deviation, color=INK, elinewidth=2, capsize=5, capthick=2, zorder=4
    )
    axes.plot([mean, mean], [place - 0.28, place + 0.28], color=INK, linewidth=2.4, zorder=4)
    said = _said(mean, deviation if len(values) > 1 else None)
    axes.annotate(
        said,
        (1.01, place),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=SMALL,
        color=INK,
        annotation_clip=False,
    )


def _said(mean: float, deviation: float | None) -> str:
    """``_said(0.7541, 0.0467) == "0.754 ± 0.047"``: three digits of the mean, as many decimals."""
    size = max(abs(mean), deviation or 0, 1e-6)
    decimals = max(0, 2 - floor(log10(size)))
    spread = "" if deviation is None else f" ± {deviation:,.{decimals}f}"
    return f"{mean:,.{decimals}f}{spread}".replace("-", "−")
