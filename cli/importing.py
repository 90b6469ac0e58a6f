"""mlp-edge import: a file of a network in, a model directory out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mlp_edge.api.importing.import_settings import ImportSettings
from mlp_edge.api.settings import Reading
from mlp_edge.cli.declaring import takes
from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption, model_option
from mlp_edge.cli.printing.console import out, print_json
from mlp_edge.cli.printing.observer import Printing
from mlp_edge.cli.printing.sheets import show_sheets
from mlp_edge.cli.verify import replacing


@takes(settings=ImportSettings, reading=Reading)
def import_(
    file: Annotated[Path, typer.Argument(help="File of a network that somebody else trained.")],
    settings: Any = None,
    rows: Annotated[
        str | None,
        typer.Option(
            help="Table with what the network takes and predicts.",
            rich_help_panel="Table",
            show_default="none",
        ),
    ] = None,
    reading: Any = None,
    directory: Annotated[
        Path, typer.Option("--out", help="Model directory to write.", rich_help_panel="Output")
    ] = DEFAULT_MODEL,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace a model that is there.", rich_help_panel="Output"),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a model directory of a network that somebody else trained."""
    from mlp_edge.api.importing.importing import import_file

    with replacing(directory):
        report = import_file(
            file,
            ImportSettings(**settings),
            out=directory,
            rows=rows,
            reading=Reading(**reading),
            force=force,
            observer=Printing(),
        )
    if as_json:
        print_json(report.to_dict())
    else:
        show_sheets(report.sheets())
        out.print(f"\nnext: mlp-edge export{model_option(directory)}", soft_wrap=True)
