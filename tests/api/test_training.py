"""mlp_edge.train: what the command line trains, from whatever holds the rows."""

from __future__ import annotations

import gc
import inspect
import json
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from support.commands import Type, contents, homes_csv, typed

import mlp_edge
from mlp_edge.api.observer import Observer
from mlp_edge.api.training.training import train
from mlp_edge.data.choices import Choices
from mlp_edge.errors import InputError, RecipeError
from mlp_edge.settings import settings_of
from mlp_edge.training.plan import Plan
from mlp_edge.training.recipe import Recipe

pytestmark = pytest.mark.trains

OPTIONS = ("--target", "price", "--hidden", "6,4", "--epochs", 2, "--missing", "rooms=-1",
           "--indicator", "rooms", "--clip", "150000,450000.1", "--metrics", "rmse,mae",
           "--validation-size", 0.2, "--no-standardize", "--name", "homes")  # fmt: skip
SETTINGS: dict[str, Any] = {
    "target": "price", "hidden": [6, 4], "epochs": 2, "missing": ["rooms=-1"],
    "indicator": "rooms", "clip": (150000, 450000.1), "metrics": ["rmse", "mae"],
    "validation_size": 0.2, "standardize": False, "name": "homes",
}  # fmt: skip


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("homes") / "homes.csv"
    path.write_text(homes_csv())
    return path


@pytest.fixture(scope="module")
def frame(table: Path) -> pd.DataFrame:
    return pd.read_csv(table)


@pytest.fixture(scope="module")
def trained(keras: Any, table: Path, tmp_path_factory: pytest.TempPathFactory) -> mlp_edge.Model:
    return train(table, out=tmp_path_factory.mktemp("trained") / "model", **SETTINGS)


def test_the_command_line_trains_the_same_bytes(
    trained: mlp_edge.Model, table: Path, tmp_path: Path
) -> None:
    result = typed("train", table, *OPTIONS, "--out", tmp_path / "m", "--json", "-q")
    assert result.code == 0, result.err
    assert contents(tmp_path / "m") == contents(trained.path)
    assert json.loads(result.out) == trained.training.to_dict()


def test_a_frame_trains_what_its_csv_trains(
    trained: mlp_edge.Model, frame: pd.DataFrame, tmp_path: Path
) -> None:
    tables = {
        "pandas DataFrame": frame.convert_dtypes(),
        "Polars DataFrame": pl.from_pandas(frame),
        "Arrow table": pa.Table.from_pandas(frame),
    }
    theirs = trained.training.to_dict()
    for kind, each in tables.items():
        model = train(each, out=tmp_path / "m", force=True, **SETTINGS)
        assert (model.path / "model.keras").read_bytes() == (
            trained.path / "model.keras"
        ).read_bytes()
        ours = model.training.to_dict()
        assert ours["table"] == kind
        assert ours["sha256"]["weights"] == theirs["sha256"]["weights"]
        same = {"features", "targets", "rows", "scores", "recipe", "threshold", "clip", "split"}
        assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}


def test_what_a_training_found(trained: mlp_edge.Model) -> None:
    found = trained.training
    assert set(found.scores) == {"test", "validation", "training"}
    assert set(found.scores["test"]) == {"mlp", "linear", "prior"}
    assert set(found.scores["test"]["mlp"]) == {"rmse", "mae"}
    assert "model.keras" in found.files
    assert found.reason.startswith("regression: ")
    kinds = [finding.kind for finding in found.findings]
    assert "missing" in kinds
    assert kinds == [warning["kind"] for warning in found.to_dict()["warnings"]]
    assert "scores on 48 held-out rows" in str(found)
    assert "linear baseline" in found._repr_html_()
    opened = mlp_edge.open(trained.path).training
    assert opened.to_dict() == found.to_dict()
    assert str(opened) == str(found)


def test_without_a_place_it_lasts_as_long_as_the_model(frame: pd.DataFrame) -> None:
    model = train(frame, hidden=(), epochs=1, target="price", keep=["balcony"])
    place = model.path
    assert (place / "model.json").is_file()
    assert model.mlp.topology.endswith("-1")
    del model
    gc.collect()
    assert not place.parent.exists()


def test_training_goes_on_from_a_saved_model(trained: mlp_edge.Model, tmp_path: Path) -> None:
    on = train(start=trained.path, epochs=1, out=tmp_path / "on")
    assert on.training.manifest.recipe["epochs"] == 1
    assert on.mlp.weights_sha256 != trained.mlp.weights_sha256
    assert on.training.reason == "regression: as the saved model"
    with pytest.raises(RecipeError, match=r"`start` goes on with one saved model .* `runs`, "):
        train(start=trained.path, target="price")


