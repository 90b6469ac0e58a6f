"""What a header is measured beside: the loop that one writes by hand, and emlearn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlp_edge.export.c import export
from mlp_edge.mlp import Mlp
from mlp_edge.runtime.chips.targets import Target

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


def unscaled(mlp: Mlp) -> Mlp:
    """The same network, its scaling folded into the first layer."""
    first, scaling = mlp.layers[0], mlp.scaling
    if scaling is None:
        return mlp
    weights = (first.weights / scaling.std).astype(np.float32)
    bias = (first.bias - first.weights @ (scaling.mean / scaling.std)).astype(np.float32)
    folded = replace(first, weights=weights, bias=bias)
    return replace(mlp, scaling=None, layers=(folded, *mlp.layers[1:]))


def with_libm(target: Target) -> Target:
    """With all of libm, of which the linker keeps what is used: parity's firmware has none."""
    if target.name == "avr":
        return target  # avr-gcc always links its own
    libm: tuple[str, ...] = ("-Wl,--whole-archive", "-lm", "-Wl,--no-whole-archive")
    if "--specs=picolibc.specs" in target.flags:
        libm = ("--oslib=m",)  # behind the model; whole it does not link, one member has 64 bits
    return replace(target, flags=(*target.flags, *libm))
