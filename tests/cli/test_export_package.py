"""mlp-edge export --package: what is written and listed, and what is refused."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from support.commands import Type, contents

import mlp_edge
from mlp_edge.errors import InputError
from mlp_edge.files.writing import sha256
from mlp_edge.proof.checksum import checksum_error
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.readers.replacing import check_place


def test_a_library_is_listed_beside_the_exports(model: Path, typed: Type) -> None:
    before = contents(model)
    result = typed("export", "--package", "arduino", "--package-version", "1.4.0")
    package = (model / "exports" / "pima_arduino.zip").read_bytes()
    assert result == (
        0,
        f"wrote model/exports/pima_arduino.zip ({len(package):,} bytes)\n\n"
        "next: in the Arduino IDE: Sketch, Include Library, Add .ZIP Library\n",
        "",
    )
    assert checksum_error(package) is None
    listed = ModelDirectory.open(model).manifest.exports
    assert listed["pima_arduino.zip"] == sha256(package)
    assert set(contents(model)) - set(before) == {"exports/pima_arduino.zip"}
    with zipfile.ZipFile(io.BytesIO(package)) as zipped:
        assert b"\nversion=1.4.0\n" in zipped.read("pima/library.properties")
    assert typed("inspect").code == typed("predict", "pima").code == 0
    check_place(model, force=True)  # a training may replace it: it is known as ours


def test_an_exported_library_is_told_from_a_model(model: Path, typed: Type) -> None:
    assert typed("export", "--package", "cmake").code == 0
    path = model / "exports" / "pima_cmake.zip"
    for command in (("inspect", path), ("predict", "pima", "--model", path)):
        refused = typed(*command)
        assert (refused.code, refused.out) == (2, "")
        assert "a package that mlp-edge exported, as it was written; unpacked, the" in refused.err
    path.write_bytes(path.read_bytes().replace(b"sigmoid", b"sigmold"))
    assert "are not those that mlp-edge wrote" in typed("inspect", path).err
    assert "pima_cmake.zip" in (shown := typed("inspect").out)
    assert "changed" in shown


def test_several_models_in_integers(model: Path, iris: Path, typed: Type, folder: Path) -> None:
    words = ("export", "--package", "arduino", "--dtype", "int8", "--with", iris)
    result = typed(*words)
    assert (result.code, result.err) == (0, "")
    assert "pima in int8: what it loses" in result.out
    assert "iris in int8: what it loses" in result.out
    package = (model / "exports" / "pima_int8_arduino.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(package)) as zipped:
        names = {name.partition("/")[2] for name in zipped.namelist()}
    assert {name for name in names if name.startswith("src/")} == {
        "src/pima_int8.h", "src/pima_int8.c", "src/iris_int8.h", "src/iris_int8.c",
        "src/mlp_edge_kernels.h",
    }  # fmt: skip
    assert "pima_int8.json" in ModelDirectory.open(model).manifest.exports
    assert "iris_int8.json" not in ModelDirectory.open(model).manifest.exports
    made = mlp_edge.open("model").export(
        package="arduino", dtype="int8", others=[mlp_edge.open(iris)], out=folder / "device"
    )
    assert made.path == folder / "device" / "pima_int8_arduino.zip"
    assert made.content == package
    assert json.loads(typed(*words, "--json").out)["files"][0]["sha256"] == sha256(package)


@pytest.mark.parametrize("kind", ["triton", "kserve"])
def test_models_for_a_server_are_those_that_are_exported_alone(
    model: Path, iris: Path, typed: Type, kind: str
) -> None:
    assert typed("export", "--format", "onnx", "--dtype", "int8").code == 0
    alone = (model / "exports" / "pima_int8.onnx").read_bytes()
    result = typed("export", "--package", kind, "--dtype", "int8", "--with", iris)
    assert (result.code, result.err) == (0, "")
    package = (model / "exports" / f"pima_int8_{kind}.zip").read_bytes()
    assert ModelDirectory.open(model).manifest.exports[f"pima_int8_{kind}.zip"] == sha256(package)
    with zipfile.ZipFile(io.BytesIO(package)) as zipped:
        models = {name: zipped.read(name) for name in zipped.namelist() if name.endswith(".onnx")}
    assert len(models) == 2
    assert alone in models.values()
    refused = typed("inspect", model / "exports" / f"pima_int8_{kind}.zip")
    assert "or the .onnx file in it would do" in refused.err


def test_others_are_models(model: Path) -> None:
    with pytest.raises(InputError, match=r"`others` holds 'iris', which is no model"):
        mlp_edge.open(model).export(package="arduino", others=["iris"])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--package", "triton", "-f", "c"], "--package triton holds ONNX: without --format, "),
        (["--package", "kserve", "-d", "smallest"], "holds ONNX, which has no smallest; float32"),
        (["--package", "kserve", "-d", "float16"], "int8, int16 or int24 would do"),
        (
            ["--package", "triton", "--package-version", "0.1.0"],
            "--package-version 0.1.0: triton takes versions from 1.0.0 on",
        ),
        (
            ["--package", "triton", "--package-version", "9223372036854775808.0.0"],
            "--package-version 9223372036854775808.0.0: numbers up to 2,147,483,647 would do",
        ),
        (["--package", "deb"], "--package deb is not one of arduino, platformio, esp-idf, "),
        (["--package", "arduino", "-f", "onnx"], "--package arduino holds C in three files"),
        (["--package", "arduino", "--split"], "without --format, --split and --weights-only"),
        (["--package", "arduino", "-d", "float16"], "which has no float16; float32, int8, int16"),
        (["--package", "arduino", "--name", "servo"], "--name my_servo would do"),
        (["--package", "arduino", "--package-version", "1.2"], "such as 1.2.0 would do"),
        (["--package-version", "2.0.0"], "--package-version is for packages: with --package"),
        (["--with", "model"], "--with is for packages: with --package"),
        (["--package", "arduino", "--with", "model"], "--name pima_2 gives the first another"),
        (["--package", "arduino", "--with", "gone"], "gone: there is no model"),
        (
            ["--package", "arduino", "--with", "model", "--name", "a", "-d", "int8",
             "--calibration-table", "pima"],
            "--calibration-table has rows of one model",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(
    model: Path, typed: Type, folder: Path, words: list[str], said: str
) -> None:
    before = contents(folder)
    result = typed("export", *words)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert result.err.count("\n") == 1
    assert contents(folder) == before
