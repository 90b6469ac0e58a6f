"""A recipe as a Keras model, built of stock layers and operations only.

What learns is the ``mlp``, a Sequential of dense layers that takes encoded readings. The model
that is saved has it inside, between the encoding of raw readings and the guard against missing
ones, which nobody can learn from and which training therefore does not see.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mlp_edge.encoding import Encoding
from mlp_edge.lazy import keras
from mlp_edge.mlp import Floats, Rows
from mlp_edge.train.recipe import Recipe
from mlp_edge.wiring import FEATURES, MLP, Operation, carry_out, operations

HISTORY_METRIC = {"regression": "mae", "binary": "accuracy", "multiclass": "accuracy"}
"""What history.csv shows beside the loss; ``compile`` gives it to Keras."""


def build(recipe: Recipe, rows: Rows, outputs: int, numbers: int | None = None) -> Any:
    """An uncompiled ``keras.Sequential``: encoded readings in, prediction out.

    Every layer is named by us, because Keras numbers unnamed layers through the life of the
    process and the file must not depend on what ran before.

    Args:
        recipe: resolved for the task.
        rows: the encoded training rows (n, width), from which the standardisation is taken.
        outputs: width of the last layer.
        numbers: so many inputs, the first ones, are numbers and standardised; None means all.
    """
    layers = keras().layers
    stack = [keras().Input((rows.shape[1],), name="inputs")]
    if recipe.standardize:
        mean, variance = moments(rows, numbers)
        stack.append(layers.Normalization(mean=mean, variance=variance, name="scaling"))
    for number, width in enumerate(recipe.hidden, start=1):
        stack.append(layers.Dense(width, activation=recipe.activation, name=f"hidden{number}"))
    stack.append(layers.Dense(outputs, activation=recipe.output_activation, name="output"))
    return keras().Sequential(stack, name=MLP)


def surrounded(
    mlp: Any, encoding: Encoding, clip: tuple[float, float] | None, metric: str | None = None
) -> Any:
    """The model that is saved: raw readings in, encoded, through ``mlp``, clipped, guarded.

    Where ``mlp`` is compiled, its optimizer goes over to the whole, so that the whole can be
    evaluated and trained as it stands; ``taken_out`` gives it back.

    Args:
        mlp: as ``build`` makes it.
        encoding: of the raw readings.
        clip: lowest and highest answer, or None.
        metric: what ``evaluate`` shows beside the loss, or None.
    """
    kinds = _kinds(mlp)

    def do(step: Operation, inputs: list[Any]) -> Any:
        if step.kind == "Concatenate":
            return keras().layers.Concatenate(name=step.name)(inputs)
        result = kinds[step.kind](inputs[0], *step.constants, *inputs[1:])
        if step.kind != "Sequential":
            # Keras numbers unnamed operations through the life of the process.
            result._keras_history.operation.name = step.name
        return result

    features = keras().Input((encoding.features,), name=FEATURES)
    model = keras().Model(
        features, carry_out(operations(encoding, clip), features, do), name="model"
    )
    if mlp.compiled:
        metrics = None if metric is None else [metric]
        model.compile(optimizer=mlp.optimizer, loss=mlp.loss, metrics=metrics)
        # With two owners Keras saves the state with the inner one, and misses it when it loads.
        mlp.compiled, mlp.optimizer = False, None
    return model


def _kinds(mlp: Any) -> dict[str, Callable[..., Any]]:
    """Kind of operation -> Keras's function; see ``mlp_edge.wiring``."""
    ops = keras().ops
    return {
        "Isnan": ops.isnan,
        "Equal": ops.equal,
        "Where": ops.where,
        "Take": lambda x, indices: ops.take(x, indices, axis=1),
        "Cast": lambda x: ops.cast(x, "float32"),
        "Any": lambda x: ops.any(x, axis=1, keepdims=True),
        "Clip": ops.clip,
        "Sequential": mlp,
    }


def taken_out(model: Any, metric: str) -> Any:
    """What learns inside a saved model, with the model's loss and the state of its optimizer.

    Args:
        model: its ``mlp`` is taken out; a model of layers in one line is that itself.
        metric: what its history shows beside the loss.
    """
    if MLP not in [layer.name for layer in model.layers]:
        return model
    mlp = model.get_layer(MLP)
    mlp.compile(optimizer=model.optimizer, loss=model.loss, metrics=[metric])
    return mlp


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


def moments(rows: Rows, numbers: int | None = None) -> tuple[Floats, Floats]:
    """Mean and variance of each column (width,), float32, computed in float64.

    A constant column gets the variance 1: there is nothing to scale and nothing to divide by.
    From column ``numbers`` on, where ones and zeros stand, the mean is 0 and the variance 1.
    """
    exact = rows.astype(np.float64)
    variance = exact.var(axis=0).astype(np.float32)
    mean = exact.mean(axis=0).astype(np.float32)
    constant = rows.min(axis=0) == rows.max(axis=0)
    variance = np.where(constant, np.float32(1), variance)
    if numbers is not None:
        mean[numbers:], variance[numbers:] = 0, 1
    return mean, variance
