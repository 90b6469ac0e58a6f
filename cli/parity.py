"""mlp-edge parity: every artifact on every runtime, held against the original."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlp_edge.cli.options import (
    DEFAULT_MODEL,
    JsonOption,
    MaxBytesOption,
    ModelOption,
    TrustOption,
    model_option,
    names,
)
from mlp_edge.cli.printing.console import print_json, warn, warn_of
from mlp_edge.cli.printing.parity_tables import show_certificate, show_labels, show_report
from mlp_edge.cli.printing.progress import start_tensorflow, status
from mlp_edge.errors import CheckError, InputError

if TYPE_CHECKING:
    from mlp_edge.mlp import Mlp, Rows
    from mlp_edge.parity.parity import Report
    from mlp_edge.parity.result import Result
    from mlp_edge.readers.model_directory import ModelDirectory
    from mlp_edge.runtime import Runtime

ALL = "all"


def parity(
    model: ModelOption = DEFAULT_MODEL,
    runtimes: Annotated[
        list[str] | None,
        typer.Option(
            "--runtime",
            "-r",
            help="litert, onnxruntime, c; a chip: avr, cortex-m0, -m3, -m4, rv32; or all.",
        ),
    ] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", "-f", help="tflite, onnx, c; several times.")
    ] = None,
    require: Annotated[
        str | None,
        typer.Option(help="Fail where one of these cannot run: names, or all that are chosen."),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(help="Say which rows of this table have one label on every runtime."),
    ] = None,
    max_bytes: MaxBytesOption = None,
    allow_vacuous: Annotated[
        bool, typer.Option(help="Exit 0 although a bound is too wide to prove anything.")
    ] = False,
    trust: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Prove that every export predicts what the original does."""
    from mlp_edge.data.reading.size import read_size
    from mlp_edge.parity.box import declared
    from mlp_edge.parity.certificate import certify
    from mlp_edge.parity.labels import labels
    from mlp_edge.parity.parity import check
    from mlp_edge.parity.record import record, write
    from mlp_edge.readers.model_directory import open_model

    chosen, required = _chosen(runtimes, names(require) or ())
    most = read_size(max_bytes)
    directory, mlp = open_model(model)
    paths = _exports(directory, formats, model_option(model))
    _check_read(paths, chosen)
    sample = directory.sample().rows
    named, lines = _rows_of(table, mlp, most) if table else (sample, None)
    start_tensorflow()
    with status("comparing"):
        listed = directory.manifest.exports
        original = directory.keras_path
        report = check(mlp, original, sample, paths, chosen, required, listed, trust)
    if not directory.unchanged():
        raise InputError(f"{model}: was written to meanwhile; run the command again")
    _check_all_came(report.results, names(require) or ())
    with status("proving"):
        certificate = certify(mlp, declared(mlp, sample))
    certain = labels(mlp, named, table, lines)
    found = record(directory, mlp, report, certificate, certain)
    if as_json:
        print_json(found)
    else:
        show_report(mlp.name, report)
        show_certificate(found["certificate"], report)
        show_labels(mlp, certain)
    if report.compared:
        try:
            write(directory, found)
        except InputError as error:
            warn(f"{error}; --json prints what it would hold")
    _end(report, allow_vacuous)


def _end(report: Report, allow_vacuous: bool) -> None:
    """Exit 0 only when something was compared, nothing failed and all of it proves something."""
    if report.failed:
        raise CheckError(f"{report.failed} of {len(report.results)} comparisons failed")
    if not report.compared:
        raise InputError("no export was compared: none of these runtimes can run here")
    if not allow_vacuous and any(result.verdict == "VACUOUS" for result in report.results):
        raise CheckError(
            "rounding alone may move an answer so far that agreement proves nothing; "
            "--allow-vacuous accepts that"
        )


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


def _exports(directory: ModelDirectory, formats: Sequence[str] | None, option: str) -> list[Path]:
    """The files to compare, in the order of their formats.

    Raises:
        InputError: for a format that does not exist, or when there is none of it.
    """
    from mlp_edge.export import EXPORTERS

    suffixes = {exporter.name: exporter.suffix for exporter in EXPORTERS}
    for wanted in formats or []:
        if wanted not in suffixes:
            raise InputError(f"--format {wanted!r} is not one of {', '.join(suffixes)}")
    kept = [suffix for name, suffix in suffixes.items() if not formats or name in formats]
    paths = [path for path in directory.exported_models if path.suffix in kept]
    if not paths:
        raise InputError(
            f"{directory.exports_path}: nothing to compare; "
            f"`mlp-edge export{option}` writes the exports"
        )
    return sorted(paths, key=lambda path: (kept.index(path.suffix), path.name))


def _rows_of(table: str, mlp: Mlp, most: int) -> tuple[Rows, list[int]]:
    """The readings of a table, and the line of each."""
    from mlp_edge.data.reading.read import read_table
    from mlp_edge.data.saved_columns import known_columns

    rows = read_table(table, most=most)
    readings, findings = known_columns(rows, mlp.features)
    warn_of((*rows.notes, *findings))
    return readings, rows.lines.tolist()


def _chosen(
    runtimes: Sequence[str] | None, required: Sequence[str]
) -> tuple[list[Runtime], list[str]]:
    """Where to run, and the names of what has to; what has to run is chosen by that."""
    from mlp_edge.runtime import HOSTED, RUNTIMES
    from mlp_edge.runtime.load import named_runtime

    named = [named_runtime(name) for name in runtimes or () if name != ALL]
    if ALL in (runtimes or ()):
        named = list(RUNTIMES)
    chosen = named or list(HOSTED)
    has_to = [named_runtime(name) for name in required if name != ALL]
    chosen += [runtime for runtime in has_to if runtime not in chosen]
    if ALL in required:
        has_to = chosen
    return chosen, [runtime.name for runtime in has_to]


def _check_all_came(results: Sequence[Result], required: Sequence[str]) -> None:
    """What has to run had something to run.

    Raises:
        InputError: naming a runtime that reads none of the exports.
    """
    came = {result.runtime for result in results}
    for name in required:
        if name not in came and name != ALL:
            raise InputError(f"--require {name}: there is no export that it reads")
