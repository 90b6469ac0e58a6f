"""What integers lose, beside what the official quantiser loses on the same models and rows.

    .venv/bin/python benchmarks/quantisation.py [--seeds 5] [--autoencoder FILE.h5]

Trains pima, iris and sine, and wine, digits, diabetes and penguins of `default_tables.py`, by the
tutorial's recipe, once per seed, and prints for each set

- the largest difference from the float64 reference over the held-out rows, the median of the seeds:
  ours in int8, int16 and int24, and TensorFlow's own post-training quantiser's, which is given
  the dense layers alone (the scaling stays in float) and every calibration row: its best case;
- labels that change, and metrics, over the calibration rows pooled from ten folds, each predicted
  by integers made without its own fold.

- of int24 the largest error over the declared ranges and its root mean square, as shares of the
  predictions' range, beside those of a float32 header; the largest share of the bound that float32
  is held to, and labels that change;
- what the header of the first seed's pima, iris and sine takes in each dtype on each chip.

--autoencoder names the weights of MLPerf Tiny's anomaly detection reference, as for bounds.py: by
how much integers raise its reconstruction error.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from bounds import autoencoder
from default_tables import frame
from rich.console import Console
from rich.table import Table

from mlp_edge.api.exporting.calibration_rows import JUDGED
from mlp_edge.export import c
from mlp_edge.files.calibration import read_calibration
from mlp_edge.integers import integer_reference
from mlp_edge.lazy import quiet, tensorflow
from mlp_edge.measure.cost import measure
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.proof.c_replay import replay
from mlp_edge.proof.float_grade import float_grade, grade_rows
from mlp_edge.quantise import quantise
from mlp_edge.quantise.judge import Loss, loss, pooled
from mlp_edge.readers.model_directory import CALIBRATION, ModelDirectory
from mlp_edge.reference import predict
from mlp_edge.runtime import CHIPS
from mlp_edge.runtime.c import read_header
from mlp_edge.training.scoring.scores import Truth, score

PROGRAM = str(Path(sys.executable).with_name("mlp-edge"))
SETS = ("pima", "iris", "sine", "wine", "digits", "diabetes", "penguins")
FROM_PACKAGES = SETS[3:]
DIGITS = ("--hidden", "32", "--epochs", "40", "--batch-size", "32")
DTYPES = ("int8", "int16", "int24")


def trained(name: str, seed: int, folder: Path, recipe: str = "tutorial") -> ModelDirectory:
    """A model as a user trains it; the tutorial's has the shape that older figures are of."""
    table = name
    if name in FROM_PACKAGES:
        table = str(folder / f"{name}.csv")
        rows = frame(name)
        rows.columns = [column.replace("/", "_") for column in rows.columns]
        rows.to_csv(table, index=False)
    place = folder / f"{name}{seed}"
    options = DIGITS if name == "digits" else ()
    command = [PROGRAM, "train", table, "--recipe", recipe, *options, "--seed", str(seed)]
    subprocess.run([*command, "--out", str(place), "-q"], check=True, capture_output=True)
    return ModelDirectory.open(place)


def official(mlp: Mlp, calibration: Floats, rows: Floats) -> Floats:
    """Answers by TensorFlow's post-training int8 quantisation of the dense layers."""
    tf = tensorflow()
    activations = {"relu": tf.nn.relu, "sigmoid": tf.nn.sigmoid, "softmax": tf.nn.softmax,
                   "linear": tf.identity}  # fmt: skip

    def scaled(readings: Floats) -> Floats:
        encoded = mlp.encoding.encode(readings)
        if mlp.scaling is None:
            return encoded
        return ((encoded - mlp.scaling.mean) * mlp.scaling.reciprocal).astype(np.float32)

    def serve(x: Any) -> Any:
        for layer in mlp.layers:
            x = activations[layer.activation](tf.matmul(x, layer.weights.T) + layer.bias)
        return x

    module = tf.Module()
    signature = [tf.TensorSpec((None, mlp.encoding.width), tf.float32)]
    module.serve = tf.function(serve, input_signature=signature, autograph=False)
    given = scaled(calibration)
    with quiet():
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [module.serve.get_concrete_function()], module
        )
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([row[None]] for row in given)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        interpreter = tf.lite.Interpreter(model_content=converter.convert())
        [feed], [result] = interpreter.get_input_details(), interpreter.get_output_details()
        interpreter.resize_tensor_input(feed["index"], (len(rows), mlp.encoding.width))
        interpreter.allocate_tensors()
    interpreter.set_tensor(feed["index"], scaled(rows))
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(result["index"]))


