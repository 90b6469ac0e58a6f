"""Training on a stream: the life-cycle of ``training.training``, on rows that are never held."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np

from mlp_edge.cell import number
from mlp_edge.data.choices import Choices
from mlp_edge.data.quoting import counted, plain
from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.data.splitting.split import class_name
from mlp_edge.data.splitting.times import time_column
from mlp_edge.data.streaming.decisive import SAMPLED, Decisive, decisive_rows
from mlp_edge.data.streaming.files import Files, of_files
from mlp_edge.data.streaming.readings import Reader, Stretch, Target, reader
from mlp_edge.data.streaming.stream import Stream, opened
from mlp_edge.encoding import Encoding
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.finding import Finding
from mlp_edge.lazy import keras, tensorflow
from mlp_edge.mlp import Task
from mlp_edge.proof.monotone import directions
from mlp_edge.settings import setting
from mlp_edge.training.backends.backend import Backend
from mlp_edge.training.checks import check_reachable, check_threshold_rows
from mlp_edge.training.deciding import Decision, Run
from mlp_edge.training.default_recipe import Shape
from mlp_edge.training.examples import Examples, read_examples
from mlp_edge.training.fitting import Fitted, Stage, Watch, recorded
from mlp_edge.training.monotone import check_columns, hold, of_inputs
from mlp_edge.training.network import HISTORY_METRIC, compile_model, folded, stacked
from mlp_edge.training.outcome import Trained, outcome
from mlp_edge.training.output_layer import prior_bias, start_at
from mlp_edge.training.pruning import pruned_by
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.run import Job, fit_baseline
from mlp_edge.training.scoring.advice import check_nothing_found
from mlp_edge.training.streaming.fitting import fit_blocks, program_of
from mlp_edge.training.streaming.learning import Decided, class_counts, decided
from mlp_edge.training.streaming.parallel import Team
from mlp_edge.training.streaming.parting import TESTS, TRAINS, VALIDATES, Asked, InTime, parting
from mlp_edge.training.streaming.program import BlockProgram
from mlp_edge.training.streaming.sampling import sampled_job
from mlp_edge.training.streaming.scoring import Scoring
from mlp_edge.training.streaming.spool import Spool
from mlp_edge.training.training import Place, resolved_for

NAMES = {TRAINS: "training", VALIDATES: "validation", TESTS: "test"}


@dataclass(frozen=True)
class Streaming:
    """How a table is streamed.

    Attributes:
        files: what it is made of.
        dialect: how CSV files are written.
        block: rows that are shuffled among each other, and split at random by themselves.
        team: who learns from the blocks.
    """

    files: Files
    dialect: Dialect
    block: int
    team: Team


def train(
    streaming: Streaming,
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
    place: Place,
) -> Trained:
    """Train a new model on a table that is never held.

    Args:
        streaming: the table.
        recipe: the settings; "auto" follows the task.
        stage: who watches.
        targets: the predicted columns; () is the last column.
        task: overrules what the target column suggests.
        choices: what the user says about columns.
        name: of the model; None is the table's.
        runs: how many seeds to train, from ``recipe.seed`` up; the first is kept.
        strict: refuse a table about which there is anything to warn of.
        calibration: whether training rows may be kept with the model.
        place: where to train.

    Raises:
        TableError: when the table cannot be read or learned from.
        RecipeError: when the recipe does not fit the task, or training diverges.
        InputError: when the disk for temporary files is full.
    """
    with ExitStack() as stack:
        stream = stack.enter_context(opened(streaming.files, streaming.dialect, choices.drop))
        sha256 = streaming.files.sha256()
        told = _told(stream, streaming, targets, choices, sha256)
        wanted = cast("Task | None", task)
        examples = read_examples(told.table, targets, wanted, choices, recipe.group, recipe.split)
        recipe = resolved_for(recipe, examples)
        # What contradicts a rule is said early.
        early = recipe.for_table(_shape(stream.rows, examples))
        _without_inner_folds(early, stream.rows)
        check_reachable(examples, recipe)
        check_columns(examples, directions(recipe.monotone))
        if strict:
            check_nothing_found(examples.findings, streaming.files.source)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mlp-edge-")))
        job, chosen, spools = _prepared(stream, told, examples, recipe, streaming, folder)
        job = replace(
            job, name=name or told.table.name, calibration=calibration,
            device=place(_work(chosen, job)),
        )  # fmt: skip
        return _run(job, chosen, spools, stage, runs, streaming.team)


def _prepared(
    stream: Stream, told: Decisive, examples: Examples, recipe: Recipe, streaming: Streaming,
    folder: Path,
) -> tuple[Job, Decided, dict[int, Spool]]:  # fmt: skip
    """Every row on disk in its part, what the training rows decide, and a job of some rows."""
    rows = _reader(stream, told, examples, recipe)
    spools, firsts = _spooled(rows, examples, recipe, streaming, folder)
    _check_parts(spools, examples, recipe, streaming.files.source)
    recipe = recipe.for_table(_shape(len(spools[TRAINS]) + len(spools[VALIDATES]), examples))
    recipe = _without_inner_folds(recipe, len(spools[TRAINS]))
    chosen = decided(examples, recipe, spools[TRAINS], spools[VALIDATES], streaming.block)
    job = sampled_job(
        stream, streaming.dialect, examples, spools, firsts, chosen, recipe, told.table.sha256
    )
    findings = (*examples.findings, _note(told, spools, streaming, job))
    return replace(job, findings=findings), chosen, spools


def _without_inner_folds(recipe: Recipe, rows: int) -> Recipe:
    """A recipe of which nothing is left for inner folds to decide, which take rows in memory.

    So many rows are lightly regularised, and have no temperature.

    Raises:
        RecipeError: when somebody asked for a temperature.
    """
    if recipe.temperature and "temperature" not in recipe.automatic:
        raise RecipeError(
            f"{setting('temperature')} takes inner folds, and a table that is streamed has none; "
            f"{setting('temperature', False)} would do"
        )
    return replace(recipe.regularised("light", rows), temperature=False)


def _told(
    stream: Stream, streaming: Streaming, targets: Sequence[str], choices: Choices, sha256: str
) -> Decisive:
    """The rows that decide how the columns are read."""
    known = [each for each in targets if each in stream.names] or stream.names[-1:]
    return decisive_rows(stream, streaming.dialect, known, choices, sha256)


def _shape(rows: int, examples: Examples) -> Shape:
    """What the rules of a recipe look at, of a table of so many rows that are not held out."""
    inputs = Encoding.of(examples.features).width
    return Shape(rows, inputs, examples.encoded.shape[1], examples.task)


def _reader(stream: Stream, told: Decisive, examples: Examples, recipe: Recipe) -> Reader:
    """What reads every row as the decisive rows were read."""
    classes = None
    if examples.task != "regression":
        places = examples.targets.tolist()
        classes = {cells[0]: place for cells, place in zip(examples.cells, places, strict=True)}
    targets = [_target(each, classes, examples, stream.decimal) for each in examples.names]
    return reader(
        stream, told.texts, examples.features, targets, recipe.group, time_column(recipe.split)
    )


def _target(name: str, classes: dict[str, int] | None, examples: Examples, decimal: str) -> Target:
    said = examples.missing_targets.get(name, ())
    values = {word: number(word, decimal) for word in said}
    return Target(
        name, classes,
        tuple(value for value in values.values() if not np.isnan(value)),
        tuple(word for word, value in values.items() if np.isnan(value)),
    )  # fmt: skip


def _spooled(
    rows: Reader, examples: Examples, recipe: Recipe, streaming: Streaming, folder: Path
) -> tuple[dict[int, Spool], dict[int, int]]:
    """Every row written to its part; and the number of the first row of each in time."""
    widths = len(rows.features), len(rows.targets)
    spools = {part: Spool(folder, name, *widths) for part, name in NAMES.items()}
    several = rows.stream.rows >= 2 * streaming.block
    asked = Asked(recipe, examples.task, examples.labels, streaming.files.source, several)
    parter = parting(asked, rows, folder)
    firsts: dict[int, tuple[float, int]] = {}
    for block in _blocks(rows.stretches(), streaming.block):
        parts = parter.parts(block)
        for part, spool in spools.items():
            chosen = block.chosen(parts == part)
            spool.write(chosen)
            if isinstance(parter, InTime) and len(chosen):
                when = chosen.numbers if chosen.when is None else chosen.when
                first = int(np.argmin(when))
                found = (float(when[first]), int(chosen.numbers[first]))
                firsts[part] = min(firsts.get(part, found), found)
    for spool in spools.values():
        spool.close()
    return spools, {part: row for part, (_, row) in firsts.items()}


def _blocks(stretches: Iterator[Stretch], size: int) -> Iterator[Stretch]:
    """Rows in blocks of ``size``; the last one has the rest besides, so that none is small."""
    held: list[Stretch] = []
    for stretch in stretches:
        held.append(stretch)
        while sum(map(len, held)) >= 2 * size:
            whole = _joined(held)
            yield whole.chosen(slice(size))
            held = [whole.chosen(slice(size, None))]
    if sum(map(len, held)):
        yield _joined(held)


def _joined(stretches: Sequence[Stretch]) -> Stretch:
    """Stretches one after another as one."""
    if len(stretches) == 1:
        return stretches[0]
    columns: list[Any] = [
        None if column[0] is None else np.concatenate(column)
        for column in zip(*stretches, strict=True)
    ]
    return Stretch(*columns)


def _check_parts(spools: dict[int, Spool], examples: Examples, recipe: Recipe, source: str) -> None:
    """Refuse parts that nothing can be learned from, or by which nothing can be chosen."""
    if examples.task == "regression":
        return
    counts = {part: class_counts(examples, spool) for part, spool in spools.items()}
    absent = np.flatnonzero((counts[TRAINS] == 0) & (sum(counts.values()) > 0))
    if absent.size:
        label = class_name(absent[0], examples.labels)
        raise TableError(
            f"{plain(source)}: no row of class {label} is among "
            f"{counted(len(spools[TRAINS]), 'row')} that train; fewer rows held back, or "
            f"{setting('split', 'random')} would do"
        )
    seen = np.flatnonzero(counts[VALIDATES])
    if len(seen) < 2 and len(spools[VALIDATES]):
        which = np.arange(len(spools[VALIDATES]))
        alike = replace(examples, targets=np.repeat(seen, len(which)))
        check_threshold_rows(alike, recipe, which, source)


def _work(chosen: Decided, job: Job) -> int:
    """Multiply-adds of a step's forward pass."""
    recipe = job.recipe
    widths = (chosen.data.encoding.width, *recipe.hidden, job.preprocessed.learned.shape[1])
    weights = sum(inputs * outputs for inputs, outputs in pairwise(widths))
    return int(weights * min(recipe.batch_size, len(chosen.data.training)))


