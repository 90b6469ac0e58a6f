"""A training that is ready to run, on one choice of rows: networks, predictions, scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.table import Table
from mlp_edge.errors import RecipeError
from mlp_edge.finding import Finding
from mlp_edge.lazy import keras
from mlp_edge.mlp import DEFAULT_THRESHOLD, Dense, Floats, Mlp, Scaling
from mlp_edge.proof.monotone import directions
from mlp_edge.readers.objects.keras_models import read_keras_model
from mlp_edge.training.device import Device
from mlp_edge.training.ensemble import joined, member_seeds
from mlp_edge.training.examples import Examples
from mlp_edge.training.fitting import Fitted, Watch, fit_parts, predict_batches
from mlp_edge.training.monotone import hold, of_inputs
from mlp_edge.training.network import HISTORY_METRIC, build, compile_model, folded
from mlp_edge.training.output_layer import prior_bias, start_at
from mlp_edge.training.parts import Parts
from mlp_edge.training.preprocessing import Preprocessed
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.scoring.baseline import Linear, linear_baseline, prior
from mlp_edge.training.scoring.scores import score
from mlp_edge.training.scoring.threshold import is_chosen, threshold_for

CALIBRATION_ROWS = 1000
"""At most so many training rows are kept for quantisation."""
Make = Callable[["Job", int], Any]
"""(job, seed) -> a compiled Keras model of encoded readings, not yet fitted."""


@dataclass(frozen=True, eq=False)
class Job:
    """A training that is ready to run: everything read, resolved and split.

    Attributes:
        table: what is learned from.
        examples: its rows, read.
        parts: which of them train, validate and test.
        preprocessed: what the training rows decide before the network.
        recipe: resolved for the task.
        name: of the model.
        device: where it trains.
        findings: what was found in the table.
        calibration: whether training rows are kept with the model.
    """

    table: Table
    examples: Examples
    parts: Parts
    preprocessed: Preprocessed
    recipe: Recipe
    name: str
    device: Device
    findings: tuple[Finding, ...] = ()
    calibration: bool = True

    @property
    def scored(self) -> dict[str, NDArray[np.int64]]:
        """The row numbers of each part that has rows, by name."""
        parts = self.parts
        named = {"test": parts.test, "validation": parts.validation, "training": parts.training}
        return {name: rows for name, rows in named.items() if len(rows)}


def new_network(job: Job, seed: int) -> Any:
    """A network with fresh weights."""
    keras().utils.set_random_seed(seed)
    rows = job.preprocessed.inputs[job.parts.training]
    outputs = job.preprocessed.learned.shape[1]
    weights = job.examples.weights_of(job.parts.training)
    model = build(job.recipe, rows, outputs, job.preprocessed.numbers, weights)
    if job.recipe.output_bias == "prior":
        means = job.preprocessed.mean(job.parts.training)
        start_at(model, prior_bias(job.recipe.output_activation, means, len(rows)))
    wanted = directions(job.recipe.monotone)
    hold(model, of_inputs(job.preprocessed.features, wanted), fresh=True)
    metric = HISTORY_METRIC[job.examples.task]
    compile_model(model, job.recipe, metric, job.recipe.steps(len(rows)))
    return model


def untrained(job: Job) -> Mlp:
    """A fresh network of the job's recipe, as plain NumPy."""
    seeds = member_seeds(job.recipe.seed, job.recipe.ensemble)
    model = joined([folded(new_network(job, seed)) for seed in seeds])
    return as_mlp(job, model, DEFAULT_THRESHOLD)


def as_mlp(job: Job, model: Any, threshold: np.float32) -> Mlp:
    """A fitted Keras model of encoded readings, with the job's features around it."""
    found = read_keras_model(model).mlp
    return named_mlp(job, found.scaling, found.layers, threshold)


def named_mlp(
    job: Job, scaling: Scaling | None, layers: tuple[Dense, ...], threshold: np.float32
) -> Mlp:
    """Layers that were read, with what the job knows of their inputs and outputs."""
    examples = job.examples
    return Mlp(
        name=job.name,
        features=job.preprocessed.features,
        targets=examples.names,
        labels=examples.labels,
        task=examples.task,
        threshold=threshold,
        scaling=scaling,
        layers=layers,
        clip=job.preprocessed.clip,
    )


