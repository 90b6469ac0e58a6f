"""ROC and precision-recall curves, with the linear baseline and chance in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import require
from mlp_edge.mlp import Floats
from mlp_edge.plots.judged import Judged
from mlp_edge.plots.style import (
    DASHES,
    FILL,
    INK,
    LINES,
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
EACH = 6
"""Classes up to which each has a curve of its own."""
GRID = np.linspace(0, 1, 201)
"""Where curves of several classes are averaged."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve over x from 0 to 1, and its area."""

    x: Reals
    y: Reals
    area: float


@dataclass(frozen=True)
class Kind:
    """What parts a ROC curve from a precision-recall curve.

    Attributes:
        title: of the picture.
        area: what the number in the legend is.
        x, y: of the axes; ``{}`` stands for the class.
        steps: how matplotlib joins points.
        of: (truth (n,) bool, score (n,)) -> curve.
        chance: the share of the class -> what guessing draws at x = 0 and x = 1, and its area.
        on_grid: a curve -> its height at ``GRID``.
    """

    title: str
    area: str
    x: str
    y: str
    steps: str
    of: Callable[[NDArray[np.bool_], Reals], Curve]
    chance: Callable[[float], tuple[float, float, float]]
    on_grid: Callable[[Curve], Reals]


def _roc(truth: NDArray[np.bool_], score: Reals) -> Curve:
    metrics = require("sklearn.metrics")
    x, y, _ = metrics.roc_curve(truth, score)
    return Curve(x, y, float(metrics.auc(x, y)))


def _precision_recall(truth: NDArray[np.bool_], score: Reals) -> Curve:
    metrics = require("sklearn.metrics")
    precision, recall, _ = metrics.precision_recall_curve(truth, score)
    return Curve(recall, precision, float(metrics.average_precision_score(truth, score)))


def _at_recall(curve: Curve) -> Reals:
    """Precision at the first threshold that reaches each recall."""
    return np.asarray(curve.y[::-1][np.searchsorted(curve.x[::-1], GRID)])


ROC = Kind(
    "ROC curve",
    "area under the curve",
    "false positive rate: share of the others called {}",
    "true positive rate: share of {} found",
    "default",
    _roc,
    lambda share: (0, 1, 0.5),
    lambda curve: np.interp(GRID, curve.x, curve.y),
)
PRECISION_RECALL = Kind(
    "Precision and recall",
    "average precision",
    "recall: share of {} found",
    "precision: share of right predictions {}",
    "steps-post",
    _precision_recall,
    lambda share: (share, share, share),
    _at_recall,
)


def roc(judged: Judged) -> Figure:
    """ROC curves of a model whose truth has at least two classes."""
    return _drawn(judged, ROC)


def precision_recall(judged: Judged) -> Figure:
    """Precision-recall curves of a model whose truth has at least two classes."""
    return _drawn(judged, PRECISION_RECALL)


def _drawn(judged: Judged, kind: Kind) -> Figure:
    figure = blank(8.6, 5.6)
    axes = figure.add_subplot()
    draw = _binary if judged.task == "binary" else _multiclass
    note = draw(axes, judged, kind)
    axes.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.03), aspect="equal")
    beside(figure, axes, kind.area)
    headed(
        figure, f"{kind.title} of {judged.name}, {rows_of(len(judged.truth), judged.part)}", note
    )
    return figure


def _binary(axes: Axes, judged: Judged, kind: Kind) -> str:
    truth = judged.truth == 1
    for model, outputs in judged.models.items():
        curve = kind.of(truth, outputs[:, 0].astype(np.float64))
        _line(axes, curve, kind, f"{MODELS[model]} {score(curve.area)}", LINES[model])
    _chance(axes, kind, float(truth.mean()))
    name = quoted(judged.labels[1], 16)
    axes.set(xlabel=kind.x.format(name), ylabel=kind.y.format(name))
    return _threshold(axes, judged, kind)


