"""Training as a user runs it: honest parts, honest baselines, and the same bytes every time."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import subprocess
import sys
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from support.commands import Type, Typed, as_typed
from support.networks import assert_within_bound

from mlp_edge.data.choices import Choices
from mlp_edge.data.reading.read import read_table
from mlp_edge.data.sets import SETS
from mlp_edge.proof.bound import bound
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.training.examples import read_examples

pytestmark = pytest.mark.trains

PIMA = ("train", "pima", "--epochs", 25, "-q")
IRIS = ("train", "iris", "--epochs", 12, "--hidden", "6", "--learning-rate", "0.02", "-q")
TUTORIAL = ("--recipe", "tutorial")
"""As the shared models were trained."""


def manifest(model: Path) -> dict[str, Any]:
    return json.loads(
        (model / "model.json").read_text(),
        parse_constant=lambda constant: pytest.fail(f"{constant} in model.json"),
    )


def history(model: Path) -> list[dict[str, float]]:
    lines = csv.DictReader(io.StringIO((model / "history.csv").read_text()))
    return [{name: float(cell) for name, cell in line.items()} for line in lines]


def digests(model: Path) -> dict[str, str]:
    return {
        str(path.relative_to(model)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(model.rglob("*"))
        if path.is_file()
    }


def good(result: Typed) -> Typed:
    assert result.code == 0, result.err
    return result


@pytest.fixture
def small(folder: Path) -> Path:
    """A table of 40 rows, quick to learn from; its third column never varies."""
    random = np.random.default_rng(0)
    a, b = random.normal(0, 1, (2, 40))
    lines = [f"{x:.3f},{y:.3f},7,{'yes' if x > y else 'no'}\n" for x, y in zip(a, b, strict=True)]
    path = folder / "small.csv"
    path.write_text("a,b,c,answer\n" + "".join(lines))
    return path


# What is trained


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "task", "output", "loss", "topology", "scaled"),
    [
        ("pima", "binary", "sigmoid", "binary_crossentropy", "8-12-8-1", True),
        ("iris", "multiclass", "softmax", "categorical_crossentropy", "4-6-3", True),
        ("sine", "regression", "linear", "mse", "1-16-16-1", False),
    ],
)
def test_the_task_decides(
    name: str, task: str, output: str, loss: str, topology: str, scaled: bool,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    model: Path = request.getfixturevalue(name)
    directory = ModelDirectory.open(model)
    mlp, recipe = directory.mlp(), directory.manifest.recipe
    assert (mlp.task, mlp.topology, mlp.name) == (task, topology, name)
    assert (recipe["output_activation"], recipe["loss"]) == (output, loss)
    assert mlp.layers[-1].activation == output
    assert {layer.activation for layer in mlp.layers[:-1]} == {"relu"}
    assert (mlp.scaling is not None) is scaled
    assert mlp.targets == (SETS[name].target,)


def test_a_row_of_history_per_epoch(pima: Path, iris: Path, sine: Path) -> None:
    for model, epochs, metric in (
        (pima, 25, "accuracy"),
        (iris, 12, "accuracy"),
        (sine, 12, "mae"),
    ):
        rows = history(model)
        assert [row["epoch"] for row in rows] == list(range(1, epochs + 1))
        assert list(rows[0]) == ["epoch", metric, "loss"] or list(rows[0]) == [
            "epoch", "loss", metric,
        ]  # fmt: skip
        assert rows[-1]["loss"] < rows[0]["loss"]


def test_the_manifest_tells_everything(pima: Path) -> None:
    values = manifest(pima)
    assert values["rows"] == {"training": 614, "validation": 0, "test": 154}
    assert values["sample"] == "held-out"
    assert values["table"] == "pima"
    assert (
        values["sha256"]["data"] == hashlib.sha256(SETS["pima"].location.read_bytes()).hexdigest()
    )
    assert set(values["scores"]) == {"test", "training"}
    assert set(values["scores"]["test"]) == {"mlp", "linear", "prior"}
    assert set(values["scores"]["test"]["mlp"]) == {"accuracy", "auc", "log_loss"}
    assert {"mlp-edge", "python", "tensorflow", "keras", "numpy"} == set(values["versions"])
    assert values["recipe"]["epochs"] == 25


def held_out(model: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of the table that stand in sample.csv, and all others."""
    directory = ModelDirectory.open(model)
    table = read_table(name)
    names = [feature.name for feature in directory.manifest.features]
    rows = np.column_stack([table.column(column).astype(np.float32) for column in names])
    sample = directory.sample().rows
    found = [int(np.flatnonzero((rows == row).all(axis=1))[0]) for row in sample]
    return np.array(found), np.setdiff1d(np.arange(len(rows)), found)


