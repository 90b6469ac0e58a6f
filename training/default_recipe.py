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


def ruled(shape: Shape, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting that the rules choose, by its name in ``Recipe``.

    Args:
        shape: of the table.
        chosen: those of these settings that somebody chose; the others are made to fit them.
    """
    rules: dict[str, Any] = {
        "hidden": (64, 32),
        "epochs": 60,
        "batch_size": 32,
        "dropout": 0.1 if shape.task == "regression" else 0.2,
        "l2": _by_rows(10, shape.rows),
        "output_l2": _by_rows(0.5, shape.rows),
        "schedule": "cosine",
        "optimizer": "adam",
        "learning_rate": 0.005,
        "output_bias": "prior",
    }
    if chosen.get("hidden") == ():
        rules["dropout"] = 0.0  # there is nothing to drop
    if "l2" in chosen:
        rules["output_l2"] = None  # it is meant for every layer
    if chosen.get("optimizer", rules["optimizer"]) != rules["optimizer"]:
        rules["learning_rate"] = None  # the rate is another optimizer's
    return rules


def _by_rows(share: float, rows: int) -> float:
    """A penalty that counts as much as so many rows do, in digits that can be typed."""
    return float(f"{min(MOST_PENALTY, share / rows):.3g}")


RULED = tuple(ruled(Shape(1, 1, 1, "binary"), {}))
"""The settings that the rules choose."""
