"""The slowest rows of a header on a chip: looked for, with every unit of the network active.

The time depends on the row: without a float unit a layer passes over inputs of 0, and a sum takes
longer the further apart its numbers are; in integers a negative sum is not requantised. No row may
make every unit active, but none can make more of them active: the firmware that is measured passes
over nothing (``firmware_headers/harness/every_unit.h``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mlp_edge.feature import Feature
from mlp_edge.mlp import Rows
from mlp_edge.parity.search import changed
from mlp_edge.proof.bound import LARGEST
from mlp_edge.proof.declared import drawn
from mlp_edge.reference import Doubles
from mlp_edge.runtime.chips.simulated import Measured

SEED = 21
ROUNDS = 4
"""Of changing the slowest rows, after a first one of rows drawn from the ranges."""
KEPT = 6
EFFORT = 40_000_000
"""Cycles or instructions that a search may take; a second or so."""
MOST = 48
"""Rows of a round."""

Measure = Callable[[Rows], list[Measured]]
"""Rows (n, inputs) -> what each takes."""


def slowest(measure: Measure, features: Sequence[Feature], rows: Rows) -> list[Measured]:
    """What rows of the declared ranges take, those that took longest changed and tried again.

    Args:
        measure: runs rows on a chip.
        features: of the network; one without a range has that of the rows.
        rows: real rows (n, inputs), at least one, with which the search and the result begin.
    """
    random = np.random.default_rng(SEED)
    low, high = _ranges(features, rows)
    tried = np.vstack([rows, np.asarray([low, high], np.float32)])
    found = measure(tried)
    count = min(MOST, EFFORT // max(1, found[0].count) // (ROUNDS + 1))
    if not count:  # of a network so large that rows take seconds
        return found
    fresh = drawn(features, low, high, count, random)
    found += measure(fresh)
    for _ in range(ROUNDS):
        tried = np.vstack([tried, fresh])
        slow = sorted(range(len(found)), key=lambda at: -found[at].count)[:KEPT]
        fresh = changed(features, tried[slow], low, high, count, random)
        found += measure(fresh)
    return found


def _ranges(features: Sequence[Feature], rows: Rows) -> tuple[Doubles, Doubles]:
    """Lowest and highest value of each feature: as declared, otherwise of the rows."""
    finite = np.where(np.isfinite(rows), rows, 0.0).astype(np.float64)
    low, high = finite.min(axis=0), finite.max(axis=0)
    for index, feature in enumerate(features):
        if feature.codes:
            low[index], high[index] = min(feature.codes), max(feature.codes)
        low[index] = low[index] if feature.low is None else feature.low
        high[index] = high[index] if feature.high is None else feature.high
    return np.clip(low, -LARGEST, LARGEST), np.clip(high, -LARGEST, LARGEST)
