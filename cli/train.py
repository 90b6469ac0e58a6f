"""mlp-edge train: a table in, a model directory out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlp_edge.cli.console import err, out
from mlp_edge.cli.options import DEFAULT_MODEL, names
from mlp_edge.cli.progress import start_tensorflow, watching
from mlp_edge.cli.tables import layer_table, run_table, score_table, show
from mlp_edge.errors import RecipeError

if TYPE_CHECKING:
    from mlp_edge.train.outcome import Trained


def train(
    table: Annotated[
        str | None,
        typer.Argument(help="CSV file, or a data set that ships: pima, iris, sine. [pima]"),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Column to predict; by default the last.")
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
        float | None, typer.Option(help="Share of the training rows that is only watched. [0]")
    ] = None,
    early_stopping: Annotated[
        int | None, typer.Option(help="Stop after so many epochs without a better validation loss.")
    ] = None,
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
        bool, typer.Option("--tf32", help="Let a GPU round to TensorFloat-32: faster, coarser.")
    ] = False,
    directory: Annotated[
        Path, typer.Option("--out", help="Model directory to write.")
    ] = DEFAULT_MODEL,
    force: Annotated[bool, typer.Option("--force", help="Replace a model that is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Train a network on a table; judge it on rows it never saw."""
    from mlp_edge.data.read import read_table
    from mlp_edge.data.sets import DEFAULT_SET
    from mlp_edge.model_directory import ModelDirectory, check_place
    from mlp_edge.train.device import Device, take
    from mlp_edge.train.recipe import Recipe
    from mlp_edge.train.training import go_on
    from mlp_edge.train.training import train as train_new
    from mlp_edge.writing import write_directory

    given = {
        "hidden": widths(hidden), "activation": activation,
        "output_activation": output_activation, "epochs": epochs, "batch_size": batch_size,
        "optimizer": optimizer, "learning_rate": learning_rate, "momentum": momentum,
        "loss": loss, "metrics": names(metrics), "standardize": standardize,
        "test_size": test_size, "validation_size": validation_size,
        "early_stopping": early_stopping, "seed": seed,
    }  # fmt: skip
    _check(name, task, target, start, runs, device, strategy)
    check_place(directory, force)
    saved = None if start is None else ModelDirectory.open(start)
    read = read_table(table or (DEFAULT_SET if saved is None else saved.manifest.table))

    def place(work: int) -> Device:
        start_tensorflow()  # by now every option and row has been checked
        return take(device, strategy, work, tf32)

    with watching(quiet) as stage:
        if saved is not None:
            trained = go_on(read, saved, given, stage, name=name, place=place)
        else:
            recipe = Recipe().given(given)
            replace(recipe, seed=recipe.seed + runs - 1)  # refuses a last seed out of range
            trained = train_new(
                read, recipe, stage, target=target, task=task, name=name, runs=runs, place=place
            )
    write_directory(directory, trained.files)
    _show(trained, directory)


def _check(
    name: str | None, task: str | None, target: str | None, start: Path | None, runs: int,
    device: str, strategy: str,
) -> None:  # fmt: skip
    """Refuse what can be seen to be wrong before anything is read."""
    from mlp_edge.mlp import TASKS, check_name
    from mlp_edge.train.device import check_wanted

    if name is not None:
        check_name(name)
    if task is not None and task not in TASKS:
        raise RecipeError(f"--task {task!r} is not one of {', '.join(TASKS)}")
    if start is not None and (runs > 1 or task is not None or target is not None):
        raise RecipeError("--from goes on with one saved model; leave out --runs, --task, --target")
    check_wanted(device, strategy)


def widths(text: str | None) -> tuple[int, ...] | None:
    """``"12,8"`` -> (12, 8); ``"none"`` -> (); None stays None.

    Raises:
        RecipeError: for anything else.
    """
    if text is None:
        return None
    if text.strip().lower() in ("", "none"):
        return ()
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise RecipeError(
            f"--hidden takes neurons per layer such as 12,8, or none; got {text!r}"
        ) from None


def _show(trained: Trained, directory: Path) -> None:
    manifest = trained.manifest
    rows = manifest.rows
    out.print(f"\n{manifest.name}: {trained.reason}")
    counts = [f"{rows['training']} rows to train"]
    counts += [f"{rows['validation']} to watch"] if rows["validation"] else []
    counts += [f"{rows['test']} held out" if rows["test"] else "none held out"]
    out.print(", ".join(counts))
    out.print(f"trained {trained.device}, by {trained.path}")
    show(layer_table(trained.mlp))
    for part, scores in manifest.scores.items():
        if part != "runs":
            show(score_table(part, rows[part], scores))
    if len(trained.runs) > 1:
        show(run_table(trained.runs, "test" if rows["test"] else "training"))
    out.print()
    for name in trained.files:
        out.print(f"wrote {directory / name}", soft_wrap=True)
    if not rows["test"]:
        err.print("note: no rows were held out, so no score above says how it does on new ones")
    model = "" if directory == DEFAULT_MODEL else f" --model {directory}"
    out.print(f"\nnext: mlp-edge export{model}", soft_wrap=True)
