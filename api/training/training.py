"""``mlp_edge.train``: a table in, a model with its scores out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlp_edge.api.model import Model
from mlp_edge.api.observer import SILENT, Observer
from mlp_edge.api.opened_model import in_temporary_folder
from mlp_edge.api.settings import Reading
from mlp_edge.api.tables import read_any, saved_source
from mlp_edge.api.tracking.tracking import Tracking
from mlp_edge.api.training.chip_fit import ChipFit, chip_fit
from mlp_edge.api.training.trained import Training
from mlp_edge.cluster import RAY
from mlp_edge.data.choices import Choices
from mlp_edge.data.reading.size import read_size
from mlp_edge.data.sets import DEFAULT_SET
from mlp_edge.data.streaming.files import Files, check_size, exceeds_memory, find_files, is_several
from mlp_edge.data.table import Table
from mlp_edge.errors import RecipeError
from mlp_edge.files.writing import write_directory
from mlp_edge.given import listing, sorted_out
from mlp_edge.lazy import require, tensorflow
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.readers.replacing import check_place
from mlp_edge.settings import setting, settings_of
from mlp_edge.training import training
from mlp_edge.training.cluster import Each, in_turn, on_ray
from mlp_edge.training.cross_validation import Folding
from mlp_edge.training.default_recipe import AUTO
from mlp_edge.training.device import Device, take
from mlp_edge.training.fitting import Stage
from mlp_edge.training.outcome import Trained, with_given
from mlp_edge.training.plan import Plan
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.recipe_settings import check_seed
from mlp_edge.training.search.searching import SEARCH_FOLDS, Search
from mlp_edge.training.search.sizing import Sizing
from mlp_edge.training.search.trials import discard
from mlp_edge.training.search.tuning_journal import discard_empty, has_trials
from mlp_edge.training.streaming import training as streams
from mlp_edge.training.streaming.parallel import Team
from mlp_edge.training.streaming.training import Streaming

PATIENCE = 20
"""Epochs without a lower validation loss after which a search's networks stop, unless told."""
PLANNED = ("task", "name", "stream", "block_rows", "workers")
"""Settings of the plan on which a model depends; ``targets`` of model.json has what it predicts."""
KINDS: dict[str, type] = {"plan": Plan, "recipe": Recipe, "columns": Choices, "reading": Reading}
"""The dataclasses whose fields are settings of ``train``."""


@listing(*KINDS.values())
def train(
    table: Any = None,
    *,
    out: str | os.PathLike[str] | None = None,
    force: bool = False,
    observer: Observer = SILENT,
    **settings: Any,
) -> Model:
    """Train a network on a table and test it on rows it never saw.

    Args:
        table: a folder of CSV or Parquet files, a pattern such as ``data/*.parquet``, or whatever
            ``mlp_edge.api.tables.read_any`` reads: a path, pima, iris or sine, a pandas, Polars or
            Arrow table, a structured NumPy array or ``(array, names)``. None is the table of the
            model that training goes on from, or pima.
        out: the model directory to write; None keeps the model in a temporary folder as long as
            the ``Model``, and ``Model.save`` copies it.
        force: replace a model that is there.
        observer: follows the training.
        **settings: those of ``mlp-edge train``, by the same names with underscores, such as
            ``target="price", hidden=(16, 8), epochs=50``: the fields of ``Plan``, ``Recipe``,
            ``Choices`` and ``Reading``. ``start`` is the model to go on training.

    Returns:
        The trained model; its ``training`` holds scores and warnings.

    Raises:
        TypeError: for a setting that there is not.
        RecipeError: when settings contradict each other, the task or the table, or the training
            diverges.
        TableError: when the table cannot be read or learned from.
        InputError: when ``out`` is taken or cannot be written.
        MissingError: when TensorFlow, Optuna for a search, a GPU or a library of ``log`` is
            missing.
    """
    given = sorted_out("train", settings, **KINDS)
    plan, columns = Plan(**given["plan"]), Choices(**given["columns"])
    plan.check_going_on(given["recipe"].get("group"), columns != Choices())
    reading = Reading(**given["reading"])
    request = _Request(table, plan, given["recipe"], columns, reading, force, observer)
    if out is not None:
        return _train(request, Path(out))
    return in_temporary_folder(lambda folder: _train(request, folder / "model"))


