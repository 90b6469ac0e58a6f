"""Calibration rows: those given, and recombined ones.

The original answers any row, so what a few hundred rows leave open (how far a sum may go, which
weights matter) is asked of rows between them.
"""

from __future__ import annotations

import numpy as np

from mlp_edge.mlp import Mlp, Rows

_RECOMBINED = 2000
_SWAPPED = 0.25
"""The share of a row's readings that a cross takes from another row."""
_FAR = 10.0
"""Spreads from the middle beyond which a reading is far off; a spread is from the lowest twentieth
of the rows to the highest."""


def recombined(rows: Rows) -> Rows:
    """The rows (n, inputs), and rows that have some readings of one and the rest of another."""
    random = np.random.default_rng(0)
    first, second = rows[random.integers(len(rows), size=(2, _RECOMBINED))]
    other = random.random(first.shape) < _SWAPPED
    return np.vstack([rows, np.where(other, second, first)])


def central_rows(mlp: Mlp, rows: Rows) -> Rows:
    """The rows none of whose numbers is far off; one such reading costs all others their digits."""
    numbers = mlp.encoding.encode(rows)[:, : len(mlp.encoding.numbers)].astype(np.float64)
    low, middle, high = np.quantile(numbers, (0.05, 0.5, 0.95), axis=0)
    far = np.abs(numbers - middle) > _FAR * np.maximum(high - low, 1e-30)
    far &= high > low  # where nearly all are alike, another reading is rare, not wrong
    return np.asarray(rows[~far.any(axis=1)])
