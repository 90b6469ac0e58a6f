"""A search for the size: shapes from linear to wide, scored by folds in every dtype, measured."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from mlp_edge.errors import ModelError
from mlp_edge.training.cross_validation import Folding, baseline_values
from mlp_edge.training.fitting import Stage
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.run import Job
from mlp_edge.training.search.fold_networks import (
    FLOAT32,
    Chip,
    FoldNetworks,
    fold_networks,
    room,
)
from mlp_edge.training.search.front import Candidate, Sized
from mlp_edge.training.search.search_space import WITHOUT_HIDDEN_LAYERS, parameters
from mlp_edge.training.search.searching import SEARCHED, search_folds

LADDER: tuple[tuple[int, ...], ...] = (
    (), (4,), (8,), (16,), (12, 8), (16, 8), (24, 12), (32, 16), (48, 24), (64, 32),
)  # fmt: skip
"""Hidden layers that are tried, none first; each has more weights than the one before it."""


@dataclass(frozen=True)
class Sizing:
    """A search for the best network that fits a chip.

    Attributes:
        chip: where it has to fit.
        fixed: settings that stay, by their names in ``Recipe``.
        stage: who watches.
    """

    chip: Chip
    fixed: frozenset[str]
    stage: Stage


def ladder(recipe: Recipe, fixed: frozenset[str]) -> tuple[tuple[int, ...], ...]:
    """The hidden layers to try, smallest first; the recipe's own alone where they are fixed."""
    if "hidden" in fixed:
        return (recipe.hidden,)
    return tuple(sorted({*LADDER, recipe.hidden}, key=lambda hidden: parameters(8, hidden, 1)))


def of_size(recipe: Recipe, hidden: tuple[int, ...]) -> Recipe:
    """A recipe with other hidden layers, without what belongs to them where there are none."""
    return replace(recipe, hidden=hidden) if hidden else replace(recipe, **WITHOUT_HIDDEN_LAYERS)


def sized(job: Job, sizing: Sizing, folding: Folding | None) -> Sized:
    """Search the size by folds of the rows that are not held out.

    A size of which no dtype fits ends the ladder before it is trained. Every other one is trained
    on each fold. It is measured, in every dtype, unless a smaller one that fits scores as well.

    Args:
        job: whose recipe is tried in every size.
        sizing: what is asked for.
        folding: the folds; None for the usual ones.

    Raises:
        RecipeError: when a network diverges.
    """
    chosen, chip = search_folds(job, folding), sizing.chip
    shapes = ladder(job.recipe, sizing.fixed)
    watch, count = sizing.stage("sizes: fold", len(shapes) * len(chosen)), itertools.count(1)
    metric = SEARCHED[job.examples.task]
    tried: list[FoldNetworks] = []
    too_large: list[Candidate] = []
    for hidden in shapes:
        # A temperature takes more networks in every fold, and costs all sizes alike.
        recipe = replace(of_size(job.recipe, hidden), threshold="0.5", temperature=False)
        of_shape = replace(job, recipe=recipe)
        taken = room(of_shape, chip, chip.dtypes)
        if not any(each.fits for each in taken.values()):
            weights = _parameters(of_shape)
            too_large = [Candidate(hidden, name, weights, (), each) for name, each in taken.items()]
            break
        tried.append(fold_networks(of_shape, chosen, metric, lambda: watch(next(count), {})))
    return Sized(
        candidates=(*_measured(tried, sizing), *too_large),
        metric=metric,
        target=chip.target,
        budget=chip.budget,
        scores={size.job.recipe.hidden: size.folds for size in tried},
        baseline=tuple(baseline_values(job, chosen, metric)),
    )


def _measured(tried: Sequence[FoldNetworks], sizing: Sizing) -> Iterator[Candidate]:
    """Each size in every dtype, unless a smaller one that fits scores as well in float32."""
    watch, least = sizing.stage(f"sizes on {sizing.chip.target}: measured", len(tried)), math.inf
    for number, size in enumerate(tried, start=1):
        score = fmean(size.folds)
        if score < least:
            candidates = list(_in_every_dtype(size, sizing.chip))
            least = score if any(one.eligible for one in candidates) else least
            yield from candidates
        watch(number, {})


def _in_every_dtype(size: FoldNetworks, chip: Chip) -> Iterator[Candidate]:
    """A candidate for each dtype that the networks can have."""
    first, hidden = size.networks[0], size.job.recipe.hidden
    for dtype in chip.dtypes:
        try:
            folds, complaints = size.scored(chip, dtype)
            taken = chip.takes(first.mlp, first.calibration, dtype)
        except ModelError:  # the activations have no integers
            if dtype == FLOAT32:
                raise
            continue
        yield Candidate(hidden, dtype, _parameters(size.job), folds, taken, complaints)


def _parameters(job: Job) -> int:
    inputs, learned = job.preprocessed.inputs, job.preprocessed.learned
    recipe = job.recipe
    return parameters(inputs.shape[1], recipe.hidden, learned.shape[1], recipe.ensemble)
