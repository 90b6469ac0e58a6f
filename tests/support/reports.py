"""Facts of a report, made up: what ``report.json`` holds of a model that nobody trained."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from mlp_edge.report.playground import Fragment

Facts = dict[str, Any]
NAMES = ("width", "colour", "height")
LABELS = ("no", "yes")
ATTACKS = (
    "</script><img src=x onerror=alert(1)>",
    "</title></style>\"'><b onclick=alert(2)>{{ 7 * 191 }}",
    "\u202egnp.\u2066 \u05d0\n\r\x1b[31m\u2028" + "x" * 300,
)
"""Names and labels of somebody who wants more than to be read."""
FRAGMENT = Fragment(
    Markup(
        '<section id="playground" aria-labelledby="playground-title"><h2 id="playground-title">'
        'Playground</h2><p id="ran">-</p></section>'
    ),
    "#ran { color: var(--text) }",
    ('document.getElementById("ran").textContent = "ran";', "globalThis.second = 2;"),
)
"""What stands for a playground."""


def facts(names: Sequence[str] = NAMES, labels: Sequence[str] = LABELS) -> Facts:
    """Of a network with three features, of which the second is a category.

    Args:
        names: of the features.
        labels: of the classes; none make a regression of it.
    """
    task = {0: "regression", 2: "binary"}.get(len(labels), "multiclass")
    outputs = max(1, len(labels)) if task == "multiclass" else 1
    return {
        "format": "mlp-edge report",
        "version": 1,
        "verdict": {
            "sentence": f"net predicts {names[0]}; proved: 2 files predict what it does.",
            "proved": True,
            "better": True,
        },
        "model": _model(task, names, labels, outputs),
        "data": _data(names),
        "predicted_by": {"runtime": "onnxruntime", "dtype": "float32", "artifact": "net.onnx"},
        "scores": _scores(task, names, labels),
        "importance": [
            {"feature": names[0], "mean": 0.2, "se": 0.02, "correlated_with": [names[2]]},
            {"feature": names[1], "mean": 0.1, "se": 0.03, "correlated_with": []},
            {"feature": names[2], "mean": -0.01, "se": 0.02, "correlated_with": [names[0]]},
        ],
        "importance_of": {"metric": "log_loss", "rows": 50, "standardised": False},
        "dependence": _dependence(names, outputs),
        "dependence_on": {"rows": 50, "part": "held-out rows"},
        "history": {
            "epochs": [1, 2, 3],
            "train": {"loss": [0.7, 0.5, 0.4]},
            "validation": {"loss": [0.7, None, 0.5]},
        },
        "proof": _proof(outputs),
        "cost": [_cost("uno", "float32"), _cost("uno", "int8"), _cost("pico", "int8")],
        "files": [{"path": "model.json", "bytes": 5123, "sha256": "c" * 64}],
        "versions": {"trained": {"mlp-edge": "0.1.0"}, "report": {"mlp-edge": "0.1.0"}},
        "commands": {
            "train": f"mlp-edge train net.csv --target {names[0]}",
            "export": ["mlp-edge export"],
            "parity": "mlp-edge parity",
            "report": "mlp-edge report",
        },
        "absent": {"cost": ["esp8266, int8: nothing simulates it"]},
    }


def without_parts(whole: Facts) -> Facts:
    """The same of a model of which nothing was measured or proved."""
    reason = ["nothing was done"]
    absent = dict.fromkeys(("scores", "importance", "dependence", "proof", "cost"), reason)
    return {
        **whole,
        "verdict": {"sentence": "Nothing is known of net.", "proved": False, "better": None},
        "scores": None, "importance": [], "importance_of": None, "dependence": [],
        "history": None, "proof": None, "cost": [], "absent": absent,
    }  # fmt: skip


def _model(task: str, names: Sequence[str], labels: Sequence[str], outputs: int) -> Facts:
    return {
        "name": "net",
        "task": task,
        "targets": [f"{names[0]} target"],
        "classes": [*labels],
        "features": [*names],
        "topology": f"4-30-{outputs}",
        "layers": [
            {"units": 30, "activation": "relu", "reads": [0], "times": None},
            {"units": outputs, "activation": "sigmoid", "reads": [1], "times": None},
        ],
        "heads": [2],
        "inputs": 4,
        "parameters": 1234,
        "weights_sha256": "a" * 64,
        "threshold": 0.5 if task == "binary" else None,
        "temperature": 1.25 if labels else None,
        "clip": None if labels else [0.0, 10.0],
        "monotone": {names[2]: "+"},
        "recipe": {"hidden": [30], "learning_rate": None, "standardize": True, "recipe": "auto"},
        "imported": None,
        "start": None,
        "trained": {"rows": 1100, "validation": 50, "test": 50, "seed": 7, "split": None},
    }


def _data(names: Sequence[str]) -> Facts:
    number = {
        "kind": "number", "unit": "mm", "low": -1.5, "high": 12.0, "labels": None, "codes": None,
        "fill": 2.5, "sentinel": -99.0, "indicator": True, "missing_share": 0.125, "mean": 3.2,
        "sd": 1.1, "quartiles": [1.0, 3.0, 5.5], "counts": None,
    }  # fmt: skip
    category = {
        **number, "kind": "category", "unit": None, "low": None, "high": None,
        "labels": [names[0], "blue"], "codes": [0, 1], "fill": names[0], "sentinel": None,
        "mean": None, "sd": None, "quartiles": None, "counts": [1000, 100],
    }  # fmt: skip
    exact = {**number, "unit": None, "fill": None, "sentinel": None, "missing_share": 0.0}
    return {
        "source": f"{names[2]}.csv",
        "sha256": "b" * 64,
        "rows": 1200,
        "described": {"rows": 1100, "part": "training rows"},
        "features": [
            {"name": name, **each}
            for name, each in zip(names, (number, category, exact), strict=True)
        ],
        "warnings": [
            {"kind": "outliers", "text": f"column '{names[0]}': 3 outliers", "columns": [names[0]]}
        ],
    }


def _scores(task: str, names: Sequence[str], labels: Sequence[str]) -> Facts:
    classes = task != "regression"
    name, value = ("accuracy", 0.8) if classes else ("rmse", 1.5)
    metric = {"name": name, "value": value, "low": 0.7, "high": 0.9, "more_is_better": classes}
    other = {**metric, "name": "log_loss", "low": None, "high": None, "more_is_better": False}
    baseline = [{**metric, "value": 0.75}, {**other, "value": None}]
    curve = {"x": [0.0, 0.2, 1.0], "y": [0.0, 0.8, 1.0], "area": 0.8}
    models = ("mlp", "linear") if task == "binary" else ("mlp",)
    curves = [
        {"model": model, "label": label, **curve}
        for model in models
        for label in (labels[1:] if task == "binary" else labels)
    ]
    bins = [{"said": share, "came": share, "low": share / 2, "high": 1.0} for share in (0.2, 0.8)]
    steps = [step / 100 for step in range(1, 100)]
    return {
        "rows": 50,
        "unanswered": 2,
        "on": "held-out rows", "table": None, "trained_on": 0,
        "runtime": "onnxruntime",
        "metrics": [metric, other],
        "baselines": [{"name": model, "metrics": baseline} for model in ("linear", "prior")],
        "per_class": [
            {"label": label, "rows": 1500, "precision": 0.9, "auc": None} for label in labels
        ] if classes else None,
        "per_target": None if classes else [
            {"target": name, "rmse": 1.5, "r2": 0.5} for name in names[:2]
        ],
        "confusion": {
            "labels": [*labels],
            "counts": [[9, 3], [6, 6]] if task == "binary" else
            [[10 if true == said else 2 for said in labels] for true in labels],
        } if classes else None,
        "roc": curves if classes else None,
        "precision_recall": curves if classes else None,
        "calibration": {"of": None, "bins": bins, "ece_before": 0.2, "ece_after": 0.1}
        if classes else None,
        "thresholds": [
            {"threshold": step, "tp": round(12 * (1 - step)), "fn": 12 - round(12 * (1 - step)),
             "fp": round(12 * (1 - step) ** 2), "tn": 12 - round(12 * (1 - step) ** 2)}
            for step in steps
        ] if task == "binary" else None,
        "residuals": None if classes else [
            {"target": names[0], "true": [1.0, 2.0, 3.0], "predicted": [1.1, 2.2, None]}
        ],
        "findings": [
            {"kind": "linear", "text": f"'{names[0]}' would do alone", "columns": [names[0]]}
        ],
    }  # fmt: skip


def _dependence(names: Sequence[str], outputs: int) -> list[Facts]:
    return [
        {
            "feature": name,
            "kind": kind,
            "grid": grid,
            "mean": [[0.2 + 0.1 * output, 0.6] for output in range(outputs)],
            "missing": [0.375] * outputs if kind == "category" else None,
        }
        for name, kind, grid in zip(
            names, ("number", "category", "number"), ([0.0, 4.0], [names[0], "blue"], [1.0, 2.0]),
            strict=True,
        )
    ]  # fmt: skip


def _proof(outputs: int) -> Facts:
    floats = {
        "artifact": "net.onnx", "runtime": "onnxruntime", "dtype": "float32", "held_to": "bound",
        "rows": 310, "bound": 4e-6, "largest": 1e-7, "used": 0.25, "same_bits": None,
        "from_original": 1e-7, "labels": 0, "verdict": "PASS", "says": [], "missing": None,
    }  # fmt: skip
    bits = {
        **floats, "artifact": "net_int8.h", "runtime": "c", "dtype": "int8", "held_to": "bits",
        "bound": None, "largest": None, "used": None, "same_bits": 310,
    }  # fmt: skip
    failed = {**bits, "same_bits": 300, "verdict": "FAIL", "says": ["10 rows have other bits"]}
    skipped = {
        **floats, "runtime": "litert", "held_to": None, "rows": None, "bound": None,
        "largest": None, "used": None, "labels": None, "verdict": "SKIP", "missing": "a package",
    }  # fmt: skip
    return {
        "passed": True,
        "records": [floats, bits, failed, skipped],
        "certificate": {
            "proves": True, "bounds": [5e-5] * outputs, "from_original": [1e-4] * outputs,
            "of_range": 0.0001, "boxes": 12, "ranges": {},
        },
        "labels": {"table": "net.csv", "rows": 1200, "unanswered": 0, "doubtful": 2},
        "monotone": [{"column": "height", "holds": True}],
        "searched": True,
        "left_out": 3,
        "versions": {},
        "sha256": "d" * 64,
    }  # fmt: skip


def _cost(board: str, dtype: str) -> Facts:
    return {
        "board": board, "part": "ATmega328P", "dtype": dtype, "flash": 3096, "ram": 148,
        "stack": 148, "cycles": None, "instructions": 7040, "us": 440.0 if board == "uno" else None,
        "clock": 16_000_000, "flash_size": 32_256, "ram_size": 2048, "fits": board == "uno",
    }  # fmt: skip


VARIANTS = {
    "binary": facts(),
    "classes": facts(labels=("setosa", "versicolor", "virginica")),
    "regression": facts(labels=()),
    "hostile": facts(ATTACKS, (*ATTACKS, "fourth")),
    "hostile binary": facts(ATTACKS, ATTACKS[:2]),
    "nothing": without_parts(facts()),
}


FILES = Path(__file__).parents[2] / "docs" / "reference" / "files.md"
BY_NAMES = {"monotone", "recipe", "split", "ranges", "trained", "report", "versions", "absent",
            "train", "validation", "per_class", "per_target", "readings",
            "truth"}  # fmt: skip
"""Keys behind which features, settings, packages, metrics or columns are keys."""


def keys(value: Any) -> Iterator[str]:
    """Every key of a document, but names that stand for keys."""
    if isinstance(value, list):
        for item in value:
            yield from keys(item)
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            if key not in BY_NAMES:
                yield from keys(item)


def described(section: str) -> set[str]:
    """The keys that a section of the reference describes."""
    text = FILES.read_text("utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"`([^`]+)`", text))
