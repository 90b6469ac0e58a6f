"""The table of a layer in int8 for assembly on AVR; firmware_headers/kernels/avr/fours_int8.h."""

from __future__ import annotations

import numpy as np

from mlp_edge.integers.quantised import IntegerLayer, Integers

_MOST_INPUTS = 255
_MOST_OUTPUTS = 4 * 255
_OTHERS = 6
"""Bytes of a neuron beside its weights."""
_MOST_BYTES = 2**15 - 1
"""Of an array, on AVR."""
_LARGEST = 2**16 - 1
"""Multiplier, which has 2 bytes there."""
_DOUBLED = np.array([4, 4, 6])
"""What stands for a shift of 2, 3 or 4 bytes of a product that is doubled; none is of 2."""


def fits_fours(layer: IntegerLayer) -> bool:
    """Whether assembly can sum a layer four neurons at a time, and count them in a byte."""
    return (
        layer.inputs <= _MOST_INPUTS
        and layer.outputs <= _MOST_OUTPUTS
        and layer.outputs % 4 == 0
        and layer.outputs * (layer.inputs + _OTHERS) <= _MOST_BYTES
    )


def fours(layer: IntegerLayer) -> Integers:
    """The table, a row for every four neurons: bytes from -128 to 127."""
    count = layer.outputs // 4
    biases = _bytes(layer.bias, 3).reshape(count, -1)
    weights = layer.weights.reshape(count, 4, -1).transpose(0, 2, 1).reshape(count, -1)
    multiplier, kind = _whole_bytes(layer)
    ends = np.column_stack([_bytes(multiplier, 2), kind]).reshape(count, -1)
    return np.hstack([biases, weights, ends]).astype(np.int8).astype(np.int64)


def _whole_bytes(layer: IntegerLayer) -> tuple[Integers, Integers]:
    """Multipliers (outputs,) for shifts of 2 bytes or more, and the bytes that go with them."""
    dropped = np.maximum(-(-layer.shift // 8), 2)
    multiplier = layer.multiplier << (8 * dropped - layer.shift)
    doubled = multiplier > _LARGEST
    kind = np.where(doubled, _DOUBLED[dropped - 2], dropped - 2)
    return np.where(doubled, multiplier >> 1, multiplier), kind


def _bytes(values: Integers, count: int) -> Integers:
    """The bytes (n, count) of integers (n,), the lowest first."""
    return np.asarray(values[:, None] >> (8 * np.arange(count)) & 255)
