"""How NAME_classify chooses a class from the quantised outputs of the last layer, proved.

Every quantised output is an integer from 0 to a few thousand, so the exporter tries them all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlp_edge.export.c.classify import NO_CHOICE, Choice, by_predictions
from mlp_edge.integers.integer_reference import dequantise
from mlp_edge.integers.quantised import Integers, Quantised
from mlp_edge.mlp import Mlp

_COMMENT = "Integers are compared; no prediction is computed."


def choice(mlp: Mlp, quantised: Quantised) -> Choice:
    """The choice of a model in integers."""
    if not mlp.labels:
        return NO_CHOICE
    if mlp.task == "binary":
        limit = highest_below(mlp.threshold, quantised)
        kernel, call = "quantised_above", f"mlp_edge_quantised_above(quantised[0], {limit})"
        decided = limit is not None
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
    found = dequantise(quantised, _every(quantised)[:, None])[:, 0]
    yes: NDArray[np.bool_] = found > threshold
    if not np.isfinite(found).all() or (np.diff(yes.astype(int)) < 0).any():
        return None
    return int(np.count_nonzero(~yes)) - 1


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
