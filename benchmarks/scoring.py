"""Prediction of a large table beside copying it, and beside a loop of pandas chunks.

``python benchmarks/scoring.py --rows 1000000`` makes a table of eight columns and a network of
8-12-8-1, predicts CSV to CSV and Parquet to Parquet in a process each, and prints seconds, peak
memory and rows a second. Copied is what the same reader and writer do with the same bytes without
predicting: DuckDB for CSV, of what was written, and Arrow for Parquet.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NAMES = ("pregnancies", "glucose", "pressure", "skin", "insulin", "bmi", "pedigree", "age")
MAKE = """
COPY (SELECT (random() * 12)::INT AS pregnancies, (60 + random() * 140)::INT AS glucose,
    (random() * 110)::INT AS pressure, (random() * 60)::INT AS skin,
    (random() * 500)::INT AS insulin, round(18 + random() * 30, 1) AS bmi,
    round(random() * 2, 3) AS pedigree, (21 + random() * 50)::INT AS age
    FROM range({rows})) TO '{file}'
"""
COPY_CSV = """
import duckdb
duckdb.execute("COPY (FROM read_csv('{given}', all_varchar = true)) TO '{out}'")
"""
COPY_PARQUET = """
import pyarrow.parquet as pq
file = pq.ParquetFile('{given}')
with pq.ParquetWriter('{out}', file.schema_arrow) as writer:
    for batch in file.iter_batches(65536):
        writer.write_batch(batch)
"""
PANDAS = """
import numpy as np, onnxruntime, pandas as pd
session = onnxruntime.InferenceSession('{model}', providers=['CPUExecutionProvider'])
feed = session.get_inputs()[0].name
for number, chunk in enumerate(pd.read_csv('{given}', chunksize=100_000)):
    rows = chunk[list({names})].to_numpy(np.float32)
    chunk['probability'] = session.run(None, {{feed: rows}})[0][:, 0]
    chunk['label'] = np.where(chunk['probability'] > 0.5, '1', '0')
    chunk.to_csv('{out}', index=False, mode='a' if number else 'w', header=not number)
"""


def measured(*words: str) -> tuple[float, float, int]:
    """Seconds, processor seconds and peak kilobytes of a program."""
    began = time.perf_counter()
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, words
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss


def make_model(path: Path) -> None:
    """Write an ONNX file of 8-12-8-1 with random weights."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from support.networks import network

    from mlp_edge import export
    from mlp_edge.feature import Feature

    features = tuple(Feature(name, 0.0, 500.0) for name in NAMES)
    path.write_bytes(export.onnx.export(network((8, 12, 8, 1), features=features)))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="for the files; a temporary one by default")
    parser.add_argument("--model", type=Path, help="only write a model there")
    chosen = parser.parse_args()
    if chosen.model is not None:
        make_model(chosen.model)
        return
    program = str(Path(sys.executable).with_name("mlp-edge"))
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        model = Path(folder) / "net.onnx"
        subprocess.run([sys.executable, __file__, "--model", model], check=True)
        print("| what | s | processor s | MB | rows/s | times the copy |")
        print("|---|---|---|---|---|---|")
        for suffix, copy in (("csv", COPY_CSV), ("parquet", COPY_PARQUET)):
            given, out, again = (Path(folder) / f"{name}.{suffix}" for name in ("a", "b", "c"))
            made = MAKE.format(rows=chosen.rows, file=given)
            subprocess.run([sys.executable, "-c", f'import duckdb; duckdb.execute("""{made}""")'])
            ours = measured(program, "predict", str(given), "-m", str(model), "--out", str(out))
            copied = measured(sys.executable, "-c", copy.format(given=out, out=again))
            lines = [(f"{suffix} to {suffix}", ours), (f"copied, {suffix}", copied)]
            if suffix == "csv":
                loop = PANDAS.format(model=model, given=given, out=again, names=NAMES)
                lines.append(("a loop of pandas chunks", measured(sys.executable, "-c", loop)))
            for what, (seconds, used, memory) in lines:
                rate, ratio = chosen.rows / seconds, seconds / copied[0]
                print(
                    f"| {what} | {seconds:.1f} | {used:.1f} | {memory / 1024:.0f} | {rate:,.0f} "
                    f"| {ratio:.2f} |"
                )
            for path in (given, out, again):
                path.unlink()


if __name__ == "__main__":
    main()
