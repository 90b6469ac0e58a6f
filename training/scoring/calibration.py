"""Whether probabilities mean what they say, and the temperature that makes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import require
from mlp_edge.mlp import Floats

BINS = 15
"""Equal widths of confidence over which the expected calibration error is summed."""
TEMPERATURES = (0.25, 8.0)
"""Lowest and highest: rows that are all right would ask for 0."""


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


def fitted_temperature(
    logits: NDArray[np.float64], targets: NDArray[np.int64], weights: Floats | None = None
) -> float:
    """The number by which dividing the logits gives the least log loss (Guo et al., section 4.2).

    Args:
        logits: of each class (n, classes); those of a single sigmoid are 0 and what it is given.
        targets: class indices (n,).
        weights: how much each row counts (n,), or None for all alike.

    Returns:
        Between ``TEMPERATURES``.
    """
    low, high = np.log(TEMPERATURES)
    best = require("scipy.optimize").minimize_scalar(
        lambda exponent: log_loss(logits * np.exp(-exponent), targets, weights),
        bounds=(low, high), method="bounded",
    )  # fmt: skip
    return float(np.exp(best.x))


def log_loss(
    logits: NDArray[np.float64], targets: NDArray[np.int64], weights: Floats | None = None
) -> float:
    """Mean of minus the logarithm of the right class's softmax probability; as above."""
    logs = require("scipy.special").log_softmax(logits, axis=1)
    return -float(np.average(logs[np.arange(len(targets)), targets], weights=weights))
