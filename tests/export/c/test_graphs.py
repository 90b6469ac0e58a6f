"""Headers of graphs: the bits of the replay everywhere, and what a reviewer reads."""

from __future__ import annotations

import ctypes
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import C99, CPP11, STRICT, shared
from support.chips import every_chip, require
from support.graphs import Layers, graph, normalised, residual
from support.integer_networks import made
from support.networks import readings

from mlp_edge.card import Card, choose
from mlp_edge.errors import ModelError
from mlp_edge.export.c import EXPORTER, export, export_split
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.proof import c_replay
from mlp_edge.readers.anatomy import of_mlp
from mlp_edge.readers.header_file import read_header
from mlp_edge.readers.inspection import inspect_file
from mlp_edge.runtime import Chip
from mlp_edge.runtime.c import open_header
from mlp_edge.walk import readers


def beside() -> Mlp:
    """Values in rows and copied ones, both kinds of gates, a hidden softmax, two heads."""
    made = Layers(3, seed=1)
    one = made.dense(4, "relu", 0)
    two = made.dense(2, "softmax", 0, one)
    three = made.dense(4, "tanh", one, two, times=one)  # stands in one row with those before it
    four = made.dense(1, "sigmoid", three, one)  # in another order, so one is copied
    five = made.elementwise("silu", three, one, three, factors=[0.5, 1, -1], bias=0.25, times=four)
    six = made.elementwise("linear", three)
    seven = made.dense(3, "linear", five, 0, 0)
    return made.mlp(heads=(seven, six), name="beside")


def gated_classes() -> Mlp:
    """Three classes, whose probabilities are scaled down by a gate."""
    made = Layers(4, seed=3)
    gate = made.dense(1, "sigmoid", 0)
    made.dense(3, "softmax", 0, times=gate)
    return made.mlp("multiclass", name="gated")


def two_opinions() -> Mlp:
    """Two classes, each with a head of its own."""
    made = Layers(4, seed=4)
    first = made.dense(1, "sigmoid", 0)
    second = made.dense(1, "tanh", 0)
    return made.mlp("multiclass", heads=(second, first), name="opinions")


GRAPHS = {
    mlp.name: mlp
    for mlp in (
        residual(name="residual"), normalised(6, name="normalised"), beside(), gated_classes(),
        two_opinions(), *map(graph, range(14)),
    )
}  # fmt: skip
FLAGS = {
    "gcc": (*C99, "-O2", "-ffp-contract=off"),
    "gcc -O0": (*C99, "-O0", "-ffp-contract=off"),
    "gcc -Os": (*C99, "-Os", "-ffp-contract=off"),
    "clang": ("clang", "-std=c99", "-O3", "-ffp-contract=off"),
    "g++": (*CPP11, "-O3", "-ffp-contract=off"),
}
FAST = ("gcc", "-std=gnu99", "-Ofast", "-march=native")
"""Integers have the same bits with any flags."""


def strange(mlp: Mlp) -> Floats:
    """Usual rows, far ones, and rows with infinities and zeros of both signs."""
    rows = readings(mlp, 30)
    special = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e-45, 3e38, -3e38], np.float32)
    mixed = np.random.default_rng(0).choice(special, (40, mlp.inputs))
    return np.concatenate([rows, rows * np.float32(1000), mixed])


@cache
def expected(name: str) -> tuple[Floats, Floats]:
    """Rows of a graph, and what its header has to predict."""
    rows = strange(GRAPHS[name])
    return rows, c_replay.replay(GRAPHS[name], rows)


def assert_same_bits(got: Floats, expected: Floats, name: str) -> None:
    np.testing.assert_array_equal(got, expected, name)
    zeros = expected == 0
    np.testing.assert_array_equal(np.signbit(got[zeros]), np.signbit(expected[zeros]), name)


