"""Recipes that cannot work on this table or with this saved model, refused before any work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.quoting import counted, plain, shown
from mlp_edge.data.table import Table
from mlp_edge.encoding import Encoding
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.feature import Feature
from mlp_edge.proof.monotone import directions, spelled
from mlp_edge.settings import setting
from mlp_edge.training.examples import Examples
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.scoring.threshold import is_chosen

NETWORK = "the network that was saved"
FIXED = {
    "hidden": NETWORK,
    "ensemble": NETWORK,
    "activation": NETWORK,
    "output_activation": NETWORK,
    "dropout": NETWORK,
    "l2": NETWORK,
    "output_l2": NETWORK,
    "monotone": NETWORK,
    "standardize": NETWORK,
    "output_bias": NETWORK,
    "group": "the column that kept rows together",
    "split": "the way in which rows were held out",
    "test_size": "the held-out rows of the saved model, which it never saw",
}
"""Settings that a saved model has settled, and what they belong to."""

# What an output activation can reach; the others reach every number or are checked by the task.
REACH = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, float("inf")),
    "softplus": (0.0, float("inf")),
    "exponential": (0.0, float("inf")),
}


def check_reachable(examples: Examples, recipe: Recipe) -> None:
    """Refuse a regression whose outputs cannot reach the target's values."""
    if examples.task != "regression" or recipe.output_activation not in REACH:
        return
    low, high = REACH[recipe.output_activation]
    least, most = float(examples.targets.min()), float(examples.targets.max())
    if least < low or most > high:
        raise RecipeError(
            f"{setting('output_activation', recipe.output_activation)} predicts from {low:g} to "
            f"{high:g}, but {', '.join(examples.names)} runs from {least:g} to {most:g}; linear "
            "would do"
        )


def check_threshold_rows(
    examples: Examples, recipe: Recipe, validation: NDArray[np.int64], where: str
) -> None:
    """Refuse a rule for the threshold where the validation rows are of one class.

    Args:
        examples: the table.
        recipe: with its rule.
        validation: the validation rows.
        where: the table, or a fold of it, for the message.
    """
    if not is_chosen(recipe.threshold) or examples.task != "binary":
        return
    found = np.unique(examples.targets[validation])
    if len(found) < 2:
        raise RecipeError(
            f"{setting('threshold', recipe.threshold)}: the {len(validation)} validation rows of "
            f"{where} are all {examples.labels[found[0]]!r}, so there is nothing to choose by; a "
            f"larger {setting('validation_size')}, or a number such as "
            f"{setting('threshold', '0.3')}, would do"
        )


def check_filled(table: Table, examples: Examples) -> None:
    """Refuse rows that a saved model rejects: nothing can be learned from an answer of NaN.

    Raises:
        TableError: naming the column and the line of the first.
    """
    unknown = np.isnan(Encoding.of(examples.features).filled(examples.rows))
    rows = np.flatnonzero(unknown.any(axis=1))
    if rows.size:
        name = examples.features[int(unknown[rows[0]].argmax())].name
        raise TableError(
            f"{plain(table.source)}: {counted(rows.size, 'row')} with a missing reading that the "
            f"saved model does not fill, the first on {table.counts} {table.lines[rows[0]]}, "
            f"column {shown(name)}; remove such rows, or train a new model, which would fill them"
        )


def check_fixed(saved: Recipe, options: Mapping[str, Any]) -> None:
    """Refuse settings that the saved model fixes: its network, and which rows are held out."""
    if saved.ensemble > 1:
        raise RecipeError(
            f"{setting('start')} goes on with one network, and the saved model is an ensemble of "
            f"{saved.ensemble}, whose members learned apart; train a new model"
        )
    if options.get("batch_normalization"):
        raise RecipeError(
            f"{setting('batch_normalization')}: {setting('start')} goes on with {NETWORK}, and "
            "batch normalisation is folded into its layers when one is saved; leave it out, or "
            "train a new model"
        )
    if options.get("temperature"):
        raise RecipeError(
            f"{setting('temperature')} takes rows that a network has not learned from, and "
            f"{setting('start')} goes on with one that has seen them all; leave it out: the "
            "temperature that was found is in the saved weights"
        )
    for option, reason in FIXED.items():
        value = options.get(option)
        if option == "monotone" and value is not None:
            value = spelled(directions(value))
        if value is not None and value != getattr(saved, option):
            raise RecipeError(
                f"{setting(option)}: {setting('start')} goes on with {reason} "
                f"({_shown(getattr(saved, option))}); leave it out, or train a new model"
            )


def check_weight(features: Sequence[Feature], weight: str | None) -> None:
    """Refuse weights of rows from a column that a saved model learned from."""
    if any(feature.name == weight for feature in features):
        raise RecipeError(
            f"{setting('weight', weight)}: the saved model learns from this column; weights of "
            "rows come from another one"
        )


def _shown(value: object) -> str:
    """A setting's value in a message."""
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
