"""A network in integers, layer by layer, each made for the integers that the last one gives."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.integers import integer_reference
from mlp_edge.integers.quantised import (
    HIGHEST,
    SEGMENTS,
    ActivationTable,
    Inputs,
    IntegerLayer,
    Quantised,
)
from mlp_edge.mlp import Floats, Mlp, Rows
from mlp_edge.quantise import ranges, scales, tables
from mlp_edge.quantise.layer import PLAIN, Given, Wanted, activation_steps, layer
from mlp_edge.quantise.ranges import Steps
from mlp_edge.quantise.rows import central_rows, recombined
from mlp_edge.reference import Doubles, predict, trace

MARGIN = {"int8": 0.1, "int16": 0.3}
"""Room beyond what rows show on both sides, as a share of each range: int16 has steps to spare."""
WORTH = 0.5
"""Of the mean error of integers for all rows, what that of integers for central rows has to be less
than: rows to come may be far off again."""
SMALL = 1024
"""Weights of a first layer up to which int8 gives inputs more than 8 bits: tensors of int8 then
hold the layer four times."""


class Made(NamedTuple):
    """A network in integers, and what they stand for.

    Attributes:
        quantised: the network.
        steps: of the integers that go into each layer, behind the scaling.
    """

    quantised: Quantised
    steps: tuple[Steps, ...]


def quantise(mlp: Mlp, rows: Rows, dtype: str) -> Quantised:
    """A network in integers that predicts as the Mlp does on rows like these; see ``make``."""
    return make(mlp, rows, dtype).quantised


def make(mlp: Mlp, rows: Rows, dtype: str) -> Made:
    """A network in integers that predicts as the Mlp does on rows like these.

    Args:
        mlp: the network.
        rows: raw readings (n, inputs) to calibrate with; rows without a prediction are passed over.
        dtype: int8 or int16.

    Raises:
        ModelError: when no row has a prediction, or a softmax has too many classes.
    """
    rows = rows[~mlp.encoding.rejected(rows)]
    if not len(rows):
        raise ModelError("no calibration row has an answer: each lacks a reading that has no fill")
    if np.isinf(rows).any():
        raise ModelError("a calibration row holds an infinity, which no range can span")
    whole, near = _made(mlp, recombined(rows), dtype, declared=True), central_rows(mlp, rows)
    if len(near) in (0, len(rows)):
        return whole
    central = _made(mlp, recombined(near), dtype, declared=False)
    errors = [_error(mlp, made.quantised, rows) for made in (whole, central)]
    return central if errors[1] < WORTH * errors[0] else whole


def _error(mlp: Mlp, quantised: Quantised, rows: Rows) -> float:
    """The mean error of predictions for rows, in units of each output's spread."""
    exact = predict(mlp, rows)
    spread = np.maximum(exact.std(axis=0), 1e-30)
    off = (integer_reference.predict_quantised(mlp, quantised, rows) - exact) / spread
    return float(np.abs(off).mean())


def _input_high(mlp: Mlp, encoded: Floats, dtype: str) -> int:
    """The largest input: int8 takes four bytes for one where a byte loses something worth it."""
    if dtype == "int16":
        return scales.highest(mlp.layers[0], _scaled(mlp, encoded), dtype)
    small = len(mlp.layers) > 1 and mlp.layers[0].weights.size <= SMALL
    coarse = small and not ranges.exact(mlp, encoded, HIGHEST[dtype])
    return HIGHEST[dtype] * (SEGMENTS[dtype] if coarse else 1)


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
        segments = scales.segments_of(dense, dtype) if following is None else 1
        meant = activation_steps(dense.activation, z, high * segments, MARGIN[dtype])
        # step * activation is to be exact in float32, whose 24 digits the two share.
        plain = following is None and dense.activation in PLAIN
        short = 24 - (high * segments).bit_length() if plain else 0
        wanted = Wanted(z, meant, high, segments, short)
        made, meant = layer(dense, Given(u, largest, steps), wanted, dtype)
        if number == 0 and input_high > HIGHEST[dtype] and not made.narrow(input_high):
            return _made(mlp, rows, dtype, declared, HIGHEST[dtype])
        meanings.append(steps)
        u, steps = made.requantise(made.sums(u)), meant
        if following is not None and dense.activation not in PLAIN:
            hidden, one = tables.hidden_table(dense.activation, meant, high, dtype)
            made, u, steps = replace(made, table=hidden), hidden.at(u), one.alike(dense.outputs)
        largest = made.largest
        layers.append(made)
    table, steps = _outputs(mlp.layers[-1].activation, steps, largest, dtype)
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
    return x if mlp.scaling is None else (x - mlp.scaling.mean) / mlp.scaling.std


def _of_inputs(mlp: Mlp, inputs: Inputs) -> Steps:
    """What the first layer's integers stand for, behind the scaling."""
    offset, step = inputs.low.astype(np.float64), 1 / inputs.factor.astype(np.float64)
    if mlp.scaling is None:
        return Steps(offset, step)
    std = mlp.scaling.std.astype(np.float64)
    return Steps((offset - mlp.scaling.mean) / std, step / std)


def _outputs(
    activation: str, steps: Steps, high: int, dtype: str
) -> tuple[ActivationTable | None, Steps]:
    """What the last activations become, and what that stands for."""
    outputs = len(steps.step)
    if activation in PLAIN:
        return None, steps
    if activation == "softmax":
        table = tables.softmax_table(float(steps.step[0]), high, dtype)
        return table, Steps(np.zeros(outputs), np.ones(outputs))
    table, one = tables.output_table(activation, steps, high, dtype)
    return table, one.alike(outputs)
