"""Making the numbers of ``--dtype int8`` and ``int16``, and judging what they lose."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlp_edge.cli.console import out, warn
from mlp_edge.cli.progress import status
from mlp_edge.cli.tables import new_table, show
from mlp_edge.errors import CheckError, InputError, ModelError, TableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlp_edge.mlp import Floats, Mlp, Predict, Rows, Task
    from mlp_edge.model_directory import ModelDirectory
    from mlp_edge.quantise.judge import Limits, Loss, Score
    from mlp_edge.quantised_file import Numbers

HELD_OUT, FOLDS, CALIBRATED = "held-out rows", "calibration, by folds", "calibration rows"
"""Sets of rows: never seen at all; calibration rows, by integers made without them; with them."""
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
    """

    model: Path
    mlp: Mlp
    saved: ModelDirectory | None
    table: str | None
    place: Path


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


def held(source: Source, dtype: str, limits: Limits) -> Numbers:
    """The numbers of a network that holds, and a table of what it loses.

    Raises:
        CheckError: when it loses too much.
    """
    sets = find_rows(source)
    made, losses = numbers(sets, dtype, earlier(source, dtype))
    show_losses(dtype, losses)
    check(sets, dtype, losses, limits)
    return made


def judged(source: Source, content: bytes, dtype: str, limits: Limits) -> bytes:
    """A TFLite file of coarser floats that holds; unjudged where there are no rows to ask.

    Raises:
        CheckError: when it loses too much.
    """
    from mlp_edge.runtime.litert import RUNTIME

    try:
        sets = find_rows(source)
    except InputError as error:
        if source.table is not None:
            raise
        warn(f"{dtype}: nobody asked what it loses: {error}")
        return content
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{RUNTIME.reads}"
        path.write_bytes(content)
        with RUNTIME.open(path) as opened:
            losses = _losses(sets, opened.predict, CALIBRATED, opened.predict(sets.calibration))
    show_losses(dtype, losses)
    check(sets, dtype, losses, limits)
    return content


def earlier(source: Source, dtype: str) -> Numbers | None:
    """The numbers that the model directory lists, if they are as they were written."""
    from mlp_edge.quantised_file import numbers_name, read_numbers
    from mlp_edge.writing import sha256

    if source.saved is None or source.place != source.saved.exports_path:
        return None
    path = source.place / numbers_name(source.mlp.name, dtype)
    try:
        numbers = read_numbers(path)
        written = sha256(path.read_bytes())
    except (ModelError, OSError):
        return None
    return numbers if source.saved.manifest.exports.get(path.name) == written else None


def find_rows(source: Source) -> Sets:
    """The rows of a model directory, or of a table that somebody names.

    Raises:
        InputError: for a model without rows of its own, when no table is named.
        ModelError: when the rows are missing or damaged.
    """
    from mlp_edge.calibration import read_calibration
    from mlp_edge.model_directory import CALIBRATION

    mlp, saved, table = source.mlp, source.saved, source.table
    held_out, held_out_score = (None, None) if saved is None else _held_out(saved, mlp)
    if table is not None:
        rows, targets = _rows_of(table, mlp, saved)
    elif saved is None:
        raise InputError(
            f"{source.model}: integers are made with rows like those that the model will see, and "
            "a .keras file has none; --rows TABLE names some"
        )
    else:
        rows, targets = read_calibration(saved.path / CALIBRATION, mlp.inputs)
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
    table: str, mlp: Mlp, saved: ModelDirectory | None
) -> tuple[Rows, NDArray[Any] | None]:
    """The readings of a table, and what is right where it has the model's targets."""
    from mlp_edge.data.known import known_columns
    from mlp_edge.data.read import read_table
    from mlp_edge.train.examples import reread_examples

    read = read_table(table)
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
    for finding in findings:
        warn(finding.says)
    return readings, targets


def _held_out(saved: ModelDirectory, mlp: Mlp) -> tuple[Rows | None, Score | None]:
    from mlp_edge.data.dialect import Dialect
    from mlp_edge.data.read import read_table
    from mlp_edge.model_directory import SAMPLE
    from mlp_edge.train.examples import reread_examples

    if saved.manifest.sample != "held-out":
        return None, None
    own = Dialect(sep=",", decimal=".", encoding="utf-8", header=True)
    examples = reread_examples(read_table(str(saved.path / SAMPLE), own), saved.manifest)
    return examples.rows, _score(mlp, examples.rows, examples.targets)


def _score(mlp: Mlp, rows: Rows, targets: NDArray[Any] | None) -> Score | None:
    """Metrics of answers to rows; None without scikit-learn, or without anything right.

    A regression whose targets nobody knows is held to the original's own answers.
    """
    from mlp_edge.lazy import installed
    from mlp_edge.reference import predict
    from mlp_edge.train.scores import Truth, score

    if targets is None and mlp.task == "regression":
        targets = predict(mlp, rows).astype(np.float32)
    if targets is None or not installed("sklearn"):
        return None
    truth = Truth(mlp.task, targets, len(mlp.labels), mlp.threshold)
    return lambda answers: score(JUDGED[mlp.task], truth, answers)


