"""Rows looked for, not only drawn: where a runtime comes closest to its bound, where labels flip.

A rounding error jumps from one float32 to the next, so no gradient leads to the worst row. What
works is a crowd: rows drawn from the ranges, the best kept, changed a little, and tried again.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mlp_edge.accuracy import Accuracy
from mlp_edge.bound import bound
from mlp_edge.mlp import Mlp, Predict, Rows
from mlp_edge.parity.compare import distance, share
from mlp_edge.parity.rows import boundary, chosen, ranges
from mlp_edge.reference import Doubles, predict

SEED = 20
ROUNDS = 8
KEPT = 16
"""The best rows of a round, from which the next is made."""
MOST = 512
"""Rows of a round."""
EFFORT = 2e8
"""Multiply-adds, roughly, that a search may take; wide networks get fewer rows for it."""
FOUND = 8
"""Rows that a search adds for each runtime: half the closest to their bound, half with flips."""
STEP = 1e-3
"""How far a row moves in one round, as a share of each feature's range."""


def worst_rows(mlp: Mlp, sample: Rows, runtime: Predict, accuracy: Mapping[str, Accuracy]) -> Rows:
    """Rows (at most FOUND, inputs) of the declared ranges on which a runtime does worst.

    Args:
        mlp: the network.
        sample: real rows, at least one, with which the search begins.
        runtime: what predicts.
        accuracy: of its activations.
    """
    random = np.random.default_rng(SEED)
    low, high = ranges(mlp, sample)
    size = rows_affordable(mlp)
    rows = np.vstack([sample[: size // 2], _drawn(mlp, low, high, size, random)])
    best, closest = rows[:0], np.empty(0)
    for _ in range(ROUNDS):
        rows = np.vstack([best, rows])
        nearness = np.append(closest, _nearness(mlp, rows[len(best) :], runtime, accuracy))
        order = np.argsort(-nearness, kind="stable")[:KEPT]
        best, closest = rows[order], nearness[order]
        rows = _changed(mlp, best, low, high, size, random)
    flips = _flips(mlp, sample, runtime)
    return np.ascontiguousarray(np.vstack([best[: FOUND // 2], flips[: FOUND // 2]]))


def rows_affordable(mlp: Mlp) -> int:
    """Rows of one round, so that the whole search keeps to its effort."""
    symbols = mlp.encoding.width + sum(layer.outputs for layer in mlp.layers)
    return int(np.clip(EFFORT / (ROUNDS * symbols * mlp.parameters / 2), KEPT, MOST))


def _nearness(mlp: Mlp, rows: Rows, runtime: Predict, accuracy: Mapping[str, Accuracy]) -> Doubles:
    """The largest share of its bound (n,) that each row's answer takes."""
    off = distance(runtime(rows).astype(np.float64), predict(mlp, rows))
    return np.asarray(share(off, bound(mlp, rows, accuracy)).max(axis=1))


def _drawn(mlp: Mlp, low: Doubles, high: Doubles, count: int, random: np.random.Generator) -> Rows:
    rows = random.uniform(low, high, (count, len(low)))
    for index, feature in enumerate(mlp.features):
        if feature.codes:
            rows[:, index] = random.choice(feature.codes, count)
    return _within(rows, low, high)


def _changed(
    mlp: Mlp, best: Rows, low: Doubles, high: Doubles, count: int, random: np.random.Generator
) -> Rows:
    """Children of the best: each moved a little, and in half of them one reading drawn anew."""
    parents = best[random.integers(len(best), size=count)]
    numbers = np.array([not feature.codes for feature in mlp.features])
    moved = parents + STEP * (high - low) * numbers * random.normal(size=parents.shape)
    fresh = _drawn(mlp, low, high, count, random)
    one = np.arange(len(low)) == random.integers(len(low), size=(count, 1))
    again = one & (random.random((count, 1)) < 0.5)
    return np.where(again, fresh, _within(moved, low, high))


def _within(rows: NDArray[np.floating], low: Doubles, high: Doubles) -> Rows:
    with np.errstate(over="ignore"):
        return np.asarray(np.clip(rows, low, high), np.float32)


def _flips(mlp: Mlp, sample: Rows, runtime: Predict) -> Rows:
    """Rows beside the boundary that the runtime labels otherwise than the reference."""
    with np.errstate(over="ignore"):
        near = boundary(mlp, sample).astype(np.float32)
    if not len(near):
        return near
    beside = [near]
    for toward in (-np.inf, np.inf):
        stepped = near
        for _ in range(ROUNDS):
            stepped = np.nextafter(stepped, np.float32(toward))
            beside.append(stepped)
    rows = np.vstack(beside)
    exact, got = predict(mlp, rows), runtime(rows).astype(np.float64)
    return np.asarray(rows[chosen(mlp, got) != chosen(mlp, exact)])