def on_pooled_rows(directory: ModelDirectory, dtype: str) -> Loss:
    """What calibration rows lose, by integers made without their own fold."""
    mlp = directory.mlp()
    rows, targets = read_calibration(directory.path / CALIBRATION, mlp.inputs)
    assert targets is not None
    truth = Truth(mlp.task, targets, len(mlp.labels), mlp.threshold)
    return loss(
        mlp, rows, pooled(mlp, rows, dtype), lambda got: score(JUDGED[mlp.task], truth, got)
    )


def of_set(name: str, seeds: int, folder: Path, errors: Table, pools: Table, grades: Table) -> None:
    """A line of each table per set, dtype."""
    off: dict[str, list[float]] = {"official": [], **{dtype: [] for dtype in DTYPES}}
    flips: dict[str, list[int]] = {dtype: [] for dtype in DTYPES}
    seconds = 0.0
    directories = [trained(name, seed, folder) for seed in range(seeds)]
    for directory in directories:
        mlp, rows = directory.mlp(), directory.sample().rows
        given = read_calibration(directory.path / CALIBRATION, mlp.inputs).rows
        off["official"].append(loss(mlp, rows, official(mlp, given, rows)).difference)
        for dtype in DTYPES:
            started = time.perf_counter()
            quantised = quantise(mlp, given, dtype)
            seconds = max(seconds, time.perf_counter() - started)
            held = loss(mlp, rows, integer_reference.predict_quantised(mlp, quantised, rows))
            off[dtype].append(held.difference)
            flips[dtype].append(held.flips or 0)
    middle = {dtype: float(np.median(values)) for dtype, values in off.items()}
    errors.add_row(
        name, *(f"{middle[dtype]:.2g}" for dtype in off),
        f"{middle['int8'] / middle['official']:.2f}",
        " ".join(f"{value:.4f}" for value in off["int8"]),
        " / ".join(str(sum(flips[dtype])) for dtype in DTYPES), f"{seconds:.2f}",
    )  # fmt: skip
    grades.add_row(name, *of_ranges(directories))
    for dtype in DTYPES:
        losses = [on_pooled_rows(directory, dtype) for directory in directories]
        changes = {
            metric: np.mean([one.after[metric] - one.before[metric] for one in losses])
            for metric in losses[0].before
        }
        pools.add_row(
            name, dtype, str(sum(one.rows for one in losses)),
            "" if losses[0].flips is None else str(sum(one.flips or 0 for one in losses)),
            f"{max(one.difference for one in losses):.4f}",
            ", ".join(f"{metric} {change:+.2g}" for metric, change in changes.items()),
        )  # fmt: skip


def of_ranges(directories: list[ModelDirectory]) -> list[str]:
    """int24 over the declared ranges, and float32 as the header has it: the worst of all seeds."""
    found, shares, flips = [], [], 0
    for directory in directories:
        mlp, rows = directory.mlp(), directory.sample().rows
        given = read_calibration(directory.path / CALIBRATION, mlp.inputs).rows
        asked = grade_rows(mlp, np.vstack([given, rows]))
        answers = integer_reference.predict_quantised(mlp, quantise(mlp, given, "int24"), asked)
        exact = predict(mlp, asked)
        span = 1.0 if mlp.task != "regression" else float(np.ptp(predict(mlp, rows)))
        off = [(got - exact) / span for got in (answers, replay(mlp, asked))]
        shares.append([np.abs(each).max() for each in off]
                      + [np.sqrt(np.square(each).mean()) for each in off])  # fmt: skip
        found.append(float_grade(mlp, asked, answers))
        flips += loss(mlp, asked, answers).flips or 0
    used = [one.used for one in found]
    return [
        f"{sum(one.rows for one in found):,}",
        *(f"{value:.2g}" for value in np.max(shares, axis=0)),
        f"{max(used):.2f}", f"{np.median(used):.2f}", str(flips),
    ]  # fmt: skip


