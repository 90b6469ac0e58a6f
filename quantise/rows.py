"""Rows to calibrate with: those that are there, and crosses between them.

The original answers any row, so what a few hundred rows leave open (how far a sum may go, which
weights matter) is asked of rows between them.
"""

from __future__ import annotations

import numpy as np

from mlp_edge.mlp import Rows

_CROSSES = 2000
_SWAPPED = 0.25
"""The share of a row's readings that a cross takes from another row."""


def crossed(rows: Rows) -> Rows:
    """The rows (n, inputs), and rows that have some readings of one and the rest of another."""
    random = np.random.default_rng(0)
    first, second = rows[random.integers(len(rows), size=(2, _CROSSES))]
    other = random.random(first.shape) < _SWAPPED
    return np.vstack([rows, np.where(other, second, first)])
