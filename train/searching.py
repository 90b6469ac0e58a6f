"""A search for a better recipe, by folds of the rows that are not held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from mlp_edge.mlp import Task
from mlp_edge.train.cross_validation import Folding, baseline_values, fold_values
from mlp_edge.train.examples import Parts, folds
from mlp_edge.train.outcome import versions
from mlp_edge.train.recipe import Recipe
from mlp_edge.train.run import Job
from mlp_edge.train.tuning import Tell, Tuned, tune
from mlp_edge.writing import json_text, sha256

SEARCH_FOLDS = 5
"""Folds of the training rows by which a search judges, unless --cv says."""
SEARCHED: dict[Task, str] = {
    "binary": "log_loss", "multiclass": "log_loss", "regression": "rmse",
}  # fmt: skip
"""What a search minimises: a proper score, which no threshold can flatter."""
MOST_LEFT_OUT = 2
"""Training rows, and validation rows, that a fold of a search may do without."""


@dataclass(frozen=True)
class Search:
    """A search for a better recipe.

    Attributes:
        trials: how many recipes are tried.
        journal: the file that keeps what was tried, until the model is written.
        fixed: settings that are not searched, by their names in ``Recipe``.
        afresh: whether a journal of another search is replaced, not refused.
        tell: told each trial.
        resumed: told how many trials an interrupted search had made.
    """

    trials: int
    journal: Path
    fixed: frozenset[str]
    afresh: bool
    tell: Tell
    resumed: Callable[[int], None]


def searched(job: Job, search: Search, folding: Folding | None) -> Tuned:
    """Search by folds of the rows that are not held out."""
    plan = folding or Folding(SEARCH_FOLDS)
    seen = np.sort(np.concatenate([job.parts.training, job.parts.validation]))
    chosen = alike(
        folds(job.examples, job.recipe, plan.folds, plan.repeats, job.table.source, rows=seen)
    )
    metric = SEARCHED[job.examples.task]

    def value(recipe: Recipe) -> list[float]:
        return fold_values(job, replace(recipe, threshold="0.5"), chosen, metric)

    tuned = tune(
        job.recipe, job.examples.task, job.prepared.inputs.shape[1], job.prepared.learned.shape[1],
        value, search.trials, search.journal, _fingerprint(job, plan, search), search.tell,
        fixed=search.fixed, afresh=search.afresh, resumed=search.resumed,
    )  # fmt: skip
    return replace(tuned, baseline=tuple(baseline_values(job, chosen, metric)))


def alike(chosen: Sequence[Parts]) -> list[Parts]:
    """Folds of one length, where they differ by a row or two: the longer ones leave those out.

    Every length needs a compiled program of its own, which is most of what a trial takes.
    """
    training, validation = (
        [len(getattr(parts, name)) for parts in chosen] for name in ("training", "validation")
    )
    if max(np.ptp(training), np.ptp(validation)) > MOST_LEFT_OUT:
        return list(chosen)
    return [
        replace(
            parts,
            training=parts.training[: min(training)],
            validation=parts.validation[: min(validation)],
        )
        for parts in chosen
    ]


def _fingerprint(job: Job, plan: Folding, search: Search) -> str:
    """A hash of all that the value of a trial follows from."""
    facts = {
        "recipe": job.recipe.to_dict(), "folds": plan.folds, "repeats": plan.repeats,
        "fixed": sorted(search.fixed), "imputed": job.examples.imputed,
        "versions": {**versions(), "optuna": version("optuna")},
        "features": [feature.to_dict() for feature in job.examples.features],
        "rows": sha256(job.examples.rows.tobytes()),
        "targets": sha256(job.examples.targets.tobytes()),
        "held out": sha256(job.parts.test.tobytes()),
    }  # fmt: skip
    return sha256(json_text(facts).encode())
