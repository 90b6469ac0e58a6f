"""Which readings are missing, unknown or out of range, by what a model declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.feature import Feature
from mlp_edge.mlp import Rows


class OddReadings(NamedTuple):
    """What is odd about readings (n, inputs); each of the three is a bool of that shape.

    No reading is odd in two ways.

    Attributes:
        missing: NaN, or the feature's sentinel.
        unknown: a category that the model has not learned.
        out_of_range: a number below or above all that the model has learned from; never where the
            model declares no range.
    """

    missing: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    out_of_range: NDArray[np.bool_]


class DeclaredReadings:
    """What a model declares of its features, held against rows again and again.

    Args:
        features: one per column.
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        self._codes = [
            (place, np.array(feature.codes, np.float32))
            for place, feature in enumerate(features)
            if feature.codes
        ]
        nan = np.nan  # which no reading is equal to, below or above
        self._sentinels = _numbers([nan if f.sentinel is None else f.sentinel for f in features])
        # Ends as the float32 numbers that the training rows were.
        self._lows = _numbers([nan if f.low is None or f.codes else f.low for f in features])
        self._highs = _numbers([nan if f.high is None or f.codes else f.high for f in features])

    def odd(self, rows: Rows) -> OddReadings:
        """Which readings are odd.

        Args:
            rows: raw readings (n, inputs) float32, a category as its code.
        """
        missing = np.isnan(rows) | (rows == self._sentinels)
        outside = ((rows < self._lows) | (rows > self._highs)) & ~missing
        unknown = np.zeros(rows.shape, bool)
        for place, codes in self._codes:
            unknown[:, place] = ~np.isin(rows[:, place], codes) & ~missing[:, place]
        return OddReadings(missing, unknown, outside)


def _numbers(values: Sequence[float]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return np.array(values, np.float64).astype(np.float32)


def odd_readings(features: Sequence[Feature], rows: Rows) -> OddReadings:
    """Hold readings against what a model declares of its features, once.

    Args:
        features: one per column.
        rows: raw readings (n, inputs) float32, a category as its code.
    """
    return DeclaredReadings(features).odd(rows)
