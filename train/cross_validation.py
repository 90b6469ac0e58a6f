"""Cross-validation: a recipe judged on every row, each time by a network that never saw it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mlp_edge.train.examples import Parts
from mlp_edge.train.fitting import Stage
from mlp_edge.train.prepared import prepare
from mlp_edge.train.recipe import Recipe
from mlp_edge.train.run import (
    Job,
    answers,
    fit_baseline,
    fit_run,
    judge,
    judge_all,
    new_network,
    straight,
)

MODELS = ("mlp", "linear", "prior")


@dataclass(frozen=True)
class Folding:
    """Cross-validation: so many folds, so many times."""

    folds: int
    repeats: int = 1


@dataclass(frozen=True)
class FoldScores:
    """What every fold gave.

    Attributes:
        folds: in one repeat.
        repeats: of all folds, each with other parts.
        values: model -> metric -> its value on each fold's test rows, folds x repeats of them.
        trained: rows that a network was made with, validation rows included; the mean.
        tested: rows that judged it; the mean.
    """

    folds: int
    repeats: int
    values: Mapping[str, Mapping[str, Sequence[float]]]
    trained: float
    tested: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for model.json."""
        return {
            "folds": self.folds,
            "repeats": self.repeats,
            "trained": self.trained,
            "tested": self.tested,
            "scores": {model: dict(metrics) for model, metrics in self.values.items()},
        }


def cross_validate(job: Job, chosen: Sequence[Parts], repeats: int, stage: Stage) -> FoldScores:
    """Fit and judge the recipe on each choice of parts, the baselines on the same.

    Fills, ranges, scaling, early stopping and threshold are learned anew in every fold, from its
    own training and validation rows.

    Args:
        job: its parts and what was prepared from them are not looked at.
        chosen: the parts of every fold, all repeats one after another.
        repeats: how many there are.
        stage: who watches.

    Raises:
        RecipeError: when a network diverges.
    """
    watch = stage("cross-validation: fold", len(chosen))
    every: list[dict[str, Any]] = []
    for number, fold in enumerate(_jobs(job, chosen)):
        run = fit_run(fold, new_network, job.recipe.seed + number, _unwatched, len(chosen))
        every.append(judge_all(fold, run, fit_baseline(fold), fold.parts.test))
        watch(number + 1, {})
    metrics = job.recipe.metrics
    values = {
        model: {metric: [scores[model][metric] for scores in every] for metric in metrics}
        for model in MODELS
    }
    trained = np.mean([len(parts.training) + len(parts.validation) for parts in chosen])
    tested = np.mean([len(parts.test) for parts in chosen])
    return FoldScores(len(chosen) // repeats, repeats, values, float(trained), float(tested))


def fold_values(job: Job, recipe: Recipe, chosen: Sequence[Parts], metric: str) -> list[float]:
    """One metric of the network alone on each fold: what a search asks of a recipe.

    Raises:
        RecipeError: when a network diverges.
    """
    values = []
    for number, fold in enumerate(_jobs(replace(job, recipe=recipe), chosen)):
        run = fit_run(fold, new_network, recipe.seed + number, _unwatched, len(chosen))
        outputs = answers(fold, run.model, fold.parts.test)
        values.append(judge(fold, fold.parts.test, outputs, run.threshold, (metric,))[metric])
    return values


def baseline_values(job: Job, chosen: Sequence[Parts], metric: str) -> list[float]:
    """The same metric of scikit-learn's linear model on each fold."""
    values = []
    for fold in _jobs(job, chosen):
        rows, linear = fold.parts.test, fit_baseline(fold)
        outputs = straight(fold, linear, rows)
        values.append(judge(fold, rows, outputs, linear.threshold, (metric,))[metric])
    return values


def _jobs(job: Job, chosen: Sequence[Parts]) -> Iterator[Job]:
    """The job of each fold, what comes before the network learned from its training rows."""
    for parts in chosen:
        prepared = prepare(job.examples, parts, job.recipe)
        yield replace(job, parts=parts, prepared=prepared)


def _unwatched(_epoch: int, _logs: Mapping[str, float]) -> None:
    """A fold is one step of what is watched."""
