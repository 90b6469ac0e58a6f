"""mlp-edge predict: the table as it was, predictions behind it, and the tutorial's last lines."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import require
from support.commands import Type
from support.networks import network

import mlp_edge
from mlp_edge import export as exporters
from mlp_edge.api import streaming
from mlp_edge.data.reading import source
from mlp_edge.data.sets import SETS
from mlp_edge.proof.checksum import with_checksum
from mlp_edge.readers.model_directory import ModelDirectory

PIMA = SETS["pima"].location.read_text()


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@pytest.fixture
def table(folder: Path) -> Path:
    """Twelve rows of Pima."""
    path = folder / "ward.csv"
    path.write_text("".join(PIMA.splitlines(keepends=True)[:13]))
    return path


def test_every_cell_is_kept_and_two_are_added(model: Path, typed: Type, table: Path) -> None:
    result = typed("predict", "ward.csv")
    assert result.code == 0
    given, got = cells(table.read_text()), cells(result.out)
    assert got[0] == [*given[0], "probability", "label"]
    assert [row[:9] for row in got] == given
    with mlp_edge.load(model) as opened:
        rows = np.array([row[:8] for row in given[1:]], np.float32)
        expected = opened.predict(rows)
        assert [row[10] for row in got[1:]] == opened.predict_labels(rows)
    assert [np.float32(row[9]) for row in got[1:]] == [value for [value] in expected]


def test_the_comparison_goes_where_the_table_does_not(
    model: Path, typed: Type, table: Path, folder: Path
) -> None:
    piped = typed("predict", "ward.csv")
    lines = piped.err.splitlines()
    assert len(lines) == 5
    labels = [row[10] for row in cells(piped.out)[1:6]]
    assert lines[0] == f"[6, 148, 72, 35, 0, 33.6, 0.627, 50] => {labels[0]} (expected 1)"
    assert lines[1] == f"[1, 85, 66, 29, 0, 26.6, 0.351, 31] => {labels[1]} (expected 0)"
    saved = typed("predict", "ward.csv", "--out", "out.csv")
    assert saved.out.splitlines() == lines
    assert saved.err == "wrote out.csv (12 rows, predicted by onnxruntime)\n"
    assert (folder / "out.csv").read_text() == piped.out


def test_the_table_of_the_model_by_default(model: Path, typed: Type) -> None:
    result = typed("predict")
    assert result.code == 0
    assert len(cells(result.out)) == 769


@pytest.mark.parametrize("runtime", ["keras", "litert", "onnxruntime", "c"])
def test_on_every_runtime(model: Path, typed: Type, table: Path, runtime: str) -> None:
    require("gcc")
    expected = cells(typed("predict", "ward.csv").out)
    result = typed("predict", "ward.csv", "--runtime", runtime)
    assert result.code == 0
    got = cells(result.out)
    assert [row[:9] + row[10:] for row in got] == [row[:9] + row[10:] for row in expected]
    for one, other in zip(got[1:], expected[1:], strict=True):
        assert float(one[9]) == pytest.approx(float(other[9]), abs=1e-5)


@pytest.mark.parametrize("suffix", [".keras", ".onnx", ".tflite", ".h"])
def test_a_file_instead_of_a_directory(
    pima: Path, typed: Type, folder: Path, table: Path, suffix: str
) -> None:
    require("gcc")
    source = pima / "model.keras" if suffix == ".keras" else pima / "exports" / f"pima{suffix}"
    shutil.copy(source, folder / f"alone{suffix}")
    words = ["predict", "ward.csv", "--model", f"alone{suffix}"]
    if suffix == ".h":
        refused = typed(*words)
        assert (refused.code, refused.out) == (2, "")
        assert "--trust compiles it all the same" in refused.err
        words.append("--trust")
    elif suffix == ".keras":
        # Its features are x1 to x8; a table without a header fits by position.
        table.write_text(table.read_text().partition("\n")[2])
    result = typed(*words)
    assert result.code == 0, result.err
    assert len(cells(result.out)) == 13


def test_columns_of_other_names_for_a_file_without_names(
    pima: Path, typed: Type, folder: Path, table: Path
) -> None:
    shutil.copy(pima / "model.keras", folder / "alone.keras")
    result = typed("predict", "ward.csv", "--model", "alone.keras")
    assert result.code == 0
    assert "the model has no names, so the columns are taken in their order" in result.err
    # A model directory has names, which its model.keras is matched by.
    table.write_text(table.read_text().replace("glucose", "sugar"))
    result = typed("predict", "ward.csv", "--model", str(pima / "model.keras"))
    assert (result.code, result.out) == (2, "")
    assert "no column 'glucose'" in result.err


def test_a_table_without_a_header(model: Path, typed: Type, table: Path) -> None:
    with_header = typed("predict", "ward.csv")
    table.write_text(table.read_text().partition("\n")[2])
    result = typed("predict", "ward.csv")
    assert result.code == 0
    assert cells(result.out)[0][:2] == ["column1", "column2"]
    assert cells(result.out)[1:] == cells(with_header.out)[1:]
    assert result.err.endswith(with_header.err)
    note = " ".join(result.err.removesuffix(with_header.err).split())
    assert note == (
        "warning: ward.csv: no header, so its columns are taken in the model's order: "
        "'pregnancies', 'glucose', 'pressure', 'skin', 'insulin', 'bmi', 'pedigree', 'age', and "
        "the target last. A header would tell them by name"
    )


def test_without_the_target_there_is_nothing_to_compare(
    model: Path, typed: Type, table: Path
) -> None:
    full = cells(typed("predict", "ward.csv").out)
    table.write_text("\n".join(line.rsplit(",", 1)[0] for line in table.read_text().splitlines()))
    result = typed("predict", "ward.csv")
    assert (result.code, result.err) == (0, "")
    assert cells(result.out) == [row[:8] + row[9:] for row in full]


def test_columns_in_any_order_and_text_as_it_was(model: Path, typed: Type, folder: Path) -> None:
    header = "note;age;pedigree;bmi;insulin;skin;pressure;glucose;pregnancies;label;probability"
    note = '"naïve ""quote""; and\nline"'
    row = f"{note};050;.627;33.60;0; 35;7.2e1;148;6;x;y"
    (folder / "odd.csv").write_text(f"{header}\n{row}\n{row}\n")
    result = typed("predict", "odd.csv")
    assert (result.code, result.err) == (0, "")
    got = cells(result.out)
    assert got[0] == [*header.split(";"), "predicted probability", "predicted label"]
    assert got[1][0] == 'naïve "quote"; and\nline'
    assert got[1][1:11] == ["050", ".627", "33.60", "0", " 35", "7.2e1", "148", "6", "x", "y"]
    with mlp_edge.load("model") as opened:
        [[expected]] = opened.predict([[6, 148, 72, 35, 0, 33.6, 0.627, 50]])
    assert np.float32(got[1][11]) == expected


def test_predictions_of_predictions(model: Path, typed: Type, table: Path) -> None:
    for times in range(3):
        assert typed("predict", "ward.csv", "--out", f"{times}.csv").code == 0
        shutil.copy(f"{times}.csv", table)
    header = cells(table.read_text())[0]
    assert len(header) == len(set(header)) == 9 + 6


def test_a_compressed_table(model: Path, typed: Type, table: Path, folder: Path) -> None:
    (folder / "ward.csv.gz").write_bytes(gzip.compress(table.read_bytes()))
    assert typed("predict", "ward.csv.gz").out == typed("predict", "ward.csv").out


def test_several_classes(iris: Path, typed: Type) -> None:
    result = typed("predict", "iris", "--model", iris)
    assert result.code == 0
    got = cells(result.out)
    names = ["probability setosa", "probability versicolor", "probability virginica", "label"]
    assert got[0][5:] == names
    for row in got[1:]:
        shares = [float(cell) for cell in row[5:8]]
        assert sum(shares) == pytest.approx(1, abs=1e-5)
        assert row[8] == names[int(np.argmax(shares))].split()[1]
    assert result.err.splitlines()[0] == f"[5.1, 3.5, 1.4, 0.2] => {got[1][8]} (expected setosa)"


def test_a_regression(sine: Path, typed: Type) -> None:
    result = typed("predict", "sine", "--model", sine)
    assert result.code == 0
    got = cells(result.out)
    assert got[0] == ["x", "y", "value"]
    value = float(got[1][2])
    assert result.err.splitlines()[0] == f"[0.8442] => {value:.6g} (expected 0.8451)"


def test_a_long_row_is_cut(typed: Type, folder: Path) -> None:
    require("gcc")
    (folder / "wide.h").write_bytes(exporters.c.export(network((20, 1), labels=("no", "yes"))))
    columns = [*(f"x{n}" for n in range(20)), "y"]
    row = [*map(str, range(20)), "yes"]
    (folder / "wide.csv").write_text(f"{','.join(columns)}\n{','.join(row)}\n")
    result = typed("predict", "wide.csv", "--model", "wide.h", "--trust")
    assert result.code == 0
    shown, _, expected = result.err.partition(" => ")
    assert shown == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …]"
    assert expected.endswith(" (expected yes)\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.csv"], "none.csv: no such file"),
        (["."], ".: is a directory"),
        (["empty.csv"], "empty.csv is empty"),
        (["text.csv"], "text.csv, line 3, column 'glucose': 'high' is text"),
        (["inf.csv"], "inf.csv, line 2, column 'age': 'inf' is infinite"),
        (["narrow.csv"], "narrow.csv: no column 'pregnancies'"),
        (["bare.csv"], "bare.csv: 3 columns without a header; the model takes 8"),
        (["ragged.csv"], "ragged.csv, line 3"),
        (["iris"], "iris: no column"),
        (["ward.csv", "--out", "ward.csv"], "would replace the table itself"),
        (["ward.csv", "--out", "./model/../ward.csv"], "would replace the table itself"),
        (["ward.csv", "--out", "link.csv"], "would replace the table itself"),
        (["ward.csv", "--out", "model"], "--out model: not a regular file"),
        (["ward.csv", "--out", "ward.csv/x"], "its parent directory does not exist"),
        (["ward.csv", "--out", "no/where.csv"], "its parent directory does not exist"),
        (["ward.csv", "--runtime", "cuda"], "there is no runtime 'cuda'; there are keras, litert"),
        (["ward.csv", "--model", "gone"], "gone: there is no such model; `mlp-edge train` makes"),
        (["ward.csv", "--model", "gone.onnx"], "gone.onnx: there is no such model"),
        (["ward.csv", "--model", "ward.csv"], "ward.csv: cannot tell what this is"),
        (["--model", "gone"], "gone: there is no model; `mlp-edge train` makes one"),
        (["--model", "model/exports/pima.onnx"], "predict which rows?"),
        (
            ["ward.csv", "-m", "model/exports/pima.onnx", "-r", "litert"],
            "onnxruntime can read this",
        ),
    ],
)
def test_what_is_refused(
    model: Path, typed: Type, table: Path, folder: Path, words: list[str], said: str
) -> None:
    lines = table.read_text().splitlines()[:3]
    (folder / "empty.csv").write_text("")
    (folder / "text.csv").write_text("\n".join(lines).replace(",85,", ",high,"))
    (folder / "inf.csv").write_text("\n".join(lines).replace(",50,", ",inf,"))
    (folder / "narrow.csv").write_text("\n".join(line.partition(",")[2] for line in lines))
    (folder / "bare.csv").write_text("1,2,3\n4,5,6\n")
    (folder / "ragged.csv").write_text("\n".join([*lines[:2], lines[2] + ",9"]))
    (folder / "link.csv").symlink_to(table)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    result = typed("predict", *words)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: ")
    assert said in result.err
    assert result.err.count("\n") == 1
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["pima.onnx", "pima.tflite", "pima.h", "model.keras"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_a_file_that_is_cut_short(
    pima: Path, typed: Type, folder: Path, table: Path, name: str, share: float
) -> None:
    require("gcc")
    source = pima / name if name == "model.keras" else pima / "exports" / name
    content = source.read_bytes()
    (folder / name).write_bytes(content[: int(len(content) * share)])
    result = typed("predict", "ward.csv", "--model", name, "--trust")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: {name}: ")
    assert result.err.count("\n") == 1


# Tables that are not held


@pytest.fixture
def large(table: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ward, which counts as large."""
    monkeypatch.setattr(streaming, "SMALL", 100)
    return table


