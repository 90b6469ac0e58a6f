"""Cross-validated scores of one recipe on six tables, beside scikit-learn's linear models.

    .venv/bin/python benchmarks/scores.py [--repeats 3] [--sets pima,wine] [--json] [-- OPTIONS]

Runs `mlp-edge train TABLE --cv 10 --repeats 3` as a user would, with ``RECIPE`` for every table
alike (OPTIONS take its place). What is fitted (fills, scaling, early stopping) is fitted inside
each fold; repeat r parts the rows by seed r. The linear model is scikit-learn's LogisticRegression
or Ridge on the same folds, with the same fills and scaling. The standard error of the difference
is corrected for overlapping training rows (Nadeau and Bengio, 2003).

Behind the table: what ten folds take beside one fit, TensorFlow's import left out.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from sklearn import datasets

from mlp_edge.data.reading.read import read_table
from mlp_edge.lazy import tensorflow
from mlp_edge.training.cross_validation import Folding
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.scoring.statistics import corrected_error
from mlp_edge.training.training import train

PROGRAM = str(Path(sys.executable).with_name("mlp-edge"))
RECIPE = (
    "--recipe", "tutorial", "--hidden", "64", "--dropout", "0.5", "--l2", "0.01",
    "--schedule", "cosine", "--learning-rate", "0.005", "--batch-size", "32",
)  # fmt: skip
"""One for all tables, so that nothing is chosen by the rows that judge."""
ZEROS = ("--missing", "glucose,pressure,skin,insulin,bmi=0")
"""Zeros of the Pima table that are no readings."""
SETS: dict[str, tuple[tuple[str, ...], tuple[str, ...], float | None]] = {
    # options of the table, metrics, the first metric's wanted value
    "pima": (ZEROS, ("accuracy", "auc"), None),
    "iris": ((), ("accuracy",), 0.96),
    "wine": (("--target", "target"), ("accuracy",), 0.97),
    "breast_cancer": (("--target", "target"), ("accuracy", "auc"), 0.97),
    "digits": (("--target", "target"), ("accuracy",), 0.97),
    "diabetes": (("--target", "target"), ("rmse",), None),
}


def written(name: str, folder: Path) -> str:
    """The table as ``mlp-edge train`` takes it; scikit-learn's are written as CSV files."""
    if name in ("pima", "iris"):
        return name
    found = getattr(datasets, f"load_{name}")()
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*found.feature_names, "target"])
        for row, target in zip(found.data.tolist(), found.target.tolist(), strict=True):
            writer.writerow([*row, target])
    return str(path)


def judged(name: str, folder: Path, options: Sequence[str], repeats: int) -> dict[str, Any]:
    """A recipe on a table: metric -> figures, and the seconds of the whole command."""
    of_table, metrics, wanted = SETS[name]
    command = [
        PROGRAM, "train", written(name, folder), *of_table, *options, "--cv", "10",
        "--repeats", str(repeats), "--metrics", ",".join(metrics), "--json", "-q",
        "--out", str(folder / f"model_{name}"),
    ]  # fmt: skip
    began = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    found = json.loads(done.stdout)["cross_validation"]
    return {
        "set": name, "seconds": seconds, "wanted": wanted,
        "metrics": {metric: figures(found, metric) for metric in metrics},
    }  # fmt: skip


def figures(found: Mapping[str, Any], metric: str) -> dict[str, float]:
    """Means and deviations over all folds, and the difference with its standard error."""
    mlp, linear, prior = (
        np.array(found["scores"][model][metric], float) for model in ("mlp", "linear", "prior")
    )
    return {
        "mlp": mlp.mean(), "deviation": mlp.std(ddof=1), "linear": linear.mean(),
        "prior": prior.mean(), "difference": (mlp - linear).mean(),
        "error": corrected_error(mlp - linear, found["trained"], found["tested"]),
    }  # fmt: skip


def fold_times(options: Sequence[str]) -> dict[str, float]:
    """Seconds of one fit and of ten folds on the Pima table, each from reading to files."""
    tensorflow()
    table, recipe = read_table("pima"), Recipe()
    times = {}
    for what, folding in (("one fit", None), ("one fit and ten folds", Folding(10))):
        for epochs in (149, 150):  # the first warms up, and compiles another program
            began = time.perf_counter()
            train(table, recipe.given({"epochs": epochs}), lambda *_: lambda *_: None,
                  folding=folding)  # fmt: skip
            times[what] = time.perf_counter() - began
    return times


def table_of(results: Sequence[Mapping[str, Any]]) -> Table:
    """A row per table and metric."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    columns = ("set", "metric", "network", "linear", "constant", "difference", "seconds")
    for column in columns:
        table.add_column(column, justify="left" if column in ("set", "metric") else "right")
    for result in results:
        for metric, found in result["metrics"].items():
            table.add_row(
                result["set"], metric, f"{found['mlp']:.4g} ± {found['deviation']:.2g}",
                f"{found['linear']:.4g}", f"{found['prior']:.4g}",
                f"{found['difference']:+.2g} ± {found['error']:.2g}", f"{result['seconds']:.0f}",
            )  # fmt: skip
    return table


def main() -> None:
    """Measure and print."""
    own, options = sys.argv[1:], list(RECIPE)
    if "--" in own:
        at = own.index("--")
        own, options = own[:at], own[at + 1 :]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(own)
    with tempfile.TemporaryDirectory() as folder:
        results = [
            judged(name, Path(folder), options, arguments.repeats)
            for name in arguments.sets.split(",")
        ]
    times = fold_times(options)
    if arguments.json:
        json.dump({"recipe": options, "results": results, "times": times}, sys.stdout, indent=2)
        return
    console = Console(width=120)
    console.print(f"mlp-edge train TABLE {' '.join(options)} --cv 10 --repeats {arguments.repeats}")
    console.print(table_of(results))
    ratio = times["one fit and ten folds"] / times["one fit"]
    console.print(f"pima, defaults: {times}, {ratio:.2f} times")


if __name__ == "__main__":
    main()
