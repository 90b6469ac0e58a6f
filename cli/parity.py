"""mlp-edge parity: every artifact on every runtime, held against the original."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from mlp_edge.cli.console import err, out, print_json
from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption, ModelOption, names
from mlp_edge.cli.progress import start_tensorflow
from mlp_edge.cli.tables import new_table, show
from mlp_edge.errors import CheckError, InputError

if TYPE_CHECKING:
    from mlp_edge.parity.parity import Result
    from mlp_edge.runtime import Runtime

ALL = "all"
STYLES = {"PASS": "green", "FAIL": "bold red", "NOT RUN": "yellow"}


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
    as_json: JsonOption = False,
) -> None:
    """Prove that every export predicts what the original does."""
    from mlp_edge.export import EXPORTERS
    from mlp_edge.model_directory import ModelDirectory
    from mlp_edge.parity.parity import check

    suffixes = {exporter.name: exporter.suffix for exporter in EXPORTERS}
    for wanted in formats or []:
        if wanted not in suffixes:
            raise InputError(f"--format {wanted!r} is not one of {', '.join(suffixes)}")
    chosen, required = _chosen(runtimes, names(require) or ())
    kept = {suffixes[name] for name in formats or suffixes}
    directory = ModelDirectory.open(model)
    paths = [directory.exports_path / name for name in directory.manifest.exports]
    order = [exporter.suffix for exporter in EXPORTERS]
    paths = sorted((path for path in paths if path.suffix in kept), key=lambda path: (
        order.index(path.suffix), path.name))  # fmt: skip
    option = "" if model == DEFAULT_MODEL else f" --model {model}"
    if not paths:
        raise InputError(f"{directory.exports_path}: nothing to compare; "
                         f"`mlp-edge export{option}` writes the exports")  # fmt: skip
    mlp = directory.mlp()
    start_tensorflow()
    results = check(mlp, directory.keras_path, directory.sample().rows, paths, chosen, required)
    _check_all_came(results, names(require) or ())
    failed = [result for result in results if result.verdict == "FAIL"]
    if as_json:
        print_json(
            {
                "model": mlp.name,
                "weights_sha256": mlp.weights_sha256,
                "passed": not failed,
                "results": [_record(result) for result in results],
            }
        )
    else:
        _show(mlp.name, results)
    if failed:
        raise CheckError(f"{len(failed)} of {len(results)} comparisons failed")
    if all(result.comparison is None for result in results[1:]):
        raise InputError("no export was compared: none of these runtimes can run here")


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


def _show(name: str, results: Sequence[Result]) -> None:
    from mlp_edge.parity.compare import BATCHES
    from mlp_edge.parity.tolerance import TOLERANCE
    from mlp_edge.runtime import RUNTIMES

    columns = ("artifact", "runtime", "rows", "|Δ| Keras", "|Δ| exact", "ulp", "flips", "verdict")
    table = new_table(f"{name}: parity", *columns, text_columns=2)
    for result in results:
        verdict = Text(result.verdict, style=STYLES[result.verdict])
        figures = result.comparison
        if figures is None:
            table.add_row(Text(result.artifact), result.runtime, "", "", "", "", "", verdict)
            continue
        table.add_row(
            Text(result.artifact),
            result.runtime,
            f"{figures.rows:,}",
            f"{figures.from_original:.1e}",
            f"{figures.from_reference:.1e}",
            f"{figures.ulps:.0f}",
            "" if figures.flips is None else str(figures.flips),
            verdict,
        )
    show(table)
    out.print(
        f"\nevery row in batches of {', '.join(f'{size:,}' for size in BATCHES)}; "
        f"PASS: |Δ| ≤ {TOLERANCE:g}·max(1, |exact|)"
    )
    simulated = {runtime.name for runtime in RUNTIMES if runtime.simulated}
    if any(result.runtime in simulated for result in results):
        out.print("simulated chips, which know no batches: every row once")
    if any(result.artifact.endswith(".h") and result.comparison for result in results):
        out.print("C: bit for bit its own float32 arithmetic, replayed")
    for result in results:
        if result.verdict == "NOT RUN":
            err.print(f"not run: {result.artifact} on {result.runtime}: {result.missing}")
        for sentence in result.says:
            err.print(f"{result.artifact} on {result.runtime}: {sentence}", style="red")


def _record(result: Result) -> dict[str, Any]:
    return {**asdict(result), "verdict": result.verdict}
