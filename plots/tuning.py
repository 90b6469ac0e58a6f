"""Draws the history of a search: the score by trial, and against each setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.plots.style import (
    DARK,
    FILL,
    INK,
    LINES,
    MODELS,
    SOFT,
    Axes,
    Figure,
    blank,
    headed,
    metric_name,
    number,
    rows_of,
    styled,
)

Trial = Mapping[str, Any]
ACROSS = 3
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Setting:
    """A setting that is searched.

    Attributes:
        name: of its axis.
        of: how a trial has it; NaN where it has no value of its own.
        scale: linear, whole (numbers), decades or switch (off and on).
        absent: in decades, what 0 and NaN are called.
    """

    name: str
    of: Callable[[Trial], float]
    scale: str = "linear"
    absent: str = "0"


SETTINGS = (
    Setting("learning rate", lambda trial: trial["learning_rate"] or nan, "decades", "default"),
    Setting("widest hidden layer", lambda trial: max(trial["hidden"], default=0), "whole"),
    Setting("hidden layers", lambda trial: len(trial["hidden"]), "whole"),
    Setting("dropout", lambda trial: trial["dropout"]),
    Setting("L2", lambda trial: trial["l2"], "decades"),
    Setting("batch normalisation", lambda trial: float(trial["batch_normalization"]), "switch"),
)


@styled
def of_tuning(
    trials: Sequence[Trial], metric: str, more_is_better: bool, baseline: float | None = None
) -> dict[str, Figure]:
    """How a search went.

    Args:
        trials: in order, each with number, score (mean over folds; None without one),
            deviation, hidden, learning_rate (None is Keras's default), dropout, l2 and
            batch_normalization.
        metric: what the score is.
        more_is_better: whether a greater score is better.
        baseline: the linear baseline's score on the same folds, or None.

    Returns:
        "tuning"; nothing when no trial has a score.
    """
    scored = [trial for trial in trials if trial["score"] is not None]
    if not scored:
        return {}
    varied = [setting for setting in SETTINGS if _varies(setting, scored)]
    down = -(-len(varied) // ACROSS)
    figure = blank(10.4, 4.6 + 2.5 * down)
    grid = figure.add_gridspec(1 + down, ACROSS, height_ratios=[1.6] + [1] * down)
    place_of_best = int((np.argmax if more_is_better else np.argmin)(_scores(scored)))
    best = scored[place_of_best]
    top = figure.add_subplot(grid[0, :])
    first: Axes = None
    _history(top, trials, scored, best, more_is_better, baseline)
    top.set_ylabel(metric_name(metric))
    for place, setting in enumerate(varied):
        axes = figure.add_subplot(grid[1 + place // ACROSS, place % ACROSS], sharey=first)
        first = first or axes
        _setting(axes, setting, scored, place_of_best)
        if place % ACROSS == 0:
            axes.set_ylabel(metric_name(metric))
        else:
            axes.tick_params(labelleft=False)
    failed = len(trials) - len(scored)
    without = f" {failed} without a score (×)." if failed else ""
    headed(
        figure,
        f"Search, {rows_of(len(trials), 'trials')}: best {metric_name(metric)} "
        f"{number(best['score'])} in trial {best['number']}",
        f"Mean over the folds ± standard deviation. {_told(best)}.{without}",
    )
    return {"tuning": figure}


def _varies(setting: Setting, scored: Sequence[Trial]) -> bool:
    values = np.array([setting.of(trial) for trial in scored], np.float64)
    return len(np.unique(values)) > 1


def _told(best: Trial) -> str:
    """The best trial's settings, in words."""
    hidden = "-".join(map(str, best["hidden"])) or "none"
    normalised = ", batch normalisation" if best["batch_normalization"] else ""
    rate = number(best["learning_rate"]) if best["learning_rate"] else "Keras's default"
    return (
        f"Best: hidden {hidden}, learning rate {rate}, "
        f"dropout {number(best['dropout'])}, L2 {number(best['l2'])}{normalised}"
    )


def _history(
    axes: Axes,
    trials: Sequence[Trial],
    scored: Sequence[Trial],
    best: Trial,
    more_is_better: bool,
    baseline: float | None,
) -> None:
    numbers, scores = _numbers(scored), _scores(scored)
    deviations = np.array([trial["deviation"] or 0 for trial in scored], np.float64)
    axes.errorbar(numbers, scores, deviations, fmt="none", ecolor=FILL, elinewidth=2)
    axes.plot(numbers, scores, "o", color=DARK, markersize=6, label="trial")
    reached = (np.maximum if more_is_better else np.minimum).accumulate(scores)
    axes.plot(
        numbers, reached, color=INK, linewidth=1.2, drawstyle="steps-post", label="best so far"
    )
    if baseline is not None:
        axes.axhline(baseline, label=f"{MODELS['linear']} {number(baseline)}", **LINES["linear"])
    _ring(axes, best["number"], best["score"], "best")
    failed = [trial["number"] for trial in trials if trial["score"] is None]
    if failed:
        axes.plot(
            failed,
            [0.03] * len(failed),
            "x",
            color=SOFT,
            markersize=8,
            label="without a score",
            transform=axes.get_xaxis_transform(),
        )
    axes.set_xlabel("trial")
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axes.set_xlim(trials[0]["number"] - 0.7, trials[-1]["number"] + 0.7)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1), ncols=5, borderaxespad=0.2)


def _setting(axes: Axes, setting: Setting, scored: Sequence[Trial], best: int) -> None:
    values = np.array([setting.of(trial) for trial in scored], np.float64)
    if setting.scale == "decades" and (values > 0).any():
        values = _decades(axes, values, setting.absent)
    elif setting.scale == "switch":
        axes.set_xticks([0, 1], ["off", "on"])
        axes.set_xlim(-0.5, 1.5)
    elif setting.scale == "whole":
        axes.xaxis.get_major_locator().set_params(integer=True)
    scores = _scores(scored)
    axes.margins(0.1, 0.15)
    axes.plot(values, scores, "o", color=DARK, alpha=0.7, markersize=6)
    _ring(axes, values[best], scores[best])
    axes.set_xlabel(setting.name)


def _decades(axes: Axes, values: NDArray[np.float64], absent: str) -> NDArray[np.float64]:
    """Make the x axis one of decades; values (n,) as their logarithms.

    What has no logarithm stands to the left of all others, under a tick of its own.
    """
    exponents = np.log10(values, out=np.full(len(values), nan), where=values > 0)
    low, high = floor(np.nanmin(exponents)), ceil(np.nanmax(exponents))
    ticks = list(range(low, high + 1, 1 + (high - low) // 4))
    labels = ["10" + str(tick).translate(RAISED) for tick in ticks]
    none = np.isnan(exponents)
    if none.any():
        ticks, labels = [low - 1, *ticks], [absent, *labels]
    axes.set_xticks(ticks, labels)
    return np.where(none, low - 1, exponents)


def _ring(axes: Axes, x: float, y: float, label: str = "") -> None:
    axes.plot(
        x,
        y,
        "o",
        markersize=13,
        markerfacecolor="none",
        markeredgecolor=INK,
        markeredgewidth=2,
        label=label,
    )


def _numbers(scored: Sequence[Trial]) -> NDArray[np.int64]:
    return np.array([trial["number"] for trial in scored], np.int64)


def _scores(scored: Sequence[Trial]) -> NDArray[np.float64]:
    return np.array([trial["score"] for trial in scored], np.float64)
