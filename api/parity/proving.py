"""``Model.parity``: every export on every runtime, held against the original."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp_edge.api.observer import SILENT, Observer, Recording
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.parity.held_integers import HeldParityReport, prove_held
from mlp_edge.api.parity.on_board import Asked, asked, recorded, transcript_of
from mlp_edge.api.parity.parity_report import ParityReport
from mlp_edge.api.parity.parity_settings import ALL, ParitySettings
from mlp_edge.api.parity.subject import Subject, subject_of
from mlp_edge.api.settings import GUESSED, Reading
from mlp_edge.api.tables import read_any
from mlp_edge.errors import InputError
from mlp_edge.files.writing import json_text
from mlp_edge.finding import Finding
from mlp_edge.lazy import tensorflow
from mlp_edge.parity.certificate import certify
from mlp_edge.parity.labels import Labels, labels
from mlp_edge.parity.monotone import monotone
from mlp_edge.parity.parity import Report, check
from mlp_edge.parity.record import record
from mlp_edge.proof.box import declared
from mlp_edge.proof.monotone import Directions, directions
from mlp_edge.settings import setting

if TYPE_CHECKING:
    from mlp_edge.mlp import Mlp, Rows
    from mlp_edge.parity.result import ArtifactResult
    from mlp_edge.runtime import Runtime


def prove(
    model: OpenedModel,
    settings: ParitySettings | None = None,
    *,
    table: Any = None,
    reading: Reading = GUESSED,
    observer: Observer = SILENT,
) -> ParityReport | HeldParityReport:
    """Compare every export with the original, and write parity.json beside the exports.

    Args:
        model: with exports.
        settings: what is compared, and where; None for every export on this machine.
        table: rows of which is said whether their label is certain, whatever ``read_any`` reads;
            None for the held-out rows. Of a file alone they are the real rows as well.
        reading: how a file of them is read.
        observer: follows.

    Returns:
        The report; its ``check`` raises where parity does not hold. Of a full-integer TFLite file
        it is about bits.

    Raises:
        InputError: for no export that a chosen runtime reads, or exports that are written
            meanwhile.
        TableError: for a table that does not fit the model.
        ModelError: for a model directory that is damaged.
        MissingError: when what runs the original is missing: without it nothing is compared.
    """
    settings, heard = settings or ParitySettings(), Recording(observer)
    model.refresh()
    mlp = model.mlp
    subject = subject_of(model, settings)
    given = None if table is None else _Rows.of(table, reading, model, heard)
    sample = subject.sample(None if given is None else given.rows)
    rows = given or _Rows(sample)
    heard.found(subject.findings)
    held = None if model.imported is None else model.imported.integers
    wanted = _wanted(model, settings, held is not None)
    with asked(settings, subject.paths) as places:
        _check_read(subject.paths, places.runtimes)
        if held is not None:
            with heard.step("comparing"):
                findings = tuple(heard.findings)
                return prove_held(mlp, held, subject, settings.trust, places, sample, findings)
        report = _compared(subject, mlp, sample, settings, places, heard)
    return _reported(subject, mlp, sample, rows, report, settings, wanted, places, heard)


def _reported(
    subject: Subject,
    mlp: Mlp,
    sample: Rows,
    rows: _Rows,
    report: Report,
    settings: ParitySettings,
    wanted: Directions,
    places: Asked,
    heard: Recording,
) -> ParityReport:
    """What the comparisons come to, written beside the exports where there is anything."""
    with heard.step("proving"):
        certificate = certify(mlp, declared(mlp, sample))
        followed = monotone(mlp, wanted, report.results, certificate, subject.files)
    certain, board = rows.labels(mlp), places.board_report(subject.transcript_path)
    found = record(subject.files, mlp, report, certificate, certain, followed) | recorded(board)
    written = (report.compared or board is not None) and _written(subject, found, places, heard)
    return ParityReport(
        model=mlp.name,
        task=mlp.task,
        report=report,
        certificate=certificate,
        labels=certain,
        monotone=followed,
        rows=subject.rows,
        record=json.loads(json_text(found)),
        allow_vacuous=settings.allow_vacuous,
        path=subject.record_path if written else None,
        findings=tuple(heard.findings),
        board=board,
    )


def _wanted(model: OpenedModel, settings: ParitySettings, held: bool) -> Directions:
    """The readings that predictions are to follow: as the model was trained, and as is asked.

    Raises:
        InputError: for a column that is no number of the model, and where integers are held.
    """
    asked_for = directions(settings.monotone)
    trained = {} if model.directory is None else model.directory.manifest.monotone
    numbers = [feature.name for feature in model.mlp.features if feature.kind == "number"]
    for column in asked_for:
        if column not in numbers:
            raise InputError(
                f"{model.path}: {setting('monotone')} names {column!r}, which is none of its "
                f"numbers: {', '.join(map(repr, numbers))}"
            )
    if asked_for and held:
        raise InputError(
            f"{model.path}: {setting('monotone')} is proved of networks in floats and of integers "
            "made from them; of a full-integer TFLite file it is not"
        )
    return {**directions(trained), **asked_for}


class _Rows:
    """Rows of which is said whether their label is certain.

    Args:
        rows: raw readings (n, inputs).
        table: what it is called; None for the held-out rows.
        lines: (n,) of its file; None where it has none.
    """

    def __init__(
        self, rows: Rows, table: str | None = None, lines: Sequence[int] | None = None
    ) -> None:
        self.rows, self.table, self.lines = rows, table, lines

    @classmethod
    def of(cls, table: Any, reading: Reading, model: OpenedModel, observer: Observer) -> _Rows:
        """The rows of a table."""
        from mlp_edge.data.saved_columns import known_columns

        read = read_any(table, reading)
        nameless = model.directory is None
        rows, findings = known_columns(read, model.mlp.features, nameless)
        observer.found((*read.notes, *findings))
        if isinstance(table, str | os.PathLike):
            return cls(rows, os.fspath(table), read.lines.tolist())
        return cls(rows, read.source)

    def labels(self, mlp: Mlp) -> Labels:
        """Which of them have one label on every runtime."""
        return labels(mlp, self.rows, self.table, self.lines)


def _compared(
    subject: Subject,
    mlp: Mlp,
    sample: Rows,
    settings: ParitySettings,
    places: Asked,
    observer: Observer,
) -> Report:
    """Every comparison.

    Raises:
        InputError: when the exports were written meanwhile, or what has to run has no export.
    """
    with observer.step("starting TensorFlow" if subject.starts_tensorflow else "comparing"):
        if subject.starts_tensorflow:
            tensorflow()
    with observer.step("comparing") as watch, subject.original() as original:
        places.watched(watch)
        report = check(
            mlp,
            original,
            sample,
            subject.paths,
            places.runtimes,
            places.required,
            subject.listed,
            settings.trust,
        )
    subject.check_unchanged()
    _check_all_came(report.results, settings.require)
    return report


def _check_read(paths: Sequence[Path], runtimes: Sequence[Runtime]) -> None:
    """Refuse to start where no runtime reads any of the files.

    Raises:
        InputError: naming both.
    """
    if not any(runtime.runs(path) for runtime in runtimes for path in paths):
        read = ", ".join(f"{runtime.name} reads {runtime.reads}" for runtime in runtimes)
        raise InputError(
            f"no export to compare: {read}, and there is {', '.join(path.name for path in paths)}"
        )


def _check_all_came(results: Sequence[ArtifactResult], required: Sequence[str]) -> None:
    """What has to run had something to run.

    Raises:
        InputError: naming a runtime that reads none of the exports.
    """
    came = {result.runtime for result in results}
    for name in required:
        if name.partition(":")[0] not in came and name != ALL:
            raise InputError(f"{setting('require', name)}: there is no export that it reads")


def _written(subject: Subject, found: dict[str, Any], places: Asked, observer: Observer) -> bool:
    """Whether the record is beside the exports by now; a warning where it cannot be."""
    try:
        subject.write(json_text(found).encode(), transcript_of(places))
    except InputError as error:
        name = subject.record_path.name
        observer.found([Finding("unwritten", f"{error}; {name} was not written")])
        return False
    return True