def test_a_large_table_is_predicted_block_by_block(
    model: Path, typed: Type, large: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (["ward.csv"], ["ward.csv", "--out", "out.csv"]):
        streamed = typed("predict", *words)
        monkeypatch.setattr(streaming, "SMALL", 1 << 20)
        written = (folder / "out.csv").read_bytes() if "--out" in words else b""
        assert typed("predict", *words) == streamed
        monkeypatch.setattr(streaming, "SMALL", 100)
        assert written == b"" or (folder / "out.csv").read_bytes() == written


@pytest.mark.parametrize("most", [100, 1 << 20])
def test_a_table_from_a_pipe(
    model: Path, typed: Type, table: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "SMALL", most)
    expected = typed("predict", "ward.csv")
    with table.open() as piped:
        monkeypatch.setattr("sys.stdin", piped)
        monkeypatch.setattr(source, "_standard_input", lambda: piped.buffer)
        assert typed("predict", "-") == expected


def test_counts_without_the_table(model: Path, typed: Type, table: Path, folder: Path) -> None:
    table.write_text(table.read_text().replace("6,148,72,35", "6,1480,,35"))
    result = typed("predict", "ward.csv", "--report")
    assert result.code == 0
    assert re.search(r"^ *glucose +0 +1 ", result.out, re.MULTILINE)
    told = json.loads(typed("predict", "ward.csv", "--json", "--out", "out.csv").out)
    assert told["columns"]["glucose"]["out_of_range"] == 1
    assert told["columns"]["pressure"]["missing"] == 1
    assert told["rows"] == len((folder / "out.csv").read_text().splitlines()) - 1 == 12


def test_bad_rows_are_said(model: Path, typed: Type, table: Path, folder: Path) -> None:
    table.write_text(table.read_text().replace("6,148,72,35", "6,high,72,35"))
    result = typed("predict", "ward.csv", "--on-error", "skip", "--out", "out.csv")
    assert (result.code, len((folder / "out.csv").read_text().splitlines())) == (0, 12)
    assert "wrote out.csv (11 rows, predicted by" in result.err
    assert "1 row left out\nward.csv, line 2, column 'glucose': 'high' is text" in result.err
    refused = typed("predict", "ward.csv", "--on-error", "ignore")
    assert (refused.code, refused.out) == (2, "")
    assert "--on-error ignore is not one of fail, skip, null" in refused.err


# --verify


@pytest.mark.parametrize("runtime", ["keras", "litert", "onnxruntime", "c"])
def test_a_checked_model_predicts_the_same(
    model: Path, typed: Type, table: Path, runtime: str
) -> None:
    require("gcc")
    usual = typed("predict", "ward.csv", "--runtime", runtime)
    assert typed("predict", "ward.csv", "--runtime", runtime, "--verify") == usual
    assert usual.code == 0


@pytest.mark.parametrize(
    ("name", "runtime"), [("pima.onnx", "onnxruntime"), ("pima.tflite", "litert"), ("pima.h", "c")]
)
def test_an_edited_model_predicts_nothing(
    model: Path, typed: Type, table: Path, folder: Path, name: str, runtime: str
) -> None:
    require("gcc")
    path = model / "exports" / name
    path.write_bytes(path.read_bytes().replace(b'"insulin"', b'"Insulin"'))
    result = typed("predict", "ward.csv", "--runtime", runtime, "--verify", "--out", "out.csv")
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        f"error: model/exports/{name}: its bytes are not those that mlp-edge wrote: it was edited, "
        "cut short or damaged; `mlp-edge export` writes it again\n"
    )
    assert not (folder / "out.csv").exists()


