"""mlp-edge bench: how fast every artifact predicts on every runtime."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption, ModelOption, model_option, names
from mlp_edge.cli.printing.console import err, out, print_json
from mlp_edge.cli.printing.progress import status
from mlp_edge.errors import InputError

if TYPE_CHECKING:
    from mlp_edge.measure.candidates import Candidate
    from mlp_edge.measure.timing import Timing
    from mlp_edge.readers.model_directory import ModelDirectory
    from mlp_edge.runtime.runtime import Runtime

BATCHES = "1,16,256,4096"
LARGEST = 1_000_000
BAR = 32
"""Characters of the longest bar."""


def bench(
    model: ModelOption = DEFAULT_MODEL,
    runtimes: Annotated[
        list[str] | None,
        typer.Option("--runtime", "-r", help="keras, litert, onnxruntime, c; several times. [all]"),
    ] = None,
    batches: Annotated[str, typer.Option("--batch", help="Rows per call.")] = BATCHES,
    seconds: Annotated[
        float, typer.Option(min=0.001, max=600, help="For each runtime and batch size.")
    ] = 0.25,
    cold: Annotated[
        bool, typer.Option("--cold/--no-cold", help="Also start each in a fresh Python.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Measure how fast every export predicts on every runtime."""
    from mlp_edge.measure.candidates import candidates
    from mlp_edge.readers.model_directory import ModelDirectory
    from mlp_edge.runtime import HOSTED
    from mlp_edge.runtime.load import named_runtime

    sizes = batch_sizes(batches)
    chosen: Sequence[Runtime] = [named_runtime(name) for name in runtimes or ()] or HOSTED
    directory = ModelDirectory.open(model)
    exports = [directory.exports_path / name for name in directory.manifest.exports]
    if not exports:
        option = model_option(model)
        raise InputError(f"{directory.exports_path}: nothing to measure; "
                         f"`mlp-edge export{option}` writes the exports")  # fmt: skip
    everybody = candidates([directory.keras_path, *exports], chosen)
    present = [candidate for candidate, missing in everybody if missing is None]
    if not present:
        raise InputError("nothing to measure: none of these runtimes can run an export here")
    results = _measured(directory, present, sizes, seconds, cold)
    absent = {candidate.name: missing for candidate, missing in everybody if missing}
    if as_json:
        print_json(_record(directory, results, sizes, seconds, absent))
    else:
        _show(directory, results, sizes, seconds)
        for name, missing in absent.items():
            err.print(f"not run: {name}: {missing}")


def batch_sizes(text: str) -> list[int]:
    """``"1,16"`` -> [1, 16]; 1 is always among them, as it is what latency is measured with.

    Raises:
        InputError: for anything but numbers from 1 to a million.
    """
    try:
        sizes = {1, *(int(part) for part in names(text) or ())}
    except ValueError:
        raise InputError(f"--batch takes rows per call such as {BATCHES}; got {text!r}") from None
    if min(sizes) < 1 or max(sizes) > LARGEST:
        raise InputError(f"--batch takes numbers from 1 to {LARGEST:,}; got {text!r}")
    return sorted(sizes)


Result = tuple["Candidate", "Timing", "float | None"]
"""Who, what was measured warm, seconds cold."""


def _measured(
    directory: ModelDirectory, present: Sequence[Candidate], sizes: Sequence[int],
    seconds: float, cold: bool,
) -> list[Result]:  # fmt: skip
    from mlp_edge.measure.candidates import cold_seconds, opened
    from mlp_edge.measure.timing import measure

    weights = directory.manifest.sha256["weights"]
    rows = directory.sample().rows
    with status("") as watch, ExitStack() as stack:
        predictors = {}
        for candidate in present:
            name = f"{candidate.path.name} on {candidate.name}"
            watch(f"opening {name}")
            predictors[name] = stack.enter_context(opened(candidate, weights))
        starts: list[float | None] = []
        for candidate, name in zip(present, predictors, strict=True):
            started = cold and candidate.starts_alone
            if started:
                watch(f"starting a fresh Python for {name}")
            starts.append(cold_seconds(candidate, weights, rows[:1]) if started else None)
        timings = measure(predictors, rows, sizes, seconds, watch)
    return list(zip(present, timings.values(), starts, strict=True))


