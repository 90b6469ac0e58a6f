"""What quantisation loses: labels, scores, digits; and whether that is too much."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mlp_edge.card import Card, choose
from mlp_edge.integers import integer_reference
from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Dense, Floats, Mlp, Rows
from mlp_edge.proof.bound import standardised
from mlp_edge.quantise.network import Made, quantise
from mlp_edge.quantise.ranges import Steps
from mlp_edge.reference import FORMULAS, Doubles, distance, predict
from mlp_edge.settings import setting
from mlp_edge.walk import columns, walk

FOLDS = 10
NO_STEPS = Steps(np.empty(0), np.empty(0))
_Value = tuple[Doubles, Steps]
"""What a layer gives in real numbers, and what integers in its place would stand for."""
Score = Callable[[Floats], Mapping[str, float]]
"""Predictions (n, outputs) to metrics, the one that is judged first."""


@dataclass(frozen=True)
class Loss:
    """What a set of rows loses.

    Attributes:
        rows: how many.
        flips: labels that change; None for a regression.
        difference: largest |prediction - original's|.
        of_range: the largest share that is of what its output spans; 0 for classes.
        before: metric -> of the original; {} where nobody knows what is right.
        after: metric -> of the integers.
    """

    rows: int
    flips: int | None
    difference: float
    of_range: float = 0.0
    before: Mapping[str, float] = field(default_factory=dict)
    after: Mapping[str, float] = field(default_factory=dict)

    @property
    def drop(self) -> float | None:
        """By how much the first metric falls; None where nobody knows what is right."""
        return next((self.before[name] - self.after[name] for name in self.before), None)


@dataclass(frozen=True)
class Limits:
    """What may be lost.

    Attributes:
        flips: a share of the rows of a set.
        drop: of the first metric, which is one where more is better: accuracy or R².
    """

    flips: float = 0.02
    drop: float = 0.02


def loss(mlp: Mlp, rows: Rows, predictions: Floats, score: Score | None = None) -> Loss:
    """Hold predictions (n, outputs) to raw rows (n, inputs) against the original's."""
    exact = predict(mlp, rows)
    before = exact.astype(np.float32)
    off = distance(predictions.astype(np.float64), exact)
    regression = mlp.task == "regression"
    span = np.ptp(exact, axis=0)
    return Loss(
        rows=len(rows),
        flips=None if regression else _flips(mlp, before, predictions),
        difference=float(off.max(initial=0.0)),
        of_range=float((off / np.where(span > 0, span, 1)).max(initial=0.0)) if regression else 0.0,
        before={} if score is None else score(before),
        after={} if score is None else score(predictions),
    )


def _flips(mlp: Mlp, before: Floats, after: Floats) -> int:
    card = Card.of(mlp)
    pairs = zip(choose(card, before), choose(card, after), strict=True)
    return sum(one != other for one, other in pairs)


def pooled(mlp: Mlp, rows: Rows, dtype: str, folds: int = FOLDS) -> Floats:
    """Predictions (n, outputs) to calibration rows, each by integers made without it.

    The rows are dealt out to the folds in turn; fewer rows than folds leave one out each.
    """
    count = min(folds, len(rows))
    if count < 2:
        return integer_reference.predict_quantised(mlp, quantise(mlp, rows, dtype), rows)
    fold = np.arange(len(rows)) % count
    predictions = np.empty((len(rows), mlp.outputs), np.float32)
    for number in range(count):
        here = fold == number
        made = quantise(mlp, rows[~here], dtype)
        predictions[here] = integer_reference.predict_quantised(mlp, made, rows[here])
    return predictions


def complaints(losses: Mapping[str, Loss], limits: Limits) -> list[str]:
    """What is over the limits on some set of rows, by its name; [] where nothing is.

    One row is no evidence: a single label may change, and a set's accuracy fall by that, unless
    the limit is 0.
    """
    return [
        f"{sentence} on the {name}"
        for name, one in losses.items()
        for sentence in (*_flipped(one, limits.flips), *_dropped(one, limits.drop))
    ]


