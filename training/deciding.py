"""One network, and what its own training rows decide: regularisation, temperature, threshold.

Regularisation and temperature are decided by inner folds: rows are predicted by networks that did
not learn from them. The network itself then learns from all training rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.quoting import plain
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.lazy import keras
from mlp_edge.mlp import DEFAULT_THRESHOLD
from mlp_edge.settings import setting
from mlp_edge.training.ensemble import joined, member_seeds
from mlp_edge.training.equal_folds import alike
from mlp_edge.training.fitting import Fitted, Stage, Watch
from mlp_edge.training.output_layer import cool, sums
from mlp_edge.training.parts import Parts, folds
from mlp_edge.training.preprocessing import preprocess
from mlp_edge.training.pruning import Pruned, in_all, pruned_by
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.run import (
    Job,
    Make,
    fit_network,
    new_network,
    predictions,
    score_rows,
    threshold_of,
)
from mlp_edge.training.scoring.calibration import helpful_temperature, log_loss
from mlp_edge.training.task_choices import has_logits

FOLDS = 3
"""Inner folds of up to ``MANY`` training rows: each row is predicted once."""
MANY = 2500
"""Training rows beyond which one part in ``PARTS`` is enough to predict."""
PARTS = 5
HONESTY = ("log_loss", "ece")
"""What is scored before and after a temperature."""


@dataclass(frozen=True)
class Decision:
    """What inner folds decided.

    Attributes:
        recipe: the job's, with the regularisation that lost least.
        losses: strength of the regularisation -> log loss, or mean square of a standardised
            target; {} where there was nothing to choose from.
        temperature: by which the logits are divided; None where none was asked for.
        rows: that were predicted; 0 where there were too few for inner folds, None where there was
            nothing to decide.
        scores: part of the rows -> "before" and "after" the temperature -> metric -> value.
    """

    recipe: Recipe
    losses: Mapping[str, float] = field(default_factory=dict)
    temperature: float | None = None
    rows: int | None = None
    scores: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any] | None:
        """Plain values, for model.json; None where there was nothing to decide."""
        if self.rows is None:
            return None
        return {
            "rows": self.rows,
            "losses": dict(self.losses),
            "temperature": self.temperature,
            "scores": dict(self.scores),
        }


@dataclass(frozen=True, eq=False)
class Run:
    """A network that was fitted.

    Attributes:
        model: the Keras model of encoded readings.
        fitted: how it went.
        threshold: of a binary task, by the recipe's rule.
        decision: its recipe, and what else inner folds decided.
        pruned: which of its hidden units were removed.
        member: the first network of an ensemble; None where the model is a single network.
    """

    model: Any
    fitted: Fitted
    threshold: np.float32
    decision: Decision
    pruned: Pruned
    member: Run | None = None


def fit_run(
    job: Job, make: Make, seed: int, watch: Watch, fits: int = 1, decision: Decision | None = None
) -> Run:
    """Fit one network, with all that its own rows decide, or every member of an ensemble.

    Members share what a single network with the seed decides.

    Args:
        job: what is fitted.
        make: gives the network.
        seed: of its weights and the order of the rows; of an ensemble's first member.
        watch: told each epoch, those of all members one after another.
        fits: how many networks like it are to be fitted.
        decision: what ``decide`` said of the job and the seed; None asks it.

    Raises:
        RecipeError: when training diverges, or a rule for the threshold finds nothing to choose by.
    """
    decision = decision or decide(job, seed, fits=fits)
    job = replace(job, recipe=decision.recipe)
    seeds = member_seeds(seed, job.recipe.ensemble)
    members, removed = [], []
    for number, each in enumerate(seeds):
        told = _after(watch, number * job.recipe.epochs)
        fitted = fit_network(job, make, each, told, fits * len(seeds))
        smaller, gone = pruned_by(job.recipe, fitted.model, job.preprocessed.features)
        members.append(fitted._replace(model=smaller))
        removed.append(gone)
    first = members[0]
    whole = joined([each.model for each in members])
    run = _finished(job, first._replace(model=whole), decision, in_all(removed))
    if len(members) == 1:
        return run
    return replace(run, member=_finished(job, first, decision, removed[0]))


def _finished(job: Job, fitted: Fitted, decision: Decision, removed: Pruned) -> Run:
    """A fitted model with its temperature and its threshold."""
    model = fitted.model
    if decision.temperature is not None:
        before = _honesty(job, model)
        cool(model, decision.temperature)
        after = _honesty(job, model)
        scores = {part: {"before": before[part], "after": after[part]} for part in before}
        decision = replace(decision, scores=scores)
    threshold = threshold_of(job, lambda rows: predictions(job, model, rows))
    return Run(model, fitted, threshold, decision, removed)


def _after(watch: Watch, epochs: int) -> Watch:
    """Who watches, told of epochs that come after so many."""
    return lambda epoch, logs: watch(epochs + epoch, logs)


def score_run(
    job: Job, run: Run, rows: NDArray[np.int64], metrics: Sequence[str] = ()
) -> dict[str, float]:
    """Metric -> value of a fitted network on chosen rows."""
    return score_rows(job, rows, predictions(job, run.model, rows), run.threshold, metrics)


def score_member(
    job: Job, run: Run, rows: NDArray[np.int64], metrics: Sequence[str] = ()
) -> dict[str, Any]:
    """Give "member" -> metric -> value of an ensemble's first network; {} of a single one."""
    return {} if run.member is None else {"member": score_run(job, run.member, rows, metrics)}


