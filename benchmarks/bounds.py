"""How tight the proved bounds are, what they cost, and what they give for a whole range.

    .venv/bin/python benchmarks/bounds.py [--autoencoder FILE.h5]

Trains and exports pima, iris and sine as a user would, and prints for each what `mlp-edge parity`
finds: the largest share of its bound that a runtime used, the largest bound as a share of the
output's range, the certificate; and milliseconds a row. Beside the bound stands the classical one,
by products of absolute matrices, on the same rows. --autoencoder names the weights of MLPerf Tiny's
anomaly detection reference (mlcommons/tiny, a Keras 2 file with BatchNormalization), which are
folded here; its rows are drawn as log-mel energies roughly are, from a normal distribution.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from rich.console import Console
from rich.table import Table

from mlp_edge.export import EXPORTERS
from mlp_edge.feature import Feature
from mlp_edge.mlp import Dense, Floats, Mlp
from mlp_edge.proof.bound import UNIT, bound, standardised
from mlp_edge.proof.slopes import slopes
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.reference import Doubles, predict, trace
from mlp_edge.runtime import HOSTED

PROGRAM = str(Path(sys.executable).with_name("mlp-edge"))
SETS = ("pima", "iris", "sine")
EPSILON = 1e-3
"""Of Keras's BatchNormalization."""


def absolute(mlp: Mlp, rows: Floats) -> Doubles:
    """The classical bound (n, outputs): gamma_(k+2) (|W| |x| + |b|), carried by |W| all the way."""
    x = np.abs(standardised(mlp, mlp.encoding.encode(rows.astype(np.float64))))
    off = 3 * UNIT * x if mlp.scaling is not None else np.zeros_like(x)
    for layer, (z, answer) in zip(mlp.layers, trace(mlp, rows), strict=True):
        weights, terms = np.abs(layer.weights.astype(np.float64)), layer.inputs + 2
        sums = x @ weights.T + np.abs(layer.bias)
        off = off @ weights.T + terms * UNIT / (1 - terms * UNIT) * sums
        if layer.activation == "softmax":
            off = 2 * answer * off.max(axis=1, keepdims=True)
        else:
            off = slopes(layer.activation, z - off, z + off)[1] * off
        x = np.abs(answer)
    return off


def milliseconds(mlp: Mlp, rows: Floats) -> float:
    """Of one row's bound, best of three."""
    best = np.inf
    for _ in range(3):
        began = time.perf_counter()
        bound(mlp, rows)
        best = min(best, time.perf_counter() - began)
    return best / len(rows) * 1000


def typed(words: Sequence[object], folder: Path) -> str:
    """What a command prints."""
    done = subprocess.run(
        [PROGRAM, *map(str, words)], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def trained(name: str, folder: Path, table: Table) -> None:
    """A row of the table: a set that ships, trained with the defaults."""
    place = folder / name
    typed(["train", name, "-q", "--out", place], folder)
    typed(["export", "--model", place], folder)
    began = time.perf_counter()
    found = json.loads(typed(["parity", "--model", place, "--json"], folder))
    seconds = time.perf_counter() - began
    directory = ModelDirectory.open(place)
    mlp, rows = directory.mlp(), directory.sample().rows
    figures = [result["comparison"] for result in found["results"]]
    used = ", ".join(f"{figure['of_bound']:.2f}" for figure in figures)
    ratio = float(np.median(absolute(mlp, rows) / bound(mlp, rows)))
    certificate = found["certificate"]
    table.add_row(
        name, mlp.topology, used, f"{max(figure['of_range'] for figure in figures):.1e}",
        f"{ratio:.0f}", f"{milliseconds(mlp, rows):.3f}",
        f"{certificate['of_range']:.1e}", f"{certificate['boxes']:,}", f"{seconds:.1f}",
    )  # fmt: skip


def autoencoder(path: Path) -> Mlp:
    """The network of a Keras 2 file of Dense, BatchNormalization and ReLU, the second folded."""
    layers: list[tuple[Doubles, Doubles, str]] = []
    with h5py.File(path) as file:
        stored = file["model_weights"]
        for name in stored.attrs["layer_names"]:
            group = stored[name]
            arrays = [group[part][()].astype(np.float64) for part in group.attrs["weight_names"]]
            if len(arrays) == 2:
                layers.append((arrays[0].T, arrays[1], "linear"))
            elif len(arrays) == 4:
                gamma, beta, mean, variance = arrays
                factor = gamma / np.sqrt(variance + EPSILON)
                weights, bias, _ = layers[-1]
                layers[-1] = weights * factor[:, None], (bias - mean) * factor + beta, "relu"
    dense = tuple(Dense(np.ascontiguousarray(w, np.float32), b.astype(np.float32), activation)
                  for w, b, activation in layers)  # fmt: skip
    count = dense[0].inputs
    return Mlp(
        name="ad", features=tuple(Feature(f"x{i}", -60.0, 20.0) for i in range(count)),
        targets=tuple(f"y{i}" for i in range(dense[-1].outputs)), labels=(), task="regression",
        threshold=np.float32(0.5), scaling=None, layers=dense,
    )  # fmt: skip


def folded(path: Path, folder: Path, console: Console) -> None:
    """What the autoencoder's bound is, and what its exports use of it."""
    mlp = autoencoder(path)
    rows = np.random.default_rng(0).normal(-30, 15, (16, mlp.inputs)).astype(np.float32)
    exact, limit = predict(mlp, rows), bound(mlp, rows)
    span = float(np.ptp(exact))
    console.print(
        f"\n{mlp.topology}: bound {np.median(limit):.3g} (median), {limit.max():.3g} (largest), "
        f"{limit.max() / span:.1e} of the range {span:.3g}; the classical one "
        f"{np.median(absolute(mlp, rows)):.3g}; {milliseconds(mlp, rows):.1f} ms a row"
    )
    for exporter in EXPORTERS:
        artifact = folder / f"{mlp.name}{exporter.suffix}"
        artifact.write_bytes(exporter.export(mlp))
        runtime = next(entry for entry in HOSTED if entry.reads == exporter.suffix)
        with runtime.open(artifact) as opened:
            off = np.abs(opened.predict(rows) - exact)
        console.print(
            f"  {runtime.name}: off by {off.max():.1e}, {(off / limit).max():.4f} of its bound"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Tightness and cost of the proved bounds.")
    parser.add_argument("--autoencoder", type=Path, help="the .h5 file of mlcommons/tiny")
    options = parser.parse_args()
    table = Table(
        "set", "network", "used by keras, litert, onnxruntime, c", "bound / range",
        "classical / ours", "ms a row", "certificate / range", "boxes", "parity s",
    )  # fmt: skip
    console = Console(width=160)
    with tempfile.TemporaryDirectory() as folder:
        for name in SETS:
            trained(name, Path(folder), table)
        console.print(table)
        if options.autoencoder:
            folded(options.autoencoder, Path(folder), console)


if __name__ == "__main__":
    main()
