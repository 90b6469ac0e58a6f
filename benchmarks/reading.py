"""How fast a large CSV is read, and in how much memory, beside DuckDB and pandas.

    .venv/bin/python benchmarks/reading.py [--rows N] [--columns N] [--runs N] [--table FILE]

A table of numbers is written first: decimals of several lengths, whole numbers, in the last column
a target of numbers. Each reader then has a process of its own, in turns, so that noise hits all
alike; the least of its seconds count. Imports are left out of the seconds, not of the memory.

- DuckDB: its `read_csv`, types guessed by it, every column as a NumPy array, on all cores
- pandas: its `read_csv`
- read: `read_table`, then what every column holds and its numbers as float32, which `train` needs
- with findings: `read_table`, then all that `train` finds in the columns before it fits
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np


def written(path: Path, rows: int, columns: int) -> None:
    """A table of numbers, always the same."""
    generator = np.random.default_rng(0)
    formats = ["%.4f", "%.2f", "%d", "%.17g", "%.3f"]
    readings = generator.normal(size=(rows, columns - 1)) * generator.integers(1, 500, columns - 1)
    noise = generator.normal(size=(rows, 1))
    target = readings @ generator.normal(size=(columns - 1, 1)) + 100 * noise
    values = np.hstack([readings, target])
    kinds = [formats[index % len(formats)] for index in range(columns - 1)] + ["%.3f"]
    names = ",".join(f"column_{index}" for index in range(columns))
    np.savetxt(path, values, kinds, ",", header=names, comments="")


def by_duckdb(table: str) -> Callable[[], object]:
    """Typed columns, as DuckDB gives them."""
    import duckdb

    connection = duckdb.connect()
    quoted = table.replace("'", "''")
    return lambda: connection.execute(f"FROM read_csv('{quoted}')").fetchnumpy()


def by_pandas(table: str) -> Callable[[], object]:
    """A data frame."""
    import pandas as pd

    return lambda: pd.read_csv(table)


def by_reading(table: str) -> Callable[[], object]:
    """A table, the kinds of its columns and their numbers as float32."""
    import duckdb  # noqa: F401 (read_table imports it for large tables)

    from mlp_edge.data.choices import Choices, missing_spellings
    from mlp_edge.data.content.cells import read_column
    from mlp_edge.data.content.column_types import meaning
    from mlp_edge.data.reading.read import read_table

    def read() -> object:
        found = read_table(table)
        rows = np.empty((found.rows, len(found.columns)), np.float32)
        spellings = missing_spellings(found, [], Choices())
        for index, name in enumerate(found.columns):
            column = read_column(found, name, spellings[name])
            rows[:, index] = meaning(found, column, categorical=False, numeric=False).readings
        return found, rows

    return read


def with_findings(table: str) -> Callable[[], object]:
    """A table, and all that is found in its columns."""
    import duckdb  # noqa: F401

    from mlp_edge.data.choices import Choices
    from mlp_edge.data.columns import read_columns
    from mlp_edge.data.reading.read import read_table

    def read() -> object:
        found = read_table(table)
        return found, read_columns(found, found.columns[-1:], Choices())

    return read


READERS = {
    "DuckDB": by_duckdb,
    "pandas": by_pandas,
    "read": by_reading,
    "with findings": with_findings,
}


def measured(name: str, table: str) -> dict[str, float]:
    """Seconds, seconds of processor time and the peak of memory in bytes of this process."""
    read = READERS[name](table)
    began, spent = time.perf_counter(), time.process_time()
    kept = read()
    seconds, processor = time.perf_counter() - began, time.process_time() - spent
    assert kept is not None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "processor": processor, "peak": peak}


def in_a_process(name: str, table: Path) -> dict[str, float]:
    """The same, measured in a process that does nothing else."""
    command = [sys.executable, __file__, "--reader", name, "--table", str(table)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def main() -> None:
    """Measure and print, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument("--columns", type=int, default=10)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.reader:
        print(json.dumps(measured(given.reader, str(given.table))))
        return
    with tempfile.TemporaryDirectory() as folder:
        table = given.table or Path(folder) / "table.csv"
        if given.table is None:
            written(table, given.rows, given.columns)
        found: dict[str, list[dict[str, float]]] = {name: [] for name in READERS}
        for _ in range(given.runs):
            for name in READERS:
                found[name].append(in_a_process(name, table))
        show(table, found, 4 * given.rows * given.columns if given.table is None else None)


def show(table: Path, found: dict[str, list[dict[str, float]]], floats: int | None) -> None:
    """Print the least of each figure, beside DuckDB's."""
    least = {
        name: {key: min(run[key] for run in runs) for key in runs[0]}
        for name, runs in found.items()
    }
    print(f"{table.stat().st_size / 1e6:.1f} MB of text")
    if floats is not None:
        print(f"4 times its numbers as float32, and 150 MB: {(4 * floats + 150e6) / 1e6:.0f} MB")
    print("\n| reader | s | times DuckDB | processor s | times DuckDB | peak MB |")
    print("|---|---|---|---|---|---|")
    base = least["DuckDB"]
    for name, one in least.items():
        times = [one[key] / base[key] for key in ("seconds", "processor")]
        print(
            f"| {name} | {one['seconds']:.2f} | {times[0]:.1f} | {one['processor']:.2f} "
            f"| {times[1]:.1f} | {one['peak'] / 1e6:.0f} |"
        )


if __name__ == "__main__":
    main()
