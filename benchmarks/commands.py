"""How long the commands take that need no TensorFlow, beside the bare interpreter.

    .venv/bin/python benchmarks/commands.py [--model DIRECTORY] [--runs N]

Each run types every command once, in turns, so that noise hits all alike. Python's bytecode is
kept in a folder of this script's own, filled by a first run: the figures are those of a second use,
wherever the interpreter runs. Without --model a small Pima network is trained first.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

PROGRAM = str(Path(sys.executable).with_name("mlp-edge"))


def commands(model: Path, scratch: Path) -> dict[str, list[str]]:
    """Name -> what is typed; nothing is written into the model directory."""
    chosen = ["--model", str(model)]
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        "--version": [PROGRAM, "--version"],
        "--help": [PROGRAM, "--help"],
        "inspect": [PROGRAM, "inspect", str(model)],
        "export --format c": [PROGRAM, "export", "-f", "c", "--out", str(scratch), *chosen],
        "predict pima -r onnxruntime": [PROGRAM, "predict", "pima", "-r", "onnxruntime", *chosen],
        "predict pima -r c": [PROGRAM, "predict", "pima", "-r", "c", *chosen],
    }


def made(folder: Path) -> Path:
    """A small trained and exported Pima model."""
    model = folder / "model"
    for words in (["train", "pima", "--epochs", "5", "-q", "--out"], ["export", "--model"]):
        subprocess.run([PROGRAM, *words, str(model)], check=True, stdout=subprocess.DEVNULL)
    return model


def seconds(command: list[str], bytecode: Path) -> float:
    """Wall-clock seconds of one process, from its start to its end."""
    variables = {**os.environ, "PYTHONPYCACHEPREFIX": str(bytecode)}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=variables)
    return time.perf_counter() - began


def measure(typed: dict[str, list[str]], runs: int, bytecode: Path) -> dict[str, list[float]]:
    """Every command ``runs`` times, in turns, after one run that fills the caches."""
    taken: dict[str, list[float]] = {name: [] for name in typed}
    for number in range(runs + 1):
        for name, command in typed.items():
            spent = seconds(command, bytecode)
            if number:
                taken[name].append(spent)
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Seconds of the commands without TensorFlow.")
    parser.add_argument("--model", type=Path, help="exported model directory of the Pima table")
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = options.model or made(Path(folder))
        typed = commands(model, Path(folder) / "exports")
        taken = measure(typed, options.runs, Path(folder) / "bytecode")
    bare_best, bare_median = min(taken["python -c pass"]), median(taken["python -c pass"])
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(
        f"Python {sys.version.split()[0]}, {os.cpu_count()} CPUs, load {load}, {options.runs} runs"
    )
    print(f"{'command':30} {'best s':>8} {'ratio':>7} {'median s':>9} {'ratio':>7}")
    for name, values in taken.items():
        best, middle = min(values), median(values)
        ratios = best / bare_best, middle / bare_median
        print(f"{name:30} {best:8.3f} {ratios[0]:7.1f} {middle:9.3f} {ratios[1]:7.1f}")


if __name__ == "__main__":
    main()
