"""The slow, obvious reference of quantised networks: exact integers, the arbiter of every runtime.

``mlp_edge.integers.quantised`` has the formulas. What is float32 in them (reading to integer,
integer to answer) takes one operation at a time, each rounded as IEEE 754 asks, so any runtime can
have the same bits; everything between is integers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlp_edge.integers.quantised import Integers, Quantised
from mlp_edge.mlp import Floats, Mlp, Rows


def trace(mlp: Mlp, quantised: Quantised, rows: Rows) -> Iterator[tuple[Integers, Integers]]:
    """Yield (sums, results) of each layer, (n, outputs) each, in order; results before tables."""
    u = quantised.inputs.integers(mlp.encoding.encode(np.asarray(rows, np.float32)))
    for layer in quantised.layers:
        sums = layer.sums(u)
        results = layer.results(sums)
        yield sums, results
        u = results if layer.table is None else layer.table.at(results)


def results(mlp: Mlp, quantised: Quantised, rows: Rows) -> Integers:
    """The last layer's results (n, outputs)."""
    *_, (_, last) = trace(mlp, quantised, rows)
    return last


def answers(quantised: Quantised, results: Integers) -> Floats:
    """What results (n, outputs) of the last layer stand for, (n, outputs) float32."""
    if quantised.softmax:
        results = results.max(axis=1, keepdims=True) - results
    values = results if quantised.table is None else quantised.table.at(results)
    floats = values.astype(np.float32)
    if quantised.softmax:
        return np.asarray(floats / floats.sum(axis=1, keepdims=True, dtype=np.float32))
    return np.asarray(quantised.offset + quantised.step * floats)


def predict(mlp: Mlp, quantised: Quantised, rows: Rows) -> Floats:
    """Predictions (n, outputs) float32 for raw readings (n, inputs): the very bits.

    NaN where a missing reading has no fill. A reading beyond the range of the calibration counts
    as the range's end.
    """
    found = answers(quantised, results(mlp, quantised, rows))
    if mlp.clip is not None:
        low, high = mlp.clip
        found = np.clip(found, np.float32(low), np.float32(high))
    rejected = mlp.encoding.rejected(np.asarray(rows, np.float32))
    return np.where(rejected[:, None], np.float32(np.nan), found)
