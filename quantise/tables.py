"""Activations as functions of integers."""

from __future__ import annotations

import numpy as np

from mlp_edge.integers.activation_tables import ActivationTable
from mlp_edge.integers.quantised import TABLE_LIMIT, Integers
from mlp_edge.quantise.ranges import Steps, of_activations
from mlp_edge.reference import FORMULAS, Doubles

HIDDEN = {"int8": 256, "int16": 512}
"""Fewest points in the table of a hidden activation; int8 has one for every integer."""
OUTPUT = {"int8": 64, "int16": 512}
"""Fewest points in the table of an output activation, which has less than twice as many: between
them, interpolation is off by far less than a step of its integers."""


def _shift(high: int, points: int) -> int:
    """The distance between points, as a power of two."""
    return max(0, (high + 1).bit_length() - points.bit_length())


def _activations(high: int, shift: int) -> Integers:
    """The integers that have a point; the last one is out of reach, so that two always enclose."""
    count = high + 1 if shift == 0 else (high >> shift) + 2
    return np.arange(count, dtype=np.int64) << shift


def hidden_table(
    activation: str, activations: Steps, high: int, dtype: str
) -> tuple[ActivationTable, Steps]:
    """The table of a hidden activation, and what its integers stand for.

    Args:
        activation: as in ``mlp_edge.reference``.
        activations: what the layer's activations stand for, alike for every neuron.
        high: the largest of them, and of what the table makes of them.
        dtype: int8 or int16.
    """
    shift = _shift(high, HIDDEN[dtype])
    values = FORMULAS[activation](_values(activations, _activations(high, shift))[:, None])[:, 0]
    kept = values[: (high >> shift) + 1]
    steps = of_activations(kept.min(keepdims=True), kept.max(keepdims=True), high, 0.0)
    return _table((values - steps.offset) / steps.step, shift, 0, high), steps


def output_table(
    activation: str, activations: Steps, high: int, dtype: str
) -> tuple[ActivationTable, Steps]:
    """The table of an output activation, softmax apart, and what its integers stand for."""
    shift = _shift(high, OUTPUT[dtype])
    values = FORMULAS[activation](_values(activations, _activations(high, shift))[:, None])[:, 0]
    if activation == "sigmoid":  # never certain: neither 0 nor 1
        steps = Steps(np.zeros(1), np.array([2.0**-16]))
        return _table(values / steps.step, shift, 1, TABLE_LIMIT), steps
    kept = values[: (high >> shift) + 1]
    steps = of_activations(kept.min(keepdims=True), kept.max(keepdims=True), TABLE_LIMIT, 0.0)
    step = short(steps.step, 8)
    return _table((values - steps.offset) / step, shift, 0, TABLE_LIMIT), Steps(steps.offset, step)


def softmax_table(step: float, high: int, dtype: str) -> ActivationTable:
    """e^-d for softmax, times ``TABLE_LIMIT``; d is the distance to the largest activation.

    Args:
        step: what one activation is worth.
        high: the largest d.
        dtype: int8 or int16.
    """
    shift = _shift(high, OUTPUT[dtype])
    return _table(TABLE_LIMIT * np.exp(-step * _activations(high, shift)), shift, 0, TABLE_LIMIT)


def short(values: Doubles, bits: int) -> Doubles:
    """Each number rounded up to so many binary digits."""
    mantissa, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.ceil(np.ldexp(mantissa, bits)), exponent - bits))


def _values(steps: Steps, activations: Integers) -> Doubles:
    return np.asarray(steps.offset[0] + steps.step[0] * activations)


def _table(values: Doubles, shift: int, low: int, high: int) -> ActivationTable:
    return ActivationTable(np.clip(np.rint(values), low, high).astype(np.int64), shift)
