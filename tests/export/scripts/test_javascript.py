"""An ES module as web pages, Node.js and editors see it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.graphs import graph
from support.integer_models import MIXED
from support.networks import encoded, network
from support.quantised_networks import quantised
from support.scripts import in_node

from mlp_edge.card import Card, choose
from mlp_edge.export.scripts import javascript
from mlp_edge.feature import Feature
from mlp_edge.mlp import Mlp
from mlp_edge.proof.c_replay import replay

HOSTILE = (
    'a "quote"', "*/ throw 1 /*", "\\", "größe, cm", "__proto__", "line\nbreak", "</script><!--",
    "${process.exit(9)}", "\u2028", "constructor",
)  # fmt: skip


def written(folder: Path, mlp: Mlp, content: bytes | None = None) -> Path:
    # Without a package.json, .mjs tells every Node.js that it is a module.
    (folder / "net.mjs").write_bytes(javascript.export(mlp) if content is None else content)
    return folder


def test_readings_by_name_and_by_place(tmp_path: Path) -> None:
    mlp = encoded(MIXED, outputs=3, task="multiclass")
    got = in_node(written(tmp_path, mlp), """
        import * as net from "./net.mjs";
        const cases = [
            [12.5, 3, 40], {mass: 12.5, colour: "red", age: 40},
            {age: "40", mass: " 12.5", colour: 3},
            [null, undefined, 1], {mass: "", colour: null, age: 1}, [NaN, NaN, 1],
            new Float64Array([1, 5, 2]), {mass: 1, colour: "violet", age: 2},
            [1, 0, null], {mass: 0, colour: "blue", age: 7},
        ];
        console.log(JSON.stringify(cases.map((one) => [...net.predict(one)])));
    """)  # fmt: skip
    rows = np.float32([
        [12.5, 3, 40], [12.5, 3, 40], [12.5, 3, 40], [np.nan, np.nan, 1], [np.nan, np.nan, 1],
        [np.nan, np.nan, 1], [1, 5, 2], [1, 5, 2], [1, 0, np.nan], [0, -7, 7],
    ])  # fmt: skip
    predictions = np.array([[np.nan if x is None else x for x in row] for row in got], np.float32)
    np.testing.assert_array_equal(predictions, replay(mlp, rows))


@pytest.mark.parametrize(
    ("readings", "complaint"),
    [
        ("[1, 2]", "net takes 3 readings, got 2"),
        ("{mass: 1, age: 2}", 'net takes a reading called "colour"'),
        ("{mass: 'heavy', colour: 0, age: 2}", 'net: "heavy" is no reading of "mass"'),
    ],
)
def test_readings_that_are_none(readings: str, complaint: str, tmp_path: Path) -> None:
    got = in_node(written(tmp_path, encoded(MIXED)), f"""
        import {{ predict }} from "./net.mjs";
        try {{
            predict({readings});
        }} catch (error) {{
            console.log(JSON.stringify(`${{error.name}}: ${{error.message}}`));
        }}
    """)  # fmt: skip
    assert got == f"TypeError: {complaint}"


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_classes_are_those_of_python(task: str, tmp_path: Path) -> None:
    mlp = network((3, 6, 1 if task == "binary" else 4), "relu", task)  # type: ignore[arg-type]
    random = np.random.default_rng(0)
    rows = random.uniform(-90, 90, (60, 3)).astype(np.float32)
    rows[::13, 1] = np.nan
    rows[::17, 0] = np.inf
    if task == "binary":
        mlp = replace(mlp, threshold=np.nanmedian(replay(mlp, rows)))
    given = [[None if np.isnan(x) else f"{x}" for x in row] for row in rows]
    got = in_node(written(tmp_path, mlp), f"""
        import {{ classify, label }} from "./net.mjs";
        console.log(JSON.stringify({json.dumps(given)}.map((row) => label(classify(row)))));
    """.replace('"inf"', "Infinity"))  # fmt: skip
    labels = choose(Card.of(mlp), replay(mlp, rows))
    assert got == [label or "" for label in labels]
    assert len(set(got)) > 2


def test_hostile_names_are_texts(tmp_path: Path) -> None:
    features = (
        *(Feature(name, unit=name) for name in HOSTILE[1:]),
        Feature(HOSTILE[0], categories=HOSTILE, codes=tuple(range(len(HOSTILE)))),
    )
    mlp = encoded(features, outputs=len(HOSTILE), task="multiclass", labels=HOSTILE)
    written(tmp_path, mlp)
    text = (tmp_path / "net.mjs").read_text("ascii")
    assert "</" not in text
    assert "<!" not in text
    got = in_node(tmp_path, """
        import * as net from "./net.mjs";
        const row = JSON.parse(JSON.stringify(Object.fromEntries(
            net.FEATURES.map(({ name }) => [name, 1]))));
        console.log(JSON.stringify([net.LABELS, net.FEATURES.map(({ name }) => name),
            net.selftest(), [...net.predict(row)]]));
    """)  # fmt: skip
    rows = np.ones((1, len(features)), np.float32)
    assert got[:3] == [list(HOSTILE), [feature.name for feature in features], 0]
    np.testing.assert_array_equal(np.float32(got[3]), replay(mlp, rows)[0])


def test_the_selftest_finds_a_changed_weight(tmp_path: Path) -> None:
    mlp = network()
    last = mlp.layers[-1]
    other = replace(
        mlp, layers=(*mlp.layers[:-1], replace(last, bias=last.bias * np.float32(1.0001)))
    )
    golden = javascript.export(mlp).partition(b"/* The self-test:")[2]
    mixed = javascript.export(other).partition(b"/* The self-test:")[0] + b"/*" + golden
    program = 'import { selftest } from "./net.mjs"; console.log(selftest());'
    assert in_node(written(tmp_path, mlp), program) == 0
    assert 1 <= in_node(written(tmp_path, mlp, mixed), program) <= 6


def test_commonjs_and_the_web_take_the_file_itself(tmp_path: Path) -> None:
    """Node-RED and CommonJS by import(); nothing of Node.js is needed, and nothing is imported."""
    written(tmp_path, network())
    program = """
        delete globalThis.process;
        import("./net.mjs").then(({ INPUTS, OUTPUTS }) => console.log(INPUTS + OUTPUTS));
    """
    assert in_node(tmp_path, program, kind="commonjs") == 9
    text = (tmp_path / "net.mjs").read_text("ascii")
    assert not re.search(r"^\s*import\b|\brequire\(|\bprocess\b|\bBuffer\b", text, re.MULTILINE)


NETWORKS = {
    "binary": network(),
    "multiclass": encoded(MIXED, outputs=3, task="multiclass"),
    "regression": network((3, 4, 2), task="regression", clip=(-1.0, 1.0)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_types_declare_what_the_module_exports(name: str, tmp_path: Path) -> None:
    mlp = NETWORKS[name]
    types = javascript.export_types(mlp).decode("ascii")
    declared = set(re.findall(r"^export declare (?:const|function) (\w+)", types, re.MULTILINE))
    program = 'import * as net from "./net.mjs"; console.log(JSON.stringify(Object.keys(net)));'
    assert declared == set(in_node(written(tmp_path, mlp), program))
    for feature in mlp.features:
        assert f"  {json.dumps(feature.name)}: Reading;" in types


def test_a_module_has_no_function_that_it_does_not_call() -> None:
    for mlp in (*NETWORKS.values(), graph(4)):
        for content in (
            javascript.export(mlp),
            javascript.export_integers(NETWORKS["binary"], quantised(NETWORKS["binary"], "int24")),
        ):
            text = re.sub(r"/\*.*?\*/", "", content.decode("ascii"), flags=re.DOTALL)
            for name in re.findall(r"^(?:function|const) (\w+)", text, re.MULTILINE):
                assert len(re.findall(rf"\b{name}\b", text)) > 1, name
