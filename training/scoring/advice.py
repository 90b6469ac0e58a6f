"""Warnings about a trained model, each with its evidence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.quoting import plain
from mlp_edge.errors import TableError
from mlp_edge.finding import Finding
from mlp_edge.mlp import DEFAULT_THRESHOLD, Floats, Task
from mlp_edge.settings import setting
from mlp_edge.training.examples import Examples
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.scoring.losses import Measure, coarse, fair
from mlp_edge.training.scoring.scores import METRICS, Truth
from mlp_edge.training.scoring.statistics import (
    Numbers,
    corrected_error,
    mean,
    spiegelhalter,
    standard_error,
)
from mlp_edge.training.weighting import mean_and_variance

STANDARD_ERRORS = 2.0
"""Training and test rows are far apart when it is more than so many standard errors."""
CONSTANT = 1e-6
"""Outputs that vary by less than this, relative to their size, are one and the same."""
FEW = 10
"""A class with fewer rows has a recall that a single one moves by a tenth or more."""
SUREST = 3
"""A third of the rows are called the surest."""
MISCALIBRATED = 3.0
"""Spiegelhalter's z from which on claims are not honest; by chance in 1 of 370 models."""
VISIBLE = 0.05
"""And so far apart are claim and truth, for else a single row of twenty could be the reason."""
NAMED = 3
"""So many of the classes with few rows are named."""

HARMLESS = ("sorted", "weight", "stream")
"""Kinds of findings that are said, but no reason to refuse a table."""
SMALLER = f"a linear model is smaller and may do: {setting('hidden', ())}, with enough epochs"

Scored = Mapping[str, NDArray[np.int64]]
"""Row numbers of each part that has rows."""


@dataclass(frozen=True, eq=False)
class ScoredPredictions:
    """What a model answers to rows, and what it has to beat.

    Attributes:
        truth: what is right.
        labels: of the classes; () for a regression.
        outputs: the model's answers (n, outputs).
        linear: the linear baseline's (n, outputs); None where there is none to beat.
        prior: mean of the training targets (outputs,): shares of the classes, or values; None
            where nobody knows it.
        rows: what these rows are called.
        recipe: by which the model was made; remedies that it has already are not named.
    """

    truth: Truth
    labels: Sequence[str]
    outputs: Floats
    linear: Floats | None
    prior: NDArray[np.float64] | None
    rows: str = "held-out rows"
    recipe: Recipe = Recipe()  # noqa: RUF009 (frozen)

    @property
    def weighted(self) -> bool:
        """Whether classes were given weights, which changes what probabilities mean."""
        return self.recipe.class_weight != "none"


def check_nothing_found(findings: Sequence[Finding], source: str) -> None:
    """Refuse a table about which there is anything to warn of: what ``Plan.strict`` asks for.

    Raises:
        TableError: with the first finding and how many more there are.
    """
    serious = [finding for finding in findings if finding.kind not in HARMLESS]
    if serious:
        more = f" (and {len(serious) - 1} more)" if len(serious) > 1 else ""
        raise TableError(
            f"{plain(source)}: {serious[0].says}{more}; without {setting('strict')} this is a "
            "warning"
        )


def advice(
    examples: Examples, scored: Scored, outputs: Floats, linear: Floats,
    threshold: np.float32 = DEFAULT_THRESHOLD, recipe: Recipe = Recipe(),  # noqa: B008 (frozen)
) -> Iterator[Finding]:  # fmt: skip
    """What the scores of a model say that its owner might not want to hear.

    Args:
        examples: the table.
        scored: its parts.
        outputs: the model's answers to every row (n, outputs).
        linear: the linear baseline's.
        threshold: of a binary model.
        recipe: by which the model was made.
    """
    yield from _constant(outputs, examples.task)
    if "test" not in scored:
        return
    training, test = scored["training"], scored["test"]
    prior, _ = mean_and_variance(examples.encoded[training], examples.weights_of(training))
    truth = examples.truth(test, threshold)
    predictions = ScoredPredictions(
        truth, examples.labels, outputs[test], linear[test], prior, recipe=recipe
    )
    yield from row_advice(predictions)
    yield from _far_apart(predictions, examples.truth(training, threshold), outputs[training])


