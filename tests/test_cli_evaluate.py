"""mlp-edge evaluate: scores of rows that the model never saw, or of a table."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from c_compiler import require
from conftest import Type

from mlp_edge.data.sets import SETS


def scores(typed: Type, *words: object) -> dict[str, Any]:
    result = typed("evaluate", *words, "--json")
    assert (result.code, result.err) == (0, "")
    return json.loads(result.out)


def test_the_held_out_rows_have_the_scores_of_the_training(model: Path, typed: Type) -> None:
    trained = json.loads((model / "model.json").read_text())["scores"]["test"]
    told = scores(typed)
    assert (told["model"], told["table"], told["rows"]) == ("pima", None, 154)
    assert told["runtime"] == "onnxruntime"
    assert set(told["scores"]) == {"mlp", "linear", "prior"}
    for name, values in trained.items():
        assert told["scores"][name] == pytest.approx(values, abs=1e-4)
    (a, b), (c, d) = told["confusion"]
    assert a + b + c + d == 154
    assert (a + d) / 154 == pytest.approx(trained["mlp"]["accuracy"])
    assert a + b == 100
    assert told["labels"] == ["0", "1"]


@pytest.mark.parametrize("runtime", ["keras", "litert", "c"])
def test_on_another_runtime(model: Path, typed: Type, runtime: str) -> None:
    require("gcc")
    told = scores(typed, "--runtime", runtime)
    assert told["runtime"] == runtime
    expected = scores(typed)["scores"]["mlp"]
    assert told["scores"]["mlp"] == pytest.approx(expected, abs=1e-4)


def test_the_tables(model: Path, typed: Type) -> None:
    result = typed("evaluate")
    assert (result.code, result.err) == (0, "")
    for said in (
        "scores on 154 held-out rows", "accuracy", "auc", "log_loss", "this network",
        "linear baseline", "confusion: the truth in rows", "predicted by onnxruntime",
    ):  # fmt: skip
        assert said in result.out
    assert max(len(line.rstrip()) for line in result.out.splitlines()) <= 80


def test_a_table_of_ones_own(model: Path, typed: Type, folder: Path) -> None:
    lines = SETS["pima"].location.read_text().splitlines()
    (folder / "ward.csv").write_text("\n".join(lines[:101]) + "\n")
    told = scores(typed, "ward.csv", "--metrics", "accuracy, recall")
    assert (told["table"], told["rows"]) == ("ward.csv", 100)
    assert set(told["scores"]["mlp"]) == {"accuracy", "recall"}
    predicted = typed("predict", "ward.csv").out.splitlines()[1:]
    right = sum(line.split(",")[8] == line.split(",")[10] for line in predicted)
    assert told["scores"]["mlp"]["accuracy"] == pytest.approx(right / 100)
    assert "rows of ward.csv" in typed("evaluate", "ward.csv").out


def test_a_table_without_a_header(model: Path, typed: Type, folder: Path) -> None:
    lines = SETS["pima"].location.read_text().splitlines()
    (folder / "named.csv").write_text("\n".join(lines[:51]) + "\n")
    (folder / "bare.csv").write_text("\n".join(lines[1:51]) + "\n")
    assert scores(typed, "bare.csv")["scores"] == scores(typed, "named.csv")["scores"]


def test_a_table_of_one_class(model: Path, typed: Type, folder: Path) -> None:
    lines = SETS["pima"].location.read_text().splitlines()
    ones = [line for line in lines[1:] if line.endswith(",1")][:20]
    (folder / "ones.csv").write_text("\n".join([lines[0], *ones]) + "\n")
    told = scores(typed, "ones.csv")
    assert told["scores"]["mlp"]["auc"] is None
    assert told["confusion"][0] == [0, 0]
    assert re.search(r"this network +\S+ +nan ", typed("evaluate", "ones.csv").out)


def test_several_classes(iris: Path, typed: Type) -> None:
    told = scores(typed, "--model", iris)
    assert told["labels"] == ["setosa", "versicolor", "virginica"]
    assert [sum(row) for row in told["confusion"]] == [10, 10, 10]
    shown = typed("evaluate", "--model", iris).out
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80


def test_a_model_of_every_row_needs_other_rows(sine: Path, typed: Type) -> None:
    result = typed("evaluate", "--model", sine)
    assert (result.code, result.out) == (2, "")
    assert "(--test-size 0), so none is left to judge it by; name a table" in result.err
    told = scores(typed, "sine", "--model", sine)
    assert (told["rows"], told["confusion"], told["labels"]) == (1000, None, [])
    assert set(told["scores"]["mlp"]) == {"rmse", "mae", "r2"}
    assert "confusion" not in typed("evaluate", "sine", "--model", sine).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.csv"], "none.csv: no such file"),
        (["iris"], "iris: no column"),
        (["unknown.csv"], "'2' is none of the classes that the model knows, '0', '1'"),
        (["untold.csv"], "no column 'diabetes'"),
        (["--metrics", "r2"], "--metrics 'r2': a binary task has accuracy"),
        (["--runtime", "cuda"], "there is no runtime 'cuda'"),
        (["--model", "gone"], "gone: there is no model"),
        (["--model", "model/exports/pima.onnx"], "not a model directory"),
    ],
)
def test_what_is_refused(
    model: Path, typed: Type, folder: Path, words: list[str], said: str
) -> None:
    lines = SETS["pima"].location.read_text().splitlines()[:9]
    (folder / "unknown.csv").write_text("\n".join([*lines, lines[-1][:-1] + "2"]))
    (folder / "untold.csv").write_text("\n".join(line.rsplit(",", 1)[0] for line in lines))
    result = typed("evaluate", *words)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("baseline", {}),
        ("baseline", {"mean": "x", "deviation": [], "weights": [], "bias": []}),
        ("recipe", {}),
        ("prior", []),
        ("prior", [0.1, 0.2, 0.7]),
        ("sample", "held out"),
        ("labels", ["0", "1", "2"]),
        ("features", []),
    ],
)
def test_a_manifest_that_somebody_edited(model: Path, typed: Type, key: str, value: object) -> None:
    path = model / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    result = typed("evaluate")
    assert (result.code, result.out) == (2, ""), result
    assert result.err.count("\n") == 1


def test_a_sample_that_is_damaged(model: Path, typed: Type) -> None:
    path = model / "sample.csv"
    path.write_text(path.read_text().replace(",", ",x", 20))
    result = typed("evaluate")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: model/sample.csv")
