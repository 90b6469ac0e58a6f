"""Draws the confusion matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import require
from mlp_edge.plots.judged import Judged
from mlp_edge.plots.style import (
    FAINT,
    INK,
    MODELS,
    NORMAL,
    SMALL,
    Axes,
    Figure,
    blank,
    headed,
    in_percent,
    percent,
    quoted,
    rows_of,
    short,
)

WRITTEN = 12
"""Classes up to which each cell holds its count and share; above, the shade alone tells."""
NAMED = 40
"""Classes up to which every one is named at the edge."""
MISTAKES = 5
"""The most frequent mistakes that are told in words where cells hold no counts."""


def confusion(judged: Judged) -> Figure:
    """Counts and shares of each true class, as a heat map."""
    classes = len(judged.labels)
    counts: NDArray[np.int64] = require("sklearn.metrics").confusion_matrix(
        judged.truth, judged.chosen("mlp"), labels=list(range(classes))
    )
    rows = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, rows, out=np.zeros(counts.shape), where=rows > 0)
    side = min(11.0, max(3.6, 0.82 * classes)) if classes <= WRITTEN else 7.5
    figure = blank(side + 3.8, side + 2)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    _edges(axes, judged.labels, rows[:, 0])
    if classes <= WRITTEN:
        _cells(axes, counts, shares)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, label="share of the true class")
    bar.outline.set_visible(False)
    in_percent(bar.ax.yaxis)
    title = f"Confusion matrix of {judged.name}, {rows_of(len(judged.truth), judged.part)}"
    told = "" if classes <= WRITTEN else _mistakes(counts, judged.labels)
    headed(figure, title, _accuracies(judged) + told)
    return figure


def _edges(axes: Axes, labels: tuple[str, ...], rows: NDArray[np.int64]) -> None:
    classes = len(labels)
    shown = np.arange(0, classes, 1 + (classes - 1) // NAMED)
    names = [short(labels[index], 14) for index in shown]
    turned = (classes > 3 and max(map(len, names)) > 4) or classes > WRITTEN
    axes.set_xticks(shown, names, rotation=90 if turned else 0)
    counted = [f"{name}  ({rows[index]:,})" for name, index in zip(names, shown, strict=True)]
    axes.set_yticks(shown, counted if classes <= WRITTEN else names)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class (rows)" if classes <= WRITTEN else "true class")
    axes.tick_params(length=0 if classes <= WRITTEN else 3)
    for spine in axes.spines.values():
        spine.set(visible=True, color=FAINT)


def _cells(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    for (true, predicted), count in np.ndenumerate(counts):
        share = shares[true, predicted]
        colour = "white" if share > 0.55 else INK
        text = f"{count:,}\n{100 * share:.0f} %" if count else "0"
        large = NORMAL + 3 if len(counts) <= 4 else SMALL
        axes.text(predicted, true, text, ha="center", va="center", fontsize=large, color=colour)


def _accuracies(judged: Judged) -> str:
    """The network's accuracy and what it has to beat, in words."""
    parts = [
        f"{MODELS[model]} {percent(float((judged.chosen(model) == judged.truth).mean()))}"
        for model in judged.models
    ]
    most = judged.frequent
    share = float((judged.truth == most).mean())
    return (
        f"Right: {', '.join([*parts, f'always {quoted(judged.labels[most])} {percent(share)}'])}."
    )


def _mistakes(counts: NDArray[np.int64], labels: tuple[str, ...]) -> str:
    """The most frequent mistakes, in words."""
    wrong = np.where(np.eye(len(counts), dtype=bool), 0, counts)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MISTAKES]
    places = [np.unravel_index(place, wrong.shape) for place in order]
    told = [
        f"{quoted(labels[true])} as {quoted(labels[predicted])} ({wrong[true, predicted]:,})"
        for true, predicted in places
        if wrong[true, predicted]
    ]
    return f" Most frequent mistakes: {', '.join(told)}." if told else ""