def predicted(library: ctypes.CDLL, mlp: Mlp, rows: Floats) -> Floats:
    """What NAME_predict gives for raw readings."""
    got = np.empty((len(rows), mlp.outputs), np.float32)
    for row, outputs in zip(rows, got, strict=True):
        pointers = (ctypes.c_void_p(array.ctypes.data) for array in (row, outputs))
        library[f"{mlp.name}_predict"](*pointers)
    return got


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every graph as a header, and one program that predicts with them and tests itself."""
    folder = tmp_path_factory.mktemp("graphs")
    code = []
    for name, mlp in GRAPHS.items():
        (folder / f"{name}.h").write_bytes(export(mlp))
        code += [f"#define {name.upper()}_SELFTEST", f'#include "{name}.h"']
    (folder / "all.c").write_text("\n".join(code) + "\n")
    return folder


@pytest.mark.parametrize("flags", FLAGS.values(), ids=FLAGS)
def test_the_bits_of_the_replay(flags: tuple[str, ...], folder: Path, tmp_path: Path) -> None:
    found = shared(tmp_path, str(folder / "all.c"), *flags, *STRICT)
    for name in GRAPHS:
        rows, wanted = expected(name)
        got = predicted(found, GRAPHS[name], rows)
        assert_same_bits(got, wanted, name)
        if GRAPHS[name].labels:
            classify = found[f"{name}_classify"]
            names = [*GRAPHS[name].labels, None]  # -1 is no class
            chosen = [names[classify(ctypes.c_void_p(row.ctypes.data))] for row in rows]
            assert chosen == choose(Card.of(GRAPHS[name]), got), name
        assert found[f"{name}_selftest"]() == 0, name


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_selftest_passes_where_sums_are_fused(
    compiler: str, folder: Path, tmp_path: Path
) -> None:
    flags = (compiler, "-std=gnu99", "-O3", "-march=native", "-ffp-contract=fast")
    found = shared(tmp_path, str(folder / "all.c"), *flags)
    assert {name: found[f"{name}_selftest"]() for name in GRAPHS} == dict.fromkeys(GRAPHS, 0)


WHOLE = [residual(), *(graph(seed, integers=True) for seed in range(8))]


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("flags", [FLAGS["gcc"], FAST], ids=["gcc", "fast"])
def test_the_bits_of_integers(dtype: str, flags: tuple[str, ...], tmp_path: Path) -> None:
    code, networks = [], []
    for seed, mlp in enumerate(WHOLE):
        networks.append((mlp, made(mlp, dtype, seed)))
        (tmp_path / f"{mlp.name}.h").write_bytes(EXPORTER.integers[dtype](*networks[-1]))
        code += [f"#define {mlp.name.upper()}_SELFTEST", f'#include "{mlp.name}.h"']
    (tmp_path / "all.c").write_text("\n".join(code) + "\n")
    found = shared(tmp_path, "all.c", *flags, *STRICT)
    for mlp, quantised in networks:
        rows = strange(mlp)
        assert_same_bits(
            predicted(found, mlp, rows), predict_quantised(mlp, quantised, rows), mlp.name
        )
        assert found[f"{mlp.name}_selftest"]() == 0, mlp.name


@every_chip
@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_the_bits_of_integers_on_every_chip(chip: Chip, dtype: str, tmp_path: Path) -> None:
    for mlp in (WHOLE[0], WHOLE[4]):
        quantised, rows = made(mlp, dtype, 1), strange(mlp)[::5]
        path = tmp_path / f"{mlp.name}.h"
        path.write_bytes(EXPORTER.integers[dtype](mlp, quantised))
        with require(chip).open(path) as opened:
            got = opened.predict(rows)
        assert_same_bits(got, predict_quantised(mlp, quantised, rows), mlp.name)


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_integers_have_diagonals_too(dtype: str, tmp_path: Path) -> None:
    mlp = residual()
    text = EXPORTER.integers[dtype](mlp, made(mlp, dtype)).decode()
    assert "NET_LAYER4_DIAGONALS[2][16]" in text
    assert "LAYER4_WEIGHTS" not in text
    assert " *   4  elementwise  16        relu     of layer 1, layer 3" in text.splitlines()
    (tmp_path / "net.h").write_text(text)
    found = inspect_file(tmp_path / "net.h").anatomy
    assert found.layers == of_mlp(mlp).layers
    assert found.topology == mlp.topology


@every_chip
@pytest.mark.parametrize("name", ["residual", "normalised", "beside", "graph8"])
def test_the_bits_of_every_chip(chip: Chip, name: str, folder: Path) -> None:
    mlp = GRAPHS[name]
    rows = strange(mlp)[::5]
    with require(chip).open(folder / f"{name}.h") as opened:
        got = opened.predict(rows)
    fused = chip.target.name == "cortex-m4"
    assert_same_bits(got, c_replay.replay(mlp, rows, fused=fused), name)


def test_a_split_graph_predicts_the_same(folder: Path, tmp_path: Path) -> None:
    mlp = GRAPHS["beside"]
    for file, content in export_split(mlp).items():
        (tmp_path / file).write_bytes(content)
    with open_header(tmp_path / "beside.h") as split, open_header(folder / "beside.h") as single:
        rows = strange(mlp)
        np.testing.assert_array_equal(split.predict(rows), single.predict(rows))


# What a layer reads


def body(mlp: Mlp) -> str:
    text = export(mlp).decode()
    start = text.index("enum { memory_size")
    return text[start : text.index("\n}\n", start)]


@pytest.mark.parametrize("name", GRAPHS)
def test_no_value_overwrites_one_that_is_still_read(name: str) -> None:
    mlp = GRAPHS[name]
    text = export(mlp).decode()
    pattern = r"\*const (\w+) = memory(?: \+ (\d+))?; /\* (\d+) numbers?, until layer (\d+) \*/"
    lives = []
    for variable, start, width, last in re.findall(pattern, text):
        first = int(variable.removeprefix("layer")) if variable != "scaled" else 0
        assert int(last) == max(readers(mlp.layers, first))
        place = int(start or 0)
        lives.append((range(place, place + int(width)), range(first, int(last) + 1)))
    assert len(lives) > 2 or name in ("gated", "opinions")
    for one, life in enumerate(lives):
        for other in lives[:one]:
            both = (
                range(max(a[0], b[0]), min(a[-1], b[-1]) + 1)
                for a, b in zip(life, other, strict=True)
            )
            assert not all(both)


def test_values_that_are_read_together_stand_side_by_side() -> None:
    made = Layers(8)
    values = [0]
    for _ in range(4):
        values.append(made.dense(4, "relu", *values))
    made.dense(1, "linear", *values)
    text = body(made.mlp())
    assert "memcpy" not in text
    assert "memory_size = 24 " in text  # 8 readings, and 4 units of each of the four layers
    assert "layer5_inputs = memory; /* 5 values side by side */" in text


def test_what_cannot_stand_side_by_side_is_copied() -> None:
    text = body(beside())
    assert re.findall(r"memcpy\((.*), (.*), .*\);", text) == [
        ("&layer4_inputs[4]", "layer1"),
        ("layer6", "layer3"),
        ("&layer7_inputs[4]", "scaled"),
        ("&layer7_inputs[7]", "scaled"),
    ]


def test_a_sum_reads_its_values_where_they_stand() -> None:
    lines = body(residual(width=4, blocks=1, standardised=False)).splitlines()
    place = lines.index("    memcpy(layer4, layer1, NET_LAYER4_OUTPUTS * sizeof(float));")
    assert lines[place + 1] == "    mlp_edge_add(NULL, NET_LAYER4_OUTPUTS, layer3, layer4);"


def test_a_diagonal_takes_no_matrix() -> None:
    made = Layers(6)
    numbers = np.arange(1, 7, dtype=np.float32)
    made.elementwise("linear", 0, factors=[numbers], bias=1)
    made.elementwise("relu", 1, 0)
    made.dense(1, "linear", 2)
    text = export(made.mlp()).decode()
    assert "NET_LAYER1_DIAGONAL1[6]" in text
    assert "NET_LAYER1_BIAS[6]" in text
    assert "LAYER2_DIAGONAL" not in text
    assert "LAYER2_BIAS" not in text
    assert "LAYER1_WEIGHTS" not in text


def test_one_table_serves_equal_diagonals() -> None:
    made = Layers(6)
    made.elementwise("linear", made.dense(6, "relu", 0), 0, factors=[0.5, 0.5])
    made.dense(1, "linear", 2)
    assert export(made.mlp()).decode().count(" NET_LAYER2_DIAGONAL") == 1


def test_the_top_lists_what_each_layer_reads() -> None:
    text = export(beside()).decode()
    start = text.index(" * Layers.")
    lines = text[start : text.index(" *\n * Features", start)].splitlines()
    assert [line.removeprefix(" *").strip() for line in lines[2:]] == [
        "1  dense        3 to 4   relu     of inputs",
        "2  dense        7 to 2   softmax  of inputs, layer 1",
        "3  dense        6 to 4   tanh     of layer 1, layer 2; times layer 1",
        "4  dense        8 to 1   sigmoid  of layer 3, layer 1",
        "5  elementwise  4        silu     of DIAGONAL1 * layer 3 + layer 1 + DIAGONAL2 * layer 3"
        " +",
        "BIAS; times layer 4",
        "6  elementwise  4        linear   of layer 3; gives outputs [3] to [6]",
        "7  dense        10 to 3  linear   of layer 5, inputs, inputs; gives outputs [0] to [2]",
    ]
    assert " *   layers    graph of 7 layers, 3 to 7, listed below, float32" in text.splitlines()


@pytest.mark.parametrize("weights_only", [False, True])
def test_lines_fit_a_screen(weights_only: bool) -> None:
    for mlp in GRAPHS.values():
        assert max(map(len, export(mlp, weights_only).decode("ascii").splitlines())) <= 100


@pytest.mark.parametrize("weights_only", [False, True])
@pytest.mark.parametrize("name", GRAPHS)
def test_the_reader_finds_the_layers(name: str, weights_only: bool, tmp_path: Path) -> None:
    mlp = GRAPHS[name]
    (tmp_path / "net.h").write_bytes(export(mlp, weights_only))
    found, expected = inspect_file(tmp_path / "net.h").anatomy, of_mlp(mlp)
    assert found.layers == expected.layers
    assert (found.topology, found.heads) == (mlp.topology, mlp.heads)
    assert found.parameters == mlp.parameters


def test_a_damaged_diagonal_is_named(tmp_path: Path) -> None:
    made = Layers(6)
    made.elementwise("linear", made.dense(6, "relu", 0), 0, factors=[0.5, 1])
    made.dense(1, "linear", 2)
    text = export(made.mlp()).decode()
    damaged = text.replace("0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f,", "0.5f, 0.5f,")
    assert damaged != text
    (tmp_path / "net.h").write_text(damaged)
    with pytest.raises(ModelError, match="layer 2 has a table of 2 numbers where 6 belong"):
        read_header(tmp_path / "net.h")