@dataclass(frozen=True, eq=False)
class _Request:
    """What was asked for; ``given`` holds the recipe's settings that somebody chose."""

    table: Any
    plan: Plan
    given: Mapping[str, Any]
    columns: Choices
    reading: Reading
    force: bool
    observer: Observer


def _train(request: _Request, place: Path) -> Model:
    """Train, and write the model directory."""
    plan, observer = request.plan, request.observer
    check_place(place, request.force)
    saved = None if plan.start is None else ModelDirectory.open(plan.start)
    chip = chip_fit(plan.fit, plan.budget)
    source = _source(request.table, saved)
    table = _streaming(source, request) or read_any(source, request.reading)
    journal = None if plan.tune is None else journal_of(place)
    name = plan.name or (table.name if saved is None else saved.manifest.name)
    tracking = Tracking(plan.log, name)
    with tracking.following(request.given, observer):
        with _resumable(journal, observer), _engine(plan) as each, observer.fits() as watched:
            stage = tracking.watched(watched)
            if isinstance(table, Files):
                trained = _train_streamed(request, table, stage, each)
            elif saved is not None:
                trained = _go_on(request, table, saved, stage)
            else:
                trained = _train_new(request, table, stage, journal, chip, each)
        given = given_of(request.columns, request.reading, plan)
        trained = with_given(trained, given, None if saved is None else saved.manifest)
        files = dict(trained.files)
        if plan.plots:
            from mlp_edge.api.training.training_plots import training_pictures

            pictures = training_pictures(trained)
            files |= pictures.files
            observer.found(pictures.findings)
        # The place may not be what it was when this began.
        write_directory(place, files, lambda: check_place(place, request.force))
    if journal is not None:
        discard(journal)
    unlogged = tracking.finished(trained, place, observer)
    directory = ModelDirectory(place, trained.manifest)
    training = replace(_training(trained, files), logged=tuple(tracking.logged), unlogged=unlogged)
    return Model(place, trained.mlp, directory, training=training)


def given_of(*settings: Choices | Reading | Plan) -> dict[str, Any]:
    """The settings beside the recipe on which a model depends, those that somebody gave."""
    found: dict[str, Any] = {}
    for group in settings:
        for each in settings_of(type(group)):
            value = getattr(group, each.name)
            if value == each.default or (isinstance(group, Plan) and each.name not in PLANNED):
                continue
            found[each.name] = list(value) if isinstance(value, tuple) else value
    return found


def _training(trained: Trained, files: Iterable[str]) -> Training:
    """What is told of a training that left these files."""
    job = trained.job
    return Training(
        manifest=trained.manifest,
        mlp=trained.mlp,
        files=tuple(files),
        reason=job.examples.reason,
        device=job.device.says,
        backend=trained.first.fitted.backend.value,
        tuned=trained.tuned,
        sized=trained.sized,
    )


def _recipe(plan: Plan, given: Mapping[str, Any]) -> Recipe:
    """The recipe of a new model; the networks of a search stop early."""
    if plan.tune is not None and given.get("early_stopping") is None:
        given = {**given, "early_stopping": PATIENCE}
    recipe = Recipe.named(plan.recipe or AUTO).given(given)
    fits = max(plan.runs, (plan.cv or SEARCH_FOLDS) * plan.repeats)
    check_seed(recipe.seed + fits - 1)
    return recipe


def _source(table: Any, saved: ModelDirectory | None) -> Any:
    """The table to learn from: the one that was named, the saved model's, or a data set."""
    if table is not None:
        return table
    return DEFAULT_SET if saved is None else saved_source(saved.manifest.table, saved.path)


