"""A network made smaller, and what that loses: made once for all formats, then judged."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mlp_edge.api.exporting.calibration_rows import RowSets, find_rows
from mlp_edge.api.exporting.losses import CALIBRATED, FOLDS, HELD_OUT, Losses
from mlp_edge.api.observer import Observer
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.settings import GUESSED, Reading
from mlp_edge.card import Card
from mlp_edge.errors import CheckError, InputError, ModelError
from mlp_edge.finding import Finding
from mlp_edge.integers.quantised import HIGHEST
from mlp_edge.integers.quantised_file import (
    QuantisationParameters,
    parameters_name,
    read_parameters,
    rows_sha256,
)
from mlp_edge.quantise.judge import Limits, loss
from mlp_edge.settings import setting

if TYPE_CHECKING:
    from mlp_edge.integers.quantised import Quantised
    from mlp_edge.mlp import Floats, Mlp, Predict, Rows
    from mlp_edge.proof.float_grade import FloatGrade
    from mlp_edge.quantise.network import Made

TWICE_ROUNDED = "neurons that TFLite Micro may give one step more, by layer"
FLOAT_GRADE = "float grade"
"""Keys of the report."""


class Quantisation(NamedTuple):
    """Integers of a network, and what they lose."""

    parameters: QuantisationParameters
    losses: Losses


class Quantiser:
    """Makes a network smaller and says what that loses.

    Args:
        model: the network and its rows.
        table: calibration rows, whatever ``read_any`` reads; None for the model directory's own.
        reading: how a file is read.
        kept: name of the exports among which integers of the same model and rows are looked for;
            None looks for none.
        called: what losses call the model, where there are several.
        observer: follows.
    """

    def __init__(
        self,
        model: OpenedModel,
        table: Any = None,
        reading: Reading = GUESSED,
        kept: str | None = None,
        called: str | None = None,
        *,
        observer: Observer,
    ) -> None:
        self.model = model
        self.table = table
        self.reading = reading
        self.kept = kept
        self.called = called
        self.observer = observer
        self._made: dict[str, Quantisation] = {}

    @cached_property
    def sets(self) -> RowSets:
        """Rows to quantise with and to judge by; found once, with what is said about them."""
        return find_rows(self.model, self.table, self.reading, self.observer)

    def quantised(self, dtype: str) -> Quantisation:
        """The network in integers, and what it loses on each set of rows; made once.

        Integers that were exported earlier are taken where model and calibration rows are the
        same, so that all formats share them.

        Raises:
            InputError: where there are no rows to quantise with.
            ModelError: for a network that has no such integers.
        """
        if dtype not in self._made:
            self._made[dtype] = self._quantised(dtype)
        return self._made[dtype]

    def _quantised(self, dtype: str) -> Quantisation:
        from mlp_edge.integers.integer_reference import predict_quantised
        from mlp_edge.integers.requantise import twice_rounded
        from mlp_edge.quantise import quantise
        from mlp_edge.quantise.judge import pooled

        mlp, rows = self.model.mlp, self.sets.calibration
        digest = rows_sha256(rows)
        with self.observer.step(f"quantising to {dtype}"):
            before = self._earlier(dtype, digest)
            made = before.quantised if before else quantise(mlp, rows, dtype)
            by_folds = pooled(mlp, rows, dtype)
            losses = self._losses(
                dtype, lambda held: predict_quantised(mlp, made, held), FOLDS, by_folds
            )
        report: dict[str, Any] = {name: asdict(one) for name, one in losses.sets.items()}
        if dtype == "int8":
            report[TWICE_ROUNDED] = twice_rounded(made)
        if dtype == "int24":
            grade = self._grade(made)
            losses = replace(losses, grade=grade)
            report[FLOAT_GRADE] = asdict(grade)
        return Quantisation(
            QuantisationParameters(made, mlp.weights_sha256, digest, report), losses
        )

    def _grade(self, made: Quantised) -> FloatGrade:
        """How int24 compares with float32's bound, on all rows there are and on drawn ones."""
        from mlp_edge.integers.integer_reference import predict_quantised
        from mlp_edge.proof.float_grade import float_grade

        mlp, rows = self.model.mlp, self._graded()
        return float_grade(mlp, rows, predict_quantised(mlp, made, rows))

    def _graded(self) -> Rows:
        """The rows (n, inputs) of which a float grade is; the same each time."""
        from mlp_edge.proof.float_grade import grade_rows

        sets = (self.sets.calibration, self.sets.held_out)
        return grade_rows(self.model.mlp, np.vstack([held for held in sets if held is not None]))

    def _earlier(self, dtype: str, digest: str) -> QuantisationParameters | None:
        """Integers that the model directory lists, as they were written, of the same rows."""
        from mlp_edge.files.writing import sha256
        from mlp_edge.reading import read_file

        directory = self.model.directory
        if self.kept is None or directory is None:
            return None
        path = directory.exports_path / parameters_name(self.kept, dtype)
        try:
            found = read_parameters(path)
            written = sha256(read_file(path))
        except ModelError:
            return None
        if directory.manifest.exports.get(path.name) != written:
            return None
        wanted = (self.model.mlp.weights_sha256, digest)
        return found if (found.weights_sha256, found.calibration_sha256) == wanted else None

    def losses_of(self, content: bytes, dtype: str) -> Losses | None:
        """What a TFLite file in float16 or dynamic loses; None where there are no rows to ask.

        Raises:
            InputError: for a calibration table that cannot be used.
        """
        from mlp_edge.runtime.litert import RUNTIME

        try:
            sets = self.sets
        except InputError as error:
            if self.table is not None:
                raise
            says = f"{dtype}: what it loses is not known: {error}"
            self.observer.found([Finding("unjudged", says)])
            return None
        with tempfile.TemporaryDirectory(prefix="mlp-edge-") as folder:
            path = Path(folder) / f"model{RUNTIME.reads}"
            path.write_bytes(content)
            with RUNTIME.open(path) as opened:
                predictions = opened.predict(sets.calibration)
                return self._losses(dtype, opened.predict, CALIBRATED, predictions)

    def _losses(self, dtype: str, predict: Predict, name: str, predictions: Floats) -> Losses:
        mlp, sets, found = self.model.mlp, self.sets, {}
        if sets.held_out is not None:
            ours = predict(sets.held_out)
            found[HELD_OUT] = loss(mlp, sets.held_out, ours, sets.held_out_score)
        found[name] = loss(mlp, sets.calibration, predictions, sets.score)
        return Losses(dtype, found, model=self.called)

    def check(self, losses: Losses, limits: Limits) -> None:
        """Refuse what loses too much.

        Raises:
            CheckError: saying how much, which layer costs most, and which dtype would hold.
        """
        found = losses.complaints(limits)
        if found:
            remedy = self._remedy(losses, limits)
            whose = "" if losses.model is None else f"{losses.model} in "
            raise CheckError(f"{whose}{losses.dtype}: {'; '.join(found)}; {remedy}")

    def _remedy(self, losses: Losses, limits: Limits) -> str:
        from mlp_edge.quantise.judge import layer_errors
        from mlp_edge.quantise.network import make

        dtype, grade = losses.dtype, losses.grade
        if dtype not in HIGHEST:
            return f"{setting('dtype', 'float32')} loses nothing"
        with self.observer.step("looking for the layer that costs most"):
            mlp, rows = self.model.mlp, self.sets.calibration
            made = make(mlp, rows, dtype)
            if grade is not None and not grade.holds:
                says = _worst_prediction(mlp, made, self._graded()[[grade.row]], grade.output)
            else:
                says, _ = _costliest(layer_errors(mlp, made, rows))
            holds = "float32"
            if dtype == "int8" and not self.quantised("int16").losses.complaints(limits):
                holds = "int16"
        return f"{says}; {setting('dtype', holds)} would hold"


