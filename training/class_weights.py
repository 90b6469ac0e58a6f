"""How much a row of each class counts in the loss."""

from __future__ import annotations

import csv

from mlp_edge.errors import RecipeError
from mlp_edge.settings import setting

CLASS_WEIGHTS = ("none", "balanced")
"""Instead of weights that are given by their labels."""
MOST_WEIGHT = 1_000_000.0
"""Of a row of a class, and the inverse of the least: float32 sums them."""


def check_class_weight(text: str) -> None:
    """Refuse what is neither a rule nor a list of weights.

    Raises:
        RecipeError: naming what arrived and what would do.
    """
    if text not in CLASS_WEIGHTS:
        label_weights(text)


def label_weights(text: str) -> dict[str, float]:
    """What LABEL=WEIGHT,LABEL=WEIGHT says; a label with a comma is quoted as in CSV: "a,b=2".

    Raises:
        RecipeError: when it says nothing of the kind, or a weight is not above 0.
    """
    shape = (
        f"{setting('class_weight')} takes none, balanced or LABEL=WEIGHT,LABEL=WEIGHT, such as "
        f"yes=2,no=1; got {text!r}"
    )
    weights: dict[str, float] = {}
    try:
        parts = next(csv.reader([text], skipinitialspace=True, strict=True), []) or [""]
        pairs = [(label, float(number)) for label, _, number in (p.rpartition("=") for p in parts)]
    except (ValueError, csv.Error):
        raise RecipeError(shape) from None
    for label, weight in pairs:
        if not label:
            raise RecipeError(shape)
        if not 1 / MOST_WEIGHT <= weight <= MOST_WEIGHT:
            raise RecipeError(
                f"{setting('class_weight')}: a weight is from {1 / MOST_WEIGHT:g} to "
                f"{MOST_WEIGHT:g}; got {label}={weight:g}"
            )
        if label in weights:
            raise RecipeError(
                f"{setting('class_weight')} gives {label!r} two weights; one would do"
            )
        weights[label] = weight
    return weights
