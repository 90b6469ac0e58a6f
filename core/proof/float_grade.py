"""Whether integers are as exact as float32: predictions of int24 beside the proved bound.

The bound B(x) is what no float32 runtime is further off by (``mlp_edge.proof.bound``). Predictions
within it cannot be told from those of float32 by how far they are off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlp_edge.mlp import Floats, Mlp, Rows
from mlp_edge.proof.bound import bound, share, work
from mlp_edge.proof.declared import clipped, drawn, inside, ranges
from mlp_edge.reference import distance, predict

ROWS = 4000
"""Rows drawn from the declared ranges."""
AFFORDABLE = 2**31
"""Multiply-adds, roughly, that all bounds may take; a large network gets fewer rows."""
SEED = 24


@dataclass(frozen=True)
class FloatGrade:
    """How predictions compare with float32's bound.

    Attributes:
        rows: how many were compared.
        used: the largest share of its bound that a prediction is off by.
        error: how much that is, and ``bound`` what its bound is.
        bound: see ``error``.
        row: which row that is, and ``output`` which of its predictions, from 0.
    """

    rows: int
    used: float
    error: float
    bound: float
    row: int
    output: int

    @property
    def holds(self) -> bool:
        """Whether every prediction is within its bound."""
        return self.used <= 1


def grade_rows(mlp: Mlp, sample: Rows) -> Rows:
    """Rows (n, inputs) of a sample that lie in the declared ranges, and rows drawn from these.

    Of those drawn, an eighth are corners, an eighth are near the middle of the sample, and an
    eighth lack readings that something fills.

    Args:
        mlp: the network.
        sample: real rows, at least one; they have the ranges of features that declare none.
    """
    low, high = ranges(mlp, sample)
    random = np.random.default_rng(SEED)
    anywhere = drawn(mlp.features, low, high, ROWS, random)
    corners, central, gaps, _ = np.split(anywhere, [ROWS // 8, ROWS // 4, 3 * ROWS // 8])
    numbers = np.array([not feature.codes for feature in mlp.features])
    ends = clipped(np.where(random.random(corners.shape) < 0.5, low, high), low, high)
    corners[:, numbers] = ends[:, numbers]
    known = sample[inside(mlp, sample, low, high) & ~mlp.encoding.missing(sample).any(axis=1)]
    if len(known):
        near = np.median(known, axis=0) + 2.0**-10 * (central - low)
        central[:, numbers] = clipped(near, low, high)[:, numbers]
    filled = np.array([feature.fill is not None for feature in mlp.features])
    gaps[(random.random(gaps.shape) < 0.25) & filled] = np.nan
    rows = np.vstack([anywhere, sample[inside(mlp, sample, low, high)]])
    return np.ascontiguousarray(rows[:: -(-len(rows) // affordable(mlp))], np.float32)


def affordable(mlp: Mlp) -> int:
    """How many rows may be compared: as many as do not take long, and one."""
    return max(AFFORDABLE // work(mlp), 1)


def float_grade(mlp: Mlp, rows: Rows, predictions: Floats) -> FloatGrade:
    """Hold predictions (n, outputs) float32 to raw rows (n, inputs) to float32's bound."""
    off = distance(predictions.astype(np.float64), predict(mlp, rows))
    bounds = bound(mlp, rows)
    used = share(off, bounds)
    row, output = np.unravel_index(int(np.argmax(used)), used.shape)
    return FloatGrade(
        rows=len(rows),
        used=float(used[row, output]),
        error=float(off[row, output]),
        bound=float(bounds[row, output]),
        row=int(row),
        output=int(output),
    )
