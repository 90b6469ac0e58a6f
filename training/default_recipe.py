"""The rules of the recipe ``auto``: settings that nobody chose, by the shape of a table.

docs/explanation/scores.md says how the rules were found, and on which tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mlp_edge.mlp import Task

AUTO = "auto"
"""The recipe that follows the table."""
TUTORIAL = "tutorial"
"""The recipe of the beginners' tutorial, whatever the table: the defaults of ``Recipe``."""
RECIPES = (AUTO, TUTORIAL)
MOST_PENALTY = 0.03
"""Of squared weights, on tables of few rows."""


class Shape(NamedTuple):
    """What of a table the rules look at.

    Attributes:
        rows: that are not held out.
        inputs: of the first layer, after the encoding.
        outputs: of the last layer.
        task: what is predicted.
    """

    rows: int
    inputs: int
    outputs: int
    task: Task


class Size(NamedTuple):
    """A network, and how it learns.

    Attributes:
        hidden: neurons of each hidden layer.
        learning_rate: of Adam, which falls to 0.
        batch_size: rows per step.
        dropout: of a light classifier.
    """

    hidden: tuple[int, ...]
    learning_rate: float
    batch_size: int
    dropout: float


class Strength(NamedTuple):
    """How strongly a network is regularised.

    Attributes:
        dropout: more than that of its size.
        l2: of the hidden layers, as so many rows.
        output_l2: of the output layer, as so many rows: a half is the penalty of scikit-learn's
            logistic regression.
    """

    dropout: float
    l2: float
    output_l2: float


MANY_ROWS = 1200
"""Rows from which on a network is large."""
SMALL = Size(hidden=(22,), learning_rate=0.02, batch_size=32, dropout=0.0)
LARGE = Size(hidden=(64, 32), learning_rate=0.01, batch_size=64, dropout=0.1)
STRENGTHS = {
    "light": Strength(dropout=0.0, l2=1, output_l2=0),
    "firm": Strength(dropout=0.1, l2=10, output_l2=0.5),
}
"""Of the regularisation; inner folds choose between them."""


def ruled(shape: Shape, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting that the rules choose, by its name in ``Recipe``, firmly regularised.

    Args:
        shape: of the table.
        chosen: those of these settings that somebody chose; the others are made to fit them.
    """
    size = LARGE if shape.rows >= MANY_ROWS else SMALL
    light = 0.0 if shape.task == "regression" else size.dropout
    rules: dict[str, Any] = {
        "hidden": size.hidden,
        "epochs": 60,
        "batch_size": size.batch_size,
        **regularised("firm", shape.rows, light, chosen),
        "schedule": "cosine",
        "optimizer": "adam",
        "learning_rate": size.learning_rate,
        "output_bias": "prior",
        "temperature": shape.task != "regression",
    }
    if chosen.get("optimizer", rules["optimizer"]) != rules["optimizer"]:
        rules["learning_rate"] = None  # the rate is another optimizer's
    return rules


def regularised(
    strength: str, rows: int, dropout: float, chosen: Mapping[str, Any]
) -> dict[str, Any]:
    """The settings against overfitting, by their names in ``Recipe``.

    Args:
        strength: one of ``STRENGTHS``.
        rows: that the network learns from.
        dropout: of a light network of its size.
        chosen: what of a recipe somebody chose; the others are made to fit it.
    """
    own = STRENGTHS[strength]
    rules: dict[str, Any] = {
        "dropout": dropout + own.dropout,
        "l2": _by_rows(own.l2, rows),
        "output_l2": _by_rows(own.output_l2, rows),
    }
    if chosen.get("hidden") == ():
        rules["dropout"] = 0.0  # there is nothing to drop
    if "l2" in chosen:
        rules["output_l2"] = None  # it is meant for every layer
    return rules


def _by_rows(share: float, rows: int) -> float:
    """A penalty that counts as much as so many rows do, in digits that can be typed."""
    return float(f"{min(MOST_PENALTY, share / rows):.3g}")


REGULARISED = tuple(regularised("firm", 1, 0.0, {}))
"""The settings that differ between strengths."""
RULED = tuple(ruled(Shape(1, 1, 1, "binary"), {}))
"""The settings that the rules choose."""
