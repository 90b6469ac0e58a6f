"""Hidden units that do nothing, removed after training: a smaller network that predicts the same.

A unit does nothing where all weights that read it are 0, or where it gives 0 whatever the row. Both
are removed exactly: what is left out of a sum is 0. A ReLU that stays at 0 for every row in the
declared ranges, by intervals, goes as well: no training row has ever seen it at work. Beyond the
ranges it might wake up. The smaller network is the one that is scored, saved and exported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.feature import Feature
from mlp_edge.lazy import keras
from mlp_edge.mlp import DEFAULT_THRESHOLD, Dense, Mlp, Scaling
from mlp_edge.proof.box import declared, reaches
from mlp_edge.reference import FORMULAS
from mlp_edge.training.backends.twin import scaling_of
from mlp_edge.training.default_recipe import AUTO
from mlp_edge.training.recipe import Recipe

Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class Pruned:
    """How many hidden units were removed.

    Attributes:
        units: hidden units that were trained.
        idle: removed because they do nothing, whatever the row.
        dead: removed because they are 0 for every row in the declared ranges.
    """

    units: int = 0
    idle: int = 0
    dead: int = 0

    @property
    def says(self) -> str | None:
        """A sentence; None where nothing was removed."""
        reasons = []
        if self.idle:
            does = "does" if self.idle == 1 else "do"
            reasons.append(f"{self.idle} that {does} nothing, whatever the row")
        if self.dead:
            is_0 = "is 0" if self.dead == 1 else "are 0"
            reasons.append(f"{self.dead} that {is_0} for every row in the declared ranges")
        if not reasons:
            return None
        removed = self.idle + self.dead
        return f"removed {removed} of {self.units} hidden units: {' and '.join(reasons)}"


def in_all(members: Sequence[Pruned]) -> Pruned:
    """What was removed of all members of an ensemble."""
    return Pruned(
        sum(each.units for each in members),
        sum(each.idle for each in members),
        sum(each.dead for each in members),
    )


def pruned_by(recipe: Recipe, model: Any, features: Sequence[Feature]) -> tuple[Any, Pruned]:
    """A fitted network as a recipe prunes it: ``tutorial`` only where that is asked for."""
    if recipe.name != AUTO and not recipe.prune:
        return model, Pruned()
    return pruned(model, features)


def pruned(model: Any, features: Sequence[Feature]) -> tuple[Any, Pruned]:
    """A network without the hidden units that do nothing.

    Args:
        model: compiled, of dense layers without batch normalisation; it stays as it is.
        features: with the ranges of the training rows.

    Returns:
        A compiled model, the same one where nothing is removed, and how much was.
    """
    layers = _layers(model)
    trained = _hidden(layers)
    layers = _without_idle(layers)
    idle = trained - _hidden(layers)
    layers = _without_idle(_without_dead(layers, model, features))
    dead = trained - idle - _hidden(layers)
    smaller = _rebuilt(model, layers) if idle or dead else model
    return smaller, Pruned(trained, idle, dead)


def _layers(model: Any) -> list[Dense]:
    """The dense layers of a Keras model, as plain NumPy."""
    found = [layer for layer in model.layers if isinstance(layer, keras().layers.Dense)]
    return [
        Dense(
            np.ascontiguousarray(layer.kernel.value.numpy().T),
            layer.bias.value.numpy(),
            layer.get_config()["activation"],
        )
        for layer in found
    ]


def _hidden(layers: Sequence[Dense]) -> int:
    return sum(layer.outputs for layer in layers[:-1])


def _without_idle(layers: list[Dense]) -> list[Dense]:
    """The layers without units that do nothing; what only they read does nothing either."""
    while True:
        before = _hidden(layers)
        for number in range(len(layers) - 1):
            layer, reader = layers[number], layers[number + 1]
            constant = FORMULAS[layer.activation](layer.bias.astype(np.float64))
            silent = ~layer.weights.any(axis=1) & (constant == 0)
            layers = _without(layers, number, silent | ~reader.weights.any(axis=0))
        if _hidden(layers) == before:
            return layers


def _without_dead(layers: list[Dense], model: Any, features: Sequence[Feature]) -> list[Dense]:
    """The layers without ReLUs that stay at 0 in the declared ranges."""
    if any(feature.kind == "number" and feature.low is None for feature in features):
        return layers
    scaling = scaling_of(model)
    mlp = Mlp(
        name="trained",
        features=tuple(features),
        targets=tuple(f"y{index}" for index in range(layers[-1].outputs)),
        labels=(),
        task="regression",  # the hidden layers are the same, whatever is predicted
        threshold=DEFAULT_THRESHOLD,
        scaling=None if scaling is None else _scaling(scaling),
        layers=tuple(layers),
    )
    box = declared(mlp, np.zeros((1, len(features)), np.float32))
    dead = [
        (reach.pre_activations.high[0] <= 0) & (layer.activation == "relu")
        for layer, reach in zip(layers, reaches(mlp, box), strict=True)
    ]
    for number in range(len(layers) - 1):
        layers = _without(layers, number, dead[number])
    return layers


def _scaling(layer: Any) -> Scaling:
    """The scaling of a Normalization layer, as its file would be read."""
    mean, variance = (
        np.asarray(numbers, np.float32).ravel() for numbers in (layer.mean, layer.variance)
    )
    return Scaling(mean, np.maximum(np.sqrt(variance), np.float32(keras().config.epsilon())))


def _without(layers: list[Dense], number: int, gone: Booleans) -> list[Dense]:
    """The layers without some units of one; a layer keeps one unit at least."""
    kept = np.flatnonzero(~gone)
    if not gone.any():
        return layers
    kept = kept if kept.size else np.zeros(1, np.intp)
    layer, reader = layers[number], layers[number + 1]
    fewer = Dense(layer.weights[kept], layer.bias[kept], layer.activation)
    reading = Dense(np.ascontiguousarray(reader.weights[:, kept]), reader.bias, reader.activation)
    return [*layers[:number], fewer, reading, *layers[number + 2 :]]


def _rebuilt(model: Any, layers: Sequence[Dense]) -> Any:
    """A Keras model like another, with these dense layers; its optimizer begins anew."""
    stack, rest = [keras().Input(model.input_shape[1:], name="inputs")], iter(layers)
    numbers: list[list[NDArray[Any]]] = []
    for layer in model.layers:
        config, arrays = layer.get_config(), [each.value.numpy() for each in layer.variables]
        if isinstance(layer, keras().layers.Dense):
            dense = next(rest)
            config["units"], arrays = dense.outputs, [dense.weights.T, dense.bias]
        stack.append(type(layer).from_config(config))
        numbers.append(arrays)
    smaller = keras().Sequential(stack, name=model.name)
    for layer, arrays in zip(smaller.layers, numbers, strict=True):
        for variable, array in zip(layer.variables, arrays, strict=True):
            variable.assign(array)
    smaller.compile_from_config(model.get_compile_config())
    return smaller
