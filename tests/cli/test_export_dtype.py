"""mlp-edge export --dtype: what is made, what it loses, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.commands import Type, contents

import mlp_edge
from mlp_edge.errors import ModelError
from mlp_edge.files.calibration import calibration_npz, read_calibration
from mlp_edge.files.writing import sha256
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.integers.quantised_file import read_parameters
from mlp_edge.readers.model_directory import ModelDirectory


def test_int8_in_every_format_that_has_it(model: Path, typed: Type) -> None:
    result = typed("export", "--dtype", "int8")
    assert (result.code, result.err) == (0, "")
    names = [f"pima_int8.{suffix}" for suffix in ("tflite", "onnx", "h", "json")]
    assert [line.split()[1] for line in result.out.splitlines() if line.startswith("wrote")] == [
        f"model/exports/{name}" for name in names
    ]
    for shown in ("labels that change", "held-out rows", "calibration, by folds", "accuracy", "→"):
        assert shown in result.out
    directory = ModelDirectory.open(model)
    for name in names:
        content = (model / "exports" / name).read_bytes()
        assert directory.manifest.exports[name] == sha256(content)
    mlp, rows = directory.mlp(), directory.sample().rows
    numbers = read_parameters(model / "exports" / "pima_int8.json")
    for name in names[:3]:
        with mlp_edge.load(model / "exports" / name) as opened:
            np.testing.assert_array_equal(
                opened.predict(rows), predict_quantised(mlp, numbers.quantised, rows), name
            )


def test_int16_is_for_c_and_onnx(model: Path, typed: Type) -> None:
    result = typed("export", "--dtype", "int16")
    assert (result.code, result.err) == (0, "")
    assert "pima_int16.h" in result.out
    assert "pima_int16.onnx" in result.out
    assert ".tflite" not in result.out
    directory = ModelDirectory.open(model)
    mlp, rows = directory.mlp(), directory.sample().rows
    numbers = read_parameters(model / "exports" / "pima_int16.json")
    assert numbers.quantised.dtype == "int16"
    with mlp_edge.load(model / "exports" / "pima_int16.onnx", verify=True) as opened:
        np.testing.assert_array_equal(
            opened.predict(rows), predict_quantised(mlp, numbers.quantised, rows)
        )


def test_formats_share_the_numbers_that_were_made_first(
    model: Path, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert typed("export", "--dtype", "int8", "-f", "c").code == 0

    def refuse(*_: object) -> None:
        raise AssertionError("they are made once")

    monkeypatch.setattr("mlp_edge.quantise.quantise", refuse)
    assert typed("export", "--dtype", "int8", "-f", "onnx").code == 0


def test_numbers_that_were_edited_are_made_again(model: Path, typed: Type) -> None:
    typed("export", "--dtype", "int8", "-f", "c")
    path = model / "exports" / "pima_int8.json"
    before = path.read_text()
    values = json.loads(before)
    values["layers"][0]["neurons"][0]["weights"][0] //= 2
    path.write_text(json.dumps(values))
    typed("export", "--dtype", "int8", "-f", "onnx")
    assert path.read_text() == before


def know_nothing(model: Path) -> None:
    """Calibrated with almost one row, integers know nothing of the others."""
    rows = read_calibration(model / "calibration.npz", 8).rows
    same = rows[:1] + np.arange(30, dtype=np.float32)[:, None] / 1000
    (model / "calibration.npz").write_bytes(calibration_npz(same, np.zeros(30, np.int64)))


def test_too_many_flips_are_refused_and_nothing_is_written(model: Path, typed: Type) -> None:
    know_nothing(model)
    before = contents(model)
    result = typed("export", "--dtype", "int8", "-f", "c", "--max-flips", "0", "--max-drop", "0")
    assert result.code == 1
    assert result.err.startswith("error: int8: ")
    assert "labels change" in result.err
    assert "costs most" in result.err
    assert result.err.rstrip().endswith("would hold")
    assert result.err.count("\n") == 1
    assert contents(model) == before


def test_smallest_shows_the_front_and_takes_the_cheapest(model: Path, typed: Type) -> None:
    result = typed("export", "--dtype", "smallest", "-f", "c")
    assert (result.code, result.err) == (0, "")
    for shown in ("int8", "int16", "int24", "float32", "flash", "cycles", "labels that change"):
        assert shown in result.out
    assert "pima_int8.h" in result.out


def test_smallest_falls_back_to_what_holds(model: Path, typed: Type) -> None:
    know_nothing(model)
    result = typed("export", "--dtype", "smallest", "--max-flips", "0", "--max-drop", "0")
    assert result.code == 0
    assert "wrote model/exports/pima_int24.h" in result.out
    assert "labels change" in result.err


def test_a_strangers_model_needs_rows(model: Path, typed: Type, folder: Path) -> None:
    shutil.copy(model / "model.keras", folder / "net.keras")
    result = typed("export", "-m", "net.keras", "--dtype", "int8", "-f", "c")
    assert (result.code, result.out) == (2, "")
    assert "--calibration-table TABLE" in result.err
    assert not (folder / "exports").exists()
    head = ",".join(f"x{i}" for i in range(1, 9))
    rows = read_calibration(model / "calibration.npz", 8).rows
    lines = [",".join(map(str, row)) for row in rows]
    (folder / "rows.csv").write_text("\n".join([head, *lines]) + "\n")
    result = typed(
        "export", "-m", "net.keras", "--dtype", "int8", "-f", "c", "--calibration-table", "rows.csv"
    )
    assert result.code == 0, result.err
    assert (folder / "exports" / "net_int8.h").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--dtype", "int4"], "--dtype int4 is not one of float32, int8"),
        (
            ["--dtype", "int16", "-f", "tflite"],
            "--format tflite has no int16, which is for onnx, c",
        ),
        (["--dtype", "int8", "--weights-only", "-f", "c"], "--weights-only is for float32"),
        (["--dtype", "smallest", "-f", "onnx"], "with --format c"),
        (["--dtype", "int8", "--calibration-table", "gone.csv"], "gone.csv"),
        (["--calibration-table", "pima"], "with --dtype int8, int16, int24 or smallest"),
        (["--dtype", "int8", "--max-flips", "nan"], "--max-flips nan limits nothing"),
        (["--dtype", "int8", "--calibration-table", "few.csv"], "few.csv: 1 different rows"),
    ],
)
def test_what_is_refused(
    model: Path, typed: Type, folder: Path, words: list[str], said: str
) -> None:
    names = ",".join(ModelDirectory.open(model).manifest.features[i].name for i in range(8))
    (folder / "few.csv").write_text(f"{names}\n" + "1,2,3,4,5,6,7,8\n" * 9)
    before = contents(folder)
    result = typed("export", *words)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert contents(folder) == before


@pytest.mark.parametrize("damage", ["gone", "cut", "empty", "text", "other"])
def test_calibration_rows_that_are_damaged(model: Path, typed: Type, damage: str) -> None:
    path = model / "calibration.npz"
    content = path.read_bytes()
    other = calibration_npz(np.zeros((3, 2), np.float32), np.zeros(3, np.int64))
    contents = {"cut": content[:500], "empty": b"", "text": b"rows\n", "other": other}
    path.unlink()
    if damage != "gone":
        path.write_bytes(contents[damage])
    result = typed("export", "--dtype", "int8", "-f", "c")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: model/calibration.npz: ")
    assert result.err.count("\n") == 1


def test_calibration_rows_read_back(tmp_path: Path) -> None:
    rows = np.array([[1, np.nan], [2, 3]], np.float32)
    path = tmp_path / "calibration.npz"
    path.write_bytes(calibration_npz(rows, np.array([1, 0])))
    found = read_calibration(path, 2)
    np.testing.assert_array_equal(found.rows, rows)
    assert found.targets is not None
    assert found.targets.tolist() == [1, 0]
    with pytest.raises(ModelError, match="no rows of 3 readings"):
        read_calibration(path, 3)


def test_integers_of_a_regression(sine: Path, folder: Path, typed: Type) -> None:
    shutil.copytree(sine, folder / "model")
    result = typed("export", "--dtype", "int8", "-f", "c")
    assert (result.code, result.err) == (0, "")
    assert "r2" in result.out
    assert "labels" not in result.out


@pytest.mark.slow
def test_an_export_in_int8_is_scored(model: Path, typed: Type) -> None:
    missing = typed("evaluate", "--dtype", "int8")
    assert (missing.code, missing.out) == (2, "")
    assert "not exported yet; `mlp-edge export --dtype int8" in missing.err
    typed("export", "--dtype", "int8", "-f", "c", "-f", "onnx")
    for words, ran in (((), "onnxruntime in int8"), (("-r", "c"), "c in int8")):
        result = typed("evaluate", "pima", "--dtype", "int8", *words)
        assert result.code == 0, result.err
        assert f"predicted by {ran}" in result.out
    assert typed("evaluate", "--dtype", "int5").code == 2


def test_smallest_on_a_chip_of_choice(model: Path, typed: Type) -> None:
    result = typed("export", "--dtype", "smallest", "-f", "c", "--chip", "cortex-m3")
    assert result.code == 0, result.err
    assert "pima on STM32F103C8" in result.out
    assert "int8: of those that hold" in result.out
    wrong = typed("export", "--dtype", "smallest", "-f", "c", "--chip", "z80")
    assert wrong.code == 2
    assert "no chip 'z80'" in wrong.err
    assert typed("export", "--chip", "avr").code == 2