def _note(told: Decisive, spools: dict[int, Spool], streaming: Streaming, job: Job) -> Finding:
    """What is other than for a table in memory."""
    rows = sum(map(len, spools.values()))
    block = min(streaming.block, rows)
    says = (
        f"{of_files(streaming.files)}, {counted(rows, 'row')}, read as a stream in blocks of "
        f"{block:,}: rows are shuffled within a block and blocks among each other, and rows at "
        "random are held back block by block"
    )
    if not told.whole:
        says += (
            f"; warnings about the table, and which columns are left out, are from "
            f"{told.table.rows:,} rows, {SAMPLED:,} of them at random; equal rows in several parts "
            "and rows alike to their neighbours are not looked for"
        )
    if len(job.examples.rows) < rows:
        parts = job.parts
        says += (
            f"; the linear baseline is fitted on {len(parts.training):,} training rows at random, "
            f"and sample.csv has {len(parts.test) or len(parts.training):,} rows"
        )
    if streaming.team.workers > 1:
        says += (
            f"; {streaming.team.workers} workers learn from a block each, from the same weights, "
            "which are averaged then (parameter averaging): that is another training than one "
            "worker's"
        )
    return Finding("stream", says)


def _run(
    job: Job, chosen: Decided, spools: dict[int, Spool], stage: Stage, runs: int, team: Team
) -> Trained:
    """Fit the baseline and every run; describe the first run."""
    tensorflow().config.experimental.enable_op_determinism()
    scoring = Scoring(job, chosen, {NAMES[part]: spool for part, spool in spools.items()})
    results: list[dict[str, Any]] = []
    kept: Run | None = None
    program: BlockProgram | None = None
    with job.device.scope():
        linear = fit_baseline(job)
        for seed in range(job.recipe.seed, job.recipe.seed + runs):
            title = "training" if runs == 1 else f"run {len(results) + 1} of {runs}"
            model = _network(job, chosen, seed)
            program = program or program_of(model, chosen.data, job.recipe)
            watch = stage(f"{title}: epoch", job.recipe.epochs)
            run = _fitted(job, chosen, model, program, seed, watch, scoring, team)
            results.append({"seed": seed, **scoring.of(run.model, run.threshold)})
            kept = kept or run
        if kept is None:
            raise ValueError("runs is at least 1")
        return scoring.described(outcome(job, kept, results, linear), results, linear)


