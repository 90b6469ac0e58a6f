"""The twin of a model: what of it goes into a program, and what does not.

Models whose twins are described alike share a program. So what differs from fold to fold, from
seed to seed and from rate to rate is left out of the description, and loaded before training
where it belongs to the state. So are the strengths of dropout and of penalties: candidates and
folds that differ in nothing else need one program.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np

from mlp_edge.lazy import keras, tensorflow
from mlp_edge.mlp import Floats

DROPOUT, PENALTY = "Dropout", "Penalty"
"""A twin's own classes for Keras's Dropout and L2; their "place" is that of their strength."""
GENERATOR = "threefry"
"""Of dropout's random numbers. XLA takes 1 us for the mask of a small layer and 4 us by philox;
left to choose it takes 90, many times what the rest of a step does."""


def describe(model: Any) -> str:
    """Layers, loss, metrics and optimizer as JSON, without what differs between like models.

    That is the leading scaling, of which nothing is learned; a constant learning rate, which the
    optimizer keeps in a variable; the ``strengths``; and names that Keras counts up.
    """
    description = json.loads(model.to_json())
    settings = description["compile_config"]["optimizer"]["config"]
    settings["name"] = "optimizer"
    if not isinstance(settings["learning_rate"], dict):
        settings["learning_rate"] = 1.0
    scaling = scaling_of(model)
    layers = description["config"]["layers"]
    if scaling is not None:
        layers[:] = [layer for layer in layers if layer["config"]["name"] != scaling.name]
    place = count()
    penalised = _is_penalised(model)
    for layer in layers:
        own = layer["config"]
        if layer["class_name"] == DROPOUT:
            layer["registered_name"] = DROPOUT
            own["rate"] = 0.0
            own["place"] = next(place)
        elif layer["class_name"] == "Dense" and penalised:
            own["kernel_regularizer"] = {
                "module": None, "class_name": PENALTY, "registered_name": PENALTY,
                "config": {"place": next(place)},
            }  # fmt: skip
    return json.dumps(description)


def places(description: str) -> int:
    """How many strengths a described model has."""
    return description.count('"place": ')


def strengths(model: Any) -> Floats:
    """The rates of dropout and the weights of L2 penalties of a model, in its layers' order."""
    return np.array(list(_strengths(model)), np.float32)


def _strengths(model: Any) -> Iterator[float]:
    layers, penalised = keras().layers, _is_penalised(model)
    for layer in model.layers:
        if isinstance(layer, layers.Dropout):
            yield layer.rate
        elif isinstance(layer, layers.Dense) and penalised:
            penalty = layer.kernel_regularizer
            yield 0.0 if penalty is None else float(penalty.l2)


def _is_penalised(model: Any) -> bool:
    """Whether any layer has a penalty; where one has, all have, some of them of 0."""
    return any(getattr(layer, "kernel_regularizer", None) is not None for layer in model.layers)


def twin_of(description: str, strengths: Any) -> Any:
    """A compiled Keras model of what ``describe`` gives.

    Args:
        description: of the model.
        strengths: a variable (n,) float32 that will hold the model's ``strengths``.
    """
    own = {DROPOUT: _dropout(strengths), PENALTY: _penalty(strengths)}
    return keras().models.model_from_json(description, custom_objects=own)


def scaling_of(model: Any) -> Any | None:
    """The layer that scales the readings before anything is learned, where it comes first.

    It has to have been given its moments: one that took them by ``adapt`` keeps them in variables,
    which belong to the model's state.
    """
    first = model.layers[0]
    leads = isinstance(model, keras().Sequential) and len(model.layers) > 1
    given = isinstance(first, keras().layers.Normalization) and not first.variables
    return first if leads and given else None


def _dropout(strengths: Any) -> type:
    """Keras's Dropout, its state and its scale, with a generator that a program runs fast."""

    def init(self: Any, place: int, **settings: Any) -> None:
        keras().layers.Dropout.__init__(self, **{**settings, "rate": 0.5})  # 0 would have no seed
        self.place = place

    def call(self: Any, inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        tf, rate = tensorflow(), strengths.value[self.place]
        seed = tf.cast(self.seed_generator.next(), "int32")
        drawn = tf.random.stateless_uniform(tf.shape(inputs), seed, alg=GENERATOR)
        return tf.where(drawn >= rate, inputs * (1 / (1 - rate)), 0.0)

    own: dict[str, Any] = {"__init__": init, "call": call}
    return type(DROPOUT, (keras().layers.Dropout,), own)


def _penalty(strengths: Any) -> type:
    """Keras's L2, with a weight that is loaded."""

    def init(self: Any, place: int) -> None:
        self.place = place

    def call(self: Any, kernel: Any) -> Any:
        return strengths.value[self.place] * tensorflow().reduce_sum(kernel * kernel)

    base = keras().regularizers.Regularizer
    return type(PENALTY, (base,), {"__init__": init, "__call__": call})