def on_chips(name: str, folder: Path, table: Table) -> None:
    """A line per dtype: flash, RAM and cycles or instructions on each chip."""
    directory = ModelDirectory.open(folder / f"{name}0")
    mlp, rows = directory.mlp(), directory.sample().rows
    given = read_calibration(directory.path / CALIBRATION, mlp.inputs).rows
    headers = {"float32": c.EXPORTER.export(mlp)} | {
        dtype: write(mlp, quantise(mlp, given, dtype))
        for dtype, write in c.EXPORTER.integers.items()
    }
    for dtype, content in headers.items():
        path = folder / f"{name}_{dtype}.h"
        path.write_bytes(content)
        for opt in ("Os", "O3"):
            costs = [measure(read_header(path), chip, rows, opt) for chip in CHIPS]
            cells = [f"{cost.flash:,} {cost.ram:,} {cost.middle:,}" for cost in costs]
            table.add_row(name, dtype, f"-{opt}", *cells)


def of_autoencoder(path: Path, console: Console) -> None:
    """How much integers raise the reconstruction error of rows like log-mel energies."""
    mlp = autoencoder(path)
    random = np.random.default_rng(0)
    drawn = random.normal(-30, 15, (2, 500, mlp.inputs)).astype(np.float32)
    near = (predict(mlp, drawn[0]) + random.normal(0, 3, (500, mlp.outputs))).astype(np.float32)
    for what, given, rows in (
        ("drawn", drawn[0], drawn[1]),
        ("reconstructed", near[:250], near[250:]),
    ):
        exact = predict(mlp, rows)
        before = ((exact - rows) ** 2).mean(axis=1)
        for dtype in DTYPES:
            started = time.perf_counter()
            quantised = quantise(mlp, given, dtype)
            seconds = time.perf_counter() - started
            answers = integer_reference.predict_quantised(mlp, quantised, rows)
            after = ((answers - rows) ** 2).mean(axis=1)
            console.print(
                f"autoencoder, {what} rows, {dtype}: reconstruction error {before.mean():.4g}, "
                f"{after.mean() / before.mean() - 1:+.4%} (a row at most "
                f"{(after / before).max() - 1:+.3%}); |answer - exact| at most "
                f"{np.abs(answers - exact).max():.3g} of {np.ptp(exact):.3g}; {seconds:.1f} s"
            )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What integers lose.")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--autoencoder", type=Path, help="the .h5 file of mlcommons/tiny")
    options = parser.parse_args()
    console = Console(width=160)
    errors = Table(
        "set", "official int8", *DTYPES, "ratio", "int8 of each seed", "flips 8 / 16 / 24", "s",
        title=f"largest |answer - exact| on held-out rows, median of {options.seeds} seeds",
    )  # fmt: skip
    pools = Table(
        "set", "dtype", "rows", "flips", "largest", "mean change",
        title="calibration rows, each by integers made without its fold, all seeds",
    )  # fmt: skip
    grades = Table(
        "set", "rows", "largest of range", "float32's", "root mean square", "float32's",
        "largest of bound", "median seed", "flips",
        title="int24 over the declared ranges",
    )  # fmt: skip
    chips = Table(
        "set", "dtype", "opt", *(chip.target.name for chip in CHIPS),
        title="flash B, RAM with stack B, median cycles (avr) or instructions of a row",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for name in SETS:
            of_set(name, options.seeds, Path(folder), errors, pools, grades)
        if all(chip.missing() is None for chip in CHIPS):
            for name in SETS[:3]:
                on_chips(name, Path(folder), chips)
    console.print(errors)
    console.print(pools)
    console.print(grades)
    console.print(chips)
    if options.autoencoder:
        of_autoencoder(options.autoencoder, console)


if __name__ == "__main__":
    main()
