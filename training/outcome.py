"""What a training leaves: the network, its description, and the files of a model directory."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge import __version__
from mlp_edge.card import Card
from mlp_edge.data.choices import Choices
from mlp_edge.data.splitting.times import IN_TIME, time_column
from mlp_edge.encoding import Encoding
from mlp_edge.files.calibration import calibration_npz
from mlp_edge.files.manifest import Manifest
from mlp_edge.files.writing import csv_text
from mlp_edge.finding import Finding
from mlp_edge.mlp import Mlp
from mlp_edge.proof.monotone import directions, of_network
from mlp_edge.readers.keras_file import read_network
from mlp_edge.readers.model_directory import CALIBRATION, HISTORY, MANIFEST, MODEL, SAMPLE, TUNING
from mlp_edge.readers.sample_file import sample_csv
from mlp_edge.settings import settings_of
from mlp_edge.training.cross_validation import FoldScores, compared_by
from mlp_edge.training.deciding import Run, score_member
from mlp_edge.training.fitting import predict_batches
from mlp_edge.training.keras_bytes import keras_bytes
from mlp_edge.training.network import HISTORY_METRIC, with_processing
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.run import (
    Job,
    calibration_rows,
    named_mlp,
    predictions,
    score_baselines,
    straight,
)
from mlp_edge.training.scoring.advice import advice, fold_advice
from mlp_edge.training.scoring.baseline import Linear, prior
from mlp_edge.training.search.front import Sized
from mlp_edge.training.search.trials import Tuned, tuning_csv

SAMPLE_ROWS = 200
"""How many training rows stand in sample.csv when nothing was held out."""
SETTLED = (*(each.name for each in settings_of(Choices)), "task")
"""Settings beside the recipe that a saved model keeps when training goes on from it."""


@dataclass(frozen=True, eq=False)
class Trained:
    """What a training leaves.

    Attributes:
        mlp: the first run's network.
        manifest: its description.
        files: name -> content, for a model directory.
        runs: each run's seed and its scores by part.
        job: what was trained.
        first: the run that is kept.
        linear: the baseline.
        tuned: what the search found, if there was one.
        sized: what the search for the size found, if there was one.
    """

    mlp: Mlp
    manifest: Manifest
    files: Mapping[str, bytes]
    runs: Sequence[Mapping[str, Any]]
    job: Job
    first: Run
    linear: Linear
    tuned: Tuned | None
    sized: Sized | None = None


def outcome(
    job: Job, first: Run, runs: Sequence[Mapping[str, Any]], linear: Linear,
    folds: FoldScores | None = None, tuned: Tuned | None = None,
) -> Trained:  # fmt: skip
    """Describe the first run's model.

    Args:
        job: what was trained.
        first: the run that is kept.
        runs: each run's seed and scores.
        linear: the fitted baseline.
        folds: what cross-validation found, if it was asked for.
        tuned: what the search for the recipe found, if there was one.
    """
    preprocessed = job.preprocessed
    encoding = Encoding.of(preprocessed.features)
    whole = with_processing(
        first.model, encoding, preprocessed.clip, HISTORY_METRIC[job.examples.task]
    )
    content = keras_bytes(whole)
    mlp = _mlp(job, content, first.threshold)
    sample, origin = _sample_rows(job)
    scores = _all_scores(job, first, runs, linear)
    warnings = (*job.findings, *_advice(job, first, linear, folds, tuned))
    manifest = _manifest(job, mlp, scores, linear, origin, warnings)
    manifest = replace(
        manifest,
        cross_validation=None if folds is None else folds.to_dict(),
        tuning=None if tuned is None else tuned.to_dict(),
        inner_folds=first.decision.to_dict(),
        pruned=asdict(first.pruned) if first.pruned.says else None,
        split=_split(job),
    )
    rows = job.examples.rows[sample]
    cells = [job.examples.cells[index] for index in sample]
    ids = {name: job.table.column(name)[sample].tolist() for name in job.examples.ids}
    if job.recipe.weight is not None and job.examples.weights is not None:
        # As numbers, since a table may have decimal commas and sample.csv never does.
        ids[job.recipe.weight] = [str(weight) for weight in job.examples.weights[sample].tolist()]
    files = {
        MODEL: content,
        MANIFEST: manifest.to_json().encode(),
        HISTORY: _history_csv(first.fitted.history),
        SAMPLE: sample_csv(Card.of(mlp), rows, cells, predict_batches(whole, rows), ids),
    }
    if job.calibration:
        kept = calibration_rows(job.parts, job.recipe.seed)
        files[CALIBRATION] = calibration_npz(job.examples.rows[kept], job.examples.targets[kept])
    if tuned is not None:
        files[TUNING] = tuning_csv(tuned)
    return Trained(mlp, manifest, files, runs, job, first, linear, tuned)


def with_given(trained: Trained, given: Mapping[str, Any], saved: Manifest | None) -> Trained:
    """What a training leaves, and what somebody said of its table beside the recipe.

    Args:
        trained: what it leaves.
        given: what was said now.
        saved: of the model that training went on from, whose columns and task stay; None of none.
    """
    start = None
    if saved is not None:
        start = saved.sha256["weights"]
        given = {name: saved.given[name] for name in SETTLED if name in saved.given} | dict(given)
    return _told(trained, replace(trained.manifest, given=given, start=start))


def with_size(trained: Trained, sized: Sized) -> Trained:
    """What a training leaves, and what the search for its size found."""
    return replace(_told(trained, replace(trained.manifest, fit=sized.to_dict())), sized=sized)


def _told(trained: Trained, manifest: Manifest) -> Trained:
    files = {**trained.files, MANIFEST: manifest.to_json().encode()}
    return replace(trained, manifest=manifest, files=files)


def _advice(
    job: Job, first: Run, linear: Linear, folds: FoldScores | None, tuned: Tuned | None
) -> list[Finding]:  # fmt: skip
    """What is said about the model, by its held-out rows and by the folds."""
    every = np.arange(len(job.examples.rows))
    found = list(
        advice(
            job.examples, job.scored, predictions(job, first.model, every),
            straight(job, linear, every), first.threshold, job.recipe,
        )
    )  # fmt: skip
    if folds is not None:
        # Every row of the table says more than the few that were held out.
        found = [finding for finding in found if finding.kind != "linear"]
        metric = compared_by(job.recipe, job.examples.task)
        ours, theirs = (folds.values[model][metric] for model in ("mlp", "linear"))
        found += fold_advice(metric, ours, theirs, folds.trained, folds.tested)
    elif tuned is not None:
        best, theirs = tuned.best.folds, tuned.baseline
        found += fold_advice(tuned.metric, best, theirs, tuned.trained, tuned.tested)
    # Without hidden layers the model is a linear one itself.
    return [finding for finding in found if job.recipe.hidden or finding.kind != "linear"]


def _manifest(
    job: Job, mlp: Mlp, scores: Mapping[str, Any], linear: Linear, origin: str,
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
        target_scale=None if job.preprocessed.scale is None else job.preprocessed.scale.to_dict(),
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
        baseline=linear.to_dict(),
        prior=prior(job.examples, parts),
        warnings=warnings,
        versions=versions(),
        sha256={"data": job.table.sha256, "weights": mlp.weights_sha256},
        missing_targets=job.examples.missing_targets,
        monotone=_proved(mlp, job.recipe),
    )


def _proved(mlp: Mlp, recipe: Recipe) -> dict[str, str]:
    """The columns that the recipe constrains, each proved of the network as it is saved."""
    names = [feature.name for feature in mlp.features]
    wanted = directions(recipe.monotone)
    for column, sign in wanted.items():
        if not of_network(mlp, names.index(column)).hold(sign):
            raise RuntimeError(f"the trained weights do not keep the direction of {column!r}")
    return {column: "+" if sign > 0 else "-" for column, sign in wanted.items()}


def _split(job: Job) -> dict[str, Any]:
    """How the rows were split: by what, by which column, and where each later part begins."""
    recipe, when = job.recipe, job.examples.when
    if when is None:
        return {"by": "random" if recipe.group is None else "group", "column": recipe.group}
    column = time_column(recipe.split)
    begins = {}
    for part, rows in (("validation", job.parts.validation), ("test", job.parts.test)):
        if len(rows):
            first = rows[np.argmin(when[rows])]
            cell = None if column is None else str(job.table.column(column)[first]).strip()
            begins[part] = {job.table.counts: int(job.table.lines[first]), "cell": cell}
    return {"by": IN_TIME, "column": column, "from": begins}


def _all_scores(
    job: Job, first: Run, runs: Sequence[Mapping[str, Any]], linear: Linear
) -> dict[str, Any]:
    """Part -> model -> metric -> value, and every run where there are several."""
    scores: dict[str, Any] = {}
    for part, rows in job.scored.items():
        scores[part] = {
            "mlp": runs[0][part],
            **score_member(job, first, rows),
            **score_baselines(job, linear, rows),
        }
    if len(runs) > 1:
        scores["runs"] = runs
    return scores


def _mlp(job: Job, content: bytes, threshold: np.float32) -> Mlp:
    """The network as it reads back from the file that will be saved."""
    with tempfile.TemporaryDirectory(prefix="mlp-edge-") as directory:
        path = Path(directory) / MODEL
        path.write_bytes(content)
        network = read_network(path)
    return named_mlp(job, network.scaling, network.layers, threshold)


def _sample_rows(job: Job) -> tuple[NDArray[np.int64], str]:
    """The rows of sample.csv and where they come from."""
    if len(job.parts.test):
        return job.parts.test, "held-out"
    return job.parts.training[:SAMPLE_ROWS], "training"


def _history_csv(history: list[dict[str, float]]) -> bytes:
    rows = [
        [epoch, *(f"{value:.9g}" for value in logs.values())]
        for epoch, logs in enumerate(history, start=1)
    ]
    return csv_text([["epoch", *history[0]], *rows]).encode()


def versions() -> dict[str, str]:
    """Of the packages that train."""
    packages = ("tensorflow", "keras", "numpy")
    return {
        "mlp-edge": __version__,
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }
