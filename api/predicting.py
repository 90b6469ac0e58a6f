"""``Model.predict``: a table in, predictions out; and the table with them as further columns."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlp_edge.api.observer import SILENT, Observer
from mlp_edge.api.opened_model import OpenedModel, not_signed
from mlp_edge.api.result import Result, Sheet, warnings
from mlp_edge.api.settings import GUESSED, PredictionSettings, Reading
from mlp_edge.api.tables import read_any
from mlp_edge.api.widened_table import check_output, marked, widened, write_output
from mlp_edge.card import Card, choose
from mlp_edge.data.saved_columns import known_columns
from mlp_edge.data.sets import SETS
from mlp_edge.data.table import Table
from mlp_edge.errors import InputError
from mlp_edge.feature import Feature
from mlp_edge.files.writing import plain
from mlp_edge.finding import Finding
from mlp_edge.mlp import Floats, Rows
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.runtime.load import in_memory, load
from mlp_edge.runtime.predictor import Predictor
from mlp_edge.settings import setting

SHOWN = 5
"""Rows of the comparison with what was expected."""
SHOWN_FEATURES = 12
"""Readings of such a row."""


@dataclass(frozen=True, eq=False, repr=False)
class PredictedTable(Result):
    """A table's predictions.

    Attributes:
        table: the rows as they were read.
        card: of the artifact that predicted.
        readings: what it was given (n, inputs) float32; NaN where a reading is missing.
        values: predictions (n, outputs) float32; NaN where there is none.
        runtime: the name of what predicted.
        findings: what to know of the table.
    """

    table: Table
    card: Card
    readings: Rows
    values: Floats
    runtime: str
    findings: tuple[Finding, ...]

    @property
    def labels(self) -> list[str | None]:
        """The label of each row; None without a prediction, and for a regression."""
        return choose(self.card, self.values)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the columns of ``values`` are called."""
        return self.card.columns

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.values)

    @property
    def written(self) -> int:
        """How many rows are written: all of them."""
        return self.rows

    def to_csv(self, *, spreadsheet_safe: bool = False) -> str:
        """The table as it was, with predictions and labels behind, as CSV.

        Args:
            spreadsheet_safe: write words that a spreadsheet would compute, such as =A1, with a '
                before them.

        Returns:
            The text of the file.
        """
        numbers = marked(self.values, self.table)
        if self.card.task == "regression":
            return widened(self.table, self.columns, numbers, spreadsheet_safe)
        rows = [[*row, label or ""] for row, label in zip(numbers, self.labels, strict=True)]
        return widened(self.table, [*self.columns, "label"], rows, spreadsheet_safe)

    def to_dict(self) -> dict[str, Any]:
        """The predictions as plain values.

        Returns:
            Predictions by column, a list each, and labels; None where there is no prediction.
        """
        values = {name: self.values[:, index].tolist() for index, name in enumerate(self.columns)}
        told = {
            "model": self.card.name,
            "table": self.table.source,
            "rows": len(self.values),
            "runtime": self.runtime,
            "dtype": self.card.dtype,
            "predictions": values,
            "labels": None if self.card.task == "regression" else self.labels,
            "findings": [each._asdict() for each in self.findings],
        }
        return plain(told)

    def sheets(self) -> Sequence[Sheet]:
        """The tables that are shown.

        Returns:
            The first rows.
        """
        classes = self.card.task != "regression"
        rows = tuple(
            (
                f"{self.table.counts} {self.table.lines[index]}",
                *([self.labels[index] or ""] if classes else []),
                *(f"{value:.6g}" for value in self.values[index]),
            )
            for index in range(min(SHOWN, len(self.values)))
        )
        title = f"{len(self.values):,} rows predicted by {self.runtime}; the first of them"
        columns = ("", *(["label"] if classes else []), *self.columns)
        return [Sheet(title, columns, rows, text_columns=1 + classes)]

    def remarks(self) -> Sequence[str]:
        """What is said beside the tables.

        Returns:
            Warnings, a sentence each.
        """
        return warnings(self.findings)

    def bad_rows(self) -> list[str]:
        """Rows that were left out or have no prediction, as ``StreamedTable`` has them.

        Returns:
            None: with one bad row there is no such result.
        """
        return []

    def compared(self) -> list[str]:
        """Hold the first rows against the target's cells.

        Returns:
            A line for each row, with its prediction and what was expected; [] without targets.
        """
        expected = _expected(self.table, self.card)
        lines = []
        each = zip(self.readings[:SHOWN], self.values, self.labels, expected, strict=False)
        for row, value, label, truth in each:
            cells = [_shown(f, reading) for f, reading in zip(self.card.features, row, strict=True)]
            more = ", …" if len(cells) > SHOWN_FEATURES else ""
            predicted = ", ".join(f"{number:.6g}" for number in value) if label is None else label
            shown = ", ".join(cells[:SHOWN_FEATURES])
            lines.append(f"[{shown}{more}] => {predicted} (expected {truth})")
        return lines


