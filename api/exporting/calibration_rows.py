"""The rows that a network is quantised with, and those that judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlp_edge.api.observer import Observer
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.sample import sample_table
from mlp_edge.api.settings import Reading
from mlp_edge.api.tables import read_any
from mlp_edge.data.reading.size import read_size
from mlp_edge.errors import InputError, TableError
from mlp_edge.files.calibration import read_calibration
from mlp_edge.readers.model_directory import CALIBRATION, ModelDirectory
from mlp_edge.settings import Blank, setting

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlp_edge.mlp import Mlp, Rows, Task
    from mlp_edge.quantise.judge import Score

JUDGED: Mapping[Task, tuple[str, ...]] = {
    "binary": ("accuracy", "auc", "log_loss"),
    "multiclass": ("accuracy", "log_loss"),
    "regression": ("r2", "rmse"),
}
"""Metrics that are shown; a drop of the first is judged."""
FEWEST = 20
"""Different rows that a network is quantised with, at least."""


@dataclass(frozen=True, eq=False)
class RowSets:
    """Rows to quantise with and to judge by.

    Attributes:
        calibration: raw readings (n, inputs) that have a prediction.
        score: of predictions for them; None where nobody knows what is right.
        held_out: raw readings that training never saw; None where there are none.
        held_out_score: of predictions for those.
    """

    calibration: Rows
    score: Score | None
    held_out: Rows | None
    held_out_score: Score | None


def find_rows(model: OpenedModel, table: Any, reading: Reading, observer: Observer) -> RowSets:
    """The rows of a model directory, or of a calibration table.

    Args:
        model: with or without a directory.
        table: whatever ``read_any`` reads; None for the rows that the model directory keeps.
        reading: how a file is read.
        observer: hears what there is to say about the table.

    Raises:
        InputError: for a model without rows of its own and no table, or too few different rows.
        TableError: for a table that cannot be read or does not fit the model.
        ModelError: when the rows of the directory are missing or damaged.
    """
    mlp, directory = model.mlp, model.directory
    held_out, held_out_score = None, None
    if directory is not None and directory.manifest.sample == "held-out":
        held_out, held_out_score = _held_out(directory, mlp, read_size(reading.max_bytes))
    source, rows, targets = _calibration(model, table, reading, observer)
    predicted = ~mlp.encoding.rejected(rows)
    rows, targets = rows[predicted], None if targets is None else targets[predicted]
    different = len(np.unique(rows, axis=0))
    if different < FEWEST:
        raise InputError(
            f"{source}: {different} different rows that have a prediction are too few to quantise "
            f"with; {FEWEST} would do, some hundreds like those that the model will see are better"
        )
    return RowSets(rows, row_score(mlp, rows, targets), held_out, held_out_score)


def _calibration(
    model: OpenedModel, table: Any, reading: Reading, observer: Observer
) -> tuple[str, Rows, NDArray[Any] | None]:
    """Where the calibration rows come from, the rows, and what is right where that is known."""
    mlp, directory = model.mlp, model.directory
    if table is not None:
        return _rows_of(model, table, reading, observer)
    if directory is None:
        raise InputError(
            f"{model.path}: integers are made with rows like those that the model will see, and a "
            f".keras file has none; {setting('calibration_table', Blank('TABLE'))} names some"
        )
    path = directory.path / CALIBRATION
    kept = read_calibration(path, mlp.inputs)
    kept.check(mlp, path)
    return str(directory.path), kept.rows, kept.targets


def _rows_of(
    model: OpenedModel, table: Any, reading: Reading, observer: Observer
) -> tuple[str, Rows, NDArray[Any] | None]:
    """The same of a table; what is right is known where it has the model's targets."""
    from mlp_edge.data.saved_columns import known_columns
    from mlp_edge.training.examples import reread_examples

    mlp, directory = model.mlp, model.directory
    read = read_any(table, reading)
    if directory is not None and set(directory.manifest.targets) <= set(read.columns):
        examples = reread_examples(read, directory.manifest)
        observer.found(examples.findings)
        return read.source, examples.rows, examples.targets
    try:
        rows, found = known_columns(read, mlp.features, nameless=directory is None)
    except TableError as error:
        names = f"{mlp.features[0].name}, …" if mlp.inputs > 1 else mlp.features[0].name
        hint = "" if directory else f"; a .keras file has no names: head the columns {names}"
        raise TableError(f"{error}{hint}") from error
    observer.found((*read.notes, *found))
    return read.source, rows, None


def _held_out(directory: ModelDirectory, mlp: Mlp, most: int) -> tuple[Rows, Score | None]:
    from mlp_edge.training.examples import reread_examples

    examples = reread_examples(sample_table(directory.path, most), directory.manifest)
    return examples.rows, row_score(mlp, examples.rows, examples.targets)


def row_score(mlp: Mlp, rows: Rows, targets: NDArray[Any] | None) -> Score | None:
    """Metrics of predictions; None without scikit-learn, or where nobody knows what is right.

    A regression whose targets nobody knows is held to the original's own predictions.
    """
    from mlp_edge.lazy import installed
    from mlp_edge.reference import predict
    from mlp_edge.training.scoring.scores import Truth, score

    if targets is None and mlp.task == "regression":
        targets = predict(mlp, rows).astype(np.float32)
    if targets is None or not installed("sklearn"):
        return None
    truth = Truth(mlp.task, targets, len(mlp.labels), mlp.threshold)
    return lambda predictions: score(JUDGED[mlp.task], truth, predictions)
