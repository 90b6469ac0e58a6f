"""What a header costs on chips and on this machine, beside a plain loop and beside emlearn.

    .venv/bin/python benchmarks/firmware.py [--only avr|cortex-m4|host ...] [--rows N]
    .venv/bin/python benchmarks/firmware.py --trained [auto] [--only avr|cortex-m0|...]

--trained trains pima, sine and iris by the tutorial's recipe, or by the one named (seed 0), and
measures every dtype of their headers, and integers in, a class out; the loop and emlearn get the
scaling folded into their first layer. Without it:

The networks have the shapes of ../firmware_headers/specimens, raw readings and random weights.
All are built and run by the same code in the same run: flash, RAM and stack are what a model adds
to the same firmware with an empty function, counts are means over the rows. The plain loop is what
one writes by hand over the same tables (on AVR in PROGMEM), with expf. emlearn comes from PyPI
into a virtual environment that is thrown away; without a network there are no figures of it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.export.c import EXPORTER, export
from mlp_edge.files.calibration import read_calibration
from mlp_edge.measure.cost import measure, raw_function
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.quantise import quantise
from mlp_edge.readers.model_directory import CALIBRATION
from mlp_edge.runtime import CHIPS
from mlp_edge.runtime.c import Header, read_header
from mlp_edge.runtime.chips.firmware import PREDICT, build
from mlp_edge.runtime.chips.targets import Target

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from quantisation import trained
from support.networks import network

MODELS = {
    mlp.name: mlp
    for mlp in (
        network((8, 12, 8, 1), name="pima", standardised=False),
        network((1, 16, 16, 1), task="regression", name="sine", standardised=False),
        network((4, 10, 10, 3), task="multiclass", name="iris", standardised=False),
    )
}
WIDE = network(
    (640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640),
    task="regression", name="ad", standardised=False,
)  # fmt: skip
"""The MLPerf Tiny autoencoder: too large for a small chip's flash, so for the host alone."""

MADE_BY_HAND = "plain loop"

PLAIN_LAYER = """
static void plain_dense(const float *w, const float *b, int inputs, int outputs, const float *x,
                        float *y, int relu)
{
    for (int n = 0; n < outputs; n++) {
        float sum = MLP_EDGE_READ_FLOAT(&b[n]);
        for (int i = 0; i < inputs; i++)
            sum += MLP_EDGE_READ_FLOAT(&w[n * inputs + i]) * x[i];
        y[n] = relu && sum < 0.0f ? 0.0f : sum;
    }
}
"""
LAST = {
    "linear": "",
    "sigmoid": "    y[0] = 1.0f / (1.0f + expf(-y[0]));\n",
    "softmax": """\
    float top = y[0], total = 0.0f;
    for (int i = 1; i < {outputs}; i++) if (y[i] > top) top = y[i];
    for (int i = 0; i < {outputs}; i++) {{ y[i] = expf(y[i] - top); total += y[i]; }}
    for (int i = 0; i < {outputs}; i++) y[i] /= total;
""",
}
EMLEARN = """\
import json, sys
import numpy as np
from emlearn.net import c_generate_net_loadable
model = json.load(sys.stdin)
print(c_generate_net_loadable(
    model["activations"], [np.array(w).T for w in model["weights"]],
    [np.array(b) for b in model["biases"]], "eml"))
"""


def plain(mlp: Mlp, prefix: str) -> str:
    """The tables of a header and the loop that everybody writes."""
    tables = export(mlp, weights_only=True).decode()
    lines = ["#include <math.h>", tables, PLAIN_LAYER]
    widest = max(layer.outputs for layer in mlp.layers)
    lines += [f"void {prefix}_predict(const float *x, float *y);",
              f"void {prefix}_predict(const float *x, float *y)\n{{",
              f"    float a[{widest}], b[{widest}];"]  # fmt: skip
    source = "x"
    for number, layer in enumerate(mlp.layers, start=1):
        result = "y" if number == len(mlp.layers) else "ab"[number % 2]
        name = f"{mlp.name.upper()}_LAYER{number}"
        lines.append(
            f"    plain_dense({name}_WEIGHTS[0], {name}_BIAS, {layer.inputs}, {layer.outputs}, "
            f"{source}, {result}, {int(layer.activation == 'relu')});"
        )
        source = result
    last = LAST[mlp.layers[-1].activation].format(outputs=mlp.outputs)
    return "\n".join([*lines, last + "}", ""])


