"""mlp-edge report: everything that is known of a model, on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mlp_edge.api.reporting.report_settings import ReportSettings
from mlp_edge.api.settings import Reading
from mlp_edge.cli.declaring import takes
from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption
from mlp_edge.cli.printing.console import err, out, print_json
from mlp_edge.cli.printing.observer import Printing
from mlp_edge.cli.printing.sheets import show_sheets
from mlp_edge.cli.printing.wording import worded


@takes(settings=ReportSettings, reading=Reading)
def report(
    model: Annotated[Path, typer.Argument(help="Model directory.")] = DEFAULT_MODEL,
    table: Annotated[
        str | None,
        typer.Argument(
            help="CSV or Parquet file, or a data set, to judge by.", show_default="held-out rows"
        ),
    ] = None,
    settings: Any = None,
    reading: Any = None,
    as_json: JsonOption = False,
) -> None:
    """Write one page with all that is known of a model, and the same as JSON."""
    from mlp_edge.api.model import open_model
    from mlp_edge.api.reporting.reporting import report as reported

    found = reported(
        open_model(model),
        table,
        ReportSettings(**settings),
        Reading(**reading),
        observer=Printing(rest="the report has each"),
    )
    if as_json:
        print_json(found.to_dict())
    else:
        show_sheets(found.sheets())
    for remark in found.remarks():
        err.print(worded(remark))
    if not as_json:
        for file in found.files:
            out.print(f"wrote {file}", soft_wrap=True)
    found.check()
