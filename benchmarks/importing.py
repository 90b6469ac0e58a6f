"""Which models of others become C, and which of that C is right: ours, emlearn, emx-onnx-cgen.

    .venv/bin/python benchmarks/importing.py FOLDER ... [--rows N]

Every model in the folders goes through each tool of peers.py. The C is compiled with gcc and
predicts drawn rows. An error is the largest distance from the original (Keras, ONNX Runtime,
LiteRT), in units of what float32 may make of both as derived. Where nothing runs the original, the
float64 reference stands in. Where its own rounding is not derived (float16), C may follow either.
Ours is right within 1 unit; others are right within 10, or within 1e-4 of the value where that is
more. Of a full-integer file the reference is its integers as TFLite Micro computes them,
and the unit is a step of the output: ours has to have every bit, others may be off by one.

A folder may hold a right.json, {"X": rows, "right": {file: predictions}}, of the programs that
made the files: C that is further than 1e-3 from those is wrong, too. Of what mlp-edge refuses, they
alone tell what is right. Seconds are those of the whole process, converters to ONNX included; flash
is what the C adds to an empty firmware on a Cortex-M4F at -Os.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from peers import FailedError, Peers, Source, Tool, UntoldError, ours, run

from mlp_edge.api.model import open_model
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.sample import drawn_rows
from mlp_edge.errors import MlpEdgeError
from mlp_edge.integers.asymmetric_reference import predict_asymmetric
from mlp_edge.mlp import Rows
from mlp_edge.parity.compare import expect
from mlp_edge.proof.accuracy import ANY
from mlp_edge.proof.bound import share
from mlp_edge.reference import Doubles, distance
from mlp_edge.runtime.c import Header
from mlp_edge.runtime.chips.firmware import build
from mlp_edge.runtime.chips.targets import CORTEX_M4
from mlp_edge.runtime.originals import open_original

KINDS = (".keras", ".h5", ".onnx", ".tflite", ".cc", ".h")
RELATIVE, RECORDED = 1e-4, 1e-3

MAIN = """
#include <stdio.h>
#include "model.h"
int main(void)
{{
    static float x[{inputs}], y[{outputs}];
    while (fread(x, sizeof x, 1, stdin) == 1) {{
        {name}_predict(x, y);
        fwrite(y, sizeof y, 1, stdout);
    }}
    return 0;
}}
"""


# What is right


class Truth(NamedTuple):
    """What is right of rows (n, inputs), one or the other; the unit of errors; how many pass."""

    rows: Rows
    wanted: Doubles
    unit: Doubles
    other: Doubles | None = None
    ours: float = 1.0
    others: float = 10.0


def truth_of(model: OpenedModel, count: int) -> Truth:
    """What the original predicts of drawn rows, with the proved bounds of both sides."""
    found, mlp = model.imported, model.mlp
    rows = drawn_rows(mlp)[:count]
    if found.integers is not None:  # to the bit, or to a step of the output
        exact = predict_asymmetric(mlp, found.integers, rows).astype(np.float64)
        return Truth(rows, exact, np.full_like(exact, found.integers.result.scale), None, 0.0, 1.0)
    with open_original(model.path, found, mlp) as original:
        expected = expect(mlp, rows, original.predict)
        if original.missing is not None:
            return Truth(rows, expected.exact, expected.bound(ANY))
        if original.steps is None:
            return Truth(rows, expected.original, expected.bound(ANY), expected.exact)
        steps = expect(original.steps.mlp, rows, lambda _: expected.original)
        steps = replace(steps, slacks=original.steps.slacks)
        own = steps.bound(original.accuracy) + distance(steps.exact, expected.exact)
        return Truth(rows, expected.original, expected.bound(ANY) + own)


def recorded(path: Path) -> Truth | None:
    """What the program that made a file predicted, where somebody wrote it down."""
    record = path.parent / "right.json"
    found = json.loads(record.read_text()) if record.is_file() else {"right": {}}
    if path.name not in found["right"]:
        return None
    rows = np.array(found["X"], np.float32)
    right = np.array(found["right"][path.name], np.float64).reshape(len(rows), -1)
    return Truth(rows, right, RECORDED * np.maximum(np.abs(right), 1))


def predictions(source: Source, rows: Rows, outputs: int, folder: Path) -> Doubles:
    """What compiled C gives for rows."""
    (folder / "model.h").write_text(source.text)
    (folder / "main.c").write_text(MAIN.format(**source._asdict()))
    flags = ["-std=gnu11", "-O2", "-ffp-contract=off", "-w"]
    run(["gcc", *flags, "main.c", "-o", "predicts", "-lm"], folder)
    if source.inputs != rows.shape[1]:
        raise FailedError(f"its C takes {source.inputs} numbers")
    printed = run([str(folder / "predicts")], folder, rows.tobytes())
    got = np.frombuffer(printed, np.float32).reshape(len(rows), -1).astype(np.float64)
    if got.shape[1] == 2 and outputs == 1:  # [1 - p, p]
        got = got[:, 1:]
    if got.shape[1] != outputs:
        raise FailedError(f"its C gives {got.shape[1]} numbers")
    return got


class Verdict(NamedTuple):
    """Whether a tool's C is right or wrong, untold or none; its largest error; its cost."""

    word: str
    error: float = np.nan
    seconds: float = np.nan
    flash: int | None = None
    why: str = ""


