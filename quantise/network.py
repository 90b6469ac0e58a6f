"""A network in integers, layer by layer, each made for the integers that the last one gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.integers import integer_reference
from mlp_edge.integers.activation_tables import Table
from mlp_edge.integers.quantised import (
    HIGHEST,
    SEGMENTS,
    IntegerLayer,
    Quantised,
    takes_inputs_alone,
)
from mlp_edge.mlp import Dense, Floats, Mlp, Rows
from mlp_edge.proof.bound import standardised
from mlp_edge.quantise import int24, ranges, scales, tables
from mlp_edge.quantise.layer import PLAIN, Given, Wanted, activation_steps, layer
from mlp_edge.quantise.ranges import Steps
from mlp_edge.quantise.rows import central_rows, recombined
from mlp_edge.reference import Doubles, predict, trace
from mlp_edge.settings import setting
from mlp_edge.walk import columns, sources, walk

MARGIN = {"int8": 0.1, "int16": 0.3}
"""Room beyond what rows show on both sides, as a share of each range: int16 has steps to spare."""
WORTH = 0.5
"""Of the mean error of integers for all rows, what that of integers for central rows has to be less
than: rows to come may be far off again."""
NO_INTEGERS = ("square", "rsqrt", "exponential")
"""Activations whose values are too large, or too small, for steps of one size."""
SMALL = 1024
"""Weights of a first layer up to which int8 gives inputs more than 8 bits: tensors of int8 then
hold the layer four times."""


class Made(NamedTuple):
    """A network in integers, and what they stand for.

    Attributes:
        quantised: the network.
        steps: of the integers of each value but the last: 0 is the inputs, behind the scaling.
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
        dtype: int8, int16 or int24.

    Raises:
        ModelError: when no row has a prediction, a softmax has too many classes, or a layer does
            what there are no integers for.
    """
    _check(mlp, dtype)
    rows = rows[~mlp.encoding.rejected(rows)]
    if not len(rows):
        raise ModelError("no calibration row has an answer: each lacks a reading that has no fill")
    if np.isinf(rows).any():
        raise ModelError("a calibration row holds an infinity, which no range can span")
    if dtype == "int24":
        return Made(*int24.make(mlp, rows))
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


def _check(mlp: Mlp, dtype: str) -> None:
    """Refuse what this arithmetic has no integers for."""
    instead = setting("dtype", "float32")
    for number, dense in enumerate(mlp.layers, start=1):
        last = number == len(mlp.layers)
        if dense.times is not None:
            raise ModelError(f"layer {number} multiplies two values, which {dtype} has no "
                             f"integers for; {instead} would do")  # fmt: skip
        if dense.activation in NO_INTEGERS or (dense.activation == "softmax" and not last):
            raise ModelError(f"layer {number} is {dense.activation}, which {dtype} has no "
                             f"integers for there; {instead} would do")  # fmt: skip
    if len(mlp.head_layers) > 1:
        raise ModelError(f"{dtype} predicts by one layer, and this network by "
                         f"{len(mlp.head_layers)}; {instead} would do")  # fmt: skip


def _input_high(mlp: Mlp, encoded: Floats, values: Sequence[Doubles], dtype: str) -> int:
    """The largest input: int8 takes four bytes for one where a byte loses something worth it."""
    if dtype == "int16":
        return scales.highest(_following(mlp, values, 0), dtype)
    small = len(mlp.layers) > 1 and mlp.layers[0].weights.size <= SMALL
    small = small and takes_inputs_alone(mlp.layers)
    coarse = small and not ranges.exact(mlp, encoded, HIGHEST[dtype])
    return HIGHEST[dtype] * (SEGMENTS[dtype] if coarse else 1)


def _following(mlp: Mlp, values: Sequence[Doubles], value: int) -> list[tuple[Dense, Doubles]]:
    """The layers that read a value, each with its inputs (n, inputs) in real numbers."""
    return [
        (dense, columns([values[source] for source in sources(dense, number)]))
        for number, dense in enumerate(mlp.layers, start=1)
        if value in sources(dense, number)
    ]


def _joined(values: Sequence[Given]) -> Given:
    if len(values) == 1:
        return values[0]
    steps = Steps(*(np.concatenate(each) for each in zip(*(v.steps for v in values), strict=True)))
    return Given(columns([v.integers for v in values]), max(v.largest for v in values), steps)


def _made(mlp: Mlp, rows: Rows, dtype: str, declared: bool, input_high: int | None = None) -> Made:
    encoded, traced = mlp.encoding.encode(rows), list(trace(mlp, rows))
    values = [standardised(mlp, encoded.astype(np.float64)), *(value for _, value in traced)]
    input_high = input_high or _input_high(mlp, encoded, values, dtype)
    inputs = ranges.of_inputs(mlp, encoded, input_high, MARGIN[dtype], declared)
    layers: list[IntegerLayer] = []
    meanings = [ranges.behind_scaling(mlp, inputs)]

    def step(dense: Dense, given: Given, _: Given | None) -> Given:
        z, _value = traced[len(layers)]
        following = _following(mlp, values, len(layers) + 1)
        made, out = _layer(dense, given, z, following, dtype)
        layers.append(made)
        meanings.append(out.steps)
        return out

    given = Given(inputs.integers(encoded), inputs.high, meanings[0])
    *_, last = walk(mlp.layers, given, step, _joined)
    if input_high > HIGHEST[dtype] and not layers[0].narrow(input_high):
        return _made(mlp, rows, dtype, declared, HIGHEST[dtype])
    table, steps = _outputs(mlp.layers[-1].activation, last.steps, last.largest, dtype)
    quantised = Quantised(
        dtype=dtype,
        inputs=inputs,
        layers=tuple(layers),
        softmax=mlp.layers[-1].activation == "softmax",
        table=table,
        offset=steps.offset.astype(np.float32),
        step=steps.step.astype(np.float32),
    )
    return Made(quantised, tuple(meanings[:-1]))


def _layer(
    dense: Dense,
    given: Given,
    z: Doubles,
    following: Sequence[tuple[Dense, Doubles]],
    dtype: str,
) -> tuple[IntegerLayer, Given]:
    """A layer in integers, and what it gives.

    Args:
        dense: the layer.
        given: its inputs.
        z: (n, outputs), its sums in real numbers.
        following: the layers that take what it gives; none behind the last.
        dtype: int8 or int16.
    """
    high = scales.highest(following, dtype)
    segments = 1 if following else scales.segments_of(dense, dtype)
    meant = activation_steps(dense.activation, z, high * segments, MARGIN[dtype])
    # step * activation is to be exact in float32, whose 24 digits the two share.
    plain = not following and dense.activation in PLAIN
    short = 24 - (high * segments).bit_length() if plain else 0
    made, meant = layer(dense, given, Wanted(z, meant, high, segments, short), dtype)
    u = made.requantise(made.sums(given.integers))
    if following and dense.activation not in PLAIN:
        hidden, one = tables.hidden_table(dense.activation, meant, high, dtype)
        made, u, meant = replace(made, table=hidden), hidden.at(u), one.alike(dense.outputs)
    return made, Given(u, made.largest, meant)


def _outputs(activation: str, steps: Steps, high: int, dtype: str) -> tuple[Table | None, Steps]:
    """What the last activations become, and what that stands for."""
    outputs = len(steps.step)
    if activation in PLAIN:
        return None, steps
    if activation == "softmax":
        table = tables.softmax_table(float(steps.step[0]), high, dtype)
        return table, Steps(np.zeros(outputs), np.ones(outputs))
    table, one = tables.output_table(activation, steps, high, dtype)
    return table, one.alike(outputs)