def row_advice(predictions: ScoredPredictions) -> Iterator[Finding]:
    """What there is to say of answers to rows that the model never saw."""
    if len(predictions.outputs) > 1:
        measure = fair(predictions.truth, predictions.weighted)
        yield from list(_majority(predictions, measure)) or _linear(predictions, measure)
    if predictions.truth.task != "regression":
        yield from _calibration(predictions)
        yield from _few_rows(predictions)


def fold_advice(
    metric: str, network: Numbers, linear: Numbers, rows_trained: float, rows_tested: float
) -> Iterator[Finding]:
    """Whether cross-validation shows a network to be better than the linear baseline.

    Args:
        metric: name of the score.
        network: its value on each fold, NaN where a fold has none.
        linear: the baseline's, on the same folds.
        rows_trained: that a fold learns from.
        rows_tested: that a fold tests on.
    """
    both = np.array([network, linear], np.float64)
    both = both[:, np.isfinite(both).all(axis=0)]
    if both.shape[1] < 2:
        return
    ours, theirs = both.mean(axis=1)
    error = corrected_error(both[0] - both[1], rows_trained, rows_tested)
    gain = ours - theirs if METRICS[metric].more_is_better else theirs - ours
    if gain <= error:
        yield Finding(
            "linear",
            f"{metric} {ours:.4g} over {both.shape[1]} folds against a linear model's "
            f"{theirs:.4g}: {_plus_minus(ours - theirs, error)}, {_verdict(gain, error)}; "
            f"{SMALLER}",
        )


def _verdict(gain: float, error: float) -> str:
    return "which is worse" if gain < -error else "which may be chance"


def _plus_minus(value: float, error: float) -> str:
    """Both with as many digits as two of the error's take."""
    digits = 4 if not error > 0 else min(9, max(0, 1 - math.floor(math.log10(error))))
    return f"{value:+.{digits}f} ± {error:.{digits}f}"


def remedies(recipe: Recipe) -> str:
    """What helps against overfitting and has not been tried."""
    some = {"early_stopping": 20, "dropout": 0.2, "l2": 0.001}
    untried = [
        setting(name, value)
        for name, value in some.items()
        if not getattr(recipe, name) and (recipe.hidden or name != "dropout")
    ]
    if not untried:
        return "fewer neurons or more rows"
    return " or ".join([", ".join(untried[:-1]), untried[-1]] if untried[:-1] else untried)


def _constant(outputs: Floats, task: Task) -> Iterator[Finding]:
    spread, size = np.ptp(outputs, axis=0), np.abs(outputs).max(axis=0)
    # Probabilities have a size of their own, 1; targets may be tiny.
    if (spread <= CONSTANT * (size if task == "regression" else np.maximum(1.0, size))).all():
        answer = ", ".join(f"{value:.6g}" for value in outputs[0])
        yield Finding(
            "constant-output",
            f"the model predicts {answer} for each of {len(outputs):,} rows: it has learned "
            f"nothing; another {setting('seed')}, more {setting('epochs')} or another "
            f"{setting('learning_rate')} would be worth a try",
        )


def _majority(predictions: ScoredPredictions, measure: Measure) -> Iterator[Finding]:
    truth, prior = predictions.truth, predictions.prior
    if prior is None:
        return
    ours = measure.mean(truth, predictions.outputs)
    if measure.share:
        frequent = int(prior[0] > 0.5) if len(prior) == 1 else int(prior.argmax())
        always = predictions.labels[frequent]
    else:
        always = "the mean" if truth.task == "regression" else "the shares of the classes"
    # The most frequent class is what it is, wherever the model's threshold lies.
    constant = np.tile(prior.astype(np.float32), (len(predictions.outputs), 1))
    theirs = measure.mean(replace(truth, threshold=DEFAULT_THRESHOLD), constant)
    if ours >= theirs:
        yield Finding(
            "majority",
            f"{measure.says(ours)} on {len(predictions.outputs):,} {predictions.rows} is no better "
            f"than always predicting {always} ({measure.number(theirs)}); more "
            f"{setting('epochs')}, another {setting('learning_rate')} or other columns would be "
            "worth a try",
        )


