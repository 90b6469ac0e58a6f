"""mlp-edge export: a model in, a file per format out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mlp_edge.api.exporting.export_settings import ExportSettings
from mlp_edge.cli.declaring import takes
from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption, MaxBytesOption, model_option
from mlp_edge.cli.printing.console import out, print_json
from mlp_edge.cli.printing.observer import Printing
from mlp_edge.cli.printing.sheets import show_sheets
from mlp_edge.cli.verify import warn_stale


@takes(settings=ExportSettings)
def export(
    model: Annotated[
        Path,
        typer.Option(
            "--model", "-m", help="Model directory, or the file of a network from elsewhere.",
            rich_help_panel="What to export",
        ),
    ] = DEFAULT_MODEL,
    settings: Any = None,
    calibration_table: Annotated[
        str | None,
        typer.Option(
            help="Table of rows to quantise with.", rich_help_panel="Quantisation",
            show_default="rows that the model keeps",
        ),
    ] = None,
    others: Annotated[
        list[Path] | None,
        typer.Option(
            "--with", help="Further model to put into the package; repeatable.",
            rich_help_panel="What to export",
        ),
    ] = None,
    max_bytes: MaxBytesOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Write a model as TFLite, ONNX, C or a script, in float32 or smaller, or as a package."""
    from mlp_edge.api.exporting.exporting import export as exported
    from mlp_edge.api.exporting.packaging import install
    from mlp_edge.api.model import open_model
    from mlp_edge.api.settings import Reading

    chosen = ExportSettings(**settings)
    result = exported(
        open_model(model, signed_by=chosen.signed_by),
        chosen,
        calibration_table=calibration_table,
        reading=Reading(max_bytes=max_bytes),
        others=[open_model(other, signed_by=chosen.signed_by) for other in others or ()],
        observer=Printing(quiet=as_json),
    )
    if chosen.out is None:
        warn_stale(model)
    if as_json:
        print_json(result.to_dict())
        return
    for path, content in zip(result.paths, result.files.values(), strict=True):
        out.print(f"wrote {path} ({len(content):,} bytes)", soft_wrap=True)
    show_sheets(result.units())
    if chosen.package is not None:
        out.print(f"\nnext: {install(chosen.package)}", soft_wrap=True)
    elif result.listed:
        out.print(f"\nnext: mlp-edge parity{model_option(model)}", soft_wrap=True)
