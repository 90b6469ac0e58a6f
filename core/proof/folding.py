"""What folding may be off by: weights that were multiplied together, and rounded once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mlp_edge.feature import Feature
from mlp_edge.mlp import Dense, Floats, Mlp
from mlp_edge.proof.accuracy import ANY, Accuracy
from mlp_edge.proof.bound import bound
from mlp_edge.reference import FORMULAS, Doubles


def folded_bound(mlp: Mlp, rows: Floats, accuracy: Mapping[str, Accuracy] = ANY) -> Doubles:
    """How far float32 arithmetic on the layers that were folded can be from the network.

    The bound of a network covers a rounding of each product, hence of each weight, and none of a
    bias or a mean. So that of the same network is added whose biases and means are weights.

    Args:
        mlp: the network, read from a file whose layers were folded or not.
        rows: raw readings (n, inputs).
        accuracy: the activations of what runs the file.

    Returns:
        (n, outputs), as ``bound``; that alone for a network with an encoding, which is our own.
    """
    if not mlp.encoding.plain:
        return bound(mlp, rows, accuracy)
    ones = np.ones((len(rows), 1), np.float32)
    widened = bound(_all_weights(mlp), np.hstack([rows, ones]), accuracy)
    return np.asarray(bound(mlp, rows, accuracy) + widened)


def _all_weights(mlp: Mlp) -> Mlp:
    """The network with biases and scaling as weights of one more input, which is 1."""
    layers = list(mlp.layers)
    if mlp.scaling is not None:
        std = mlp.scaling.std.astype(np.float64)
        bias = (-mlp.scaling.mean / std).astype(np.float32)
        layers.insert(0, Dense(np.diag(1 / std).astype(np.float32), bias, "linear"))
    one, built = 1.0, []
    for number, layer in enumerate(layers, start=1):
        weights = np.column_stack([layer.weights, layer.bias / one])
        if number < len(layers):  # the 1 goes on as what the activation makes of it
            weights = np.vstack([weights, [*[0] * layer.inputs, 1 / one]])
            one = float(FORMULAS[layer.activation](np.ones((1, 1)))[0, 0])
        bias = np.zeros(len(weights), np.float32)
        built.append(Dense(weights.astype(np.float32), bias, layer.activation))
    features = (*mlp.features, Feature("one"))
    return replace(mlp, features=features, scaling=None, layers=tuple(built))
