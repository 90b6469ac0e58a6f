"""Intervals of scores that have no formula for one, by drawing rows again and again.

The percentile bootstrap: of as many rows, drawn with replacement, the score is taken anew; the
middle 95 % of these scores are the interval (B. Efron and R. J. Tibshirani, An Introduction to the
Bootstrap, 1993, chapter 13). Rows of a group are drawn together, as they err together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlp_edge.lazy import require
from mlp_edge.mlp import Floats
from mlp_edge.training.scoring.scores import METRICS, Truth
from mlp_edge.training.scoring.statistics import CONFIDENCE

DRAWS = 500
MOST_ROWS = 20_000
"""Of more rows nothing is drawn: their scores are sure, and the draws would take minutes."""
SEED = 0


def resampled(
    names: Sequence[str], truth: Truth, outputs: Floats
) -> dict[str, tuple[float, float]]:
    """The 95 % interval of each named metric that rows tell one of.

    There is none of a single row or group, of very many rows, and where every draw scores the same.

    Args:
        names: of ``METRICS``.
        truth: of the rows.
        outputs: predictions (n, width) for them.
    """
    groups = np.arange(len(outputs)) if truth.groups is None else truth.groups
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    if not len(members) > 1 or len(outputs) > MOST_ROWS:
        return {}
    metrics, random = require("sklearn.metrics"), np.random.default_rng(SEED)
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(DRAWS):
        drawn = random.integers(len(members), size=len(members))
        rows = np.concatenate([members[place] for place in drawn])
        some, given = truth.of(rows), outputs[rows]
        for name, values in found.items():
            values.append(METRICS[name].score(metrics, some, given))
    ends = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
    return {
        name: (float(low), float(high))
        for name, values in found.items()
        if np.isfinite(values).any()  # a draw of one class has no ranking
        for low, high in [np.nanquantile(values, ends)]
        if low < high  # where nothing is wrong, no draw has anything wrong
    }
