"""int24: as many digits as float32 has, in fixed point, for every row of the declared ranges.

What an integer stands for follows from what each layer can give over the declared ranges
(``mlp_edge.proof.box``), which is proved: no row in them leaves a clamp. Weights are fitted to rows
from all over these ranges, as those of int8 and int16 are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.integers.activation_tables import Table
from mlp_edge.integers.exponential import LEAST_OCTAVE
from mlp_edge.integers.quantised import (
    MOST_SHIFT,
    SUM_LIMIT,
    WEIGHT_LIMIT,
    IntegerLayer,
    Integers,
    Quantised,
)
from mlp_edge.mlp import Dense, Floats, Mlp, Rows
from mlp_edge.proof.bound import standardised
from mlp_edge.quantise.int24_balance import balanced, longer
from mlp_edge.quantise.int24_inputs import (
    box_of,
    inputs_of,
    rows_in,
    sums_over,
)
from mlp_edge.quantise.int24_units import Scale, of_hidden, of_last
from mlp_edge.quantise.polynomials import hidden_table, output_table
from mlp_edge.quantise.ranges import Steps, behind_scaling
from mlp_edge.quantise.rounding import fitted, fitted_diagonals
from mlp_edge.reference import FORMULAS, Doubles
from mlp_edge.settings import setting
from mlp_edge.walk import columns, walk

_ROOM = 1.002
"""Fitted weights are a little larger than what they are fitted from."""
_TINY = 1e-200
_LINES = ("linear", "relu", "hard_sigmoid")
"""Activations that are no more than a clamp."""


class _Value(NamedTuple):
    """What a layer gives.

    Attributes:
        steps: the meaning of its integers.
        largest: the largest there can be.
        integers: (n, outputs), of rows that the next layer is fitted to.
        exact: (n, outputs), what they should stand for.
    """

    steps: Steps
    largest: int
    integers: Integers
    exact: Doubles


def make(mlp: Mlp, rows: Rows) -> tuple[Quantised, tuple[Steps, ...]]:
    """A network in int24, and what the integers of each value but the last stand for.

    Args:
        mlp: the network; no layer does what there are no integers for.
        rows: raw readings (n, inputs), each with a prediction: features that declare no range have
            that of these rows and a margin.

    Raises:
        ModelError: when the logits of a softmax go further apart than its exponentials do.
    """
    box = box_of(mlp, rows)
    encoded = rows_in(box, mlp.encoding.encode(rows))
    inputs = inputs_of(mlp, box, encoded)
    layers: list[IntegerLayer] = []
    meanings, scales = [behind_scaling(mlp, inputs)], list[Scale]()
    reached = sums_over(mlp, box)

    def step(dense: Dense, given: _Value, _: _Value | None) -> _Value:
        sums = reached[len(layers)]
        last = len(layers) + 1 == len(mlp.layers)
        exact = given.exact @ dense.weights.T.astype(np.float64) + dense.bias
        exact = exact if last else FORMULAS[dense.activation](exact)
        scale = of_last(dense, sums, given.steps.offset) if last else of_hidden(dense, sums)
        if scale.free:
            by = longer(_reading(mlp, len(layers) + 1), exact.var(axis=0), scale.step)
            scale = scale._replace(step=scale.step * by)
        scales.append(scale)
        layer, steps = _layer(dense, given, scale)
        if not last:
            table, steps = _activated(dense, steps, scale.high)
            layer = replace(layer, table=table)
        layers.append(layer)
        meanings.append(steps)
        r = layer.requantise(layer.sums(given.integers))
        return _Value(steps, layer.largest, r if layer.table is None else layer.table.at(r), exact)

    first = _Value(
        meanings[0],
        inputs.high,
        inputs.integers(encoded),
        standardised(mlp, encoded.astype(np.float64)),
    )
    *_, last = walk(mlp.layers, first, step, _joined)
    ending = _ending(mlp, last.steps, scales[-1])
    softmax = mlp.layers[-1].activation == "softmax"
    return Quantised("int24", inputs, tuple(layers), softmax, *ending), tuple(meanings[:-1])


def _reading(mlp: Mlp, value: int) -> Doubles:
    """The weights (rows, outputs) that meet a value, of all layers that read it."""
    numbers = range(1, len(mlp.layers) + 1)
    blocks = [piece for n in numbers for source, piece in mlp.pieces(n) if source == value]
    return np.vstack(blocks).astype(np.float64)


def _joined(values: Sequence[_Value]) -> _Value:
    parts = zip(*(value.steps for value in values), strict=True)
    steps = Steps(*(np.concatenate(each) for each in parts))
    integers, exact = (
        columns([getattr(v, name) for v in values]) for name in ("integers", "exact")
    )
    return _Value(steps, max(value.largest for value in values), integers, exact)


def _activated(dense: Dense, steps: Steps, high: int) -> tuple[Table | None, Steps]:
    """The table of a hidden layer's activation, and what the integers behind it stand for."""
    if dense.activation == "hard_sigmoid":
        return None, Steps(np.zeros(dense.outputs), np.full(dense.outputs, 1 / high))
    if dense.activation in _LINES:
        return None, steps
    table, one = hidden_table(dense.activation, steps, high)
    return table, one.alike(dense.outputs)


