"""Whether probabilities mean what they say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BINS = 15
"""Equal widths of confidence over which the expected calibration error is summed."""


def expected_calibration_error(
    targets: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
) -> float:
    """How far confidence and accuracy are apart, 0 to 1: the mean over ``BINS`` bins of confidence.

    The confidence of a row is the probability of its likeliest class. Each bin's difference of mean
    confidence and accuracy counts as its share of the rows (C. Guo et al., "On calibration of
    modern neural networks", ICML 2017, equation 3).

    Args:
        targets: class indices (n,).
        probabilities: of each class, (n, classes), that sum to 1.
        weights: how much each row counts, (n,); None for all alike.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == targets
    # A bin holds its upper edge, not its lower one.
    bins = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    counts = np.ones(len(targets)) if weights is None else weights
    apart = np.bincount(bins, counts * (confidence - right), BINS)
    return float(np.abs(apart).sum() / counts.sum())
