"""Two fits of one network, held against each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat
from typing import Any

import numpy as np
import pytest

from mlp_edge.training.backends.program import Part
from mlp_edge.training.recipe import Recipe

Logs = list[dict[str, float]]


OUTPUTS = {"regression": 1, "binary": 1, "multiclass": 3}


def data(task: str, rows: int, seed: int = 0) -> Part:
    random = np.random.default_rng(seed)
    readings = random.normal(3, 2, (rows, 4)).astype(np.float32)
    hidden = readings @ random.normal(0, 1, (4, 3)).astype(np.float32)
    noisy = hidden + random.normal(0, 1, hidden.shape).astype(np.float32)
    if task == "multiclass":
        return Part(readings, np.eye(3, dtype=np.float32)[noisy.argmax(axis=1)])
    if task == "binary":
        return Part(readings, (noisy[:, :1] > noisy[:, :1].mean()).astype(np.float32))
    return Part(readings, noisy[:, :1])


def recipe_of(task: str, **changes: Any) -> Recipe:
    recipe = Recipe(hidden=(5,), activation="tanh", epochs=1)
    return replace(recipe, **changes).resolved(task)  # type: ignore[arg-type]


def in_order(part: Part) -> Iterator[np.ndarray]:
    return repeat(np.arange(len(part.rows), dtype=np.int32))


def state(model: Any) -> list[np.ndarray]:
    return [
        variable.value.numpy().copy() for variable in (*model.variables, *model.optimizer.variables)
    ]


def assert_same_history(got: Logs, expected: Logs) -> None:
    assert [list(logs) for logs in got] == [list(logs) for logs in expected]
    for ours, theirs in zip(got, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-7)


def assert_close(ours: Any, stock: Any, most: float = 1e-5) -> None:
    """Every weight and every state of the optimizer, relative to the largest of its array.

    Not to each number's own size: a bias that began at 0 may have come back to 1e-6.
    """
    for own, theirs in zip(state(ours), state(stock), strict=True):
        assert np.abs(own - theirs).max() <= most * np.abs(theirs).max()


def ignore(*_: Any) -> None:
    """Watch nothing."""


def bits(model: Any) -> list[bytes]:
    return [array.tobytes() for array in state(model)]