def judged(source: Source, truth: Truth, strict: bool, folder: Path) -> tuple[bool, float]:
    """Whether predictions are right, and the largest error in units."""
    got = predictions(source, truth.rows, truth.wanted.shape[1], folder)
    apart = distance(got, truth.wanted)
    if truth.other is not None:
        apart = np.minimum(apart, distance(got, truth.other))
    slack = np.maximum(truth.others * truth.unit, RELATIVE * np.abs(truth.wanted))
    right = (apart <= (truth.ours * truth.unit if strict else slack)).all()
    return bool(right), float(share(apart, truth.unit).max())


def verdict(tool: Tool, path: Path, truths: tuple[Truth | None, Truth | None]) -> Verdict:
    """What a tool makes of a file, held to its original and to its record."""
    original, record = truths
    with tempfile.TemporaryDirectory() as name:
        folder, error, right = Path(name), np.nan, True
        try:
            source = tool(path, folder)
        except FailedError as failed:
            return Verdict("none", why=str(failed))
        except UntoldError as failed:
            return Verdict("untold", why=str(failed))
        try:
            if original is not None:
                right, error = judged(source, original, tool is ours, folder)
            if record is not None:
                right &= judged(source, record, True, folder)[0]
        except FailedError as failed:
            return Verdict("wrong", error, source.seconds, why=str(failed))
    if original is None and record is None:
        return Verdict("untold", error, source.seconds, why="nothing tells what is right")
    return Verdict("right" if right else "wrong", error, source.seconds, flash(source))


def flash(source: Source) -> int | None:
    """Bytes beyond the empty firmware on a Cortex-M4F at -Os; None where it does not build."""
    # The firmware of parity takes no libm: all of it here, and the linker leaves out what is idle.
    libm = ("-Wl,--whole-archive", "-lm", "-Wl,--no-whole-archive")
    target = replace(CORTEX_M4, flags=(*CORTEX_M4.flags, *libm))
    card = SimpleNamespace(name=source.name)  # all that a firmware asks of it
    header = Header(Path(source.name), source.text, card, source.inputs, source.outputs)
    try:
        return build(header, target).elf.flash - build(header, target, empty=True).elf.flash
    except MlpEdgeError:
        return None


# All of it


def models(folders: list[Path]) -> Iterator[Path]:
    """Every file and SavedModel; an architecture counts with its weights."""
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if path.suffix in KINDS or (path / "saved_model.pb").is_file():
                yield path


def compare(path: Path, tools: dict[str, Tool], peers: Peers, rows: int) -> dict[str, Verdict]:
    """Every tool on a file, a line each."""
    original, record = None, recorded(path)
    try:
        model = open_model(path)
    except MlpEdgeError:
        pass
    else:
        original = truth_of(model, rows)
        if original.ours == 0:  # a record is of the network before it was quantised
            record = None
    found = {name: verdict(tool, path, (original, record)) for name, tool in tools.items()}
    if not peers.missing:
        try:
            lacking = peers.onnx2c_lacks(path)
            word, why = ("unlisted", ", ".join(sorted(lacking))) if lacking else ("listed", "")
        except FailedError as failed:
            word, why = "none", str(failed)
        found["onnx2c, documented, not run"] = Verdict(word, why=why)
    for name, one in found.items():
        print(f"{path.name[:46]:46} {name[:13]:13} {one.word:8} {one.error:8.2g} "
              f"{one.seconds:6.2f} {one.flash or '':>7} {one.why[:99]}", flush=True)  # fmt: skip
    return found


def summarise(found: dict[Path, dict[str, Verdict]]) -> None:
    """What became of each kind of file; seconds where there is C."""
    kinds = {path: path.suffix or "SavedModel" for path in found}
    for name in next(iter(found.values())):
        print(f"\n{name}")
        for kind in sorted(set(kinds.values())):
            verdicts = [each[name] for path, each in found.items() if kinds[path] == kind]
            words = Counter(one.word for one in verdicts)
            taken = [one.seconds for one in verdicts if one.seconds > 0]
            spent = f"median {median(taken):.2f} s" if taken else ""
            counted = ", ".join(f"{count} {word}" for word, count in words.most_common())
            print(f"  {kind:11} {counted:40} {spent}")


def main() -> None:
    """Print a line for each tool and file, and what that comes to."""
    parser = argparse.ArgumentParser(description="Which models of others become C, and rightly.")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--rows", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        peers = Peers(Path(name))
        print(peers.missing or peers.versions)
        tools: dict[str, Tool] = {"mlp-edge": ours}
        if not peers.missing:
            tools |= {"emlearn": peers.emlearn, "emx-onnx-cgen": peers.emx}
        print(f"{'file':46} {'tool':13} {'C is':8} {'error':>8} {'s':>6} {'flash':>7}")
        paths = [path.absolute() for path in models(options.folders)]
        summarise({path: compare(path, tools, peers, options.rows) for path in paths})


if __name__ == "__main__":
    main()
