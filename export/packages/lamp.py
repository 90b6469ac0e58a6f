"""When the LED of an example is on, and two rows between which it changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mlp_edge.card import predicted_classes
from mlp_edge.export.c.constants import class_names
from mlp_edge.export.c.text import literal, quoted, wrapped
from mlp_edge.feature import Feature
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.proof.golden import readings
from mlp_edge.reference import Doubles, predict

_DIGITS = 6
"""Of predictions that are compared: the last digits differ between processors."""
_DRAWN = 100


class Lamp(NamedTuple):
    """What an example shows.

    Attributes:
        rows: two rows of readings, as C initialisers.
        shown: the class, or the value above which the LED is on, as C.
        meaning: the same in words.
        does: what the LED does as the two rows take turns.
    """

    rows: list[str]
    shown: str
    meaning: str
    does: str


def lamp(mlp: Mlp) -> Lamp:
    """The positive class of two, the class that one row has and another has not, or a value."""
    rows = np.array([*readings(mlp).values(), *_drawn(mlp)], np.float32)
    predictions = predict(mlp, rows)
    sound = np.isfinite(rows).all(axis=1) & np.isfinite(predictions).all(axis=1)
    rows, predictions = rows[sound], predictions[sound]
    return _of_classes(mlp, rows, predictions) if mlp.labels else _of_values(rows, predictions)


def _drawn(mlp: Mlp) -> list[list[float]]:
    """Rows from all over what the features declare, in few digits; the same each time."""
    random = np.random.default_rng(0)
    return [[_reading(feature, random.random()) for feature in mlp.features] for _ in range(_DRAWN)]


def _reading(feature: Feature, share: float) -> float:
    if feature.codes:
        return feature.codes[int(share * len(feature.codes))]
    low, high = feature.low, feature.high
    if low is None or high is None:
        low, high = -1.0, 1.0
    return float(f"{low + share * (high - low):.3g}")


def _of_classes(mlp: Mlp, rows: Floats, predictions: Doubles) -> Lamp:
    classes = predicted_classes(mlp.task, mlp.threshold, predictions)
    shown = 1 if mlp.task == "binary" else int(classes[0])
    probabilities = predictions[:, shown - (mlp.outputs == 1)]
    score = np.array([float(f"{value:.{_DIGITS}g}") for value in probabilities])
    is_shown = classes == shown
    on = int(np.argmax(score + is_shown))  # of the rows that have the class, if any has
    off = int(np.argmin(score + is_shown))
    return Lamp(
        [_initialiser(rows[i]) for i in (on, off)],
        class_names(mlp)[shown],
        quoted(mlp.labels[shown]),
        _does(classes[on] == shown, classes[off] == shown),
    )


def _of_values(rows: Floats, predictions: Doubles) -> Lamp:
    values = [float(f"{value:.{_DIGITS}g}") for value in predictions[:, 0]]
    on, off = int(np.argmax(values)), int(np.argmin(values))
    between = np.float32(f"{(values[on] + values[off]) / 2:.3g}")
    return Lamp(
        [_initialiser(rows[i]) for i in (on, off)],
        literal(between),
        f"more than {between!s}",
        _does(bool(values[on] > between), bool(values[off] > between)),
    )


def _initialiser(readings: Floats) -> str:
    """In the fewest digits that read back."""
    return wrapped("    {", [f"{value!s}f" for value in readings], "},", len("    {"))


def _does(first: bool, second: bool) -> str:
    if first != second:
        return "blinks"
    return "stays on" if first else "stays off"
