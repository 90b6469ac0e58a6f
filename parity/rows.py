"""The rows that every artifact is tested on: real rows, and stress rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mlp_edge.card import predicted_classes
from mlp_edge.feature import LARGEST_FLOAT
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.proof.declared import ranges
from mlp_edge.reference import Doubles, predict, trace

SAMPLE_ROWS = 1000
"""At most so many real rows; predicting one at a time through Keras takes a millisecond each."""
PROBED = 48
"""At most so many features are driven to their extremes and units to their kink, per layer."""
SPECIAL = 16
"""At most so many features, and codes of one, get the readings that mean something of their own."""
BOUNDARY_ROWS = 24
FAR = (10.0, 100.0)
"""How many times its range a feature leaves it by."""
HUGE = (1e24, 1e30, 1e36)
"""Sizes of sums that float32 still holds, and that kernels have made NaN of."""
TINY = np.float32(1e-40)
"""A subnormal float32."""


def stress_rows(mlp: Mlp, sample: Rows) -> Rows:
    """Rows (n, inputs) where runtimes come apart if they do: extremes, kinks, boundaries.

    Args:
        mlp: the network.
        sample: real rows, at least one; kinks and boundaries are searched between them.
    """
    low, high = ranges(mlp, sample)
    middle = _middle(mlp, sample, low)
    groups = [
        _extremes(middle, low, high),
        _corners(mlp, middle, low, high),
        _huge(mlp, middle, low, high),
        _kinks(mlp, sample),
        boundary(mlp, sample),
        _special(mlp, middle),
        _ends(mlp, middle),
    ]
    with np.errstate(over="ignore"):
        rows = np.vstack([group for group in groups if len(group)]).astype(np.float32)
    return np.ascontiguousarray(rows)


def _middle(mlp: Mlp, sample: Rows, low: Doubles) -> Doubles:
    """A reading in the middle of each feature (inputs,): the median, or a category's first code."""
    known = np.where(mlp.encoding.missing(sample), np.nan, sample).astype(np.float64)
    known[0] = np.where(np.isnan(known).all(axis=0), low, known[0])
    middle = np.asarray(np.nanmedian(known, axis=0))
    for index, feature in enumerate(mlp.features):
        middle[index] = feature.codes[0] if feature.codes else middle[index]
    return middle


def _special(mlp: Mlp, middle: Doubles) -> Doubles:
    """Readings that mean something of their own: docs/explanation/semantics.md has them all."""
    rows = []
    for index in spread(mlp.inputs, SPECIAL):
        feature = mlp.features[index]
        readings = [np.nan]
        if feature.sentinel is not None:
            readings.append(feature.sentinel)
        if feature.kind == "category":
            readings += [feature.unknown_code, feature.codes[0] + 0.5, *feature.codes[:SPECIAL]]
        else:
            readings += [np.inf, -np.inf]
        for reading in readings:
            row = middle.copy()
            row[index] = reading
            rows.append(row)
    return np.array([*rows, np.full(mlp.inputs, np.nan)])


def _ends(mlp: Mlp, middle: Doubles) -> Doubles:
    """Every number an infinity, or the largest of float32: sums overflow, and infinities meet."""
    number = np.array([feature.kind != "category" for feature in mlp.features])
    turns = np.where(np.arange(mlp.inputs) % 2, -1.0, 1.0)
    ends = [
        sign * end
        for end in (np.inf, LARGEST_FLOAT)
        for sign in (np.abs(turns), -np.abs(turns), turns)
    ]
    return np.array([np.where(number, end, middle) for end in ends])


def _extremes(middle: Doubles, low: Doubles, high: Doubles) -> Doubles:
    """Each feature at its lowest and its highest, the others in the middle."""
    chosen = spread(len(middle), PROBED)
    rows = np.tile(middle, (2 * len(chosen), 1))
    for number, feature in enumerate(chosen):
        rows[2 * number, feature] = low[feature]
        rows[2 * number + 1, feature] = high[feature]
    return rows


