"""Draws learning curves: the loss and the metric by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mlp_edge.lazy import require
from mlp_edge.plots.style import (
    DARK,
    INK,
    LIGHT,
    MIDDLE,
    SMALL,
    SOFT,
    Axes,
    Figure,
    blank,
    headed,
    metric_name,
    number,
    short,
    styled,
)

VALIDATION = "val_"
"""Before the name of what was measured on validation rows, as Keras has it."""
DECADES = 30
"""A loss that falls to less than this part is shown on a logarithmic axis."""
GAP = 0.11
"""Between two names at the ends of lines, in heights of a panel."""


@styled
def of_training(
    history: Sequence[Mapping[str, float]], kept: int | None, unit: str = ""
) -> dict[str, Figure]:
    """How a training went.

    Args:
        history: each epoch's logs, in order: "loss", a metric such as "accuracy", and both with
            "val_" in front for the validation rows.
        kept: number, from 1, of the epoch whose weights were kept; None is the last.
        unit: of the metric, such as "deviations of the target"; "" when it has none.

    Returns:
        "learning"; nothing for an empty history.
    """
    if not history:
        return {}
    metrics = [name for name in history[0] if not name.startswith(VALIDATION) and name != "loss"]
    names = ["loss", *[name for name in metrics if name != "learning_rate"][:1]]
    figure = blank(8, 1.6 + 2.7 * len(names))
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(panels, names, strict=True):
        _panel(axes, history, name, kept)
        measured = f"\n[{short(unit)}]" if unit and name != "loss" else ""
        axes.set_ylabel(metric_name(name) + measured)
    figure.align_ylabels(panels)
    panels[-1].set_xlabel("epoch")
    panels[-1].xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    epochs = f"{len(history):,} epoch{'' if len(history) == 1 else 's'}"
    which = f", the weights of epoch {kept:,} kept" if kept is not None else ""
    headed(figure, f"Learning curves, {epochs}{which}", _note(history, names, kept))
    return {"learning": figure}


def _panel(axes: Axes, history: Sequence[Mapping[str, float]], name: str, kept: int | None) -> None:
    epochs = range(1, len(history) + 1)
    marker = "o" if len(history) == 1 else ""
    lines = {
        "training": (name, {"color": DARK, "linestyle": "-"}),
        "validation": (VALIDATION + name, {"color": MIDDLE, "linestyle": "--"}),
    }
    ends: dict[str, float] = {}
    values: list[float] = []
    for label, (key, look) in lines.items():
        if key not in history[0]:
            continue
        heights = [logs.get(key, math.nan) for logs in history]
        axes.plot(epochs, heights, marker=marker, linewidth=2, **look)
        ends[label] = heights[-1]
        values += [height for height in heights if math.isfinite(height)]
    if name == "loss" and values and 0 < min(values) * DECADES < max(values):
        axes.set_yscale("log")
        ticker = require("matplotlib.ticker")
        axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5), numticks=7))
        axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_locator(ticker.NullLocator())
    if kept is not None:
        axes.axvline(kept, color=LIGHT, linewidth=1.5, linestyle=":")
        axes.annotate(
            "kept",
            (kept, 1),
            xycoords=("data", "axes fraction"),
            xytext=(4, -2),
            va="top",
            textcoords="offset points",
            fontsize=SMALL,
            color=SOFT,
        )
    _names(axes, {label: end for label, end in ends.items() if math.isfinite(end)}, len(history))


def _names(axes: Axes, ends: Mapping[str, float], last: int) -> None:
    """The name of each line at its end, kept apart where the ends meet."""
    # Matplotlib sets limits late; what follows needs them now.
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
    heights = {
        label: float(axes.transAxes.inverted().transform(axes.transData.transform((last, end)))[1])
        for label, end in ends.items()
    }
    if len(heights) == 2:
        low, high = sorted(heights, key=lambda label: heights[label])
        missing = max(0.0, GAP - (heights[high] - heights[low]))
        heights[high] += missing / 2
        heights[low] -= missing / 2
    for label, height in heights.items():
        axes.annotate(
            label,
            (1, height),
            xycoords="axes fraction",
            va="center",
            fontsize=SMALL,
            color=INK if label == "training" else SOFT,
            annotation_clip=False,
            xytext=(4, 0),
            textcoords="offset points",
        )


def _note(history: Sequence[Mapping[str, float]], names: Sequence[str], kept: int | None) -> str:
    """The figures of the epoch that counts, in words."""
    epoch = len(history) if kept is None else kept
    logs = history[epoch - 1]
    told = [
        f"{metric_name(name)} {number(logs[name])}"
        + (f" (validation {number(logs[VALIDATION + name])})" if VALIDATION + name in logs else "")
        for name in names
    ]
    return f"Epoch {epoch:,}: {', '.join(told)}."
