"""A recipe as a compiled Keras model, built of stock layers only."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlp_edge.lazy import keras
from mlp_edge.mlp import Floats, Rows
from mlp_edge.train.recipe import Recipe

HISTORY_METRIC = {"regression": "mae", "binary": "accuracy", "multiclass": "accuracy"}
"""What history.csv shows beside the loss; ``compile`` gives it to Keras."""


def build(recipe: Recipe, rows: Rows, outputs: int) -> Any:
    """An uncompiled ``keras.Sequential``: raw readings in, prediction out.

    Every layer is named by us, because Keras numbers unnamed layers through the life of the
    process and the file must not depend on what ran before.

    Args:
        recipe: resolved for the task.
        rows: the training rows (n, inputs), from which the standardisation is taken.
        outputs: width of the last layer.
    """
    layers = keras().layers
    stack = [keras().Input((rows.shape[1],), name="features")]
    if recipe.standardize:
        mean, variance = moments(rows)
        stack.append(layers.Normalization(mean=mean, variance=variance, name="scaling"))
    for number, width in enumerate(recipe.hidden, start=1):
        stack.append(layers.Dense(width, activation=recipe.activation, name=f"hidden{number}"))
    stack.append(layers.Dense(outputs, activation=recipe.output_activation, name="output"))
    return keras().Sequential(stack, name="mlp")


def compile_model(model: Any, recipe: Recipe, metric: str) -> None:
    """Give a model the optimizer and the loss of a resolved recipe."""
    settings = {
        "name": recipe.optimizer,  # or Keras numbers it, as it does layers
        "learning_rate": recipe.learning_rate,
        "momentum": recipe.momentum,
    }
    optimizer = keras().optimizers.get(
        {
            "class_name": recipe.optimizer,
            "config": {name: value for name, value in settings.items() if value is not None},
        }
    )
    model.compile(optimizer=optimizer, loss=recipe.loss, metrics=[metric])


def moments(rows: Rows) -> tuple[Floats, Floats]:
    """Mean and variance of each column (inputs,), float32, computed in float64.

    A constant column gets the variance 1: there is nothing to scale and nothing to divide by.
    """
    exact = rows.astype(np.float64)
    variance = exact.var(axis=0).astype(np.float32)
    constant = rows.min(axis=0) == rows.max(axis=0)
    return (
        exact.mean(axis=0).astype(np.float32),
        np.where(constant, np.float32(1), variance),
    )
