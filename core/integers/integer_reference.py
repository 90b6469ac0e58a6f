"""The slow, obvious reference of quantised networks: exact integers, the arbiter of every runtime.

``mlp_edge.integers.quantised`` has the formulas. Their float32 parts (input to integer, integer to
prediction) take one operation at a time, each rounded as IEEE 754 requires; everything between is
integers. Any runtime can therefore give the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mlp_edge.integers import exponential
from mlp_edge.integers.quantised import IntegerLayer, Integers, Quantised
from mlp_edge.mlp import Floats, Mlp, Rows
from mlp_edge.walk import columns, walk

_Step = tuple[Integers, Integers, Integers]
"""The sums of a layer, its activations, and what it gives: these, or the table's of them."""


def trace(mlp: Mlp, quantised: Quantised, rows: Rows) -> Iterator[tuple[Integers, Integers]]:
    """Yield each layer's sums and quantised activations before its table, (n, outputs) each."""
    given = quantised.inputs.integers(mlp.encoding.encode(np.asarray(rows, np.float32)))

    def step(layer: IntegerLayer, inputs: _Step, _: _Step | None) -> _Step:
        sums = layer.sums(inputs[2])
        activations = layer.requantise(sums)
        return (
            sums,
            activations,
            activations if layer.table is None else layer.table.at(activations),
        )

    def join(values: Sequence[_Step]) -> _Step:
        return given, given, columns([u for _, _, u in values])

    for sums, activations, _ in walk(quantised.layers, (given, given, given), step, join):
        yield sums, activations


def last_activations(mlp: Mlp, quantised: Quantised, rows: Rows) -> Integers:
    """The last layer's quantised activations (n, outputs)."""
    *_, (_, last) = trace(mlp, quantised, rows)
    return last


def dequantise(quantised: Quantised, activations: Integers) -> Floats:
    """The predictions (n, outputs) float32 for the last layer's quantised activations."""
    if quantised.octave:
        if quantised.softmax:
            return exponential.softmax(activations, quantised.octave)
        return exponential.sigmoid(activations - quantised.zero, quantised.octave)
    if quantised.softmax:
        activations = activations.max(axis=1, keepdims=True) - activations
    values = activations if quantised.table is None else quantised.table.at(activations)
    floats = (values - quantised.zero).astype(np.float32)
    if quantised.softmax:
        return np.asarray(floats / floats.sum(axis=1, keepdims=True, dtype=np.float32))
    return np.asarray(quantised.offset + quantised.step * floats)


def predict_quantised(mlp: Mlp, quantised: Quantised, rows: Rows) -> Floats:
    """Predictions (n, outputs) float32 for raw rows (n, inputs), to the bit.

    NaN where a missing value has no fill. A value beyond the calibrated range counts as the end of
    the range.
    """
    predictions = dequantise(quantised, last_activations(mlp, quantised, rows))
    if mlp.clip is not None:
        low, high = mlp.clip
        predictions = np.clip(predictions, np.float32(low), np.float32(high))
    rejected = mlp.encoding.rejected(np.asarray(rows, np.float32))
    return np.where(rejected[:, None], np.float32(np.nan), predictions)
