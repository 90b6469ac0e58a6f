"""The twin of a model: what of it goes into a program, and what does not.

Models whose twins are described alike share a program. So what differs from fold to fold, from
seed to seed and from rate to rate is left out of the description, and loaded before training
where it belongs to the state.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from mlp_edge.lazy import keras, tensorflow

DROPOUT = "Dropout"
"""Keras's class of layers in whose place a twin has its own."""
GENERATOR = "threefry"
"""Of dropout's random numbers. XLA takes 1 us for the mask of a small layer and 4 us by philox;
left to choose it takes 90, many times what the rest of a step does."""


def describe(model: Any) -> str:
    """Layers, loss, metrics and optimizer as JSON, without what differs between like models.

    That is the leading scaling, of which nothing is learned; a constant learning rate, which the
    optimizer keeps in a variable; and names that Keras counts up.
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
    for layer in layers:
        if layer["class_name"] == DROPOUT:
            layer["registered_name"] = DROPOUT
    return json.dumps(description)


def twin_of(description: str) -> Any:
    """A compiled Keras model of what ``describe`` gives."""
    return keras().models.model_from_json(description, custom_objects={DROPOUT: _dropout()})


def scaling_of(model: Any) -> Any | None:
    """The layer that scales the readings before anything is learned, where it comes first.

    It has to have been given its moments: one that took them by ``adapt`` keeps them in variables,
    which belong to the model's state.
    """
    first = model.layers[0]
    leads = isinstance(model, keras().Sequential) and len(model.layers) > 1
    given = isinstance(first, keras().layers.Normalization) and not first.variables
    return first if leads and given else None


@cache
def _dropout() -> type:
    """Keras's Dropout, its state and its scale, with a generator that a program runs fast."""

    def call(self: Any, inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        seed = tensorflow().cast(self.seed_generator.next(), "int32")
        return tensorflow().nn.experimental.stateless_dropout(
            inputs, rate=self.rate, seed=seed, rng_alg=GENERATOR
        )

    return type(DROPOUT, (keras().layers.Dropout,), {"call": call})
