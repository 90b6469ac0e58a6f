"""README.md of a model directory: a model card as Hugging Face shows it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from mlp_edge import lazy
from mlp_edge.files.writing import plain
from mlp_edge.report.papers.markdown import Markdown, code, listed, rendered, table

Facts = Mapping[str, Any]
"""What report.json holds."""

MARK = "<!-- Written by mlp-edge report. Remove this line to keep the page as you edit it. -->"
"""It begins as readers/report_files.py has it: a later report may replace a page that has it."""
METRICS = {
    "auc": ("roc_auc", "ROC AUC"), "average_precision": ("average_precision", "average precision"),
    "balanced_accuracy": ("balanced_accuracy", "balanced accuracy"),
    "f1": ("f1", "F1"),
    "brier": ("brier_score", "Brier score"), "ece": ("ece", "expected calibration error"),
    "log_loss": ("log_loss", "log loss"), "mae": ("mae", "MAE"), "mse": ("mse", "MSE"),
    "r2": ("r_squared", "R²"), "rmse": ("rmse", "RMSE"),
}  # fmt: skip
"""Metric -> what it is called among those of Hugging Face, and in prose."""
LIBRARIES = {".keras": "keras", ".tflite": "tflite", ".onnx": "onnx", ".h": "c",
             ".js": "javascript", ".py": "micropython"}  # fmt: skip
"""Suffix of a file -> the tag of what runs it."""
BASELINES = {"linear": "a linear model", "prior": "a constant"}
WIDE = 12
"""Features up to which a row is spelled out in the examples."""
_SET = re.compile(r"[a-z0-9][a-z0-9_-]*")


def model_card(facts: Facts) -> str:
    """The card: metadata in YAML, then plain sections.

    Args:
        facts: what report.json holds.

    Raises:
        MissingError: when the extra is not installed.
    """
    yaml = lazy.require("yaml", "report")
    head = yaml.safe_dump(
        plain(metadata(facts)), sort_keys=False, allow_unicode=True, width=math.inf
    )
    body = rendered(
        "model_card.md.jinja",
        mark=Markdown(MARK),
        facts=facts,
        features=_features(facts),
        scores=_scores(facts),
        relies=_relies(facts),
        lost=_metric((facts["importance_of"] or {"metric": ""})["metric"])[1],
        limits=_limits(facts),
        proof=_proof(facts),
        cost=_cost(facts),
        run=_run(facts),
    )
    return f"---\n{head}---\n\n{body}"


def metadata(facts: Facts) -> dict[str, Any]:
    """The metadata of the card, as Hugging Face names it.

    No license is among it: only the model's owner can say one.
    """
    model, data = facts["model"], facts["data"]
    kind = "tabular-regression" if model["task"] == "regression" else "tabular-classification"
    suffixes = {PurePosixPath(each["path"]).suffix for each in facts["files"]}
    tags = [tag for suffix, tag in LIBRARIES.items() if suffix in suffixes]
    found: dict[str, Any] = {
        "library_name": "mlp-edge",
        "pipeline_tag": kind,
        "tags": [kind, "mlp", *tags],
    }
    if model["imported"] is None and _SET.fullmatch(data["source"]):  # no file's name
        found["datasets"] = [data["source"]]
    if facts["scores"] is not None:
        found["model-index"] = [{"name": model["name"], "results": [_result(facts, kind)]}]
    return found


def _result(facts: Facts, kind: str) -> dict[str, Any]:
    """The scores as a model index has them, with the table whose rows were scored."""
    scores = facts["scores"]
    data = scores["table"] or facts["data"]
    return {
        "task": {"type": kind, "name": f"predict {', '.join(facts['model']['targets'])}"},
        "dataset": {
            "type": data["source"],
            "name": data["source"],
            "split": scores["on"],
            "revision": data["sha256"],
            "args": {"rows": scores["rows"]},
        },
        "metrics": [
            {
                "type": _metric(each["name"])[0],
                "name": _metric(each["name"])[1],
                "value": each["value"],
                **_interval(each),
            }
            for each in scores["metrics"]
            if each["value"] is not None
        ]
        + [
            {"type": _metric(name)[0], "name": f"{_metric(name)[1]} of {target}", "value": value}
            for target, name, value in target_scores(facts)
        ],
    }


def target_scores(facts: Facts) -> Iterator[tuple[str, str, float]]:
    """Of a model with several targets what each scores: target, metric, value."""
    if len(facts["model"]["targets"]) > 1:
        for each in (facts["scores"] or {}).get("per_target") or ():
            scores = {name: value for name, value in each.items() if name != "target"}
            yield from (
                (each["target"], name, value) for name, value in scores.items() if value is not None
            )


def _interval(metric: Facts) -> dict[str, Any]:
    if metric["low"] is None:
        return {}
    return {"args": {"interval": {"level": 0.95, "low": metric["low"], "high": metric["high"]}}}


def _metric(name: str) -> tuple[str, str]:
    return METRICS.get(name, (name, name.replace("_", " ")))


def _features(facts: Facts) -> str:
    columns = ("feature", "kind", "unit", "lowest", "highest", "categories", "missing",
               "a missing one counts as")  # fmt: skip
    rows = [
        (
            each["name"],
            each["kind"],
            each["unit"] or "",
            "" if each["low"] is None else each["low"],
            "" if each["high"] is None else each["high"],
            listed(each["labels"] or []),
            f"{each['missing_share']:.1%}" if each["missing_share"] else "",
            "no prediction" if each["fill"] is None else each["fill"],
        )
        for each in facts["data"]["features"]
    ]
    return table(columns, rows)


def _scores(facts: Facts) -> str:
    """The model's scores with their intervals, then the baselines'."""
    scores = facts["scores"]
    if scores is None:
        return ""
    others = [{each["name"]: each for each in one["metrics"]} for one in scores["baselines"]]
    names = [BASELINES.get(each["name"], each["name"]) for each in scores["baselines"]]
    rows = [
        (
            _metric(each["name"])[1],
            _shown(each),
            *(_shown(other.get(each["name"])) for other in others),
        )
        for each in scores["metrics"]
    ]
    rows += [
        (f"{_metric(name)[1]} of {target}", f"{value:.3g}", *(None for _ in others))
        for target, name, value in target_scores(facts)
    ]
    return table(("score", "this model", *names), rows)


def _shown(metric: Facts | None) -> Any:
    if metric is None or metric["value"] is None:
        return None
    if metric["low"] is None:
        return f"{metric['value']:.3g}"
    return f"{metric['value']:.3f} ({metric['low']:.3f} to {metric['high']:.3f})"


def _relies(facts: Facts) -> list[str]:
    """The features on which predictions rely most, the first of all first."""
    found = facts["importance"] or []
    return [each["feature"] for each in found[:3] if each["mean"] > 2 * (each["se"] or 0)]


def _proof(facts: Facts) -> str:
    columns = ("file", "runs on", "data type", "rows", "proved bound", "largest difference",
               "other labels", "verdict")  # fmt: skip
    rows = [
        (
            each["artifact"],
            each["runtime"],
            each["dtype"],
            each["rows"],
            "the same bits" if each["held_to"] == "bits" else each["bound"],
            each["largest"],
            each["labels"],
            each["verdict"],
        )
        for each in (facts["proof"] or {}).get("records", [])
    ]
    return table(columns, rows)


def _cost(facts: Facts) -> str:
    """What the header takes: boards on which it takes the same stand in one row."""
    kinds: dict[tuple[Any, ...], list[str]] = {}
    for each in facts["cost"] or []:
        taken = (each["dtype"], each["flash"], each["ram"], _time(each), each["fits"])
        kinds.setdefault(taken, []).append(each["board"])
    rows = [(listed(boards), *taken) for taken, boards in kinds.items()]
    return table(("boards", "data type", "flash in bytes", "RAM in bytes", "a prediction takes",
                  "fits"), rows)  # fmt: skip


def _time(cost: Facts) -> str | None:
    """What a prediction takes: time where cycles are known, else instructions."""
    if cost["us"] is not None:
        return f"{cost['us'] / 1000:.3g} ms"
    return None if cost["instructions"] is None else f"{cost['instructions']:,} instructions"


def _run(facts: Facts) -> dict[str, Any]:
    """What the examples show: the files that are there, and an ordinary row."""
    name, features = facts["model"]["name"], facts["data"]["features"]
    paths = {each["path"] for each in facts["files"]}
    short = len(features) <= WIDE
    return {
        "name": name,
        "row": _row(features) if short else None,
        "readings": code(", ".join(_reading(each) for each in features)) if short else None,
        "has": [suffix for suffix in LIBRARIES if f"exports/{name}{suffix}" in paths],
    }


def _row(features: Sequence[Facts]) -> str:
    """An ordinary row by name, as a dict of Python."""
    cells = {
        each["name"]: each["labels"][0] if each["labels"] else float(_reading(each))
        for each in features
    }
    return code(repr(cells))


def _reading(feature: Facts) -> str:
    """An ordinary reading: the median where it is known, of a category the first code."""
    if feature["codes"]:
        return f"{feature['codes'][0]:g}"
    if feature["quartiles"]:
        return f"{feature['quartiles'][1]:g}"
    if feature["low"] is None or feature["high"] is None:
        return "0"
    return f"{(feature['low'] + feature['high']) / 2:g}"


def _limits(facts: Facts) -> list[str]:
    """What was found in the table and in the model, once each."""
    found = [*facts["data"]["warnings"], *(facts["scores"] or {}).get("findings", [])]
    return list(dict.fromkeys(each["text"] for each in found))
