"""Whether probabilities mean what they say, and the temperature that makes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.row_weights import Weights
from mlp_edge.lazy import require
from mlp_edge.mlp import Floats

BINS = 15
"""Equal widths of confidence over which the expected calibration error is summed."""
TEMPERATURES = (1.0, 8.0)
"""Lowest and highest. Below 1 a network would claim more than those of the folds have shown: rows
that are all right would ask for 0."""


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
    logits: NDArray[np.float64], targets: NDArray[np.int64], weights: Weights | Floats | None = None
) -> float:
    """The number by which dividing the logits gives the least log loss (Guo et al., section 4.2).

    It never sharpens: where less than 1 would be best, it is 1.

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
    # The search comes near a bound and never reaches it.
    return float(np.exp(best.x)) if best.fun < log_loss(logits, targets, weights) else 1.0


def helpful_temperature(
    logits: NDArray[np.float64],
    targets: NDArray[np.int64],
    part: NDArray[np.int64],
    weights: Weights | Floats | None = None,
) -> float:
    """``fitted_temperature``, where such a one helps rows that it was not fitted to; else 1.

    The logits of each part are divided by the temperature of all others. That has to lower the log
    loss.

    Args:
        logits: as ``fitted_temperature`` takes them.
        targets: class indices (n,).
        part: of each row (n,), by the network whose logits it has: what one network asks for has
            to help another.
        weights: how much each row counts (n,), or None for all alike.
    """
    counts = np.ones(len(targets)) if weights is None else np.asarray(weights, np.float64)
    divided = logits.copy()
    for each in np.unique(part):
        mine, others = part == each, part != each
        divided[mine] /= fitted_temperature(logits[others], targets[others], counts[others])
    helps = log_loss(divided, targets, counts) < log_loss(logits, targets, counts)
    return fitted_temperature(logits, targets, weights) if helps else 1.0


def log_loss(
    logits: NDArray[np.float64], targets: NDArray[np.int64], weights: Weights | Floats | None = None
) -> float:
    """Mean of minus the logarithm of the right class's softmax probability; as above."""
    logs = require("scipy.special").log_softmax(logits, axis=1)
    return -float(np.average(logs[np.arange(len(targets)), targets], weights=weights))
