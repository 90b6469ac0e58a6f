"""Recipes that cannot work on this table or with this saved model, refused before any work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlp_edge.errors import RecipeError
from mlp_edge.train.examples import Examples
from mlp_edge.train.recipe import Recipe

NETWORK = "the network that was saved"
FIXED = {
    "hidden": NETWORK,
    "activation": NETWORK,
    "output_activation": NETWORK,
    "standardize": NETWORK,
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
}


def check_reachable(examples: Examples, recipe: Recipe) -> None:
    """Refuse a regression whose outputs cannot reach the target's values."""
    if examples.task != "regression" or recipe.output_activation not in REACH:
        return
    low, high = REACH[recipe.output_activation]
    least, most = float(examples.targets.min()), float(examples.targets.max())
    if least < low or most > high:
        raise RecipeError(
            f"--output-activation {recipe.output_activation} answers from {low:g} to {high:g}, "
            f"but {', '.join(examples.names)} runs from {least:g} to {most:g}; linear would do"
        )


def check_fixed(saved: Recipe, options: Mapping[str, Any]) -> None:
    """Refuse options that the saved model has settled: its network, and which rows are held out."""
    for option, reason in FIXED.items():
        value = options.get(option)
        if value is not None and value != getattr(saved, option):
            raise RecipeError(
                f"--{option.replace('_', '-')}: --from goes on with {reason} "
                f"({getattr(saved, option)}); leave it out, or train a new model"
            )
