"""How good a model is, as a report says it: scores, curves, and what a threshold makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.api.evaluation.evaluating import TRAINED_ON
from mlp_edge.api.evaluation.evaluation import Evaluation
from mlp_edge.api.evaluation.score_sheets import TITLES
from mlp_edge.api.evaluation.scored_rows import ScoredRows
from mlp_edge.api.reporting.numbers import short, shorts, thinned
from mlp_edge.plots.calibration import binned
from mlp_edge.plots.curves import PRECISION_RECALL, ROC, Kind
from mlp_edge.training.scoring.resampling import resampled
from mlp_edge.training.scoring.scores import DEFAULT_METRICS, METRICS

THRESHOLDS = 100
"""Thresholds are tried in steps of 1 / so many."""
OF_SEVERAL = "r2"
"""The score that several targets may share: it has no unit."""
MOST_CLASSES = 20
"""Classes up to which each has its curves."""


def scores(found: Evaluation) -> dict[str, Any]:
    """What an evaluation has found, with what can be drawn of it."""
    scored = found.scored
    classes = scored.manifest.task != "regression"
    table = None if found.table is None else Path(found.table).name
    trained_on = any(each.kind == TRAINED_ON for each in found.notes)
    return {
        "rows": len(scored.predicted),
        "unanswered": found.unanswered,
        "on": rows_called(found),
        "table": table and {"source": table, "sha256": scored.examples.table.sha256},
        "trained_on": scored.manifest.rows["training"] if trained_on else 0,
        "runtime": found.runtime,
        "metrics": _metrics(scored, "mlp"),
        "baselines": [
            {"name": name, "metrics": _metrics(scored, name)}
            for name in scored.scores if name != "mlp"
        ],
        "per_class": _records(scored.per_class),
        "per_target": _records(scored.per_target),
        "confusion": _confusion(scored),
        "roc": _curves(scored, ROC) if classes else None,
        "precision_recall": _curves(scored, PRECISION_RECALL) if classes else None,
        "calibration": _calibration(scored) if classes else None,
        "thresholds": _thresholds(scored) if scored.manifest.task == "binary" else None,
        "residuals": None if classes else _residuals(scored),
        "findings": [
            {"kind": each.kind, "text": _without_path(each.says, found.table),
             "columns": list(each.columns)}
            for each in (*found.notes, *found.findings)
        ],
    }  # fmt: skip


def rows_called(found: Evaluation) -> str:
    """What the rows of an evaluation are called: those of a table by its name, not its path."""
    if found.table is not None:
        return f"rows of {Path(found.table).name}"
    return TITLES.get(found.scored.part, found.scored.part)


def _without_path(text: str, table: str | None) -> str:
    """A sentence with the name of a table where its path stood: a report holds no path."""
    return text if table is None else text.replace(table, Path(table).name)


def _metrics(scored: ScoredRows, model: str) -> list[dict[str, Any]]:
    """The scores of a model; of several targets none that adds up their units."""
    ranges = _intervals(scored, model)
    several = len(scored.manifest.targets) > 1
    return [
        {
            "name": name,
            "value": short(value),
            "low": short(ranges[name][0]) if name in ranges else None,
            "high": short(ranges[name][1]) if name in ranges else None,
            "more_is_better": METRICS[name].more_is_better,
        }
        for name, value in scored.scores[model].items()
        if not several or name == OF_SEVERAL
    ]


def _intervals(scored: ScoredRows, model: str) -> Mapping[str, tuple[float, float]]:
    """Of the accuracy by a formula; of the other main scores of a model by drawing rows."""
    known = scored.intervals.get(model, {})
    if model == "prior":
        return known
    names = [name for name in DEFAULT_METRICS[scored.manifest.task] if name not in known]
    return {**resampled(names, *scored.models[model]), **known}


def _records(found: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    if found is None:
        return None
    return [
        {key: short(value) if isinstance(value, float) else value for key, value in each.items()}
        for each in found
    ]


def _confusion(scored: ScoredRows) -> dict[str, Any] | None:
    if scored.confusion is None:
        return None
    return {"labels": list(scored.manifest.labels), "counts": scored.confusion.tolist()}


class Ranked(NamedTuple):
    """What a curve is drawn of.

    Attributes:
        model: "mlp" or "linear".
        label: of the class.
        true: which rows are of it (n,).
        given: the probability that each was given (n,).
    """

    model: str
    label: str
    true: NDArray[np.bool_]
    given: NDArray[np.float64]


def _ranked(scored: ScoredRows) -> list[Ranked]:
    """The second of two classes, of which the outputs speak, by both models; each of several."""
    truth, outputs = scored.models["mlp"]
    labels = scored.manifest.labels
    exact = outputs.astype(np.float64)
    if scored.manifest.task == "binary":
        true, straight = truth.targets == 1, scored.straight
        found = [Ranked("mlp", labels[1], true, exact[:, 0])]
        if straight is not None:
            found.append(Ranked("linear", labels[1], true, straight[:, 0].astype(np.float64)))
        return found
    return [
        Ranked("mlp", label, truth.targets == index, exact[:, index])
        for index, label in enumerate(labels[:MOST_CLASSES])
    ]


def _curves(scored: ScoredRows, kind: Kind) -> list[dict[str, Any]]:
    """A curve for each class of which there are rows, and rows of others."""
    found = []
    for model, label, true, given in _ranked(scored):
        if true.all() or not true.any():
            continue
        curve = kind.of(true, given)
        places = list(thinned(len(curve.x)))
        x, y = shorts(curve.x[places]), shorts(curve.y[places])
        area = short(curve.area)
        found.append({"model": model, "label": label, "x": x, "y": y, "area": area})
    return found


def _calibration(scored: ScoredRows) -> dict[str, Any]:
    """Claims and what came, in bins: of the positive class, or of several of the predicted one."""
    truth, outputs = scored.models["mlp"]
    if scored.manifest.task == "binary":
        _, _, true, given = _ranked(scored)[0]
    else:
        given, true = outputs.max(axis=1).astype(float), outputs.argmax(axis=1) == truth.targets
    bins = binned(given, true)
    before = scored.manifest.inner_folds or {}
    inner = before.get("scores", {}).get("test", {}).get("before", {})
    return {
        "of": scored.manifest.labels[1] if scored.manifest.task == "binary" else None,
        "bins": [
            {"said": short(said), "came": short(came), "low": short(low), "high": short(high)}
            for said, came, low, high in zip(*bins, strict=True)
        ],
        "ece_before": short(inner.get("ece")),
        "ece_after": short(scored.scores["mlp"].get("ece")),
    }


def _thresholds(scored: ScoredRows) -> list[dict[str, Any]]:
    """Counts at thresholds that somebody may want to try, and at the model's own."""
    true = _ranked(scored)[0].true
    given = scored.models["mlp"][1][:, 0]
    steps = {np.float32(step / THRESHOLDS) for step in range(1, THRESHOLDS)}
    return [
        _counts(true, given > threshold, threshold)
        for threshold in sorted({*steps, scored.threshold})
    ]


def _counts(
    true: NDArray[np.bool_], called: NDArray[np.bool_], threshold: np.float32
) -> dict[str, Any]:
    return {
        "threshold": short(threshold),
        "tp": int((called & true).sum()),
        "fp": int((called & ~true).sum()),
        "fn": int((~called & true).sum()),
        "tn": int((~called & ~true).sum()),
    }


def _residuals(scored: ScoredRows) -> list[dict[str, Any]]:
    """Of each target some rows: what is true and what was predicted."""
    truth, outputs = scored.models["mlp"]
    places = list(thinned(len(outputs)))
    return [
        {
            "target": name,
            "true": shorts(truth.targets[places, index]),
            "predicted": shorts(outputs[places, index]),
        }
        for index, name in enumerate(scored.manifest.targets)
    ]
