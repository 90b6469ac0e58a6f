"""Model.export: what a notebook gets in one call, and that it is what the command writes."""

from __future__ import annotations

import inspect
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Type, contents
from support.networks import network, readings
from support.onnx_files import Graph

import mlp_edge
from mlp_edge.api.exporting.calibration_rows import RowSets
from mlp_edge.api.exporting.export_settings import ExportSettings
from mlp_edge.api.exporting.losses import Losses
from mlp_edge.api.exporting.quantiser import Quantiser
from mlp_edge.api.observer import SILENT
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.errors import CheckError, InputError, RecipeError
from mlp_edge.files.calibration import calibration_npz, read_calibration
from mlp_edge.files.writing import json_text
from mlp_edge.integers.quantised import Inputs
from mlp_edge.mlp import Dense, Floats, Mlp
from mlp_edge.proof.bound import Interval
from mlp_edge.proof.float_grade import FloatGrade
from mlp_edge.quantise import int24
from mlp_edge.quantise.judge import Limits
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.settings import settings_of


@pytest.fixture
def opened(pima: Path, tmp_path: Path) -> mlp_edge.Model:
    """A model directory of this test's own, its exports gone."""
    shutil.copytree(pima, tmp_path / "model")
    return mlp_edge.open(tmp_path / "model")


def test_int8_takes_one_call(opened: mlp_edge.Model) -> None:
    export = opened.export("c", dtype="int8")
    assert list(export.files) == ["pima_int8.h", "pima_int8.json"]
    assert export.path == opened.path / "exports" / "pima_int8.h"
    assert export.path.read_bytes() == export.content == export.files["pima_int8.h"]
    assert b"int8_t" in export.content
    assert opened.directory is not None
    assert "pima_int8.h" in opened.directory.manifest.exports
    assert export.listed
    assert export.losses is not None
    assert list(export.losses.sets) == ["held-out rows", "calibration, by folds"]
    held_out = export.losses.sets["held-out rows"]
    assert held_out.rows == 154
    assert held_out.flips is not None
    assert 0 < held_out.difference < 0.5
    assert held_out.drop == held_out.before["accuracy"] - held_out.after["accuracy"]


@pytest.mark.parametrize("dtype", ["float32", "int8", "float16"])
def test_the_files_are_those_of_the_command(
    opened: mlp_edge.Model, model: Path, typed: Type, dtype: str
) -> None:
    export = opened.export(dtype=dtype)
    result = typed("export", "--dtype", dtype, "--json")
    assert (result.code, result.err) == (0, "")
    told = json.loads(result.out)
    for file in told["files"]:
        file["path"] = str(opened.path.parent / file["path"])
    assert told == json.loads(json_text(export.to_dict()))
    assert contents(opened.path) == contents(model)
    for name, content in export.files.items():
        assert (model / "exports" / name).read_bytes() == content


def test_a_result_is_shown_and_plain(opened: mlp_edge.Model) -> None:
    export = opened.export(["onnx", "c"], dtype="int8")
    told = export.to_dict()
    assert [file["name"] for file in told["files"]] == list(export.files)
    assert [file["bytes"] for file in told["files"]] == [
        len(each) for each in export.files.values()
    ]
    assert told["losses"]["sets"]["held-out rows"]["rows"] == 154
    assert (told["candidates"], told["findings"]) == (None, [])
    shown = str(export)
    for part in ("int8: what it loses", "labels that change", "pima_int8.onnx"):
        assert part in shown
        assert part in export._repr_html_()
    assert "b'" not in repr(export)
    with pytest.raises(
        InputError, match=r"2 files: pima_int8\.onnx, pima_int8\.h; choose in files"
    ):
        _ = export.content