def _corners(mlp: Mlp, middle: Doubles, low: Doubles, high: Doubles) -> Doubles:
    """All low, all high, zeros of both signs, subnormals, and far outside the range."""
    width = high - low
    # A subnormal may count as 0, so it must not stand where a 0 means something else.
    meant = [feature.sentinel == 0 or 0 in feature.codes for feature in mlp.features]
    tiny = np.where(meant, middle, TINY)
    rows = [low, high, 0 * middle, -0.0 * np.ones_like(middle), tiny]
    for factor in FAR:
        rows += [low - factor * width, high + factor * width]
        # Features that leave their range in opposite directions do not all saturate.
        signs = np.where(np.arange(len(middle)) % 2, 1.0, -1.0)
        rows += [middle + factor * signs * width, middle - factor * signs * width]
    return np.array(rows)


def _huge(mlp: Mlp, middle: Doubles, low: Doubles, high: Doubles) -> Doubles:
    """Rows whose largest sum in a layer is about as large as each of ``HUGE``, where one can be.

    All readings leave the middle, up or down or in turn, and no sum on the way leaves float32.
    """
    turns = np.where(np.arange(len(middle)) % 2, 1.0, -1.0)
    width = np.where(high > low, high - low, 1.0)
    directions = [sign * turn * width for turn in (np.ones(len(middle)), turns) for sign in (1, -1)]
    steps = 2.0 ** np.arange(64, 127)
    found = []
    for direction in directions:
        rows = middle + steps[:, None] * (direction / np.abs(direction).max())
        sums = np.array([np.abs(z).max(axis=1) for z, _ in trace(mlp, rows)])
        whole = sums.max(axis=0) < LARGEST_FLOAT / 16
        for layer in sums:
            near = [int(np.argmin(np.abs(np.log(np.maximum(layer, 1) / size)))) for size in HUGE]
            found += [rows[place] for place in near if whole[place] and layer[place] > HUGE[0] / 2]
    return np.unique(np.array(found, np.float64).reshape(-1, mlp.inputs), axis=0)


def _kinks(mlp: Mlp, sample: Rows) -> Doubles:
    """Rows at which a unit's sum is nearly zero, for the units of every hidden layer."""
    sums = [z for z, _ in trace(mlp, sample)][:-1]
    starts, ends, layers, units = [], [], [], []
    for layer, z in enumerate(sums):
        for unit in spread(z.shape[1], PROBED):
            below, above = np.argmin(z[:, unit]), np.argmax(z[:, unit])
            if z[below, unit] < 0 < z[above, unit]:
                starts.append(sample[below])
                ends.append(sample[above])
                layers.append(layer)
                units.append(unit)
    if not starts:
        return np.empty((0, mlp.inputs))
    number = np.arange(len(starts))

    def above_zero(rows: Doubles) -> NDArray[np.bool_]:
        stack = [z for z, _ in trace(mlp, rows)]
        return np.array([stack[layers[i]][i, units[i]] > 0 for i in number])

    return _bisect(np.array(starts), np.array(ends), above_zero)


def boundary(mlp: Mlp, sample: Rows) -> Doubles:
    """Rows at which the label changes, between real rows of different labels."""
    if mlp.task == "regression":
        return np.empty((0, mlp.inputs))
    labels = predicted_classes(mlp.task, mlp.threshold, predict(mlp, sample))
    other = np.flatnonzero(labels != labels[0])
    same = np.flatnonzero(labels == labels[0])
    count = min(BOUNDARY_ROWS, len(other), len(same))
    if not count:
        return np.empty((0, mlp.inputs))
    start, end = sample[same[:count]], sample[other[:count]]

    def changed(rows: Doubles) -> NDArray[np.bool_]:
        classes = predicted_classes(mlp.task, mlp.threshold, predict(mlp, rows))
        return np.asarray(classes != labels[0])

    return _bisect(start, end, changed)


def _bisect(
    start: NDArray[np.floating],
    end: NDArray[np.floating],
    beyond: Callable[[Doubles], NDArray[np.bool_]],
) -> Doubles:
    """Points between start and end (k, inputs), within 2⁻⁴⁰ of where ``beyond`` becomes true."""
    start, end = start.astype(np.float64), end.astype(np.float64)
    near, far = np.zeros(len(start)), np.ones(len(start))
    for _ in range(40):
        middle = (near + far) / 2
        passed = beyond(start + middle[:, None] * (end - start))
        near, far = np.where(passed, near, middle), np.where(passed, middle, far)
    return np.asarray(start + ((near + far) / 2)[:, None] * (end - start))


def spread(count: int, most: int) -> NDArray[np.intp]:
    """At most ``most`` of the indices 0 … count-1, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.intp))