def test_the_held_out_rows_left_no_trace_in_the_model(pima: Path) -> None:
    test, training = held_out(pima, "pima")
    assert len(set(test)) == 154
    table = read_table("pima")
    mlp = ModelDirectory.open(pima).mlp()
    assert mlp.scaling is not None
    for index, feature in enumerate(mlp.features):
        column = table.column(feature.name).astype(np.float32).astype(np.float64)
        seen = column[training]
        assert mlp.scaling.mean[index] == pytest.approx(seen.mean(), rel=1e-6)
        assert mlp.scaling.std[index] == pytest.approx(seen.std(), rel=1e-6)
        assert (feature.low, feature.high) == (seen.min(), seen.max())
        assert mlp.scaling.mean[index] != pytest.approx(column.mean(), rel=1e-6)
    positives = table.column("diabetes").astype(int)
    assert positives[test].mean() == pytest.approx(positives.mean(), abs=0.005)
    assert manifest(pima)["prior"] == [pytest.approx(positives[training].mean())]


def test_the_scores_are_those_of_the_sample(pima: Path) -> None:
    _, targets, predictions = ModelDirectory.open(pima).sample()
    right = [
        (row[0] > 0.5) == (cell == "1") for row, (cell,) in zip(predictions, targets, strict=True)
    ]
    assert manifest(pima)["scores"]["test"]["mlp"]["accuracy"] == pytest.approx(np.mean(right))


def test_the_linear_baseline_is_a_logistic_regression(pima: Path) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, log_loss
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = read_table("pima")
    test, training = held_out(pima, "pima")
    rows = np.column_stack([table.column(name).astype(float) for name in table.columns[:-1]])
    truth = table.column("diabetes").astype(int)
    theirs = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, max_iter=1000))
    theirs.fit(rows[training], truth[training])
    scores = manifest(pima)["scores"]
    for part, chosen in (("test", test), ("training", training)):
        shares = theirs.predict_proba(rows[chosen])[:, 1]
        ours = scores[part]["linear"]
        assert ours["accuracy"] == pytest.approx(
            accuracy_score(truth[chosen], shares > 0.5), abs=0.02
        )
        assert ours["log_loss"] == pytest.approx(log_loss(truth[chosen], shares), abs=0.02)
    assert scores["test"]["prior"]["accuracy"] == pytest.approx(100 / 154)


def test_a_sample_of_training_rows_where_none_were_held_out(sine: Path) -> None:
    values = manifest(sine)
    assert values["rows"] == {"training": 1000, "validation": 0, "test": 0}
    assert values["sample"] == "training"
    assert set(values["scores"]) == {"training"}
    assert len(ModelDirectory.open(sine).sample().rows) == 200


# The same bytes


def test_another_process_writes_the_same_bytes(pima: Path, folder: Path) -> None:
    program = """
import sys
from mlp_edge.cli.app import app
for words in sys.argv[1].split(";"):
    try:
        app(words.split())
    except SystemExit as end:
        print("ended with", end.code)
"""
    words = f"{' '.join(map(str, (*PIMA, *TUTORIAL)))};export"
    result = subprocess.run(
        [sys.executable, "-c", program, words], capture_output=True, text=True, check=False
    )
    assert digests(folder / "model") == digests(pima)
    # And a real process says nothing but its own words.
    assert result.returncode == 0
    warned = [as_typed("train", warning["says"]) for warning in manifest(pima)["warnings"]]
    assert result.stderr.splitlines() == [f"warning: {says}" for says in warned]
    assert result.stdout.count("ended with 0") == 2
    assert "wrote model/exports/pima.tflite (" in result.stdout
    for noise in ("INFO", "WARNING", "cuda", "I0000", "oneDNN"):
        assert noise not in result.stdout