def _layer(dense: Dense, given: _Value, scale: Scale) -> tuple[IntegerLayer, Steps]:
    """The layer, and what its activations stand for: in larger steps where sums need them."""
    scale = _coarser(scale, 2 * _finest(dense, given, scale.stands_for()))
    finest = _finest(dense, given, scale.stands_for())
    if scale.free:
        scale = scale._replace(step=balanced(scale.step, finest, given.integers))
    offset, step = scale.stands_for()
    shift = np.clip(np.floor(np.log2(step / finest)), 1, MOST_SHIFT["int24"])
    unit = step / np.exp2(shift)
    weights = dense.weights.astype(np.float64)
    real = weights * given.steps.step
    bias = dense.bias + weights @ given.steps.offset - offset
    fit = fitted if dense.diagonals is None else fitted_diagonals
    sums = given.exact @ weights.T + dense.bias
    integers, biases = fit(
        real / unit[:, None],
        bias / unit,
        given.integers,
        (sums - offset) / unit,
        "int24",
        scale.held,
    )
    made = IntegerLayer(
        weights=integers,
        bias=biases,
        multiplier=np.ones(dense.outputs, np.int64),
        shift=shift.astype(np.int64),
        high=scale.high,
        segments=1,
        offset=np.zeros(dense.outputs, np.int64),
        reads=dense.reads,
    )
    return made, Steps(offset, step)


def _finest(dense: Dense, given: _Value, steps: Steps) -> Doubles:
    """The finest unit (outputs,) of a sum whose weights and sums fit."""
    weights = dense.weights.astype(np.float64)
    real = np.abs(weights * given.steps.step)
    bias = dense.bias + weights @ given.steps.offset - steps.offset
    size = np.abs(bias) + real.sum(axis=1) * given.largest
    unit = np.maximum(real.max(axis=1) / WEIGHT_LIMIT["int24"], size / SUM_LIMIT["int24"])
    return np.asarray(np.maximum(unit * _ROOM, _TINY))


def _coarser(scale: Scale, least: Doubles) -> Scale:
    """The same in steps (outputs,) of at least ``least``."""
    if scale.free:
        return scale._replace(step=np.maximum(scale.step, least))
    doubled = max(0, math.ceil(math.log2(float((least / scale.step).max()))))
    return scale._replace(step=scale.step * 2.0**doubled)


class _Ending(NamedTuple):
    """The fields of ``Quantised`` that turn the last activations into predictions."""

    table: Table | None
    offset: Floats
    step: Floats
    zero: Integers
    octave: int


def _ending(mlp: Mlp, steps: Steps, scale: Scale) -> _Ending:
    """What the last layer's integers, which stand for ``steps``, become."""
    activation, outputs = mlp.layers[-1].activation, mlp.outputs
    nothing, one = np.zeros(outputs, np.float32), np.ones(outputs, np.float32)
    zero, none = scale.zero.astype(np.int64), np.zeros(outputs, np.int64)
    if activation in ("sigmoid", "softmax"):
        octave = round(math.log2(math.log(2) / float(steps.step[0])))
        if octave < LEAST_OCTAVE:
            raise ModelError(
                f"layer {len(mlp.layers)}: its sums go further apart than int24 has exponentials "
                f"for; {setting('dtype', 'float32')} would do"
            )
        return _Ending(None, nothing, one, zero, octave)
    if activation == "hard_sigmoid":
        return _Ending(None, nothing, one / np.float32(scale.high), none, 0)
    if activation in _LINES:
        return _Ending(
            None, scale.anchor.astype(np.float32), steps.step.astype(np.float32), zero, 0
        )
    table, found = output_table(activation, steps, scale.high)
    found = found.alike(outputs)
    return _Ending(table, found.offset.astype(np.float32), found.step.astype(np.float32), none, 0)
