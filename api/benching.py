"""``Model.bench``: how fast every artifact predicts on every runtime."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from mlp_edge.api.observer import SILENT, Observer
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.result import Result, Sheet
from mlp_edge.api.sample import rows_of
from mlp_edge.api.settings import BenchSettings
from mlp_edge.errors import InputError
from mlp_edge.measure.candidates import Candidate, candidates, cold_seconds, opened
from mlp_edge.measure.timing import ENOUGH, ROUNDS, Timing, clock_step, measure

if TYPE_CHECKING:
    from mlp_edge.readers.model_directory import ModelDirectory


class Measurement(NamedTuple):
    """A candidate and its figures.

    Attributes:
        candidate: the artifact and what predicts with it.
        timing: once warm.
        cold: seconds from a fresh Python to the first prediction; None where not measured.
    """

    candidate: Candidate
    timing: Timing
    cold: float | None

    def to_dict(self, sizes: Sequence[int]) -> dict[str, Any]:
        """Its figures at these batch sizes."""
        candidate, timing = self.candidate, self.timing
        return {
            "artifact": candidate.path.name,
            "runtime": candidate.runtime,
            "way": candidate.way,
            "threads": candidate.threads,
            "cold_seconds": self.cold,
            "p50_us": timing.percentile(50) * 1e6,
            "p99_us": timing.percentile(99) * 1e6,
            "samples": len(timing.samples[1]),
            "calls_per_sample": timing.calls_per_sample,
            "rows_per_second": {size: timing.rows_per_second(size) for size in sizes},
        }


@dataclass(frozen=True, repr=False)
class BenchReport(Result):
    """How fast everything predicts.

    Attributes:
        model: its name.
        weights_sha256: hash of its weights.
        settings: by which it was measured.
        results: of every candidate that ran.
        not_run: candidate -> what is missing on this machine.
        clock_step: seconds between two readings of the clock that differ.
        cpus: that the process may use.
    """

    model: str
    weights_sha256: str
    settings: BenchSettings
    results: tuple[Measurement, ...]
    not_run: Mapping[str, str]
    clock_step: float
    cpus: int

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values.

        Returns:
            The machine, and the figures of every candidate.
        """
        return {
            "model": self.model,
            "weights_sha256": self.weights_sha256,
            "system": {
                "name": platform.system(),
                "machine": platform.machine(),
                "cpus": self.cpus,
                "python": platform.python_version(),
            },
            "seconds_each": self.settings.seconds,
            "clock_step_us": self.clock_step * 1e6,
            "results": [result.to_dict(self.settings.sizes) for result in self.results],
            "not_run": dict(self.not_run),
        }

    def sheets(self) -> Sequence[Sheet]:
        """The tables that are shown.

        Returns:
            Latency of one row, then throughput by batch size, with notes on how to read them.
        """
        return [self._latency(), self._throughput()]

    def remarks(self) -> Sequence[str]:
        """What is said beside the tables.

        Returns:
            What was not run, and why, a sentence each.
        """
        return [f"not run: {name}: {missing}" for name, missing in self.not_run.items()]

    def _latency(self) -> Sheet:
        cold_too = any(result.cold is not None for result in self.results)
        columns = ("artifact", "runtime", "threads", "p50 µs", "p99 µs")
        rows = []
        for candidate, timing, cold in self.results:
            p50, p99 = (_figure(timing.percentile(percent) * 1e6) for percent in (50, 99))
            figures = (p50, p99 + ("*" if timing.few else ""))
            last = ("" if cold is None else f"{cold:.2f}",) if cold_too else ()
            named = (candidate.path.name, candidate.name, candidate.threads)
            rows.append((*named, *figures, *last))
        title = f"{self.model}: one row"
        heads = (*columns, "cold s") if cold_too else columns
        return Sheet(title, heads, tuple(rows), text_columns=2)

    def _throughput(self) -> Sheet:
        sizes = self.settings.sizes
        rows = tuple(
            (
                candidate.path.name,
                candidate.name,
                *(_rate(timing.rows_per_second(size)) for size in sizes),
            )
            for candidate, timing, _ in self.results
        )
        title = f"{self.model}: rows per second, by rows per call"
        columns = ("artifact", "runtime", *(f"{size:,}" for size in sizes))
        return Sheet(title, columns, rows, self._notes(), text_columns=2)

    def _notes(self) -> tuple[str, ...]:
        timings = [result.timing for result in self.results]
        notes = [
            f"{self.cpus} CPUs; threads as each library chooses, all: up to one per CPU",
            f"{self.settings.seconds:g} s for each figure, in {ROUNDS} rounds in which all take "
            "turns; medians",
            "raw, model(x), model.predict: the library by itself, without mlp-edge",
        ]
        if any(result.cold is not None for result in self.results):
            notes.append("cold: seconds from a fresh Python to the first prediction, with imports")
        if any(timing.few for timing in timings):
            notes.append(f"* the slowest of fewer than {ENOUGH} calls")
        if any(timing.calls_per_sample > 1 for timing in timings):
            notes.append("the clock is coarse: some latencies are means of a few calls")
        return tuple(notes)


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


