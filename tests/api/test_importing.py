"""mlp_edge.import_model: a stranger's file and what its owner says of it, as a model directory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Type, contents
from support.onnx_files import Graph, gemm

import mlp_edge
from mlp_edge.errors import InputError, ModelError, RecipeError, TableError
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.reference import predict

RANDOM = np.random.default_rng(5)
NAMES = ("width", "height", "depth")
MEAN, STD = np.array([40.0, 3.0, -7.0]), np.array([12.0, 0.5, 30.0])
READINGS = (MEAN + STD * RANDOM.normal(size=(90, 3))).round(3)
SCALED = (READINGS - MEAN) / STD
W1 = RANDOM.normal(size=(3, 8)).astype(np.float32)
B1 = RANDOM.normal(size=8).astype(np.float32)
W3 = RANDOM.normal(size=(8, 3)).astype(np.float32)
HIDDEN = np.maximum(SCALED @ W1 + B1, 0)
B3 = -(HIDDEN @ W3).mean(axis=0).astype(np.float32)
LOGITS = HIDDEN @ W3 + B3
BEST = LOGITS.argmax(axis=1)
"""What a network that was trained on standardised readings says of the rows."""


def onnx_file(
    path: Path, end: str = "Softmax", outputs: Sequence[int] = (0, 1, 2), bias: Any = None
) -> Path:
    """3-8-k; the outputs are some of three logits."""
    graph = Graph()
    gemm(graph, W1, B1)
    graph.add("Relu")
    last = np.ascontiguousarray(W3[:, list(outputs)])
    gemm(graph, last, B3[list(outputs)] if bias is None else bias)
    if end:
        graph.add(end, **({"axis": 1} if end == "Softmax" else {}))
    path.write_bytes(graph.model(("n", 3)).SerializeToString())
    return path


def table(path: Path, labels: Sequence[Any], names: Sequence[str] = NAMES) -> Path:
    """The rows with what is right."""
    lines = [",".join((*names, "kind"))]
    lines += [
        ",".join([*map(str, row), str(labels[index])])
        for row, index in zip(READINGS, BEST, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def theirs(folder: Path) -> Path:
    return onnx_file(folder / "theirs.onnx")


@pytest.fixture
def rows(folder: Path) -> Path:
    return table(folder / "rows.csv", ["ash", "beech", "oak"])


@pytest.fixture
def scaler(folder: Path) -> Path:
    path = folder / "scaler.json"
    path.write_text(json.dumps({"mean": MEAN.tolist(), "std": dict(zip(NAMES, STD, strict=True))}))
    return path


def kinds(report: Any) -> list[str]:
    return [finding.kind for finding in report.findings]


# A whole model directory


def test_names_classes_and_rows_make_a_model_directory(
    theirs: Path, rows: Path, scaler: Path
) -> None:
    report = mlp_edge.import_model(theirs, rows=rows, target="kind", scaling=scaler)
    mlp = report.model.mlp
    assert [feature.name for feature in mlp.features] == list(NAMES)
    assert (mlp.name, mlp.targets, mlp.labels) == ("theirs", ("kind",), ("ash", "beech", "oak"))
    assert (mlp.features[0].low, mlp.features[0].high) == pytest.approx(
        (READINGS[:, 0].min(), READINGS[:, 0].max())
    )
    assert report.fit is not None
    assert report.fit.ways[0].scores["accuracy"] == 1
    np.testing.assert_allclose(predict(mlp, READINGS.astype(np.float32)).argmax(axis=1), BEST)
    assert sorted(contents(Path("model"))) == [
        "calibration.npz", "model.json", "original/theirs.onnx", "sample.csv",
    ]  # fmt: skip
    assert contents(Path("model"))["original/theirs.onnx"] == contents(theirs.parent)["theirs.onnx"]


def test_every_workflow_goes_on_from_it(theirs: Path, rows: Path, scaler: Path) -> None:
    model = mlp_edge.import_model(theirs, rows=rows, scaling=scaler).model
    assert model.predict(READINGS).argmax(axis=1).tolist() == BEST.tolist()
    with mlp_edge.load("model") as opened:
        assert opened.runtime == "onnxruntime"
        assert opened.path.name == "theirs.onnx"
        assert opened.predict_labels(READINGS)[:2] == [
            ["ash", "beech", "oak"][index] for index in BEST[:2]
        ]
    evaluation = model.evaluate(plots=False)
    assert evaluation.scores["mlp"]["accuracy"] == 1
    assert "rows it was imported with" in str(evaluation)
    assert set(evaluation.scores) == {"mlp"}  # nobody knows what a constant would predict
    model.export("c")
    model.export("c", dtype="int8")
    report = model.parity()
    report.check()
    assert report.verdicts == {
        ("theirs.onnx", "onnxruntime"): "PASS", ("theirs.h", "c"): "PASS",
        ("theirs_int8.h", "c"): "PASS",
    }  # fmt: skip
    assert str(model.inspect()).count("imported from") == 1
    copy = model.save("copy")
    assert copy.mlp.weights_sha256 == model.mlp.weights_sha256


def test_the_command_prints_what_the_report_is(theirs: Path, rows: Path, typed: Type) -> None:
    result = typed("import", "theirs.onnx", "--rows", "rows.csv", "--json")
    assert result.code == 0
    report = mlp_edge.import_model(theirs, "other", rows=rows)
    assert json.loads(result.out) == {**report.to_dict(), "path": "model"}
    result = typed("import", "theirs.onnx", "--rows", "rows.csv")
    assert result.code == 2
    assert "model already exists" in result.err or "model" in result.err
    result = typed("import", "theirs.onnx", "--rows", "rows.csv", "--force")
    assert (result.code, "scores by how the rows are read" in result.out) == (0, True)
    assert "--scaling standard takes them so" in result.err
    assert result.out.endswith("\nnext: mlp-edge export\n")
    result = typed("import", "theirs.onnx", "--labels", "a,b", "--out", "new")
    assert (result.code, result.out) == (2, "")
    assert "--labels a,b names 2 classes" in result.err


def test_without_rows_names_come_by_settings(theirs: Path) -> None:
    report = mlp_edge.import_model(
        theirs, features=NAMES, labels=["a", "b", "c"], target="kind", name="trees"
    )
    mlp = report.model.mlp
    assert (report.fit, mlp.name, mlp.labels, mlp.targets) == (
        None, "trees", ("a", "b", "c"), ("kind",),
    )  # fmt: skip
    assert sorted(contents(Path("model"))) == ["model.json", "original/theirs.onnx"]
    report.model.export("c")
    proved = report.model.parity()
    proved.check()
    assert "200 were drawn" in proved.findings[0].says
    with pytest.raises(InputError, match="imported without rows"):
        report.model.evaluate()


def test_the_same_file_and_rows_give_the_same_bytes(theirs: Path, rows: Path) -> None:
    for out in ("one", "two"):
        mlp_edge.import_model(theirs, out, rows=rows)
    assert contents(Path("one")) == contents(Path("two"))


# How readings are scaled


def test_rows_that_fit_far_better_scaled_are_said_and_not_taken(theirs: Path, rows: Path) -> None:
    report = mlp_edge.import_model(theirs, rows=rows)
    assert report.model.mlp.scaling is None
    [says] = [each.says for each in report.findings if each.kind == "scaling"]
    assert "far better standardised by their own means" in says
    assert "`scaling='standard'` takes them so" in says
    again = mlp_edge.import_model(theirs, rows=rows, scaling="standard", force=True)
    assert again.model.mlp.scaling is not None
    assert "scaling" not in kinds(again)
    np.testing.assert_allclose(again.model.mlp.scaling.mean, READINGS.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(again.model.mlp.scaling.std, READINGS.std(axis=0), rtol=1e-6)


def test_a_scaling_that_makes_it_worse_is_said(theirs: Path, folder: Path, rows: Path) -> None:
    (folder / "wrong.json").write_text(json.dumps({"min": [0, 0, 0], "max": [9e3, 9e3, 9e3]}))
    report = mlp_edge.import_model(theirs, rows=rows, scaling="wrong.json")
    assert "scaling" in kinds(report)
    assert report.model.mlp.scaling is not None


def test_a_scaling_of_the_file_and_one_before_it_become_one(folder: Path, rows: Path) -> None:
    graph = Graph()
    graph.add("Sub", np.array([1, 2, 3], np.float32))
    graph.add("Div", np.array([2, 4, 8], np.float32))
    gemm(graph, W1, B1)
    graph.add("Relu")
    gemm(graph, W3, B3)
    graph.add("Softmax", axis=1)
    path = folder / "twice.onnx"
    path.write_bytes(graph.model(("n", 3)).SerializeToString())
    model = mlp_edge.import_model(path, rows=rows, scaling="min-max").model
    model.export("c")
    report = model.parity()
    report.check()
    assert report.verdicts["twice.onnx", "onnxruntime"] == "PASS"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[1]", "it is no object"),
        ("{}", "it has nothing"),
        ('{"mean": [1, 2], "std": [1, 2]}', "its mean has 2 numbers for 3 features"),
        ('{"mean": {"width": 1}, "std": {}}', "its mean has nothing for 'height'"),
        ('{"mean": [1, 2, "x"], "std": [1, 2, 3]}', "the mean 'x' is no number"),
        ('{"mean": [1, 2, 3], "std": [1, -2, 3]}', "a standard deviation below 0"),
        ("{", "a scaler.json such as"),
    ],
)
def test_a_scaler_that_says_something_else(
    theirs: Path, rows: Path, folder: Path, content: str, says: str
) -> None:
    (folder / "scaler.json").write_text(content)
    with pytest.raises(InputError, match=r"scaler\.json: ") as caught:
        mlp_edge.import_model(theirs, rows=rows, scaling="scaler.json")
    assert says in str(caught.value)
    assert not Path("model").exists()


# Columns and classes


def test_features_by_name_in_the_order_of_the_network(theirs: Path, folder: Path) -> None:
    path = table(folder / "rows.csv", ["a", "b", "c"])
    model = mlp_edge.import_model(theirs, rows=path, features=("depth", "width", "height")).model
    assert [each.name for each in model.mlp.features] == ["depth", "width", "height"]


def test_another_order_of_the_classes_is_said_and_not_taken(
    theirs: Path, rows: Path, scaler: Path
) -> None:
    labels = ["oak", "ash", "beech"]
    report = mlp_edge.import_model(theirs, rows=rows, scaling=scaler, labels=labels)
    [says] = [each.says for each in report.findings if each.kind == "label-order"]
    assert "1.000 of the rows instead of" in says
    assert "`labels=['ash', 'beech', 'oak']` takes it" in says
    assert report.model.mlp.labels == tuple(labels)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"features": ["width"]}, "names 1 column, and the network takes 3"),
        ({"features": ["width", "height", "weight"]}, "weight"),
        ({"labels": ["a", "b"]}, "names 2 classes, and a multiclass network of 3 outputs has 3"),
        ({"target": ["width"], "features": NAMES}, "another value in each of its 90 rows"),
        ({"target": "price"}, "price"),
        ({"scaling": "nowhere.json"}, "nowhere.json: there is no such file"),
        ({"task": "binary"}, "which is no binary task; `task='multiclass'` would do"),
        ({"task": "clustering"}, "is not one of regression, binary, multiclass"),
        ({"threshold": 2}, "takes a number between 0 and 1"),
        ({"labels": ["a", "a", "b"]}, "names 'a' twice"),
        ({"name": "a-b"}, "a_b"),
    ],
)
def test_settings_that_do_not_fit(
    theirs: Path, rows: Path, settings: dict[str, Any], says: str
) -> None:
    with pytest.raises((InputError, TableError, ModelError, RecipeError), match=says):
        mlp_edge.import_model(theirs, rows=rows, **settings)
    assert not Path("model").exists()


def test_a_table_with_other_columns(theirs: Path, folder: Path) -> None:
    path = table(folder / "rows.csv", ["a", "b", "c"])
    wide = path.read_text().replace("width,", "id,width,").splitlines()
    lines = [wide[0], *(f"{row},{line}" for row, line in enumerate(wide[1:]))]
    path.write_text("\n".join(lines))
    with pytest.raises(TableError, match="4 columns beside 'kind', and the network takes 3"):
        mlp_edge.import_model(theirs, rows=path, target="kind")
    report = mlp_edge.import_model(theirs, rows=path, target="kind", features=NAMES)
    assert [each.name for each in report.model.mlp.features] == list(NAMES)


def test_rows_without_a_target_name_and_quantise(theirs: Path, folder: Path, scaler: Path) -> None:
    path = table(folder / "rows.csv", ["a", "b", "c"])
    lines = [line.rpartition(",")[0] for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines))
    model = mlp_edge.import_model(theirs, rows=path, scaling=scaler).model
    assert model.export("c", dtype="int8").files
    with pytest.raises(InputError, match="imported without rows and their targets"):
        model.evaluate()


# Logits


def test_logits_are_refused_where_the_rows_hold_classes(folder: Path, rows: Path) -> None:
    path = onnx_file(folder / "logits.onnx", end="")
    with pytest.raises(InputError, match=r"`task='multiclass'` makes them probabilities"):
        mlp_edge.import_model(path, rows=rows)


@pytest.mark.parametrize(
    ("end", "outputs", "task", "labels", "says"),
    [
        ("", (0, 1, 2), "multiclass", 3, "a softmax makes the logits"),
        ("", (0,), "binary", 2, "a sigmoid makes the logit"),
        ("Softmax", (0, 1), "binary", 2, "of the two probabilities the second one"),
        ("", (0, 1), "binary", 2, "a sigmoid of the difference"),
        ("Softmax", (0, 1), "multiclass", 2, ""),
        ("Sigmoid", (0,), "regression", 0, ""),
    ],
)
def test_what_a_task_makes_of_the_last_layer(
    folder: Path, scaler: Path, end: str, outputs: Sequence[int], task: str, labels: int, says: str
) -> None:
    path = onnx_file(folder / "net.onnx", end, outputs)
    report = mlp_edge.import_model(path, features=NAMES, task=task, scaling=scaler, target=["kind"])
    model = report.model
    assert (model.mlp.task, len(model.mlp.labels)) == (task, labels)
    assert [each.says for each in report.findings if each.kind == "output"] == (
        [] if not says else [next(f.says for f in report.findings if says in f.says)]
    )
    logits = LOGITS[:, list(outputs)]
    wanted = 1 / (1 + np.exp(-logits))
    if len(outputs) > 1:
        wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wanted = wanted[:, -1:] if task == "binary" else wanted
    got = predict(model.mlp, READINGS.astype(np.float32))
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.predict(READINGS), got, rtol=1e-4, atol=1e-6)
    model.export("c")
    proved = model.parity()
    proved.check()
    assert proved.verdicts["net.onnx", "onnxruntime"] == "PASS"


# What is refused


def test_what_cannot_be_imported(theirs: Path, folder: Path) -> None:
    mlp_edge.import_model(theirs)
    with pytest.raises(InputError, match="a model directory of mlp-edge, or no file"):
        mlp_edge.import_model("model", "other")
    with pytest.raises(InputError, match="in memory has no file"):
        mlp_edge.import_model(object(), "other")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no file"):
        mlp_edge.import_model("nothing", "other")
    assert not (folder / "other").exists()


def test_a_file_that_was_exchanged_is_noticed(theirs: Path) -> None:
    mlp_edge.import_model(theirs)
    onnx_file(Path("model/original/theirs.onnx"), bias=np.ones(3, np.float32))
    with pytest.raises(ModelError, match=r"theirs.onnx: not the file that model.json describes"):
        mlp_edge.open("model")


@pytest.mark.parametrize("name", ["../theirs.onnx", "/etc/passwd", "a/../../b", "", "C:x"])
def test_an_original_outside_its_folder_is_not_opened(theirs: Path, name: str) -> None:
    mlp_edge.import_model(theirs)
    manifest = json.loads(Path("model/model.json").read_text())
    manifest["imported"]["file"] = name
    manifest["imported"]["files"] = {name: "0" * 64}
    Path("model/model.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="no file of original"):
        ModelDirectory.open(Path("model"))
