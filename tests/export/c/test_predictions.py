"""What a compiled header predicts, against the float64 reference and against itself."""

from __future__ import annotations

import ctypes
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import C99, STRICT, require, run
from support.networks import ANY_SUM, network, readings

from mlp_edge import reference
from mlp_edge.export.c import export
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, Dense, Floats, Mlp
from mlp_edge.runtime.c import open_header

HEADER_MD = Path(__file__).parents[3] / "docs" / "reference" / "header.md"


def predictions(mlp: Mlp, rows: Floats, folder: Path) -> Floats:
    require("gcc")
    path = folder / f"{mlp.name}.h"
    path.write_bytes(export(mlp))
    with open_header(path) as opened:
        return opened.predict(rows)


def assert_close(got: Floats, mlp: Mlp, rows: Floats) -> None:
    expected = reference.predict(mlp, rows)
    assert got.dtype == np.float32
    assert got.shape == expected.shape
    assert (np.abs(got - expected) <= 1e-5 * np.maximum(1, np.abs(expected))).all()


@pytest.mark.parametrize("activation", [*HIDDEN_ACTIVATIONS, "gelu_tanh"])
def test_every_hidden_activation(activation: str, tmp_path: Path) -> None:
    mlp = network((8, 12, 8, 3), activation, "multiclass")
    rows = readings(mlp, 500)
    # The second half lies far outside of what training saw.
    rows = np.concatenate([rows, rows * np.float32(100)])
    assert_close(predictions(mlp, rows, tmp_path), mlp, rows)


@pytest.mark.parametrize("activation", ANY_SUM)
def test_every_activation_as_the_last(activation: str, tmp_path: Path) -> None:
    mlp = network((5, 6, 2), "tanh", "regression")
    last = mlp.layers[-1]
    mlp = replace(mlp, layers=(mlp.layers[0], replace(last, activation=activation)))
    rows = readings(mlp, 500)
    assert_close(predictions(mlp, rows, tmp_path), mlp, rows)


@pytest.mark.parametrize(
    "mlp",
    [
        network((1, 16, 16, 1), task="regression"),
        network((8, 1)),
        network((8, 12, 8, 1), standardised=False),
        network((4, 3), task="multiclass", standardised=False),
        network((100, 2, 2, 100, 1), "tanh"),
        network((9, 3, 9, 3, 9, 3, 9, 1), "elu"),
        network((300, 300, 2), task="regression"),
    ],
    ids=lambda mlp: mlp.topology,
)
def test_every_shape(mlp: Mlp, tmp_path: Path) -> None:
    rows = readings(mlp, 300)
    assert_close(predictions(mlp, rows, tmp_path), mlp, rows)


def test_the_sum_starts_at_the_bias_and_takes_the_inputs_in_order(tmp_path: Path) -> None:
    mlp = network((40, 7), task="regression")
    assert mlp.scaling is not None
    rows = readings(mlp, 200)
    x = (rows - mlp.scaling.mean) * (np.float32(1) / mlp.scaling.std)
    sums = np.repeat(mlp.layers[0].bias[None], len(rows), axis=0)
    for i in range(mlp.inputs):
        sums += x[:, i : i + 1] * mlp.layers[0].weights[:, i]
    np.testing.assert_array_equal(predictions(mlp, rows, tmp_path), sums)


def linear_output(mlp: Mlp) -> Mlp:
    last = mlp.layers[-1]
    layers = (*mlp.layers[:-1], Dense(last.weights, last.bias, "linear"))
    return replace(mlp, task="regression", labels=(), layers=layers)


def own_loop(folder: Path, code: str, mlp: Mlp, rows: Floats) -> Floats:
    """The loop that docs/reference/header.md shows, compiled with a header of weights only."""
    (folder / "pima.h").write_bytes(export(mlp, weights_only=True))
    (folder / "own.c").write_text(code)
    run(
        folder, *C99, *STRICT, "-O2", "-ffp-contract=off", "-shared", "-fPIC", "own.c",
        "-o", "own.so", "-lm",
    )  # fmt: skip
    function = ctypes.CDLL(str(folder / "own.so")).probability_of
    function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_float
    return np.array([[function(row.ctypes.data)] for row in rows], np.float32)


def loop_in_the_docs() -> str:
    blocks = re.findall(r"```c\n(.*?)```", HEADER_MD.read_text(encoding="utf-8"), re.DOTALL)
    (loop,) = [block for block in blocks if "PIMA_LAYER2_WEIGHTS" in block]
    return str(loop)


def test_the_loop_in_the_docs_predicts_the_same(tmp_path: Path) -> None:
    mlp = network(name="pima")
    rows = readings(mlp, 300)
    own = own_loop(tmp_path, loop_in_the_docs(), mlp, rows)
    assert np.abs(own - predictions(mlp, rows, tmp_path)).max() <= 2e-7


def test_the_loop_in_the_docs_sums_to_the_same_bits(tmp_path: Path) -> None:
    mlp = linear_output(network(name="pima"))
    rows = readings(mlp, 300)
    sigmoid = "return 1.0f / (1.0f + expf(-z));"
    code = loop_in_the_docs()
    assert sigmoid in code
    own = own_loop(tmp_path, code.replace(sigmoid, "return z;"), mlp, rows)
    np.testing.assert_array_equal(own, predictions(mlp, rows, tmp_path))


@pytest.mark.parametrize("compiler", ["gcc", "g++"])
def test_bits_do_not_depend_on_the_optimisation(compiler: str, tmp_path: Path) -> None:
    mlp = network((6, 9, 4), "gelu", "multiclass")
    rows = readings(mlp, 50)
    expected = predictions(mlp, rows, tmp_path)
    rows.tofile(tmp_path / "rows")
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "net.h"\nint main() {\n'
        "    float x[NET_INPUTS], y[NET_OUTPUTS];\n"
        "    while (fread(x, sizeof x, 1, stdin)) {\n"
        "        net_predict(x, y);\n        fwrite(y, sizeof y, 1, stdout);\n    }\n}\n"
    )
    language = "c" if compiler == "gcc" else "c++"
    for level in ("-O0", "-O1", "-O3", "-Os"):
        run(tmp_path, compiler, "-x", language, level, "-ffp-contract=off", "main.c", "-o", "main")
        run(tmp_path, "sh", "-c", "./main < rows > predictions")
        got = np.fromfile(tmp_path / "predictions", np.float32).reshape(expected.shape)
        np.testing.assert_array_equal(got, expected)
