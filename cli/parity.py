"""mlp-edge parity: every artifact on every runtime, held against the original."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mlp_edge.api.parity.parity_settings import ParitySettings
from mlp_edge.cli.declaring import takes
from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption, MaxBytesOption, model_named
from mlp_edge.cli.printing.console import err, print_json
from mlp_edge.cli.printing.observer import Printing
from mlp_edge.cli.printing.sheets import show_sheets
from mlp_edge.cli.printing.wording import worded
from mlp_edge.cli.verify import warn_stale


@takes(settings=ParitySettings)
def parity(
    model: Annotated[
        Path, model_named("Model directory, or file of a network, whose exports to compare.")
    ] = DEFAULT_MODEL,
    settings: Any = None,
    table: Annotated[
        str | None,
        typer.Option(
            help="Table: say which of its rows have one label on every runtime.",
            rich_help_panel="Table",
            show_default="held-out rows",
        ),
    ] = None,
    max_bytes: MaxBytesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that every export predicts what the original does."""
    from mlp_edge.api.model import open_model
    from mlp_edge.api.parity.proving import prove
    from mlp_edge.api.settings import Reading

    chosen = ParitySettings(**settings)
    report = prove(
        open_model(model),
        chosen,
        table=table,
        reading=Reading(max_bytes=max_bytes),
        observer=Printing(),
    )
    warn_stale(model)
    if as_json:
        print_json(report.to_dict())
    else:
        show_sheets(report.sheets())
        failures = report.failures()
        for sentence in report.remarks():
            err.print(worded(sentence), style="red" if sentence in failures else None)
    report.check()
