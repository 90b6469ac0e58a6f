"""MLflow: a run with its model directory, sent once that is written."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlp_edge.api.tracking.tracked import Epoch, TrackedRun
from mlp_edge.lazy import require

NO_TELEMETRY = ("MLFLOW_DISABLE_TELEMETRY", "true")
"""A variable and its value; whoever wants telemetry sets it to false."""
RETRIES = ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
"""Unless somebody says: MLflow's own 7 wait four minutes for a server that is down."""
RUN = "MLFLOW_RUN_ID"
"""The variable by which ``mlflow run`` names the run that it has begun."""
METRICS, PARAMETERS = 1000, 100
"""As many as MLflow takes at once."""
NOTE = 8000
"""Characters of a note that MLflow keeps."""
DIGEST = 36
"""Characters of a data set's digest that MLflow keeps; the parameter data_sha256 has all."""
ARTIFACT = "model"
"""The folder of the run that holds the model directory."""


class MLflow:
    """A run of the experiment that MLflow's own variables and calls choose; parts as nested runs.

    A server is asked nothing before the model is written: it can neither delay a training nor end
    one.
    """

    pieces: tuple[str, ...] = (
        "parameters",
        "curves",
        "scores",
        "warnings",
        "nested runs",
        "model directory",
    )

    def __init__(self, name: str) -> None:
        os.environ.setdefault(*NO_TELEMETRY)
        require("mlflow", "mlflow")
        self.run_id = ""

    def epoch(self, fit: str, epoch: Epoch) -> None:
        """Nothing; ``log`` sends all epochs, each with its time."""

    @property
    def where(self) -> str:
        """The run's id and its server."""
        return f"mlflow: run {self.run_id} in {_mlflow().get_tracking_uri()}"

    def log(self, run: TrackedRun, began: float, model: Path | None) -> Iterator[str]:
        """Send a run. A part is sent in one piece, as the others are of no use without it."""
        with _calm():
            client, active = _mlflow().MlflowClient(), _mlflow().active_run()
            experiment, parent = _experiment(), None if active is None else active.info.run_id
            begun = None if active is not None else os.environ.pop(RUN, None)
            self.run_id = begun or _created(client, experiment, run, began, parent)
            try:
                yield from _sent(client, self.run_id, run)
                for part in run.nested:
                    nested = _created(client, experiment, part, began, self.run_id)
                    for _ in _sent(client, nested, part):
                        pass
                    client.set_terminated(nested, part.status)
                yield "nested runs"
                if model is not None:
                    client.log_artifacts(self.run_id, str(model), ARTIFACT)
                yield "model directory"
            finally:
                client.set_terminated(self.run_id, run.status)


def _mlflow() -> Any:
    return require("mlflow", "mlflow")


@contextmanager
def _calm() -> Iterator[None]:
    """Fewer attempts at a server that is down, and warnings alone of what MLflow does."""
    logger, given = logging.getLogger("mlflow"), os.environ.get(RETRIES[0])
    level = logger.level
    logger.setLevel(logging.WARNING)
    os.environ.setdefault(*RETRIES)
    try:
        yield
    finally:
        logger.setLevel(level)
        if given is None:
            del os.environ[RETRIES[0]]


def _experiment() -> str:
    """The experiment of ``mlflow.set_experiment``, of MLflow's variables, or its default."""
    active = _mlflow().active_run()
    if active is not None:
        return str(active.info.experiment_id)
    # start_run(), which asks this, could not say when the training began.
    return str(require("mlflow.tracking.fluent", "mlflow")._get_experiment_id())


def _created(
    client: Any, experiment: str, run: TrackedRun, began: float, parent: str | None
) -> str:
    """A new run that began when the training did; its id."""
    tags = require("mlflow.tracking.context.registry", "mlflow").resolve_tags()
    if parent is not None:
        tags["mlflow.parentRunId"] = parent
    made = client.create_run(experiment, _milliseconds(began), tags, run.name)
    return str(made.info.run_id)


def _sent(client: Any, run_id: str, run: TrackedRun) -> Iterator[str]:
    """Send what a run holds but for its parts, and give each piece that was sent."""
    entities, now = require("mlflow.entities", "mlflow"), _milliseconds(time.time())
    if run.table is not None:
        client.log_inputs(run_id, datasets=[_dataset(entities, *run.table)])
    settings = [entities.Param(name, str(value)) for name, value in run.parameters.items()]
    for part in _slices(settings, PARAMETERS):
        client.log_batch(run_id, params=part)
    yield "parameters"
    curve = [
        entities.Metric(name, value, _milliseconds(epoch.when), epoch.number)
        for epoch in run.curve
        for name, value in epoch.logs.items()
    ]
    for part in _slices(curve, METRICS):
        client.log_batch(run_id, metrics=part)
    yield "curves"
    scores = [entities.Metric(name, value, now, 0) for name, value in run.scores.items()]
    for part in _slices(scores, METRICS):
        client.log_batch(run_id, metrics=part)
    yield "scores"
    tags = [entities.RunTag(name, text) for name, text in _tags(run).items()]
    if tags:
        client.log_batch(run_id, tags=tags)
    yield "warnings"


def _tags(run: TrackedRun) -> dict[str, str]:
    """The note that stands above a run, and what runs are searched by."""
    note = run.failure or "\n".join(f"- {each.says}" for each in run.warnings)
    kinds = ",".join(dict.fromkeys(each.kind for each in run.warnings))
    found = {"mlflow.note.content": note[:NOTE], "warnings": kinds}
    return {name: text for name, text in found.items() if text}


def _dataset(entities: Any, source: str, sha256: str) -> Any:
    """The table, as MLflow shows data sets of a run."""
    table = entities.Dataset(Path(source).name, sha256[:DIGEST], "local", source)
    context = entities.InputTag("mlflow.data.context", "training")
    return entities.DatasetInput(table, [context])


def _slices(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (values[start : start + size] for start in range(0, len(values), size))


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)
