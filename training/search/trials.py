"""The search for a better network: trials drawn by Optuna, each scored on the same folds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np

from mlp_edge.errors import InputError, RecipeError
from mlp_edge.files.writing import csv_text, json_text, sha256
from mlp_edge.mlp import Task
from mlp_edge.settings import setting
from mlp_edge.training.default_recipe import REGULARISED
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.search.search_space import (
    Draw,
    drawn,
    draws,
    firsts,
    nearest,
    parameters,
    search_space,
)
from mlp_edge.training.search.tuning_journal import Record, opened

BLIND = 10
"""So many trials, the recipe as given among them, come before Optuna draws by what was learned."""
ATTEMPTS = 50
"""So often a draw that was tried already is drawn again."""


@dataclass(frozen=True)
class Trial:
    """A network that was tried.

    Attributes:
        number: from 0, the recipe as it was given.
        hidden: neurons of each hidden layer.
        learning_rate: None is Keras's default.
        dropout: share of each hidden layer's outputs that is dropped while learning.
        l2: weight of the squared kernels in the loss.
        batch_normalization: whether hidden layers are normalised over the batch.
        parameters: weights and biases of the saved model.
        folds: the metric on each fold; () where a training diverged.
        failure: then, or where the network does not fit a chip, what was said about it.
    """

    number: int
    hidden: tuple[int, ...]
    learning_rate: float | None
    dropout: float
    l2: float
    batch_normalization: bool
    parameters: int
    folds: tuple[float, ...]
    failure: str = ""

    @property
    def score(self) -> float | None:
        """Mean over the folds, less being better; None where a training diverged."""
        return fmean(self.folds) if self.folds else None

    @property
    def deviation(self) -> float | None:
        """Standard deviation over the folds, 0 of a single one; None where a training diverged."""
        if not self.folds:
            return None
        return stdev(self.folds) if len(self.folds) > 1 else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as tuning.csv and the picture name them."""
        return {
            "number": self.number,
            "score": self.score,
            "deviation": self.deviation,
            "hidden": list(self.hidden),
            "learning_rate": self.learning_rate,
            "dropout": self.dropout,
            "l2": self.l2,
            "batch_normalization": self.batch_normalization,
            "parameters": self.parameters,
            "failure": self.failure,
        }


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Attributes:
        trials: in order; fewer than asked for when no new networks were left.
        best: the trial with the least score; of equal ones that with the fewest parameters.
        recipe: the best trial's.
        metric: what was scored, "log_loss" or "rmse".
        baseline: the same of scikit-learn's linear model on each fold; () where nobody asked.
        trained: rows that a fold learns from, on average; 0 where nobody asked.
        tested: rows that a fold tests on, on average.
    """

    trials: tuple[Trial, ...]
    best: Trial
    recipe: Recipe
    metric: str
    baseline: tuple[float, ...] = ()
    trained: float = 0.0
    tested: float = 0.0

    @property
    def smallest(self) -> Trial:
        """The trial of fewest parameters within one standard error of the best one's score.

        The standard error is the best trial's deviation over the square root of its folds
        (Breiman et al., Classification and Regression Trees, 1984); folds of repeated
        cross-validation count as if they were independent.
        """
        error = (self.best.deviation or 0) / math.sqrt(len(self.best.folds))
        limit = fmean(self.best.folds) + error
        near = [trial for trial in self.trials if trial.folds and fmean(trial.folds) <= limit]
        return min(near, key=lambda trial: (trial.parameters, fmean(trial.folds), trial.number))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for model.json; every trial is in tuning.csv."""
        return {
            "metric": self.metric,
            "baseline": list(self.baseline),
            "folds": len(self.best.folds),
            "trials": len(self.trials),
            "failed": sum(not trial.folds for trial in self.trials),
            "best": self.best.to_dict(),
            "smallest": self.smallest.to_dict(),
        }


Judge = Callable[[Recipe], Sequence[float]]
"""The metric on each fold, less being better; RecipeError when a training diverged."""
Tell = Callable[[Trial, Trial | None, int], None]
"""Called after each trial with it, the best so far (None when all diverged) and how many come."""