def _costliest(errors: Sequence[float]) -> tuple[str, int]:
    """Which layer costs most, as a clause and from 0."""
    worst = errors.index(max(errors))
    return f"layer {worst + 1} costs most, ±{errors[worst]:.2g} alone", worst


def _worst_prediction(mlp: Mlp, made: Made, row: Rows, output: int) -> str:
    """What costs most of one prediction of a row (1, inputs): outputs have units of their own."""
    from mlp_edge.quantise.judge import coarsest_feature, layer_errors

    says, layer = _costliest(layer_errors(mlp, made, row, output))
    if mlp.outputs > 1:
        says = f"{says}, in {Card.of(mlp).output_names[output]!r}"
    feature = coarsest_feature(mlp, made.quantised, row, output) if layer == 0 else None
    return says if feature is None else f"{says}; the steps of {feature!r} most"


def with_twice_rounded(made: Quantisation) -> Losses:
    """The losses of int8, with a note on which runtimes of a TFLite file give other bits."""
    touched = sum(len(neurons) for neurons in made.parameters.report[TWICE_ROUNDED])
    every = sum(layer.outputs for layer in made.parameters.quantised.layers)
    if not touched:
        return made.losses
    says = (
        f"TFLite Micro, and LiteRT without its delegate, round twice: {touched} of {every} neurons "
        "may be one step higher there; the .json names them"
    )
    return replace(made.losses, notes=(says,))


def unchanged_layers(mlp: Mlp) -> list[Finding]:
    """What the converter's dynamic range quantisation leaves as it is; [] for nothing."""
    from mlp_edge.export.tflite_floats import SMALLEST_DYNAMIC

    small = sum(layer.weights.size < SMALLEST_DYNAMIC for layer in mlp.layers)
    if not small:
        return []
    says = (
        f"dynamic: {small} of {len(mlp.layers)} layers have fewer than {SMALLEST_DYNAMIC:,} "
        "weights, which TensorFlow's converter leaves in float32"
    )
    return [Finding("unchanged", says)]