class Emlearn:
    """emlearn in an environment of its own, or why it is not there."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "emlearn" / "bin" / "python"
        commands = ([sys.executable, "-m", "venv", str(folder / "emlearn")],
                    [str(self.python), "-m", "pip", "install", "-q", "emlearn"])  # fmt: skip
        self.missing = ""
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                self.missing = "emlearn is left out: it could not be installed from PyPI"
                return
        include = self._ask("import emlearn; print(emlearn.includedir, emlearn.__version__)")
        place, self.version = include.split()
        os.environ["C_INCLUDE_PATH"] = place

    def _ask(self, code: str, given: str = "") -> str:
        command = [str(self.python), "-c", code]
        return subprocess.run(
            command, input=given, capture_output=True, text=True, check=True
        ).stdout

    def header(self, mlp: Mlp, prefix: str) -> str:
        """Its C for a network, with a function like ours."""
        values = {
            "activations": [
                layer.activation.replace("linear", "identity").replace("sigmoid", "logistic")
                for layer in mlp.layers
            ],
            "weights": [layer.weights.tolist() for layer in mlp.layers],
            "biases": [layer.bias.tolist() for layer in mlp.layers],
        }
        call = "predict_proba" if mlp.task == "multiclass" else "regress"
        return self._ask(EMLEARN, json.dumps(values)) + (
            f"\nvoid {prefix}_predict(const float *x, float *y);"
            f"\nvoid {prefix}_predict(const float *x, float *y)\n{{\n"
            f"    eml_net_{call}(&eml, x, {mlp.inputs}, y, {mlp.outputs});\n}}\n"
        )


def candidates(mlp: Mlp, emlearn: Emlearn, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Name and C source of each; the function is called PREFIX_predict."""
    prefix = prefix or mlp.name
    yield "ours", export(mlp).decode()
    yield MADE_BY_HAND, plain(mlp, prefix)
    if not emlearn.missing:
        yield f"emlearn {emlearn.version}", emlearn.header(mlp, prefix)


# Trained models


def on_trained(names: list[str], recipe: str, emlearn: Emlearn, folder: Path) -> None:
    """A table per chip: count, flash and RAM of every candidate, median row, at -Os."""
    models = {}
    for name in MODELS:
        directory = trained(name, 0, folder, recipe)
        mlp, rows = directory.mlp(), directory.sample().rows
        given = read_calibration(directory.path / CALIBRATION, mlp.inputs).rows
        models[name] = (mlp, rows, dict(_headers(mlp, given, emlearn)))
    for chip in CHIPS:
        if chip.target.name not in names or chip.missing():
            continue
        print(f"\n{chip.target.chip} ({chip.target.name}), {chip.target.counts} of the median row,"
              " flash and RAM with stack in bytes")  # fmt: skip
        for candidate in models["pima"][2]:
            cells = []
            for name, (mlp, rows, headers) in models.items():
                path = folder / f"{name}.h"
                path.write_bytes(export(mlp))
                own = read_header(path)
                text, raw = headers[candidate]
                path.write_text(text)
                ours = MADE_BY_HAND not in candidate and "emlearn" not in candidate
                header = read_header(path) if ours else own._replace(text=text)
                entry = raw_function(header) if raw else PREDICT
                if entry is None:
                    continue
                where = chip if ours else replace(chip, target=with_libm(chip.target))
                try:
                    cost = measure(header, where, rows, entry=entry)
                except ModelError:  # an expf that this libm lacks
                    cells.append(f"{name} does not link")
                    continue
                cells.append(f"{name} {cost.middle:,} {cost.flash:,} {cost.ram:,}")
            if cells:
                print(f"{candidate:16} " + " | ".join(f"{cell:26}" for cell in cells), flush=True)


