"""Recipes that cannot work on this table or with this saved model, refused before any work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlp_edge.errors import RecipeError
from mlp_edge.train.examples import Examples
from mlp_edge.train.recipe import Recipe

FIXED_BY_MODEL = ("hidden", "activation", "output_activation", "standardize")
FIXED_BY_SPLIT = ("seed", "test_size")

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
            f"but {examples.target!r} runs from {least:g} to {most:g}; linear would do"
        )


def check_fixed(saved: Recipe, options: Mapping[str, Any], same_table: bool) -> None:
    """Refuse options that would change the saved network or train on its held-out rows."""
    for option in FIXED_BY_MODEL:
        value = options.get(option)
        if value is not None and value != getattr(saved, option):
            raise RecipeError(
                f"--{option.replace('_', '-')}: --from goes on with the network that was saved "
                f"({getattr(saved, option)}); leave it out, or train a new model"
            )
    if not same_table or not saved.test_size:
        return
    for option in FIXED_BY_SPLIT:
        value = options.get(option)
        if value is not None and value != getattr(saved, option):
            raise RecipeError(
                f"--{option.replace('_', '-')} {value}: another split of the same table would "
                "train on rows that were held out; leave it out"
            )
