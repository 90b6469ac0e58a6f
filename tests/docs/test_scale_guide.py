"""The examples of docs/how-to/scale.md run; those of Spark and Ray in tests/engines."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
from support import guide


def test_every_example_is_run() -> None:
    run = [guide.example(name) for name in ("stream", "duckdb", "spark", "ray")]
    assert sorted(run) == sorted(guide.EXAMPLES)


def test_the_stream(homes: Path, homes_table: Path, folder: Path) -> None:
    shutil.copytree(homes, "model")
    shutil.copy(homes_table, "big.csv")
    found = guide.run("stream", "model")["found"]
    assert pq.read_table("scored.parquet").num_rows == found.rows


def test_duckdb(folder: Path) -> None:
    guide.lay_out(folder)
    assert len(guide.run("duckdb")["rows"]) == guide.ROWS
