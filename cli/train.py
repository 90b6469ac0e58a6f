"""mlp-edge train: a table in, a model directory out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from mlp_edge.cli.console import err, new_table, out
from mlp_edge.cli.options import DEFAULT_MODEL, names
from mlp_edge.cli.progress import watching
from mlp_edge.errors import RecipeError

if TYPE_CHECKING:
    from mlp_edge.mlp import Mlp
    from mlp_edge.train.training import Trained

TITLES = {"test": "held-out rows", "training": "training rows", "validation": "watched rows"}
MODELS = {"mlp": "this network", "linear": "linear baseline", "prior": "most frequent answer"}


def train(
    table: Annotated[
        str, typer.Argument(help="CSV file, or a data set that ships: pima, iris, sine.")
    ] = "pima",
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
    directory: Annotated[
        Path, typer.Option("--out", help="Model directory to write.")
    ] = DEFAULT_MODEL,
    force: Annotated[bool, typer.Option("--force", help="Replace a model that is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Train a network on a table and judge it on rows that it never saw."""
    given = {
        "hidden": widths(hidden), "activation": activation,
        "output_activation": output_activation, "epochs": epochs, "batch_size": batch_size,
        "optimizer": optimizer, "learning_rate": learning_rate, "momentum": momentum,
        "loss": loss, "metrics": names(metrics), "standardize": standardize,
        "test_size": test_size, "validation_size": validation_size,
        "early_stopping": early_stopping, "seed": seed,
    }  # fmt: skip
    trained = _trained(table, given, target, task, start, name, directory, force, runs, quiet)
    _show(trained, directory)


def _trained(
    source: str, given: Mapping[str, Any], target: str | None, task: str | None,
    start: Path | None, name: str | None, directory: Path, force: bool, runs: int, quiet: bool,
) -> Trained:  # fmt: skip
    """Check everything that is quick to check, train, and put the directory in place."""
    from mlp_edge.data.read import read_table
    from mlp_edge.mlp import TASKS, check_name
    from mlp_edge.model_directory import KNOWN, ModelDirectory
    from mlp_edge.writing import check_replaceable, write_directory

    if name is not None:
        check_name(name)
    if task is not None and task not in TASKS:
        raise RecipeError(f"--task {task!r} is not one of {', '.join(TASKS)}")
    check_replaceable(directory, KNOWN, force)
    saved = None if start is None else ModelDirectory.open(start)
    if saved is not None and (runs > 1 or task is not None or target is not None):
        raise RecipeError("--from goes on with one saved model; leave out --runs, --task, --target")
    read = read_table(source)

    from mlp_edge.train.recipe import Recipe
    from mlp_edge.train.training import go_on, train

    with watching(quiet) as stage:
        if saved is not None:
            trained = go_on(read, saved, given, stage, name)
        else:
            recipe = Recipe().given(given)
            trained = train(read, recipe, stage, target=target, task=task, name=name, runs=runs)
    write_directory(directory, trained.files)
    return trained


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
    out.print(", ".join(counts) + "\n")
    out.print(layer_table(trained.mlp))
    for part, scores in manifest.scores.items():
        if part != "runs":
            out.print(score_table(part, rows[part], scores))
    if len(trained.runs) > 1:
        out.print(_run_table(trained.runs, "test" if rows["test"] else "training"))
    for name in trained.files:
        out.print(f"wrote {directory / name}", soft_wrap=True)
    if not rows["test"]:
        err.print("note: no rows were held out, so no score above says how it does on new ones")
    model = "" if directory == DEFAULT_MODEL else f" --model {directory}"
    out.print(f"\nnext: mlp-edge export{model}", soft_wrap=True)


def layer_table(mlp: Mlp) -> Table:
    """Layers with shapes and parameter counts, as Keras's ``summary`` shows them."""
    table = new_table(mlp.topology, "layer", "output", "activation", "parameters")
    if mlp.scaling is not None:
        table.add_row("scaling", f"(n, {mlp.inputs})", "", "0")
    for number, layer in enumerate(mlp.layers, start=1):
        kind = "output" if number == len(mlp.layers) else f"hidden {number}"
        count = layer.weights.size + layer.bias.size
        table.add_row(kind, f"(n, {layer.outputs})", layer.activation, f"{count:,}")
    table.add_section()
    table.add_row("all", "", "", f"{mlp.parameters:,}")
    return table


def score_table(part: str, count: int, scores: Mapping[str, Mapping[str, float]]) -> Table:
    """A row per model, a column per metric."""
    title = f"scores on {count:,} {TITLES.get(part, part)}"
    table = new_table(title, "", *scores["mlp"])
    for model, values in scores.items():
        cells = [f"{value:.4g}" for value in values.values()]
        table.add_row(Text(MODELS[model]), *cells, style="bold" if model == "mlp" else None)
    return table


def _run_table(runs: Sequence[Mapping[str, Any]], part: str) -> Table:
    """Every run, then their mean and standard deviation; none is chosen."""
    metrics = list(runs[0][part])
    table = new_table(f"every run, on the {TITLES[part]}", "seed", *metrics)
    for run in runs:
        table.add_row(str(run["seed"]), *(f"{run[part][metric]:.4f}" for metric in metrics))
    table.add_section()
    columns = [[run[part][metric] for run in runs] for metric in metrics]
    table.add_row("mean", *(f"{mean(column):.4f}" for column in columns))
    table.add_row("deviation", *(f"{stdev(column):.4f}" for column in columns))
    return table
