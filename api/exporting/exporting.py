"""``Model.export``: files for runtimes and devices, in float32 or smaller, and what those lose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp_edge.api.exporting.candidates import Candidates, find_smallest
from mlp_edge.api.exporting.export_settings import (
    FLOAT32,
    INT8,
    SMALLEST,
    ExportSettings,
    chosen_exporters,
)
from mlp_edge.api.exporting.held_integers import (
    STOOD_FOR,
    check_held,
    held_files,
    held_integers,
)
from mlp_edge.api.exporting.losses import Losses
from mlp_edge.api.exporting.packaging import Split, check_others, packed
from mlp_edge.api.exporting.quantiser import (
    Quantiser,
    unchanged_layers,
    with_twice_rounded,
)
from mlp_edge.api.exporting.raw_units import check_units, raw_units, without_counts
from mlp_edge.api.observer import SILENT, Observer, Recording
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.result import Result, Sheet
from mlp_edge.api.settings import GUESSED, Reading
from mlp_edge.errors import InputError, OpeningError
from mlp_edge.files.writing import sha256, write_files
from mlp_edge.finding import Finding
from mlp_edge.integers.quantised_file import parameters_name
from mlp_edge.lazy import tensorflow
from mlp_edge.mlp import Mlp
from mlp_edge.raw_units import RawUnits
from mlp_edge.readers.model_directory import EXPORTS, WEIGHTS_ONLY
from mlp_edge.readers.objects.keras_models import IN_MEMORY
from mlp_edge.settings import setting

if TYPE_CHECKING:
    from mlp_edge.export.exporter import Exporter


@dataclass(frozen=True, repr=False)
class Export(Result):
    """What was exported.

    Attributes:
        name: of the model, as in files and C symbols.
        dtype: of the files; what smallest came to.
        files: name -> content.
        paths: where they were written, in the same order; () where they were not.
        listed: whether model.json lists them, and ``Model.parity`` compares them.
        losses: what the dtype loses; None of float32, and where there were no rows to ask.
        candidates: of smallest; None otherwise.
        findings: what there is to warn of.
        raw: feature -> what its counts stand for, such as "count * 0.1"; None of a header whose
            counts are the readings, and of every other file.
    """

    name: str
    dtype: str
    files: Mapping[str, bytes]
    paths: tuple[Path, ...] = ()
    listed: bool = False
    losses: Losses | None = None
    candidates: Candidates | None = None
    findings: tuple[Finding, ...] = ()
    raw: Mapping[str, str] | None = None

    @property
    def content(self) -> bytes:
        """The one file's bytes; integers bring NAME_int8.json with them, which is not counted.

        Raises:
            InputError: where there are several.
        """
        return self.files[self._only()]

    @property
    def path(self) -> Path:
        """Where the one file was written.

        Raises:
            InputError: where there are several, or it was not written.
        """
        name = self._only()
        if not self.paths:
            raise InputError(f"{name}: not written; {setting('out')} names a folder")
        return next(path for path in self.paths if path.name == name)

    def _only(self) -> str:
        names = [name for name in self.files if not name.endswith(".json")]
        if len(names) != 1:
            raise InputError(f"there are {len(names)} files: {', '.join(names)}; choose in files")
        return names[0]

    def to_dict(self) -> dict[str, Any]:
        """What was exported, without the content.

        Returns:
            Names, sizes, hashes and places of the files; losses, candidates and findings.
        """
        places = {path.name: str(path) for path in self.paths}
        return {
            "model": self.name,
            "dtype": self.dtype,
            "files": [
                {
                    "name": name,
                    "bytes": len(content),
                    "sha256": sha256(content),
                    "path": places.get(name),
                }
                for name, content in self.files.items()
            ],
            "losses": None if self.losses is None else self.losses.to_dict(),
            "candidates": None if self.candidates is None else self.candidates.to_dict(),
            "findings": [each._asdict() for each in self.findings],
            "raw": None if self.raw is None else dict(self.raw),
        }

    def sheets(self) -> list[Sheet]:
        """What is shown of it.

        Returns:
            The candidates, the losses, and a table with a row per file.
        """
        shown = [] if self.candidates is None else self.candidates.sheets()
        shown += [] if self.losses is None else self.losses.sheets()
        places = {path.name: str(path.parent) for path in self.paths}
        rows = tuple(
            (name, places.get(name, "in memory"), f"{len(content):,}")
            for name, content in self.files.items()
        )
        title = f"{self.name}: exported in {self.dtype}"
        shown.append(Sheet(title, ("file", "folder", "bytes"), rows, text_columns=2))
        return [*shown, *self.units()]

    def units(self) -> list[Sheet]:
        """What the counts of a header stand for.

        Returns:
            A table with a row per feature; none where counts are the readings.
        """
        if self.raw is None:
            return []
        title = "counts of NAME_predict_raw"
        return [Sheet(title, ("feature", "reading"), tuple(self.raw.items()), text_columns=2)]


def export(
    model: OpenedModel,
    settings: ExportSettings | None = None,
    *,
    calibration_table: Any = None,
    reading: Reading = GUESSED,
    others: Sequence[OpenedModel] = (),
    observer: Observer = SILENT,
) -> Export:
    """Export a model, all files or none.

    Args:
        model: what to export; of a model directory, ``model.directory`` then lists the files.
        settings: formats, dtype and limits; None for all formats in float32.
        calibration_table: rows to quantise with, as ``read_any`` takes them; None for its own.
        reading: how a file of them is read.
        others: further models for a package, each in the same dtype; C shares the kernels.
        observer: follows; it hears of candidates and losses before they are judged.

    Raises:
        InputError: for settings that do not go together, or a folder that cannot be written.
        TableError: for a calibration table that cannot be used.
        ModelError: for a network that the format or the dtype cannot hold.
        VerifyError: when a model directory is not what a key has signed.
        MissingError: when a format needs TensorFlow or tf2onnx.
        CheckError: when a smaller dtype loses more than it may; nothing is written then.
    """
    settings, heard = settings or ExportSettings(), Recording(observer)
    with model.held_to(settings.signed_by):
        _check_rows(model, settings, calibration_table)
        mlp = model.mlp if settings.name is None else replace(model.mlp, name=settings.name)
        check_others(settings, mlp.name, others, calibration_table)
        for each in (model, *others):
            each.refresh()
            _check_original(each, settings, heard)
        place = _place(model, settings.out)
        beside = model.directory is not None and settings.out is None
        called, kept = (mlp.name if has else None for has in (others, beside))
        quantiser = Quantiser(model, calibration_table, reading, kept, called, observer=heard)
        made = _made(quantiser, mlp, settings)
    if settings.package is not None:
        splits = [made.of(mlp), *(_further(other, settings, heard) for other in others)]
        made = replace(made, files=packed(settings, splits, heard))
    listed = beside and not settings.weights_only  # which has nothing to run
    if listed and model.directory is not None:
        model.directory = model.directory.add_exports(made.files)
    elif place is not None:
        _check_places(model, place, made.files)
        write_files(place, made.files)
    return Export(
        name=mlp.name,
        dtype=made.dtype,
        files=made.files,
        paths=() if place is None else tuple(place / name for name in made.files),
        listed=listed,
        losses=made.losses,
        candidates=made.candidates,
        findings=tuple(heard.findings),
        raw=None if made.raw is None else made.raw.formulas(mlp.features),
    )


def _check_rows(model: OpenedModel, settings: ExportSettings, table: Any) -> None:
    """Refuse rows to quantise with where nothing is quantised, and units of unknown columns.

    Raises:
        InputError: for them, and for other settings that integers of a file do not take.
    """
    check_units(settings, model.mlp)
    if held_integers(model, settings) is not None:
        check_held(model, settings, table)
    elif table is not None and settings.dtype in (None, FLOAT32):
        raise InputError(
            f"{setting('calibration_table')} is for smaller data types: with "
            f"{setting('dtype', 'int8')}, int16, int24 or smallest"
        )


def _check_original(model: OpenedModel, settings: ExportSettings, observer: Observer) -> None:
    """Say what was not read as it is, and refuse what Keras itself predicts otherwise.

    Keras is asked about a file where a format takes TensorFlow anyway; ``Model.parity`` asks it
    about every row.

    Raises:
        ModelError: as ``check_keras``.
    """
    from mlp_edge.runtime.keras import RUNTIME
    from mlp_edge.runtime.verify import check_keras, check_reading

    found = model.imported
    if found is None:
        return
    observer.found([Finding("imported", remark) for remark in found.remarks])
    if found.integers is not None and held_integers(model, settings) is None:
        observer.found([Finding("imported", STOOD_FOR)])
    in_memory = found.format == IN_MEMORY and found.original is not None
    if not (in_memory or found.format == "Keras") or (steps := found.steps) is None:
        return
    if found.format == IN_MEMORY and found.original is not None:
        check_reading(model.path, found.original.predict, model.mlp, steps)
    elif found.format == "Keras" and _takes_tensorflow(settings) and RUNTIME.missing() is None:
        with observer.step("starting TensorFlow"):
            tensorflow()
        try:
            check_keras(model.path, model.mlp, steps)
        except OpeningError as error:
            if not found.written_by.startswith("Keras 2."):
                raise
            observer.found([Finding("imported", f"not compared with Keras itself: {error}")])


def _takes_tensorflow(settings: ExportSettings) -> bool:
    exporters = chosen_exporters(settings.chosen_formats, settings.dtype or FLOAT32)
    return any(exporter.needs == "train" for exporter in exporters)


def _check_places(model: OpenedModel, place: Path, files: Iterable[str]) -> None:
    """Refuse to write an export over the file that it is made of.

    Raises:
        InputError: naming that file.
    """
    for path in (place / name for name in files):
        if not model.in_memory and path.is_file() and path.samefile(model.path):
            raise InputError(
                f"{path}: is the model itself, which an export does not replace; another folder "
                f"as {setting('out')}, or another {setting('name')}, would do"
            )


def _place(model: OpenedModel, out: Path | None) -> Path | None:
    """Where files go; None for nowhere, as of a Keras model in memory."""
    if out is not None or model.in_memory:
        return out
    return (model.path.parent if model.directory is None else model.path) / EXPORTS


@dataclass(frozen=True)
class _Made:
    dtype: str
    files: Mapping[str, bytes]
    losses: Losses | None = None
    candidates: Candidates | None = None
    raw: RawUnits | None = None

    def of(self, mlp: Mlp) -> Split:
        """What a package is given of it."""
        return Split(mlp, self.dtype, self.files)


def _further(model: OpenedModel, settings: ExportSettings, observer: Observer) -> Split:
    """Another model of a package; raises as ``_made``, and where it is not what was signed."""
    kept = model.name if model.directory is not None else None
    with model.held_to(settings.signed_by):
        quantiser = Quantiser(model, kept=kept, called=model.name, observer=observer)
        settings = replace(settings, raw_scale=(), raw_offset=())  # of columns of the first
        return _made(quantiser, model.mlp, settings).of(model.mlp)


def _made(quantiser: Quantiser, mlp: Mlp, settings: ExportSettings) -> _Made:
    """The files; smaller dtypes are judged first.

    Raises:
        CheckError: when a dtype loses too much.
    """
    from mlp_edge.export.c import export as header
    from mlp_edge.export.c import export_split

    held = held_integers(quantiser.model, settings)
    if held is not None:
        return _Made(INT8, held_files(held, mlp, settings))
    if settings.weights_only:
        return _Made(FLOAT32, {f"{mlp.name}{WEIGHTS_ONLY}": header(mlp, weights_only=True)})
    dtype, candidates = settings.dtype or FLOAT32, None
    if dtype == SMALLEST:
        candidates = find_smallest(quantiser, mlp, settings.limits, settings.chip)
        quantiser.observer.known(candidates)
        dtype = candidates.best
    exporters = chosen_exporters(settings.chosen_formats, settings.dtype or FLOAT32)
    exporters = [exporter for exporter in exporters if dtype in exporter.dtypes]
    if any(exporter.needs == "train" for exporter in exporters):
        with quantiser.observer.step("starting TensorFlow"):
            tensorflow()
    if dtype == FLOAT32 and settings.in_three_files:
        made = _Made(dtype, export_split(mlp, package=settings.package))
    elif dtype == FLOAT32:
        files: dict[str, bytes] = {}
        for exporter in exporters:
            files |= exporter.files(mlp, exporter.export(mlp))
        made = _Made(dtype, files)
    elif all(dtype in exporter.floats for exporter in exporters):
        made = _in_floats(quantiser, mlp, dtype, exporters, settings)
    else:
        made = _in_integers(quantiser, mlp, dtype, exporters, settings)
    return replace(made, candidates=candidates)


def _in_floats(
    quantiser: Quantiser,
    mlp: Mlp,
    dtype: str,
    exporters: Sequence[Exporter],
    settings: ExportSettings,
) -> _Made:
    """The file of float16 or dynamic, which TFLite alone has."""
    if dtype == "dynamic":
        quantiser.observer.found(unchanged_layers(mlp))
    [exporter] = exporters
    named = replace(mlp, name=f"{mlp.name}_{dtype}")
    content = exporter.floats[dtype](named)
    losses = quantiser.losses_of(content, dtype)
    if losses is not None:
        quantiser.observer.known(losses)
        quantiser.check(losses, settings.limits)
    return _Made(dtype, {f"{named.name}{exporter.suffix}": content}, losses)


def _in_integers(
    quantiser: Quantiser,
    mlp: Mlp,
    dtype: str,
    exporters: Sequence[Exporter],
    settings: ExportSettings,
) -> _Made:
    """The files of integers, and the quantisation parameters that they share."""
    from mlp_edge.export.c import export_split, integers
    from mlp_edge.export.c.integers_raw import TAKEN

    made = quantiser.quantised(dtype)
    tflite = any(exporter.name == "tflite" for exporter in exporters)
    losses = with_twice_rounded(made) if tflite else made.losses
    quantiser.observer.known(losses)
    quantiser.check(losses, settings.limits)
    named, parameters = replace(mlp, name=f"{mlp.name}_{dtype}"), made.parameters
    quantised = parameters.quantised
    units = raw_units(settings, mlp, quantised, quantiser.sets.calibration)
    if units is None and dtype in TAKEN and any(exporter.name == "c" for exporter in exporters):
        quantiser.observer.found(without_counts(named, quantised))
    if settings.in_three_files:
        files = dict(export_split(named, quantised, settings.package, units))
    else:
        files = {}
        for exporter in exporters:
            counts = units is not None and exporter.name == "c"
            content = (
                integers.export(named, quantised, units)
                if counts
                else exporter.integers[dtype](named, quantised)
            )
            files |= exporter.files(named, content)
    files[parameters_name(mlp.name, dtype)] = parameters.to_json().encode()
    return _Made(dtype, files, losses, raw=units)
