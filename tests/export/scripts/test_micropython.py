"""A module for MicroPython as boards and Python see it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.graphs import graph
from support.integer_models import MIXED
from support.networks import encoded, network, readings
from support.quantised_networks import quantised

from mlp_edge.card import Card, choose
from mlp_edge.export.scripts import micropython
from mlp_edge.feature import Feature
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.mlp import Mlp
from mlp_edge.proof.c_replay import replay
from mlp_edge.runtime.scripts.micropython import RUNTIME, program

PYTHONS = ["micropython", "python"]
HOSTILE = (
    'a "quote"', "'''\nraise SystemExit\n'''", "\\", "größe, cm", "line\nbreak", '"""', "\x00",
    "\u2028", "\U0001f600", "{0} %s",
)  # fmt: skip
SUBSET = {"array": {"array"}, "struct": {"pack", "unpack", "unpack_from"}}
"""All that a module imports: CircuitPython has it on every board."""
BUILTINS = {
    "abs", "enumerate", "float", "int", "isinstance", "dict", "len", "list", "max", "min", "range",
    "reversed", "str", "sum", "ValueError", "zip",
}  # fmt: skip


def ran(python: str, folder: Path, code: str, heap: str = "64m") -> Any:
    """What a program prints as JSON, with the folder's files beside it."""
    command = [sys.executable, "-c", code]
    if python == "micropython":
        assert RUNTIME.missing() is None
        command = [program(), "-X", f"heapsize={heap}", "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def written(folder: Path, mlp: Mlp, content: bytes | None = None) -> Path:
    (folder / "net.py").write_bytes(micropython.export(mlp) if content is None else content)
    return folder


@pytest.mark.parametrize("python", PYTHONS)
def test_readings_by_name_and_by_place(python: str, tmp_path: Path) -> None:
    mlp = encoded(MIXED, outputs=3, task="multiclass")
    got = ran(python, written(tmp_path, mlp), """
import json, net
cases = ([12.5, 3, 40], {"mass": 12.5, "colour": "red", "age": 40.0}, (None, None, 1),
         {"age": 1, "colour": None, "mass": float("nan")}, [1, 5, 2],
         {"mass": 1, "colour": "violet", "age": 2}, [0, -7, 7], [0, "blue", 7])
print(json.dumps([net.predict(one) for one in cases]))
""")  # fmt: skip
    rows = np.float32([
        [12.5, 3, 40], [12.5, 3, 40], [np.nan, np.nan, 1], [np.nan, np.nan, 1], [1, 5, 2],
        [1, 5, 2], [0, -7, 7], [0, -7, 7],
    ])  # fmt: skip
    np.testing.assert_array_equal(np.float32(got), replay(mlp, rows))


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_classes_are_those_of_python(python: str, task: str, tmp_path: Path) -> None:
    mlp = network((3, 6, 1 if task == "binary" else 4), "relu", task)  # type: ignore[arg-type]
    rows = np.random.default_rng(0).uniform(-90, 90, (60, 3)).astype(np.float32)
    rows[::13, 1] = np.nan
    rows[::17, 0] = np.inf
    if task == "binary":
        mlp = replace(mlp, threshold=np.nanmedian(replay(mlp, rows)))
    given = [[f"{x}" for x in row] for row in rows]
    got = ran(python, written(tmp_path, mlp), f"""
import json, net
rows = [[float(x) for x in row] for row in {given}]
print(json.dumps([net.label(net.classify(row)) for row in rows]))
""")  # fmt: skip
    assert got == [label or "" for label in choose(Card.of(mlp), replay(mlp, rows))]
    assert len(set(got)) > 2


@pytest.mark.parametrize("python", PYTHONS)
def test_hostile_names_are_texts(python: str, tmp_path: Path) -> None:
    features = (
        *(Feature(name, unit=name) for name in HOSTILE[1:]),
        Feature(HOSTILE[0], categories=HOSTILE, codes=tuple(range(len(HOSTILE)))),
    )
    mlp = encoded(features, outputs=len(HOSTILE), task="multiclass", labels=HOSTILE)
    got = ran(python, written(tmp_path, mlp), """
import json, net
levels = net.CATEGORIES[net.FEATURES[-1]]
print(json.dumps([[[ord(c) for c in text] for text in texts]
                  for texts in (net.LABELS, net.FEATURES, sorted(levels, key=levels.get))]
                 + [net.selftest()]))
""")  # fmt: skip
    texts = [HOSTILE, tuple(feature.name for feature in features), HOSTILE]
    assert got == [[[ord(c) for c in text] for text in group] for group in texts] + [0]


@pytest.mark.parametrize("python", PYTHONS)
def test_the_selftest_finds_a_changed_weight(python: str, tmp_path: Path) -> None:
    mlp = network()
    last = replace(mlp.layers[-1], bias=mlp.layers[-1].bias * np.float32(1.0001))
    other = micropython.export(replace(mlp, layers=(*mlp.layers[:-1], last)))
    golden = micropython.export(mlp).partition(b"# The self-test:")[2]
    mixed = other.partition(b"# The self-test:")[0] + b"#" + golden
    code = "import net; print(net.selftest())"
    assert ran(python, written(tmp_path, mlp), code) == 0
    assert 1 <= ran(python, written(tmp_path, mlp, mixed), code) <= 6


@pytest.mark.parametrize("dtype", ["float32", "int8", "int16", "int24"])
def test_it_fits_a_board_of_64_kb(dtype: str, tmp_path: Path) -> None:
    """A pointer takes 8 bytes here, and 4 on a board."""
    mlp = network((8, 12, 8, 1))
    rows = readings(mlp, 1)
    if dtype == "float32":
        content, expected = micropython.export(mlp), replay(mlp, rows)
    else:
        net = quantised(mlp, dtype)
        content = micropython.export_integers(mlp, net)
        expected = predict_quantised(mlp, net, rows)
    code = f"import net; print(net.predict({rows[0].tolist()}))"
    [got] = ran("micropython", written(tmp_path, mlp, content), code, heap="64k")
    assert np.float32(got) == expected[0, 0]


@pytest.mark.parametrize(
    "mlp",
    [network(), encoded(MIXED, outputs=3, task="multiclass"), graph(4)],
    ids=["binary", "encoded", "graph"],
)
def test_it_takes_no_more_than_circuitpython_has(mlp: Mlp) -> None:
    contents = [micropython.export(mlp)]
    if mlp.is_chain:
        kinds = ("int8", "int16", "int24")
        contents += [micropython.export_integers(mlp, quantised(mlp, kind)) for kind in kinds]
    for content in contents:
        tree = ast.parse(content)
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        used: set[str] = set()
        for node in ast.walk(tree):
            assert not isinstance(node, (
                ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.JoinedStr, ast.Lambda,
                ast.Match, ast.NamedExpr, ast.Nonlocal, ast.Try, ast.With, ast.Yield, ast.AnnAssign,
            ))  # fmt: skip
            if isinstance(node, ast.ImportFrom):
                assert {alias.name for alias in node.names} == SUBSET[str(node.module)]
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                used.add(node.func.id)
        imported = set().union(*SUBSET.values())
        assert used <= defined | imported | BUILTINS | {"activation"}
        named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert defined - named <= {"predict", "classify", "label", "selftest"}
