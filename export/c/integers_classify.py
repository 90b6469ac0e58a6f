"""How NAME_classify chooses a class from the quantised outputs of the last layer, proved.

In int8 and int16 a quantised output is an integer from 0 to a few thousand, so the exporter tries
them all. In int24 it goes to 2^31: the exporter halves the range, and tries what is near the limit.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mlp_edge.export.c.classify import DOUBT, NO_CHOICE, Choice, by_predictions
from mlp_edge.integers.integer_reference import dequantise
from mlp_edge.integers.quantised import Integers, Quantised
from mlp_edge.mlp import Mlp

_MOST_TRIED = 2**20
_COMMENT = "Integers are compared; no prediction is computed."


def choice(mlp: Mlp, quantised: Quantised) -> Choice:
    """The choice of a model in integers."""
    if not mlp.labels:
        return NO_CHOICE
    if mlp.task == "binary":
        limit = highest_below(mlp.threshold, quantised)
        kernel, call = "quantised_above", f"mlp_edge_quantised_above(quantised[0], {limit})"
        decided = limit is not None
    elif quantised.dtype == "int24":
        return by_predictions(mlp)
    else:
        alike = alike_below_the_largest(quantised)
        arguments = f"quantised, {mlp.name.upper()}_OUTPUTS, {alike}"
        kernel, call = "quantised_largest", f"mlp_edge_quantised_largest({arguments})"
        decided = alike is not None
    return Choice(call, (kernel,), early=True, comment=_COMMENT) if decided else by_predictions(mlp)


def highest_below(threshold: np.float32, quantised: Quantised) -> int | None:
    """The highest quantised output of the first class, -1 where all are of the second.

    None where the predictions do not rise from the first class to the second: no limit decides.
    """
    if quantised.dtype == "int24":
        return _highest_below_by_halving(threshold, quantised)
    found = dequantise(quantised, _every(quantised)[:, None])[:, 0]
    yes: NDArray[np.bool_] = found > threshold
    if not np.isfinite(found).all() or (np.diff(yes.astype(int)) < 0).any():
        return None
    return int(np.count_nonzero(~yes)) - 1


def _highest_below_by_halving(threshold: np.float32, quantised: Quantised) -> int | None:
    """The same in int24, whose predictions rise: a line's always, a sigmoid's but for roundings.

    Roundings may put neighbours in the wrong order, so all outputs are tried whose sigmoid is as
    near to the threshold as roundings go. None where those are too many, or a table predicts.
    """
    if quantised.table is not None:
        return None
    top = quantised.layers[-1].high
    below, above = -1, top + 1
    while above - below > 1:
        middle = (below + above) // 2
        found = dequantise(quantised, np.array([[middle]]))[0, 0]
        below, above = (below, middle) if found > threshold else (middle, above)
    near = _near(float(threshold), quantised.octave)
    if near is None:
        return None
    outputs = np.arange(max(below - near, 0), min(below + near, top) + 1)
    yes = dequantise(quantised, outputs[:, None])[:, 0] > threshold
    return below if bool((yes == (outputs > below)).all()) else None


def _near(threshold: float, octave: int) -> int | None:
    """How many outputs on each side of the limit have a sigmoid within roundings of the threshold.

    Its derivative by the logarithm is 1 - sigmoid, so that is how far the logit may be off.
    """
    if octave == 0 or not 0 < threshold < 1:
        return 1
    share = 2 * DOUBT / (1 - threshold * (1 + DOUBT)) if threshold * (1 + DOUBT) < 1 else math.inf
    outputs = share / math.log(2) * 2**octave
    return math.ceil(outputs) + 1 if outputs < _MOST_TRIED else None


def alike_below_the_largest(quantised: Quantised) -> int | None:
    """How far a quantised logit may be below the largest and still have the same probability.

    Exponentials below that of the largest are less by one in 2^16 at least, which no division to
    float32 makes equal: probabilities are equal where exponentials are. None without a softmax,
    whose outputs have steps of their own, and where the table has its largest exponential anywhere
    but at its beginning.
    """
    if not quantised.softmax or quantised.table is None:
        return None
    powers = quantised.table.at(_every(quantised))
    count = int(np.count_nonzero(powers == powers[0]))
    first = powers[0] > 0 and (powers <= powers[0]).all() and (powers[:count] == powers[0]).all()
    return count - 1 if first else None


def _every(quantised: Quantised) -> Integers:
    return np.arange(quantised.layers[-1].largest + 1, dtype=np.int64)
