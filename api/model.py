"""``mlp_edge.open`` and the model that it gives: predict, evaluate, export, prove, measure."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp_edge.api.exporting.export_settings import RawSettings
from mlp_edge.api.opened_model import OpenedModel, not_signed
from mlp_edge.api.settings import (
    BenchSettings,
    CostSettings,
    EvaluationSettings,
    PredictionSettings,
    Reading,
    StreamSettings,
)
from mlp_edge.api.training.trained import Training
from mlp_edge.errors import InputError
from mlp_edge.given import listing, made
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.importing.opening import is_alone, read_foreign
from mlp_edge.readers.model_directory import ModelDirectory, directory_of, undisturbed
from mlp_edge.readers.model_directory import open_model as read_directory
from mlp_edge.readers.objects.opening import read_object
from mlp_edge.readers.replacing import check_place
from mlp_edge.signing.signature import signed_by as signed_by_key

if TYPE_CHECKING:
    from mlp_edge.api.benching import BenchReport
    from mlp_edge.api.comparing.comparison import Comparison
    from mlp_edge.api.costing import CostReport
    from mlp_edge.api.evaluation.evaluation import Evaluation
    from mlp_edge.api.exporting.exporting import Export
    from mlp_edge.api.inspection.inspecting import Inspection
    from mlp_edge.api.parity.held_integers import HeldParityReport
    from mlp_edge.api.parity.parity_report import ParityReport
    from mlp_edge.api.predicting import PredictedTable
    from mlp_edge.api.reporting.facts import Report
    from mlp_edge.api.streamed_table import StreamedTable
    from mlp_edge.api.verifying import Verification
    from mlp_edge.mlp import Floats, Mlp


class Model(OpenedModel):
    """A trained network with everything that can be done with it.

    Attributes:
        path: its model directory, or the file that it was opened from.
        mlp: the network as plain NumPy.
        directory: the model directory, read; None for a file alone.
        imported: what was found in a file alone; None for a model directory.
    """

    def __init__(
        self,
        path: Path,
        mlp: Mlp,
        directory: ModelDirectory | None,
        imported: Imported | None = None,
        training: Training | None = None,
    ) -> None:
        super().__init__(path, mlp, directory, imported)
        self._training = training

    def predict(self, rows: Any, *, runtime: str | None = None, trust: bool = False) -> Floats:
        """Predict rows of raw readings. ``mlp_edge.load`` keeps what predicts open meanwhile.

        Args:
            rows: the path of a table or a data set's name; or a data frame, an Arrow table, a
                structured array, a dict of columns or a list of dicts, read by name; or an array
                (n, inputs) in the features' order.
            runtime: keras, litert, onnxruntime, c, js, micropython or a chip; None for any.
            trust: run a header or script that was changed since it was exported.

        Returns:
            Predictions (n, outputs) float32: probabilities, or values of a regression; NaN for a
            row that the model has none for.

        Raises:
            InputError: for rows that do not fit.
            ModelError: for an export that is missing or damaged.
            VerifyError: when it was opened with a key that has not signed what is there now.
            MissingError: when this machine lacks what runs it.
        """
        from mlp_edge.api.predicting import open_predictor, predict_table

        if isinstance(rows, str | os.PathLike):
            chosen = PredictionSettings(runtime=runtime)
            return predict_table(self, rows, chosen, trust=trust).values
        with open_predictor(self, runtime, trust) as opened:
            return opened.predict(rows)

    @listing(Reading)
    def predict_table(
        self,
        table: Any = None,
        *,
        runtime: str | None = None,
        verify: bool = False,
        signed_by: str | os.PathLike[str] | None = None,
        out: str | os.PathLike[str] | None = None,
        spreadsheet_safe: bool = False,
        trust: bool = False,
        **reading: Any,
    ) -> PredictedTable:
        """Predict a table's rows, labels and findings included.

        Args:
            table: a path, a data set's name, a pandas, Polars or Arrow table, a structured array
                or ``(array, names)``; None for the data set that the model was trained on.
            runtime: keras, litert, onnxruntime, c, js, micropython or a chip; None for any.
            verify: check the file's checksum and golden rows first.
            signed_by: a public key in PEM, with whose private half the model directory has to be
                signed; None for the one that the model was opened with, if any.
            out: a CSV file to write: the table with predictions as further columns.
            spreadsheet_safe: write words that a spreadsheet would compute (=A1) as '=A1.
            trust: run a header or script that was changed since it was exported.
            **reading: how a file is written, as ``mlp_edge.train`` takes it.

        Returns:
            Values and labels of every row, with what was found in the table.

        Raises:
            InputError: for a table that does not fit, or a file that cannot be written.
            ModelError: for an export that is missing or damaged.
            VerifyError: when it is to be verified, and is not what was written.
            MissingError: when this machine lacks what runs it.
        """
        from mlp_edge.api.predicting import predict_table

        given = {
            "runtime": runtime, "verify": verify, "signed_by": signed_by, "out": out,
            "spreadsheet_safe": spreadsheet_safe,
        }  # fmt: skip
        chosen, written = made("predict_table", given | reading, PredictionSettings, Reading)
        return predict_table(self, table, chosen, written, trust=trust)

    @listing(Reading)
    def predict_stream(
        self,
        table: str | os.PathLike[str],
        *,
        out: str | os.PathLike[str] | None = None,
        on_error: str = "fail",
        engine: str = "local",
        address: str | None = None,
        runtime: str | None = None,
        verify: bool = False,
        signed_by: str | os.PathLike[str] | None = None,
        spreadsheet_safe: bool = False,
        trust: bool = False,
        **reading: Any,
    ) -> StreamedTable:
        """Predict a file of any size block by block, and count what its columns hold.

        Args:
            table: the path of a CSV file, plain or gzipped, or of a Parquet file.
            out: a file to write: the table with predictions as further columns, Parquet where the
                name ends in .parquet and else CSV, packed where it ends in .gz or .zst; None to
                count alone.
            on_error: "fail" ends the work at a row with a cell that cannot be read, "skip" leaves
                the row out, "null" keeps it without a prediction.
            engine: what works on blocks: "local", the cores of this machine, or "ray".
            address: of a Ray cluster; None for one of this machine.
            runtime: keras, litert, onnxruntime, c, js, micropython or a chip; None for any.
            verify: check the file's checksum and golden rows first.
            signed_by: a public key in PEM, with whose private half the model directory has to be
                signed; None for the one that the model was opened with, if any.
            spreadsheet_safe: write words that a spreadsheet would compute (=A1) as '=A1.
            trust: run a header or script that was changed since it was exported.
            **reading: how the file is written, as ``mlp_edge.train`` takes it.

        Returns:
            Rows, bad rows, and for each column the readings that are missing, unknown or out of
            the range that the model declares.

        Raises:
            InputError: for a table that does not fit, or a file that cannot be written.
            ModelError: for an export that is missing or damaged.
            VerifyError: when it is to be verified, and is not what was written.
            MissingError: when this machine lacks what runs it, or packs the file.
        """
        from mlp_edge.api.streaming import predict_stream

        given = {
            "runtime": runtime, "verify": verify, "signed_by": signed_by, "out": out,
            "spreadsheet_safe": spreadsheet_safe,
            "on_error": on_error, "engine": engine, "address": address,
        }  # fmt: skip
        chosen, streaming, written = made(
            "predict_stream", given | reading, PredictionSettings, StreamSettings, Reading
        )
        return predict_stream(self, table, chosen, streaming, written, trust=trust)

    @listing(Reading)
    def evaluate(
        self,
        table: Any = None,
        *,
        runtime: str | None = None,
        dtype: str = "float32",
        signed_by: str | os.PathLike[str] | None = None,
        metrics: Sequence[str] = (),
        threshold: float | None = None,
        plots: bool | None = None,
        importance: bool = False,
        rows_out: str | os.PathLike[str] | None = None,
        spreadsheet_safe: bool = False,
        trust: bool = False,
        **reading: Any,
    ) -> Evaluation:
        """Score the model beside a linear and a constant one.

        Args:
            table: rows with their targets, as ``predict_table`` takes them; None for the rows that
                training held out.
            runtime: what predicts; None for the first that can.
            dtype: of the export that predicts.
            signed_by: as ``predict_table`` takes it.
            metrics: names of the scores, or one; () for all.
            threshold: another than the model's own, between 0 and 1.
            plots: whether to draw pictures into the model directory; None draws them where
                matplotlib is installed and the directory can be written to.
            importance: whether to shuffle each column, to see by how much the first of the
                metrics gets worse; of no metrics log_loss or rmse.
            rows_out: a CSV file to write: every row with its prediction and whether it is right.
            spreadsheet_safe: write words that a spreadsheet would compute (=A1) as '=A1.
            trust: run a header or script that was changed since it was exported.
            **reading: how a file is written, as ``mlp_edge.train`` takes it.

        Returns:
            Every score beside the baselines', and each row with its prediction.

        Raises:
            InputError: for a file alone, a table that does not fit, settings that cannot
                be met, or a file that cannot be written.
            ModelError: for an export that is missing or damaged.
            VerifyError: when the model directory is not what the key has signed.
            MissingError: without scikit-learn, or without what is to predict.
        """
        from mlp_edge.api.evaluation.evaluating import evaluate

        given = {
            "runtime": runtime, "dtype": dtype, "signed_by": signed_by, "metrics": metrics,
            "threshold": threshold, "plots": plots, "importance": importance, "rows_out": rows_out,
            "spreadsheet_safe": spreadsheet_safe,
        }  # fmt: skip
        chosen, written = made("evaluate", given | reading, EvaluationSettings, Reading)
        return evaluate(self, table, chosen, written, trust=trust)

    def inspect(self) -> Inspection:
        """Read what is in the model.

        Returns:
            Layers, features, scaling and hashes; of a model directory also its recipe, scores and
            exports.

        Raises:
            ModelError: when it was damaged since it was opened.
        """
        from mlp_edge.api.inspection.inspecting import inspect, inspect_in_memory

        if self.imported is not None and self.imported.original is not None:
            return inspect_in_memory(self.path, self.imported)
        return inspect(self.path)

    @listing(Reading)
    def report(
        self,
        table: Any = None,
        *,
        out: str | os.PathLike[str] | None = None,
        parity: bool = False,
        cost: bool = True,
        boards: Sequence[str] = (),
        runtime: str | None = None,
        trust: bool = False,
        **reading: Any,
    ) -> Report:
        """Write one page with everything that is known of the model, and the same as JSON.

        Args:
            table: rows with their targets, as ``predict_table`` takes them; None for the rows that
                training held out.
            out: the HTML file to write, with its facts in a .json file beside it; None for
                report.html and report.json in the model directory.
            parity: hold every export against the original first.
            cost: compile the C headers for boards.
            boards: uno, pico, esp32-c3 and the like, or one; () for all.
            runtime: what predicts; None for the fastest export.
            trust: run a header or script that was changed since it was exported.
            **reading: how a file is written, as ``mlp_edge.train`` takes it.

        Returns:
            What the page says, as plain values, and the files that were written.

        Raises:
            InputError: for a file alone, a table that does not fit, settings that cannot be met,
                or a file of somebody else's that would be lost.
            ModelError: for an export that is missing or damaged.
            MissingError: without scikit-learn, or without what is to predict.
        """
        from mlp_edge.api.reporting.report_settings import ReportSettings
        from mlp_edge.api.reporting.reporting import report

        given = {
            "out": out, "parity": parity, "cost": cost, "boards": boards, "runtime": runtime,
            "trust": trust,
        }  # fmt: skip
        chosen, written = made("report", given | reading, ReportSettings, Reading)
        return report(self, table, chosen, written)

    @listing(Reading)
    def compare(
        self,
        other: OpenedModel,
        table: Any = None,
        *,
        out: str | os.PathLike[str] | None = None,
        cost: bool = True,
        boards: Sequence[str] = (),
        runtime: str | None = None,
        trust: bool = False,
        **reading: Any,
    ) -> Comparison:
        """Compare the model with another that predicts the same, on rows that neither learned from.

        Args:
            other: from a model directory, with the same task, targets and classes.
            table: rows with their targets, as ``predict_table`` takes them; None for the rows that
                both held out.
            out: an HTML file to write, with its facts in a .json file beside it; None writes none.
            cost: compile the C headers for boards.
            boards: uno, pico, esp32-c3 and the like, or one; () for all.
            runtime: what predicts; None for the first that can.
            trust: run a header or script that was changed since it was exported.
            **reading: how a file is written, as ``mlp_edge.train`` takes it.

        Returns:
            Scores with the standard errors of their differences, rows whose predictions differ,
            features, settings, sizes and cost.

        Raises:
            InputError: for a file alone, models that predict different things, fewer than two
                rows in common, a table that does not fit, or a file of somebody else's that would
                be lost.
            ModelError: for an export that is missing or damaged.
            MissingError: without scikit-learn, or without what is to predict.
        """
        from mlp_edge.api.comparing.comparing import compare
        from mlp_edge.api.reporting.report_settings import ReportSettings

        given = {"out": out, "cost": cost, "boards": boards, "runtime": runtime, "trust": trust}
        chosen, written = made("compare", given | reading, ReportSettings, Reading)
        return compare(self, other, table, chosen, written)

    def cost(
        self,
        *,
        chips: Sequence[str] = (),
        boards: Sequence[str] = (),
        dtype: str | None = None,
        opt: str = "Os",
        clock: str | float | None = None,
        budget: str | Mapping[str, float] | None = None,
        trust: bool = False,
    ) -> CostReport:
        """Measure what the exported header takes on simulated chips.

        Args:
            chips: some of avr, cortex-m0, cortex-m3, cortex-m4 and rv32, or one; () for all, unless
                there are boards.
            boards: uno, pico, esp32-c3 and the like, or all.
            dtype: of the header: float32, int8, int16 or int24; None for float32 where it was
                exported, else for the one that was.
            opt: how it is compiled: Os, O2 or O3.
            clock: of the chip in hertz, or a text such as "8M"; None for the board's.
            budget: the most that flash, ram and stack (bytes), ms, cycles and instructions may
                be, or a text such as "flash=4k,ms=5"; ``CostReport.check`` holds the figures to it.
            trust: run a header or script that was changed since it was exported.

        Returns:
            Flash, RAM and stack in bytes, and the time of a row, on each chip.

        Raises:
            InputError: for a file alone, or settings that cannot be met.
            ModelError: for a header that is missing, damaged or of another model.
        """
        from mlp_edge.api.costing import cost

        given = {
            "chips": chips,
            "boards": boards,
            "dtype": dtype,
            "opt": opt,
            "clock": clock,
            "budget": budget,
        }
        (chosen,) = made("cost", given, CostSettings)
        return cost(self, chosen, trust=trust)

    def bench(
        self,
        *,
        runtimes: Sequence[str] = (),
        batches: int | Sequence[int] = (1, 16, 256, 4096),
        seconds: float = 0.25,
        cold: bool = True,
    ) -> BenchReport:
        """Measure how fast every export predicts on every runtime.

        Args:
            runtimes: some of keras, litert, onnxruntime, c, js, micropython and the chips, or one;
                () for those of this machine.
            batches: rows per call, from 1 to a million; 1 is always measured.
            seconds: for each runtime and batch size.
            cold: start each in a fresh Python, too.

        Returns:
            Seconds for a row, rows per second by batch size, and seconds from a cold start.

        Raises:
            InputError: without exports, or when none can run here.
            ModelError: for an export that is damaged, or made from other weights.
        """
        from mlp_edge.api.benching import bench

        given = {"runtimes": runtimes, "batches": batches, "seconds": seconds, "cold": cold}
        (chosen,) = made("bench", given, BenchSettings)
        return bench(self, chosen)

    @listing(RawSettings, Reading)
    def export(
        self,
        formats: str | Sequence[str] = (),
        *,
        dtype: str | None = None,
        calibration_table: Any = None,
        max_flips: float = 0.02,
        max_drop: float = 0.02,
        chip: str | None = None,
        name: str | None = None,
        signed_by: str | os.PathLike[str] | None = None,
        out: str | os.PathLike[str] | None = None,
        weights_only: bool = False,
        split: bool = False,
        package: str | None = None,
        package_version: str = "1.0.0",
        others: Sequence[OpenedModel] = (),
        **reading: Any,
    ) -> Export:
        """Write files for runtimes and devices: ``export("c", dtype="int8").content`` is a header.

        Args:
            formats: of "tflite", "onnx", "c"; "js", "micropython". () for the first three.
            dtype: "float32"; "int8"; "int16", "int24" (not tflite); "float16", "dynamic" (tflite);
                "smallest", the cheapest in C that holds; None for float32, or a file's.
            calibration_table: rows to quantise with, as ``evaluate`` takes them; None for its own.
            max_flips: share of the labels that a smaller dtype may change, 0 to 1.
            max_drop: how much accuracy, or R² of a regression, it may lose.
            chip: that "smallest" is measured on; None for avr, or else cortex-m4.
            name: of files and C symbols; None for the model's.
            signed_by: as ``predict_table`` takes it; for each of ``others``, too.
            out: folder to write to; None for exports/ in the model directory, or beside the file.
            weights_only: a C header of arrays, without functions.
            split: C as NAME.h, NAME.c, and kernels that several models share.
            package: arduino, platformio, esp-idf, zephyr or cmake, of C; triton or kserve, of ONNX.
            package_version: of the package.
            others: further models for it, each in the same dtype; C shares the kernels.
            **reading: units of counts, and how a file of rows is written, as in ``mlp_edge.train``.

        Returns:
            The files' bytes and places, and what a smaller dtype loses.

        Raises:
            InputError: for settings, rows or a folder that are missing or cannot be used.
            ModelError: for a network that the format or the dtype cannot hold.
            VerifyError: when a model directory is not what the key has signed.
            MissingError: when a format needs TensorFlow or tf2onnx.
            CheckError: when a smaller dtype loses more than it may; nothing is written then.
        """
        from mlp_edge.api.exporting.export_settings import ExportSettings
        from mlp_edge.api.exporting.exporting import export

        given = {
            "formats": formats, "dtype": dtype, "max_flips": max_flips, "max_drop": max_drop,
            "chip": chip, "name": name, "signed_by": signed_by, "out": out,
            "weights_only": weights_only, "split": split,
            "package": package, "package_version": package_version,
        }  # fmt: skip
        chosen, how = made("export", given | reading, ExportSettings, Reading)
        return export(self, chosen, calibration_table=calibration_table, reading=how, others=others)

    @listing(Reading)
    def parity(
        self,
        *,
        runtimes: str | Sequence[str] = (),
        formats: str | Sequence[str] = (),
        require: str | Sequence[str] = (),
        table: Any = None,
        allow_vacuous: bool = False,
        monotone: Mapping[str, str] | Sequence[str] = (),
        exports: str | os.PathLike[str] | None = None,
        trust: bool = False,
        wait: float = 10.0,
        **reading: Any,
    ) -> ParityReport | HeldParityReport:
        """Compare every export with the original, and write parity.json beside the exports.

        The original is the model as its owner has it: a stranger's file is run itself, where
        something here runs it.

        Args:
            runtimes: litert, onnxruntime, c, js, micropython; a chip: avr, cortex-m0, cortex-m3,
                cortex-m4, rv32; all; serial:PORT, or serial:PORT@BAUD, for the board that is
                plugged in there. () for those of this machine.
            formats: tflite, onnx, c, js, micropython; () for all.
            require: runtimes that have to run, or all: one that cannot is a failure.
            table: rows of which is said whether their label is certain: a path, a data set's name,
                a data frame, an Arrow table, a structured array or ``(array, names)``; None for
                the held-out rows.
            allow_vacuous: whether a bound may be too wide to prove anything, or not be derived.
            monotone: columns that every prediction is to follow, such as ``{"age": "+"}``, beside
                those that the model was trained to follow.
            exports: folder of the exports of a file alone; None for exports/ beside it.
            trust: run a header or script that was changed since it was exported.
            wait: seconds that a board may take to start, and to predict a row.
            **reading: how a file of rows is written, as ``mlp_edge.train`` takes it.

        Returns:
            Verdicts, figures, a certificate; ``check()`` raises where parity does not hold.

        Raises:
            InputError: for no export that a chosen runtime reads, or a board that does not answer
                or runs another model.
            TableError: for a table that does not fit the model.
            ModelError: for a model directory that is damaged.
            MissingError: when what runs the original, such as TensorFlow, is missing.
        """
        from mlp_edge.api.parity.parity_settings import ParitySettings
        from mlp_edge.api.parity.proving import prove

        given = {
            "runtimes": runtimes, "formats": formats, "require": require,
            "allow_vacuous": allow_vacuous, "monotone": monotone, "exports": exports,
            "trust": trust, "wait": wait,
        }  # fmt: skip
        chosen, written = made("parity", given | reading, ParitySettings, Reading)
        return prove(self, chosen, table=table, reading=written)

    @property
    def training(self) -> Training:
        """What its training found.

        Returns:
            Scores, warnings and settings; for a model that was opened, what its model.json holds.

        Raises:
            InputError: for a file alone, which tells nothing.
        """
        if self._training is None:
            if self.directory is None:
                raise InputError(f"{self.path}: {self.alone} does not tell how it was trained")
            self._training = Training(self.directory.manifest, self.mlp)
        return self._training

    def sign(self, key: str | os.PathLike[str], *, passphrase: str | None = None) -> Verification:
        """Sign every file of the model directory, so that others can tell who made it.

        The signature goes into model.sig, in the format of OpenSSF model signing. Whatever is
        written into the directory afterwards is not covered: sign last.

        Args:
            key: a private key in PEM, of P-256, P-384 or P-521, that stands outside the directory.
            passphrase: of an encrypted key; None for what the environment variable
                MLP_EDGE_KEY_PASSPHRASE holds.

        Returns:
            The files that it covers; ``mlp_edge.verify`` holds a directory to it.

        Raises:
            InputError: for a file alone, another kind of key, a link in the directory, or where
                nothing can be written.
            MissingError: when the extra is not installed.
        """
        from mlp_edge.api.verifying import sign_model

        return sign_model(self, key, passphrase)

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> Model:
        """Copy the model directory, exports included.

        Args:
            path: a folder that does not exist, is empty or, with ``force``, holds a model.
            force: replace a model that is there.

        Returns:
            The model in its new place.

        Raises:
            InputError: for a file alone, or a place that is taken.
        """
        from mlp_edge.files.writing import write_directory

        if self.directory is None:
            would_do = "export(out=…)" if self.in_memory else "copying it"
            raise InputError(
                f"{self.path}: there is no model directory to copy; {would_do} would do"
            )
        place = Path(path)
        check_place(place, force)
        files = {
            file.relative_to(self.path).as_posix(): file.read_bytes()
            for file in sorted(self.path.rglob("*"))
            if file.is_file()
        }
        write_directory(place, files, lambda: check_place(place, force))
        return open_model(place)


def open_model(source: Any, *, signed_by: str | os.PathLike[str] | None = None) -> Model:
    """Open a model for everything that can be done with it; ``mlp_edge.load`` only predicts.

    Args:
        source: a model directory, its model.keras, a file of another network
            (docs/reference/importing.md lists them), or a model in memory, of Keras,
            scikit-learn or PyTorch.
        signed_by: a public key in PEM, with whose private half the model directory has to be
            signed. ``predict``, ``predict_table``, ``predict_stream``, ``evaluate`` and ``export``
            hold to it what they read later.

    Returns:
        The model, read and checked.

    Raises:
        ModelError: for what cannot be read.
        VerifyError: when the model directory is not what the key has signed.
        InputError: for something else, or a key that cannot be one.
        MissingError: when a key is given, and the extra is not installed.
    """
    key = None if signed_by is None else Path(signed_by)
    if isinstance(source, str | os.PathLike):
        return _of_path(Path(source), key)
    found = read_object(source)
    model = Model(Path(found.mlp.name), found.mlp, None, found)
    model.in_memory = True
    if key is not None:
        raise InputError(not_signed(model.path, model.alone))
    return model


def _of_path(path: Path, key: Path | None) -> Model:
    path = directory_of(path)
    if is_alone(path):
        found = read_foreign(path)
        model = Model(path, found.mlp, None, found)
        if key is not None:
            raise InputError(not_signed(path, model.alone))
        return model

    def read() -> tuple[ModelDirectory, Mlp]:
        ModelDirectory.open(path)  # which says what is missing
        with signed_by_key(path, key):
            return read_directory(path)

    directory, mlp = read_directory(path) if key is None else undisturbed(path, read)
    model = Model(path, mlp, directory)
    model.signed_by = key
    return model
