"""Calibration: whether 80 % of the rows with a predicted probability of 0.8 are in the class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import require
from mlp_edge.mlp import Floats
from mlp_edge.plots.judged import Judged
from mlp_edge.plots.style import (
    COLOURS,
    FAINT,
    FILL,
    INK,
    LINES,
    MARKERS,
    MODELS,
    Axes,
    Figure,
    beside,
    blank,
    headed,
    number,
    percent,
    quoted,
    rows_of,
    score,
)

Reals = NDArray[np.float64]
MOST_BINS = 10
LEAST_ROWS = 15
"""Rows that a bin should have: with fewer its share says little."""
BARS = 20


class Bins(NamedTuple):
    """Rows of like probability: mean probability, share that came true, its 95 % interval."""

    said: Reals
    came: Reals
    low: Reals
    high: Reals


def calibration(judged: Judged) -> Figure:
    """A reliability diagram, with the histogram of the probabilities below."""
    figure = blank(8.6, 6.4)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    least = 0.0 if judged.task == "binary" else 1 / len(judged.labels)
    upper.plot([least, 1], [least, 1], color=FAINT, linewidth=1.5, label="perfect")
    for model, outputs in judged.models.items():
        said, true = _claims(judged, outputs)
        _reliability(upper, model, binned(said, true), _result(judged, said, true))
        _histogram(lower, model, said, least)
    margin = 0.02 * (1 - least)
    upper.set(xlim=(least - margin, 1 + margin), ylim=(-0.03, 1.03))
    if judged.task == "binary":
        name = quoted(judged.labels[1], 16)
        upper.set_ylabel(f"share that is {name}")
        lower.set_xlabel(f"predicted probability of {name}")
        lower.axvline(judged.threshold, color=INK, linewidth=1)
        upper.axhline(float(judged.truth.mean()), label=_constant(judged), **LINES["prior"])
    else:
        upper.set_ylabel("share that is right")
        lower.set_xlabel("probability of the predicted class")
        most = float((judged.truth == judged.frequent).mean())
        upper.axhline(most, label=f"{MODELS['prior']} {percent(most)} right", **LINES["prior"])
    lower.set_ylabel("rows")
    lower.yaxis.get_major_locator().set_params(integer=True, nbins=3)
    both = "mean probability, share right"
    beside(figure, upper, "Brier score" if judged.task == "binary" else both)
    headed(
        figure,
        f"Calibration of {judged.name}, {rows_of(len(judged.truth), judged.part)}",
        _note(judged),
    )
    return figure


def binned(said: Reals, true: NDArray[np.bool_]) -> Bins:
    """Bins of about equally many rows; equal probabilities share a bin.

    Args:
        said: probabilities (n,).
        true: whether each came true (n,).

    Returns:
        Bins by probability, with Wilson's 95 % interval of each share.
    """
    count = min(MOST_BINS, max(1, len(said) // LEAST_ROWS))
    edges = np.unique(np.quantile(said, np.linspace(0, 1, count + 1)[1:-1]))
    places = np.searchsorted(edges, said, side="left")
    binomial = require("scipy.stats").binomtest
    bins = []
    for place in np.unique(places):
        inside = places == place
        rows, hits = int(inside.sum()), int(true[inside].sum())
        interval = binomial(hits, rows).proportion_ci(method="wilson")
        bins.append((said[inside].mean(), hits / rows, interval.low, interval.high))
    return Bins(*np.array(bins).T)


def _claims(judged: Judged, outputs: Floats) -> tuple[Reals, NDArray[np.bool_]]:
    """Probabilities (n,) and whether what they are of is so: the positive, or the chosen class."""
    if judged.task == "binary":
        return outputs[:, 0].astype(np.float64), judged.truth == 1
    return outputs.max(axis=1).astype(np.float64), outputs.argmax(axis=1) == judged.truth


def _result(judged: Judged, said: Reals, true: NDArray[np.bool_]) -> str:
    if judged.task == "binary":
        return score(float(np.mean((said - true) ** 2)))
    return f"{percent(float(said.mean()))}, {percent(float(true.mean()))} right"


def _constant(judged: Judged) -> str:
    brier = float(((judged.constant[0] - judged.truth) ** 2).mean())
    return f"{MODELS['prior']} {score(brier)}"


def _note(judged: Judged) -> str:
    bars = "Bars: 95 % intervals (Wilson) of bins of about equally many rows."
    threshold = f" Thin line below: the threshold, {number(judged.threshold)}."
    return bars + (threshold if judged.task == "binary" else "")


def _reliability(axes: Axes, model: str, bins: Bins, result: str) -> None:
    label = f"{MODELS[model]} {result}"
    if model == "mlp":
        off = np.abs(np.array([bins.came - bins.low, bins.high - bins.came]))
        axes.errorbar(
            bins.said,
            bins.came,
            off,
            marker="o",
            markersize=7,
            capsize=3,
            elinewidth=1.2,
            label=label,
            zorder=3,
            **LINES[model],
        )
    else:
        axes.plot(
            bins.said,
            bins.came,
            marker=MARKERS[model],
            markersize=6,
            markerfacecolor="white",
            label=label,
            **LINES[model],
        )


def _histogram(axes: Axes, model: str, said: Reals, least: float) -> None:
    edges = np.linspace(min(least, float(said.min())), max(1.0, float(said.max())), BARS + 1)
    if model == "mlp":
        axes.hist(said, edges, color=FILL, edgecolor=COLOURS[model], linewidth=0.8)
    else:
        axes.hist(said, edges, histtype="step", **LINES[model])