def numbers(sets: Sets, dtype: str, before: Numbers | None) -> tuple[Numbers, dict[str, Loss]]:
    """The network in integers, and what it loses on each set of rows.

    Args:
        sets: the rows.
        dtype: int8 or int16.
        before: made earlier; its integers are kept where model and calibration rows are the same,
            so that all formats share them.
    """
    from mlp_edge.integer_reference import predict
    from mlp_edge.quantise import quantise
    from mlp_edge.quantise.judge import pooled
    from mlp_edge.quantised_file import Numbers, rows_sha256
    from mlp_edge.requantise import twice_rounded

    mlp, rows = sets.mlp, sets.calibration
    digest = rows_sha256(rows)
    with status(f"quantising to {dtype}"):
        known = before and (before.weights_sha256, before.calibration_sha256) == (
            mlp.weights_sha256, digest,
        )  # fmt: skip
        quantised = before.quantised if before and known else quantise(mlp, rows, dtype)
        losses = _losses(
            sets, lambda held: predict(mlp, quantised, held), FOLDS, pooled(mlp, rows, dtype)
        )
    report: dict[str, Any] = {name: asdict(one) for name, one in losses.items()}
    if dtype == "int8":
        report["neurons that TFLite Micro may give one step more, by layer"] = twice_rounded(
            quantised
        )
    return Numbers(quantised, mlp.weights_sha256, digest, report), losses


def _losses(sets: Sets, predict: Predict, name: str, answers: Floats) -> dict[str, Loss]:
    from mlp_edge.quantise.judge import loss

    found = {}
    if sets.held_out is not None:
        ours = predict(sets.held_out)
        found[HELD_OUT] = loss(sets.mlp, sets.held_out, ours, sets.held_out_score)
    found[name] = loss(sets.mlp, sets.calibration, answers, sets.score)
    return found


def show_losses(dtype: str, losses: Mapping[str, Loss]) -> None:
    """A column per set: labels that change, the largest difference, every metric."""
    table = new_table(f"{dtype}: what it loses", "", *losses)
    every = losses.values()
    table.add_row("rows", *(f"{one.rows:,}" for one in every))
    if any(one.flips is not None for one in every):
        table.add_row("labels that change", *(f"{one.flips:,}" for one in every))
    table.add_row("largest |Δ|", *(f"{one.difference:.2g}" for one in every))
    if any(one.of_range for one in every):  # several targets have units of their own
        table.add_row("of its target's range", *(f"{one.of_range:.2g}" for one in every))
    for metric in dict.fromkeys(name for one in every for name in one.before):
        table.add_row(metric, *(_change(one, metric) for one in every))
    show(table)


def _change(one: Loss, metric: str) -> str:
    if metric not in one.before:
        return ""
    return f"{one.before[metric]:.4f} → {one.after[metric]:.4f}"


def say_twice_rounded(numbers: Numbers) -> None:
    """Which runtimes of a TFLite file have other bits, and where."""
    from mlp_edge.requantise import twice_rounded

    touched = sum(len(neurons) for neurons in twice_rounded(numbers.quantised))
    every = sum(layer.outputs for layer in numbers.quantised.layers)
    if touched:
        out.print(
            f"\nTFLite Micro, and LiteRT without its delegate, round twice: {touched} of {every} "
            "neurons\nmay be one step higher there; the .json names them",
            soft_wrap=True,
        )


def say_unchanged(mlp: Mlp) -> None:
    """What the converter's dynamic range quantisation leaves as it is."""
    from mlp_edge.export.tflite_floats import SMALLEST_DYNAMIC

    small = sum(layer.weights.size < SMALLEST_DYNAMIC for layer in mlp.layers)
    if small:
        warn(
            f"dynamic: {small} of {len(mlp.layers)} layers have fewer than {SMALLEST_DYNAMIC:,} "
            "weights, which TensorFlow's converter leaves in float32"
        )


def check(sets: Sets, dtype: str, losses: Mapping[str, Loss], limits: Limits) -> None:
    """Refuse what loses too much.

    Raises:
        CheckError: saying how much, which layer costs most, and which dtype would hold.
    """
    from mlp_edge.quantise.judge import complaints

    found = complaints(losses, limits)
    if found:
        raise CheckError(f"{dtype}: {'; '.join(found)}; {_remedy(sets, dtype, limits)}")


def _remedy(sets: Sets, dtype: str, limits: Limits) -> str:
    from mlp_edge.quantise.judge import complaints, layer_errors
    from mlp_edge.quantise.network import make

    if dtype not in ("int8", "int16"):
        return "--dtype float32 loses nothing"
    with status("looking for what costs most"):
        errors = layer_errors(sets.mlp, make(sets.mlp, sets.calibration, dtype), sets.calibration)
        worst = errors.index(max(errors))
        says = f"layer {worst + 1} costs most, ±{errors[worst]:.2g} alone"
        if dtype == "int8":
            _, losses = numbers(sets, "int16", None)
            if not complaints(losses, limits):
                return f"{says}; --dtype int16 would hold"
    return f"{says}; --dtype float32 would hold"