def _cpus() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _record(
    directory: ModelDirectory, results: Sequence[Result], sizes: Sequence[int], seconds: float,
    absent: Mapping[str, str],
) -> dict[str, Any]:  # fmt: skip
    from mlp_edge.measure.timing import clock_step

    return {
        "model": directory.manifest.name,
        "weights_sha256": directory.manifest.sha256["weights"],
        "system": {"name": platform.system(), "machine": platform.machine(), "cpus": _cpus(),
                   "python": platform.python_version()},
        "seconds_each": seconds,
        "clock_step_us": clock_step() * 1e6,
        "results": [
            {
                "artifact": candidate.path.name,
                "runtime": candidate.runtime,
                "way": candidate.way,
                "threads": candidate.threads,
                "cold_seconds": cold,
                "p50_us": timing.percentile(50) * 1e6,
                "p99_us": timing.percentile(99) * 1e6,
                "samples": len(timing.samples[1]),
                "calls_per_sample": timing.calls_per_sample,
                "rows_per_second": {size: timing.rows_per_second(size) for size in sizes},
            }
            for candidate, timing, cold in results
        ],
        "not_run": dict(absent),
    }  # fmt: skip


def _show(
    directory: ModelDirectory, results: Sequence[Result], sizes: Sequence[int], seconds: float
) -> None:
    from mlp_edge.cli.printing.tables import show
    from mlp_edge.measure.timing import ENOUGH, ROUNDS

    name, cpus = directory.manifest.name, _cpus()
    show(_latency_table(f"{name}: one row", results))
    show(_throughput_table(f"{name}: rows per second, by rows per call", results, sizes))
    _show_bars(results, sizes[-1])
    notes = [
        f"{cpus} CPUs; threads as each library chooses, all: up to one per CPU",
        f"{seconds:g} s for each figure, in {ROUNDS} rounds in which all take turns; medians",
        "raw, model(x), model.predict: the library by itself, without mlp-edge",
    ]
    if any(cold is not None for *_, cold in results):
        notes.append("cold: seconds from a fresh Python to the first answer, imports included")
    if any(timing.few for _, timing, _ in results):
        notes.append(f"* the slowest of fewer than {ENOUGH} calls")
    if any(timing.calls_per_sample > 1 for _, timing, _ in results):
        notes.append("the clock is coarse: some latencies are means of a few calls")
    out.print()
    for note in notes:
        out.print(note, style="dim")


def _latency_table(title: str, results: Sequence[Result]) -> Any:
    from rich.text import Text

    from mlp_edge.cli.printing.tables import new_table

    cold_too = any(cold is not None for *_, cold in results)
    columns = ["artifact", "runtime", "threads", "p50 µs", "p99 µs"]
    table = new_table(title, *columns, *(["cold s"] if cold_too else []), text_columns=2)
    for candidate, timing, cold in results:
        table.add_row(
            Text(candidate.path.name), candidate.name, candidate.threads,
            _figure(timing.percentile(50) * 1e6),
            _figure(timing.percentile(99) * 1e6) + ("*" if timing.few else ""),
            *(["" if cold is None else f"{cold:.2f}"] if cold_too else []),
        )  # fmt: skip
    return table


def _throughput_table(title: str, results: Sequence[Result], sizes: Sequence[int]) -> Any:
    from rich.text import Text

    from mlp_edge.cli.printing.tables import new_table

    columns = [f"{size:,}" for size in sizes]
    table = new_table(title, "artifact", "runtime", *columns, text_columns=2)
    for candidate, timing, _ in results:
        rates = [_rate(timing.rows_per_second(size)) for size in sizes]
        table.add_row(Text(candidate.path.name), candidate.name, *rates)
    return table


def _figure(value: float) -> str:
    """Three digits: more is noise."""
    if value < 100:
        return f"{value:.3g}"
    digits = 2 - math.floor(math.log10(value))
    return f"{round(value, digits):,.0f}"


def _rate(value: float) -> str:
    """Three digits and k or M: ``"1.38M"``."""
    for factor, letter in ((1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{_figure(value / factor)}{letter}"
    return _figure(value)


def _show_bars(results: Sequence[Result], size: int) -> None:
    """Rows per second as bars, a factor of ten always of the same length."""
    from rich.text import Text

    from mlp_edge.cli.printing.tables import new_table, show

    rates = [timing.rows_per_second(size) for _, timing, _ in results]
    lowest = max(0, math.floor(math.log10(min(rates))))
    span = max(math.log10(max(rates)) - lowest, 1e-9)
    title = f"rows per second, {size:,} per call; logarithmic, bars begin at {10**lowest:,}"
    table = new_table(title, "artifact", "runtime", "", text_columns=3)
    table.show_header = False
    block = "#" if out.options.ascii_only else "█"
    for (candidate, _, _), rate in zip(results, rates, strict=True):
        length = max(1, round(BAR * (math.log10(rate) - lowest) / span))
        ours = candidate.way == "mlp-edge"
        bar = Text(block * length, style="green" if ours else "dim")
        table.add_row(Text(candidate.path.name), candidate.name, bar)
    show(table)
