"""The tables that commands print on stdout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from mlp_edge.cli.console import out

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlp_edge.mlp import Mlp

TITLES = {"test": "held-out rows", "training": "training rows", "validation": "watched rows"}
MODELS = {"mlp": "this network", "linear": "linear baseline", "prior": "a constant answer"}


def show(table: Table) -> None:
    """Print a table on stdout with a blank line before it."""
    out.print()
    out.print(table)


def new_table(title: str, *columns: str, text_columns: int = 1) -> Table:
    """A table that stays readable at 80 columns: words first, then numbers to the right."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        pad_edge=False,
        show_edge=False,
    )
    table.min_width = min(len(title) + 2, 78)
    for number, column in enumerate(columns):
        # A long name in the first column folds; nothing else is ever cut.
        table.add_column(
            column,
            justify="left" if number < text_columns else "right",
            no_wrap=bool(number),
            overflow="fold",
        )
    return table


def layer_table(mlp: Mlp) -> Table:
    """Layers with shapes and parameter counts, as Keras's ``summary`` shows them."""
    from mlp_edge.anatomy import of_mlp

    table = new_table(mlp.topology, "layer", "activation", "output", "parameters", text_columns=2)
    width = f"(n, {mlp.encoding.width})"
    if not mlp.encoding.plain:
        table.add_row("encoding", "", width, "0")
    if mlp.scaling is not None:
        table.add_row("scaling", "", width, "0")
    for number, layer in enumerate(of_mlp(mlp).layers, start=1):
        kind = "output" if number == len(mlp.layers) else f"hidden {number}"
        table.add_row(kind, layer.activation, f"(n, {layer.outputs})", f"{layer.parameters:,}")
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


def run_table(runs: Sequence[Mapping[str, Any]], part: str) -> Table:
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


def confusion_table(labels: Sequence[str], counts: NDArray[Any]) -> Table:
    """Rows are the truth, columns what was predicted."""
    table = new_table("confusion: the truth in rows, the prediction in columns", "", *labels)
    for label, row in zip(labels, counts, strict=True):
        table.add_row(Text(label), *(f"{count:,}" for count in row))
    return table
