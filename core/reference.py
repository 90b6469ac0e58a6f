"""The slow, obvious float64 reference: the arbiter of every runtime.

One formula per activation, each the one that Keras 3 documents under its name, with Keras's
default parameters; ``gelu_tanh`` is Keras's gelu with ``approximate=True``, ``rsqrt`` 1 / sqrt(z).
To add an activation: a formula here, a name in ``mlp_edge.mlp.Activation``,
a C kernel in firmware_headers/, a function in both libraries of script_modules/, a line in
export/graph.py; the parity zoo then covers it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.mlp import Dense, Floats, Mlp
from mlp_edge.walk import columns, heads_of, walk

Doubles = NDArray[np.float64]
_Step = tuple[Doubles, Doubles]
"""The pre-activations of a layer, and what it gives."""

# Klambauer et al., Self-Normalizing Neural Networks (2017).
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
LEAKY_SLOPE = 0.2
"""Keras 3's default negative_slope; Keras 2 had 0.3."""

# Hendrycks and Gimpel, Gaussian Error Linear Units (2016).
GELU_SCALE = 2 * math.sqrt(2 / math.pi)
GELU_CUBE = 0.044715

erfc = np.vectorize(math.erfc, otypes=[np.float64])


def _sigmoid(z: Doubles) -> Doubles:
    # exp of a negative number only: no overflow on either side.
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + small), small / (1 + small))


def _mish(z: Doubles) -> Doubles:
    # tanh(ln(1 + e)) = (e^2 + 2 e) / (e^2 + 2 e + 2); beyond 20 it is 1.
    power = np.exp(np.minimum(z, 20))
    share = power * (power + 2)
    return np.asarray(z * (share / (share + 2)))


def _rsqrt(z: Doubles) -> Doubles:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1 / np.sqrt(z))


def _softmax(z: Doubles) -> Doubles:
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


FORMULAS: dict[str, Callable[[Doubles], Doubles]] = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z >= 0, z, LEAKY_SLOPE * z),
    "elu": lambda z: np.where(z >= 0, z, np.expm1(np.minimum(z, 0))),
    "selu": lambda z: SELU_SCALE * np.where(z >= 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0))),
    "gelu": lambda z: 0.5 * z * erfc(-z / math.sqrt(2)),  # erfc: no cancellation in the tail
    # z (1 + tanh(...)) / 2, without its cancellation in the tail.
    "gelu_tanh": lambda z: z * _sigmoid(GELU_SCALE * (z + GELU_CUBE * z**3)),
    "silu": lambda z: z * _sigmoid(z),
    "mish": _mish,
    "softplus": lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))),
    "softsign": lambda z: z / (1 + np.abs(z)),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "hard_sigmoid": lambda z: np.clip(z + 3, 0, 6) / 6,
    "exponential": np.exp,
    "square": np.square,
    "rsqrt": _rsqrt,
    "softmax": _softmax,
}


def trace(
    mlp: Mlp, rows: Floats | Doubles, weights: Sequence[Doubles] | None = None
) -> Iterator[tuple[Doubles, Doubles]]:
    """Yield (z, what the layer gives) of each layer, (n, outputs) float64 each, in order.

    A layer gives activation(z), or that times the value that it is multiplied by.

    Args:
        mlp: the network.
        rows: raw readings, (n, inputs); every float32 is exact in float64.
        weights: other weights in float64, one array per layer, to see what they would change.
    """
    x = mlp.encoding.encode(np.asarray(rows, dtype=np.float64))
    arrays = [layer.weights.astype(np.float64) for layer in mlp.layers]
    matrices = iter(arrays if weights is None else weights)

    def step(layer: Dense, given: _Step, gate: _Step | None) -> _Step:
        z = given[1] @ next(matrices).T + layer.bias.astype(np.float64)
        value = FORMULAS[layer.activation](z)
        return z, value if gate is None else value * gate[1]

    def join(values: Sequence[_Step]) -> _Step:
        return values[0][0], columns([value for _, value in values])

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if mlp.scaling is not None:
            mean = mlp.scaling.mean.astype(np.float64)
            x = (x - mean) / mlp.scaling.std.astype(np.float64)
        yield from walk(mlp.layers, (x, x), step, join)


def predict(mlp: Mlp, rows: Floats | Doubles, weights: Sequence[Doubles] | None = None) -> Doubles:
    """Predictions (n, outputs) in float64 for raw readings (n, inputs); see ``trace``."""
    given = (value for _, value in trace(mlp, rows, weights))
    last: Doubles = heads_of(mlp.layers, mlp.heads, given)
    if mlp.clip is not None:
        last = np.clip(last, *mlp.clip)
    rejected = mlp.encoding.rejected(np.asarray(rows, dtype=np.float64))
    return np.where(rejected[:, None], np.nan, last)


def distance(got: Doubles, wanted: Doubles) -> Doubles:
    """Absolute difference; 0 for the same infinity or NaN on both sides, inf for one side."""
    with np.errstate(invalid="ignore"):
        distance = np.abs(got - wanted)
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    return np.where(same, 0.0, np.where(np.isnan(distance), np.inf, distance))
