"""``train(log=…)``: what MLflow and TensorBoard hold of a training, asked of them themselves."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.commands import Type, contents, homes_csv

import mlp_edge
from mlp_edge.api.observer import Observer
from mlp_edge.api.tracking.tracked import FAILED, TrackedRun
from mlp_edge.api.tracking.tracking import TRACKERS
from mlp_edge.errors import MissingError, RecipeError
from mlp_edge.training import plan

pytestmark = pytest.mark.trains

SETTINGS: dict[str, Any] = {
    "target": "price", "hidden": (4,), "epochs": 2, "recipe": "tutorial", "validation_size": 0.2,
    "missing": ("rooms=-1",),
}  # fmt: skip


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("homes") / "homes.csv"
    path.write_text(homes_csv(120))
    return path


class Tracked(NamedTuple):
    """A training of two seeds and two folds, and where the libraries keep it."""

    model: mlp_edge.Model
    uri: str
    events: Path


@pytest.fixture(scope="module")
def known(keras: Any, table: Path, tmp_path_factory: pytest.TempPathFactory) -> Tracked:
    """Logged to both, where MLflow and TensorBoard keep runs that nobody gave a place."""
    place = tmp_path_factory.mktemp("tracked")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for variable in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
            patch.delenv(variable, raising=False)
        model = mlp_edge.train(
            table, out=place / "model", runs=2, cv=2, log=["mlflow", "tensorboard"], **SETTINGS
        )
    (events,) = (place / "logs").iterdir()
    return Tracked(model, f"sqlite:///{place}/mlflow.db", events)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store of files for MLflow, which makes one faster than a database."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = f"file://{tmp_path}/store"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    return uri


def runs(uri: str, experiment: str = "Default") -> list[Any]:
    """Every run of an experiment, in the order in which they were made."""
    from mlflow import MlflowClient

    client = MlflowClient(uri)
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    return sorted(
        client.search_runs([found.experiment_id]),
        key=lambda run: ("mlflow.parentRunId" in run.data.tags, run.info.run_name),
    )


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Tag -> step and value, of the event files in one folder."""
    from tensorboard.backend.event_processing.event_accumulator import TENSORS, EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    read = EventAccumulator(str(folder), size_guidance={TENSORS: 0})
    read.Reload()
    return {
        tag: [(event.step, make_ndarray(event.tensor_proto).item()) for event in read.Tensors(tag)]
        for tag in read.Tags()["tensors"]
        if read.SummaryMetadata(tag).plugin_data.plugin_name == "scalars"
    }


def history(model: mlp_edge.Model) -> dict[str, list[float]]:
    names, *rows = (model.path / "history.csv").read_text().splitlines()
    columns = zip(*(map(float, row.split(",")) for row in rows), strict=True)
    return dict(zip(names.split(","), map(list, columns), strict=True))


def test_the_model_has_the_bytes_that_it_has_without(
    known: Tracked, table: Path, tmp_path: Path
) -> None:
    alone = mlp_edge.train(table, out=tmp_path / "model", runs=2, cv=2, **SETTINGS)
    assert contents(alone.path) == contents(known.model.path)
    assert (alone.training.logged, alone.training.unlogged) == ((), ())


def test_mlflow_holds_parameters_scores_and_the_model(known: Tracked) -> None:
    from mlflow import MlflowClient

    run, manifest = runs(known.uri)[0], known.model.training.manifest
    assert (run.info.run_name, run.info.status) == ("homes", "FINISHED")
    assert run.info.run_id in known.model.training.logged[0]
    held = run.data.params
    assert {name: held[name] for name in ("hidden", "epochs", "learning_rate", "seed")} == {
        "hidden": "4", "epochs": "2", "learning_rate": "None", "seed": "0",
    }  # fmt: skip
    assert set(manifest.recipe) <= set(held)
    assert held["data_sha256"] == manifest.sha256["data"]
    assert held["versions.keras"] == manifest.versions["keras"]
    for model, prefix in (("mlp", "test/"), ("linear", "test/linear/")):
        for metric, value in manifest.scores["test"][model].items():
            assert run.data.metrics[f"{prefix}{metric}"] == value
    assert run.data.metrics["parameters"] == known.model.mlp.parameters
    for finding in manifest.warnings:
        assert finding.says in run.data.tags["mlflow.note.content"]
        assert finding.kind in run.data.tags["warnings"].split(",")
    dataset = run.inputs.dataset_inputs[0].dataset
    assert manifest.sha256["data"].startswith(dataset.digest)
    client = MlflowClient(known.uri)
    kept = Path(client.download_artifacts(run.info.run_id, "model"))
    assert contents(kept) == contents(known.model.path)


