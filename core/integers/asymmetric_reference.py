"""The slow, exact reference of a stranger's network in integers, to the bit.

It is the arithmetic of TFLite Micro's portable kernels, which round each requantised sum twice.
LiteRT on a computer rounds once, which ``once`` asks for.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mlp_edge.integers.asymmetric import (
    HIGHEST,
    LOWEST,
    AsymmetricNetwork,
    DenseStep,
    SoftmaxStep,
    TableStep,
)
from mlp_edge.integers.fixed_point import (
    Integers,
    high_product,
    once_rounded,
    reciprocal,
    rounded_shift,
    twice_rounded,
)
from mlp_edge.mlp import Floats, Mlp, Rows

Requantise = Callable[[Integers, Integers, Integers], Integers]
_HEADROOM = 12
"""Bits before the point of a sum of exponentials."""


def predict_asymmetric(
    mlp: Mlp, network: AsymmetricNetwork, rows: Rows, once: bool = False
) -> Floats:
    """Predictions (n, outputs) float32 for raw rows (n, inputs); NaN where a reading is NaN.

    Args:
        mlp: the network in float32, for what becomes of missing readings.
        network: its integers.
        rows: raw readings; what the first tensor cannot hold counts as its nearest integer.
        once: as LiteRT's kernels for computers round.
    """
    raw = np.asarray(rows, np.float32)
    last = integers_of(network, network.given.integers(mlp.encoding.encode(raw)), once)
    rejected = mlp.encoding.rejected(raw)
    return np.where(rejected[:, None], np.float32(np.nan), network.result.numbers(last))


def integers_of(network: AsymmetricNetwork, given: Integers, once: bool = False) -> Integers:
    """What the last step gives, (n, outputs), for the integers of the first tensor, (n, width).

    Args:
        network: what computes it.
        given: integers from -128 to 127.
        once: as LiteRT's kernels for computers round.
    """
    requantise = once_rounded if once else twice_rounded

    found = given
    for step in network.steps:
        if isinstance(step, DenseStep):
            found = _dense(step, found, requantise)
        elif isinstance(step, TableStep):
            found = np.asarray(step.points[found - LOWEST])
        else:
            found = _softmax(step, found)
    return found


def _dense(layer: DenseStep, inputs: Integers, requantise: Requantise) -> Integers:
    sums = inputs @ layer.weights.T + layer.bias
    found = requantise(sums, layer.multiplier, layer.shift) + layer.zero_point
    return np.clip(found, layer.low, layer.high)


def _softmax(step: SoftmaxStep, inputs: Integers) -> Integers:
    below = inputs.max(axis=1, keepdims=True) - inputs
    counted = below < len(step.powers)
    powers = np.where(counted, step.powers[np.minimum(below, len(step.powers) - 1)], 0)
    total = rounded_shift(powers, _HEADROOM).sum(axis=1, keepdims=True)
    zeros = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)  # leading ones
    share = high_product(reciprocal((total << zeros) - 2**31), powers)
    found = rounded_shift(share, _HEADROOM - zeros + 31 - 8) + LOWEST
    return np.where(counted, np.clip(found, LOWEST, HIGHEST), LOWEST)
