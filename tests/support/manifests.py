"""A manifest with a bit of everything."""

from __future__ import annotations

from mlp_edge.feature import Feature
from mlp_edge.files.manifest import Manifest
from mlp_edge.finding import Finding

MANIFEST = Manifest(
    name="pima",
    table="dir/pïma.csv",
    features=(
        Feature("age", 21.0, 81.0, unit="years"),
        Feature("ward", categories=("a", "b"), codes=(3, 7), fill=7.0, indicator=True),
        Feature('odd "name"\n', sentinel=-1.0, missing_words=("unread",)),
    ),
    targets=("diabetes",),
    labels=("no", "yes"),
    task="binary",
    clip=None,
    target_scale=None,
    threshold=0.5,
    seed=7,
    recipe={"hidden": (12, 8), "momentum": None},
    rows={"training": 614, "validation": 0, "test": 154},
    sample="held-out",
    scores={"test": {"mlp": {"accuracy": 0.75}}},
    baseline=None,
    prior=[0.35],
    warnings=[Finding("missing", "column 'ward': 2 of 768 readings missing")],
    versions={"mlp-edge": "0.1.0"},
    sha256={"data": "d", "weights": "w"},
    exports={"pima.h": "h"},
)
