"""What a training leaves: the network, its description, and the files of a model directory."""

from __future__ import annotations

import csv
import io
import platform
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge import __version__
from mlp_edge.calibration import calibration_npz
from mlp_edge.card import Card
from mlp_edge.data.table import Table
from mlp_edge.encoding import Encoding
from mlp_edge.finding import Finding
from mlp_edge.keras_file import read_network
from mlp_edge.manifest import Manifest
from mlp_edge.mlp import DEFAULT_THRESHOLD, Floats, Mlp
from mlp_edge.model_directory import (
    CALIBRATION,
    HISTORY,
    MANIFEST,
    MODEL,
    SAMPLE,
    sample_csv,
)
from mlp_edge.train.advice import advice
from mlp_edge.train.baseline import describe, prior
from mlp_edge.train.device import Device
from mlp_edge.train.examples import Examples, Parts
from mlp_edge.train.fitting import Fitted, predict
from mlp_edge.train.keras_bytes import keras_bytes
from mlp_edge.train.network import HISTORY_METRIC, surrounded
from mlp_edge.train.prepared import Prepared
from mlp_edge.train.recipe import Recipe
from mlp_edge.train.scores import score

SAMPLE_ROWS = 200
"""How many training rows stand in sample.csv when nothing was held out."""
CALIBRATION_ROWS = 1000
"""At most so many training rows are kept for quantisation."""


@dataclass(frozen=True, eq=False)
class Job:
    """A training that is ready to run: everything read, resolved and parted."""

    table: Table
    examples: Examples
    parts: Parts
    prepared: Prepared
    recipe: Recipe
    name: str
    device: Device
    findings: tuple[Finding, ...] = ()
    calibration: bool = True

    @property
    def scored(self) -> dict[str, NDArray[np.int64]]:
        """The row numbers of each part that has rows, by name."""
        parts = self.parts
        named = {"test": parts.test, "validation": parts.validation, "training": parts.training}
        return {name: rows for name, rows in named.items() if len(rows)}


@dataclass(frozen=True, eq=False)
class Trained:
    """What a training leaves.

    Attributes:
        mlp: the first run's network.
        manifest: its description.
        files: name -> content, for a model directory.
        reason: why the task is what it is.
        runs: each run's seed and its scores by part.
        path: which way the fits went, "compiled epochs" or "model.fit".
        device: where they ran, and why there, in a sentence.
    """

    mlp: Mlp
    manifest: Manifest
    files: Mapping[str, bytes]
    reason: str
    runs: Sequence[Mapping[str, Any]]
    path: str
    device: str


@dataclass(frozen=True, eq=False)
class Run:
    """A model that was fitted.

    Attributes:
        model: the Keras model of encoded readings.
        fitted: how it went.
        outputs: what it answers to every row, (n, outputs) float32.
    """

    model: Any
    fitted: Fitted
    outputs: Floats


def outcome(job: Job, first: Run, runs: Sequence[Mapping[str, Any]], linear: Any) -> Trained:
    """Describe the first run's model.

    Args:
        job: what was trained.
        first: the run that is kept.
        runs: each run's seed and scores.
        linear: the fitted baseline.
    """
    prepared = job.prepared
    encoding = Encoding.of(prepared.features)
    whole = surrounded(first.model, encoding, prepared.clip, HISTORY_METRIC[job.examples.task])
    content = keras_bytes(whole)
    mlp = _mlp(job, content)
    sample, origin = _sample_rows(job)
    straight = answers(job, linear)
    scores = _all_scores(job, runs, straight)
    judged = advice(job.examples, job.scored, first.outputs, straight)
    # Without hidden layers the model is a linear one itself.
    fitting = [finding for finding in judged if job.recipe.hidden or finding.kind != "linear"]
    warnings = (*job.findings, *fitting)
    manifest = _manifest(job, mlp, scores, linear, origin, warnings)
    rows = job.examples.rows[sample]
    cells = [job.examples.cells[index] for index in sample]
    files = {
        MODEL: content,
        MANIFEST: manifest.to_json().encode(),
        HISTORY: _history_csv(first.fitted.history),
        SAMPLE: sample_csv(Card.of(mlp), rows, cells, predict(whole, rows)),
    }
    if job.calibration:
        kept = _calibration_rows(job)
        files[CALIBRATION] = calibration_npz(job.examples.rows[kept], job.examples.targets[kept])
    return Trained(
        mlp, manifest, files, job.examples.reason, runs, first.fitted.path.value, job.device.says
    )


