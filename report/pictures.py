"""What the report draws of scores, and of what a model makes of its features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from mlp_edge.plots.style import MODELS, number, percent, score, short
from mlp_edge.report.charts import (
    KINDS,
    SHARE,
    Chart,
    Line,
    Mark,
    Point,
    Scale,
    Tick,
    around,
    framed,
    path,
)

Facts = Mapping[str, Any]
SMALL = (300, 170)
"""Pixels of one chart of many."""


def roc(curves: Sequence[Facts], at: Facts | None) -> Chart:
    """ROC curves.

    Args:
        curves: ``model``, ``label`` of the class, ``x``, ``y`` and ``area`` of each.
        at: ``tp``, ``fp``, ``fn`` and ``tn`` at the threshold; None where there is none.
    """
    point = None if at is None else (share(at["fp"], at["tn"]), share(at["tp"], at["fn"]))
    return _curves("roc", "ROC curve", ("false positive rate", "true positive rate"),
                   curves, point, diagonal=True)  # fmt: skip


def precision_recall(curves: Sequence[Facts], at: Facts | None) -> Chart:
    """Precision-recall curves, of what ``roc`` takes."""
    point = None if at is None else (share(at["tp"], at["fn"]), share(at["tp"], at["fp"]))
    return _curves("precision-recall", "Precision and recall", ("recall", "precision"),
                   curves, point)  # fmt: skip


def share(count: int, others: int) -> float:
    """The share of ``count`` in both; 0 of nothing."""
    return count / (count + others) if count else 0.0


def _curves(
    name: str, title: str, labels: tuple[str, str], curves: Sequence[Facts], point: Point | None,
    diagonal: bool = False,
) -> Chart:  # fmt: skip
    x, y = framed(SHARE, SHARE)
    several = len({curve["label"] for curve in curves}) > 1
    lines = [
        Line(
            path(zip(curve["x"], curve["y"], strict=True), x, y),
            kind,
            f"{_called(curve, several)} {score(curve['area'])}",
        )
        for curve, kind in zip(curves, KINDS, strict=False)
    ]
    if diagonal:
        lines.insert(0, Line(path([(0, 0), (1, 1)], x, y), "chance", "guessing 0.500"))
    return Chart(
        id=name,
        title=title,
        says=f"Areas under the curves: {', '.join(line.name for line in lines)}.",
        x=x,
        y=y,
        x_label=labels[0],
        y_label=labels[1],
        lines=lines,
        threshold=point and (x.at(point[0]), y.at(point[1])),
        note=f"the first {len(KINDS)} of {len(curves)} classes" if len(curves) > len(KINDS) else "",
    )


def _called(curve: Facts, several: bool) -> str:
    """A curve in the legend: by its class, or by its model where all are of one class."""
    model = str(curve["model"])
    return short(curve["label"]) if several else MODELS.get(model, short(model))


def calibration(bins: Sequence[Facts]) -> Chart:
    """Shares that came true, beside the probabilities that were predicted.

    Args:
        bins: of each the mean probability ``said``, the share that ``came`` true, the ends ``low``
            and ``high`` of its interval.
    """
    x, y = framed(SHARE, SHARE)
    told = "; ".join(f"{percent(each['said'])} said, {percent(each['came'])} came" for each in bins)
    return Chart(
        id="calibration",
        title="Calibration",
        says=f"Predicted probabilities, and the shares that came true: {told}.",
        x=x,
        y=y,
        x_label="predicted probability",
        y_label="share that came true",
        lines=[
            Line(path([(0, 0), (1, 1)], x, y), "chance", "perfect"),
            Line(
                path([(each["said"], each["came"]) for each in bins], x, y),
                "first",
                "this network, 95 % intervals",
            ),
        ],
        marks=[
            Mark(x.at(each["said"]), *(y.at(each[key]) for key in ("came", "low", "high")))
            for each in bins
        ],
    )


def learning(history: Facts) -> Chart | None:
    """The loss after every epoch, on training rows and on validation rows where there are any.

    Returns:
        None where no loss is known.
    """
    epochs = history["epochs"]
    parts = {"training rows": history["train"], "validation rows": history["validation"]}
    known = {name: every["loss"] for name, every in parts.items() if "loss" in every}
    if not known:
        return None
    x, y = framed(Scale(epochs[0], max(epochs[-1], epochs[0] + 1)), around(chain(*known.values())))
    told = "; ".join(
        f"{name} from {_number(losses[0])} to {_number(losses[-1])}"
        for name, losses in known.items()
    )
    return Chart(
        id="learning",
        title="Learning curves",
        says=f"The loss over {epochs[-1]} epochs: {told}.",
        x=x,
        y=y,
        x_label="epoch",
        y_label="loss",
        lines=[
            Line(path(zip(epochs, losses, strict=True), x, y), kind, name)
            for (name, losses), kind in zip(known.items(), KINDS, strict=False)
        ],
    )


def _number(value: float | None) -> str:
    return "none" if value is None else number(value)


def scatter(place: int, rows: Facts) -> Chart:
    """The true value of each row above the predicted one.

    Args:
        place: of the target among all.
        rows: ``target``, its name, and lists of ``true`` and ``predicted`` values.
    """
    pairs = [pair for pair in zip(rows["predicted"], rows["true"], strict=True) if None not in pair]
    x, y = framed(both := around(chain(*pairs)), both)
    return Chart(
        id=f"scatter-{place}",
        title=f"{short(rows['target'])}: predicted and true",
        says=f"{len(pairs)} rows, each with its predicted and its true value.",
        x=x,
        y=y,
        x_label="predicted",
        y_label="true",
        lines=[Line(path([(x.low, x.low), (x.high, x.high)], x, y), "chance", "perfect")],
        dots=[(x.at(predicted), y.at(true)) for predicted, true in pairs],
    )


def dependence(parts: Sequence[Facts], outputs: Sequence[str]) -> list[Chart]:
    """The mean prediction as one feature moves: a chart for each, all with one vertical scale.

    Args:
        parts: of each ``feature``, its name; ``grid``, its numbers or the names of its categories;
            ``mean``, for each output a list as long as the grid; ``missing``, for each output the
            mean where the reading is missing, or None.
        outputs: what the predictions are called.
    """
    tall = around(value for part in parts for line in part["mean"] for value in line)
    return [
        _dependence(f"dependence-{place}", part, tall, outputs)
        for place, part in enumerate(parts, start=1)
        if part["mean"]
    ]


def _dependence(name: str, part: Facts, tall: Scale, outputs: Sequence[str]) -> Chart:
    lines, grid = part["mean"][: len(KINDS)], part["grid"]
    named = isinstance(grid[0], str)
    places = range(len(grid)) if named else grid
    x, y = framed(around(places), tall, *SMALL, labelled=False)
    names = [short(output) for output in outputs] if len(lines) > 1 else [""]
    told = "; ".join(
        f"{known or 'mean prediction'} {_number(line[0])} at the first, {_number(line[-1])} at the "
        "last"
        for known, line in zip(names, lines, strict=False)
    )
    return Chart(
        id=name,
        title=short(part["feature"]),
        says=f"Over its values: {told}.",
        x=x,
        y=y,
        most=4,
        categories=_categories(x, grid) if named else (),
        lines=[
            Line(path(zip(places, line, strict=True), x, y), kind, known)
            for line, kind, known in zip(lines, KINDS, names, strict=False)
        ],
        dots=[
            (x.at(at), y.at(up))
            for line in lines
            for at, up in zip(places, line, strict=True)
            if named and up is not None
        ],
        note=_where_missing(part["missing"]),
        width=SMALL[0],
        height=SMALL[1],
    )


def _where_missing(means: Sequence[float | None] | None) -> str:
    """The mean prediction of every output where the reading is missing."""
    if means is None:
        return ""
    return f"where missing: {', '.join(map(_number, means[: len(KINDS)]))}"


def _categories(x: Scale, labels: Sequence[str]) -> list[Tick]:
    """The names of a few categories, as many as there is room for."""
    step = -(-len(labels) // 4)
    return [Tick(x.at(at), short(labels[at], 10)) for at in range(0, len(labels), step)]
