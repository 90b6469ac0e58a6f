"""How sure a score is: what a few rows or a few folds can tell apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import require

Numbers = Sequence[float] | NDArray[np.floating]
Groups = NDArray[np.int64]

CONFIDENCE = 0.95
SMALLEST = 1e-7
"""Claims are kept that far from 0 and 1, as a float32 probability says no more."""


def wilson(share: float, rows: float) -> tuple[float, float]:
    """The 95 % interval of a share, by the score method.

    Unlike the usual plus and minus it never leaves [0, 1] and means something with few rows and
    near 0 and 1. Source: E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association 22 (1927).

    Args:
        share: of the rows that count, 0 to 1.
        rows: all rows, at least 1; need not be whole, see ``effective_rows``.
    """
    z = float(require("scipy.stats").norm.ppf((1 + CONFIDENCE) / 2))
    middle = share + z**2 / (2 * rows)
    half = z * (share * (1 - share) / rows + (z / (2 * rows)) ** 2) ** 0.5
    whole = 1 + z**2 / rows
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def standard_error(differences: Numbers, groups: Groups | None = None) -> float:
    """Of the mean of differences (n,); NaN below two of them, or of their groups.

    Args:
        differences: that have nothing to do with each other, but for those of a group.
        groups: the group of each (n,); rows of one patient err together, and sixteen of them say
            hardly more than one. Source: K.-Y. Liang and S. L. Zeger, "Longitudinal data analysis
            using generalized linear models", Biometrika 73 (1986).
    """
    count = len(differences)
    if groups is None:
        return float(np.std(differences, ddof=1) / count**0.5) if count > 1 else float("nan")
    _, whose = np.unique(groups, return_inverse=True)
    sums = np.bincount(whose, weights=np.asarray(differences) - np.mean(differences))
    if len(sums) < 2:
        return float("nan")
    return float((len(sums) / (len(sums) - 1) * (sums**2).sum()) ** 0.5 / count)


def effective_rows(hits: NDArray[np.bool_], groups: Groups | None) -> float:
    """So many independent rows would say as much of a share as these (n,) in their groups do.

    Never more than there are rows. Where all hit, or none, every group counts once.
    """
    if groups is None:
        return float(len(hits))
    share, error = float(hits.mean()), standard_error(hits.astype(np.float64), groups)
    if share in (0.0, 1.0) or not error > 0:
        return float(len(np.unique(groups)))
    return min(float(len(hits)), share * (1 - share) / error**2)


def corrected_error(differences: Numbers, training_rows: float, test_rows: float) -> float:
    """The standard error of the mean of differences (folds,) between two models; NaN below two.

    Folds share most of their training rows, so that their differences follow each other, and the
    usual standard error is too small. The correction adds the ratio of test to training rows to 1 /
    folds. Source: C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine
    Learning 52 (2003).

    Args:
        differences: of the scores of two models on each fold.
        training_rows: that a fold learns from, on average.
        test_rows: that a fold tests on, on average.
    """
    if len(differences) < 2:
        return float("nan")
    spread = 1 / len(differences) + test_rows / training_rows
    return float((spread * np.var(differences, ddof=1)) ** 0.5)


def spiegelhalter(
    came: NDArray[np.bool_], claimed: NDArray[np.float64], groups: Groups | None = None
) -> float:
    """How far claims are from what came, in standard deviations of what honest claims would be.

    Standard normal where every claim is the true probability; the sign tells nothing without
    knowing on which side of one half the claims are. Source: D. J. Spiegelhalter, "Probabilistic
    prediction in patient management and clinical trials", Statistics in Medicine 5 (1986).

    Args:
        came: whether it came, (n,).
        claimed: the probability that was claimed, (n,).
        groups: the group of each (n,), or None; then the deviation is the one that they show.
    """
    sure = np.clip(claimed, SMALLEST, 1 - SMALLEST)
    weight = 1 - 2 * sure
    deviation = float((weight**2 * sure * (1 - sure)).sum() ** 0.5)
    if groups is not None:
        deviation = len(sure) * standard_error(weight * (came - sure), groups)
    # Claims of exactly one half can neither be right nor wrong.
    return float((weight * (came - sure)).sum() / deviation) if deviation > 0 else 0.0
