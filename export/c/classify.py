"""How NAME_classify takes a class from the last layer: by its sums where they decide."""

from __future__ import annotations

import math

import numpy as np

from mlp_edge.export.c.text import literal
from mlp_edge.mlp import Mlp

DOUBT = 1e-6
"""A probability is in doubt where it is this near to the threshold, as a share of it. The kernel
of the sigmoid errs by less than 4e-7 of its result (tests/export/c/test_classify.py)."""

_SMALLEST = 1e-37
"""Below it the exponential answers 0, which is far off in proportion."""


def by_sums(mlp: Mlp) -> bool:
    """Whether the sums of the last layer decide, but for few rows, without its activation."""
    last = mlp.layers[-1].activation
    if mlp.task == "binary":
        return last == "sigmoid" and sigmoid_limits(mlp.threshold) is not None
    return mlp.task == "multiclass" and last == "softmax"


def kernel(mlp: Mlp) -> str:
    """The kernel that the answer is taken with."""
    return f"choose_{mlp.layers[-1].activation}" if by_sums(mlp) else "choose"


def call(mlp: Mlp) -> str:
    """The answer from an array ``outputs``: sums where ``by_sums``, else predictions."""
    threshold = f"{mlp.name.upper()}_THRESHOLD"
    if mlp.task == "multiclass":
        which = "choose_softmax" if by_sums(mlp) else "largest"
        return f"mlp_edge_{which}(outputs, {mlp.outputs})"
    limits = sigmoid_limits(mlp.threshold) if by_sums(mlp) else None
    if limits is None:
        return f"mlp_edge_above(outputs, {threshold})"
    low, high = map(literal, limits)
    return f"mlp_edge_choose_sigmoid(outputs, {low}, {high}, {threshold})"


def sigmoid_limits(threshold: np.float32) -> tuple[np.float32, np.float32] | None:
    """Below the first number sigmoid is under a threshold for certain, above the second over it.

    None for a threshold so near to 0 or 1, or so far outside, that no sum is certain.
    """
    under, over = (float(threshold) * (1 - DOUBT), float(threshold) * (1 + DOUBT))
    if under < _SMALLEST or over >= 1 - DOUBT:
        return None
    infinity = np.float32(np.inf)
    return (
        np.nextafter(np.float32(_logit(under)), -infinity),
        np.nextafter(np.float32(_logit(over)), infinity),
    )


def _logit(probability: float) -> float:
    return math.log(probability) - math.log1p(-probability)
