"""What a report finds out by asking the model: scores, importance and partial dependence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlp_edge.api.evaluation.evaluating import evaluate, without_rows
from mlp_edge.api.observer import Observer
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.reporting.dependence import MOST_FEATURES, dependence
from mlp_edge.api.reporting.numbers import short
from mlp_edge.api.reporting.report_settings import ReportSettings
from mlp_edge.api.reporting.score_facts import rows_called, scores
from mlp_edge.api.sample import has_sample, rows_of
from mlp_edge.api.settings import EvaluationSettings, Reading
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.runtime.load import load, named_runtime

if TYPE_CHECKING:
    from mlp_edge.api.evaluation.evaluation import Evaluation
    from mlp_edge.mlp import Rows
    from mlp_edge.runtime.predictor import Predictor

FASTEST = ("onnxruntime", "c", "litert", "js")
"""What predicts: the first whose float32 export is there, and which this machine has."""
Absent = dict[str, list[str]]
"""Part of a report -> what it lacks, and why, a sentence each."""


def predicted(
    model: OpenedModel,
    directory: ModelDirectory,
    table: Any,
    settings: ReportSettings,
    reading: Reading,
    observer: Observer,
    absent: Absent,
) -> dict[str, Any]:
    """Scores on rows whose targets are known, what they rest on, and what moves predictions.

    Args:
        model: of the directory.
        directory: with exports, or none.
        table: rows with their targets, as ``read_any`` takes them; None for the held-out rows.
        settings: what predicts.
        reading: how the table is written.
        observer: follows.
        absent: is told what there is no way to find out.

    Raises:
        InputError: for a table that does not fit.
        ModelError: for an export that is missing or damaged.
        MissingError: without scikit-learn, or without what is to predict.
    """
    features = directory.manifest.features
    runtime = settings.runtime or _fastest(directory)
    found = None
    without = without_rows(directory.manifest) if table is None else None
    if without is None:
        chosen = EvaluationSettings(runtime=runtime, plots=False)
        found = evaluate(model, table, chosen, reading, trust=settings.trust, observer=observer)
    else:
        absent["scores"] = [without]
    with load(directory.path, runtime, settings.trust) as predictor:
        with observer.step("shuffling columns"):
            shuffled = _importance(found, predictor, absent)
        rows, called = _rows(model, directory, found, predictor)
        ranked = [each["feature"] for each in shuffled["importance"]]
        with observer.step("moving readings"):
            moved = dependence(features, rows, predictor.predict, ranked)
        by = {"runtime": predictor.runtime, "dtype": predictor.card.dtype,
              "artifact": predictor.path.name}  # fmt: skip
    if len(moved) < len(features):
        absent["dependence"] = [f"of {len(features)} features the {MOST_FEATURES} that count most"]
    return {
        "predicted_by": by,
        "scores": None if found is None else scores(found),
        **shuffled,
        "dependence": moved,
        "dependence_on": {"rows": len(rows), "part": called},
    }


def _fastest(directory: ModelDirectory) -> str | None:
    """The runtime of the fastest export; None where there is none, for the original."""
    manifest = directory.manifest
    for name in FASTEST:
        runtime = named_runtime(name)
        if f"{manifest.name}{runtime.reads}" in manifest.exports and runtime.missing() is None:
            return name
    return None


def _importance(found: Evaluation | None, predictor: Predictor, absent: Absent) -> dict[str, Any]:
    """Which features the score rests on; nothing where these rows do not tell."""
    nothing: dict[str, Any] = {"importance": [], "importance_of": None}
    if found is None:
        return nothing
    from mlp_edge.training.scoring.importance import BY, importance

    scored = found.scored
    features, metric = scored.manifest.features, BY[scored.manifest.task]
    rows = scored.examples.rows[scored.predicted]
    if len(rows) < 2:
        absent["importance"] = ["one row leaves nothing to shuffle"]
        return nothing
    shuffled = importance(features, rows, scored.truth, predictor.predict, metric)
    others = {name: {*group} - {name} for group in shuffled.alike for name in group}
    names = [feature.name for feature in features]
    records = [
        {
            "feature": name,
            "mean": short(mean),
            "se": short(error),
            "correlated_with": [each for each in names if each in others.get(name, ())],
        }
        for name, (mean, error) in shuffled.columns.items()
    ]
    by = {"metric": metric, "rows": shuffled.rows, "standardised": shuffled.standardised}
    return {"importance": records, "importance_of": by}


def _rows(
    model: OpenedModel, directory: ModelDirectory, found: Evaluation | None, predictor: Predictor
) -> tuple[Rows, str]:
    """Rows with a prediction in which readings are moved, and what they are called."""
    if found is not None:
        scored = found.scored
        return scored.examples.rows[scored.predicted], rows_called(found)
    rows = rows_of(directory, model.mlp)
    known = rows[np.isfinite(predictor.predict(rows)).all(axis=1)]
    return known, f"{directory.manifest.sample} rows" if has_sample(directory) else "drawn rows"