def _fitted(
    job: Job, chosen: Decided, model: Any, program: BlockProgram, seed: int, watch: Watch,
    scoring: Scoring, team: Team,
) -> Run:  # fmt: skip
    """One network, fitted; it answers in the targets' own unit."""
    history: list[dict[str, float]] = []
    recipe = replace(job.recipe, seed=seed)
    fit_blocks(model, program, chosen.data, recipe, recorded(history, watch), team)
    answering = folded(model)
    if chosen.scale is not None:
        chosen.scale.fold(answering)
    answering, removed = pruned_by(recipe, answering, chosen.features)
    fitted = Fitted(history, Backend.COMPILED, answering)
    return Run(answering, fitted, scoring.threshold(answering), Decision(job.recipe), removed)


def _network(job: Job, chosen: Decided, seed: int) -> Any:
    """A network with fresh weights."""
    keras().utils.set_random_seed(seed)
    outputs = job.preprocessed.learned.shape[1]
    model = stacked(job.recipe, chosen.data.encoding.width, outputs, chosen.scaling)
    rows = len(chosen.data.training)
    if job.recipe.output_bias == "prior":
        start_at(model, prior_bias(job.recipe.output_activation, chosen.mean, rows))
    hold(model, of_inputs(chosen.features, directions(job.recipe.monotone)), fresh=True)
    steps = job.recipe.steps(rows)
    compile_model(model, job.recipe, HISTORY_METRIC[job.examples.task], steps)
    return model
