"""Fitting by Keras's own ``model.fit``, for what compiled epochs do not pay for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlp_edge.lazy import keras
from mlp_edge.training.backends.compiled import AfterEpoch
from mlp_edge.training.backends.program import Part
from mlp_edge.training.recipe import Recipe


def fit_keras(
    model: Any,
    training: Part,
    validation: Part | None,
    recipe: Recipe,
    after_epoch: AfterEpoch,
    shuffle: bool = True,
) -> None:
    """Train a compiled Keras model in place.

    Args:
        model: a ``keras.Model`` with loss and optimizer.
        training: what to learn from.
        validation: the validation rows, if any.
        recipe: its epochs, batch size and early stopping are used.
        after_epoch: told the logs of each epoch.
        shuffle: whether each epoch takes the rows in a new order, from Keras's global seed.
    """

    def tell(_epoch: int, logs: Mapping[str, float]) -> None:
        after_epoch({name: float(value) for name, value in logs.items()})

    callbacks = [keras().callbacks.LambdaCallback(on_epoch_end=tell)]
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
        sample_weight=training.weights,
        validation_data=None if validation is None else validation.arrays,
        callbacks=callbacks,
        shuffle=shuffle,
        verbose=0,
    )