def test_more_runs_keep_the_first(pima: Path, typed: Type, folder: Path) -> None:
    result = good(typed(*PIMA, *TUTORIAL, "--runs", 3, "--out", "runs"))
    assert "by compiled epochs" in result.out
    ours, one = digests(folder / "runs"), digests(pima)
    for name in ("model.keras", "history.csv", "sample.csv"):
        assert ours[name] == one[name]
    scores = manifest(folder / "runs")["scores"]
    assert [run["seed"] for run in scores["runs"]] == [0, 1, 2]
    first, *others = (run["test"]["log_loss"] for run in scores["runs"])
    assert first == scores["test"]["mlp"]["log_loss"]
    assert first == manifest(pima)["scores"]["test"]["mlp"]["log_loss"]
    assert len({first, *others}) == 3
    losses = [first, *others]
    for figure in (np.mean(losses), np.std(losses, ddof=1)):
        assert f"{figure:.4f}" in result.out


def test_another_seed_is_another_model(iris: Path, typed: Type, folder: Path) -> None:
    good(typed(*IRIS, *TUTORIAL, "--seed", 1, "--out", "other"))
    ours, other = digests(iris), digests(folder / "other")
    assert all(ours[name] != digest for name, digest in other.items())
    assert manifest(folder / "other")["seed"] == 1


def test_keras_alone_loads_the_model(
    keras: Any, pima: Path, iris: Path, sine: Path, folder: Path
) -> None:
    program = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import csv, keras, numpy as np
for place in sys.argv[1:]:
    model = keras.models.load_model(f"{place}/model.keras")
    width, outputs = model.input_shape[1], model.output_shape[1]
    lines = list(csv.reader(open(f"{place}/sample.csv")))[1:]
    rows = np.array([line[:width] for line in lines], np.float32)
    expected = np.array([line[-outputs:] for line in lines], np.float32)
    assert len(rows) > 20
    assert (np.abs(np.asarray(model(rows)) - expected) <= 2 * np.load(f"{place}/bound.npy")).all()
    assert model.compiled and model.optimizer.iterations > 0