def _linear(predictions: ScoredPredictions, measure: Measure) -> Iterator[Finding]:
    if predictions.linear is None:
        return
    losses = measure.losses(predictions.truth, predictions.outputs)
    baseline = measure.losses(predictions.truth, predictions.linear)
    groups, weights = predictions.truth.groups, predictions.truth.weights
    gain = mean(baseline - losses, weights)
    error = standard_error(baseline - losses, groups, weights)
    if gain > error or not math.isfinite(error):  # rows of one group are no evidence
        return
    ours, theirs = mean(losses, weights), mean(baseline, weights)
    yield Finding(
        "linear",
        f"{measure.says(ours)} on {len(losses):,} {predictions.rows} against a linear model's "
        f"{measure.number(theirs)}: {measure.difference(ours, theirs, error)}, "
        f"{_verdict(gain, error)}; {SMALLER}",
    )


def _far_apart(predictions: ScoredPredictions, learned: Truth, known: Floats) -> Iterator[Finding]:
    truth, outputs = predictions.truth, predictions.outputs
    measure = coarse(truth)
    losses = measure.losses(truth, outputs)
    training, test = measure.mean(learned, known), mean(losses, truth.weights)
    chance = STANDARD_ERRORS * standard_error(losses, truth.groups, truth.weights)
    if test - training > chance and measure.far(training, test):
        says = f"overfitting; {remedies(predictions.recipe)} would help"
        if predictions.recipe.split != "random":
            says = f"later rows are of another kind, or {says} against that"
        yield Finding(
            "far-apart",
            f"{measure.says(training)} on the training rows but {measure.number(test)} on the "
            f"held-out ones: {says}",
        )


def _calibration(predictions: ScoredPredictions) -> Iterator[Finding]:
    """Whether it is as often right as it claims, by the class that it finds likeliest."""
    truth = predictions.truth
    probabilities = truth.probabilities(predictions.outputs)
    claimed, right = (
        probabilities.max(axis=1),
        probabilities.argmax(axis=1) == truth.targets,
    )
    surest = np.argsort(-claimed, kind="stable")[: len(claimed) // SUREST]
    off = spiegelhalter(right, claimed, truth.groups, truth.weights)
    if len(surest) < FEW or abs(off) <= MISCALIBRATED:
        return
    weights = None if truth.weights is None else truth.weights[surest]
    claims, holds = mean(claimed[surest], weights), mean(right[surest], weights)
    if abs(claims - holds) < VISIBLE:
        return
    way = remedies(predictions.recipe) if claims > holds else f"more {setting('epochs')}"
    end = (
        f"{way} would help" if not predictions.weighted else f"{setting('class_weight')} does that"
    )
    yield Finding(
        "calibration",
        f"its probabilities are not to be taken at their word: of the {len(surest):,} "
        f"{predictions.rows} where it is surest, it claims {claims:.0%} and {holds:.0%} are right; "
        f"{end}",
    )


def _few_rows(predictions: ScoredPredictions) -> Iterator[Finding]:
    counts = np.bincount(predictions.truth.targets, minlength=predictions.truth.classes)
    few = [index for index in np.argsort(counts, kind="stable") if counts[index] < FEW]
    if not few:
        return
    named = ", ".join(f"{predictions.labels[index]} ({counts[index]})" for index in few[:NAMED])
    more = f" and {len(few) - NAMED} other classes" if len(few) > NAMED else ""
    least = counts[few[0]]
    says = (
        f"a single one moves such a recall by up to {1 / least:.2f}"
        if least
        else "no row shows its recall"
    )
    yield Finding(
        "few-rows",
        f"few {predictions.rows} are {named}{more}: {says}, so its score means little",
    )
