"""Training on a table that is never held, beside the same network fed from NumPy.

    python benchmarks/bigtables.py                              # 20,000,000 x 20, two epochs
    python benchmarks/bigtables.py --rows 1000000 --batch 10

Writes a Parquet file of float32 columns to a temporary folder (some 80 bytes a row, and as much
again while it trains) and deletes it. Each way runs in a process of its own, one after the other;
"rows a second" is of the last epoch, which compiles nothing, and "rows a processor second" the same
by the processor's time in all threads: on a machine that does other work as well, that says more.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COLUMNS = 20
"""Of the table, the target among them."""
IN_MEMORY = 2_000_000
"""Rows of the NumPy arrays."""
HIDDEN = (32, 16)


def main() -> None:
    """Make the table, run both ways, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--child", choices=("numpy", "stream"), help=argparse.SUPPRESS)
    parser.add_argument("--table", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run = in_memory if options.child == "numpy" else streamed
        found = run(options)
        found["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory(prefix="bigtables-") as folder:
        table = Path(folder) / "events.parquet"
        write_table(table, options.rows)
        print(f"{options.rows:,} x {COLUMNS}, {table.stat().st_size >> 20:,} MB of Parquet")
        found = {name: child(name, table, options) for name in ("numpy", "stream")}
    for name, figures in found.items():
        print(f"{name:8}", ", ".join(f"{what} {value:,.0f}" for what, value in figures.items()))
    for rate in ("rows a second", "rows a processor second"):
        share = found["stream"][rate] / found["numpy"][rate]
        print(f"{rate}: {share:.0%} of what NumPy in memory reaches")


def child(name: str, table: Path, options: argparse.Namespace) -> dict[str, float]:
    """The figures of one way, in a process of its own."""
    words = [sys.executable, __file__, "--child", name, "--table", str(table)]
    for option in ("rows", "batch", "epochs"):
        words += [f"--{option}", str(getattr(options, option))]
    answer = subprocess.run(words, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def write_table(path: Path, rows: int) -> None:
    """Numbers by hashes, and a class that follows from some of them."""
    import duckdb

    def unit(name: object) -> str:
        return f"hash(i * 64 + {name}) / 18446744073709551616.0"

    columns = [f"CAST({unit(place)} AS FLOAT) AS x{place}" for place in range(COLUMNS - 1)]
    score = f"{unit(0)} + {unit(1)} * {unit(2)} - {unit(3)} + 0.3 * ({unit(63)} - 0.5)"
    columns.append(f"CAST({score} > 0.25 AS INTEGER) AS y")
    duckdb.sql(
        f"COPY (SELECT {', '.join(columns)} FROM range({rows}) t(i)) "  # noqa: S608
        f"TO '{path}' (FORMAT parquet)"
    )


class Clock:
    """Follows a training, and keeps when each epoch ended."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.ends: list[float] = []
        self.worked: list[float] = []

    def epoch(self, number: int, logs: Mapping[str, float]) -> None:
        """An epoch has ended."""
        self.ends.append(time.perf_counter() - self.began)
        self.worked.append(time.process_time())

    def rates(self, rows: int) -> dict[str, float]:
        """Rows of the last epoch by the time that it took."""
        return {
            "rows a second": rows / (self.ends[-1] - self.ends[-2]),
            "rows a processor second": rows / (self.worked[-1] - self.worked[-2]),
        }


def in_memory(options: argparse.Namespace) -> dict[str, Any]:
    """Compiled epochs on NumPy arrays."""
    import numpy as np

    from mlp_edge.training.backends.program import Part
    from mlp_edge.training.fitting import fit
    from mlp_edge.training.network import build, compile_model
    from mlp_edge.training.recipe import Recipe

    rows = min(IN_MEMORY, options.rows)
    random = np.random.default_rng(0)
    inputs = random.random((rows, COLUMNS - 1), np.float32)
    targets = (inputs[:, :1] + inputs[:, 1:2] * inputs[:, 2:3] - inputs[:, 3:4] > 0.25).astype("f4")
    recipe = Recipe(hidden=HIDDEN, epochs=options.epochs, batch_size=options.batch)
    recipe = recipe.resolved("binary")
    model = build(recipe, inputs, 1)
    compile_model(model, recipe, "accuracy")
    clock = Clock()
    fit(model, Part(inputs, targets), None, recipe, clock.epoch)
    return {"rows": rows, **clock.rates(rows), "seconds": clock.ends[-1]}


def streamed(options: argparse.Namespace) -> dict[str, Any]:
    """`mlp-edge train` on the file, from the first byte to the model directory."""
    import mlp_edge
    from mlp_edge.api.observer import Observer

    clock = Clock()

    class Timed(Observer):
        @contextmanager
        def fits(self) -> Iterator[Any]:
            yield lambda title, epochs: clock.epoch

    model = mlp_edge.train(
        options.table, stream=True, hidden=HIDDEN, epochs=options.epochs,
        batch_size=options.batch, observer=Timed(),
    )  # fmt: skip
    seconds = time.perf_counter() - clock.began
    rows = model.training.manifest.rows["training"]
    first = clock.ends[0] - (clock.ends[1] - clock.ends[0])
    return {
        "rows": rows, **clock.rates(rows), "seconds": seconds,
        "seconds before the first epoch": first, "seconds after the last": seconds - clock.ends[-1],
    }  # fmt: skip


if __name__ == "__main__":
    main()
