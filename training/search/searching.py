"""A search for a better recipe, by folds of the rows that are not held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from mlp_edge.errors import RecipeError
from mlp_edge.files.writing import json_text, sha256
from mlp_edge.mlp import Task
from mlp_edge.training.cluster import Each, in_turn
from mlp_edge.training.cross_validation import Folding, baseline_values, fold_values
from mlp_edge.training.equal_folds import alike
from mlp_edge.training.outcome import versions
from mlp_edge.training.parts import Parts, folds
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.run import Job
from mlp_edge.training.search.fold_networks import Chip, fold_networks, room
from mlp_edge.training.search.trials import Tell, Tuned, tune

SEARCH_FOLDS = 5
"""Folds of the training rows on which a search scores a recipe, unless ``Plan.cv`` says."""
USUAL = Folding(SEARCH_FOLDS)
SEARCHED: dict[Task, str] = {
    "binary": "log_loss", "multiclass": "log_loss", "regression": "rmse",
}  # fmt: skip
"""What a search minimises: a proper score, which no threshold can flatter."""
TOO_LARGE = "too large"
"""What the failure of a trial begins with whose network does not fit."""
AS_EXACT = ("float32", "int24")
"""Dtypes that score what Keras does: int24 is held to what float32 may be off by."""


@dataclass(frozen=True)
class Search:
    """A search for a better recipe.

    Attributes:
        trials: how many recipes are tried.
        journal: the file that keeps what was tried, until the model is written.
        fixed: settings that are not searched, by their names in ``Recipe``.
        afresh: whether a journal of another search is replaced, not refused.
        chip: where a network has to fit in order to win; None for anywhere.
        tell: told each trial.
        resumed: told how many trials an interrupted search had made.
        each: what fits the folds of a trial. The trials do not depend on it: one follows from the
            scores of all before, and they are made in turn.
    """

    trials: int
    journal: Path
    fixed: frozenset[str]
    afresh: bool
    tell: Tell
    resumed: Callable[[int], None]
    chip: Chip | None = None
    each: Each = in_turn


def searched(job: Job, search: Search, folding: Folding | None) -> Tuned:
    """Search by folds of the rows that are not held out."""
    chosen = search_folds(job, folding)
    metric = SEARCHED[job.examples.task]

    def value(recipe: Recipe) -> Sequence[float]:
        # A temperature takes three more networks in every fold, and costs all recipes alike.
        of_trial = replace(job, recipe=replace(recipe, threshold="0.5", temperature=False))
        if search.chip is None:
            return fold_values(of_trial, of_trial.recipe, chosen, metric, search.each)
        return _fitting_values(of_trial, search.chip, chosen, metric)

    inputs, learned = job.preprocessed.inputs, job.preprocessed.learned
    tuned = tune(
        job.recipe, job.examples.task, inputs.shape[1], learned.shape[1], value,
        search.trials, search.journal, _fingerprint(job, folding or USUAL, search), search.tell,
        fixed=search.fixed, afresh=search.afresh, resumed=search.resumed,
    )  # fmt: skip
    return replace(
        tuned,
        baseline=tuple(baseline_values(job, chosen, metric)),
        trained=float(np.mean([len(fold.training) + len(fold.validation) for fold in chosen])),
        tested=float(np.mean([len(fold.test) for fold in chosen])),
    )


def _fitting_values(
    job: Job, chip: Chip, chosen: Sequence[Parts], metric: str
) -> Sequence[float]:  # fmt: skip
    """The metric on each fold in the most exact dtype that fits a chip.

    Raises:
        RecipeError: when none fits, before anything is trained, or that one loses too much.
    """
    taken = room(job, chip, chip.dtypes[::-1])
    dtype, least = list(taken.items())[-1]
    if not least.fits:
        raise RecipeError(f"{TOO_LARGE} in {dtype}: {'; '.join(least.over)}")
    networks = fold_networks(job, chosen, metric)
    if dtype in AS_EXACT:
        return networks.folds
    values, complaints = networks.scored(chip, dtype)
    if complaints:
        raise RecipeError(f"{TOO_LARGE} but in {dtype}, in which {'; '.join(complaints)}")
    return values


def search_folds(job: Job, folding: Folding | None) -> list[Parts]:
    """Folds of the rows that are not held out; None for the usual ones."""
    plan = folding or USUAL
    seen = np.sort(np.concatenate([job.parts.training, job.parts.validation]))
    source = job.table.source
    every = folds(job.examples, job.recipe, plan.folds, plan.repeats, source, rows=seen)
    return alike(every, job.examples)


def _fingerprint(job: Job, plan: Folding, search: Search) -> str:
    """A hash of all that the value of a trial follows from."""
    groups = job.examples.groups
    facts = {
        "recipe": job.recipe.to_dict(), "folds": plan.folds, "repeats": plan.repeats,
        "fixed": sorted(search.fixed), "imputed": job.examples.imputed,
        "chip": None if search.chip is None else [search.chip.target, dict(search.chip.budget)],
        "versions": {**versions(), "optuna": version("optuna")},
        "features": [feature.to_dict() for feature in job.examples.features],
        "rows": sha256(job.examples.rows.tobytes()),
        "targets": sha256(job.examples.targets.tobytes()),
        "groups": None if groups is None else sha256(groups.tobytes()),
        "when": None if job.examples.when is None else sha256(job.examples.when.tobytes()),
        "held out": sha256(job.parts.test.tobytes()),
    }  # fmt: skip
    return sha256(json_text(facts).encode())
