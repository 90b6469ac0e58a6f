"""Counts in, integers out: what NAME_predict_raw of a C header in integers is held to.

An output is the integer that ``predict_quantised`` turns into a float32 prediction: ``offset +
step * output``. A softmax probability is ``output / 2^15``. -1 stands where a prediction is NaN.
"""

from __future__ import annotations

import numpy as np

from mlp_edge.card import predicted_classes
from mlp_edge.integers.integer_reference import last_activations, predict_quantised
from mlp_edge.integers.quantised import Integers, Quantised
from mlp_edge.mlp import Mlp
from mlp_edge.raw_units import RawUnits

PROBABILITY = 2**15
"""What an output of a softmax that is certain comes to."""
NO_OUTPUT = -1
"""The output of a row without a prediction, and its class."""


def raw_outputs(mlp: Mlp, quantised: Quantised, units: RawUnits, counts: Integers) -> Integers:
    """The integers (n, outputs) that counts (n, features) come to, by way of float32 readings."""
    rows = units.readings(counts)
    found = integer_outputs(mlp, quantised, last_activations(mlp, quantised, rows))
    return np.where(mlp.encoding.rejected(rows)[:, None], NO_OUTPUT, found)


def raw_classes(mlp: Mlp, quantised: Quantised, units: RawUnits, counts: Integers) -> Integers:
    """The class (n,) that each float32 prediction stands for; -1 where it is NaN."""
    found = predict_quantised(mlp, quantised, units.readings(counts))
    classes = predicted_classes(mlp.task, mlp.threshold, found)
    return np.where(np.isfinite(found).all(axis=1), classes, NO_OUTPUT)


def integer_outputs(mlp: Mlp, quantised: Quantised, activations: Integers) -> Integers:
    """The integers (n, outputs) for the last layer's quantised activations."""
    table = quantised.table
    if quantised.softmax and table is not None:
        powers = table.at(activations.max(axis=1, keepdims=True) - activations)
        total = powers.sum(axis=1, keepdims=True)
        return np.asarray((powers * PROBABILITY + total // 2) // total)
    values = activations if table is None else table.at(activations)
    ends = clip_ends(mlp, quantised)
    return values if ends is None else np.clip(values, *ends)


def clip_ends(mlp: Mlp, quantised: Quantised) -> tuple[Integers, Integers] | None:
    """Lowest and highest integer (outputs,) whose prediction the clip leaves as it is.

    None without a clip. Where it leaves none, both are the integer nearest to it.
    """
    if mlp.clip is None:
        return None
    table = quantised.table
    most = quantised.layers[-1].largest if table is None else table.largest
    every = np.arange(most + 1, dtype=np.float32)[:, None]
    predictions = quantised.offset + quantised.step * every
    clipped = np.clip(predictions, np.float32(mlp.clip[0]), np.float32(mlp.clip[1]))
    off = np.abs(clipped.astype(np.float64) - predictions)
    kept = off == off.min(axis=0)
    return np.argmax(kept, axis=0), most - np.argmax(kept[::-1], axis=0)