def test_mlflow_holds_every_epoch_with_its_time(known: Tracked) -> None:
    from mlflow import MlflowClient

    run, client = runs(known.uri)[0], MlflowClient(known.uri)
    for name, values in history(known.model).items():
        if name != "epoch":
            told = client.get_metric_history(run.info.run_id, name)
            assert [each.step for each in told] == [1, 2]
            assert [each.value for each in told] == pytest.approx(values, rel=1e-6)
            for each in told:
                assert run.info.start_time <= each.timestamp <= run.info.end_time


def test_mlflow_nests_seeds_and_folds(known: Tracked) -> None:
    parent, *nested = runs(known.uri)
    manifest = known.model.training.manifest
    assert [run.info.run_name for run in nested] == [
        "fold 1 of 2", "fold 2 of 2", "run 1 of 2", "run 2 of 2",
    ]  # fmt: skip
    for run in nested:
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert run.info.status == "FINISHED"
    validated = manifest.cross_validation["scores"]
    assert nested[1].data.metrics["test/rmse"] == validated["mlp"]["rmse"][1]
    assert nested[1].data.metrics["test/linear/rmse"] == validated["linear"]["rmse"][1]
    assert parent.data.metrics["folds/rmse"] == pytest.approx(sum(validated["mlp"]["rmse"]) / 2)
    second = manifest.scores["runs"][1]
    assert nested[3].data.params["seed"] == str(second["seed"])
    assert nested[3].data.metrics["test/rmse"] == second["test"]["rmse"]
    assert {"loss", "val_loss"} <= set(nested[3].data.metrics)


def test_tensorboard_draws_training_beside_validation(known: Tracked) -> None:
    curves = {"train": "", "validation": "val_"}
    for part, prefix in curves.items():
        drawn = scalars(known.events / "run-1-of-2" / part)
        for name, values in history(known.model).items():
            if name != "epoch" and name.startswith("val_") == bool(prefix):
                steps, told = zip(*drawn[f"epoch_{name.removeprefix('val_')}"], strict=True)
                assert steps == (1, 2)
                assert told == pytest.approx(values, rel=1e-6)
    assert (known.events / "run-2-of-2" / "train").is_dir()


def test_tensorboard_has_scores_and_hyperparameters(known: Tracked) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.metadata import parse_session_end_info_plugin_data as ended
    from tensorboard.plugins.hparams.metadata import parse_session_start_info_plugin_data as began
    from tensorboard.util.tensor_util import make_ndarray

    manifest = known.model.training.manifest
    assert scalars(known.events)["test/rmse"] == [
        (0, pytest.approx(manifest.scores["test"]["mlp"]["rmse"], rel=1e-6))
    ]
    assert scalars(known.events / "fold-2-of-2")["test/rmse"] == [
        (0, pytest.approx(manifest.cross_validation["scores"]["mlp"]["rmse"][1], rel=1e-6))
    ]
    read = EventAccumulator(str(known.events))
    read.Reload()
    content = read.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    assert began(content).hparams["hidden"].string_value == "4"
    assert began(content).hparams["epochs"].number_value == 2
    content = read.SummaryMetadata("_hparams_/session_end_info").plugin_data.content
    assert ended(content).status == 1  # STATUS_SUCCESS
    text = make_ndarray(read.Tensors("warnings")[0].tensor_proto).item().decode()
    assert all(finding.says in text for finding in manifest.warnings)


def test_a_stream_is_logged_alike(
    keras: Any, table: Path, tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "events"))
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "streams")
    model = mlp_edge.train(table, stream=True, log=("tensorboard", "mlflow"), **SETTINGS)
    (run,) = runs(store, "streams")
    assert run.data.metrics["test/rmse"] == model.training.scores["test"]["mlp"]["rmse"]
    (events,) = (tmp_path / "events").iterdir()
    assert [step for step, _ in scalars(events / "train")["epoch_loss"]] == [1, 2]


def test_accuracy_has_its_interval(keras: Any, store: str) -> None:
    model = mlp_edge.train("iris", epochs=1, recipe="tutorial", log="mlflow")
    (run,) = runs(store)
    found = model.evaluate(metrics="accuracy", plots=False).intervals["mlp"]["accuracy"]
    ends = [run.data.metrics[f"test/accuracy_{end}"] for end in ("low", "high")]
    assert ends == pytest.approx(found)


def test_every_trial_of_a_search_is_a_run(keras: Any, store: str, table: Path) -> None:
    settings = {name: value for name, value in SETTINGS.items() if name != "hidden"}
    model = mlp_edge.train(table, tune=2, cv=2, log="mlflow", **settings)
    parent, *trials = runs(store)
    tuned = model.training.tuned
    assert [run.info.run_name for run in trials] == ["trial 0", "trial 1"]
    for run, trial in zip(trials, tuned.trials, strict=True):
        assert run.data.metrics["folds/rmse"] == trial.score
        assert run.data.params["hidden"] == (",".join(map(str, trial.hidden)) or "none")
    assert parent.data.params["hidden"] == (",".join(map(str, tuned.recipe.hidden)) or "none")


