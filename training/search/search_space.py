"""What a search for a better network may choose from, and how Optuna sees it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from mlp_edge.errors import RecipeError
from mlp_edge.settings import setting
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.search.tuning_journal import Record, optuna_trial, quiet_optuna

WIDTHS = (4, 6, 8, 12, 16, 24, 32, 48, 64)
"""Neurons of a hidden layer: two steps double them, and all of them fit an 8-bit chip."""
DEPTH = 3
"""At most so many hidden layers."""
FALL = 2
"""Each layer is at most so many steps of ``WIDTHS`` narrower than the one before it."""
RATES = (3e-4, 3e-2)
"""Lowest and highest learning rate, drawn by its logarithm."""
DROPOUT_STEPS = 20
"""Dropout is drawn in twentieths, so that a recipe can be typed."""
DROPOUTS = (-4, 10)
"""Twentieths of dropout; the five below 1 mean none, so that a third of blind draws have none."""
L2 = (1e-8, 1e-1)
"""Lowest and highest weight of the squared kernels, drawn by its logarithm."""
L2_LEAST = 1e-6
"""Anything weaker means 0: two sevenths of blind draws have no penalty."""
DIGITS = 2
"""Significant digits of a rate or a penalty, so that a recipe can be typed."""

WITHOUT_HIDDEN_LAYERS: Mapping[str, Any] = {
    "hidden": (), "dropout": 0.0, "batch_normalization": False,
}  # fmt: skip
"""What makes a recipe one of a linear network; a recipe refuses anything else without layers."""

Draw = Mapping[str, Any]
"""The value of each parameter that Optuna sees."""


def search_space(recipe: Recipe, fixed: frozenset[str]) -> dict[str, Any]:
    """Optuna's distribution of each parameter that is searched, by its name.

    Every trial has every parameter, also where its network makes no use of it: the joint model of
    the parameters asks for that.

    Args:
        recipe: what the search starts from.
        fixed: settings, by their names in ``Recipe``, that stay as the recipe has them.

    Raises:
        MissingError: without Optuna.
        RecipeError: when nothing is left to search.
    """
    kinds = quiet_optuna().distributions
    whole, real = kinds.IntDistribution, kinds.FloatDistribution
    space: dict[str, Any] = {}
    if "hidden" not in fixed:
        space["depth"] = whole(0, DEPTH)
        space["width"] = whole(0, len(WIDTHS) - 1)
        space["fall"] = whole(0, FALL)
    if "learning_rate" not in fixed:
        space["learning_rate"] = real(*RATES, log=True)
    if "l2" not in fixed:
        space["l2"] = real(*L2, log=True)
    if recipe.hidden or "hidden" not in fixed:  # both belong to hidden layers
        if "dropout" not in fixed:
            space["dropout"] = whole(*DROPOUTS)
        if "batch_normalization" not in fixed and recipe.batch_size > 1:
            space["batch_normalization"] = kinds.CategoricalDistribution((False, True))
    if not space:
        names = ("hidden", "learning_rate", "dropout", "l2")
        raise RecipeError(
            f"{setting('tune')} has nothing left to search when {', '.join(map(setting, names))} "
            f"and {setting('batch_normalization')} are all given; leave out those that may change"
        )
    return space


def firsts(recipe: Recipe, fixed: frozenset[str]) -> tuple[Recipe, ...]:
    """What is tried before anything is drawn: the recipe, and it without hidden layers.

    Hidden layers that were asked for stay, and a recipe without any stands alone.
    """
    if "hidden" in fixed or not recipe.hidden:
        return (recipe,)
    return (recipe, replace(recipe, **WITHOUT_HIDDEN_LAYERS))


def drawn(recipe: Recipe, draw: Draw) -> Recipe:
    """The recipe with what was drawn; what was not stays."""
    changes: dict[str, Any] = {}
    if "depth" in draw:
        changes["hidden"] = widths(draw["depth"], draw["width"], draw["fall"])
    if "learning_rate" in draw:
        changes["learning_rate"] = _typed(draw["learning_rate"])
    if "dropout" in draw:
        changes["dropout"] = max(0, draw["dropout"]) / DROPOUT_STEPS
    if "l2" in draw:
        changes["l2"] = 0.0 if draw["l2"] < L2_LEAST else _typed(draw["l2"])
    if "batch_normalization" in draw:
        changes["batch_normalization"] = draw["batch_normalization"]
    if not changes.get("hidden", recipe.hidden):
        changes |= WITHOUT_HIDDEN_LAYERS
    return replace(recipe, **changes)


def widths(depth: int, width: int, fall: int) -> tuple[int, ...]:
    """Hidden layers, the first of ``WIDTHS[width]`` neurons, each ``fall`` steps narrower."""
    return tuple(WIDTHS[max(0, width - layer * fall)] for layer in range(depth))


def nearest(recipe: Recipe, space: Mapping[str, Any]) -> dict[str, Any]:
    """The draw that comes closest to a recipe, for a trial that was not drawn.

    The recipe itself, where it could have been drawn (with Keras's rate, when it names none). A
    network without hidden layers counts as one of a middle width.
    """
    hidden = recipe.hidden or (WIDTHS[len(WIDTHS) // 2],)
    steps = [_nearest_step(width) for width in hidden[:2]]
    least, most = DROPOUTS
    draw = {
        "depth": min(len(recipe.hidden), DEPTH),
        "width": steps[0],
        "fall": min(max(steps[0] - steps[-1], 0), FALL),
        "learning_rate": _between(RATES, recipe.learning_rate or _keras_rate(recipe.optimizer)),
        "l2": _between(L2, recipe.l2) if recipe.l2 else math.sqrt(L2[0] * L2_LEAST),
        "dropout": min(round(recipe.dropout * DROPOUT_STEPS), most) or least // 2,
        "batch_normalization": recipe.batch_normalization,
    }
    return {name: draw[name] for name in space}


def draws(
    space: Mapping[str, Any], records: Sequence[Record], blind: int, seed: int
) -> Iterator[Draw]:
    """What might be tried next, one draw after another, by the finished trials and the seed alone.

    Args:
        space: Optuna's distributions by name.
        records: the finished trials.
        blind: from so many on, their scores guide the draws.
        seed: of the sampler, from 0 to below 2**32.
    """
    optuna = quiet_optuna()
    with warnings.catch_warnings():
        # Drawing all parameters together has been called experimental since 2020.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(n_startup_trials=blind, multivariate=True, seed=seed)
    # A copy of the finished trials: what is asked for and never scored leaves no trace.
    study = optuna.create_study(sampler=sampler)
    study.add_trials(optuna_trial(record, space) for record in records)
    while True:
        yield study.ask(dict(space)).params


def parameters(inputs: int, hidden: Sequence[int], outputs: int, members: int = 1) -> int:
    """Weights and biases of dense layers, as a model has them once it is saved.

    Batch normalisation adds none: it is folded into the layer before it. Members of an ensemble
    share an output layer's biases, and all of one without hidden layers.
    """
    sizes = (inputs, *hidden)
    below = sum((width + 1) * above for width, above in pairwise(sizes))
    read = sizes[-1] * (members if hidden else 1)
    return members * below + (read + 1) * outputs


def _typed(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _nearest_step(width: int) -> int:
    return min(range(len(WIDTHS)), key=lambda step: abs(math.log(WIDTHS[step] / width)))


def _between(limits: tuple[float, float], value: float) -> float:
    return min(max(value, limits[0]), limits[1])


def _keras_rate(optimizer: str) -> float:
    """The learning rate of a Keras 3 optimizer that is given none."""
    return 0.01 if optimizer == "sgd" else 0.001
