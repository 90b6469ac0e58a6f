"""Networks in integers of any numbers that ``mlp_edge.integers.quantised`` allows, made by hand.

They reach what calibrated ones hardly do: sums that saturate, tables that fall, every multiplier.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mlp_edge.integers.activation_tables import (
    COEFFICIENT_LIMIT,
    DEGREE,
    ActivationTable,
    PolynomialTable,
    Table,
)
from mlp_edge.integers.quantised import (
    HIGHEST,
    LAST_HIGHEST,
    MOST_SHIFT,
    MULTIPLIER_LIMIT,
    SEGMENTS,
    SUM_LIMIT,
    TABLE_LIMIT,
    WEIGHT_LIMIT,
    Inputs,
    IntegerLayer,
    Integers,
    Quantised,
    takes_inputs_alone,
)
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.walk import sources

_PLAIN = ("linear", "relu")


def made(mlp: Mlp, dtype: str, seed: int = 0) -> Quantised:
    """A network in integers of the shape of an Mlp, whose numbers have nothing to do with it."""
    random = np.random.default_rng(seed)
    high = _high(random, dtype)
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
        wide_table = dense.activation not in (*_PLAIN, "sigmoid", "softmax")
        layer = _layer(random, dense.weights.shape, largest, dtype, last, table, wide_table)
        kept = layer.weights if dense.diagonals is None else layer.weights * (dense.weights != 0)
        layers.append(replace(layer, weights=kept, reads=dense.reads))
    activation, values = mlp.layers[-1].activation, None
    softmax = activation == "softmax"
    if dtype == "int24":
        return Quantised(dtype, inputs, tuple(layers), softmax, *_ending(random, mlp, layers[-1]))
    if activation not in _PLAIN:
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


def heavy(numbers: Quantised) -> Quantised:
    """The same shape with sums so large that requantising them takes 64 bits."""
    layers = [
        replace(
            layer,
            bias=np.full_like(layer.bias, 2**30),
            multiplier=np.full_like(layer.multiplier, 1023),
            shift=np.full_like(layer.shift, 30),
            offset=np.full_like(layer.offset, 2**28 if layer.segments > 1 else 0),
        )
        for layer in numbers.layers
    ]
    return replace(numbers, layers=tuple(layers))


def _high(random: np.random.Generator, dtype: str) -> int:
    """The largest integer that a hidden layer gives, or that goes in."""
    some = {"int8": [255], "int16": [511, 4095, 32767], "int24": [65535, 2**23, 2**24 - 1]}
    return int(random.choice(some[dtype]))


def _ending(
    random: np.random.Generator, mlp: Mlp, last: IntegerLayer
) -> tuple[Table | None, Floats, Floats, Integers, int]:
    """What turns the last integers of int24 into predictions."""
    activation, outputs = mlp.layers[-1].activation, mlp.outputs
    nothing, one = np.zeros(outputs, np.float32), np.ones(outputs, np.float32)
    zero = random.integers(0, last.high, outputs)
    if activation in ("sigmoid", "softmax"):
        zero *= activation == "sigmoid"
        return None, nothing, one, zero, int(random.choice([16, 20, 24]))
    offset = random.normal(size=outputs).astype(np.float32)
    step = (2.0 ** random.integers(-31, -3, outputs)).astype(np.float32)
    if activation in _PLAIN:
        return None, offset, step, zero, 0
    return _polynomials(random, last.high), offset, step, zero * 0, 0


def _layer(
    random: np.random.Generator, shape: tuple[int, ...], largest: int, dtype: str, last: bool,
    table: bool, wide_table: bool,
) -> IntegerLayer:  # fmt: skip
    outputs, inputs = shape
    limit = min(WEIGHT_LIMIT[dtype], SUM_LIMIT[dtype] // 4 // (inputs * largest))
    weights = random.integers(-limit, limit + 1, shape)
    # Only half of the range is drawn from, so that few results are at an end.
    reach = np.abs(weights).sum(axis=1) * largest // 2 + 1
    bias = random.integers(-reach // 4, reach // 2 + 1)
    high = LAST_HIGHEST[dtype] if last and not wide_table else _high(random, dtype)
    segments = int(random.choice([1, SEGMENTS[dtype]])) if last else 1
    wanted = high * segments / reach  # results per unit of a sum
    shift, multiplier = np.ones(outputs, np.int64), np.ones(outputs, np.int64)
    for neuron, share in enumerate(wanted):
        if dtype != "int8":
            shift[neuron] = np.clip(round(-np.log2(share)), 1, MOST_SHIFT[dtype])
            continue
        shift[neuron] = np.clip(int(np.log2(MULTIPLIER_LIMIT / share)), 1, 31)
        shift[neuron] -= random.integers(0, min(4, shift[neuron]))
        top = min(MULTIPLIER_LIMIT, 2 ** int(shift[neuron]) - 1)
        multiplier[neuron] = np.clip(round(share * 2.0 ** shift[neuron]), 1, top)
    offset = np.ceil(high * 2.0**shift / multiplier).astype(np.int64) * (segments > 1)
    room = SUM_LIMIT[dtype] - np.abs(bias) - np.abs(weights).sum(axis=1) * largest
    if (offset * (segments - 1) > room).any():  # segments that far apart leave 32 bits
        segments, offset = 1, offset * 0
    digits = 8 if dtype == "int8" else 9
    points: Table | None = None
    if table:
        points = (_polynomials(random, high) if dtype == "int24"
                  else _table(random, high, high, digits, falling=False))  # fmt: skip
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


def _polynomials(random: np.random.Generator, highest: int) -> PolynomialTable:
    """Polynomials that jump from one to the next; some results are clamped."""
    shift = int(random.integers(11, 17)) if highest < 2**20 else int(random.integers(16, 21))
    shift = min(shift, highest.bit_length() - 1)
    share = COEFFICIENT_LIMIT // (DEGREE + 1)
    found = random.integers(-share // 8, share + 1, ((highest >> shift) + 1, DEGREE + 1))
    return PolynomialTable(found, shift, HIGHEST["int24"])
