"""The life-cycle that users know from Keras: define, compile, fit, evaluate, save."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

from mlp_edge.data.choices import Choices
from mlp_edge.data.findings.leaks import duplicates_across
from mlp_edge.data.quoting import plain
from mlp_edge.data.row_weights import unweighted
from mlp_edge.data.splitting.times import IN_TIME
from mlp_edge.data.table import Table
from mlp_edge.errors import RecipeError
from mlp_edge.finding import Finding
from mlp_edge.lazy import keras, tensorflow
from mlp_edge.mlp import Task
from mlp_edge.proof.monotone import directions
from mlp_edge.readers.keras_file import check_loadable
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.settings import setting
from mlp_edge.training.checks import (
    check_filled,
    check_fixed,
    check_reachable,
    check_threshold_rows,
    check_weight,
)
from mlp_edge.training.cross_validation import Folding, FoldScores, cross_validate, equal_rows
from mlp_edge.training.deciding import Run, decide, fit_run, score_run
from mlp_edge.training.device import ON_CPU, Device
from mlp_edge.training.examples import Examples, read_examples, reread_examples
from mlp_edge.training.fitting import Stage
from mlp_edge.training.monotone import check_columns, hold, of_inputs
from mlp_edge.training.network import HISTORY_METRIC, compile_model, taken_out
from mlp_edge.training.outcome import Trained, outcome, with_size
from mlp_edge.training.parts import Parts, folds, parts, parts_like, shape
from mlp_edge.training.preprocessing import Preprocessed, TargetScale, preprocess
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.run import (
    Job,
    Make,
    calibration_rows,
    fit_baseline,
    new_network,
)
from mlp_edge.training.scoring.advice import check_nothing_found
from mlp_edge.training.scoring.panels import panels
from mlp_edge.training.scoring.scores import chosen_metrics
from mlp_edge.training.scoring.series import out_of_order, series
from mlp_edge.training.scoring.siblings import siblings
from mlp_edge.training.search.searching import Search, searched
from mlp_edge.training.search.sizing import Sizing, of_size, sized
from mlp_edge.training.search.trials import Tuned

Place = Callable[[int], Device]
"""Asked with the multiply-adds of a step's forward pass; answers where to train."""


def train(
    table: Table,
    recipe: Recipe,
    stage: Stage,
    *,
    targets: Sequence[str] = (),
    task: str | None = None,
    choices: Choices = Choices(),  # noqa: B008 (frozen)
    name: str | None = None,
    runs: int = 1,
    strict: bool = False,
    calibration: bool = True,
    folding: Folding | None = None,
    search: Search | None = None,
    sizing: Sizing | None = None,
    place: Place = lambda work: ON_CPU,
) -> Trained:
    """Train a new model on a table.

    Args:
        table: what to learn from.
        recipe: the settings; "auto" follows the task, and what is ``automatic`` the table.
        stage: who watches.
        targets: the predicted columns; () is the data set's own, or the last column.
        task: overrules what the target column suggests.
        choices: what the user says about columns.
        name: of the model; None is the table's.
        runs: how many seeds to train, from ``recipe.seed`` up; the first is kept.
        strict: refuse a table about which there is anything to warn of.
        calibration: whether training rows may be kept with the model.
        folding: cross-validate the recipe on every row; with a search, how that scores.
        search: look for a better recipe first, by folds of the training rows alone.
        sizing: look for the best size that fits a chip, of the recipe that was found.
        place: where to train.

    Raises:
        TableError: when the table cannot be learned from.
        RecipeError: when the recipe does not fit the task, or training diverges.
    """
    wanted = cast("Task | None", task)
    examples = read_examples(
        table, targets, wanted, choices, recipe.group, recipe.split, recipe.weight
    )
    table = examples.table
    recipe = resolved_for(recipe.for_table(shape(examples, recipe, table.source)), examples)
    check_reachable(examples, recipe)
    check_columns(examples, directions(recipe.monotone))
    chosen = parts(examples, recipe, table.source)
    check_threshold_rows(examples, recipe, chosen.validation, table.source)
    found = (*examples.findings, *_shared_rows(table, examples, chosen))
    preprocessed = preprocess(examples, chosen, recipe)
    if len(chosen.test) or folding is not None or search is not None or sizing is not None:
        found += _order(table, examples, preprocessed, chosen, recipe)
    if strict:
        check_nothing_found(found, table.source)
    job = _job(table, examples, chosen, preprocessed, recipe, name or table.name, place)
    job = replace(job, findings=found, calibration=calibration)

    with _ready(job):
        return _searched_and_run(job, stage, runs, folding, search, sizing)


def _searched_and_run(
    job: Job, stage: Stage, runs: int, folding: Folding | None, search: Search | None,
    sizing: Sizing | None,
) -> Trained:  # fmt: skip
    """Search what is to be searched, by folds, and train."""
    job, validated, tuned = _by_folds(job, stage, folding, search, sizing)
    if sizing is None:
        return _run(job, stage, new_network, runs, validated, tuned)
    if search is not None:  # which has found the hidden layers
        sizing = replace(sizing, fixed=sizing.fixed | {"hidden"})
    return _run_sized(job, stage, sizing, folding, runs, tuned)


