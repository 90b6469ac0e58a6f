"""A network in integers, layer by layer, each made for the integers that the last one gives."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mlp_edge import integer_reference
from mlp_edge.errors import ModelError
from mlp_edge.mlp import Dense, Floats, Mlp, Rows
from mlp_edge.quantise import ranges, scales, tables
from mlp_edge.quantise.ranges import Steps
from mlp_edge.quantise.rounding import fitted
from mlp_edge.quantise.rows import central_rows, crossed
from mlp_edge.quantised import (
    HIGHEST,
    PARTS,
    SUM_LIMIT,
    WEIGHT_LIMIT,
    Inputs,
    IntegerLayer,
    Integers,
    Quantised,
    Table,
)
from mlp_edge.reference import Doubles, predict, trace

MARGIN = {"int8": 0.1, "int16": 0.3}
"""Room beyond what rows show on both sides, as a share of each range: int16 has steps to spare."""
WORTH = 0.5
"""Of the mean error of integers for all rows, what that of integers for central rows has to be less
than: rows to come may be far off again."""
SMALL = 1024
"""Weights of a first layer up to which int8 gives inputs more than 8 bits: tensors of int8 then
hold the layer four times."""
PLAIN = ("relu", "linear")
"""Activations that the clamp of requantisation is: no table."""
SURE = 12.0
"""A sigmoid's sum of this size, a softmax's so much below the largest, is worth 6e-6."""


class Made(NamedTuple):
    """A network in integers, and what they stand for.

    Attributes:
        quantised: the network.
        steps: of the integers that go into each layer, behind the scaling.
    """

    quantised: Quantised
    steps: tuple[Steps, ...]


def quantise(mlp: Mlp, rows: Rows, dtype: str) -> Quantised:
    """A network in integers that answers as the Mlp does on rows like these; see ``make``."""
    return make(mlp, rows, dtype).quantised


def make(mlp: Mlp, rows: Rows, dtype: str) -> Made:
    """A network in integers that answers as the Mlp does on rows like these.

    Args:
        mlp: the network.
        rows: raw readings (n, inputs) to calibrate with; rows without an answer are passed over.
        dtype: int8 or int16.

    Raises:
        ModelError: when no row has an answer, or a softmax has too many classes.
    """
    rows = rows[~mlp.encoding.rejected(rows)]
    if not len(rows):
        raise ModelError("no calibration row has an answer: each lacks a reading that has no fill")
    if np.isinf(rows).any():
        raise ModelError("a calibration row holds an infinity, which no range can span")
    whole, near = _made(mlp, crossed(rows), dtype, declared=True), central_rows(mlp, rows)
    if len(near) in (0, len(rows)):
        return whole
    central = _made(mlp, crossed(near), dtype, declared=False)
    errors = [_error(mlp, made.quantised, rows) for made in (whole, central)]
    return central if errors[1] < WORTH * errors[0] else whole


def _error(mlp: Mlp, quantised: Quantised, rows: Rows) -> float:
    """What answers to rows are off by on average, in units of each output's spread."""
    exact = predict(mlp, rows)
    spread = np.maximum(exact.std(axis=0), 1e-30)
    off = (integer_reference.predict(mlp, quantised, rows) - exact) / spread
    return float(np.abs(off).mean())


def _input_high(mlp: Mlp, encoded: Floats, dtype: str) -> int:
    """The largest input: int8 takes four bytes for one where a byte loses something worth it."""
    if dtype == "int16":
        return scales.highest(mlp.layers[0], _scaled(mlp, encoded), dtype)
    small = len(mlp.layers) > 1 and mlp.layers[0].weights.size <= SMALL
    coarse = not ranges.exact(mlp, encoded, HIGHEST[dtype])
    return HIGHEST[dtype] * (PARTS[dtype] if small and coarse else 1)


def _made(mlp: Mlp, rows: Rows, dtype: str, declared: bool, input_high: int | None = None) -> Made:
    encoded = mlp.encoding.encode(rows)
    input_high = input_high or _input_high(mlp, encoded, dtype)
    inputs = ranges.of_inputs(mlp, encoded, input_high, MARGIN[dtype], declared)
    u, largest, steps = inputs.integers(encoded), inputs.high, _of_inputs(mlp, inputs)
    layers: list[IntegerLayer] = []
    meanings = []
    for number, (dense, (z, value)) in enumerate(zip(mlp.layers, trace(mlp, rows), strict=True)):
        following = mlp.layers[number + 1] if number + 1 < len(mlp.layers) else None
        high = scales.highest(following, value, dtype)
        parts = scales.parts_of(dense, dtype) if following is None else 1
        meant = _results(dense.activation, z, high * parts, MARGIN[dtype])
        # step * result is to be exact in float32, whose 24 digits the two share.
        plain = following is None and dense.activation in PLAIN
        short = 24 - (high * parts).bit_length() if plain else 0
        wanted = _Wanted(z, meant, high, parts, short)
        layer, meant = _layer(dense, _Given(u, largest, steps), wanted, dtype)
        if number == 0 and input_high > HIGHEST[dtype] and not layer.narrow(input_high):
            return _made(mlp, rows, dtype, declared, HIGHEST[dtype])
        meanings.append(steps)
        u, steps = layer.results(layer.sums(u)), meant
        if following is not None and dense.activation not in PLAIN:
            hidden, one = tables.hidden(dense.activation, meant, high, dtype)
            layer, u, steps = replace(layer, table=hidden), hidden.at(u), one.alike(dense.outputs)
        largest = layer.largest
        layers.append(layer)
    table, steps = _answers(mlp.layers[-1].activation, steps, largest, dtype)
    quantised = Quantised(
        dtype=dtype,
        inputs=inputs,
        layers=tuple(layers),
        softmax=mlp.layers[-1].activation == "softmax",
        table=table,
        offset=steps.offset.astype(np.float32),
        step=steps.step.astype(np.float32),
    )
    return Made(quantised, tuple(meanings))


