"""mlp-edge parity: every artifact on every runtime, held against the original."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from mlp_edge.cli.console import err, out, print_json, warn
from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption, ModelOption, names
from mlp_edge.cli.progress import start_tensorflow, status
from mlp_edge.cli.tables import new_table, show
from mlp_edge.errors import CheckError, InputError

if TYPE_CHECKING:
    from mlp_edge.mlp import Mlp, Rows
    from mlp_edge.model_directory import ModelDirectory
    from mlp_edge.parity.labels import Labels
    from mlp_edge.parity.parity import Report, Result
    from mlp_edge.runtime import Runtime

ALL = "all"
STYLES = {"PASS": "green", "FAIL": "bold red", "VACUOUS": "bold yellow", "NOT RUN": "yellow"}
SHOWN = 5
"""At most so many rows whose label is not certain are named."""


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
    allow_vacuous: Annotated[
        bool, typer.Option(help="Exit 0 although a bound is too wide to prove anything.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Prove that every export predicts what the original does."""
    from mlp_edge.model_directory import ModelDirectory
    from mlp_edge.parity.box import declared
    from mlp_edge.parity.certificate import certify
    from mlp_edge.parity.labels import labels
    from mlp_edge.parity.parity import check
    from mlp_edge.parity.record import record, write

    chosen, required = _chosen(runtimes, names(require) or ())
    directory = ModelDirectory.open(model)
    paths = _exports(directory, formats, "" if model == DEFAULT_MODEL else f" --model {model}")
    _check_read(paths, chosen)
    mlp, sample = directory.mlp(), directory.sample().rows
    named, lines = _rows_of(table, mlp) if table else (sample, None)
    start_tensorflow()
    with status("comparing"):
        report = check(
            mlp, directory.keras_path, sample, paths, chosen, required, directory.manifest.exports
        )
    _check_all_came(report.results, names(require) or ())
    with status("proving"):
        certificate = certify(mlp, declared(mlp, sample))
    certain = labels(mlp, named, table, lines)
    found = record(directory, mlp, report, certificate, certain)
    if as_json:
        print_json(found)
    else:
        _show(mlp.name, report)
        _show_certificate(found["certificate"], report)
        _show_labels(mlp, certain)
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
    paths = [directory.exports_path / name for name in directory.manifest.exports]
    paths = [path for path in paths if path.suffix in kept]
    if not paths:
        raise InputError(
            f"{directory.exports_path}: nothing to compare; "
            f"`mlp-edge export{option}` writes the exports"
        )
    return sorted(paths, key=lambda path: (kept.index(path.suffix), path.name))


def _rows_of(table: str, mlp: Mlp) -> tuple[Rows, list[int]]:
    """The readings of a table, and the line of each."""
    from mlp_edge.data.known import known_columns
    from mlp_edge.data.read import read_table

    rows = read_table(table)
    readings, findings = known_columns(rows, mlp.features)
    for finding in (*rows.notes, *findings):
        warn(finding.says)
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


def _show(name: str, report: Report) -> None:
    from mlp_edge.parity.compare import BATCHES, VACUOUS
    from mlp_edge.runtime import RUNTIMES

    columns = ("artifact", "runtime", "|Δ| Keras", "|Δ| exact", "bound", "used", "verdict")
    compared = [result.comparison for result in report.results if result.comparison]
    table = new_table(f"{name}: parity on {compared[0].rows:,} rows", *columns, text_columns=2)
    for result in report.results:
        verdict = Text(result.verdict, style=STYLES[result.verdict])
        figures = result.comparison
        if figures is None:
            table.add_row(Text(result.artifact), result.runtime, "", "", "", "", verdict)
            continue
        table.add_row(
            Text(result.artifact),
            result.runtime,
            f"{figures.from_original:.1e}",
            f"{figures.from_reference:.1e}",
            f"{figures.bound:.1e}",
            f"{figures.of_bound:.2f}" if figures.of_bound < 100 else f"{figures.of_bound:.0e}",
            verdict,
        )
    show(table)
    widest = max(figures.of_range for figures in compared)
    lines = (
        f"bound: how far rounding can take an answer (docs/PROOF.md); at most {widest:.1e} of",
        f"the output's range, where more than {VACUOUS:g} is VACUOUS",
        "used: the largest share of its own row's bound; above 1 it is a fault",
        "|Δ|, bound: in the declared ranges; used: every row, in batches of "
        + ", ".join(f"{size:,}" for size in BATCHES),
    )
    out.print("\n" + "\n".join(lines), soft_wrap=True)
    simulated = {runtime.name for runtime in RUNTIMES if runtime.simulated}
    if any(result.runtime in simulated for result in report.results):
        out.print("simulated chips, which know no batches: every row once")
    headers = [r.verdict for r in report.results if r.artifact.endswith(".h") and r.comparison]
    if headers and "FAIL" not in headers:
        out.print("C: bit for bit its own float32 arithmetic, replayed")
    if report.left_out:
        out.print(
            f"left out: {report.left_out:,} rows far outside the ranges, without a bound of use"
        )
    for result in report.results:
        if result.verdict == "NOT RUN":
            err.print(f"not run: {result.artifact} on {result.runtime}: {result.missing}")
        for sentence in result.says:
            err.print(f"{result.artifact} on {result.runtime}: {sentence}", style="red")


def _show_certificate(proved: dict[str, Any], report: Report) -> None:
    """What holds for every row of the declared ranges."""
    bound, share = max(proved["from_original"]), proved["of_range"]
    if report.failed:
        says = "No certificate: it is for what has passed"
    elif proved["proves"]:
        says = (
            f"Certificate: while every reading is in its range, no runtime is further from the\n"
            f"original than {bound:.1e}, {share:.1e} of the output's range"
        )
    else:
        says = (
            "No certificate: for all rows of the declared ranges together the best bound is\n"
            f"{bound:.1e}, {share:.1e} of the output's range"
        )
    out.print(f"\n{says}", soft_wrap=True)


def _show_labels(mlp: Mlp, certain: Labels) -> None:
    """What is certain about the rows of a table."""
    rows = "held-out rows" if certain.table is None else f"rows of {certain.table}"
    if mlp.task == "regression":
        if certain.table is not None:
            out.print(
                f"{certain.rows:,} {rows}: no runtime is further than {certain.largest:.1e} from "
                "the exact answer",
                soft_wrap=True,
            )
        return
    sure = certain.rows - len(certain.doubtful) - certain.unanswered
    none = f"; {certain.unanswered:,} have no answer, and no label" if certain.unanswered else ""
    out.print(
        f"{sure:,} of {certain.rows:,} {rows} have one label on every runtime{none}",
        soft_wrap=True,
    )
    for row in certain.doubtful[:SHOWN]:
        where = f"row {row.row}" if row.line is None else f"line {row.line}"
        answers = ", ".join(f"{answer:.9g}" for answer in row.answer)
        err.print(f"{where}: {answers}, ±{max(row.bound):.1e}: rounding picks the label")
    if len(certain.doubtful) > SHOWN:
        err.print(f"and {len(certain.doubtful) - SHOWN:,} more, in exports/parity.json")