def test_a_frame_is_gone_when_its_model_goes_on(frame: pd.DataFrame, tmp_path: Path) -> None:
    train(frame, target="price", hidden=(), epochs=1, out=tmp_path / "m")
    with pytest.raises(InputError, match="its table, pandas DataFrame, cannot be read again"):
        train(start=tmp_path / "m", epochs=1)
    on = train(frame, start=tmp_path / "m", epochs=1)
    assert on.name == "table"


class Recorder(Observer):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def fits(self) -> Any:
        from contextlib import nullcontext

        def stage(title: str, epochs: int) -> Any:
            self.told.append(f"{title} of {epochs}")
            return lambda epoch, _logs: self.told.append(f"epoch {epoch}")

        return nullcontext(stage)

    def tried(self, trial: Any, best: Any, trials: int) -> None:
        self.told.append(f"trial {trial.number} of {trials}")


def test_a_search_folds_and_runs_are_followed(
    frame: pd.DataFrame, capfd: pytest.CaptureFixture[str]
) -> None:
    recorder = Recorder()
    settings = {
        "target": "price", "epochs": 1, "batch_size": 64, "recipe": "tutorial",
        "observer": recorder,
    }  # fmt: skip
    found = train(frame, tune=2, cv=2, **settings)
    assert recorder.told == ["trial 0 of 2", "trial 1 of 2", "training: epoch of 1", "epoch 1"]
    assert found.training.tuned is not None
    assert "tuning.csv" in found.training.files
    judged = train(frame, cv=2, runs=2, **settings).training
    assert [run["seed"] for run in judged.runs] == [0, 1]
    assert "mean ± standard deviation over 2 folds" in str(judged)
    assert "every seed, on the held-out rows" in str(judged)
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"epochs": "many"}, "`epochs` takes a whole number; got 'many'"),
        ({"epochs": 0}, "`epochs` is at least 1; got 0"),
        ({"target": "prize"}, "no column 'prize' to predict"),
        ({"cv": 1}, "`cv` is at least 2; got 1"),
        ({"runs": 0}, "`runs` is at least 1; got 0"),
        ({"repeats": 2}, r"`repeats` repeats a cross-validation; `cv=10` asks for one"),
        ({"task": "clustering"}, "`task='clustering'` is not one of"),
        ({"device": "tpu"}, "`device='tpu'` is not auto"),
        ({"name": "My Model"}, "'my_model' would do"),
        ({"sep": ";"}, "`sep` says how a file is read"),
        ({"strict": True}, "without `strict`"),
    ],
)
def test_what_is_refused(
    frame: pd.DataFrame, tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        train(frame, out=tmp_path / "m", **settings)
    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_there_is_not(frame: pd.DataFrame) -> None:
    with pytest.raises(TypeError, match=r"train\(\) has no setting 'epoch'; did you mean 'epochs'"):
        train(frame, epoch=3)


def test_a_place_that_is_taken(trained: mlp_edge.Model, frame: pd.DataFrame) -> None:
    before = contents(trained.path)
    with pytest.raises(InputError, match="there is a model already"):
        train(frame, target="price", out=trained.path)
    assert contents(trained.path) == before


def test_a_keras_file_alone_tells_nothing(trained: mlp_edge.Model, tmp_path: Path) -> None:
    copy = tmp_path / "alone.keras"
    copy.write_bytes((trained.path / "model.keras").read_bytes())
    with pytest.raises(InputError, match="alone does not tell how it was trained"):
        mlp_edge.open(copy).training  # noqa: B018


def test_help_lists_every_setting_with_its_default() -> None:
    parameters = inspect.signature(train).parameters
    assert parameters["hidden"].default == (12, 8)
    assert parameters["epochs"].kind is inspect.Parameter.KEYWORD_ONLY
    assert "settings" not in parameters
    assert "\n        hidden: Neurons of each hidden layer" in str(train.__doc__)


def test_every_setting_is_an_option(typed: Type) -> None:
    from support.commands import COMMAND

    options = {each.name: each for each in COMMAND.commands["train"].params}  # type: ignore[attr-defined]
    for kind in (Plan, Recipe, Choices):
        for each in settings_of(kind):
            option = options.pop(each.name)
            assert str(option.help).replace("; repeatable.", ".") == each.help
            assert each.repeat == ("; repeatable." in str(option.help))
            if isinstance(each.default, str | int | float | bool):
                assert option.default == each.default, each.name
    assert {"table", "out", "force", "quiet", "as_json"} <= set(options)