def _run_sized(
    job: Job, stage: Stage, sizing: Sizing, folding: Folding | None, runs: int, tuned: Tuned | None
) -> Trained:  # fmt: skip
    """Search the size, and train until a chosen one fits as it was trained.

    Raises:
        CheckError: when none does.
    """
    found = sized(job, sizing, folding)
    while True:
        chosen = found.chosen
        recipe = of_size(job.recipe, chosen.hidden)
        trained = _run(replace(job, recipe=recipe), stage, new_network, runs, None, tuned)
        rows = job.examples.rows[calibration_rows(job.parts, job.recipe.seed)]
        taken = sizing.chip.takes(trained.mlp, rows, chosen.dtype)
        if taken.fits:
            return with_size(trained, replace(found, taken=taken))
        found = found.without(chosen, taken)


def _by_folds(
    job: Job, stage: Stage, folding: Folding | None, search: Search | None, sizing: Sizing | None
) -> tuple[Job, FoldScores | None, Tuned | None]:
    """Search for a recipe, or cross-validate the job's; the job to go on with, and the results."""
    if search is not None:
        job = replace(job, recipe=decide(job, job.recipe.seed, stage).recipe)
        tuned = searched(job, search, folding)
        return replace(job, recipe=tuned.recipe), None, tuned
    if sizing is not None:  # folds are its own
        return replace(job, recipe=decide(job, job.recipe.seed, stage).recipe), None, None
    if folding is None:
        return job, None, None
    every = folds(job.examples, job.recipe, folding.folds, folding.repeats, job.table.source)
    for number, fold in enumerate(every, start=1):
        where = f"fold {number} of {len(every)}"
        check_threshold_rows(job.examples, job.recipe, fold.validation, where)
    validated = cross_validate(job, every, folding.repeats, stage, folding.each)
    equal = equal_rows(job.table, job.examples.rows, every[: folding.folds])
    return replace(job, findings=(*job.findings, *equal)), validated, None


def go_on(
    table: Table,
    start: ModelDirectory,
    options: Mapping[str, Any],
    stage: Stage,
    *,
    name: str | None = None,
    strict: bool = False,
    calibration: bool = True,
    place: Place = lambda work: ON_CPU,
) -> Trained:
    """Go on training a saved model, with the same held-out rows.

    Args:
        table: what to learn from; it has the saved model's columns. Where it lacks the one of
            weights, a finding says so, and rows count alike from then on.
        start: the saved model.
        options: recipe settings that were given; None where not.
        stage: who watches.
        name: of the new model; None keeps the name.
        strict: refuse a table about which there is anything to warn of.
        calibration: whether training rows may be kept with the model.
        place: where to train.

    Raises:
        RecipeError: for a setting that the saved model has fixed already.
        TableError: when the table does not fit the model.
    """
    saved = Recipe.from_dict(start.manifest.recipe)
    check_fixed(saved, options)
    # What was saved has batch normalisation and temperature in its weights, its settings settled.
    saved = replace(saved, batch_normalization=False, temperature=False, automatic=())
    saved, examples = _read_again(table, start, saved, options.get("weight"))
    table = examples.table
    check_filled(table, examples)
    recipe = resolved_for(saved.given(options), examples)
    start.mlp()  # refuses a model.keras that is not the manifest's
    check_loadable(start.keras_path, compiled=True)
    none = examples.rows[:0]
    held_out = start.sample().rows if start.manifest.sample == "held-out" else none
    _check_held_out(start, len(held_out))
    chosen = parts_like(examples, held_out, recipe, table.source)
    if strict:
        check_nothing_found(examples.findings, table.source)
    scale = start.manifest.target_scale
    saved_scale = None if scale is None else TargetScale.from_dict(scale)
    preprocessed = preprocess(examples, chosen, recipe, saved_scale)
    job = _job(table, examples, chosen, preprocessed, recipe, name or start.manifest.name, place)
    findings = (*examples.findings, *_seen_before(chosen, recipe, saved))
    job = replace(job, findings=findings, calibration=calibration)

    with _ready(job):
        return _run(job, stage, _saved_network(start, saved), 1)


def _read_again(
    table: Table, start: ModelDirectory, saved: Recipe, weight: str | None
) -> tuple[Recipe, Examples]:
    """Read a table for a saved model; its recipe, without a weight that the table lacks."""
    lacking: tuple[Finding, ...] = ()
    if weight is None and saved.weight is not None and saved.weight not in table.columns:
        lacking = (unweighted(plain(table.source), saved.weight),)
        saved = replace(saved, weight=None)
    weight = weight or saved.weight
    check_weight(start.manifest.features, weight)
    examples = reread_examples(table, start.manifest, saved.group, saved.split, weight)
    return saved, replace(examples, findings=(*examples.findings, *lacking))


