"""Fitting a compiled Keras model, epoch by epoch, with somebody watching."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import RecipeError
from mlp_edge.mlp import Rows
from mlp_edge.settings import setting
from mlp_edge.training.backends.backend import Backend, choose
from mlp_edge.training.backends.compiled import AfterEpoch, fit_compiled
from mlp_edge.training.backends.keras_fit import fit_keras
from mlp_edge.training.backends.program import Part
from mlp_edge.training.backends.shuffling import shuffled
from mlp_edge.training.network import folded
from mlp_edge.training.parts import Parts
from mlp_edge.training.preprocessing import Preprocessed
from mlp_edge.training.recipe import Recipe

Watch = Callable[[int, Mapping[str, float]], None]
"""Called after each epoch with its number, from 1, and its logs (loss, accuracy, val_loss …)."""

BATCH = 4096
"""Rows that are predicted at once."""

Stage = Callable[[str, int], Watch]
"""Asked before each fit with its title and its number of epochs; returns who watches it."""


class Fitted(NamedTuple):
    """What a fit leaves.

    Attributes:
        history: the logs of each epoch, in order.
        backend: which training backend fitted it.
        model: the Keras model that answers: the one that was fitted, or what was made of it.
    """

    history: list[dict[str, float]]
    backend: Backend
    model: Any


def fit(
    model: Any, training: Part, validation: Part | None, recipe: Recipe, watch: Watch,
    fits: int = 1,
) -> Fitted:  # fmt: skip
    """Train in place, with the backend that ``choose`` picks.

    With early stopping the weights are those of the epoch with the least validation loss. The
    order of the rows follows from ``recipe.seed`` in compiled epochs, and from Keras's global
    seed in ``model.fit``.

    Raises:
        RecipeError: when the loss stops being a number.
    """
    history: list[dict[str, float]] = []
    after_epoch = recorded(history, watch)
    rows = len(training.rows)
    backend = choose(model, rows, 0 if validation is None else len(validation.rows), recipe, fits)
    if backend is Backend.COMPILED:
        orders = shuffled(rows, recipe.seed)
        fit_compiled(model, training, validation, recipe, orders, after_epoch)
    else:
        fit_keras(model, training, validation, recipe, after_epoch)
    return Fitted(history, backend, model)


def recorded(history: list[dict[str, float]], watch: Watch) -> AfterEpoch:
    """What is called after each epoch: it keeps the logs, and ends a training that diverged."""

    def after_epoch(logs: dict[str, float]) -> None:
        history.append(logs)
        if not all(math.isfinite(value) for value in logs.values()):
            raise RecipeError(
                f"the training diverged: the loss is {logs['loss']} after epoch "
                f"{len(history)}; a smaller {setting('learning_rate')} or "
                f"{setting('standardize', True)} would do"
            )
        watch(len(history), logs)

    return after_epoch


def fit_parts(
    model: Any,
    preprocessed: Preprocessed,
    chosen: Parts,
    recipe: Recipe,
    watch: Watch,
    fits: int = 1,
) -> Fitted:
    """``fit`` on the training rows, with the validation rows, if any.

    The model learns ``preprocessed.learned``. The one that is returned answers in the targets' own
    unit and has batch normalisation folded into its layers; without batch normalisation it is the
    model itself.

    Args:
        model: compiled, of encoded readings.
        preprocessed: what the training rows decided.
        chosen: which rows train and which validate.
        recipe: resolved for the task.
        watch: told each epoch.
        fits: how many models like this one are to be fitted, for the choice of the way.
    """
    training, validation = (
        preprocessed.part(chosen.training),
        preprocessed.validation_part(chosen.validation),
    )
    fitted = fit(model, training, validation, recipe, watch, fits)
    answering = folded(fitted.model)
    if preprocessed.scale is not None:
        preprocessed.scale.fold(answering)
    return fitted._replace(model=answering)


def predict_batches(model: Any, rows: Rows) -> NDArray[Any]:
    """Predictions (n, outputs) float32 of a Keras model, in batches of ``BATCH``."""
    # Called as it is: model.predict would first compile a function for each model of a fold.
    parts = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    return np.concatenate([model(part, training=False).numpy() for part in parts])