assert not any(name.startswith("mlp_edge") for name in sys.modules)
print("loaded")
"""
    saved = {"pima": pima, "iris": iris, "sine": sine}
    places = [shutil.copytree(place, folder / name) for name, place in saved.items()]
    for place in places:
        directory = ModelDirectory.open(place)
        np.save(place / "bound.npy", bound(directory.mlp(), directory.sample().rows))
    result = subprocess.run(
        [sys.executable, "-c", program, *map(str, places)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stdout) == (0, "loaded\n"), result.stderr[-3000:]


# Going on


def optimizer_steps(model: Path) -> int:
    with zipfile.ZipFile(model / "model.keras") as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(content) as file:
        return int(file["optimizer/vars/0"][()])


def test_going_on_with_a_saved_model(pima: Path, typed: Type, folder: Path) -> None:
    good(typed(*PIMA, "--from", pima, "--out", "more"))
    before, after = ModelDirectory.open(pima), ModelDirectory.open(folder / "more")
    assert optimizer_steps(pima) == 25 * 62
    assert optimizer_steps(folder / "more") == 50 * 62
    old, new = before.sample(), after.sample()
    assert old.rows.tobytes() == new.rows.tobytes()
    assert old.targets == new.targets
    assert (old.predictions != new.predictions).any()
    assert history(folder / "more")[0]["loss"] < history(pima)[0]["loss"]
    assert len(history(folder / "more")) == 25
    one, other = before.mlp(), after.mlp()
    assert one.scaling is not None
    assert other.scaling is not None
    assert one.scaling.mean.tobytes() == other.scaling.mean.tobytes()
    assert (other.name, other.topology) == ("pima", one.topology)


def test_going_on_in_place(model: Path, typed: Type) -> None:
    result = typed(*PIMA, "--from", "model")
    assert (result.code, result.out) == (2, "")
    assert "--force replaces it" in result.err
    steps = optimizer_steps(model)
    good(typed("train", "-q", "--from", "model", "--force", "--epochs", 1, "--name", "ward7"))
    assert optimizer_steps(model) == steps + 62
    assert manifest(model)["name"] == "ward7"
    assert not (model / "exports").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--hidden", "5"], "--hidden: --from goes on with the network that was saved (12,8)"),
        (["--activation", "tanh"], "--activation: --from goes on"),
        (["--output-activation", "hard_sigmoid"], "--output-activation: --from goes on"),
        (["--no-standardize"], "--standardize: --from goes on"),
        (["--test-size", "0"], "--test-size: --from goes on with the held-out rows"),
        (["--runs", "2"], "leave out --runs, --task, --target"),
        (["--task", "binary"], "leave out --runs, --task, --target"),
        (["--target", "age"], "leave out --runs, --task, --target"),
        (["--momentum", "0.5"], "--momentum: adam has none"),
        (["--loss", "mse_"], "--loss mse_ does not fit a binary task"),
        (["--metrics", "r2"], "--metrics r2"),
    ],
)
def test_what_going_on_cannot_change(
    pima: Path, typed: Type, folder: Path, options: list[str], said: str
) -> None:
    result = typed("train", "pima", "-q", "--from", pima, *options)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert result.err.count("\n") == 1
    assert list(folder.iterdir()) == []


def test_going_on_takes_the_table_of_the_model(iris: Path, typed: Type, folder: Path) -> None:
    good(typed("train", "-q", "--from", iris, "--epochs", 1, "--seed", 5))
    before, after = ModelDirectory.open(iris), ModelDirectory.open(folder / "model")
    assert after.manifest.table == "iris"
    assert sorted(map(bytes, after.sample().rows)) == sorted(map(bytes, before.sample().rows))


def readings_held_out(model: Path) -> set[str]:
    """The readings of the held-out rows, as sample.csv has them."""
    assert manifest(model)["sample"] == "held-out"
    lines = (model / "sample.csv").read_text("utf-8").splitlines()[1:]
    return {line.rsplit(",", 2)[0] for line in lines}


def test_going_on_with_a_grown_table_keeps_what_was_held_out(typed: Type, folder: Path) -> None:
    """What the first training saw never judges, and what it did not see never trains."""
    text = (files("mlp_edge.data") / "sets" / "pima.csv").read_text("utf-8")
    lines = text.splitlines()
    Path("some.csv").write_text("\n".join(lines[:601]), "utf-8")
    Path("more.csv").write_text("\r\n".join(lines), "utf-8")
    good(typed("train", "some.csv", "-q", "--epochs", 1, "--out", "first"))
    second = ("train", "more.csv", "-q", "--from", "first", "--epochs", 1, "--seed", 5)
    good(typed(*second, "--out", "second"))
    assert readings_held_out(Path("second")) == readings_held_out(Path("first"))
    assert manifest(Path("second"))["rows"] == {"training": 648, "validation": 0, "test": 120}


def test_going_on_where_nothing_was_held_out_claims_nothing(typed: Type, folder: Path) -> None:
    good(typed("train", "-q", "--epochs", 1, "--test-size", 0, "--out", "all"))
    refused = typed("train", "-q", "--from", "all", "--test-size", 0.2, "--out", "b")
    assert (refused.code, refused.out) == (2, "")
    good(typed("train", "-q", "--from", "all", "--epochs", 1, "--out", "c"))
    assert manifest(Path("c"))["rows"] == {"training": 768, "validation": 0, "test": 0}
    assert manifest(Path("c"))["sample"] == "training"


def test_going_on_takes_the_saved_model_s_table(typed: Type, folder: Path) -> None:
    good(typed("train", "iris", "-q", "--epochs", 1))
    good(typed("train", "-q", "--from", "model/model.keras", "--epochs", 1, "--out", "on"))
    assert manifest(Path("on"))["table"] == "iris"


def test_a_file_of_somebody_s_in_exports_is_not_lost(model: Path, typed: Type) -> None:
    (model / "exports" / "sketch.ino").write_text("void loop() {}", "utf-8")
    result = typed(*PIMA, "--force")
    assert (result.code, result.out) == (2, "")
    assert "holds 'sketch.ino'" in result.err
    assert (model / "exports" / "sketch.ino").read_text("utf-8") == "void loop() {}"


def test_going_on_with_another_table(pima: Path, typed: Type, folder: Path) -> None:
    result = typed("train", "iris", "-q", "--from", pima)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: iris: no column ")
    assert list(folder.iterdir()) == []


# Settings of tutorials, and odd tables


def test_the_tutorial_with_raw_inputs_and_all_rows(keras: Any, typed: Type, folder: Path) -> None:
    raw = ("--no-standardize", "--test-size", 0, "--epochs", 2)
    result = good(typed("train", "-q", *TUTORIAL, *raw))
    assert "768 rows to train, none held out" in result.out
    assert result.out.endswith("\nnext: mlp-edge export\n")
    assert "scores on 768 training rows" in result.out
    assert "held-out" not in result.out
    *warned, note = result.err.splitlines()
    assert note == "note: no rows were held out, so no score above says how it does on new ones"
    assert [line.partition(",")[0] for line in warned] == [
        "warning: zeros that look like missing readings"
    ]
    assert "'skin' 227, 'insulin' 374" in warned[0]
    mlp = ModelDirectory.open(folder / "model").mlp()
    assert (mlp.topology, mlp.scaling) == ("8-12-8-1", None)
    assert manifest(folder / "model")["scores"]["training"]["mlp"]["accuracy"] > 0.4


def test_early_stopping_watches_rows_of_its_own(keras: Any, typed: Type, folder: Path) -> None:
    result = good(
        typed("train", "iris", "-q", *TUTORIAL, "--epochs", 9, "--early-stopping", 1,
              "--optimizer", "sgd", "--learning-rate", 3, "--momentum", 0.5)
    )  # fmt: skip
    values = manifest(folder / "model")
    assert values["rows"] == {"training": 108, "validation": 12, "test": 30}
    assert "108 rows to train, 12 to validate on, 30 held out" in result.out
    validation = [row["val_loss"] for row in history(folder / "model")]
    assert len(validation) < 9
    assert validation[-1] > min(validation)
    # The weights that are kept are those of the best epoch.
    assert values["scores"]["validation"]["mlp"]["log_loss"] == pytest.approx(
        min(validation), rel=0.01
    )


def test_a_constant_column_and_labels_of_words(
    keras: Any, typed: Type, folder: Path, small: Path
) -> None:
    good(typed("train", "small.csv", "-q", "--epochs", 2, "--hidden", "none", "--keep", "c"))
    directory = ModelDirectory.open(folder / "model")
    mlp = directory.mlp()
    assert (mlp.name, mlp.topology, mlp.labels) == ("small", "3-1", ("no", "yes"))
    assert mlp.scaling is not None
    assert (mlp.scaling.mean[2], mlp.scaling.std[2]) == (7, 1)
    rows, _, original = directory.sample()
    assert_within_bound(mlp, rows, original)


def test_scores_that_do_not_exist_are_null(keras: Any, typed: Type, folder: Path) -> None:
    good(typed("train", "sine", "-q", "--epochs", 1, "--hidden", "none", "--test-size", 0.001))
    assert manifest(folder / "model")["scores"]["test"]["mlp"]["r2"] is None
    shown = good(typed("evaluate", "--json"))
    assert json.loads(shown.out)["scores"]["mlp"]["r2"] is None


@pytest.mark.parametrize("options", [["--learning-rate", "1e30"], ["--loss", "mse"]])
def test_a_training_that_diverges(
    keras: Any, typed: Type, folder: Path, options: list[str]
) -> None:
    (folder / "wild.csv").write_text(
        "a,y\n" + "".join(f"{n}e15,{n * n}e30\n" for n in range(1, 31))
    )
    result = typed(
        "train", "wild.csv", "-q", "--task", "regression", "--epochs", 60, "--no-standardize",
        "--optimizer", "sgd", *options,
    )  # fmt: skip
    assert (result.code, result.out) == (2, "")
    assert "diverged" in result.err
    assert "--learning-rate" in result.err
    assert result.err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["wild.csv"]


def test_a_column_beyond_what_float32_can_scale(typed: Type, folder: Path) -> None:
    lines = "".join(f"{n % 3}e30,{n % 7},{n % 2}\n" for n in range(1, 31))
    (folder / "wild.csv").write_text("a,b,y\n" + lines)
    says = "column 'a' has a deviation of 8.2e+29, whose square float32 cannot hold; left out"
    examples = read_examples(read_table("wild.csv"), (), None, Choices())
    assert [feature.name for feature in examples.features] == ["b"]
    assert any(finding.says.startswith(says) for finding in examples.findings)
    result = typed("train", "wild.csv", "-q", "--epochs", 1, "--drop", "b")
    assert (result.code, result.out) == (2, "")
    assert f"wild.csv: {says}" in result.err
    assert "no other column is there" in result.err
    assert result.err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["wild.csv"]
