"""mlp-edge report: everything that is known of a model, on one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlp_edge.api.reporting.report_settings import ReportSettings
from mlp_edge.api.settings import Reading
from mlp_edge.cli.declaring import takes
from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption
from mlp_edge.cli.printing.console import err, out, print_json
from mlp_edge.cli.printing.observer import Printing
from mlp_edge.cli.printing.sheets import show_sheets
from mlp_edge.cli.printing.wording import worded
from mlp_edge.cli.verify import passphrase, warn_stale
from mlp_edge.errors import InputError
from mlp_edge.settings import setting

if TYPE_CHECKING:
    from mlp_edge.api.comparing.comparison import Comparison
    from mlp_edge.api.reporting.facts import Report


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
    sign: Annotated[
        Path | None,
        typer.Option(
            help="Private key to sign the model directory with, when all is written.",
            rich_help_panel="Output",
            show_default="it is not signed",
        ),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(
            help="Compare with this model instead; a page is written where --out says.",
            rich_help_panel="What to run",
            show_default="no other model",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write one page with all that is known of a model, and the same as JSON."""
    from mlp_edge.api.comparing.comparing import compare as compared
    from mlp_edge.api.model import open_model
    from mlp_edge.api.reporting.reporting import report as reported
    from mlp_edge.signing.keys import signing_key

    chosen, read = ReportSettings(**settings), Reading(**reading)
    observer = Printing(rest="the report has each")
    opened = open_model(model)
    if compare is not None:
        if sign is not None:
            raise InputError(f"{setting('sign')} signs one model; leave it out, to compare two")
        other = open_model(compare)
        _show(compared(opened, other, table, chosen, read, observer=observer), as_json)
        return
    secret = None if sign is None else passphrase(sign)
    if sign is not None:
        signing_key(sign, secret)  # before minutes of work
    found = reported(opened, table, chosen, read, observer=observer)
    if sign is None:
        warn_stale(model)
    _show(found, as_json)
    found.check()
    if sign is not None:
        err.print(f"signed {opened.sign(sign, passphrase=secret).path}")


def _show(found: Report | Comparison, as_json: bool) -> None:
    """Print what was found, and name the files that were written."""
    if as_json:
        print_json(found.to_dict())
    else:
        show_sheets(found.sheets())
    for remark in found.remarks():
        err.print(worded(remark))
    if not as_json:
        for file in found.files:
            out.print(f"wrote {file}", soft_wrap=True)
