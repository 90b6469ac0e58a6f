"""The rows that a network is quantised with, and those that it is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlp_edge.api.sample import sample_table
from mlp_edge.cli.printing.console import warn_of
from mlp_edge.data.reading.size import MOST_BYTES
from mlp_edge.errors import InputError, TableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlp_edge.integers.quantised_file import QuantisationParameters
    from mlp_edge.mlp import Mlp, Rows, Task
    from mlp_edge.quantise.judge import Loss, Score
    from mlp_edge.readers.model_directory import ModelDirectory

JUDGED: Mapping[Task, tuple[str, ...]] = {
    "binary": ("accuracy", "auc", "log_loss"),
    "multiclass": ("accuracy", "log_loss"),
    "regression": ("r2", "rmse"),
}
"""Metrics that are shown; a drop of the first is judged."""
FEWEST = 20
"""Different rows that integers are made with, at least."""


@dataclass(frozen=True, eq=False)
class Source:
    """What is exported.

    Attributes:
        model: as it was named.
        mlp: the network.
        saved: its model directory; None for a .keras file alone.
        table: rows to calibrate with, as they were named; None for the model's own.
        place: where the files go.
        most: bytes that the table may have.
        made: dtype -> numbers that were made of it, and what they lose.
    """

    model: Path
    mlp: Mlp
    saved: ModelDirectory | None
    table: str | None
    place: Path
    most: int = MOST_BYTES
    made: dict[str, tuple[QuantisationParameters, dict[str, Loss]]] = field(default_factory=dict)

    @cached_property
    def sets(self) -> Sets:
        """Rows to quantise with and to judge by; found once, with what is said about them."""
        return find_rows(self)


@dataclass(frozen=True, eq=False)
class Sets:
    """Rows to quantise with and to judge by.

    Attributes:
        mlp: the network.
        calibration: raw readings (n, inputs) that have an answer.
        score: of answers to them; None where nobody knows what is right.
        held_out: raw readings that training never saw; None where there are none.
        held_out_score: of answers to those.
    """

    mlp: Mlp
    calibration: Rows
    score: Score | None
    held_out: Rows | None
    held_out_score: Score | None


def find_rows(source: Source) -> Sets:
    """The rows of a model directory, or of a table that somebody names.

    Raises:
        InputError: for a model without rows of its own, when no table is named.
        ModelError: when the rows are missing or damaged.
    """
    from mlp_edge.files.calibration import read_calibration
    from mlp_edge.readers.model_directory import CALIBRATION

    mlp, saved, table = source.mlp, source.saved, source.table
    held_out, held_out_score = (None, None) if saved is None else _held_out(saved, mlp, source.most)
    if table is not None:
        rows, targets = _rows_of(table, mlp, saved, source.most)
    elif saved is None:
        raise InputError(
            f"{source.model}: integers are made with rows like those that the model will see, and "
            "a .keras file has none; --rows TABLE names some"
        )
    else:
        kept = read_calibration(saved.path / CALIBRATION, mlp.inputs)
        kept.check(mlp, saved.path / CALIBRATION)
        rows, targets = kept
    answered = ~mlp.encoding.rejected(rows)
    rows, targets = rows[answered], None if targets is None else targets[answered]
    different = len(np.unique(rows, axis=0))
    if different < FEWEST:
        raise InputError(
            f"{table or source.model}: {different} different rows that have an answer are too few "
            f"to quantise with; {FEWEST} would do, some hundreds like those that the model will "
            "see are better"
        )
    return Sets(mlp, rows, _score(mlp, rows, targets), held_out, held_out_score)


def _rows_of(
    table: str, mlp: Mlp, saved: ModelDirectory | None, most: int
) -> tuple[Rows, NDArray[Any] | None]:
    """The readings of a table, and what is right where it has the model's targets."""
    from mlp_edge.data.reading.read import read_table
    from mlp_edge.data.saved_columns import known_columns
    from mlp_edge.training.examples import reread_examples

    read = read_table(table, most=most)
    if saved is not None and set(saved.manifest.targets) <= set(read.columns):
        examples = reread_examples(read, saved.manifest)
        readings, targets, findings = examples.rows, examples.targets, examples.findings
    else:
        try:
            readings, found = known_columns(read, mlp.features)
        except TableError as error:
            names = f"{mlp.features[0].name}, …" if mlp.inputs > 1 else mlp.features[0].name
            hint = "" if saved else f"; a .keras file has no names: head the columns {names}"
            raise TableError(f"{error}{hint}") from error
        targets, findings = None, (*read.notes, *found)
    warn_of(findings)
    return readings, targets


def _held_out(saved: ModelDirectory, mlp: Mlp, most: int) -> tuple[Rows | None, Score | None]:
    from mlp_edge.training.examples import reread_examples

    if saved.manifest.sample != "held-out":
        return None, None
    examples = reread_examples(sample_table(saved.path, most), saved.manifest)
    return examples.rows, _score(mlp, examples.rows, examples.targets)


def _score(mlp: Mlp, rows: Rows, targets: NDArray[Any] | None) -> Score | None:
    """Metrics of answers to rows; None without scikit-learn, or without anything right.

    A regression whose targets nobody knows is held to the original's own answers.
    """
    from mlp_edge.lazy import installed
    from mlp_edge.reference import predict
    from mlp_edge.training.scoring.scores import Truth, score

    if targets is None and mlp.task == "regression":
        targets = predict(mlp, rows).astype(np.float32)
    if targets is None or not installed("sklearn"):
        return None
    truth = Truth(mlp.task, targets, len(mlp.labels), mlp.threshold)
    return lambda answers: score(JUDGED[mlp.task], truth, answers)