def calibration_rows(parts: Parts, seed: int) -> NDArray[np.int64]:
    """At most ``CALIBRATION_ROWS`` training rows, drawn at random by the seed."""
    count = min(len(parts.training), CALIBRATION_ROWS)
    return np.sort(np.random.default_rng(seed).choice(parts.training, count, replace=False))


def fit_network(job: Job, make: Make, seed: int, watch: Watch, fits: int = 1) -> Fitted:
    """Fit one network of the job's recipe as it stands.

    Args:
        job: what is fitted.
        make: gives the network.
        seed: of its weights and the order of the rows; of an ensemble's first member.
        watch: told each epoch, those of all members one after another.
        fits: how many networks like it are to be fitted.

    Raises:
        RecipeError: when training diverges.
    """
    recipe = replace(job.recipe, seed=seed)
    return fit_parts(make(job, seed), job.preprocessed, job.parts, recipe, watch, fits)


def fit_baseline(job: Job) -> Linear:
    """The linear model of the same rows, its threshold chosen by the same rule."""
    linear = linear_baseline(job.examples, job.preprocessed, job.parts)
    try:
        threshold = threshold_of(job, lambda rows: straight(job, linear, rows))
    except RecipeError:
        threshold = DEFAULT_THRESHOLD  # nothing to choose by: no reason to end a training
    return replace(linear, threshold=threshold)


def threshold_of(job: Job, predict: Callable[[NDArray[np.int64]], Floats]) -> np.float32:
    """The threshold of a binary task, by the recipe's number or by its rule on validation rows.

    Args:
        job: what is fitted.
        predict: row numbers (n,) -> predictions (n, 1) float32.

    Raises:
        RecipeError: when the rule finds nothing to choose by.
    """
    if job.examples.task != "binary":
        return DEFAULT_THRESHOLD
    rule, validation = job.recipe.threshold, job.parts.validation
    if not is_chosen(rule):
        return np.float32(rule)
    targets, weights = job.examples.targets[validation], job.examples.weights_of(validation)
    return threshold_for(rule, targets, predict(validation)[:, 0], weights)


def predictions(job: Job, model: Any, rows: NDArray[np.int64]) -> Floats:
    """Predictions (n, outputs) float32 of a fitted model for some rows."""
    outputs, clip = predict_batches(model, job.preprocessed.inputs[rows]), job.preprocessed.clip
    return outputs if clip is None else np.clip(outputs, *clip)


def straight(job: Job, linear: Linear, rows: NDArray[np.int64]) -> Floats:
    """Predictions (n, outputs) float32 of the linear baseline for some rows."""
    return linear.predict(job.preprocessed.inputs[rows], job.preprocessed.clip)


def constant(job: Job, rows: NDArray[np.int64]) -> Floats:
    """The mean of the training targets, once for each of the rows, (n, outputs) float32."""
    return np.tile(np.array(prior(job.examples, job.parts), np.float32), (len(rows), 1))


def score_rows(
    job: Job, rows: NDArray[np.int64], outputs: Floats, threshold: np.float32,
    metrics: Sequence[str] = (),
) -> dict[str, float]:  # fmt: skip
    """Metric -> value of answers (n, outputs) to chosen rows (n,), by default the recipe's."""
    return score(metrics or job.recipe.metrics, job.examples.truth(rows, threshold), outputs)


def score_baselines(
    job: Job, linear: Linear, rows: NDArray[np.int64], metrics: Sequence[str] = ()
) -> dict[str, Any]:
    """Model -> metric -> value of the linear baseline and of a constant answer."""
    return {
        "linear": score_rows(job, rows, straight(job, linear, rows), linear.threshold, metrics),
        # The most frequent class is what it is, wherever the others' threshold lies.
        "prior": score_rows(job, rows, constant(job, rows), DEFAULT_THRESHOLD, metrics),
    }
