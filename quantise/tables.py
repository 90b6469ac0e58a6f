"""Activations as functions of integers."""

from __future__ import annotations

import numpy as np

from mlp_edge.integers.quantised import TABLE_LIMIT, Integers, Table
from mlp_edge.quantise.ranges import Steps, of_results
from mlp_edge.reference import FORMULAS, Doubles

HIDDEN = {"int8": 256, "int16": 512}
"""At least so many nodes has a hidden activation's table; int8 has one for every result."""
ANSWER = {"int8": 64, "int16": 512}
"""At least so many nodes has that of an output's activation, and less than twice as many: straight
lines between them are off by far less than the results that they are asked for."""


def _shift(high: int, nodes: int) -> int:
    """How far apart nodes stand, as a power of two."""
    return max(0, (high + 1).bit_length() - nodes.bit_length())


def _places(high: int, shift: int) -> Integers:
    """The results at which nodes stand; one more than is reached, so that two always enclose."""
    count = high + 1 if shift == 0 else (high >> shift) + 2
    return np.arange(count, dtype=np.int64) << shift


def hidden(activation: str, results: Steps, high: int, dtype: str) -> tuple[Table, Steps]:
    """The table of a hidden activation, and what its integers stand for.

    Args:
        activation: as in ``mlp_edge.reference``.
        results: what the layer's results stand for, alike for every neuron.
        high: the largest of them, and of what the table makes of them.
        dtype: int8 or int16.
    """
    shift = _shift(high, HIDDEN[dtype])
    values = FORMULAS[activation](_values(results, _places(high, shift))[:, None])[:, 0]
    kept = values[: (high >> shift) + 1]
    steps = of_results(kept.min(keepdims=True), kept.max(keepdims=True), high, 0.0)
    return _table((values - steps.offset) / steps.step, shift, 0, high), steps


def answer(activation: str, results: Steps, high: int, dtype: str) -> tuple[Table, Steps]:
    """The table of an output activation, softmax apart, and what its integers stand for."""
    shift = _shift(high, ANSWER[dtype])
    values = FORMULAS[activation](_values(results, _places(high, shift))[:, None])[:, 0]
    if activation == "sigmoid":  # never certain: neither 0 nor 1
        steps = Steps(np.zeros(1), np.array([2.0**-16]))
        return _table(values / steps.step, shift, 1, TABLE_LIMIT), steps
    kept = values[: (high >> shift) + 1]
    steps = of_results(kept.min(keepdims=True), kept.max(keepdims=True), TABLE_LIMIT, 0.0)
    step = short(steps.step, 8)
    return _table((values - steps.offset) / step, shift, 0, TABLE_LIMIT), Steps(steps.offset, step)


def powers(step: float, high: int, dtype: str) -> Table:
    """e^-d for softmax, as shares of ``TABLE_LIMIT``; d is how far a result is below the largest.

    Args:
        step: what one result is worth.
        high: the largest d.
        dtype: int8 or int16.
    """
    shift = _shift(high, ANSWER[dtype])
    return _table(TABLE_LIMIT * np.exp(-step * _places(high, shift)), shift, 0, TABLE_LIMIT)


def short(values: Doubles, bits: int) -> Doubles:
    """Each number rounded up to so many binary digits."""
    mantissa, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.ceil(np.ldexp(mantissa, bits)), exponent - bits))


def _values(steps: Steps, places: Integers) -> Doubles:
    return np.asarray(steps.offset[0] + steps.step[0] * places)


def _table(values: Doubles, shift: int, low: int, high: int) -> Table:
    return Table(np.clip(np.rint(values), low, high).astype(np.int64), shift)
