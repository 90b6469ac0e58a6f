"""Networks in integers of any numbers, with multipliers that every runtime is to agree on."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from mlp_edge.integers.quantised import HIGHEST, MULTIPLIER_LIMIT, IntegerLayer, Quantised
from mlp_edge.integers.requantise import agrees, steps
from mlp_edge.mlp import Floats, Mlp
from support.integer_networks import made
from support.networks import readings

LONGEST_SHIFT = 23


def agreed(mlp: Mlp, seed: int = 0) -> Quantised:
    """An int8 network of the shape of an Mlp, as ``made`` makes it, but for the multipliers."""
    found = made(mlp, "int8", seed)
    return replace(found, layers=tuple(map(_agreed, found.layers)))


def _agreed(layer: IntegerLayer) -> IntegerLayer:
    pairs = [_nearest(m / 2.0**k) for m, k in zip(layer.multiplier, layer.shift, strict=True)]
    multiplier, shift = np.array(pairs, np.int64).T
    # No segment begins before another has reached its end.
    ends = steps(multiplier, shift, layer.high)[:, -1]
    offset = np.maximum(layer.offset, ends) if layer.segments > 1 else layer.offset
    return replace(layer, multiplier=multiplier, shift=shift, offset=offset)


def _nearest(ratio: float) -> tuple[int, int]:
    shift = min(LONGEST_SHIFT, int(np.log2(MULTIPLIER_LIMIT / ratio)))
    return min(_multipliers(shift), key=lambda m: abs(m / 2.0**shift - ratio)), shift


@cache
def _multipliers(shift: int) -> tuple[int, ...]:
    """Odd numbers, so that no sum is half-way."""
    odd = range(MULTIPLIER_LIMIT // 2 + 2, MULTIPLIER_LIMIT + 1, 2)
    return tuple(m for m in odd if agrees(m, shift, HIGHEST["int8"]))


def hostile(mlp: Mlp, count: int, seed: int = 0) -> Floats:
    """Rows (count, inputs) among which are infinities, huge ones, NaN and every sentinel."""
    random = np.random.default_rng(seed)
    rows = readings(mlp, count, seed)
    rows *= random.choice([1, 1, 1, 4], rows.shape).astype(np.float32)
    values = np.array([np.inf, -np.inf, 3e38, -3e38, np.nan, 0, 1e-40], np.float32)
    odd = random.random(rows.shape) < 0.5 / mlp.inputs  # half of the rows stay without
    rows = np.where(odd, random.choice(values, rows.shape), rows)
    sentinel = np.where(np.isnan(mlp.encoding.sentinel), rows, mlp.encoding.sentinel)
    return np.where(random.random(rows.shape) < 0.1, sentinel, rows)
