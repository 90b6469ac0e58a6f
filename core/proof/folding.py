"""What folding may be off by: weights that were multiplied together, and rounded once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mlp_edge.mlp import Floats, Mlp
from mlp_edge.proof.accuracy import ANY, Accuracy
from mlp_edge.proof.bound import UNIT, Slack, Slacks, bound
from mlp_edge.reference import Doubles

LEAST = 2.0**-150
"""What rounding a number below 2^-126 to float32 may lose."""


def folded_bound(mlp: Mlp, rows: Floats, accuracy: Mapping[str, Accuracy] = ANY) -> Doubles:
    """How far float32 arithmetic on a network can be from the one whose numbers it rounds.

    Args:
        mlp: the network, each number of which was rounded once to float32.
        rows: raw readings (n, inputs).
        accuracy: the activations of what runs it.

    Returns:
        (n, outputs), as ``bound``.
    """
    return bound(mlp, rows, accuracy, rounded(mlp))


def rounded(mlp: Mlp) -> Slacks:
    """What rounding every number of a network to float32 has lost at most."""
    slacks = {
        number: Slack(_lost(layer.weights), _lost(layer.bias))
        for number, layer in enumerate(mlp.layers, start=1)
    }
    if mlp.scaling is not None:
        mean, std = (each.astype(np.float64) for each in (mlp.scaling.mean, mlp.scaling.std))
        slacks[0] = Slack(_lost(std) / std, _lost(mean) / std)
    return slacks


def _lost(numbers: Floats | Doubles) -> Doubles:
    found = np.abs(numbers.astype(np.float64))
    return np.where(found > 0, np.maximum(UNIT * found, LEAST), 0)
