"""mlp-edge inspect: what is in a model, without running it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption
from mlp_edge.cli.printing.console import err, out, print_json, warn_of
from mlp_edge.cli.printing.sheets import show_sheets

STYLES = {"changed": "yellow", "missing": "yellow", "not ours": "yellow"}
"""States of exports that stand out."""


def inspect(
    file: Annotated[
        Path, typer.Argument(help="Model directory, export, or file of a network from elsewhere.")
    ] = DEFAULT_MODEL,
    as_json: JsonOption = False,
) -> None:
    """Show what is in a model, without running or compiling it."""
    from mlp_edge.api.inspection.inspecting import inspect as inspect_model

    found = inspect_model(file)
    if as_json:
        print_json(found.to_dict())
    else:
        title, *tables = found.sheets()
        out.print(title.title, style="bold", soft_wrap=True)
        show_sheets(tables, STYLES)
    warn_of(found.findings, "--json has each")
    for remark in found.remarks():
        err.print(remark)