def _engine(plan: Plan) -> AbstractContextManager[Each]:
    """What fits folds, trials and blocks."""
    return on_ray(plan.address) if plan.engine == RAY else nullcontext(in_turn)


def _train_new(
    request: _Request, table: Table, stage: Stage, journal: Path | None, chip: ChipFit | None,
    each: Each,
) -> Trained:  # fmt: skip
    plan = request.plan
    return training.train(
        table,
        _recipe(plan, request.given),
        stage,
        **_asked(request),
        folding=None if plan.cv is None else Folding(plan.cv, plan.repeats, each),
        search=None if journal is None else _search(request, journal, chip, each),
        sizing=None if chip is None else Sizing(chip, _fixed(request), stage),
    )


def _asked(request: _Request) -> dict[str, Any]:
    """What is asked of a new model alike, whether its table is held or streamed."""
    plan = request.plan
    return {
        "targets": plan.target,
        "task": plan.task,
        "choices": request.columns,
        "name": plan.name,
        "runs": plan.runs,
        "strict": plan.strict,
        "calibration": plan.calibration,
        "place": _placed(request),
    }


def _streaming(source: Any, request: _Request) -> Files | None:
    """The files of a table that is streamed; None where it is read as a whole.

    Raises:
        RecipeError: when it is to be streamed and cannot be, or what is asked for cannot.
    """
    plan, reading = request.plan, request.reading
    wanted = plan.stream or plan.workers > 1
    if not isinstance(source, str | os.PathLike):
        if wanted:
            raise RecipeError(f"{setting('stream')} reads files; leave it out for any other table")
        return None
    name = os.fspath(source)
    limited = reading.max_bytes is not None
    beyond = is_several(name) if limited else exceeds_memory(name)
    if plan.stream is False or not (wanted or beyond):
        return None
    plan.check_streamed(request.given.get("weight"), request.given.get("ensemble"))
    files = find_files(name)
    if limited:
        check_size(files, read_size(reading.max_bytes))
    return files


def _train_streamed(request: _Request, files: Files, stage: Stage, each: Each) -> Trained:
    plan = request.plan
    return streams.train(
        Streaming(files, request.reading, plan.block_rows, Team(plan.workers, each)),
        _recipe(plan, request.given),
        stage,
        **_asked(request),
    )


def _go_on(request: _Request, table: Table, saved: ModelDirectory, stage: Stage) -> Trained:
    plan = request.plan
    return training.go_on(
        table,
        saved,
        request.given,
        stage,
        name=plan.name,
        strict=plan.strict,
        calibration=plan.calibration,
        place=_placed(request),
    )


def _placed(request: _Request) -> training.Place:
    """What chooses the device, once settings and rows are known to be good."""
    plan = request.plan

    def place(work: int) -> Device:
        with request.observer.step("starting TensorFlow"):
            tensorflow()
        return take(plan.device, plan.strategy, work, plan.tf32)

    return place


def journal_of(place: Path) -> Path:
    """The file beside a model directory that keeps a search until its model is written."""
    return place.with_name(f"{place.name}.tuning")


def _search(request: _Request, journal: Path, chip: ChipFit | None, each: Each) -> Search:
    """The search that was asked for; settings that somebody chose stay as they are."""
    require("optuna", "tune")
    observer = request.observer
    return Search(
        request.plan.tune or 0,
        journal,
        _fixed(request),
        request.force,
        observer.tried,
        observer.resumed,
        chip,
        each,
    )


def _fixed(request: _Request) -> frozenset[str]:
    """The recipe's settings that somebody chose."""
    return frozenset(name for name, value in request.given.items() if value is not None)


@contextmanager
def _resumable(journal: Path | None, observer: Observer) -> Iterator[None]:
    """On Ctrl-C, leave the journal of a search only where it has trials to go on with."""
    try:
        yield
    except KeyboardInterrupt:
        if journal is not None and has_trials(journal):
            observer.kept(journal)
        elif journal is not None:
            discard_empty(journal)
        raise
