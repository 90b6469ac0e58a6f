"""mlp-edge export: which files appear where, and what is refused before any does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.c_compiler import C99, STRICT, require, run
from support.commands import Type, Typed, contents
from support.networks import assert_within_bound

import mlp_edge
from mlp_edge.errors import MissingError
from mlp_edge.readers.keras_file import read_mlp
from mlp_edge.readers.model_directory import ModelDirectory


def good(result: Typed) -> str:
    assert (result.code, result.err) == (0, "")
    return result.out


def test_all_formats_when_none_is_named(model: Path, typed: Type) -> None:
    before = contents(model)
    shutil.rmtree(model / "exports")
    shown = good(typed("export"))
    assert contents(model) == before
    sizes = {path.name: path.stat().st_size for path in (model / "exports").iterdir()}
    assert shown == (
        f"wrote model/exports/pima.tflite ({sizes['pima.tflite']:,} bytes)\n"
        f"wrote model/exports/pima.onnx ({sizes['pima.onnx']:,} bytes)\n"
        f"wrote model/exports/pima.h ({sizes['pima.h']:,} bytes)\n"
        "\nnext: mlp-edge parity\n"
    )


def test_one_format_leaves_the_others(model: Path, typed: Type) -> None:
    before = contents(model)
    (model / "exports" / "pima.h").unlink()
    assert good(typed("export", "-f", "c", "-f", "c")).count("wrote") == 1
    assert contents(model) == before


def test_another_name_and_another_place(model: Path, typed: Type, folder: Path) -> None:
    before = contents(model)
    shown = good(typed("export", "-f", "c", "--name", "ward7", "--out", "device"))
    assert [path.name for path in (folder / "device").iterdir()] == ["ward7.h"]
    assert "WARD7_INPUTS" in (folder / "device" / "ward7.h").read_text()
    assert "parity" not in shown
    assert contents(model) == before
    good(typed("export", "-f", "onnx", "--name", "ward7"))
    manifest = ModelDirectory.open(model).manifest
    assert set(manifest.exports) == {"pima.h", "pima.onnx", "pima.tflite", "ward7.onnx"}
    assert manifest.name == "pima"


def test_a_keras_file_on_its_own(keras: Any, typed: Type, folder: Path) -> None:
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "softmax")])
    network.save(folder / "My net.keras")
    good(typed("export", "--model", "My net.keras"))
    names = {path.name for path in (folder / "exports").iterdir()}
    assert names == {"my_net.tflite", "my_net.onnx", "my_net.h"}
    rows = np.array([[1, 2, 3], [-1, 0, 2]], np.float32)
    mlp = read_mlp(folder / "My net.keras")
    assert_within_bound(mlp, rows, network.predict(rows, verbose=0))
    for name in sorted(names - {"my_net.h"}):
        with mlp_edge.load(folder / "exports" / name) as opened:
            assert opened.card.names == ("x1", "x2", "x3")
            assert_within_bound(mlp, rows, opened.predict(rows))


def test_the_keras_file_of_a_model_directory_keeps_its_names(model: Path, typed: Type) -> None:
    before = contents(model)
    shutil.rmtree(model / "exports")
    good(typed("export", "--model", "model/model.keras"))
    assert contents(model) == before


def test_weights_only(model: Path, typed: Type, folder: Path) -> None:
    before = contents(model)
    good(typed("export", "--format", "c", "--weights-only"))
    added = set(contents(model)) - set(before)
    assert added == {"exports/pima_weights.h"}
    header = (model / "exports" / "pima_weights.h").read_text()
    assert "PIMA_LAYER1_WEIGHTS" in header
    assert "pima_predict" not in header
    assert set(ModelDirectory.open(model).manifest.exports) == {
        "pima.h",
        "pima.onnx",
        "pima.tflite",
    }
    (folder / "own.c").write_text(
        '#include "model/exports/pima_weights.h"\n'
        "int main(void) { return PIMA_LAYER1_WEIGHTS[0][0] > 9.0f; }\n"
    )
    require("gcc")
    run(folder, *C99, *STRICT, "-Wno-unused-const-variable", "own.c", "-o", "own")


def test_split_is_run_and_held_to_what_was_exported(model: Path, typed: Type) -> None:
    require("gcc")
    good(typed("export", "-f", "c", "--split"))
    exports = model / "exports"
    wrote = good(typed("export", "-f", "c", "--split", "--dtype", "int8"))
    assert [line.split()[1] for line in wrote.splitlines() if line.startswith("wrote")] == [
        f"model/exports/{name}"
        for name in ("pima_int8.h", "pima_int8.c", "mlp_edge_kernels.h", "pima_int8.json")
    ]
    listed = ModelDirectory.open(model).manifest.exports
    assert {"pima.h", "pima.c", "pima_int8.c", "mlp_edge_kernels.h"} <= set(listed)
    shown = good(typed("parity", "-f", "c", "--runtime", "c", "--json"))
    results = [line for line in json.loads(shown)["results"] if line["artifact"].endswith(".h")]
    assert [(line["artifact"], line["verdict"]) for line in results] == [
        ("pima.h", "PASS"), ("pima_int8.h", "PASS"),
    ]  # fmt: skip
    with mlp_edge.load(model, runtime="c", verify=True) as opened:
        assert opened.path.name == "pima.h"
    good(typed("inspect", "model/exports/pima.h"))
    (exports / "pima.c").write_text((exports / "pima.c").read_text() + "\n")
    for words in (["predict", "--runtime", "c", "pima"], ["cost"]):
        refused = typed(*words)
        assert (refused.code, "--trust" in refused.err) == (2, True), refused.err
    refused = typed("parity", "-f", "c", "--runtime", "c")
    assert refused.code == 1
    assert "pima.h" in refused.out


def test_one_header_takes_the_place_of_three_files(model: Path, typed: Type) -> None:
    before = contents(model)
    good(typed("export", "-f", "c", "--split"))
    assert (model / "exports" / "pima.c").exists()
    good(typed("export", "-f", "onnx"))
    assert (model / "exports" / "pima.c").exists()
    good(typed("export", "-f", "c"))
    assert "pima.c" not in ModelDirectory.open(model).manifest.exports
    assert set(contents(model)) - set(before) == {"exports/mlp_edge_kernels.h"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--split"], "--format c --split"),
        (["--split", "-f", "c", "-f", "onnx"], "--format c --split"),
        (["--split", "-f", "c", "--weights-only"], "without --weights-only"),
        (["--name", "mlp_edge_kernels"], "'mlp_edge_kernels_model' would do"),
        (["--format", "coreml"], "--format coreml is not one of tflite, onnx, c"),
        (["--format", "onnx", "--format", "h"], "--format h is not one of"),
        (["--name", "My Model"], "'my_model' would do"),
        (["--name", "../../etc/x"], "cannot name a model"),
        (["--weights-only"], "--format c --weights-only"),
        (["--weights-only", "-f", "c", "-f", "onnx"], "--format c --weights-only"),
        (["--model", "gone"], "gone: there is no model; `mlp-edge train` makes one"),
        (["--model", "gone.keras"], "gone.keras: there is no such file"),
        (["--model", "."], ".: not a model directory"),
        (["--model", "model/exports/pima.onnx"], "an export of mlp-edge"),
        (["--out", "no/where", "-f", "c"], "no/where: cannot be written (No such file"),
        (["--out", "model/model.json", "-f", "c"], "cannot be written (File exists)"),
        (["--out", "model/model.json/x", "-f", "c"], "cannot be written (Not a directory)"),
    ],
)
def test_what_is_refused(
    model: Path, typed: Type, folder: Path, words: list[str], said: str
) -> None:
    before = contents(folder)
    result = typed("export", *words)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert result.err.count("\n") == 1
    assert contents(folder) == before


@pytest.mark.parametrize("damage", ["cut", "swapped", "newer"])
def test_a_damaged_model(model: Path, iris: Path, typed: Type, damage: str) -> None:
    original = model / "model.keras"
    if damage == "cut":
        original.write_bytes(original.read_bytes()[:9000])
    elif damage == "swapped":
        shutil.copy(iris / "model.keras", original)
    else:
        manifest = json.loads((model / "model.json").read_text())
        (model / "model.json").write_text(json.dumps({**manifest, "format": 3}))
    before = contents(model)
    result = typed("export", "-f", "c")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: model/model.")
    assert result.err.count("\n") == 1
    assert contents(model) == before


def test_an_extra_that_is_missing(
    model: Path, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str, extra: str = "train") -> None:
        raise MissingError(f"{name} is not installed; pip install 'mlp-edge[{extra}]' brings it")

    monkeypatch.setattr("mlp_edge.export.onnx.require", missing)
    before = contents(model)
    result = typed("export", "-f", "c", "-f", "onnx")
    assert result == (
        2, "", "error: tf2onnx is not installed; pip install 'mlp-edge[train]' brings it\n",
    )  # fmt: skip
    assert contents(model) == before