def test_a_keras_model_in_memory_stays_there(keras: Any, tmp_path: Path) -> None:
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, name="net")])
    opened = mlp_edge.open(network)
    export = opened.export("c", name="net")
    assert (export.paths, list(export.files)) == ((), ["net.h"])
    with pytest.raises(InputError, match=r"net\.h: not written; `out` names a folder"):
        _ = export.path
    with pytest.raises(InputError, match="`calibration_table=TABLE` names some"):
        opened.export("c", dtype="int8")
    rows = np.random.default_rng(0).uniform(-1, 1, (40, 3)).astype(np.float32)
    small = opened.export(
        "c", dtype="int8", calibration_table=(rows, ["x1", "x2", "x3"]), out=tmp_path / "made"
    )
    assert sorted(contents(tmp_path / "made")) == sorted(small.files)
    assert small.losses is not None
    assert list(small.losses.sets) == ["calibration, by folds"]
    assert not small.listed


def test_a_keras_file_has_its_exports_beside_it(pima: Path, tmp_path: Path) -> None:
    shutil.copy(pima / "model.keras", tmp_path / "net.keras")
    export = mlp_edge.open(tmp_path / "net.keras").export("c", weights_only=True)
    assert export.path == tmp_path / "exports" / "net_weights.h"
    assert export.path.exists()


@pytest.mark.parametrize("linked", [False, True])
def test_an_export_does_not_replace_the_model_itself(tmp_path: Path, linked: bool) -> None:
    graph = Graph()
    graph.add("MatMul", "x", np.ones((4, 2), np.float32))
    theirs = tmp_path / "net.onnx"
    theirs.write_bytes(graph.model().SerializeToString())
    out = tmp_path / "folder" if linked else tmp_path
    if linked:
        out.symlink_to(tmp_path)
    before = theirs.read_bytes()
    with pytest.raises(InputError, match=r"net\.onnx: is the model itself.* would do"):
        mlp_edge.open(theirs).export("onnx", out=out)
    assert theirs.read_bytes() == before


def test_what_loses_too_much_is_not_written(opened: mlp_edge.Model) -> None:
    rows = read_calibration(opened.path / "calibration.npz", 8).rows
    same = rows[:1] + np.arange(30, dtype=np.float32)[:, None] / 1000
    (opened.path / "calibration.npz").write_bytes(calibration_npz(same, np.zeros(30, np.int64)))
    before = contents(opened.path)
    with pytest.raises(CheckError, match=r"`max_flips=0`.*`dtype='float32'` would hold"):
        opened.export("c", dtype="int8", max_flips=0, max_drop=0)
    assert contents(opened.path) == before


def test_int24_is_held_to_what_float32_may_be_off_by(opened: mlp_edge.Model) -> None:
    export = opened.export("onnx", dtype="int24")
    assert export.losses is not None
    grade = export.losses.grade
    assert grade is not None
    assert grade.holds
    assert grade.rows > 4000
    assert f"by at most {grade.used:.2g} of what float32 may be off by" in str(export)
    assert export.losses.to_dict()["float_grade"]["used"] == grade.used
    numbers = json.loads(export.files["pima_int24.json"])
    assert numbers["report"]["float grade"]["rows"] == grade.rows


