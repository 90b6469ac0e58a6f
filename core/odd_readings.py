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


def odd_readings(features: Sequence[Feature], rows: Rows) -> OddReadings:
    """Hold readings against what a model declares of its features.

    Args:
        features: one per column.
        rows: raw readings (n, inputs) float32, a category as its code.
    """
    shape = rows.shape
    odd = OddReadings(np.zeros(shape, bool), np.zeros(shape, bool), np.zeros(shape, bool))
    for place, feature in enumerate(features):
        column = rows[:, place]
        missing = np.isnan(column)
        if feature.sentinel is not None:
            missing |= column == np.float32(feature.sentinel)
        odd.missing[:, place] = missing
        if feature.codes:
            odd.unknown[:, place] = ~np.isin(column, feature.codes) & ~missing
            continue
        # Ends as the float32 numbers that the training rows were.
        with np.errstate(over="ignore", invalid="ignore"):
            if feature.low is not None:
                odd.out_of_range[:, place] |= column < np.float32(feature.low)
            if feature.high is not None:
                odd.out_of_range[:, place] |= column > np.float32(feature.high)
        odd.out_of_range[:, place] &= ~missing
    return odd
