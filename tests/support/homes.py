"""A table of homes and a model of them that needs no training.

It has numbers, a category, a fill, a sentinel and two classes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mlp_edge import export as exporters
from mlp_edge.feature import Feature
from support.networks import encoded

FEATURES = (
    Feature("area", 0.0, 500.0),
    Feature("kind", categories=("flat", "house", "hut, small"), codes=(0, 1, 2), fill=1.0),
    Feature("year", 1900.0, 2020.0, sentinel=-1.0, fill=1970.0),
    Feature("rooms", 1.0, 9.0),
)


class Homes(NamedTuple):
    """A model, a table and what is written of it."""

    model: Path
    table: Path
    scored: Path
    columns: Any


def homes_model(path: Path) -> Path:
    """An ONNX file of the model."""
    mlp = encoded(
        FEATURES, (12, 8), task="binary", labels=("cheap", "dear, =x"), targets=("price",), seed=3
    )
    path.write_bytes(exporters.onnx.export(mlp))
    return path


def home_rows() -> list[list[str]]:
    """Cells of 4,000 homes: id, area, kind, year, rooms, price."""
    random = np.random.default_rng(5)
    kinds = ("flat", "house", "tent", "", "NA")
    return [
        [
            f"h{number}",
            f"{random.uniform(0, 600):.{random.integers(0, 5)}f}",
            kinds[int(random.choice(5, p=[0.5, 0.4, 0.05, 0.03, 0.02]))],
            str(random.choice(["1950", "1999", "-1", "", "?", "2050"])),
            str(random.integers(1, 12)),
            "cheap" if random.random() < 0.5 else "dear",
        ]
        for number in range(4000)
    ]