def _headers(mlp: Mlp, given: Floats, emlearn: Emlearn) -> Iterator[tuple[str, tuple[str, bool]]]:
    """The text of each candidate, and whether it is asked for integers."""
    yield "float32", (export(mlp).decode(), False)
    for dtype, write in EXPORTER.integers.items():
        text = write(replace(mlp, name=f"{mlp.name}_{dtype}"), quantise(mlp, given, dtype)).decode()
        yield dtype, (text, False)
        yield f"{dtype} raw", (text, True)
    plain_mlp = _unscaled(mlp)
    yield MADE_BY_HAND, (plain(plain_mlp, mlp.name), False)
    if not emlearn.missing:
        yield f"emlearn {emlearn.version}", (emlearn.header(plain_mlp, mlp.name), False)


def _unscaled(mlp: Mlp) -> Mlp:
    """The same network, its scaling folded into the first layer."""
    first, scaling = mlp.layers[0], mlp.scaling
    assert scaling is not None
    weights = (first.weights / scaling.std).astype(np.float32)
    bias = (first.bias - first.weights @ (scaling.mean / scaling.std)).astype(np.float32)
    folded = replace(first, weights=weights, bias=bias)
    return replace(mlp, scaling=None, layers=(folded, *mlp.layers[1:]))


# Chips


def on_chips(names: list[str], rows: int, emlearn: Emlearn, folder: Path) -> None:
    """A table per chip."""
    for chip in CHIPS:
        if chip.target.name not in names:
            continue
        if chip.missing():
            print(f"{chip.target.name}: left out, {chip.missing()}")
            continue
        print(f"\n{chip.target.chip} ({chip.target.name}), {chip.target.counts} per row")
        print(f"{'model':6} {'':16} {'':3} {'count':>9} {'per MAC':>8} {'flash':>7} {'RAM':>6} "
              f"{'stack':>6} {'off':>8}")  # fmt: skip
        for mlp in MODELS.values():
            path = folder / f"{mlp.name}.h"
            path.write_bytes(export(mlp))
            header = read_header(path)
            for opt in ("Os", "O3"):
                for name, text in candidates(mlp, emlearn):
                    line = _measured(
                        chip, header._replace(text=text), mlp, opt, rows, name == "ours"
                    )
                    print(f"{mlp.name:6} {name:16} {opt:3} {line}", flush=True)


def _measured(chip: object, header: Header, mlp: Mlp, opt: str, count: int, ours: bool) -> str:
    target = chip.target  # type: ignore[attr-defined]
    given = random_rows(mlp, count)
    firmware = build(header, target if ours else with_libm(target), opt)
    empty = build(header, target, opt, empty=True)
    with chip.start(empty) as simulator:  # type: ignore[attr-defined]
        floor = simulator.measure(given[0].tobytes()).count
    with chip.start(firmware) as simulator:  # type: ignore[attr-defined]
        found = [simulator.measure(row.tobytes()) for row in given]
        answers = b"".join(simulator.predict(row.tobytes()) for row in given)
    got = np.frombuffer(answers, np.float32).reshape(count, mlp.outputs)
    return _line(mlp, np.mean([one.count for one in found]) - floor, got, given).format(
        flash=firmware.elf.flash - empty.elf.flash,
        ram=firmware.elf.static - empty.elf.static,
        stack=max(one.stack for one in found),
    )


def with_libm(target: Target) -> Target:
    """With all of libm, of which the linker keeps what is used: parity's firmware has none."""
    if target.name == "avr":
        return target  # avr-gcc always links its own
    libm = ("-Wl,--whole-archive", "-lm", "-Wl,--no-whole-archive")
    return replace(target, flags=(*target.flags, *libm))


def _line(mlp: Mlp, count: float, got: Floats, given: Floats) -> str:
    from mlp_edge import reference

    off = np.abs(got - reference.predict(mlp, given)).max()
    macs = sum(layer.weights.size for layer in mlp.layers)
    return f"{count:9.0f} {count / macs:8.2f} {{flash:7}} {{ram:6}} {{stack:6}} {off:8.0e}"


