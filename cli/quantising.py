"""Making the numbers of ``--dtype int8`` and ``int16``, and judging what they lose."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp_edge.cli.calibrating import Sets, Source
from mlp_edge.cli.printing.console import out, warn
from mlp_edge.cli.printing.progress import status
from mlp_edge.cli.printing.tables import new_table, show
from mlp_edge.errors import CheckError, InputError, ModelError

if TYPE_CHECKING:
    from mlp_edge.integers.quantised_file import QuantisationParameters
    from mlp_edge.mlp import Floats, Mlp, Predict
    from mlp_edge.quantise.judge import Limits, Loss

HELD_OUT, FOLDS, CALIBRATED = "held-out rows", "calibration, by folds", "calibration rows"
"""Sets of rows: never seen at all; calibration rows, by integers made without them; with them."""

TWICE_ROUNDED = "neurons that TFLite Micro may give one step more, by layer"
"""Key of the report."""


def held(source: Source, dtype: str, limits: Limits) -> QuantisationParameters:
    """The numbers of a network that holds, and a table of what it loses.

    Raises:
        CheckError: when it loses too much.
    """
    made, losses = parameters(source, dtype)
    show_losses(dtype, losses)
    check(source, dtype, losses, limits)
    return made


def judged(source: Source, content: bytes, dtype: str, limits: Limits) -> bytes:
    """A TFLite file of reduced precision; judged where there are rows to judge it by.

    Raises:
        CheckError: when it loses too much.
    """
    from mlp_edge.runtime.litert import RUNTIME

    try:
        sets = source.sets
    except InputError as error:
        if source.table is not None:
            raise
        warn(f"{dtype}: nobody asked what it loses: {error}")
        return content
    with tempfile.TemporaryDirectory(prefix="mlp-edge-") as folder:
        path = Path(folder) / f"model{RUNTIME.reads}"
        path.write_bytes(content)
        with RUNTIME.open(path) as opened:
            losses = _losses(sets, opened.predict, CALIBRATED, opened.predict(sets.calibration))
    show_losses(dtype, losses)
    check(source, dtype, losses, limits)
    return content


def earlier(source: Source, dtype: str) -> QuantisationParameters | None:
    """The numbers that the model directory lists, if they are as they were written."""
    from mlp_edge.files.writing import sha256
    from mlp_edge.integers.quantised_file import parameters_name, read_parameters
    from mlp_edge.reading import read_file

    if source.saved is None or source.place != source.saved.exports_path:
        return None
    path = source.place / parameters_name(source.mlp.name, dtype)
    try:
        parameters = read_parameters(path)
        written = sha256(read_file(path))
    except ModelError:
        return None
    return parameters if source.saved.manifest.exports.get(path.name) == written else None


def parameters(source: Source, dtype: str) -> tuple[QuantisationParameters, dict[str, Loss]]:
    """The network in int8 or int16, and what it loses on each set of rows; made once.

    Integers that were made earlier are kept where model and calibration rows are the same, so that
    all formats share them.
    """
    if dtype not in source.made:
        source.made[dtype] = _parameters(source.sets, dtype, earlier(source, dtype))
    return source.made[dtype]


def _parameters(
    sets: Sets, dtype: str, before: QuantisationParameters | None
) -> tuple[QuantisationParameters, dict[str, Loss]]:
    from mlp_edge.integers.integer_reference import predict_quantised
    from mlp_edge.integers.quantised_file import QuantisationParameters, rows_sha256
    from mlp_edge.integers.requantise import twice_rounded
    from mlp_edge.quantise import quantise
    from mlp_edge.quantise.judge import pooled

    mlp, rows = sets.mlp, sets.calibration
    digest = rows_sha256(rows)
    with status(f"quantising to {dtype}"):
        known = before and (before.weights_sha256, before.calibration_sha256) == (
            mlp.weights_sha256, digest,
        )  # fmt: skip
        quantised = before.quantised if before and known else quantise(mlp, rows, dtype)
        outputs = pooled(mlp, rows, dtype)
        losses = _losses(sets, lambda held: predict_quantised(mlp, quantised, held), FOLDS, outputs)
    report: dict[str, Any] = {name: asdict(one) for name, one in losses.items()}
    if dtype == "int8":
        report[TWICE_ROUNDED] = twice_rounded(quantised)
    return QuantisationParameters(quantised, mlp.weights_sha256, digest, report), losses


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


def say_twice_rounded(parameters: QuantisationParameters) -> None:
    """Which runtimes of a TFLite file have other bits, and where."""
    touched = sum(len(neurons) for neurons in parameters.report[TWICE_ROUNDED])
    every = sum(layer.outputs for layer in parameters.quantised.layers)
    if touched:
        out.print(
            "",
            "TFLite Micro, and LiteRT without its delegate, round twice: "
            f"{touched} of {every} neurons",
            "may be one step higher there; the .json names them",
            sep="\n",
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


def check(source: Source, dtype: str, losses: Mapping[str, Loss], limits: Limits) -> None:
    """Refuse what loses too much.

    Raises:
        CheckError: saying how much, which layer costs most, and which dtype would hold.
    """
    from mlp_edge.quantise.judge import complaints

    found = complaints(losses, limits)
    if found:
        raise CheckError(f"{dtype}: {'; '.join(found)}; {_remedy(source, dtype, limits)}")


def _remedy(source: Source, dtype: str, limits: Limits) -> str:
    from mlp_edge.quantise.judge import complaints, layer_errors
    from mlp_edge.quantise.network import make

    if dtype not in ("int8", "int16"):
        return "--dtype float32 loses nothing"
    with status("looking for what costs most"):
        mlp, rows = source.mlp, source.sets.calibration
        errors = layer_errors(mlp, make(mlp, rows, dtype), rows)
        worst = errors.index(max(errors))
        says = f"layer {worst + 1} costs most, ±{errors[worst]:.2g} alone"
        if dtype == "int8":
            _, losses = parameters(source, "int16")
            if not complaints(losses, limits):
                return f"{says}; --dtype int16 would hold"
    return f"{says}; --dtype float32 would hold"