def _threshold(axes: Axes, judged: Judged, kind: Kind) -> str:
    """Mark where the threshold stands; what it means, in words."""
    called = judged.chosen("mlp") == 1
    truth = judged.truth == 1
    negative, positive = (quoted(label, 16) for label in judged.labels)
    found = float(called[truth].mean())
    where = f"At the threshold {number(judged.threshold)}"
    if kind is ROC:
        alarms = float(called[~truth].mean())
        place = (alarms, found)
        second = f"{percent(alarms)} of {negative} called {positive}"
    elif called.any():
        right = float(truth[called].mean())
        place = (found, right)
        second = f"{percent(right)} of what is called {positive} is {positive}"
    else:
        return f"{where} no row is called {positive}."
    axes.plot(
        *place,
        "o",
        markersize=10,
        markerfacecolor="white",
        markeredgecolor=INK,
        markeredgewidth=2,
        label=f"threshold {number(judged.threshold)}",
        zorder=5,
        clip_on=False,
    )
    return f"{where}: {percent(found)} of {positive} found, {second}."


def _multiclass(axes: Axes, judged: Judged, kind: Kind) -> str:
    present = [index for index in range(len(judged.labels)) if (judged.truth == index).any()]
    curves = {
        model: [kind.of(judged.truth == index, _column(outputs, index)) for index in present]
        for model, outputs in judged.models.items()
    }
    if len(judged.labels) <= EACH:
        _each(axes, curves["mlp"], [judged.labels[index] for index in present], kind)
    else:
        heights = np.array([kind.on_grid(curve) for curve in curves["mlp"]])
        axes.fill_between(
            GRID,
            heights.min(axis=0),
            heights.max(axis=0),
            color=FILL,
            alpha=0.5,
            linewidth=0,
            label="worst to best class",
        )
    for model, every in curves.items():
        curve = _macro(every, kind)
        label = f"{MODELS[model]}, mean {score(curve.area)}"
        _line(axes, curve, kind, label, {**LINES[model], "linewidth": 2.6})
    _chance(axes, kind, float(np.mean([(judged.truth == index).mean() for index in present])))
    axes.set(xlabel=kind.x.format("a class"), ylabel=kind.y.format("a class"))
    left_out = len(judged.labels) - len(present)
    absent = f" Classes without a row here, left out: {left_out}." if left_out else ""
    return f"Each class against the rest, and their unweighted mean.{absent}"


def _each(axes: Axes, curves: list[Curve], labels: list[str], kind: Kind) -> None:
    # From dark to middle: the lightest end of the map is not to be seen on white.
    colours = require("matplotlib").colormaps["cividis"](np.linspace(0, 0.65, len(curves)))
    for curve, label, colour, dashes in zip(curves, labels, colours, DASHES, strict=False):
        look = {"color": colour, "linestyle": dashes, "linewidth": 1.3}
        _line(axes, curve, kind, f"{quoted(label, 16)} {score(curve.area)}", look)


def _column(outputs: Floats, index: int) -> Reals:
    return outputs[:, index].astype(np.float64)


def _macro(curves: list[Curve], kind: Kind) -> Curve:
    """The unweighted mean of the curves; its area is the mean of theirs."""
    heights = np.mean([kind.on_grid(curve) for curve in curves], axis=0)
    if kind is ROC:
        heights[0] = 0
    return Curve(GRID, heights, float(np.mean([curve.area for curve in curves])))


def _line(axes: Axes, curve: Curve, kind: Kind, label: str, look: Mapping[str, Any]) -> None:
    axes.plot(curve.x, curve.y, label=label, drawstyle=kind.steps, **look)


def _chance(axes: Axes, kind: Kind, share: float) -> None:
    start, end, area = kind.chance(share)
    axes.plot([0, 1], [start, end], label=f"chance {score(area)}", **LINES["prior"])