def _check_held_out(start: ModelDirectory, known: int) -> None:
    """Refuse a model that does not say which rows it held out: others could learn from them.

    Raises:
        RecipeError: where sample.csv has some of them only, as a streamed training leaves it.
    """
    every = start.manifest.rows["test"]
    if known < every:
        raise RecipeError(
            f"{setting('start')}: {start.path} was trained on a stream and keeps {known:,} of its "
            f"{every:,} held-out rows, so that training could go on with others of them; train a "
            "new model"
        )


def _saved_network(start: ModelDirectory, saved: Recipe) -> Make:
    """What makes the network to go on with: the saved one, in the units that it learned in."""

    def make(job: Job, seed: int) -> Any:
        keras().utils.set_random_seed(seed)
        metric = HISTORY_METRIC[job.examples.task]
        model = taken_out(keras().models.load_model(start.keras_path), metric)
        if job.preprocessed.scale is not None:
            job.preprocessed.scale.unfold(model)
        inputs = of_inputs(job.preprocessed.features, directions(saved.monotone))
        hold(model, inputs, fresh=False)
        # A schedule that has run down would teach nothing more: it starts afresh.
        if job.recipe.compiled != saved.compiled or job.recipe.schedule != "constant":
            compile_model(model, job.recipe, metric, job.recipe.steps(len(job.parts.training)))
        return model

    return make


def _seen_before(chosen: Parts, recipe: Recipe, saved: Recipe) -> tuple[Finding, ...]:
    """Validation rows that a saved model has learned from tell little."""
    same = recipe.validation_size == saved.validation_size and recipe.seed == saved.seed
    if same or not len(chosen.validation):
        return ()
    return (
        Finding(
            "watched",
            f"{len(chosen.validation):,} validation rows were training rows of the saved model, "
            "so early stopping and a chosen threshold see them too kindly; a new model with "
            f"{setting('validation_size', recipe.validation_size)} would not",
        ),
    )


def _order(
    table: Table, examples: Examples, preprocessed: Preprocessed, chosen: Parts, recipe: Recipe
) -> tuple[Finding, ...]:
    """What the order of the rows says against the way in which they are split."""
    if recipe.split == IN_TIME:
        return out_of_order(table, examples)
    if recipe.in_time or recipe.group is not None:
        return ()
    return (
        *(series(table, examples, preprocessed, chosen) or panels(table, examples, preprocessed)),
        *siblings(table, examples, preprocessed),
    )


def _shared_rows(table: Table, examples: Examples, chosen: Parts) -> tuple[Finding, ...]:
    """Rows that stand in several parts: they turn a score into a memory test."""
    named = {"training": chosen.training, "validation": chosen.validation, "held-out": chosen.test}
    return duplicates_across(table, examples.rows, {k: v for k, v in named.items() if len(v)})


def resolved_for(recipe: Recipe, examples: Examples) -> Recipe:
    """The recipe as the table's task asks for, with the metrics to report."""
    recipe = recipe.resolved(examples.task)
    metrics = chosen_metrics(recipe.metrics, examples.task)
    imbalanced = any(finding.kind == "imbalance" for finding in examples.findings)
    if imbalanced and not recipe.metrics:
        metrics += ("balanced_accuracy",)  # accuracy alone would flatter
    return replace(recipe, metrics=metrics)


def _job(
    table: Table, examples: Examples, chosen: Parts, preprocessed: Preprocessed, recipe: Recipe,
    name: str, place: Place,
) -> Job:  # fmt: skip
    """Choose the device for what is to be trained."""
    widths = (preprocessed.inputs.shape[1], *recipe.hidden, preprocessed.learned.shape[1])
    weights = sum(inputs * outputs for inputs, outputs in pairwise(widths))
    work = weights * min(recipe.batch_size, len(chosen.training))
    return Job(table, examples, chosen, preprocessed, recipe, name, place(work))


@contextmanager
def _ready(job: Job) -> Iterator[None]:
    """TensorFlow on the job's device, and deterministic."""
    tensorflow().config.experimental.enable_op_determinism()
    with job.device.scope():
        yield


def _run(
    job: Job, stage: Stage, make: Make, runs: int, validated: FoldScores | None = None,
    tuned: Tuned | None = None,
) -> Trained:  # fmt: skip
    """Fit the baseline and every run; describe the first run."""
    results: list[dict[str, Any]] = []
    first: Run | None = None
    linear = fit_baseline(job)
    epochs = job.recipe.epochs * job.recipe.ensemble
    for seed in range(job.recipe.seed, job.recipe.seed + runs):
        title = "training" if runs == 1 else f"run {len(results) + 1} of {runs}"
        decision = decide(job, seed, stage)
        run = fit_run(job, make, seed, stage(f"{title}: epoch", epochs), decision=decision)
        scores = {part: score_run(job, run, rows) for part, rows in job.scored.items()}
        results.append({"seed": seed, **scores})
        first = first or run
    if first is None:
        raise ValueError("runs is at least 1")
    job = replace(job, recipe=first.decision.recipe)
    return outcome(job, first, results, linear, validated, tuned)
