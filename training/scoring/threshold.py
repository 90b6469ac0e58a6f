"""From which probability on a binary model answers its second label: a number, or chosen by a rule.

A rule is carried out on validation rows. The threshold lies half-way between two of their
probabilities, so that the last digit on another runtime cannot turn the answer to any of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import RecipeError
from mlp_edge.lazy import require
from mlp_edge.mlp import DEFAULT_THRESHOLD
from mlp_edge.settings import setting

RULES = ("f1", "youden")
SENSITIVITY = "sensitivity="
NARROW = 1e-6
"""Probabilities no further apart are one and the same to float32 arithmetic."""
EQUAL = 1e-12
"""Merits no further apart are equal: fractions of counts differ by more."""


def check_threshold(text: str) -> None:
    """Refuse what is neither a number between 0 and 1 nor a rule.

    Raises:
        RecipeError: naming the setting, what arrived and what would do.
    """
    if text in RULES:
        return
    value = _number(text.removeprefix(SENSITIVITY))
    with np.errstate(over="ignore"):
        rounded = np.float32(value)
    if not (0 < value <= 1 if text.startswith(SENSITIVITY) else 0 < rounded < 1):
        raise RecipeError(
            f"{setting('threshold')} takes a number between 0 and 1 such as 0.5, f1, youden, or "
            f"sensitivity=0.9 (above 0, at most 1); got {text!r}"
        )


def is_chosen(text: str) -> bool:
    """Whether the threshold is found by a rule, which takes validation rows."""
    return text in RULES or text.startswith(SENSITIVITY)


def threshold_for(
    text: str,
    targets: NDArray[np.int64],
    probabilities: NDArray[np.float32],
    weights: NDArray[np.float64] | None = None,
) -> np.float32:
    """The threshold that the text names, or that its rule finds on validation rows.

    f1 makes F1 as large as it gets, youden sensitivity + specificity - 1 (W. J. Youden, "Index for
    rating diagnostic tests", Cancer 3, 1950); sensitivity=S takes the highest threshold that finds
    at least the share S of the rows of class 1. Of equally good ones it is the nearest to 0.5.

    Args:
        text: as ``Recipe.threshold``.
        targets: classes (n,), 0 or 1.
        probabilities: of class 1, (n,).
        weights: how much each row counts, (n,); None for all alike.

    Returns:
        Strictly between 0 and 1; the answer is class 1 where probability > threshold.

    Raises:
        RecipeError: for a text that says nothing, or rows that tell nothing.
    """
    check_threshold(text)
    if not is_chosen(text):
        return np.float32(text)
    if len(np.unique(targets)) < 2:
        raise _nothing_to_choose(text, f"no two classes among the {len(targets):,} validation rows")
    lowest, merits = _merits(text, targets, probabilities, weights)
    # A cut below each of them, and one above all.
    below, above = np.append(0.0, lowest), np.append(lowest, 1.0)
    apart = above - below > NARROW
    if not apart[1:-1].any():
        raise _nothing_to_choose(
            text, f"the model gives all {len(targets):,} validation rows the probability "
            f"{float(lowest[0]):.6g}"
        )  # fmt: skip
    merits = np.where(apart, merits, -np.inf)
    best = merits.max()
    if best == -np.inf:
        raise _nothing_to_choose(text, "no threshold above 0 finds so many of the validation rows")
    cuts = ((below + above) / 2)[merits >= best - EQUAL]
    return np.float32(cuts[np.argmin(np.abs(cuts - DEFAULT_THRESHOLD))])


def _merits(
    text: str,
    targets: NDArray[np.int64],
    probabilities: NDArray[np.float32],
    weights: NDArray[np.float64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Different probabilities, ascending, and how good it is to say class 1 from each on.

    The last merit, of one more, is that of never saying it.
    """
    metrics: Any = require("sklearn.metrics")
    if text == "youden":
        false, true, found = metrics.roc_curve(
            targets, probabilities, sample_weight=weights, drop_intermediate=False
        )
        # Descending, and the first is a threshold above all probabilities.
        return found[:0:-1].astype(np.float64), (true - false)[::-1]
    precision, recall, found = metrics.precision_recall_curve(
        targets, probabilities, sample_weight=weights, drop_intermediate=False
    )
    lowest = found.astype(np.float64)
    if text == "f1":
        return lowest, _f1(precision, recall)
    wanted = _number(text.removeprefix(SENSITIVITY))
    return lowest, np.where(recall >= wanted - EQUAL, np.append(lowest, 1.0), -np.inf)


def _f1(precision: NDArray[np.float64], recall: NDArray[np.float64]) -> NDArray[np.float64]:
    total = precision + recall
    return np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)


def _nothing_to_choose(text: str, says: str) -> RecipeError:
    return RecipeError(
        f"{setting('threshold', text)}: {says}, so there is nothing to choose by; a larger "
        f"{setting('validation_size')} or a number such as 0.5 would do"
    )


def _number(text: str) -> float:
    """The number that a text is; NaN where it is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
