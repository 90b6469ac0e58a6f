"""mlp-edge train: a table in, a model directory out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mlp_edge.api.settings import StreamedReading
from mlp_edge.cli.declaring import takes
from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption
from mlp_edge.cli.printing.console import print_json
from mlp_edge.cli.printing.observer import Printing
from mlp_edge.cli.verify import replacing
from mlp_edge.data.choices import Choices
from mlp_edge.training.plan import Plan
from mlp_edge.training.recipe import Recipe


@takes(chosen=Recipe, plan=Plan, columns=Choices, reading=StreamedReading)
def train(
    chosen: dict[str, Any],
    plan: dict[str, Any],
    columns: dict[str, Any],
    reading: dict[str, Any],
    table: Annotated[
        str | None,
        typer.Argument(
            help="CSV or Parquet file, folder or pattern, - for standard input, or pima, iris, "
            "sine.",
            show_default="pima",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Model directory to write.", rich_help_panel="Output")
    ] = DEFAULT_MODEL,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace a model that is there.", rich_help_panel="Output"),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show no progress.", rich_help_panel="Output")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Train a network on a table and test it on rows it never saw."""
    from mlp_edge.api.training.training import train as train_model
    from mlp_edge.cli.printing.trained import show_trained

    settings = {**chosen, **plan, **columns, **reading}
    observer = Printing(quiet=quiet)
    with replacing(out):
        model = train_model(table or None, out=out, force=force, observer=observer, **settings)
    if as_json:
        print_json(model.training.to_dict())
    else:
        show_trained(model.training, out)