def random_rows(mlp: Mlp, count: int) -> Floats:
    """Small numbers of both signs."""
    return np.random.default_rng(0).normal(size=(count, mlp.inputs)).astype(np.float32)


# This machine

MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
{declarations}
static float x[64][640], y[640];
static double now(void)
{{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}}
static double best(void (*f)(const float *, float *), int calls, double before)
{{
    double start = now();
    for (int i = 0; i < calls; i++)
        f(x[i % 64], y);
    double took = (now() - start) / calls;
    return took < before ? took : before;
}}
int main(void)
{{
    double took[{count}];
    for (int i = 0; i < {count}; i++)
        took[i] = 1e30;
    for (int i = 0; i < 64 * 640; i++)
        x[i / 640][i % 640] = (float)rand() / (float)RAND_MAX * 2.0f - 1.0f;
    for (int turn = 0; turn < 200; turn++) {{
{calls}
    }}
    for (int i = 0; i < {count}; i++)
        printf("%.1f\\n", took[i]);
    return 0;
}}
"""


def on_host(emlearn: Emlearn, folder: Path) -> None:
    """Nanoseconds per row, gcc -O3, the best of 200 turns each."""
    print("\nthis machine, gcc -O3 -ffp-contract=off, best of 200 turns, ns per row")
    for mlp in (*MODELS.values(), WIDE):
        named = []
        for index, (name, text) in enumerate(candidates(mlp, emlearn)):
            # Each in a file of its own, under a name of its own.
            changed = re.sub(rf"\b{mlp.name}_predict\b", f"f{index}", text)
            (folder / f"f{index}.c").write_text(changed)
            named.append(name)
        calls = [f"        took[{i}] = best(f{i}, {20 if mlp is WIDE else 500}, took[{i}]);"
                 for i in range(len(named))]  # fmt: skip
        declared = [f"void f{i}(const float *, float *);" for i in range(len(named))]
        (folder / "main.c").write_text(MAIN.format(
            declarations="\n".join(declared), count=len(named), calls="\n".join(calls)
        ))  # fmt: skip
        sources = ["main.c", *(f"f{i}.c" for i in range(len(named)))]
        for source in sources:  # one by one: two may use the same names
            subprocess.run(["gcc", "-std=gnu11", "-O3", "-ffp-contract=off", "-w", "-c", source],
                           cwd=folder, check=True)  # fmt: skip
            if source != "main.c":
                name = source.removesuffix(".c")
                hide = ["objcopy", f"--keep-global-symbol={name}", f"{name}.o"]
                subprocess.run(hide, cwd=folder, check=True)
        objects = [f"{source[:-2]}.o" for source in sources]
        subprocess.run(["gcc", *objects, "-o", "race", "-lm"], cwd=folder, check=True)
        printed = subprocess.run(["./race"], cwd=folder, capture_output=True, text=True, check=True)
        took = dict(zip(named, map(float, printed.stdout.split()), strict=True))
        for name, value in took.items():
            print(f"{mlp.name:6} {name:16} {value:10.1f} {value / took['plain loop']:6.2f} of the "
                  "plain loop", flush=True)  # fmt: skip


def main() -> None:
    """Print all tables that this machine can make."""
    parser = argparse.ArgumentParser(description=__doc__)
    places = [chip.target.name for chip in CHIPS] + ["host"]
    parser.add_argument("--only", nargs="+", choices=places, default=["avr", "cortex-m4", "host"])
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--trained", nargs="?", const="tutorial", metavar="RECIPE",
                        help="trained models, every dtype")  # fmt: skip
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        emlearn = Emlearn(folder)
        if emlearn.missing:
            print(emlearn.missing)
        if options.trained:
            on_trained(options.only, options.trained, emlearn, folder)
            return
        on_chips(options.only, options.rows, emlearn, folder)
        if "host" in options.only:
            on_host(emlearn, folder)


if __name__ == "__main__":
    main()
