"""Networks in integers of any numbers that ``mlp_edge.integers.quantised`` allows, made by hand.

They reach what calibrated ones hardly do: sums that saturate, tables that fall, every multiplier.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mlp_edge.integers.quantised import (
    HIGHEST,
    MULTIPLIER_LIMIT,
    SEGMENTS,
    SUM_LIMIT,
    TABLE_LIMIT,
    WEIGHT_LIMIT,
    ActivationTable,
    Inputs,
    IntegerLayer,
    Quantised,
    takes_inputs_alone,
)
from mlp_edge.mlp import Mlp
from mlp_edge.walk import sources

_PLAIN = ("linear", "relu")


def made(mlp: Mlp, dtype: str, seed: int = 0) -> Quantised:
    """A network in integers of the shape of an Mlp, whose numbers have nothing to do with it."""
    random = np.random.default_rng(seed)
    high = HIGHEST[dtype] if dtype == "int8" else int(random.choice([511, 4095, 32767]))
    alone = len(mlp.layers) > 1 and takes_inputs_alone(mlp.layers)
    if dtype == "int8" and alone and mlp.encoding.width <= 16 and seed % 2:
        high *= SEGMENTS[dtype]  # wide inputs
    span = random.uniform(1, 300, mlp.encoding.width)
    low = random.uniform(-60, 0, mlp.encoding.width).astype(np.float32)
    inputs = Inputs(low, (high / span).astype(np.float32), high)
    layers: list[IntegerLayer] = []
    for number, dense in enumerate(mlp.layers, start=1):
        known = [high, *(layer.largest for layer in layers)]
        largest = max(known[value] for value in sources(dense, number))
        last = number == len(mlp.layers)
        table = not last and dense.activation not in _PLAIN
        layer = _layer(random, dense.weights.shape, largest, dtype, last, table)
        kept = layer.weights if dense.diagonals is None else layer.weights * (dense.weights != 0)
        layers.append(replace(layer, weights=kept, reads=dense.reads))
    softmax, values = mlp.layers[-1].activation == "softmax", None
    if mlp.layers[-1].activation not in _PLAIN:
        values = _table(random, layers[-1].largest, TABLE_LIMIT, 9, falling=softmax)
    # Eight digits of a step and sixteen of a result are the 24 of a float32.
    steps = random.integers(1, 256, mlp.outputs) * 2.0 ** random.integers(-20, 3)
    return Quantised(
        dtype=dtype,
        inputs=inputs,
        layers=tuple(layers),
        softmax=softmax,
        table=values,
        offset=random.normal(size=mlp.outputs).astype(np.float32) * np.float32(not softmax),
        step=(steps if not softmax else np.ones(mlp.outputs)).astype(np.float32),
    )


def _layer(
    random: np.random.Generator, shape: tuple[int, ...], largest: int, dtype: str, last: bool,
    table: bool,
) -> IntegerLayer:  # fmt: skip
    outputs, inputs = shape
    limit = min(WEIGHT_LIMIT[dtype], SUM_LIMIT // 4 // (inputs * largest))
    weights = random.integers(-limit, limit + 1, shape)
    # Only half of the range is drawn from, so that few results are at an end.
    reach = np.abs(weights).sum(axis=1) * largest // 2 + 1
    bias = random.integers(-reach // 4, reach // 2 + 1)
    high = HIGHEST[dtype] if last or dtype == "int8" else int(random.choice([511, 4095, 32767]))
    segments = int(random.choice([1, SEGMENTS[dtype]])) if last else 1
    wanted = high * segments / reach  # results per unit of a sum
    shift, multiplier = np.ones(outputs, np.int64), np.ones(outputs, np.int64)
    for neuron, share in enumerate(wanted):
        if dtype == "int16":
            shift[neuron] = np.clip(round(-np.log2(share)), 1, 31)
            continue
        shift[neuron] = np.clip(int(np.log2(MULTIPLIER_LIMIT / share)), 1, 31)
        shift[neuron] -= random.integers(0, min(4, shift[neuron]))
        top = min(MULTIPLIER_LIMIT, 2 ** int(shift[neuron]) - 1)
        multiplier[neuron] = np.clip(round(share * 2.0 ** shift[neuron]), 1, top)
    offset = np.rint(high * 2.0**shift / multiplier).astype(np.int64) * (segments > 1)
    room = SUM_LIMIT - np.abs(bias) - np.abs(weights).sum(axis=1) * largest
    offset = np.minimum(offset, room // max(segments - 1, 1))
    digits = 8 if dtype == "int8" else 9
    points = _table(random, high, high, digits, falling=False) if table else None
    return IntegerLayer(weights, bias, multiplier, shift, high, segments, offset, points)


def _table(
    random: np.random.Generator, highest: int, top: int, digits: int, falling: bool
) -> ActivationTable:
    """A table of at least 2^digits points, where there are so many integers."""
    shift = max(0, (highest + 1).bit_length() - 1 - digits)
    count = highest + 1 if shift == 0 else (highest >> shift) + 2
    points = random.integers(0, top + 1, count)
    if random.random() < 0.5 or falling:
        points = np.sort(points)[::-1] if falling else np.sort(points)
    if falling:
        points = points.copy()
        points[: random.integers(1, 4)] = top
    return ActivationTable(points.astype(np.int64), shift)
