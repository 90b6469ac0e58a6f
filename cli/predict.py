"""mlp-edge predict: a table in, the same table with predictions out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from mlp_edge.api.settings import PredictionSettings, StreamedReading, StreamSettings
from mlp_edge.cli.declaring import takes
from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption, TrustOption, model_named
from mlp_edge.cli.printing.console import Standard, err, out, print_json
from mlp_edge.cli.printing.observer import Printing
from mlp_edge.cli.printing.sheets import show_sheets


@takes(settings=PredictionSettings, streaming=StreamSettings, reading=StreamedReading)
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
    streaming: Any = None,
    reading: Any = None,
    trust: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Add a model's predictions to a table, every column kept."""
    from mlp_edge.api.streaming import predict_any

    chosen, bulk = PredictionSettings(**settings), StreamSettings(**streaming)
    counts = bulk.report or as_json
    found = predict_any(
        model,
        table,
        chosen,
        replace(bulk, report=counts),
        StreamedReading(**reading),
        trust=trust,
        observer=Printing(),
        standard=None if counts else Standard(),
    )
    if chosen.out is not None:
        err.print(f"wrote {chosen.out} ({found.written:,} rows, predicted by {found.runtime})")
    for line in found.bad_rows():
        err.print(line, soft_wrap=True)
    if as_json:
        print_json(found.to_dict())
    elif counts:
        show_sheets(found.sheets())
    else:
        # What is piped on is the table alone.
        printer = err if chosen.out is None else out
        for line in found.compared():
            printer.print(line, soft_wrap=True)