def _shown(feature: Feature, reading: float) -> str:
    if feature.missing(reading):
        return "missing"
    if feature.categories:
        return feature.write(reading) if reading in feature.codes else "unknown"
    return f"{reading:g}"


def _expected(table: Table, card: Card) -> Sequence[str]:
    """The target's first cells, where the table has them."""
    if all(target in table.columns for target in card.targets):
        columns = [table.column(target)[:SHOWN] for target in card.targets]
        return [", ".join(str(cell).strip() for cell in row) for row in zip(*columns, strict=True)]
    if not table.header and len(table.columns) == len(card.features) + 1:
        return [str(cell).strip() for cell in table.column(table.columns[-1])[:SHOWN]]
    return []


def open_predictor(
    model: OpenedModel | str | os.PathLike[str],
    runtime: str | None = None,
    trust: bool = False,
    verify: bool = False,
    signed_by: Path | None = None,
) -> Predictor:
    """What predicts a model: ``mlp_edge.load`` of its files, or itself where it is in memory.

    Raises:
        InputError: for a runtime that does not exist, or another than itself; where a signature is
            asked of a model in memory.
    """
    if not isinstance(model, OpenedModel):
        return load(Path(model), runtime, trust, verify, signed_by=signed_by)
    found = model.imported
    if found is None or found.original is None:
        key = signed_by or model.signed_by
        return load(model.path, runtime, trust, verify, signed_by=key)
    if signed_by is not None:
        raise InputError(not_signed(model.path, model.alone))
    if runtime not in (None, found.original.runtime):
        raise InputError(
            f"{model.path}: a model in memory is predicted by {found.original.runtime}; "
            f"`mlp_edge.load()` runs its exports by {setting('runtime', runtime)}"
        )
    return in_memory(model.path, found.original, model.mlp)


def predict_table(
    model: OpenedModel | str | os.PathLike[str],
    table: Any,
    settings: PredictionSettings,
    reading: Reading = GUESSED,
    *,
    trust: bool = False,
    observer: Observer = SILENT,
) -> PredictedTable:
    """Predict the rows of a table.

    Args:
        model: opened; or a model directory, or a .keras, .onnx, .tflite, .h, .js or .py file.
        table: as ``read_any`` takes it; None for the data set that a model was trained on.
        settings: what predicts, and what to write.
        reading: how the table is written.
        trust: run a header or script that no model directory vouches for.
        observer: follows.

    Raises:
        InputError: for a table that does not fit, or a file that cannot be written.
        ModelError: for a model that is missing or damaged.
        VerifyError: when it is to be verified, and is not what was written.
        MissingError: when this machine lacks what runs it.
    """
    source = own_table(model) if table is None else table
    if settings.out is not None:
        named = source if isinstance(source, str | Path) else None
        check_output("out", Path(settings.out), named)
    rows = read_any(source, reading)
    with observer.step("opening the model"):
        opened = open_predictor(model, settings.runtime, trust, settings.verify, settings.signed_by)
    with opened:
        readings, findings = known_columns(rows, opened.card.features, opened.nameless)
        findings = (*rows.notes, *findings)
        observer.found(findings)
        values = opened.predict(readings)
    found = PredictedTable(rows, opened.card, readings, values, opened.runtime, findings)
    if settings.out is not None:
        write_output(Path(settings.out), found.to_csv(spreadsheet_safe=settings.spreadsheet_safe))
    return found


def own_table(model: OpenedModel | str | os.PathLike[str]) -> str:
    """The data set that a model was trained on, where it ships.

    Raises:
        InputError: where it does not.
    """
    if isinstance(model, OpenedModel):
        directory = model.directory
    else:
        path = Path(model)
        directory = ModelDirectory.open(path) if path.is_dir() or not path.exists() else None
    if directory is not None and directory.manifest.table in SETS:
        return directory.manifest.table
    raise InputError("predict which rows? name a table of them")
