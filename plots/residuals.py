"""Draws predicted against true values of a regression, and its residuals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.plots.judged import Judged
from mlp_edge.plots.style import (
    COLOURS,
    DARK,
    LINES,
    MODELS,
    Axes,
    Figure,
    blank,
    headed,
    keys,
    number,
    rows_of,
    short,
)

Reals = NDArray[np.float64]
MOST_TARGETS = 6
MOST_POINTS = 2_000
"""Above, the points of an SVG are a picture within it: a file of 100,000 circles opens nowhere."""


def residuals(judged: Judged) -> Figure:
    """For each target, predictions against the truth and residuals against predictions."""
    shown = judged.targets[:MOST_TARGETS]
    figure = blank(10.4, 0.9 + 4.5 * len(shown))
    panels = figure.subplots(len(shown), 2, squeeze=False)
    for index, target in enumerate(shown):
        predictions = {model: _values(outputs, index) for model, outputs in judged.models.items()}
        _target(
            panels[index],
            short(target),
            _values(judged.truth, index),
            predictions,
            judged.constant[index],
        )
    more = len(judged.targets) - len(shown)
    note = f"The first {len(shown)} of {len(judged.targets)} targets. " if more else ""
    headed(
        figure,
        f"Predictions and residuals of {judged.name}, {rows_of(len(judged.truth), judged.part)}",
        f"{note}RMSE: root mean squared error, in the target's unit. A constant prediction is the "
        "mean "
        f"of {'the training' if judged.prior else 'these'} rows.",
    )
    return figure


def _values(values: NDArray[np.float32], index: int) -> Reals:
    return np.asarray(values, np.float64)[:, index]


def _target(
    panels: NDArray[np.object_],
    name: str,
    truth: Reals,
    predictions: dict[str, Reals],
    constant: float,
) -> None:
    left, right = panels
    for model in reversed(predictions):
        error = number(float(np.sqrt(np.mean((truth - predictions[model]) ** 2))))
        _points(left, model, truth, predictions[model], f"{MODELS[model]}, RMSE {error}")
        _points(right, model, predictions[model], truth - predictions[model], "")
    error = number(float(np.sqrt(np.mean((truth - constant) ** 2))))
    spread = f"{MODELS['prior']}, RMSE {error}"
    left.axhline(constant, label=spread, **LINES["prior"])
    ends = [float(truth.min()), float(truth.max())]
    left.plot(ends, ends, color=DARK, linewidth=1, label="perfect")
    right.axhline(0, color=DARK, linewidth=1)
    left.set(xlabel=f"true {name}", ylabel=f"predicted {name}")
    right.set(xlabel=f"predicted {name}", ylabel="residual: true − predicted")
    handles, labels = keys(left)
    legend = left.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1),
        borderaxespad=0.2,
        markerscale=2.5 if len(truth) > MOST_POINTS else 1,
    )
    for handle in legend.legend_handles:
        handle.set_alpha(1)


def _points(axes: Axes, model: str, x: Reals, y: Reals, label: str) -> None:
    look: dict[str, Any] = (
        {"marker": "o", "color": COLOURS[model], "linewidths": 0, "s": 24}
        if model == "mlp"
        else {
            "marker": "s",
            "facecolors": "none",
            "edgecolors": COLOURS[model],
            "s": 20,
            "linewidths": 0.9,
        }
    )
    if len(x) > MOST_POINTS:
        look |= {"alpha": 0.2, "s": 6, "rasterized": True}
    axes.scatter(x, y, label=label, **{"alpha": 0.75, **look})