def _honesty(job: Job, model: Any) -> dict[str, dict[str, float]]:
    """How far the probabilities of each part are to be trusted."""
    return {
        part: score_rows(job, rows, predictions(job, model, rows), DEFAULT_THRESHOLD, HONESTY)
        for part, rows in job.scored.items()
    }


def decide(job: Job, seed: int, stage: Stage | None = None, fits: int = 1) -> Decision:
    """Choose the strength of the regularisation, and find the temperature that goes with it.

    Where rows are too few for folds, it is the last strength, the firmest, without a temperature.

    Args:
        job: what is to be fitted.
        seed: of the inner folds and their networks.
        stage: who watches.
        fits: how many networks like the job's are to be fitted.

    Raises:
        RecipeError: when training diverges, or somebody chose a temperature and there are no folds.
    """
    candidates = _candidates(job)
    if len(candidates) == 1 and not job.recipe.temperature:
        return Decision(candidates[0])
    inner = _inner_folds(job, seed)
    if not inner:
        return _undecided(job, candidates[-1])
    total = len(candidates) * len(inner)
    watch = None if stage is None else stage("inner folds: network", total)
    done = 0

    def told() -> None:
        nonlocal done
        done += 1
        if watch is not None:
            watch(done, {})

    make = _with_dropout(max(recipe.dropout for recipe in candidates))
    fits *= total
    found = [
        _judged(job, recipe, _unseen(replace(job, recipe=recipe), make, inner, seed, fits, told))
        for recipe in candidates
    ]
    best = min(found, key=lambda each: each.losses[each.recipe.strength])
    losses = {each.recipe.strength: each.losses[each.recipe.strength] for each in found}
    return replace(best, losses=losses if len(found) > 1 else {})


def _undecided(job: Job, recipe: Recipe) -> Decision:
    """A recipe whose rows are too few for inner folds: without a temperature.

    Raises:
        RecipeError: where somebody chose one.
    """
    if recipe.temperature and "temperature" not in recipe.automatic:
        raise RecipeError(
            f"{setting('temperature')} takes inner folds, and the {len(job.parts.training)} "
            f"training rows of {plain(job.table.source)} are too few for them, in all, of a class "
            f"or by groups; {setting('temperature', False)} would do"
        )
    return Decision(replace(recipe, temperature=False), rows=0)


