"""mlp-edge parity: every artifact on every runtime, held against the original."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from mlp_edge.cli.console import err, out, print_json
from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption, ModelOption
from mlp_edge.cli.progress import start_tensorflow
from mlp_edge.cli.tables import new_table, show
from mlp_edge.errors import CheckError, InputError

if TYPE_CHECKING:
    from mlp_edge.parity.parity import Result

STYLES = {"PASS": "green", "FAIL": "bold red", "NOT RUN": "yellow"}


def parity(
    model: ModelOption = DEFAULT_MODEL,
    runtimes: Annotated[
        list[str] | None,
        typer.Option("--runtime", "-r", help="litert, onnxruntime, c; several times. [all]"),
    ] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", "-f", help="tflite, onnx, c; several times.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that every export predicts what the original does."""
    from mlp_edge.export import EXPORTERS
    from mlp_edge.model_directory import ModelDirectory
    from mlp_edge.parity.parity import check
    from mlp_edge.runtime import RUNTIMES
    from mlp_edge.runtime.load import named_runtime

    suffixes = {exporter.name: exporter.suffix for exporter in EXPORTERS}
    for wanted in formats or []:
        if wanted not in suffixes:
            raise InputError(f"--format {wanted!r} is not one of {', '.join(suffixes)}")
    chosen = [named_runtime(name) for name in runtimes] if runtimes else list(RUNTIMES)
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
    results = check(mlp, directory.keras_path, directory.sample().rows, paths, chosen)
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


def _show(name: str, results: Sequence[Result]) -> None:
    from mlp_edge.parity.compare import BATCHES
    from mlp_edge.parity.tolerance import TOLERANCE

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
    for result in results:
        if result.missing:
            err.print(f"not run: {result.artifact} on {result.runtime}: {result.missing}")
        for sentence in result.says:
            err.print(f"{result.artifact} on {result.runtime}: {sentence}", style="red")


def _record(result: Result) -> dict[str, Any]:
    return {**asdict(result), "verdict": result.verdict}
