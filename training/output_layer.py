"""The last layer by itself: where its bias starts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.mlp import Floats


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
