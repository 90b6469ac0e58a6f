"""A NaN inside a network stays one: in every kernel, on every chip, under every flag; no class."""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import KERNELS, including, shared
from support.chips import every_chip, require
from support.networks import encoded, network, readings

from mlp_edge.card import Card, choose
from mlp_edge.export.c import export
from mlp_edge.feature import Feature
from mlp_edge.mlp import SCALAR_ACTIVATIONS, Dense, Floats, Mlp
from mlp_edge.proof import c_replay
from mlp_edge.reference import predict
from mlp_edge.runtime import CHIPS, Chip

INF, NAN = np.inf, np.nan
SCALAR = [name for name in SCALAR_ACTIVATIONS if name != "linear"]
# Quiet and signalling, both signs, the smallest and the largest payload.
NANS = np.array(
    [0x7FC00000, 0xFFC00000, 0x7F800001, 0xFF800001, 0x7FFFFFFF, 0xFFFFFFFF], np.uint32
).view(np.float32)
FLAGS = {
    "gcc": ("gcc", "-std=c99", "-O2", "-ffp-contract=off"),
    "gcc-Os": ("gcc", "-std=c99", "-Os"),
    "gcc-fast": ("gcc", "-std=gnu99", "-Ofast", "-march=native"),
    "clang": ("clang", "-std=c99", "-O2"),
    "clang-fast": ("clang", "-std=gnu99", "-O3", "-ffast-math"),
    "clang-finite": ("clang", "-std=c99", "-O2", "-ffinite-math-only"),
    "g++-fast": ("g++", "-std=c++11", "-xc++", "-Ofast"),
}
every_flag = pytest.mark.parametrize("flags", FLAGS.values(), ids=FLAGS)


def library(folder: Path, flags: Sequence[str], text: str) -> ctypes.CDLL:
    """C as a shared library."""
    if shutil.which(flags[0]) is None:
        pytest.skip(f"{flags[0]} is missing")
    (folder / "all.c").write_text(text)
    return shared(folder, "all.c", *flags, f"-I{KERNELS}")


def in_c(function: str, arguments: str, call: str) -> str:
    """A function that is seen from outside, in C and in C++."""
    prototype = f"void {function}({arguments})"
    outside = '#ifdef __cplusplus\nextern "C"\n#endif\n'
    return f"{outside}{prototype};\n{prototype} {{ {call} }}\n"


@every_flag
def test_every_activation_hands_a_nan_on(flags: Sequence[str], tmp_path: Path) -> None:
    names = [*SCALAR, "softmax"]
    text = including(*names)
    for name in names:
        text += in_c(f"{name}_", "float *values, size_t count", f"mlp_edge_{name}(values, count);")
    found = library(tmp_path, flags, text)
    for name in SCALAR:
        values = np.concatenate([NANS, np.float32([1, 4 if name == "rsqrt" else -1])])
        found[f"{name}_"](ctypes.c_void_p(values.ctypes.data), ctypes.c_size_t(len(values)))
        assert np.isnan(values).tolist() == [True] * len(NANS) + [False] * 2, name
    for nan, place in ((nan, place) for nan in NANS.view(np.uint32) for place in range(4)):
        values = np.float32([1, -2, 3, 4])
        values.view(np.uint32)[place] = nan
        found["softmax_"](ctypes.c_void_p(values.ctypes.data), ctypes.c_size_t(4))
        assert np.isnan(values).all()


@every_flag
def test_every_kernel_of_a_graph_hands_a_nan_on(flags: Sequence[str], tmp_path: Path) -> None:
    calls = {
        "diagonal": "mlp_edge_diagonal(w, w, count, x, y);",
        "shifted": "mlp_edge_diagonal(NULL, w, count, x, y);",
        "add": "mlp_edge_add(w, count, x, y);",
        "add_one": "mlp_edge_add(NULL, count, x, y);",
        "times": "mlp_edge_times(x, count, y);",
        "times_one": "for (size_t i = 0; i < count; i++) mlp_edge_times_one(&x[i], 1, &y[i]);",
    }
    text = including("diagonal", "add", "times", "times_one")
    arguments = "const float *w, const float *x, float *y, size_t count"
    unused = "(void)w; "
    text += "".join(in_c(f"{name}_", arguments, unused + call) for name, call in calls.items())
    found = library(tmp_path, flags, text)
    for name in calls:
        values = np.concatenate([NANS, np.float32([1, -1])])
        factors, results = np.full(8, 2, np.float32), np.full(8, 3, np.float32)
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (factors, values, results)]
        found[f"{name}_"](*pointers, ctypes.c_size_t(8))
        assert np.isnan(results).tolist() == [True] * len(NANS) + [False] * 2, name


# Whole networks


def meeting(task: str, activation: str = "relu", outputs: int = 0, **changes: object) -> Mlp:
    """Two infinities of opposite signs meet in a hidden sum where reading 0 is one."""
    width = outputs or {"binary": 1, "multiclass": 3, "regression": 2}[task]
    mlp = network((3, 5, 4, width), activation, task, **changes)  # type: ignore[arg-type]
    first = replace(mlp.layers[0], weights=np.abs(mlp.layers[0].weights))
    second = mlp.layers[1].weights.copy()
    second[:, 0], second[:, 1] = 1, -1
    return replace(mlp, layers=(first, replace(mlp.layers[1], weights=second), *mlp.layers[2:]))