def test_a_server_that_is_down_costs_a_warning(
    typed: Type, folder: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    result = typed("train", table, "--target", "price", "--missing", "rooms=-1", "--epochs", 1,
                   "--recipe", "tutorial", "--log", "mlflow", "--json", "-q")  # fmt: skip
    assert result.code == 0, result.err
    assert json.loads(result.out)["name"] == "homes"
    (warning,) = result.err.splitlines()
    assert warning.startswith(
        "warning: mlflow was not told parameters, curves, scores, warnings, nested runs, "
        "model directory ("
    )
    assert warning.endswith("; the model is whole, in model")
    assert "secret" not in warning
    assert mlp_edge.open("model").training.manifest.name == "homes"


def test_artifacts_that_cannot_be_stored_leave_the_rest(
    keras: Any, table: Path, tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    (tmp_path / "taken").touch()
    MlflowClient(store).create_experiment("full", f"file://{tmp_path}/taken/artifacts")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "full")
    model = mlp_edge.train(table, log="mlflow", **SETTINGS)
    (finding,) = model.training.unlogged
    assert finding.says.startswith("mlflow was not told model directory (")
    assert finding in model.training.findings
    (run,) = runs(store, "full")
    assert run.info.status == "FINISHED"
    assert "test/rmse" in run.data.metrics


class Stopping(Observer):
    """Ends a training in its second epoch."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def fits(self) -> Any:
        from contextlib import nullcontext

        def stage(title: str, epochs: int) -> Any:
            def watch(number: int, logs: Mapping[str, float]) -> None:
                if number == 2:
                    raise self.error

            return watch

        return nullcontext(stage)


@pytest.mark.parametrize(
    ("error", "status"),
    [(KeyboardInterrupt(), "KILLED"), (RecipeError("the training diverged"), "FAILED")],
)
def test_a_training_that_ends_early_says_so(
    keras: Any, table: Path, tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch,
    error: BaseException, status: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "events"))
    with pytest.raises(type(error)):
        mlp_edge.train(
            table, out=tmp_path / "model", log=("mlflow", "tensorboard"),
            observer=Stopping(error), **SETTINGS,
        )  # fmt: skip
    assert not (tmp_path / "model").exists()
    (run,) = runs(store)
    assert (run.info.run_name, run.info.status) == ("homes", status)
    assert "loss" in run.data.metrics
    assert run.data.tags.get("mlflow.note.content", "") == str(error)
    (events,) = (tmp_path / "events").iterdir()
    assert [step for step, _ in scalars(events / "train")["epoch_loss"]] == [1]


def test_a_run_that_is_open_gets_it_nested(keras: Any, table: Path, store: str) -> None:
    import mlflow

    mlflow.set_tracking_uri(store)
    try:
        with mlflow.start_run(run_name="mine") as mine:
            mlp_edge.train(table, log="mlflow", **SETTINGS)
            assert mlflow.active_run().info.run_id == mine.info.run_id
    finally:
        mlflow.set_tracking_uri(None)
    _, nested = runs(store)
    assert nested.data.tags["mlflow.parentRunId"] == mine.info.run_id


def test_a_library_that_is_missing_is_named_before_anything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for library in TRACKERS:
        monkeypatch.setitem(sys.modules, library, None)
        with pytest.raises(MissingError, match=rf"pip install 'mlp-edge\[{library}\]'"):
            mlp_edge.train("iris", out=tmp_path / "model", log=library)
    assert not list(tmp_path.iterdir())


def test_the_libraries_are_those_that_settings_name() -> None:
    assert tuple(TRACKERS) == plan.TRACKERS
    with pytest.raises(RecipeError, match="`log='wandb'` is not one of mlflow, tensorboard"):
        mlp_edge.train("iris", log="wandb")


def test_a_trial_that_failed_is_a_failed_run() -> None:
    from mlp_edge.api.tracking import tracked as module
    from mlp_edge.training.recipe import Recipe
    from mlp_edge.training.search.trials import Trial, Tuned

    best = Trial(0, (4,), None, 0.0, 0.0, False, 33, (1.0, 2.0))
    wide = Trial(1, (), 0.1, 0.0, 0.0, False, 8, (), "too large")
    first, second = module._trials(Tuned((best, wide), best, Recipe(), "rmse"))
    assert first.scores == {"parameters": 33.0, "folds/rmse": 1.5, "folds/rmse_sd": 0.5**0.5}
    assert second == TrackedRun(
        "trial 1", {"hidden": "none", "learning_rate": 0.1, "dropout": 0.0, "l2": 0.0,
                    "batch_normalization": False},
        {"parameters": 8.0}, status=FAILED, failure="too large",
    )  # fmt: skip