def _manifest(
    job: Job, mlp: Mlp, scores: Mapping[str, Any], linear: Any, origin: str,
    warnings: Sequence[Finding],
) -> Manifest:  # fmt: skip
    parts = job.parts
    return Manifest(
        name=mlp.name,
        table=job.table.source,
        features=mlp.features,
        targets=mlp.targets,
        labels=mlp.labels,
        task=mlp.task,
        clip=mlp.clip,
        target_scale=None if job.prepared.scale is None else job.prepared.scale.to_dict(),
        threshold=float(mlp.threshold),
        seed=job.recipe.seed,
        recipe=job.recipe.to_dict(),
        rows={
            "training": len(parts.training),
            "validation": len(parts.validation),
            "test": len(parts.test),
        },
        sample=origin,
        scores=scores,
        baseline=describe(linear, job.prepared, parts.training),
        prior=prior(job.examples, parts),
        warnings=warnings,
        versions=_versions(),
        sha256={"data": job.table.sha256, "weights": mlp.weights_sha256},
    )


def scores_of(job: Job, outputs: Floats) -> dict[str, dict[str, float]]:
    """Part -> metric -> value, for each part that has rows, of answers to every row."""
    return {part: _score(job, rows, outputs[rows]) for part, rows in job.scored.items()}


def answers(job: Job, model: Any) -> Floats:
    """What a fitted model of encoded readings answers to every row, (n, outputs) float32."""
    outputs = predict(model, job.prepared.inputs)
    return outputs if job.prepared.clip is None else np.clip(outputs, *job.prepared.clip)


def _score(job: Job, rows: NDArray[np.int64], outputs: Floats) -> dict[str, float]:
    return score(job.recipe.metrics, job.examples.truth(rows), outputs)


def _all_scores(job: Job, runs: Sequence[Mapping[str, Any]], linear: Floats) -> dict[str, Any]:
    """Part -> model -> metric -> value, and every run where there are several."""
    baseline = scores_of(job, linear)
    constant = np.array(prior(job.examples, job.parts), np.float32)
    scores: dict[str, Any] = {}
    for part, rows in job.scored.items():
        scores[part] = {
            "mlp": runs[0][part],
            "linear": baseline[part],
            "prior": _score(job, rows, np.tile(constant, (len(rows), 1))),
        }
    if len(runs) > 1:
        scores["runs"] = runs
    return scores


def _mlp(job: Job, content: bytes) -> Mlp:
    """The network as it reads back from the file that will be saved."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / MODEL
        path.write_bytes(content)
        network = read_network(path)
    examples = job.examples
    return Mlp(
        name=job.name,
        features=job.prepared.features,
        targets=examples.names,
        labels=examples.labels,
        task=examples.task,
        threshold=DEFAULT_THRESHOLD,
        scaling=network.scaling,
        layers=network.layers,
        clip=network.clip,
    )


def _sample_rows(job: Job) -> tuple[NDArray[np.int64], str]:
    """The rows of sample.csv and where they come from."""
    if len(job.parts.test):
        return job.parts.test, "held-out"
    return job.parts.training[:SAMPLE_ROWS], "training"


def _calibration_rows(job: Job) -> NDArray[np.int64]:
    """At most ``CALIBRATION_ROWS`` training rows, drawn at random by the recipe's seed."""
    training = job.parts.training
    count = min(len(training), CALIBRATION_ROWS)
    return np.sort(np.random.default_rng(job.recipe.seed).choice(training, count, replace=False))


def _history_csv(history: list[dict[str, float]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["epoch", *history[0]])
    for epoch, logs in enumerate(history, start=1):
        writer.writerow([epoch, *(f"{value:.9g}" for value in logs.values())])
    return text.getvalue().encode()


def _versions() -> dict[str, str]:
    packages = ("tensorflow", "keras", "numpy")
    return {
        "mlp-edge": __version__,
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }
