"""A network whose weights and biases are float16 numbers, held in float32."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.mlp import Dense, Mlp
from mlp_edge.settings import setting


def half_precision(mlp: Mlp) -> Mlp:
    """The network whose weights and biases are float16 numbers, held in float32.

    Raises:
        ModelError: where one is beyond the largest float16.
    """
    layers = enumerate(mlp.layers, start=1)
    return replace(mlp, layers=tuple(_rounded(number, layer) for number, layer in layers))


def _rounded(number: int, layer: Dense) -> Dense:
    with np.errstate(over="ignore"):
        weights, bias = (
            values.astype(np.float16).astype(np.float32) for values in (layer.weights, layer.bias)
        )
    if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
        largest = max(np.abs(layer.weights).max(), np.abs(layer.bias).max())
        raise ModelError(
            f"layer {number} has a weight or bias of size {largest:g}, and float16 ends at "
            f"{np.finfo(np.float16).max:g}; {setting('dtype', 'float32')} would do"
        )
    return replace(layer, weights=weights, bias=bias)
