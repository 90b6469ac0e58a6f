"""How NAME_classify chooses a class: by the logits where they decide, else by the predictions."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mlp_edge.export.c.text import literal
from mlp_edge.mlp import Mlp

DOUBT = 1e-6
"""A probability is in doubt where it is this near to the threshold, as a share of it. The kernel
of the sigmoid errs by less than 4e-7 of its result (tests/export/c/test_classify.py)."""

_SMALLEST = 1e-37
"""Below it the exponential is 0, which is far off in proportion."""


class Choice(NamedTuple):
    """How NAME_classify chooses.

    Attributes:
        call: the expression that gives the class.
        kernels: what it calls.
        early: whether the last layer decides without the predictions: its logits in float32, its
            quantised outputs in integers.
        comment: a sentence for the prototype; "" says nothing.
    """

    call: str
    kernels: tuple[str, ...]
    early: bool
    comment: str = ""


NO_CHOICE = Choice("", (), early=False)
"""Of a regression, which has no classes."""


def choice(mlp: Mlp) -> Choice:
    """The choice of a model in float32."""
    if not mlp.labels:
        return NO_CHOICE
    prefix, heads = mlp.name.upper(), mlp.head_layers
    if len(heads) > 1 or heads[0].times is not None:
        return by_predictions(mlp)
    last, comment = heads[0].activation, "Most rows are classified without the exponential."
    if mlp.task == "multiclass" and last == "softmax":
        call = f"mlp_edge_choose_softmax(logits, {prefix}_OUTPUTS)"
        return Choice(call, ("choose_softmax",), early=True, comment=comment)
    sigmoid = mlp.task == "binary" and last == "sigmoid"
    limits = sigmoid_limits(mlp.threshold) if sigmoid else None
    if limits is None:
        return by_predictions(mlp)
    low, high = map(literal, limits)
    call = f"mlp_edge_choose_sigmoid(logits, {low}, {high}, {prefix}_THRESHOLD)"
    return Choice(call, ("choose_sigmoid",), early=True, comment=comment)


def by_predictions(mlp: Mlp) -> Choice:
    """The choice among finished predictions, for any output activation."""
    prefix = mlp.name.upper()
    if mlp.task == "multiclass":
        return Choice(f"mlp_edge_largest(outputs, {prefix}_OUTPUTS)", ("largest",), early=False)
    return Choice(f"mlp_edge_above(outputs, {prefix}_THRESHOLD)", ("above",), early=False)


def sigmoid_limits(threshold: np.float32) -> tuple[np.float32, np.float32] | None:
    """Two logits: below the first, sigmoid is certainly under a threshold; above the second, over.

    None for a threshold so near to 0 or 1, or so far outside, that no logit is certain.
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
