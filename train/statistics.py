"""How sure a score is: what a few rows or a few folds can tell apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import require

Numbers = Sequence[float] | NDArray[np.floating]

CONFIDENCE = 0.95
SMALLEST = 1e-7
"""Claims are kept that far from 0 and 1, as a float32 probability says no more."""


def wilson(hits: int, rows: int) -> tuple[float, float]:
    """The 95 % interval of a share, by the score method.

    Unlike the usual plus and minus it never leaves [0, 1] and means something with few rows and
    near 0 and 1. Source: E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association 22 (1927).

    Args:
        hits: rows that count.
        rows: all rows, at least 1.
    """
    test = require("scipy.stats").binomtest(hits, rows)
    low, high = test.proportion_ci(CONFIDENCE, method="wilson")
    return float(low), float(high)


def standard_error(differences: Numbers) -> float:
    """Of the mean of differences (n,) that have nothing to do with each other; NaN below two."""
    if len(differences) < 2:
        return float("nan")
    return float(np.std(differences, ddof=1) / len(differences) ** 0.5)


def corrected_error(differences: Numbers, training_rows: float, test_rows: float) -> float:
    """The standard error of the mean of differences (folds,) between two models; NaN below two.

    Folds share most of their training rows, so that their differences follow each other, and the
    usual standard error is too small. The correction adds the ratio of test to training rows to 1 /
    folds. Source: C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine
    Learning 52 (2003).

    Args:
        differences: of the scores of two models on each fold.
        training_rows: that a fold learns from, on average.
        test_rows: that a fold is judged by, on average.
    """
    if len(differences) < 2:
        return float("nan")
    spread = 1 / len(differences) + test_rows / training_rows
    return float((spread * np.var(differences, ddof=1)) ** 0.5)


def spiegelhalter(came: NDArray[np.bool_], claimed: NDArray[np.float64]) -> float:
    """How far claims are from what came, in standard deviations of what honest claims would be.

    Standard normal where every claim is the true probability; the sign tells nothing without
    knowing on which side of one half the claims are. Source: D. J. Spiegelhalter, "Probabilistic
    prediction in patient management and clinical trials", Statistics in Medicine 5 (1986).

    Args:
        came: whether it came, (n,).
        claimed: the probability that was claimed, (n,).
    """
    sure = np.clip(claimed, SMALLEST, 1 - SMALLEST)
    weight = 1 - 2 * sure
    deviation = (weight**2 * sure * (1 - sure)).sum() ** 0.5
    # Claims of exactly one half can neither be right nor wrong.
    return float((weight * (came - sure)).sum() / deviation) if deviation else 0.0