def tune(
    recipe: Recipe,
    task: Task,
    inputs: int,
    outputs: int,
    judge: Judge,
    trials: int,
    journal: Path,
    fingerprint: str,
    tell: Tell,
    *,
    fixed: frozenset[str] = frozenset(),
    afresh: bool = False,
    resumed: Callable[[int], None] | None = None,
) -> Tuned:
    """Search for hidden layers, learning rate and regularisation with the least mean score.

    Trial 0 is the recipe, trial 1 the recipe without hidden layers (unless those of the recipe are
    fixed, or it has none), so the best is no worse than either on the folds. The next ones are
    drawn blindly, later ones by a tree-structured Parzen estimator (Bergstra et al., Algorithms
    for Hyper-Parameter Optimization, 2011). A draw follows from the seed, its number and the
    finished trials alone: a search that was interrupted and goes on ends as one that was not, and
    the first trials of a longer search are those of a shorter one.

    Args:
        recipe: what is searched from; settings that are not searched stay.
        task: decides the metric's name.
        inputs: width of the first layer's input, after encoding.
        outputs: width of the last layer.
        judge: gives the metric on each fold.
        trials: how many, at least 1, those of the journal included.
        journal: file that keeps finished trials; it stays until ``discard`` removes it.
        fingerprint: of the rows, the folds and the options that ``judge`` works with.
        tell: called after each trial that was not in the journal.
        fixed: settings, by their names in ``Recipe``, that are not searched.
        afresh: whether a journal that is damaged or of another search is emptied, not refused.
        resumed: called first with the number of trials read from the journal, if there are any.

    Raises:
        MissingError: without Optuna.
        InputError: when the journal cannot be used.
        RecipeError: when nothing is left to search, or every training diverged.
    """
    search = _Search(recipe, inputs, outputs, search_space(recipe, fixed), firsts(recipe, fixed))
    everything = search.fingerprint(task, fingerprint)
    done: list[Trial] = []
    with opened(journal, everything, search.space, afresh) as kept:
        for record in kept.records[:trials]:
            done.append(search.trial(len(done), record))
        if done and resumed is not None:
            resumed(len(done))
        while len(done) < trials:
            draw = search.draw(kept.records)
            if draw is None:
                break
            kept.add(_judged(search.recipe_of(len(done), draw), draw, judge))
            done.append(search.trial(len(done), kept.records[-1]))
            tell(done[-1], best_of(done), trials)
    return _tuned(recipe, task, done)


def _tuned(recipe: Recipe, task: Task, trials: Sequence[Trial]) -> Tuned:
    best = best_of(trials)
    if best is None:
        least = min(trials, key=lambda trial: (trial.parameters, trial.number))
        raise RecipeError(
            f"{setting('tune')}: no network could be scored; the smallest, of {least.parameters:,} "
            f"weights: {least.failure}"
        )
    metric = "rmse" if task == "regression" else "log_loss"
    return Tuned(tuple(trials), best, recipe_with(recipe, best), metric)


def discard(path: Path) -> None:
    """Remove a journal, whatever it holds, where there is one.

    Raises:
        InputError: when it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be removed ({error.strerror})") from error


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """The trial with the least score, of equal ones the smallest, of equal ones the first."""
    scored = [trial for trial in trials if trial.folds]
    return min(
        scored, key=lambda trial: (trial.score, trial.parameters, trial.number), default=None
    )


def recipe_with(recipe: Recipe, trial: Trial) -> Recipe:
    """A recipe with a trial's settings, which no rule chose then."""
    found: dict[str, Any] = {
        "hidden": trial.hidden,
        "learning_rate": trial.learning_rate,
        "dropout": trial.dropout,
        "l2": trial.l2,
        "batch_normalization": trial.batch_normalization,
    }
    searched = {*found, *REGULARISED}
    automatic = tuple(name for name in recipe.automatic if name not in searched)
    return replace(recipe, automatic=automatic, strength="", **found)


def tuning_csv(tuned: Tuned) -> bytes:
    """A row per trial; hidden layers as they are typed, no score where a training diverged."""
    rows = [
        {**trial.to_dict(), "hidden": ",".join(map(str, trial.hidden)) or "none"}
        for trial in tuned.trials
    ]
    return csv_text([tuned.best.to_dict(), *(row.values() for row in rows)]).encode()


@dataclass(frozen=True)
class _Search:
    """Which recipe a trial is, by its number and its draw."""

    recipe: Recipe
    inputs: int
    outputs: int
    space: Mapping[str, Any]
    firsts: tuple[Recipe, ...]

    def fingerprint(self, task: Task, judge: str) -> str:
        """A hash of all that the trials depend on."""
        own = [self.recipe.to_dict(), task, self.inputs, self.outputs, sorted(self.space), judge]
        return sha256(json_text(own).encode())

    def recipe_of(self, number: int, draw: Draw) -> Recipe:
        """What is trained in a trial."""
        return self.firsts[number] if number < len(self.firsts) else drawn(self.recipe, draw)

    def trial(self, number: int, record: Record) -> Trial:
        """A finished trial."""
        recipe = self.recipe_of(number, record.draw)
        return Trial(
            number=number,
            hidden=recipe.hidden,
            learning_rate=recipe.learning_rate,
            dropout=recipe.dropout,
            l2=recipe.l2,
            batch_normalization=recipe.batch_normalization,
            parameters=parameters(self.inputs, recipe.hidden, self.outputs, recipe.ensemble),
            folds=record.folds,
            failure=record.failure,
        )

    def draw(self, records: Sequence[Record]) -> Draw | None:
        """What to try next; None when nothing new was drawn."""
        number = len(records)
        if number < len(self.firsts):
            return nearest(self.firsts[number], self.space)
        tried = {self.recipe_of(*entry) for entry in enumerate(r.draw for r in records)}
        seed = int(np.random.SeedSequence((self.recipe.seed, number)).generate_state(1)[0])
        for draw in islice(draws(self.space, records, BLIND, seed), ATTEMPTS):
            if drawn(self.recipe, draw) not in tried:
                return draw
        return None


def _judged(recipe: Recipe, draw: Draw, judge: Judge) -> Record:
    try:
        folds = tuple(float(value) for value in judge(recipe))
    except RecipeError as error:
        return Record(draw, (), str(error))
    if not all(math.isfinite(value) for value in folds):
        return Record(draw, (), "the score is not a number on every fold")
    return Record(draw, folds)
