"""Rows looked for, not only drawn: where a runtime comes closest to its bound, where labels flip.

A rounding error jumps from one float32 to the next, so no gradient leads to the worst row. What
works is a crowd: rows drawn from the ranges, the best kept, changed a little, and tried again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlp_edge.card import predicted_classes
from mlp_edge.feature import Feature
from mlp_edge.mlp import Mlp, Predict, Rows
from mlp_edge.parity.compare import AFFORDABLE
from mlp_edge.parity.rows import boundary
from mlp_edge.proof.accuracy import Accuracy
from mlp_edge.proof.bound import LARGEST, bound, share, work
from mlp_edge.proof.declared import clipped, drawn, ranges
from mlp_edge.reference import Doubles, distance, predict

SEED = 20
ROUNDS = 8
KEPT = 16
"""The best rows of a round, from which the next is made."""
MOST = 512
"""Rows of a round."""
FOUND = 8
"""Rows that a search adds for each runtime: half the closest to their bound, half with flips."""
STEPS = (-7.0, -0.5)
"""How far a row moves in one round, as powers of ten of each feature's range: a float32 or half."""


def worst_rows(mlp: Mlp, sample: Rows, runtime: Predict, accuracy: Mapping[str, Accuracy]) -> Rows:
    """Rows (at most FOUND, inputs) of the declared ranges on which a runtime does worst.

    Args:
        mlp: the network.
        sample: real rows, at least one, with which the search begins.
        runtime: what predicts.
        accuracy: of its activations.
    """
    random = np.random.default_rng(SEED)
    low, high = (np.clip(end, -LARGEST, LARGEST) for end in ranges(mlp, sample))
    rows = np.vstack([sample[: MOST // 2], drawn(mlp.features, low, high, MOST, random)])
    best, closest = rows[:0], np.empty(0)
    for _ in range(ROUNDS):
        nearness = np.append(closest, _nearness(mlp, rows, runtime, accuracy))
        rows = np.vstack([best, rows])
        order = np.argsort(-nearness, kind="stable")[:KEPT]
        best, closest = rows[order], nearness[order]
        rows = changed(mlp.features, best, low, high, MOST, random)
    flips = _flips(mlp, sample, runtime)
    return np.ascontiguousarray(np.vstack([best[: FOUND // 2], flips[: FOUND // 2]]))


def _nearness(mlp: Mlp, rows: Rows, runtime: Predict, accuracy: Mapping[str, Accuracy]) -> Doubles:
    """The largest share of its bound (n,) that each row's answer takes, up to a factor.

    Where a bound takes long, the error itself is looked at: bounds differ less from row to row.
    """
    off = distance(runtime(rows).astype(np.float64), predict(mlp, rows))
    if work(mlp) <= AFFORDABLE:
        off = share(off, bound(mlp, rows, accuracy))
    return np.asarray(off.max(axis=1))


def changed(
    features: Sequence[Feature],
    best: Rows,
    low: Doubles,
    high: Doubles,
    count: int,
    random: np.random.Generator,
) -> Rows:
    """Children of the best: some readings of each moved, by a step of its own; categories drawn."""
    parents = best[random.integers(len(best), size=count)]
    picked = random.random(parents.shape) < random.uniform(0.1, 1.0, (count, 1))
    steps = 10.0 ** random.uniform(*STEPS, (count, 1)) * random.normal(size=parents.shape)
    moved = clipped(parents + steps * (high - low), low, high)
    fresh = drawn(features, low, high, count, random)
    category = np.array([bool(feature.codes) for feature in features])
    return np.where(picked, np.where(category, fresh, moved), parents)


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
    before, after = (predicted_classes(mlp.task, mlp.threshold, each) for each in (exact, got))
    return np.asarray(rows[before != after])
