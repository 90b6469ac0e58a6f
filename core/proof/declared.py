"""The ranges that a model's features declare, and rows in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.feature import Feature
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.reference import Doubles


def ranges(mlp: Mlp, sample: Rows) -> tuple[Doubles, Doubles]:
    """Lowest and highest value of each feature: as declared, otherwise as sampled.

    Those of a category are its lowest and its highest code.
    """
    known = np.where(mlp.encoding.missing(sample), np.nan, sample).astype(np.float64)
    known[0] = np.where(np.isnan(known).all(axis=0), 0.0, known[0])
    low, high = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
    for index, feature in enumerate(mlp.features):
        if feature.kind == "category":
            low[index], high[index] = min(feature.codes), max(feature.codes)
        low[index] = low[index] if feature.low is None else feature.low
        high[index] = high[index] if feature.high is None else feature.high
    return low, high


def inside(mlp: Mlp, rows: Rows, low: Doubles, high: Doubles) -> NDArray[np.bool_]:
    """Which rows (n,) are all within the features' ranges; a missing reading is in none's way."""
    there = ~mlp.encoding.missing(rows)
    within = (rows >= np.float32(low)) & (rows <= np.float32(high))
    return np.asarray((within | ~there).all(axis=1))


def drawn(
    features: Sequence[Feature],
    low: Doubles,
    high: Doubles,
    count: int,
    random: np.random.Generator,
) -> Rows:
    """Rows (count, inputs) from the ranges, evenly; categories from their codes."""
    rows = random.uniform(low, high, (count, len(low)))
    for index, feature in enumerate(features):
        if feature.codes:
            rows[:, index] = random.choice(feature.codes, count)
    return clipped(rows, low, high)


def clipped(rows: NDArray[np.floating], low: Doubles, high: Doubles) -> Rows:
    """Rows with each reading in its range, float32."""
    with np.errstate(over="ignore"):
        return np.asarray(np.clip(rows, low, high), np.float32)
