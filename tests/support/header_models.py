"""Networks whose headers are compiled: every activation, every task, every encoding."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlp_edge.feature import Feature
from mlp_edge.mlp import Mlp
from support.networks import ANY_SUM, encoded, network

PENGUINS = (
    Feature("bill", 32.1, 59.6, fill=45.0, indicator=True),
    Feature("island", categories=("Biscoe", "Dream", "Torgersen"), codes=(0, 1, 2)),
    Feature("depth", 13.1, 21.5, sentinel=-999.0),
    Feature("anything"),
)


def models() -> Iterator[Mlp]:
    for name in ANY_SUM:
        yield network((3, 9, 5, 2), name, "regression", name=f"{name}_")
    for task in ("binary", "multiclass"):
        mlp = network((5, 6, 1 if task == "binary" else 4), task=task, name=task)  # type: ignore[arg-type]
        yield mlp
    yield encoded(PENGUINS, name="penguins", outputs=2, clip=(-1.0, 0.5))
    yield network((1, 16, 16, 1), task="regression", standardised=False, name="sine")


MODELS = {mlp.name: mlp for mlp in models()}


def memory_width(header: str) -> int:
    """How many numbers the array holds that the layers of a header share."""
    found = re.search(r"enum \{ memory_size = (.*) \};", header)
    assert found
    assert "memory[memory_size];" in header
    sizes = dict(re.findall(r"^#define (\w+) (\d+)$", header, re.MULTILINE))
    return sum(int(sizes[name]) for name in found[1].split(" + "))