def bench(
    model: OpenedModel,
    settings: BenchSettings,
    *,
    observer: Observer = SILENT,
) -> BenchReport:
    """Measure how fast a model's artifacts predict, all candidates in turns.

    Args:
        model: from a model directory with exports.
        settings: what to measure, and for how long.
        observer: follows.

    Raises:
        InputError: for a file alone, without exports, or when none can run here.
        ModelError: for an artifact that is damaged, or made from other weights.
    """
    from mlp_edge.runtime import HOSTED
    from mlp_edge.runtime.load import named_runtime

    directory = model.directory
    if directory is None:
        raise InputError(
            f"{model.path}: {model.alone} has no exports to measure; a model directory, "
            "which `mlp_edge.import_model()` makes of a file, would do"
        )
    exports = directory.exported_models
    if not exports:
        raise InputError(f"{model.path}: no exports to measure; `Model.export()` writes them")
    chosen = [named_runtime(name) for name in settings.runtimes] or HOSTED
    original = [] if directory.manifest.imported else [directory.keras_path]
    everybody = candidates([*original, *exports], chosen)
    present = [candidate for candidate, missing in everybody if missing is None]
    if not present:
        raise InputError("nothing to measure: none of these runtimes can run an export here")
    return BenchReport(
        model=directory.manifest.name,
        weights_sha256=directory.manifest.sha256["weights"],
        settings=settings,
        results=tuple(_measured(directory, present, settings, observer)),
        not_run={candidate.name: missing for candidate, missing in everybody if missing},
        clock_step=clock_step(),
        cpus=_cpus(),
    )


def _measured(
    directory: ModelDirectory,
    present: Sequence[Candidate],
    settings: BenchSettings,
    observer: Observer,
) -> list[Measurement]:
    weights = directory.manifest.sha256["weights"]
    rows = rows_of(directory, directory.mlp())
    with observer.step("") as watch, ExitStack() as stack:
        predictors = {}
        for candidate in present:
            name = f"{candidate.path.name} on {candidate.name}"
            watch(f"opening {name}")
            predictors[name] = stack.enter_context(opened(candidate, weights))
        starts: list[float | None] = []
        for candidate, name in zip(present, predictors, strict=True):
            started = settings.cold and candidate.starts_alone
            if started:
                watch(f"starting a fresh Python for {name}")
            starts.append(cold_seconds(candidate, weights, rows[:1]) if started else None)
        timings = measure(predictors, rows, settings.sizes, settings.seconds, watch)
    each = zip(present, timings.values(), starts, strict=True)
    return [Measurement(*figures) for figures in each]


def _cpus() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
