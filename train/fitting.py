"""Fitting a compiled Keras model, epoch by epoch, with somebody watching."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from numpy.typing import NDArray

from mlp_edge.errors import RecipeError
from mlp_edge.lazy import keras
from mlp_edge.mlp import Floats, Rows
from mlp_edge.train.examples import Examples, Parts
from mlp_edge.train.recipe import Recipe

Watch = Callable[[int, Mapping[str, float]], None]
"""Called after each epoch with its number, from 1, and its logs (loss, accuracy, val_loss …)."""

Stage = Callable[[str, int], Watch]
"""Asked before each fit with its title and its number of epochs; returns who watches it."""


class Part(NamedTuple):
    """Rows (n, inputs) and what Keras learns from them (n, outputs), float32 both."""

    rows: Rows
    targets: Floats


def fit(
    model: Any, training: Part, validation: Part | None, recipe: Recipe, watch: Watch
) -> list[dict[str, float]]:
    """Train in place; the logs of each epoch, in order.

    With early stopping the weights are those of the epoch with the least validation loss.

    Raises:
        RecipeError: when the loss stops being a number.
    """
    history: list[dict[str, float]] = []

    def after_epoch(epoch: int, logs: Mapping[str, float]) -> None:
        history.append({name: float(value) for name, value in logs.items()})
        if not all(math.isfinite(value) for value in history[-1].values()):
            raise RecipeError(
                f"the training diverged: the loss is {history[-1]['loss']} after epoch "
                f"{epoch + 1}; a smaller --learning-rate or --standardize would do"
            )
        watch(epoch + 1, history[-1])

    callbacks = [keras().callbacks.LambdaCallback(on_epoch_end=after_epoch)]
    if recipe.early_stopping is not None:
        callbacks.append(
            keras().callbacks.EarlyStopping(
                monitor="val_loss", patience=recipe.early_stopping, restore_best_weights=True
            )
        )
    model.fit(
        training.rows,
        training.targets,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        validation_data=None if validation is None else tuple(validation),
        callbacks=callbacks,
        verbose=0,
    )
    return history


def fit_parts(
    model: Any, examples: Examples, chosen: Parts, recipe: Recipe, watch: Watch
) -> list[dict[str, float]]:
    """``fit`` on the training rows, the validation rows watched where there are any."""
    training = Part(examples.rows[chosen.training], examples.encoded[chosen.training])
    validation = Part(examples.rows[chosen.validation], examples.encoded[chosen.validation])
    return fit(model, training, validation if len(chosen.validation) else None, recipe, watch)


def predict(model: Any, rows: Rows) -> NDArray[Any]:
    """Predictions (n, outputs) float32 of a Keras model, in one quiet pass."""
    return model.predict(rows, batch_size=4096, verbose=0)  # type: ignore[no-any-return]
