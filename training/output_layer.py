"""The last layer by itself: where its bias starts, what it sums, and its temperature."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import keras
from mlp_edge.mlp import Floats, Rows


def prior_bias(activation: str, means: NDArray[np.float64], rows: int) -> Floats:
    """The bias with which an output layer predicts the mean of its targets, (outputs,) float32.

    Zeros where no bias does.

    Args:
        activation: of the layer.
        means: of the training targets, (outputs,): of classes their shares.
        rows: of which these are the means; a class without any counts as half a row.
    """
    shares = np.clip(means, 0.5 / rows, 1 - 0.5 / rows)
    if activation == "sigmoid":
        bias = np.log(shares) - np.log1p(-shares)
    elif activation == "softmax":
        bias = np.log(shares)
    elif activation == "linear":
        bias = means
    else:
        bias = np.zeros_like(means)
    return np.asarray(bias, np.float32)


def start_at(model: Any, bias: Floats) -> None:
    """Give the last layer's bias (outputs,) its first value."""
    model.layers[-1].bias.assign(bias)


def sums(model: Any, rows: Rows) -> NDArray[np.float64]:
    """What the last layer sums before its activation, (n, outputs), of encoded readings."""
    below = keras().Model(model.inputs[0], model.layers[-1].input)
    kernel, bias = (array.astype(np.float64) for array in model.layers[-1].get_weights())
    return np.asarray(below(rows, training=False).numpy().astype(np.float64) @ kernel + bias)


def cool(model: Any, temperature: float) -> None:
    """Divide what the last layer sums by a number, in place: in float64, rounded once."""
    arrays = model.layers[-1].get_weights()
    model.layers[-1].set_weights(
        [(array.astype(np.float64) / temperature).astype(np.float32) for array in arrays]
    )
