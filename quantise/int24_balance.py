"""int24: digits of weights weighed against digits of what they multiply.

A weight is off by half of its unit, times an integer as large as 2^24; an integer is off by a half,
times the weight. A layer's largest weight sets the unit of all: where others are small, what they
multiply has digits to spare, and longer steps make its weights larger.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlp_edge.integers.quantised import WEIGHT_LIMIT, Integers
from mlp_edge.reference import Doubles

_MOST = WEIGHT_LIMIT["int24"]
_DOUBLED = 16
"""At most so often does a step double."""
_TINY = 1e-200


def longer(
    weights: Doubles, spread: Doubles, step: Doubles, exact: NDArray[np.bool_] | None = None
) -> Doubles:
    """By how much longer steps of a layer's inputs make its sums more exact: powers of two.

    Args:
        weights: (outputs, inputs), of all layers that read these inputs.
        spread: (inputs,), variances of the inputs, in the units that the weights are for.
        step: (inputs,), the finest that an integer can stand for.
        exact: (inputs,), which of them lose nothing in any steps; None for none.
    """
    size = np.square(weights)
    size /= np.maximum(size @ spread, _TINY)[:, None]  # the same share of each sum may be off
    rounded = size if exact is None else size * ~exact
    tried, found, least = step, step, np.inf
    for _ in range(_DOUBLED + 1):
        square = np.square(tried)
        unit = (size * square).max(axis=1, keepdims=True) / _MOST**2
        held, lost = spread / square, rounded * square
        off = float(unit.sum() * held.sum() + lost.sum())
        if off >= least:
            break
        found, least = tried, off
        raised = np.maximum(unit, 4 * size * square / _MOST**2)
        change = raised * (held.sum() - 0.75 * held) - unit * held.sum() + 3 * lost
        tried = np.where(change.sum(axis=0) < 0, 2 * tried, tried)
    return found / step


def balanced(step: Doubles, finest: Doubles, inputs: Integers) -> Doubles:
    """Steps (outputs,) of activations, some longer, up to twice, for the sake of weights.

    A step is the unit of the sums times a power of two. That unit is up to twice the finest for
    which the weights fit, or the step is up to twice what was asked for: whichever costs less.

    Args:
        step: (outputs,), the finest that activations fit in.
        finest: (outputs,), the finest unit of the sums.
        inputs: (n, inputs), integers that the weights multiply.
    """
    ratio = np.log2(step / finest)
    whole = finest * np.exp2(np.ceil(ratio))
    held = inputs.var(axis=0).sum()
    lost = np.square(step) + held * np.square(step / np.exp2(np.floor(ratio)))
    return np.where(np.square(whole) + held * np.square(finest) < lost, whole, step)