def _scaled(mlp: Mlp, encoded: Floats) -> Doubles:
    x = encoded.astype(np.float64)
    return x if mlp.scaling is None else (x - mlp.scaling.mean) / mlp.scaling.deviation


def _of_inputs(mlp: Mlp, inputs: Inputs) -> Steps:
    """What the first layer's integers stand for, behind the scaling."""
    offset, step = inputs.low.astype(np.float64), 1 / inputs.factor.astype(np.float64)
    if mlp.scaling is None:
        return Steps(offset, step)
    deviation = mlp.scaling.deviation.astype(np.float64)
    return Steps((offset - mlp.scaling.mean) / deviation, step / deviation)


def _results(activation: str, z: Doubles, high: int, margin: float) -> Steps:
    """What a layer's results are to stand for, given its sums (n, outputs) in real numbers.

    A neuron has its own unit, but where one table or one softmax takes them all.
    """
    if activation == "relu":
        steps = ranges.of_results(np.zeros(z.shape[1]), np.maximum(z, 0).max(axis=0), high, margin)
        return steps._replace(offset=np.zeros(z.shape[1]))
    if activation == "linear":
        return ranges.of_results(z.min(axis=0), z.max(axis=0), high, margin)
    return ranges.of_results(*_common(activation, z), high, margin).alike(z.shape[1])


def _common(activation: str, z: Doubles) -> tuple[Doubles, Doubles]:
    """One range (1,) for all sums, without what the activation makes alike anyway."""
    low, high = z.min(), z.max()
    if activation == "sigmoid":
        low, high = np.clip((low, high), -SURE, SURE)
    if activation == "softmax":
        low = max(low, z.max(axis=1).min() - SURE)
    return np.array([low]), np.array([high])


class _Given(NamedTuple):
    """What goes into a layer: integers (n, inputs), the largest there can be, their meaning."""

    integers: Integers
    largest: int
    steps: Steps


class _Wanted(NamedTuple):
    """What comes out: sums in real numbers and results.

    Attributes:
        sums: (n, outputs).
        steps: what results stand for.
        high: the largest result of a part.
        parts: how many results are added up.
        short: binary digits that a step may have; 0 for any.
    """

    sums: Doubles
    steps: Steps
    high: int
    parts: int
    short: int


def _layer(dense: Dense, given: _Given, wanted: _Wanted, dtype: str) -> tuple[IntegerLayer, Steps]:
    """The layer, and what its results stand for: coarser than wanted where weights need it."""
    offset, step = wanted.steps
    real = dense.weights * given.steps.step
    bias = dense.bias + dense.weights @ given.steps.offset - offset
    spans = wanted.parts * wanted.high * step
    unit = scales.finest(real, bias, given.largest, spans, dtype)
    while True:
        coarse = unit / scales.COARSEST
        # One unit for all stays one; elsewhere each neuron has its own.
        step = np.maximum(step, coarse if dense.activation in PLAIN else coarse.max())
        if wanted.short:
            step = tables.short(step, wanted.short)
        chosen = scales.choose(unit, step, wanted.high, dtype, wanted.parts)
        weights, biases = fitted(
            real / chosen.unit[:, None],
            bias / chosen.unit,
            given.integers,
            (wanted.sums - offset) / chosen.unit,
            WEIGHT_LIMIT[dtype],
        )
        layer = IntegerLayer(
            weights=weights,
            bias=biases,
            multiplier=chosen.multiplier,
            shift=chosen.shift,
            high=wanted.high,
            parts=wanted.parts,
            stride=chosen.stride,
        )
        beyond = layer.size(given.largest) > SUM_LIMIT
        if not beyond.any():
            return layer, Steps(offset, step)
        # The fit made weights larger than those that the unit was chosen for.
        unit = np.where(beyond, 2 * chosen.unit, unit)


def _answers(activation: str, results: Steps, high: int, dtype: str) -> tuple[Table | None, Steps]:
    """What the last results become, and what that stands for."""
    outputs = len(results.step)
    if activation in PLAIN:
        return None, results
    if activation == "softmax":
        table = tables.powers(float(results.step[0]), high, dtype)
        return table, Steps(np.zeros(outputs), np.ones(outputs))
    table, one = tables.answer(activation, results, high, dtype)
    return table, one.alike(outputs)
