"""mlp-edge evaluate: scores of rows that the model never saw, or of a table."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.c_compiler import require
from support.commands import Type

from mlp_edge.api.evaluation import evaluating
from mlp_edge.api.evaluation.score_sheets import confusion_sheet
from mlp_edge.cli.printing.sheets import show_sheets
from mlp_edge.data.sets import SETS
from mlp_edge.training.scoring.scores import EVALUATED
from mlp_edge.training.scoring.statistics import wilson


def scores(typed: Type, *words: object) -> dict[str, Any]:
    result = typed("evaluate", *words, "--json", "--no-plots")
    assert (result.code, result.err) == (0, "")
    return json.loads(result.out)


def test_the_held_out_rows_have_the_scores_of_the_training(model: Path, typed: Type) -> None:
    trained = json.loads((model / "model.json").read_text())["scores"]["test"]
    told = scores(typed)
    assert (told["model"], told["table"], told["rows"]) == ("pima", None, 154)
    assert told["runtime"] == "onnxruntime"
    assert set(told["scores"]) == {"mlp", "linear", "prior"}
    for name, values in trained.items():
        assert tuple(told["scores"][name]) == EVALUATED["binary"]
        found = {metric: told["scores"][name][metric] for metric in values}
        assert found == pytest.approx(values, abs=1e-4)
    (a, b), (c, d) = told["confusion"]
    assert a + b + c + d == 154
    assert (a + d) / 154 == pytest.approx(trained["mlp"]["accuracy"])
    assert a + b == 100
    assert told["labels"] == ["0", "1"]
    low, high = told["intervals"]["mlp"]["accuracy"]
    assert (low, high) == pytest.approx(wilson((a + d) / 154, 154))
    well, sick = told["per_class"]
    assert (well["label"], well["rows"], well["recall"]) == ("0", 100, pytest.approx(a / 100))
    assert (sick["rows"], sick["precision"]) == (54, pytest.approx(d / (b + d)))
    assert (told["per_target"], told["threshold"], told["files"]) == (None, 0.5, [])


@pytest.mark.parametrize("runtime", ["keras", "litert", "c"])
def test_on_another_runtime(model: Path, typed: Type, runtime: str) -> None:
    require("gcc")
    told = scores(typed, "--runtime", runtime)
    assert told["runtime"] == runtime
    expected = scores(typed)["scores"]["mlp"]
    assert told["scores"]["mlp"] == pytest.approx(expected, abs=1e-4)


def test_the_tables(model: Path, typed: Type) -> None:
    result = typed("evaluate", "--no-plots")
    assert result.code == 0
    assert all(line.startswith("warning: ") for line in result.err.splitlines())
    for said in (
        "scores on 154 held-out rows", "accuracy, 95 %", *EVALUATED["binary"], "this network",
        "linear baseline", "each class; its auc against the rest", "confusion: the truth in rows",
        "predicts 1 where the probability is above 0.5", "predicted by onnxruntime",
    ):  # fmt: skip
        assert said in result.out
    assert "wrote" not in result.out
    assert not (model / "plots").exists()
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
    shown = typed("evaluate", "ward.csv", "--metrics", "accuracy", "--no-plots").out
    assert "scores on 100 rows of ward.csv" in shown
    # One metric has the models in rows, its interval beside it.
    low, high = wilson(right / 100, 100)
    assert re.search(rf"this network +{right / 100:.4g} +{low:.3f} to {high:.3f}", shown)


def test_a_table_without_a_header(model: Path, typed: Type, folder: Path) -> None:
    lines = SETS["pima"].location.read_text().splitlines()
    (folder / "named.csv").write_text("\n".join(lines[:51]) + "\n")
    (folder / "bare.csv").write_text("\n".join(lines[1:51]) + "\n")
    bare = typed("evaluate", "bare.csv", "--json", "--no-plots")
    assert json.loads(bare.out)["scores"] == scores(typed, "named.csv")["scores"]
    assert "bare.csv: no header, so its columns are taken in the model's order: " in bare.err


def test_a_table_of_one_class(model: Path, typed: Type, folder: Path) -> None:
    lines = SETS["pima"].location.read_text().splitlines()
    ones = [line for line in lines[1:] if line.endswith(",1")][:20]
    (folder / "ones.csv").write_text("\n".join([lines[0], *ones]) + "\n")
    told = scores(typed, "ones.csv")
    assert told["scores"]["mlp"]["auc"] is None
    assert told["confusion"][0] == [0, 0]
    assert told["scores"]["mlp"]["average_precision"] is None
    assert told["per_class"][0]["recall"] is None
    shown = typed("evaluate", "ones.csv", "--no-plots").out
    assert re.search(r"auc +– +– +–\s", shown)
    assert re.search(r"\n0 +0 +\S+ +– ", shown)
    kinds = [finding["kind"] for finding in told["findings"]]
    assert "few-rows" in kinds


def test_several_classes(iris: Path, typed: Type) -> None:
    told = scores(typed, "--model", iris)
    assert told["labels"] == ["setosa", "versicolor", "virginica"]
    assert [sum(row) for row in told["confusion"]] == [10, 10, 10]
    assert [row["label"] for row in told["per_class"]] == told["labels"]
    assert told["threshold"] is None
    shown = typed("evaluate", "--model", iris, "--no-plots").out
    assert "where the probability" not in shown
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80


def test_a_model_of_every_row_needs_other_rows(sine: Path, typed: Type) -> None:
    result = typed("evaluate", "--model", sine)
    assert (result.code, result.out) == (2, "")
    assert "(--test-size 0), so none is left to judge it by; name a table" in result.err
    result = typed("evaluate", "sine", "--model", sine, "--json", "--no-plots")
    assert result.err.endswith("trained on: it knows 1,000 of these rows\n")
    told = json.loads(result.out)
    assert (told["rows"], told["confusion"], told["labels"]) == (1000, None, [])
    assert tuple(told["scores"]["mlp"]) == EVALUATED["regression"]
    assert told["intervals"] == {"mlp": {}, "linear": {}, "prior": {}}
    [target] = told["per_target"]
    assert target["rmse"] == told["scores"]["mlp"]["rmse"]
    shown = typed("evaluate", "sine", "--model", sine, "--no-plots").out
    assert "confusion" not in shown
    assert "each target" not in shown


# The threshold


def test_the_threshold_of_the_model_is_used(model: Path, typed: Type) -> None:
    plain = scores(typed)
    path = model / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "threshold": 0.25}))
    told = scores(typed)
    assert told["threshold"] == 0.25
    assert told["scores"]["mlp"]["recall"] > plain["scores"]["mlp"]["recall"]
    assert told["scores"]["mlp"]["auc"] == plain["scores"]["mlp"]["auc"]


def test_another_threshold_to_see(model: Path, typed: Type) -> None:
    plain, told = scores(typed), scores(typed, "--threshold", "0.2")
    assert told["threshold"] == pytest.approx(0.2)
    for name in ("mlp", "linear"):
        assert told["scores"][name]["recall"] > plain["scores"][name]["recall"]
    assert told["scores"]["prior"] == plain["scores"]["prior"]
    shown = typed("evaluate", "--threshold", "0.2", "--no-plots").out
    assert "predicts 1 where the probability is above 0.2" in shown
    assert json.loads((model / "model.json").read_text())["threshold"] == 0.5


@pytest.mark.parametrize(
    ("text", "says"),
    [("f1", "a rule is carried out on validation rows"), ("2", "between 0 and 1 such as 0.3\n")],
)
def test_thresholds_that_are_none_here(model: Path, typed: Type, text: str, says: str) -> None:
    result = typed("evaluate", "--threshold", text)
    assert (result.code, result.out) == (2, "")
    assert says in result.err
    assert result.err.count("\n") == 1


def test_only_two_classes_have_a_threshold(iris: Path, typed: Type) -> None:
    result = typed("evaluate", "--model", iris, "--threshold", "0.3")
    assert (result.code, result.out) == (2, "")
    assert "--threshold is for two classes; this is a multiclass model" in result.err


# Warnings


def test_the_advice_about_a_model(model: Path, typed: Type) -> None:
    """The linear baseline in the place of a network that is not better."""
    path = model / "model.json"
    written = json.loads(path.read_text())
    lines = SETS["pima"].location.read_text().splitlines()
    few = [line for line in lines[1:] if line.endswith(",1")][:4]
    many = [line for line in lines[1:] if line.endswith(",0")][:60]
    Path("ward.csv").write_text("\n".join([lines[0], *few, *many]) + "\n")
    told = scores(typed, "ward.csv")
    [said] = [found["says"] for found in told["findings"] if found["kind"] == "few-rows"]
    assert "few rows of ward.csv are 1 (4): " in said
    result = typed("evaluate", "ward.csv", "--no-plots")
    assert f"warning: {said}" in result.err
    # A network without hidden layers is no worse than a linear one, being one.
    kinds = {found["kind"] for found in told["findings"]}
    written["recipe"]["hidden"] = []
    path.write_text(json.dumps(written))
    plain = {found["kind"] for found in scores(typed, "ward.csv")["findings"]}
    assert plain == kinds - {"linear"}


# Pictures


def test_pictures_by_default(model: Path, typed: Type) -> None:
    result = typed("evaluate")
    assert result.code == 0, result.err
    stems = ("confusion", "roc", "precision_recall", "calibration")
    written = {path.name for path in (model / "plots").iterdir()}
    assert written == {f"{stem}.{suffix}" for stem in stems for suffix in ("png", "svg")}
    [line] = [line for line in result.out.splitlines() if line.startswith("wrote ")]
    assert line.startswith("wrote model/plots: ")
    assert all(stem in line for stem in stems)
    assert (model / "plots" / "roc.png").read_bytes().startswith(b"\x89PNG")
    assert "154 held-out rows" in (model / "plots" / "confusion.svg").read_text("utf-8")


def test_pictures_of_a_table_stand_apart(model: Path, typed: Type) -> None:
    lines = SETS["pima"].location.read_text().splitlines()
    Path("my ward.csv").write_text("\n".join(lines[:81]) + "\n")
    result = typed("evaluate", "my ward.csv", "--json")
    told = json.loads(result.out)
    [place] = (model / "plots").iterdir()
    assert place.name == "my_ward"
    assert sorted(told["files"]) == sorted(str(Path("model/plots/my_ward") / path.name)
                                           for path in place.iterdir())  # fmt: skip
    assert "rows of my ward.csv" in (place / "confusion.svg").read_text("utf-8")


def test_pictures_of_a_regression(sine: Path, typed: Type, folder: Path) -> None:
    shutil.copytree(sine, folder / "model")
    assert typed("evaluate", "sine").code == 0
    assert {path.name for path in (folder / "model/plots/sine").iterdir()} == {
        "residuals.png", "residuals.svg",
    }  # fmt: skip


@pytest.mark.slow
def test_the_same_pictures_again(model: Path, typed: Type) -> None:
    def drawn() -> dict[str, bytes]:
        assert typed("evaluate").code == 0
        return {path.name: path.read_bytes() for path in (model / "plots").iterdir()}

    assert drawn() == drawn()


@pytest.mark.slow
def test_a_place_where_no_picture_can_be(model: Path, typed: Type) -> None:
    (model / "plots").write_text("in the way")
    result = typed("evaluate")
    assert result.code == 0
    [line] = [line for line in result.err.splitlines() if "pictures" in line]
    says = "model: cannot be written (model/plots is not a directory); nothing was changed"
    assert line == f"warning: no pictures: {says}"
    assert "predicted by onnxruntime" in result.out
    refused = typed("evaluate", "--plots")
    assert (refused.code, refused.out) == (2, "")
    assert f"error: {says}" in refused.err


def test_without_matplotlib(model: Path, typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(evaluating, "installed", lambda *modules: "matplotlib" not in modules)
    result = typed("evaluate")
    assert result.code == 0
    assert "picture" not in result.err
    assert not (model / "plots").exists()
    asked = typed("evaluate", "--plots")
    assert (asked.code, asked.out) == (2, "")
    assert "matplotlib is not installed; pip install 'mlp-edge[train]' brings it" in asked.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.csv"], "none.csv: no such file"),
        (["iris"], "iris: no column"),
        (["unknown.csv"], "'2' is none of the classes that the model knows, '0', '1'"),
        (["untold.csv"], "no column 'diabetes'"),
        (["--metrics", "r2"], "--metrics r2: a binary task has accuracy"),
        (["--runtime", "cuda"], "there is no runtime 'cuda'"),
        (["--model", "gone"], "gone: there is no model"),
        (["--model", "model/exports/pima.onnx"], "an export only predicts"),
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


# Confusion of classes that are many, or have long names


def shown_confusion(
    labels: list[str], counts: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> str:
    show_sheets([confusion_sheet(labels, counts)])
    text = capsys.readouterr().out
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    return text


def test_long_labels_are_numbered(capsys: pytest.CaptureFixture[str]) -> None:
    labels = [f"{name} penguin of the [b]southern[/b] islands" for name in ("small", "tall")]
    text = shown_confusion(labels, np.array([[1234, 2], [0, 7]]), capsys)
    assert re.search(r"\(1\) +\(2\)\n", text)
    assert re.search(r"\n\(1\) small penguin of the \[b\]southern\[/b\] islands +1,234 +2\n", text)


def test_too_many_classes_are_a_list_of_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    labels = [f"class {number}" for number in range(40)]
    counts = np.eye(40, dtype=np.int64) * 9
    counts[3, 5], counts[7, 0] = 2, 11
    text = shown_confusion(labels, counts, capsys)
    assert "confusion: 13 mistakes, the most frequent first" in text
    first, second = (line.split() for line in text.rstrip().splitlines()[-2:])
    assert first == ["class", "7", "class", "0", "11"]
    assert second == ["class", "3", "class", "5", "2"]