def _flipped(one: Loss, limit: float) -> Iterator[str]:
    flips = one.flips or 0
    if flips > max(limit * one.rows, 1 if limit else 0):
        share, allowed = flips / one.rows, setting("max_flips", limit)
        yield f"{flips} of {one.rows} labels change ({share:.3g}, {allowed})"


def _dropped(one: Loss, limit: float) -> Iterator[str]:
    row = 1 / one.rows if one.flips is not None and limit else 0
    if one.drop is not None and one.drop > max(limit, row * (1 + 1e-9)):
        name = next(iter(one.before))
        yield f"{name} falls by {one.drop:.2g} ({setting('max_drop', limit)})"


def coarsest_feature(mlp: Mlp, quantised: Quantised, row: Rows, output: int) -> str | None:
    """The feature whose reading moves a prediction most when it alone is rounded to its step.

    Args:
        mlp: the network.
        quantised: the network in integers.
        row: raw readings (1, inputs) float32.
        output: of the prediction, from 0.

    Returns:
        Its name; None where no reading moves the prediction.
    """
    numbers, inputs = mlp.encoding.numbers, quantised.inputs
    steps = inputs.back(inputs.integers(mlp.encoding.encode(row)))[0, : len(numbers)]
    rounded = np.repeat(row.astype(np.float64), len(numbers), axis=0)
    read = np.flatnonzero(~mlp.encoding.missing(row)[0, numbers])
    rounded[read, numbers[read]] = steps[read]
    moved = distance(predict(mlp, rounded), predict(mlp, row))[:, output]
    if not moved.any():
        return None
    return str(mlp.features[numbers[int(np.argmax(moved))]].name)


def layer_errors(mlp: Mlp, made: Made, rows: Rows, output: int | None = None) -> list[float]:
    """The largest |prediction - original's| with one layer alone in integers, for each layer.

    Args:
        mlp: the network.
        made: the network in integers.
        rows: raw readings (n, inputs).
        output: whose predictions count alone, from 0; None for those of every output.
    """
    rows = rows[~mlp.encoding.rejected(rows)]
    exact = predict(mlp, rows)
    counted = slice(None) if output is None else output
    return [
        float(distance(_with_integers(mlp, made, rows, number), exact)[:, counted].max(initial=0.0))
        for number in range(len(mlp.layers))
    ]


def _with_integers(mlp: Mlp, made: Made, rows: Rows, number: int) -> Doubles:
    """Predictions (n, outputs) in float64 but for one layer, its inputs and its activations."""
    integers, counted = made.quantised, enumerate(made.quantised.layers)

    def step(dense: Dense, given: _Value, _: _Value | None) -> _Value:
        index, layer = next(counted)
        inputs, steps = given
        last = index + 1 == len(mlp.layers)
        meant = NO_STEPS if last else made.steps[index + 1]
        if index != number:
            return FORMULAS[dense.activation](inputs @ dense.weights.T + dense.bias), meant
        if index == 0:
            u = integers.inputs.integers(mlp.encoding.encode(rows))
        else:
            whole = np.rint((inputs - steps.offset) / steps.step)
            u = np.clip(whole, 0, integers.largest[index]).astype(np.int64)
        activations = layer.requantise(layer.sums(u))
        if last:
            return integer_reference.dequantise(integers, activations).astype(np.float64), meant
        integers_out = activations if layer.table is None else layer.table.at(activations)
        return meant.offset + meant.step * integers_out, meant

    first = standardised(mlp, mlp.encoding.encode(rows.astype(np.float64)))
    *_, (predictions, _) = walk(mlp.layers, (first, made.steps[0]), step, _joined)
    return predictions if mlp.clip is None else np.clip(predictions, *mlp.clip)


def _joined(values: Sequence[_Value]) -> _Value:
    arrays, steps = zip(*values, strict=True)
    return columns(arrays), Steps(*(np.concatenate(each) for each in zip(*steps, strict=True)))
