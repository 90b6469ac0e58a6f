"""``Model.parity``: every export on every runtime, held against the original."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp_edge.api.observer import SILENT, Observer, Recording
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.parity.parity_report import ParityReport
from mlp_edge.api.parity.parity_settings import ALL, ParitySettings
from mlp_edge.api.settings import GUESSED, Reading
from mlp_edge.api.tables import read_any
from mlp_edge.errors import InputError
from mlp_edge.files.writing import json_text
from mlp_edge.finding import Finding
from mlp_edge.lazy import tensorflow
from mlp_edge.parity.box import declared
from mlp_edge.parity.certificate import certify
from mlp_edge.parity.labels import Labels, labels
from mlp_edge.parity.parity import Report, check
from mlp_edge.parity.record import record, write
from mlp_edge.readers.model_directory import PARITY
from mlp_edge.settings import setting

if TYPE_CHECKING:
    from mlp_edge.mlp import Mlp, Rows
    from mlp_edge.parity.result import ArtifactResult
    from mlp_edge.readers.model_directory import ModelDirectory
    from mlp_edge.runtime import Runtime


def prove(
    model: OpenedModel,
    settings: ParitySettings | None = None,
    *,
    table: Any = None,
    reading: Reading = GUESSED,
    observer: Observer = SILENT,
) -> ParityReport:
    """Compare every export with the original, and write exports/parity.json.

    Args:
        model: from a model directory, with exports.
        settings: what is compared, and where; None for every export on this machine.
        table: rows of which is said whether their label is certain, whatever ``read_any`` reads;
            None for the held-out rows.
        reading: how a file of them is read.
        observer: follows.

    Returns:
        The report; its ``check`` raises where parity does not hold.

    Raises:
        InputError: for a file alone, no export that a chosen runtime reads, or exports that
            are written meanwhile.
        TableError: for a table that does not fit the model.
        ModelError: for a model directory that is damaged.
        MissingError: when TensorFlow is missing: without the original nothing is compared.
    """
    settings, heard = settings or ParitySettings(), Recording(observer)
    model.refresh()
    directory, mlp = model.directory, model.mlp
    if directory is None:
        raise InputError(
            f"{model.path}: a file alone has no exports to compare; a model directory, "
            "which `mlp_edge.train()` makes, would do"
        )
    paths = _exports(directory, settings.formats)
    _check_read(paths, settings.chosen()[0])
    sample = directory.sample().rows
    rows = _Rows(sample) if table is None else _Rows.of(table, reading, mlp, heard)
    report = _compared(directory, mlp, sample, paths, settings, heard)
    with heard.step("proving"):
        certificate = certify(mlp, declared(mlp, sample))
    certain = rows.labels(mlp)
    found = record(directory, mlp, report, certificate, certain)
    written = report.compared and _written(directory, found, heard)
    return ParityReport(
        model=mlp.name,
        task=mlp.task,
        report=report,
        certificate=certificate,
        labels=certain,
        record=json.loads(json_text(found)),
        allow_vacuous=settings.allow_vacuous,
        path=directory.exports_path / PARITY if written else None,
        findings=tuple(heard.findings),
    )


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
    def of(cls, table: Any, reading: Reading, mlp: Mlp, observer: Observer) -> _Rows:
        """The rows of a table."""
        from mlp_edge.data.saved_columns import known_columns

        read = read_any(table, reading)
        rows, findings = known_columns(read, mlp.features)
        observer.found((*read.notes, *findings))
        if isinstance(table, str | os.PathLike):
            return cls(rows, os.fspath(table), read.lines.tolist())
        return cls(rows, read.source)

    def labels(self, mlp: Mlp) -> Labels:
        """Which of them have one label on every runtime."""
        return labels(mlp, self.rows, self.table, self.lines)


def _compared(
    directory: ModelDirectory,
    mlp: Mlp,
    sample: Rows,
    paths: Sequence[Path],
    settings: ParitySettings,
    observer: Observer,
) -> Report:
    """Every comparison.

    Raises:
        InputError: when the directory was written to meanwhile, or what has to run has no export.
    """
    chosen, required = settings.chosen()
    with observer.step("starting TensorFlow"):
        tensorflow()
    with observer.step("comparing"):
        report = check(
            mlp,
            directory.keras_path,
            sample,
            paths,
            chosen,
            required,
            directory.manifest.exports,
            settings.trust,
        )
    if not directory.unchanged():
        raise InputError(f"{directory.path}: was written to meanwhile; run the command again")
    _check_all_came(report.results, settings.require)
    return report


def _exports(directory: ModelDirectory, formats: Sequence[str]) -> list[Path]:
    """The files to compare, in the order of their formats.

    Raises:
        InputError: when there is none.
    """
    from mlp_edge.export import EXPORTERS

    suffixes = {exporter.name: exporter.suffix for exporter in EXPORTERS}
    kept = [suffix for name, suffix in suffixes.items() if not formats or name in formats]
    paths = [path for path in directory.exported_models if path.suffix in kept]
    if not paths:
        raise InputError(
            f"{directory.exports_path}: nothing to compare; `Model.export()` writes the exports"
        )
    return sorted(paths, key=lambda path: (kept.index(path.suffix), path.name))


def _check_read(paths: Sequence[Path], runtimes: Sequence[Runtime]) -> None:
    """Refuse to start where no runtime reads any of the files.

    Raises:
        InputError: naming both.
    """
    if not any(runtime.reads == path.suffix for runtime in runtimes for path in paths):
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
        if name not in came and name != ALL:
            raise InputError(f"{setting('require', name)}: there is no export that it reads")


def _written(directory: ModelDirectory, found: dict[str, Any], observer: Observer) -> bool:
    """Whether the record is in exports/parity.json by now; a warning where it cannot be."""
    try:
        write(directory, found)
    except InputError as error:
        observer.found([Finding("unwritten", f"{error}; {PARITY} was not written")])
        return False
    return True
