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
    mlp, sample = directory.mlp(), directory.sample().rows
    named, lines = _rows_of(table, mlp) if table else (sample, None)
    start_tensorflow()
    with status("comparing"):
        report = check(mlp, directory.keras_path, sample, paths, chosen, required)
    _check_all_came(report.results, names(require) or ())
    with status("proving"):
        certificate = certify(mlp, declared(mlp, sample))
    certain = labels(mlp, named, table, lines)
    found = record(directory, mlp, report, certificate, certain)
    write(directory, found)
    if as_json:
        print_json(found)
    else:
        _show(mlp.name, report)
        _show_certificate(found, certain)
    _end(report, allow_vacuous)


def _end(report: Report, allow_vacuous: bool) -> None:
    """Exit 0 only when something was compared, nothing failed and all of it proves something."""
    results = report.results
    failed = [result for result in results if result.verdict == "FAIL"]
    if failed:
        raise CheckError(f"{len(failed)} of {len(results)} comparisons failed")
    if all(result.comparison is None for result in results[1:]):
        raise InputError("no export was compared: none of these runtimes can run here")
    if not allow_vacuous and any(result.verdict == "VACUOUS" for result in results):
        raise CheckError(
            "rounding alone may move an answer so far that agreement proves nothing; "
            "--allow-vacuous accepts that"
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
            f"{figures.of_bound:.2f}",
            verdict,
        )
    show(table)
    out.print(
        f"\nevery row in batches of {', '.join(f'{size:,}' for size in BATCHES)}; PASS: |Δ| exact "
        "is within the row's bound,\nproved in docs/PROOF.md; bound: the largest; used: the "
        "largest share of one",
        soft_wrap=True,
    )
    widest = max(figures.of_range for figures in compared)
    out.print(
        f"the largest bound is {widest:.1e} of the output's range; from {VACUOUS:g} on: VACUOUS"
    )
    simulated = {runtime.name for runtime in RUNTIMES if runtime.simulated}
    if any(result.runtime in simulated for result in report.results):
        out.print("simulated chips, which know no batches: every row once")
    if any(result.artifact.endswith(".h") and result.comparison for result in report.results):
        out.print("C: bit for bit its own float32 arithmetic, replayed")
    if report.left_out:
        out.print(f"{report.left_out:,} rows far outside the ranges are left out: no bound of use")
    for result in report.results:
        if result.verdict == "NOT RUN":
            err.print(f"not run: {result.artifact} on {result.runtime}: {result.missing}")
        for sentence in result.says:
            err.print(f"{result.artifact} on {result.runtime}: {sentence}", style="red")


def _show_certificate(found: dict[str, Any], certain: Labels) -> None:
    """What holds for every row of the declared ranges, and for the labels of a table."""
    proved = found["certificate"]
    bound, share = max(proved["from_original"]), proved["of_range"]
    if proved["proves"]:
        out.print(
            f"\nCertificate: while every reading is in its range, no runtime is further from the\n"
            f"original than {bound:.1e}, {share:.1e} of the output's range",
            soft_wrap=True,
        )
    else:
        out.print(
            "\nNo certificate: the ranges are too wide for one; the best bound for all rows in\n"
            f"them is {bound:.1e}, {share:.1e} of the output's range",
            soft_wrap=True,
        )
    if certain.doubtful or found["results"][0]["comparison"]["flips"] is not None:
        rows = "held-out rows" if certain.table is None else f"rows of {certain.table}"
        sure = certain.rows - len(certain.doubtful)
        out.print(
            f"{sure:,} of {certain.rows:,} {rows} have one label on every runtime", soft_wrap=True
        )
    for row in certain.doubtful[:SHOWN]:
        where = f"row {row.row}" if row.line is None else f"line {row.line}"
        answers = ", ".join(f"{answer:.9g}" for answer in row.answer)
        err.print(f"{where}: {answers}, ±{max(row.bound):.1e}: rounding picks the label")
    if len(certain.doubtful) > SHOWN:
        err.print(f"and {len(certain.doubtful) - SHOWN:,} more, in exports/parity.json")