def test_an_edited_model_with_a_new_checksum_predicts_nothing(
    model: Path, typed: Type, table: Path
) -> None:
    path = model / "exports" / "pima.onnx"
    bias = ModelDirectory.open(model).mlp().layers[-1].bias
    edited = path.read_bytes().replace(bias.tobytes(), (bias + np.float32(0.01)).tobytes())
    path.write_bytes(with_checksum(edited))
    result = typed("predict", "ward.csv", "--model", path, "--verify")
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert "model.json lists another file of this name; `mlp-edge export` writes" in result.err
    shutil.move(path, "alone.onnx")
    result = typed("predict", "ward.csv", "--model", "alone.onnx", "--verify")
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert result.err.startswith("error: alone.onnx: edited, or not computed as it should be")
    assert "golden row 1 of 6, output 1: " in result.err
    assert typed("predict", "ward.csv", "--model", "alone.onnx").code == 0


def test_nothing_is_printed_that_a_terminal_would_obey(
    model: Path, typed: Type, folder: Path
) -> None:
    (folder / "evil.csv").write_text("\x1b[31ma,b\n1,2\n3,4\n")
    result = typed("predict", "evil.csv")
    assert result.code == 2
    assert "\x1b" not in result.err


def test_the_sample_of_a_model_can_be_predicted(model: Path, typed: Type) -> None:
    result = typed("predict", "model/sample.csv")
    assert result.code == 0
    got = cells(result.out)
    original = ModelDirectory.open(model).sample().predictions
    assert got[0][9:] == ["predicted probability", "probability", "label"]
    for row, [expected] in zip(got[1:], original, strict=True):
        assert float(row[10]) == pytest.approx(expected, abs=1e-5)
