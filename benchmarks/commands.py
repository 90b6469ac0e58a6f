"""How long the commands take that need no TensorFlow, beside the bare interpreter.

    .venv/bin/python benchmarks/commands.py [--model DIRECTORY] [--runs N] [--files FILE ...]

Each run types every command once, in turns, so that noise hits all alike. Python's bytecode is
kept in a folder of this script's own, filled by a first run: the figures are those of a second use,
wherever the interpreter runs. Without --model a small Pima network is trained first. With --files
the commands are `inspect` and `export --format c` of those, networks that others trained.
Which commands import TensorFlow is asked of the interpreter, in a run apart.
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


def of_files(files: list[Path], scratch: Path) -> dict[str, list[str]]:
    """The same of networks that others trained."""
    typed = {"python -c pass": [sys.executable, "-c", "pass"]}
    for file in files:
        out = ["-f", "c", "--out", str(scratch)]
        typed[f"inspect {file.name}"] = [PROGRAM, "inspect", str(file)]
        typed[f"export -f c {file.name}"] = [PROGRAM, "export", *out, "--model", str(file)]
    return typed


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


def imports_tensorflow(command: list[str]) -> bool:
    """Whether a command imports TensorFlow, by Python's own list of what it imports."""
    variables = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=variables)
    return any(line.endswith(" tensorflow") for line in done.stderr.splitlines())


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
    parser.add_argument("--files", nargs="+", type=Path, help="networks that others trained")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.files:
            typed = of_files(options.files, Path(folder) / "exports")
        else:
            typed = commands(options.model or made(Path(folder)), Path(folder) / "exports")
        tensorflow = [name for name, command in typed.items() if imports_tensorflow(command)]
        taken = measure(typed, options.runs, Path(folder) / "bytecode")
    bare_best, bare_median = min(taken["python -c pass"]), median(taken["python -c pass"])
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(
        f"Python {sys.version.split()[0]}, {os.cpu_count()} CPUs, load {load}, {options.runs} runs"
    )
    print(f"TensorFlow is imported by: {', '.join(tensorflow) or 'none'}")
    print(f"{'command':40} {'best s':>8} {'ratio':>7} {'median s':>9} {'ratio':>7}")
    for name, values in taken.items():
        best, middle = min(values), median(values)
        ratios = best / bare_best, middle / bare_median
        print(f"{name:40} {best:8.3f} {ratios[0]:7.1f} {middle:9.3f} {ratios[1]:7.1f}")


if __name__ == "__main__":
    main()