def test_int24_that_float32_would_beat_is_not_written(
    opened: mlp_edge.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column in steps too coarse for what its weight is worth."""
    whole = int24.inputs_of

    def coarse(mlp: Mlp, box: Interval, encoded: Floats) -> Inputs:
        found = whole(mlp, box, encoded)
        factor = found.factor.copy()
        factor[1] /= 2**14
        return found._replace(factor=factor)

    monkeypatch.setattr(int24, "inputs_of", coarse)
    before = contents(opened.path)
    with pytest.raises(CheckError) as caught:
        opened.export("onnx", dtype="int24")
    said = str(caught.value)
    assert re.search(r"a prediction is off by [\d.e-]+, [\d.e+]+ times what float32", said)
    assert "layer 1 costs most" in said
    assert "the steps of 'glucose' most; `dtype='float32'` would hold" in said
    assert contents(opened.path) == before


def test_what_costs_most_is_told_of_the_output_that_float32_beats(tmp_path: Path) -> None:
    """Two targets in units that differ by 2^50: nothing of the large one is said."""
    weights = np.float32([[1, 0.3], [0.7, -1]])
    layers = [
        Dense(weights, np.zeros(2, np.float32), "tanh"),
        Dense(weights * np.float32([[2**-20], [2**30]]), np.zeros(2, np.float32), "linear"),
    ]
    mlp = network((2, 2, 2), task="regression", layers=tuple(layers))
    quantiser = Quantiser(OpenedModel(tmp_path, mlp, None), observer=SILENT)
    quantiser.sets = RowSets(readings(mlp, 50), None, None, None)
    grade = FloatGrade(rows=4000, used=1.4, error=1e-12, bound=7e-13, row=3, output=0)
    losses = Losses("int24", {}, grade=grade)
    with pytest.raises(CheckError, match="in 'y0'") as caught:
        quantiser.check(losses, Limits())
    alone = re.search(r"costs most, ±([\d.e+-]+) alone, in 'y0'", str(caught.value))
    assert alone is not None
    assert 0 < float(alone[1]) < 1e-9
    large = replace(losses, grade=replace(grade, output=1))
    with pytest.raises(CheckError, match="in 'y1'") as caught:
        quantiser.check(large, Limits())
    alone = re.search(r"costs most, ±([\d.e+-]+) alone, in 'y1'", str(caught.value))
    assert alone is not None
    assert float(alone[1]) > 1e-3


def test_the_smallest_comes_with_its_candidates(opened: mlp_edge.Model) -> None:
    export = opened.export("c", dtype="smallest", chip="cortex-m4")
    assert export.candidates is not None
    assert export.dtype == export.candidates.best
    tried = [one.dtype for one in export.candidates.candidates]
    assert tried == ["int8", "int16", "int24", "float32"]
    for one in export.to_dict()["candidates"]["candidates"]:
        assert one["flash"] > 0
        assert one["instructions"] > 0
    assert "STM32F429ZI" in str(export)


def test_exports_of_others_are_noticed(opened: mlp_edge.Model) -> None:
    again = mlp_edge.open(opened.path)
    opened.export("c", name="ward7")
    again.export("onnx", name="ward8")
    assert {"ward7.h", "ward8.onnx"} <= set(ModelDirectory.open(opened.path).manifest.exports)
    assert again.directory is not None
    assert {"ward7.h", "ward8.onnx"} <= set(again.directory.manifest.exports)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"formats": "coreml"}, r"`formats=\['coreml'\]` is not one of tflite, onnx, c"),
        ({"dtype": "int4"}, "`dtype='int4'` is not one of"),
        ({"weights_only": True}, "`weights_only` is for float32 C headers"),
        ({"chip": "avr"}, "`chip` is what `dtype='smallest'` is measured on"),
        ({"calibration_table": "pima"}, "`calibration_table` is for smaller"),
        ({"max_flips": 2.0}, "`max_flips=2` limits nothing"),
        ({"name": "My Model"}, "'my_model' would do"),
        ({"out": "no/where", "formats": "c"}, "no/where: cannot be written"),
    ],
)
def test_what_is_refused(
    opened: mlp_edge.Model, folder: Path, settings: dict[str, Any], says: str
) -> None:
    before = contents(opened.path)
    with pytest.raises(InputError, match=says):
        opened.export(**settings)
    assert contents(opened.path) == before


def test_a_setting_of_another_type(opened: mlp_edge.Model) -> None:
    with pytest.raises(RecipeError, match="`max_drop` takes a number; got 'much'"):
        opened.export("c", max_drop="much")  # type: ignore[arg-type]


def test_defaults_are_those_of_the_settings() -> None:
    parameters = inspect.signature(mlp_edge.Model.export).parameters
    for each in settings_of(ExportSettings):
        assert parameters[each.name].default == each.default, each.name
