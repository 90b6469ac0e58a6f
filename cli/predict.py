"""mlp-edge predict: a table in, the same table with predictions out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlp_edge.cli.declaring import takes
from mlp_edge.cli.options import (
    DEFAULT_MODEL,
    MaxBytesOption,
    ModelOption,
    SafeOption,
    TrustOption,
)
from mlp_edge.cli.printing.console import err, out, warn_of, write_text
from mlp_edge.cli.printing.progress import status
from mlp_edge.cli.table_out import check_output, marked, widened, write_output
from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from mlp_edge.card import Card
    from mlp_edge.data.table import Table
    from mlp_edge.feature import Feature
    from mlp_edge.mlp import Floats

SHOWN = 5
"""Rows of the comparison at the end, as the tutorial has it."""


@takes(dialect=Dialect)
def predict(
    table: Annotated[
        str | None,
        typer.Argument(
            help="CSV or Parquet file, - for standard input, or a data set; by default the model's."
        ),
    ] = None,
    model: ModelOption = DEFAULT_MODEL,
    runtime: Annotated[
        str | None, typer.Option("--runtime", "-r", help="keras, litert, onnxruntime or c.")
    ] = None,
    dialect: Any = None,
    max_bytes: MaxBytesOption = None,
    output: Annotated[
        Path | None, typer.Option("--out", help="CSV file to write; by default stdout.")
    ] = None,
    safe: SafeOption = False,
    trust: TrustOption = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check the file's checksum and golden rows first.")
    ] = False,
) -> None:
    """Add a model's predictions to a table, every column kept."""
    from mlp_edge.card import choose
    from mlp_edge.data.reading.read import read_table
    from mlp_edge.data.reading.size import read_size
    from mlp_edge.data.saved_columns import known_columns
    from mlp_edge.runtime.load import load

    source = table or _own_table(model)
    if output is not None:
        check_output("--out", output, source)
    rows = read_table(
        source,
        Dialect(**dialect),
        read_size(max_bytes),
    )
    with status("opening the model"):
        opened = load(model, runtime, trust, verify)
    with opened:
        card = opened.card
        readings, findings = known_columns(rows, card.features)
        warn_of((*rows.notes, *findings))
        predictions = opened.predict(readings)
    labels = choose(card, predictions)
    text = _csv(rows, card, predictions, labels, safe)
    if output is None:
        write_text(text)
    else:
        write_output(output, text)
        err.print(f"wrote {output} ({rows.rows:,} rows, predicted by {opened.runtime})")
    # What is piped on is the table alone.
    _compare(rows, card, readings, predictions, labels, err if output is None else out)


def _own_table(model: Path) -> str:
    """The data set that a model was trained on, where it ships."""
    from mlp_edge.data.sets import SETS
    from mlp_edge.readers.model_directory import ModelDirectory

    if model.is_dir() or not model.exists():
        source = ModelDirectory.open(model).manifest.table
        if source in SETS:
            return source
    raise InputError("predict which rows? `mlp-edge predict TABLE` names them")


def _csv(
    table: Table, card: Card, predictions: Floats, labels: Sequence[str | None], safe: bool
) -> str:
    """The table as it was, and the predictions behind it."""
    if card.task == "multiclass":
        added = [f"probability {label}" for label in card.labels]
    elif len(card.targets) > 1:
        added = [f"predicted {target}" for target in card.targets]
    else:
        added = [card.output_name]
    numbers = marked(predictions, table)
    if card.task == "regression":
        return widened(table, added, numbers, safe)
    ends = [[*row, label or ""] for row, label in zip(numbers, labels, strict=True)]
    return widened(table, [*added, "label"], ends, safe)


def _compare(
    table: Table, card: Card, readings: Floats, predictions: Floats,
    labels: Sequence[str | None], printer: Console,
) -> None:  # fmt: skip
    """The tutorial's last lines: the first rows, what came out, what was expected."""
    expected = _expected(table, card)
    if expected is None:
        return
    cells = ([_shown(feature, x) for feature, x in zip(card.features, row, strict=True)]
             for row in readings[:SHOWN])  # fmt: skip
    for row, prediction, label, truth in zip(cells, predictions, labels, expected, strict=False):
        answer = ", ".join(f"{value:.6g}" for value in prediction) if label is None else label
        shown = ", ".join(row[:12])
        shown += ", …" if len(row) > 12 else ""
        printer.print(f"[{shown}] => {answer} (expected {truth})", soft_wrap=True)


def _shown(feature: Feature, reading: float) -> str:
    if feature.missing(reading):
        return "missing"
    if feature.categories:
        return feature.write(reading) if reading in feature.codes else "unknown"
    return f"{reading:g}"


def _expected(table: Table, card: Card) -> Sequence[str] | None:
    """The target's cells, where the table has them."""
    if all(target in table.columns for target in card.targets):
        columns = [table.column(target)[:SHOWN] for target in card.targets]
        return [", ".join(str(cell).strip() for cell in row) for row in zip(*columns, strict=True)]
    if not table.header and len(table.columns) == len(card.features) + 1:
        return [str(cell).strip() for cell in table.column(table.columns[-1])]
    return None
