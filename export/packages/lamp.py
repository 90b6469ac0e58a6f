"""When the LED of an example is on, and two rows between which it changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mlp_edge.card import predicted_classes
from mlp_edge.export.c.constants import class_names
from mlp_edge.export.c.text import literal, quoted, row
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.proof.golden import readings
from mlp_edge.reference import Doubles, predict

_DIGITS = 6
"""Of predictions that are compared: the last digits differ between processors."""


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
    """The positive class of two, the class that one row has and another has not, or a value.

    Rows are those of the self-test, which follow from what the features declare.
    """
    rows = np.array([*readings(mlp).values()], np.float32)
    predictions = predict(mlp, rows)
    sound = np.isfinite(rows).all(axis=1) & np.isfinite(predictions).all(axis=1)
    rows, predictions = rows[sound], predictions[sound]
    return _of_classes(mlp, rows, predictions) if mlp.labels else _of_values(rows, predictions)


def _of_classes(mlp: Mlp, rows: Floats, predictions: Doubles) -> Lamp:
    classes = predicted_classes(mlp.task, mlp.threshold, predictions)
    shown = 1 if mlp.task == "binary" else int(classes[0])
    probabilities = predictions[:, shown - (mlp.outputs == 1)]
    score = np.array([float(f"{value:.{_DIGITS}g}") for value in probabilities])
    is_shown = classes == shown
    on = int(np.argmax(score + is_shown))  # of the rows that have the class, if any has
    off = int(np.argmin(score + is_shown))
    return Lamp(
        [row("    {", rows[i], "},") for i in (on, off)],
        class_names(mlp)[shown],
        quoted(mlp.labels[shown]),
        _does(classes[on] == shown, classes[off] == shown),
    )


def _of_values(rows: Floats, predictions: Doubles) -> Lamp:
    values = [float(f"{value:.{_DIGITS}g}") for value in predictions[:, 0]]
    on, off = int(np.argmax(values)), int(np.argmin(values))
    between = np.float32(f"{(values[on] + values[off]) / 2:.3g}")
    return Lamp(
        [row("    {", rows[i], "},") for i in (on, off)],
        literal(between),
        f"more than {between!s}",
        _does(bool(values[on] > between), bool(values[off] > between)),
    )


def _does(first: bool, second: bool) -> str:
    if first != second:
        return "blinks"
    return "stays on" if first else "stays off"
