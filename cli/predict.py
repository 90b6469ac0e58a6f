"""mlp-edge predict: a table in, the same table with predictions out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mlp_edge.api.settings import PredictionSettings, Reading
from mlp_edge.cli.declaring import takes
from mlp_edge.cli.options import DEFAULT_MODEL, TrustOption, model_named
from mlp_edge.cli.printing.console import err, out, write_text
from mlp_edge.cli.printing.observer import Printing


@takes(settings=PredictionSettings, reading=Reading)
def predict(
    table: Annotated[
        str | None,
        typer.Argument(
            help="CSV or Parquet file, - for standard input, or a data set.",
            show_default="the model's data set",
        ),
    ] = None,
    model: Annotated[
        Path, model_named("Model directory, or a .keras, .onnx, .tflite, .h, .js or .py file.")
    ] = DEFAULT_MODEL,
    settings: Any = None,
    reading: Any = None,
    trust: TrustOption = False,
) -> None:
    """Add a model's predictions to a table, every column kept."""
    from mlp_edge.api.predicting import predict_table

    chosen = PredictionSettings(**settings)
    found = predict_table(
        model, table, chosen, Reading(**reading), trust=trust, observer=Printing()
    )
    if chosen.out is None:
        write_text(found.to_csv(spreadsheet_safe=chosen.spreadsheet_safe))
    else:
        err.print(f"wrote {chosen.out} ({len(found.values):,} rows, predicted by {found.runtime})")
    # What is piped on is the table alone.
    printer = err if chosen.out is None else out
    for line in found.compared():
        printer.print(line, soft_wrap=True)
