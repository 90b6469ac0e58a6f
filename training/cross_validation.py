"""Cross-validation: a recipe scored on every row, each time with a network that never saw it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from mlp_edge.data.findings.leaks import groups
from mlp_edge.data.table import Table
from mlp_edge.finding import Finding
from mlp_edge.mlp import Rows, Task
from mlp_edge.training.cluster import Each, in_turn
from mlp_edge.training.deciding import Run, fit_run, score_member, score_run
from mlp_edge.training.fitting import Stage
from mlp_edge.training.parts import Parts
from mlp_edge.training.preprocessing import preprocess
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.recipe_settings import DEFAULT_THRESHOLD_TEXT
from mlp_edge.training.run import (
    Job,
    fit_baseline,
    new_network,
    score_baselines,
    score_rows,
    straight,
)


@dataclass(frozen=True)
class Folding:
    """Cross-validation: so many folds, so many times; and what fits them."""

    folds: int
    repeats: int = 1
    each: Each = in_turn


@dataclass(frozen=True)
class FoldScores:
    """What every fold gave.

    Attributes:
        folds: in one repeat.
        repeats: of all folds, each with other parts.
        values: model -> metric -> its value on each fold's test rows, folds x repeats of them.
        trained: rows that a network was made with, validation rows included; the mean.
        tested: rows that it was tested on; the mean.
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


def cross_validate(
    job: Job, chosen: Sequence[Parts], repeats: int, stage: Stage, each: Each = in_turn
) -> FoldScores:
    """Fit and score the recipe on each choice of parts, the baselines on the same.

    Fills, ranges, scaling, early stopping and threshold are learned anew in every fold, from its
    own training and validation rows.

    Args:
        job: its parts and what was prepared from them are not looked at.
        chosen: the parts of every fold, all repeats one after another.
        repeats: how many there are.
        stage: who watches.
        each: what fits the folds.

    Raises:
        RecipeError: when a network diverges.
    """
    watch = stage("cross-validation: fold", len(chosen))
    metrics = _metrics(job)
    every: list[dict[str, Any]] = []
    for scores in each(enumerate(chosen), partial(_scored, job, len(chosen), metrics)):
        every.append(scores)
        watch(len(every), {})
    values = {
        model: {metric: [scores[model][metric] for scores in every] for metric in metrics}
        for model in every[0]
    }
    trained = np.mean([len(parts.training) + len(parts.validation) for parts in chosen])
    tested = np.mean([len(parts.test) for parts in chosen])
    return FoldScores(len(chosen) // repeats, repeats, values, float(trained), float(tested))


def _scored(
    job: Job, fits: int, metrics: Sequence[str], numbered: tuple[int, Parts]
) -> dict[str, Any]:
    """Model -> metric -> value on a fold's test rows: the network's, and what it has to beat."""
    with _device(job):
        fold, run = _fitted(job, fits, numbered)
        rows = fold.parts.test
        return {
            "mlp": score_run(fold, run, rows, metrics),
            **score_member(fold, run, rows, metrics),
            **score_baselines(fold, fit_baseline(fold), rows, metrics),
        }


def _device(job: Job) -> AbstractContextManager[None]:
    """The job's device, which a process of a cluster has not taken yet."""
    # Several GPUs are this process's own, and are taken already: they cannot be taken twice.
    return nullcontext() if job.device.mirrored else job.device.scope()


def _fitted(job: Job, fits: int, numbered: tuple[int, Parts]) -> tuple[Job, Run]:
    """The job and the network of one fold, by its number."""
    number, parts = numbered
    fold = _job(job, parts)
    return fold, fit_run(fold, new_network, job.recipe.seed + number, _ignore_epoch, fits)


def fold_values(
    job: Job, recipe: Recipe, chosen: Sequence[Parts], metric: str, each: Each = in_turn
) -> list[float]:
    """One metric of the network alone on each fold: what a search asks of a recipe.

    Raises:
        RecipeError: when a network diverges.
    """
    job = replace(job, recipe=recipe)
    return list(each(enumerate(chosen), partial(_value, job, len(chosen), metric)))


def _value(job: Job, fits: int, metric: str, numbered: tuple[int, Parts]) -> float:
    """The network's metric on the test rows of one fold."""
    with _device(job):
        return fold_value(*_fitted(job, fits, numbered), metric)


def fold_runs(job: Job, chosen: Sequence[Parts]) -> Iterator[tuple[Job, Run]]:
    """The job of each fold and its network, fitted with a seed of its own.

    Raises:
        RecipeError: when a network diverges.
    """
    return (_fitted(job, len(chosen), numbered) for numbered in enumerate(chosen))


def fold_value(fold: Job, run: Run, metric: str) -> float:
    """One metric of a fold's network on the rows that it never saw."""
    return score_run(fold, run, fold.parts.test, (metric,))[metric]


def baseline_values(job: Job, chosen: Sequence[Parts], metric: str) -> list[float]:
    """The same metric of scikit-learn's linear model on each fold."""
    values = []
    for fold in (_job(job, parts) for parts in chosen):
        rows, linear = fold.parts.test, fit_baseline(fold)
        outputs = straight(fold, linear, rows)
        values.append(score_rows(fold, rows, outputs, linear.threshold, (metric,))[metric])
    return values


def compared_by(recipe: Recipe, task: Task) -> str:
    """The metric by which networks and linear models are compared, as on held-out rows.

    A threshold, and class weights, may give up accuracy for something else.
    """
    if task == "regression":
        return "rmse"
    if recipe.class_weight != "none":
        return "balanced_accuracy"
    return "accuracy" if recipe.threshold == DEFAULT_THRESHOLD_TEXT else "brier"


def equal_rows(table: Table, rows: Rows, chosen: Sequence[Parts]) -> tuple[Finding, ...]:
    """Whether rows of one fold have the readings of rows in another: a test of memory, then.

    Args:
        table: where the rows are from, for line numbers.
        rows: raw readings (n, features).
        chosen: the folds of one repeat.
    """
    twins = groups(rows)
    again = 0
    for parts in chosen:
        both = np.isin(twins[parts.test], twins[parts.training])
        if both.any() and not again:
            first = parts.test[both][0]
            twin = parts.training[twins[parts.training] == twins[first]][0]
        again += int(both.sum())
    if not again:
        return ()
    return (
        Finding(
            "duplicates",
            f"{again:,} of {len(rows):,} rows have the readings of a row in another fold, such as "
            f"{table.counts}s {table.lines[first]} and {table.lines[twin]}: the scores of the "
            "folds flatter the model",
        ),
    )


def _metrics(job: Job) -> tuple[str, ...]:
    """The recipe's metrics, and the one that models are compared by."""
    metrics = job.recipe.metrics
    by = compared_by(job.recipe, job.examples.task)
    return metrics if by in metrics else (*metrics, by)


def _job(job: Job, parts: Parts) -> Job:
    """The job of a fold, what comes before the network learned from its training rows."""
    return replace(job, parts=parts, preprocessed=preprocess(job.examples, parts, job.recipe))


def _ignore_epoch(_epoch: int, _logs: Mapping[str, float]) -> None:
    """Report nothing: a fold is one step of the progress."""
