"""Stress rows for integers: at input boundaries, and beside steps of activations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlp_edge.encoding import Floats
from mlp_edge.integers.integer_reference import trace
from mlp_edge.integers.quantised import Inputs, IntegerLayer, Integers, Quantised
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.parity.rows import PROBED, spread
from mlp_edge.proof.bound import LARGEST
from mlp_edge.proof.declared import drawn, ranges
from mlp_edge.reference import Doubles

SEED = 21
DRAWN = 65536
"""Rows among which those beside a step are looked for; a step is some thousand sums wide."""
AFFORDABLE = 100_000_000
"""Multiply-adds of that search; a large network gets fewer rows."""
NEAREST = 3
"""So many rows are kept on either side of a unit's steps."""
BOUNDARIES = 4096
"""At most so many rows at boundaries of inputs: both sides of each, where a feature has 255."""
BEYOND = (1.0, 10.0)
"""How many times its range a reading leaves it by."""


def integer_rows(mlp: Mlp, quantised: Quantised, sample: Rows) -> Rows:
    """Rows (n, inputs) on which integers come apart if they do, in a mixed order.

    Args:
        mlp: the network.
        quantised: its integers.
        sample: real rows, at least one, whose other readings the rows take.
    """
    random = np.random.default_rng(SEED)
    groups = [_boundaries(mlp, quantised.inputs, sample), _steps(mlp, quantised, sample, random)]
    rows = np.vstack(groups)
    return np.ascontiguousarray(rows[random.permutation(len(rows))])


def _boundaries(mlp: Mlp, inputs: Inputs, sample: Rows) -> Rows:
    """One reading at a time: last of an integer and first of the next; the ends, and beyond."""
    numbers = mlp.encoding.numbers
    probed = spread(len(numbers), PROBED)
    each = BOUNDARIES // (2 * max(len(probed), 1))
    readings, features = [], []
    for index in probed:
        low, factor = inputs.low[index], inputs.factor[index]
        wanted = 1 + spread(inputs.high, max(each, 2)).astype(np.int64)
        first = first_value(low, factor, inputs.high, wanted)
        found = [first, np.nextafter(first, np.float32(-np.inf)), _ends(low, factor, inputs.high)]
        readings.append(np.concatenate(found))
        features.append(np.full(len(readings[-1]), numbers[index]))
    if not readings:
        return sample[:0]
    reading, feature = np.concatenate(readings), np.concatenate(features)
    rows = np.resize(sample, (len(reading), mlp.inputs)).copy()
    rows[np.arange(len(reading)), feature] = reading
    return rows


def first_value(low: np.float32, factor: np.float32, high: int, wanted: Integers) -> Floats:
    """The smallest float32 readings (n,) whose integers are at least ``wanted`` (n,).

    Readings from there on have that integer or more, as every operation rounds monotonically. So
    two ways to make integers are the same if they agree on these readings and those just below.
    """
    inputs = Inputs(np.array([low]), np.array([factor]), high)
    below = np.full(len(wanted), _ordered(np.array([-LARGEST], np.float32))[0])
    above = np.full(len(wanted), _ordered(np.array([LARGEST], np.float32))[0])
    for _ in range(33):  # float32 numbers stand in the order of their bits
        middle = (below + above) // 2
        reached = inputs.integers(_value(middle)[:, None])[:, 0] >= wanted
        below, above = np.where(reached, below, middle), np.where(reached, middle, above)
    return _value(above)


def _ordered(readings: Floats) -> Integers:
    """Integers in the order of float32 numbers, one apart where these are neighbours."""
    bits = readings.view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def _value(ordered: Integers) -> Floats:
    bits = np.where(ordered < 0, -ordered | 0x80000000, ordered)
    return bits.astype(np.uint32).view(np.float32)


def _ends(low: np.float32, factor: np.float32, high: int) -> Floats:
    """Both ends of an input's range, and far beyond them."""
    with np.errstate(over="ignore"):
        width = np.float32(high) / factor
        ends = [low, low + width]
        for times in BEYOND:
            ends += [low - np.float32(times) * width, low + np.float32(1 + times) * width]
        return np.array([*ends, -LARGEST, LARGEST, -np.inf, np.inf], np.float32)


def _steps(mlp: Mlp, quantised: Quantised, sample: Rows, random: np.random.Generator) -> Rows:
    """For units of every layer, the rows whose sums are nearest to a step, on both sides."""
    low, high = (np.clip(end, -LARGEST, LARGEST) for end in ranges(mlp, sample))
    count = int(np.clip(AFFORDABLE // mlp.parameters, 256, DRAWN)) // 2
    anew = drawn(mlp.features, low, high, count, random)
    parents = sample[random.integers(len(sample), size=count)]
    picked = random.random(parents.shape) < random.uniform(0.1, 1.0, (count, 1))
    changed = np.where(picked, drawn(mlp.features, low, high, count, random), parents)
    rows = np.vstack([sample, changed, anew])
    chosen: list[int] = []
    for layer, (sums, _) in zip(quantised.layers, trace(mlp, quantised, rows), strict=True):
        for unit in spread(layer.outputs, PROBED):
            for missing in _from_steps(layer, int(unit), sums[:, unit]):
                nearest = np.argsort(missing, kind="stable")[:NEAREST]
                chosen += nearest[np.isfinite(missing[nearest])].tolist()
    return rows[np.unique(np.array(chosen, np.intp))]


def _from_steps(layer: IntegerLayer, unit: int, sums: Integers) -> Iterator[Doubles]:
    """How many sums each (n,) is behind the step below it and before the one above, per segment.

    From 0, the first sum of an activation or its last; inf where the clamp leaves no step.
    """
    m, shift = int(layer.multiplier[unit]), int(layer.shift[unit])
    for segment in range(layer.segments):
        scaled = (sums - segment * int(layer.offset[unit])) * m + (1 << (shift - 1))
        activation = scaled >> shift
        begun = (scaled - (activation << shift)) // m
        left = (((activation + 1) << shift) - 1 - scaled) // m
        yield np.where((activation > 0) & (activation <= layer.high), begun, np.inf)
        yield np.where((activation >= 0) & (activation < layer.high), left, np.inf)