def _candidates(job: Job) -> list[Recipe]:
    """The recipe in each strength of regularisation; one, where what was typed leaves one."""
    recipe, rows = job.recipe, len(job.parts.training)
    every = [recipe.regularised(each, rows) for each in recipe.strengths] or [recipe]
    same = len({replace(each, strength="") for each in every}) == 1
    return every[-1:] if same else every


def _inner_folds(job: Job, seed: int) -> list[Parts]:
    """Parts of the training rows; [] where those are too few."""
    rows, recipe = job.parts.training, replace(job.recipe, seed=seed)
    few = len(rows) <= MANY
    try:
        every = folds(job.examples, recipe, FOLDS if few else PARTS, 1, job.table.source, rows=rows)
    except TableError:
        return []
    # In time the last part learns from the most rows.
    return alike(every, job.examples) if few else every[-1:]


class _Unseen(NamedTuple):
    """Rows (n,), and what networks that never saw them predict: logits (n, classes), or values.

    Of each row also the part (n,) that its network predicts; of a single network there are thirds.
    """

    rows: NDArray[np.int64]
    outputs: NDArray[np.float64]
    part: NDArray[np.int64]


def _with_dropout(most: float) -> Make:
    """Networks that have layers of dropout even at 0: all candidates share a compiled program."""

    def make(job: Job, seed: int) -> Any:
        model = new_network(replace(job, recipe=replace(job.recipe, dropout=most)), seed)
        for layer in model.layers:
            if isinstance(layer, keras().layers.Dropout):
                layer.rate = job.recipe.dropout
        return model

    return make


def _unseen(
    job: Job, make: Make, inner: list[Parts], seed: int, fits: int, told: Callable[[], None]
) -> _Unseen:
    """The rows of all inner folds, as networks of the job's recipe predict them."""
    outputs = []
    for parts in inner:
        preprocessed = preprocess(job.examples, parts, job.recipe)
        fold = replace(job, parts=parts, preprocessed=preprocessed)
        fitted = fit_network(fold, make, seed, _ignore_epoch, fits)
        outputs.append(_outputs(fold, fitted.model, parts.test))
        told()
    rows = np.concatenate([parts.test for parts in inner])
    several = np.repeat(np.arange(len(inner)), [len(each) for each in outputs])
    part = several if len(inner) > 1 else np.arange(len(rows)) % FOLDS
    return _Unseen(rows, np.concatenate(outputs), part)


def _outputs(job: Job, model: Any, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Logits (n, classes) of chosen rows, or the values (n, outputs) of a regression."""
    if has_logits(job.examples.task, job.recipe.output_activation):
        found = sums(model, job.preprocessed.inputs[rows])
        return np.hstack([np.zeros_like(found), found]) if found.shape[1] == 1 else found
    outputs = predictions(job, model, rows)
    if job.examples.task == "regression":
        return outputs.astype(np.float64)
    least = np.finfo(np.float32).eps
    return np.asarray(np.log(job.examples.truth(rows).probabilities(outputs).clip(least)))


def _judged(job: Job, recipe: Recipe, unseen: _Unseen) -> Decision:
    """What a recipe loses on rows that its networks never saw, at its temperature."""
    rows, outputs, part = unseen
    targets, weights = job.examples.targets[rows], job.preprocessed.weights
    counts = None if weights is None else weights[rows]
    temperature = None
    if job.examples.task == "regression":
        spread = job.examples.targets[job.parts.training].std(axis=0, dtype=np.float64)
        errors = (outputs - targets) / np.where(spread > 0, spread, 1)
        loss = float(np.average((errors**2).mean(axis=1), weights=counts))
    else:
        if recipe.temperature:
            # Weights of classes shift probabilities on purpose: honest ones know rows alone.
            counted = job.examples.weights_of(rows)
            temperature = helpful_temperature(outputs, targets, part, counted)
        loss = log_loss(outputs / (temperature or 1), targets, counts)
    return Decision(recipe, {recipe.strength: loss}, temperature, len(rows))


def _ignore_epoch(_epoch: int, _logs: Mapping[str, float]) -> None:
    """Report nothing: an inner fold is one step of the progress."""
