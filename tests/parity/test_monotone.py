"""Readings that predictions follow: reported, recorded, and lost with one weight."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.commands import Type, typed

import mlp_edge
from mlp_edge.errors import CheckError, InputError
from mlp_edge.files.manifest import Manifest
from mlp_edge.parity.certificate import Certificate
from mlp_edge.parity.monotone import BITS, BROKEN, ROUNDING, UNPROVED, Followed, monotone
from mlp_edge.parity.result import ArtifactResult, Changed
from mlp_edge.proof.monotone import STEP_BACK
from mlp_edge.readers.keras_file import read_network

CERTIFICATE = Certificate((1e-6,), (1e-7,), 1)


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not matter how many are compared."""
    monkeypatch.setattr("mlp_edge.parity.parity.SAMPLE_ROWS", 5)
    monkeypatch.setattr("mlp_edge.parity.parity.stress_rows", lambda _mlp, sample: sample)


@pytest.fixture(scope="module")
def constrained(keras: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pima's probability rises with glucose and falls with pressure, as it was trained."""
    place = tmp_path_factory.mktemp("monotone") / "model"
    directions = ("--monotone", "glucose=+", "--monotone", "pressure=-")
    for words in (
        (
            "train",
            "pima",
            *directions,
            "--recipe",
            "tutorial",
            "--epochs",
            2,
            "--hidden",
            "6",
            "-q",
            "--out",
            place,
        ),
        ("export", "--model", place),
        ("export", "--model", place, "--dtype", "int8"),
    ):
        assert typed(*words).code == 0
    return place


@pytest.fixture
def own(constrained: Path, folder: Path) -> Path:
    return Path(shutil.copytree(constrained, folder / "model"))


def result(artifact: str, dtype: str, says: tuple[str, ...] = ()) -> ArtifactResult:
    """An artifact that was compared."""
    return ArtifactResult(artifact, "c", dtype, None, None, Changed(1, 0.0, None), None, says)


def test_what_is_proved_is_said_and_recorded(own: Path, typed: Type) -> None:
    found = typed("parity", "-r", "c", "-r", "onnxruntime")
    assert (found.code, found.err) == (0, "")
    said = " ".join(found.out.split())
    statement = "Monotone: the probability never falls when 'glucose' rises: proved, whatever the"
    assert f"{statement} readings; to the bit: pima_int8.onnx, pima_int8.h" in said
    assert "the probability never rises when 'pressure' rises: proved" in said
    assert "but for rounding of at most 3.0e-08: pima.h" in said
    record = json.loads((own / "exports" / "parity.json").read_text("utf-8"))
    one, other = record["monotone"]
    assert (one["column"], one["direction"], one["proved"]) == ("glucose", "+", True)
    assert (other["column"], other["direction"], other["proved"]) == ("pressure", "-", True)
    bound = 2 * max(record["certificate"]["bounds"])
    assert one["artifacts"] == {
        "model.keras": {"verdict": "rounding", "most": bound},
        "pima.onnx": {"verdict": "rounding", "most": bound},
        "pima.h": {"verdict": "rounding", "most": STEP_BACK},
        "pima_int8.onnx": {"verdict": "bits", "most": 0.0},
        "pima_int8.h": {"verdict": "bits", "most": 0.0},
    }


def test_one_weight_of_the_other_sign_ends_the_command_with_1(
    own: Path, keras: Any, typed: Type
) -> None:
    """Everything else is as if it had been trained so: the hash, and the exports made anew."""
    mlp = mlp_edge.open(own).mlp
    whole = keras.models.load_model(own / "model.keras")
    kernel = whole.get_layer("mlp").get_layer("hidden1").kernel
    weights = kernel.value.numpy().copy()
    glucose = 1
    weights[glucose, abs(weights[glucose]).argmax()] *= -1
    kernel.assign(weights)
    whole.save(own / "model.keras")
    changed = replace(mlp, layers=read_network(own / "model.keras").layers)
    manifest = Manifest.from_json((own / "model.json").read_text("utf-8"), "model.json")
    hashes = {**manifest.sha256, "weights": changed.weights_sha256}
    (own / "model.json").write_text(replace(manifest, sha256=hashes).to_json(), "utf-8")
    for dtype in ("float32", "int8"):
        assert typed("export", "-f", "c", "--dtype", dtype).code == 0
    found = typed("parity", "-r", "c", "-f", "c")
    assert found.code == 1
    assert "not proved that the probability never falls when 'glucose' rises" in found.err
    assert "error: not proved monotone in 'glucose'" in found.err
    record = json.loads((own / "exports" / "parity.json").read_text("utf-8"))
    assert [each["proved"] for each in record["monotone"]] == [False, True]
    assert record["passed"] is False


def test_any_column_can_be_asked_about(own: Path, typed: Type) -> None:
    model = mlp_edge.open(own)
    report = model.parity(runtimes="c", formats="c", monotone={"age": "+"})
    assert {each.column: each.proved for each in report.monotone} == {
        "glucose": True, "pressure": True, "age": False,
    }  # fmt: skip
    with pytest.raises(CheckError, match="not proved monotone in 'age'"):
        report.check()
    assert not report.passed
    with pytest.raises(InputError, match="`monotone` names 'agee', which is none of its numbers"):
        model.parity(monotone={"agee": "+"})
    typed_in = typed("parity", "--monotone", "age")
    assert typed_in.code == 2
    assert "--monotone takes COLUMN=+" in typed_in.err


def test_what_is_said_of_each_kind_of_artifact(constrained: Path) -> None:
    model = mlp_edge.open(constrained)
    files = {path.name: path for path in (constrained / "exports").iterdir()}
    results = [
        result("pima.js", "float32"),
        result("pima.tflite", "float32"),
        result("pima_float16.tflite", "float16"),
        result("pima_dynamic.tflite", "dynamic"),
        result("pima_int8.h", "int8"),
        result("pima.onnx", "float32", ("row 1: another prediction",)),
    ]
    [found] = monotone(model.mlp, {"glucose": 1}, results, CERTIFICATE, files)
    assert found.artifacts == {
        "pima.js": Followed(ROUNDING, STEP_BACK),
        "pima.tflite": Followed(ROUNDING, 2e-6),
        "pima_float16.tflite": Followed(ROUNDING),
        "pima_dynamic.tflite": Followed(UNPROVED),
        "pima_int8.h": Followed(BITS, 0.0),
        "pima.onnx": Followed(UNPROVED),
    }
    assert found.holds


def test_integers_of_other_signs_are_broken(own: Path) -> None:
    model = mlp_edge.open(own)
    place = own / "exports" / "pima_int8.json"
    text = json.loads(place.read_text("utf-8"))
    for neuron in text["layers"][-1]["neurons"]:
        neuron["weights"] = [-weight for weight in neuron["weights"]]
    place.write_text(json.dumps(text), "utf-8")
    files = {path.name: path for path in (own / "exports").iterdir()}
    [found] = monotone(
        model.mlp, {"glucose": 1}, [result("pima_int8.h", "int8")], CERTIFICATE, files
    )
    assert found.artifacts["pima_int8.h"].verdict == BROKEN
    assert not found.holds
