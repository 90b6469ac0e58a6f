"""How sure a score is: what a few rows or a few folds can tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import require

Numbers = Sequence[float] | NDArray[np.floating]
Groups = NDArray[np.int64]
Weights = NDArray[np.float64]

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


def mean(values: NDArray[np.floating] | NDArray[np.bool_], weights: Weights | None = None) -> float:
    """The mean of values (n,), each as much as it counts (n,)."""
    return float(np.average(values.astype(np.float64), weights=weights))


def standard_error(
    differences: Numbers, groups: Groups | None = None, weights: Weights | None = None
) -> float:
    """Of the mean of differences (n,); NaN below two of them, or of their groups.

    Args:
        differences: that have nothing to do with each other, but for those of a group.
        groups: the group of each (n,); rows of one patient err together, and sixteen of them say
            hardly more than one. Source: K.-Y. Liang and S. L. Zeger, "Longitudinal data analysis
            using generalized linear models", Biometrika 73 (1986).
        weights: how much each counts (n,), or None for all alike. They are given, and say nothing
            of how sure a difference is: then a row is a group of its own.
    """
    count = len(differences)
    if weights is not None:
        whose = np.arange(count) if groups is None else np.unique(groups, return_inverse=True)[1]
        apart = np.asarray(differences) - np.average(differences, weights=weights)
        sums = np.bincount(whose, weights * apart)
        return _of_sums(sums, float(weights.sum()))
    if groups is None:
        return float(np.std(differences, ddof=1) / count**0.5) if count > 1 else float("nan")
    _, whose = np.unique(groups, return_inverse=True)
    sums = np.bincount(whose, weights=np.asarray(differences) - np.mean(differences))
    return _of_sums(sums, count)


def _of_sums(sums: NDArray[Any], total: float) -> float:
    """The standard error of a mean from the sums of its groups' deviations, (groups,)."""
    if len(sums) < 2:
        return float("nan")
    return float((len(sums) / (len(sums) - 1) * (sums**2).sum()) ** 0.5 / total)


def effective_rows(
    hits: NDArray[np.bool_], groups: Groups | None, weights: Weights | None = None
) -> float:
    """So many independent rows of equal weight would say as much of a share as these (n,) do.

    Never more than there are rows. Rows of weights w are worth (Σw)² / Σw² (L. Kish, Survey
    Sampling, 1965). Where all hit, or none, every group counts once, by its weight.
    """
    most = float(len(hits)) if weights is None else _kish(weights)
    if groups is None:
        return most
    share, error = mean(hits, weights), standard_error(hits.astype(np.float64), groups, weights)
    if hits.all() or not hits.any() or not error > 0:
        _, whose = np.unique(groups, return_inverse=True)
        return float(whose.max() + 1) if weights is None else _kish(np.bincount(whose, weights))
    return min(most, share * (1 - share) / error**2)


def _kish(weights: NDArray[Any]) -> float:
    return float(weights.sum() ** 2 / (weights**2).sum())


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
    came: NDArray[np.bool_],
    claimed: NDArray[np.float64],
    groups: Groups | None = None,
    weights: Weights | None = None,
) -> float:
    """How far claims are from what came, in standard deviations of what honest claims would be.

    Standard normal where every claim is the true probability; the sign tells nothing without
    knowing on which side of one half the claims are. Source: D. J. Spiegelhalter, "Probabilistic
    prediction in patient management and clinical trials", Statistics in Medicine 5 (1986).

    Args:
        came: whether it came, (n,).
        claimed: the probability that was claimed, (n,).
        groups: the group of each (n,), or None; with groups the deviation is the one that they
            show.
        weights: how much each counts (n,), or None for all alike.
    """
    sure = np.clip(claimed, SMALLEST, 1 - SMALLEST)
    weight = 1 - 2 * sure if weights is None else (1 - 2 * sure) * weights
    deviation = float((weight**2 * sure * (1 - sure)).sum() ** 0.5)
    if groups is not None:
        deviation = len(sure) * standard_error(weight * (came - sure), groups)
    # Claims of exactly one half can neither be right nor wrong.
    return float((weight * (came - sure)).sum() / deviation) if deviation > 0 else 0.0
