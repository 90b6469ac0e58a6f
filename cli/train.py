"""mlp-edge train: a table in, a model directory out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlp_edge.cli.options import (
    COLUMNS,
    DEFAULT_MODEL,
    CommentsOption,
    DecimalOption,
    EncodingOption,
    HeaderOption,
    JsonOption,
    MaxBytesOption,
    SepOption,
    SingleQuotesOption,
    limits,
    names,
    widths,
)
from mlp_edge.cli.printing.console import err, print_json
from mlp_edge.cli.printing.observer import Printing
from mlp_edge.cli.printing.progress import start_tensorflow
from mlp_edge.cli.printing.trained import show_trained, training_pictures
from mlp_edge.errors import InputError, RecipeError

if TYPE_CHECKING:
    from mlp_edge.readers.model_directory import ModelDirectory
    from mlp_edge.training.search.searching import Search

JUDGING, REGULARISING = "Judging", "Against overfitting"
"""Headings in --help."""
PATIENCE = 20
"""Epochs without a better validation loss after which a search's networks stop, unless told."""


def train(
    table: Annotated[
        str | None,
        typer.Argument(
            help="CSV or Parquet file, - for standard input, or pima, iris, sine. [pima]"
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(help="Column to predict, by default the last; several for a regression."),
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="regression, binary or multiclass; by default detected.")
    ] = None,
    hidden: Annotated[
        str | None, typer.Option(help="Neurons of each hidden layer; none for none. [12,8]")
    ] = None,
    activation: Annotated[str | None, typer.Option(help="Of the hidden layers. [relu]")] = None,
    output_activation: Annotated[
        str | None, typer.Option(help="Of the output layer; by default the task's.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the rows. [150]")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Rows per step. [10]")] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="adam, sgd, rmsprop and other names of Keras. [adam]")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="By default Keras's for the optimizer.")
    ] = None,
    momentum: Annotated[float | None, typer.Option(help="For sgd and rmsprop.")] = None,
    loss: Annotated[str | None, typer.Option(help="By default the task's.")] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Scores to report, such as accuracy,auc.")
    ] = None,
    standardize: Annotated[
        bool | None,
        typer.Option("--standardize/--no-standardize", help="Scale the readings. [standardize]"),
    ] = None,
    test_size: Annotated[
        float | None, typer.Option(help="Share of the rows that training never sees. [0.2]")
    ] = None,
    validation_size: Annotated[
        float | None, typer.Option(help="Share of the training rows to validate on. [0]")
    ] = None,
    early_stopping: Annotated[
        int | None, typer.Option(help="Stop after so many epochs without a better validation loss.")
    ] = None,
    class_weight: Annotated[
        str | None,
        typer.Option(help="balanced: every class counts alike; or LABEL=WEIGHT,... [none]"),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(help="Of the learning rate: constant, cosine, exponential. [constant]"),
    ] = None,
    dropout: Annotated[
        float | None,
        typer.Option(
            help="Share of each hidden layer that is left out of a step. [0]",
            rich_help_panel=REGULARISING,
        ),
    ] = None,
    l2: Annotated[
        float | None,
        typer.Option(
            "--l2",
            help="Weight of the squared weights in the loss. [0]",
            rich_help_panel=REGULARISING,
        ),
    ] = None,
    batch_norm: Annotated[
        bool | None,
        typer.Option(
            "--batch-norm/--no-batch-norm",
            help="Batch normalisation; what is saved has it inside its weights. [no]",
            rich_help_panel=REGULARISING,
        ),
    ] = None,
    tune: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Search width, depth, learning rate, dropout, L2 and batch norm in N trials.",
            rich_help_panel=REGULARISING,
        ),
    ] = None,
    threshold: Annotated[
        str | None,
        typer.Option(
            help="Of a binary model: a number, f1, youden or sensitivity=0.9. [0.5]",
            rich_help_panel=JUDGING,
        ),
    ] = None,
    cv: Annotated[
        int | None,
        typer.Option(
            "--cv", min=2, help="Cross-validate in so many folds.", rich_help_panel=JUDGING
        ),
    ] = None,
    repeats: Annotated[
        int,
        typer.Option(min=1, help="So many times, with other folds.", rich_help_panel=JUDGING),
    ] = 1,
    group: Annotated[
        str | None,
        typer.Option(
            help="Column, such as a patient: never on two sides of a split.",
            rich_help_panel=JUDGING,
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="random; time: the last rows judge; time:COLUMN: the last by dates or numbers.",
            rich_help_panel=JUDGING,
        ),
    ] = None,
    plots: Annotated[
        bool,
        typer.Option("--plots", help="Write pictures, PNG and SVG.", rich_help_panel=JUDGING),
    ] = False,
    clip: Annotated[
        str | None, typer.Option(help="LOW,HIGH: limits of a regression's answer.")
    ] = None,
    sep: SepOption = None,
    decimal: DecimalOption = None,
    encoding: EncodingOption = None,
    header: HeaderOption = None,
    comments: CommentsOption = None,
    single_quotes: SingleQuotesOption = None,
    max_bytes: MaxBytesOption = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="Leave a column out.", rich_help_panel=COLUMNS)
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(help="Learn from a column that would be left out.", rich_help_panel=COLUMNS),
    ] = None,
    categorical: Annotated[
        list[str] | None,
        typer.Option(help="A column of categories, though of numbers.", rich_help_panel=COLUMNS),
    ] = None,
    numeric: Annotated[
        list[str] | None, typer.Option(help="A column of numbers.", rich_help_panel=COLUMNS)
    ] = None,
    missing: Annotated[
        list[str] | None,
        typer.Option(
            help="A cell that means a missing value: VALUE, or COL,COL=VALUE.",
            rich_help_panel=COLUMNS,
        ),
    ] = None,
    present: Annotated[
        list[str] | None,
        typer.Option(
            help="A word such as NA or none that is no missing value: VALUE, or COL,COL=VALUE.",
            rich_help_panel=COLUMNS,
        ),
    ] = None,
    reject: Annotated[
        list[str] | None,
        typer.Option(help="A column whose missing values are not filled.", rich_help_panel=COLUMNS),
    ] = None,
    indicator: Annotated[
        list[str] | None,
        typer.Option(
            help="Also learn from whether this column's value is missing.", rich_help_panel=COLUMNS
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a table that there are warnings about.")
    ] = False,
    calibration: Annotated[
        bool,
        typer.Option(help="Keep at most 1,000 training rows with the model, for quantisation."),
    ] = True,
    runs: Annotated[int, typer.Option(min=1, help="Train so many seeds; keep the first.")] = 1,
    seed: Annotated[int | None, typer.Option(help="Of split, weights and shuffling. [0]")] = None,
    start: Annotated[
        Path | None, typer.Option("--from", help="Go on training this model directory.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the model, a C identifier; by default the table's.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, gpu or gpu:N.")] = "auto",
    strategy: Annotated[
        str, typer.Option(help="mirrored: on every GPU at once, with --device gpu.")
    ] = "none",
    tf32: Annotated[
        bool,
        typer.Option("--tf32", help="Let a GPU round to TensorFloat-32: faster, less precise."),
    ] = False,
    directory: Annotated[
        Path, typer.Option("--out", help="Model directory to write.")
    ] = DEFAULT_MODEL,
    force: Annotated[bool, typer.Option("--force", help="Replace a model that is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train a network on a table; judge it on rows it never saw."""
    from mlp_edge.data.choices import Choices
    from mlp_edge.data.reading.dialect import Dialect
    from mlp_edge.data.reading.read import read_table
    from mlp_edge.data.reading.size import read_size
    from mlp_edge.files.writing import write_directory
    from mlp_edge.readers.model_directory import MANIFEST, ModelDirectory, check_place
    from mlp_edge.training.cross_validation import Folding
    from mlp_edge.training.device import Device, take
    from mlp_edge.training.recipe import Recipe
    from mlp_edge.training.search.searching import SEARCH_FOLDS
    from mlp_edge.training.search.trials import discard
    from mlp_edge.training.training import go_on
    from mlp_edge.training.training import train as train_new

    given = {
        "hidden": widths(hidden), "activation": activation,
        "output_activation": output_activation, "epochs": epochs, "batch_size": batch_size,
        "optimizer": optimizer, "learning_rate": learning_rate, "momentum": momentum,
        "loss": loss, "metrics": names(metrics), "standardize": standardize,
        "test_size": test_size, "validation_size": validation_size,
        "early_stopping": early_stopping, "class_weight": class_weight, "clip": limits(clip),
        "schedule": schedule, "dropout": dropout, "l2": l2, "batch_normalization": batch_norm,
        "threshold": threshold, "group": group, "split": split, "seed": seed,
    }  # fmt: skip
    choices = Choices(
        drop=tuple(drop or ()), keep=tuple(keep or ()), categorical=tuple(categorical or ()),
        numeric=tuple(numeric or ()), missing=tuple(missing or ()),
        present=tuple(present or ()), reject=tuple(reject or ()),
        indicator=tuple(indicator or ()),
    )  # fmt: skip
    _check(name, task, device, strategy)
    alone = (runs > 1, task, target, group, cv, tune, choices != Choices())
    if start is not None and any(alone):
        raise RecipeError(
            "--from goes on with one saved model and its columns; leave out --runs, --task, "
            "--target, --group, --cv, --tune and the options about columns"
        )
    if repeats > 1 and cv is None:
        raise RecipeError("--repeats repeats a cross-validation; --cv 10 asks for one")
    check_place(directory, force)
    saved = None if start is None else ModelDirectory.open(start)
    source = _source(table, saved)
    dialect = Dialect(sep, decimal, encoding, header, comments, single_quotes)
    read = read_table(source, dialect, read_size(max_bytes))

    def place(work: int) -> Device:
        start_tensorflow()  # by now every option and row has been checked
        return take(device, strategy, work, tf32)

    journal = None if tune is None else journal_of(directory)
    observer = Printing(quiet=quiet)
    with _resumable(journal), observer.fits() as stage:
        if saved is not None:
            trained = go_on(
                read, saved, given, stage, name=name, strict=strict, calibration=calibration,
                place=place,
            )  # fmt: skip
        else:
            patience = {} if tune is None else {"early_stopping": early_stopping or PATIENCE}
            recipe = Recipe().given({**given, **patience})
            last = recipe.seed + max(runs, (cv or SEARCH_FOLDS) * repeats) - 1
            replace(recipe, seed=last)  # refuses one out of range
            trained = train_new(
                read, recipe, stage, targets=target or (), task=task, choices=choices, name=name,
                runs=runs, strict=strict, calibration=calibration,
                folding=None if cv is None else Folding(cv, repeats),
                search=None if tune is None else _search(tune, directory, given, force, observer),
                place=place,
            )  # fmt: skip
    files = dict(trained.files)
    if plots:
        files |= training_pictures(trained)
    # It may not be what it was when this began.
    write_directory(directory, files, lambda: check_place(directory, force))
    if tune is not None:
        discard(journal_of(directory))
    if as_json:
        print_json(json.loads(files[MANIFEST]))
    else:
        show_trained(trained, directory, files)


def _source(table: str | None, saved: ModelDirectory | None) -> str:
    """The table to learn from: what was named, the saved model's, or a data set.

    Raises:
        InputError: when the saved model's came from standard input, which is gone.
    """
    from mlp_edge.data.reading.source import STANDARD_INPUT, shown_source
    from mlp_edge.data.sets import DEFAULT_SET

    if table:
        return table
    if saved is None:
        return DEFAULT_SET
    if saved.manifest.table == shown_source(STANDARD_INPUT):
        raise InputError(
            f"{saved.path}: was trained on standard input; name the table to go on with"
        )
    return saved.manifest.table


def journal_of(directory: Path) -> Path:
    """The file beside a model directory that keeps a search until its model is written."""
    return directory.with_name(f"{directory.name}.tuning")


def _search(
    trials: int, directory: Path, given: Mapping[str, object], afresh: bool, observer: Printing
) -> Search:
    """The search that was asked for; what was typed is not searched."""
    from mlp_edge.lazy import require
    from mlp_edge.training.search.searching import Search

    require("optuna", "tune")
    fixed = frozenset(name for name, value in given.items() if value is not None)
    return Search(trials, journal_of(directory), fixed, afresh, observer.tried, observer.resumed)


@contextmanager
def _resumable(journal: Path | None) -> Iterator[None]:
    """On Ctrl-C, say that a search is not lost; None where there is none."""
    try:
        yield
    except KeyboardInterrupt:
        from mlp_edge.training.search.tuning_journal import discard_empty, has_trials

        if journal is not None and has_trials(journal):
            err.print(f"{journal} keeps the trials so far; the same command goes on with them")
        elif journal is not None:
            discard_empty(journal)
        raise


def _check(name: str | None, task: str | None, device: str, strategy: str) -> None:
    """Refuse what can be seen to be wrong before anything is read."""
    from mlp_edge.mlp import TASKS, check_name
    from mlp_edge.training.device import check_wanted

    if name is not None:
        check_name(name)
    if task is not None and task not in TASKS:
        raise RecipeError(f"--task {task!r} is not one of {', '.join(TASKS)}")
    check_wanted(device, strategy)
