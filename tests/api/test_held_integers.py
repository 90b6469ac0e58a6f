"""A stranger's full-integer TFLite file: predicted, inspected and exported as its integers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import typed
from support.integer_tflite import CHAINS, read, rows_for
from support.packages import unpacked
from support.tflite_graphs import Graph

import mlp_edge
from mlp_edge.errors import InputError, ModelError
from mlp_edge.integers.asymmetric_reference import predict_asymmetric
from mlp_edge.mlp import Floats
from mlp_edge.reference import predict

FOUND = read(CHAINS["softmax"], "gesture")
ROWS = rows_for(FOUND, 50)


@pytest.fixture(params=["gesture.tflite", "gesture.cc", "gesture.h"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    content = CHAINS["softmax"]
    if not request.param.endswith(".tflite"):
        content = f"const unsigned char g[] = {{{', '.join(map(str, content))}}};".encode()
    (tmp_path / request.param).write_bytes(content)
    return tmp_path / request.param


def wanted() -> Floats:
    assert FOUND.integers is not None
    return predict_asymmetric(FOUND.mlp, FOUND.integers, ROWS)


def test_predictions_are_the_integers_own(path: Path) -> None:
    model = mlp_edge.open(path)
    assert (model.predict(ROWS) == wanted()).all()
    with mlp_edge.load(path) as opened:
        assert (opened.runtime, opened.card.dtype) == ("reference", "int8")
        assert opened.predict_labels(ROWS)[0] == str(wanted()[0].argmax())


def test_the_header_predicts_the_same(path: Path, tmp_path: Path) -> None:
    made = mlp_edge.open(path).export("c", out=tmp_path / "out")
    assert (made.dtype, list(made.files), made.findings) == ("int8", ["gesture.h"], ())
    with mlp_edge.load(made.path, trust=True, verify=True) as opened:
        assert (opened.predict(ROWS) == wanted()).all()
    split = mlp_edge.open(path).export("c", split=True, out=tmp_path / "split")
    with mlp_edge.load(tmp_path / "split" / "gesture.h", trust=True) as opened:
        assert (opened.predict(ROWS) == wanted()).all()
    assert len(split.files) == 3


def test_a_library_holds_the_integers(path: Path, tmp_path: Path) -> None:
    made = mlp_edge.open(path).export(package="arduino", out=tmp_path)
    assert list(made.files) == ["gesture_arduino.zip"]
    folder = unpacked(made.content, tmp_path)
    assert "gesture_predict_int8\tKEYWORD2" in (folder / "keywords.txt").read_text()
    with mlp_edge.load(folder / "src" / "gesture.h", trust=True, verify=True) as opened:
        assert (opened.predict(ROWS) == wanted()).all()


def test_c_is_what_is_exported_where_nobody_says(path: Path, tmp_path: Path) -> None:
    model = mlp_edge.open(path)
    assert list(model.export(out=tmp_path / "1", name="other").files) == ["other.h"]
    assert list(model.export(out=tmp_path / "2", dtype="int8").files) == ["gesture.h"]


def test_in_float32_it_is_what_the_integers_stand_for(path: Path, tmp_path: Path) -> None:
    made = mlp_edge.open(path).export("c", dtype="float32", out=tmp_path / "out")
    assert made.dtype == "float32"
    assert "without the rounding between its layers" in made.findings[-1].says
    with mlp_edge.load(made.path, trust=True) as opened:
        np.testing.assert_allclose(opened.predict(ROWS), predict(FOUND.mlp, ROWS), atol=1e-5)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "onnx": ({"formats": "onnx"}, "does not hold its integers"),
    "tflite": ({"formats": ["c", "tflite"], "dtype": "int8"}, "does not hold its integers"),
    "weights only": ({"formats": "c", "weights_only": True}, "does not hold its integers"),
    "table": ({"formats": "c", "calibration_table": "pima"}, "integers are made already"),
    "int16": ({"formats": "c", "dtype": "int16"}, "made with rows like those"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_integers_cannot_be_exported_as(path: Path, tmp_path: Path, name: str) -> None:
    settings, said = REFUSED[name]
    with pytest.raises(InputError, match=said) as caught:
        mlp_edge.open(path).export(**settings, out=tmp_path / "out")
    assert str(caught.value).startswith(f"{path}: ")
    assert not (tmp_path / "out").exists()


def test_commands(path: Path, tmp_path: Path) -> None:
    told = typed("inspect", str(path))
    assert (told.code, "int8" in told.out) == (0, True)
    made = typed("export", "--model", str(path), "-f", "c", "--out", str(tmp_path / "out"))
    assert (made.code, "gesture.h" in made.out) == (0, True)
    table = tmp_path / "rows.csv"
    table.write_text("x1,x2,x3,x4,x5,x6\n1,2,3,4,5,6\n")
    assert typed("predict", str(table), "--model", str(path)).code == 0


@pytest.mark.parametrize("suffix", [".tflite", ".cc"])
def test_a_file_in_float32_predicts_as_well(suffix: str, tmp_path: Path) -> None:
    graph = Graph()
    weights = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
    graph.dense(weights, np.ones(3, np.float32))
    content = graph.content()
    path = tmp_path / f"net{suffix}"
    text = f"char g[] = {{{', '.join(map(str, content))}}};".encode()
    path.write_bytes(content if suffix == ".tflite" else text)
    rows = np.arange(8, dtype=np.float32).reshape(2, 4)
    np.testing.assert_allclose(mlp_edge.open(path).predict(rows), rows @ weights.T + 1, rtol=1e-6)
    with mlp_edge.load(path) as opened:
        assert (opened.runtime, opened.card.dtype) == ("reference", "float32")


def test_a_damaged_array_is_named(tmp_path: Path) -> None:
    path = tmp_path / "net.cc"
    path.write_text(f"char g[] = {{{', '.join(map(str, CHAINS['a layer'][:-40]))}}};")
    with pytest.raises(ModelError, match=r"net\.cc: not a TFLite model, or a damaged one"):
        mlp_edge.load(path)
