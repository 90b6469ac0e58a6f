"""Compiled epochs beside stock ``model.fit``, in one process, from building the model on.

    python benchmarks/training.py [--json] [--grid]

Two configurations: the tutorial's (pima, 8-12-8-1, 150 epochs, batch 10, adam, raw readings, all
rows) for one run and for five, and a large table (100,000 rows x 20 features, 64-64 net, batch
256, 3 epochs). Each is timed the way ``mlp-edge train`` takes for it, compiling included, and by
``model.fit``. TensorFlow's import is left out and stands beside them.

``--grid`` measures what the rule in ``mlp_edge.training.backends.backend`` rests on instead: what
the first step and every later one cost, by the size of a step.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from mlp_edge.data.choices import Choices
from mlp_edge.data.reading.read import read_table
from mlp_edge.lazy import keras, tensorflow
from mlp_edge.training import fitting
from mlp_edge.training.backends.compiled import fit_compiled
from mlp_edge.training.backends.keras_fit import fit_keras
from mlp_edge.training.backends.program import Part
from mlp_edge.training.backends.shuffling import shuffled
from mlp_edge.training.examples import read_examples
from mlp_edge.training.network import build, compile_model
from mlp_edge.training.recipe import Recipe

RUNS = 5
TUTORIAL = Recipe(standardize=False)
LARGE = Recipe(hidden=(64, 64), epochs=3, batch_size=256, standardize=False)
GRID = [
    # rows, features, hidden, batch
    (768, 8, (12, 8), 10),
    (20_000, 20, (64, 64), 256),
    (8_192, 20, (512, 512), 256),
    (8_192, 20, (1024, 1024), 256),
    (32_768, 20, (1024, 1024), 1024),
]


class Seconds(NamedTuple):
    """By the clock, and by the processor in all threads."""

    clock: float
    processor: float


def added(times: Sequence[Seconds]) -> Seconds:
    """The sum of several."""
    return Seconds(sum(time.clock for time in times), sum(time.processor for time in times))


@dataclass
class Result:
    """One comparison: the clock's seconds and the processor's, summed over the runs."""

    what: str
    path: str
    stock: Seconds
    ours: Seconds
    at_least: float

    def to_dict(self) -> dict[str, Any]:
        """For the table and for JSON."""
        return {
            "what": self.what,
            "stock s": self.stock.clock,
            "ours s": self.ours.clock,
            "times": self.stock.clock / self.ours.clock,
            "wanted": self.at_least,
            "stock cpu": self.stock.processor,
            "ours cpu": self.ours.processor,
            "times cpu": self.stock.processor / self.ours.processor,
            "path": self.path,
        }


def pima() -> Part:
    """The tutorial's table, all 768 rows."""
    examples = read_examples(read_table("pima"), (), None, Choices())
    return Part(examples.rows, examples.encoded)


def made_up(rows: int, features: int) -> Part:
    """Readings and 0 or 1."""
    random = np.random.default_rng(0)
    readings = random.normal(size=(rows, features)).astype(np.float32)
    return Part(readings, (readings.sum(axis=1, keepdims=True) > 0).astype(np.float32))


def model_of(recipe: Recipe, training: Part, seed: int) -> Any:
    """A fresh model, as a run of ``mlp-edge train`` makes it."""
    keras().utils.set_random_seed(seed)
    model = build(recipe, training.rows, 1)
    compile_model(model, recipe, "accuracy")
    return model


def nothing(*_: Any) -> None:
    """Watch nothing."""


def seconds(work: Callable[[], Any]) -> Seconds:
    """How long it takes."""
    began = Seconds(time.perf_counter(), time.process_time())
    work()
    return Seconds(time.perf_counter() - began.clock, time.process_time() - began.processor)


def compare(
    what: str, recipe: Recipe, training: Part, runs: int
) -> tuple[str, list[Seconds], list[Seconds]]:
    """The path taken, and the seconds of each run: stock, then ours."""
    recipe = recipe.resolved("binary")
    paths, stock, ours = set(), [], []

    def fit_by_us(seed: int) -> None:
        model = model_of(recipe, training, seed)
        fitted = fitting.fit(model, training, None, replace(recipe, seed=seed), nothing)
        paths.add(fitted.backend.value)

    def fit_by_keras(seed: int) -> None:
        fit_keras(model_of(recipe, training, seed), training, None, recipe, nothing)

    for seed in range(runs):
        say(f"{what}: run {seed + 1} of {runs}")
        stock.append(seconds(lambda seed=seed: fit_by_keras(seed)))  # type: ignore[misc]
        ours.append(seconds(lambda seed=seed: fit_by_us(seed)))  # type: ignore[misc]
    (path,) = paths
    return path, stock, ours


