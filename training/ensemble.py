"""Networks of different seeds as one: the mean of what goes into their output activation.

The mean of dense layers is a dense layer of what they read side by side, so that members cost what
they cost alone and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import keras
from mlp_edge.processing import MLP

MOST_MEMBERS = 32
"""Of an ensemble."""


def member_seeds(seed: int, members: int) -> tuple[int, ...]:
    """The seeds of an ensemble's members; the first is its own, and the others' nobody else's."""
    drawn = np.random.SeedSequence((seed, members)).generate_state(members - 1)
    return (seed, *map(int, drawn))


def joined(members: Sequence[Any]) -> Any:
    """Fitted networks as one compiled Keras model of stock layers.

    With one hidden layer the members' neurons stand in one layer, with none their weights are
    averaged. With more, each member is a branch of a Functional model.

    Args:
        members: as ``fit_parts`` returns them, of one recipe and the same training rows; a single
            one is returned as it is.
    """
    if len(members) == 1:
        return members[0]
    first = members[0]
    dense = [[layer for layer in each.layers if _is(layer, "Dense")] for each in members]
    rows = keras().Input(first.input_shape[1:], name="inputs")
    scaled = rows
    for layer in first.layers:
        if _is(layer, "Normalization"):  # all have learned the same
            scaled = type(layer).from_config(layer.get_config())(rows)
    hidden = [layers[:-1] for layers in dense]
    if len(hidden[0]) > 1:
        branches = [_branch(scaled, number, each) for number, each in enumerate(hidden, start=1)]
        value = keras().layers.Concatenate(name="members")(branches)
    elif hidden[0]:
        value = _beside([each[0] for each in hidden])(scaled)
    else:
        value = scaled
    output = _mean([layers[-1] for layers in dense], apart=bool(hidden[0]))
    model = keras().Model(rows, output(value), name=MLP)
    model.compile_from_config(first.get_compile_config())
    return model


def _branch(value: Any, member: int, layers: Sequence[Any]) -> Any:
    """What a member's hidden layers make of a value."""
    for layer in layers:
        value = _dense(layer, f"member{member}_{layer.name}", *_weights(layer))(value)
    return value


def _beside(layers: Sequence[Any]) -> Any:
    """One layer with the neurons of several that read the same."""
    kernels, biases = zip(*map(_weights, layers), strict=True)
    return _dense(layers[0], layers[0].name, np.hstack(kernels), np.hstack(biases))


def _mean(layers: Sequence[Any], apart: bool) -> Any:
    """The mean of output layers, before their activation.

    Args:
        layers: of the members.
        apart: whether each reads its own hidden layer, side by side; otherwise all read the same.
    """
    kernels, biases = zip(*map(_weights, layers), strict=True)
    kernel = np.vstack(kernels) / len(layers) if apart else np.mean(kernels, axis=0)
    return _dense(layers[0], layers[0].name, kernel, np.mean(biases, axis=0))


def _dense(like: Any, name: str, kernel: NDArray[Any], bias: NDArray[Any]) -> Any:
    """A layer with another's activation, and these weights once it is called."""
    layer = keras().layers.Dense(len(bias), activation=like.activation, name=name)
    layer.build((None, len(kernel)))
    layer.set_weights([kernel.astype(np.float32), bias.astype(np.float32)])
    return layer


def _weights(layer: Any) -> list[NDArray[Any]]:
    """Kernel and bias (float64) of a dense layer."""
    return [variable.numpy().astype(np.float64) for variable in layer.variables]


def _is(layer: Any, kind: str) -> bool:
    return isinstance(layer, getattr(keras().layers, kind))
