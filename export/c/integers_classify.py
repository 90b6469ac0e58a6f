"""How NAME_classify takes a class from the last layer's results, without a float, proved.

Every result is an integer from 0 to a few thousand, so the exporter tries them all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.integers.integer_reference import dequantise
from mlp_edge.integers.quantised import Integers, Quantised
from mlp_edge.mlp import Mlp


class Choice(NamedTuple):
    """How a class is chosen.

    Attributes:
        call: the class, from ``results`` or from ``outputs``.
        kernels: what it calls; none for a regression.
        by_results: whether the results decide; otherwise the predictions do.
    """

    call: str
    kernels: tuple[str, ...]
    by_results: bool


def choice(mlp: Mlp, quantised: Quantised) -> Choice:
    """The choice of a model; an empty one for a regression."""
    if not mlp.labels:
        return Choice("", (), False)
    if mlp.task == "binary":
        limit = highest_below(mlp.threshold, quantised)
        if limit is None:
            call = f"mlp_edge_above(outputs, {mlp.name.upper()}_THRESHOLD)"
        else:
            call = f"mlp_edge_result_above(results[0], {limit})"
        decided = limit is not None
    else:
        alike = alike_below_the_largest(quantised)
        decided = alike is not None
        call = (
            f"mlp_edge_largest_result(results, {mlp.outputs}, {alike})"
            if decided
            else f"mlp_edge_largest(outputs, {mlp.outputs})"
        )
    return Choice(call, ("choose_results" if decided else "choose",), decided)


def highest_below(threshold: np.float32, quantised: Quantised) -> int | None:
    """The highest result that does not answer the second class, -1 where all do.

    None where the answers do not rise from no to yes, so that no limit can decide.
    """
    found = dequantise(quantised, _every(quantised)[:, None])[:, 0]
    yes: NDArray[np.bool_] = found > threshold
    if not np.isfinite(found).all() or (np.diff(yes.astype(int)) < 0).any():
        return None
    return int(np.count_nonzero(~yes)) - 1


def alike_below_the_largest(quantised: Quantised) -> int | None:
    """How far a result may be below the largest and still have the same share.

    Powers below that of the largest are less by one in 2^16 at least, which no division to float32
    makes equal: shares are alike where powers are. None without a softmax, whose outputs have steps
    of their own, and where the table has its largest power anywhere but at its beginning.
    """
    if not quantised.softmax or quantised.table is None:
        return None
    powers = quantised.table.at(_every(quantised))
    count = int(np.count_nonzero(powers == powers[0]))
    first = powers[0] > 0 and (powers <= powers[0]).all() and (powers[:count] == powers[0]).all()
    return count - 1 if first else None


def _every(quantised: Quantised) -> Integers:
    return np.arange(quantised.layers[-1].largest + 1, dtype=np.int64)