def difference(recipe: Recipe, training: Part) -> float:
    """Largest difference of a weight after an epoch of the same batches, over the largest."""
    recipe = replace(recipe, epochs=1).resolved("binary")
    stock, ours = (model_of(recipe, training, 0) for _ in range(2))
    fit_keras(stock, training, None, recipe, nothing, shuffle=False)
    order = np.arange(len(training.rows), dtype=np.int32)
    fit_compiled(ours, training, None, recipe, iter([order]), nothing)
    expected, got = (np.concatenate([w.ravel() for w in m.get_weights()]) for m in (stock, ours))
    return float(np.abs(got - expected).max() / np.abs(expected).max())


def grid() -> list[dict[str, Any]]:
    """For each size of step: what starting costs, and each step, by both ways."""
    lines = []
    for rows, features, hidden, batch in GRID:
        training = made_up(rows, features)
        recipe = Recipe(hidden=hidden, batch_size=batch, epochs=2, standardize=False)
        recipe = recipe.resolved("binary")
        model = model_of(recipe, training, 0)
        steps = recipe.epochs * -(-rows // batch)
        line: dict[str, Any] = {"multiply-adds": batch * model.count_params(), "steps": steps}
        say(f"grid: {line['multiply-adds']:,} multiply-adds")

        def by_us(model: Any = model, training: Part = training, recipe: Recipe = recipe) -> None:
            orders = shuffled(len(training.rows), 0)
            fit_compiled(model, training, None, recipe, orders, nothing)

        def by_keras(model: Any = model, training: Part = training, recipe: Any = recipe) -> None:
            fit_keras(model, training, None, recipe, nothing)

        for way, work in (("compiled", by_us), ("stock", by_keras)):
            first, again = seconds(work).clock, seconds(work).clock
            line[f"{way} start s"] = first - again
            line[f"{way} step ms"] = 1000 * again / steps
        lines.append(line)
    return lines


def say(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)


def show(lines: Sequence[dict[str, Any]], title: str) -> None:
    """A table of records that share their keys."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1))
    for name in lines[0]:
        table.add_column(name, justify="right")
    for line in lines:
        table.add_row(*(f"{x:.3g}" if isinstance(x, float) else str(x) for x in line.values()))
    Console().print(table)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--grid", action="store_true")
    options = parser.parse_args()
    imported = seconds(tensorflow).clock
    # As every training runs; both ways alike.
    tensorflow().config.experimental.enable_op_determinism()
    if options.grid:
        lines = grid()
        print(json.dumps(lines, indent=2)) if options.json else show(lines, "what a step costs")
        return
    table, large = pima(), made_up(100_000, 20)
    path, stock, ours = compare("tutorial", TUTORIAL, table, RUNS)
    results = [
        Result("tutorial", path, stock[0], ours[0], 10),
        Result(f"{RUNS} runs of it", path, added(stock), added(ours), 40),
    ]
    path, stock, ours = compare("large table", LARGE, large, 1)
    results.append(Result("large table", path, stock[0], ours[0], 1))
    record = {
        "processors": os.cpu_count(),
        "import of TensorFlow": imported,
        "difference after one epoch": difference(TUTORIAL, table),
        "results": [result.to_dict() for result in results],
    }
    if options.json:
        print(json.dumps(record, indent=2))
        return
    show(
        [{k: v for k, v in result.to_dict().items() if k != "path"} for result in results],
        "seconds, from building the model to its last epoch",
    )
    print("path taken: " + "; ".join(f"{result.what}: {result.path}" for result in results))
    print(f"TensorFlow's import, left out: {imported:.1f} s; {os.cpu_count()} processors")
    print(f"difference of weights after an epoch: {record['difference after one epoch']:.1e}")


if __name__ == "__main__":
    main()