MODELS = {
    "binary": meeting("binary"),
    "near an end": meeting("binary", threshold=np.float32(1e-38)),  # asks the sigmoid itself
    "multiclass": meeting("multiclass"),
    "clipped": meeting("regression", clip=(-1.0, 1.0)),
    "hard": replace(
        meeting("binary"),
        layers=(
            *meeting("binary").layers[:2],
            replace(meeting("binary").layers[2], activation="hard_sigmoid"),
        ),
    ),
    "wide": meeting("multiclass", outputs=9),
}


TORN = [False, True, False, False, False, True]
"""In which of these rows they meet: -infinity ends in the relu."""


def with_infinities(mlp: Mlp) -> Floats:
    rows = readings(mlp, 6)
    rows[1, 0], rows[3, 0], rows[5] = INF, -INF, INF
    return rows


def classes(mlp: Mlp, outputs: Floats) -> list[int]:
    labels = choose(Card.of(mlp), outputs)
    return [-1 if label is None else mlp.labels.index(label) for label in labels]


@every_flag
@pytest.mark.parametrize("name", MODELS)
def test_infinities_that_meet_have_no_answer_and_no_class(
    name: str, flags: Sequence[str], tmp_path: Path
) -> None:
    mlp = MODELS[name]
    (tmp_path / "net.h").write_bytes(export(mlp))
    classify = "net_classify(x)" if mlp.labels else "-1"
    text = '#include "net.h"\n' + in_c(
        "all", "const float *x, float *y, int *answer",
        f"net_predict(x, y); *answer = {classify};",
    )  # fmt: skip
    function = library(tmp_path, flags, text)["all"]
    rows = with_infinities(mlp)
    wanted = predict(mlp, rows)
    assert np.isnan(wanted).any(axis=1).tolist() == TORN
    for row, exact in zip(rows, wanted, strict=True):
        got, answer = np.empty(mlp.outputs, np.float32), np.full(1, 7, np.intc)
        function(*(ctypes.c_void_p(each.ctypes.data) for each in (row, got, answer)))
        np.testing.assert_array_equal(np.isnan(got), np.isnan(exact))
        if mlp.labels:
            assert answer.tolist() == classes(mlp, exact[None])


@every_chip
@pytest.mark.parametrize("name", ["binary", "multiclass", "clipped"])
def test_on_every_chip(chip: Chip, name: str, tmp_path: Path) -> None:
    mlp = MODELS[name]
    path = tmp_path / "net.h"
    path.write_bytes(export(mlp))
    rows = with_infinities(mlp)
    with require(chip).open(path) as opened:
        got = opened.predict(rows)
    np.testing.assert_array_equal(got, c_replay.replay(mlp, rows, chip.target.fused))
    assert np.isnan(got).any(axis=1).tolist() == TORN


@every_chip
def test_no_class_on_every_chip(chip: Chip, tmp_path: Path) -> None:
    """The harness asks for predictions: one of them is the class here."""
    for mlp in (MODELS["binary"], MODELS["multiclass"], MODELS["hard"]):
        text = export(mlp).decode()
        # What it calls net_predict is a class, as a float, in every output.
        renamed = text.replace("net_predict", "net_numbers")
        body = (
            "static inline void net_predict(const float *x, float *y)\n{\n"
            f"    for (int i = 0; i < {mlp.outputs}; i++) y[i] = (float)net_classify(x);\n}}\n"
        )
        code, end = renamed.split("/* SHA-256 of")
        path = tmp_path / "net.h"
        path.write_text(f"{code}{body}/* SHA-256 of{end}")
        rows = with_infinities(mlp)
        with require(chip).open(path) as opened:
            got = opened.predict(rows)[:, 0]
        assert got.tolist() == classes(mlp, predict(mlp, rows))


def test_a_zero_weight_does_not_hide_an_infinity(tmp_path: Path) -> None:
    """0 times infinity is NaN; the kernel without a float unit passes over inputs of 0 only."""
    layer = Dense(np.float32([[0, 1], [-0.0, 1]]), np.zeros(2, np.float32), "relu")
    features = (Feature("a"), Feature("b"))
    mlp = network((2, 2), task="regression", layers=(layer,), scaling=None, features=features)
    rows = np.float32([[INF, 1], [-INF, 1], [1, INF], [0, 1]])
    wanted = predict(mlp, rows)
    assert np.isnan(wanted).all(axis=1).tolist() == [True, True, False, False]
    np.testing.assert_array_equal(c_replay.replay(mlp, rows), wanted)
    path = tmp_path / "net.h"
    path.write_bytes(export(mlp))
    for chip in CHIPS[:2]:
        if not chip.missing():
            with chip.open(path) as opened:
                np.testing.assert_array_equal(opened.predict(rows), wanted)


def test_a_category_and_a_fill_do_not_hide_one_either() -> None:
    features = (Feature("a", -1, 1, fill=0.5, indicator=True),
                Feature("b", categories=("u", "v"), codes=(1, 2)), Feature("c", -1, 1))  # fmt: skip
    mlp = encoded(features, hidden=(5, 4), task="binary")
    rows = readings(mlp, 4)
    rows[:, 2] = [INF, 0, -INF, 1]
    np.testing.assert_array_equal(
        np.isnan(c_replay.replay(mlp, rows)), np.isnan(predict(mlp, rows))
    )
