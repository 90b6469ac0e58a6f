"""The table of a layer in int8 for assembly on AVR; firmware_headers/kernels/avr/fours_int8.h."""

from __future__ import annotations

import numpy as np

from mlp_edge.integers.quantised import IntegerLayer, Integers

_MOST_INPUTS = 255
_MOST_OUTPUTS = 4 * 255
_NO_GAIN = 5
"""Neurons, of which three would be summed twice."""
_OTHERS = 6
"""Bytes of a neuron beside its weights."""
_MOST_BYTES = 2**15 - 1
"""Of an array, on AVR."""
_LARGEST = 2**16 - 1
"""Multiplier, which has 2 bytes there."""
_DOUBLED = np.array([4, 4, 6])
"""What stands for a shift of 2, 3 or 4 bytes of a product that is doubled; none is of 2."""


def fits_fours(layer: IntegerLayer) -> bool:
    """Whether assembly can sum a layer four neurons at a time, and gains by it."""
    return (
        layer.inputs <= _MOST_INPUTS
        and 4 <= layer.outputs <= _MOST_OUTPUTS
        and layer.outputs != _NO_GAIN
        and len(_neurons(layer)) * (layer.inputs + _OTHERS) <= _MOST_BYTES
    )


def fours(layer: IntegerLayer) -> Integers:
    """The table, a row for every four neurons: bytes from -128 to 127."""
    neurons = _neurons(layer)
    count = len(neurons) // 4
    biases = _bytes(layer.bias[neurons], 3).reshape(count, -1)
    weights = layer.weights[neurons].reshape(count, 4, -1).transpose(0, 2, 1).reshape(count, -1)
    multiplier, kind = _whole_bytes(layer.multiplier[neurons], layer.shift[neurons])
    ends = np.column_stack([_bytes(multiplier, 2), kind]).reshape(count, -1)
    return np.hstack([biases, weights, ends]).astype(np.int8).astype(np.int64)


def _neurons(layer: IntegerLayer) -> Integers:
    """The neurons of the table: the last four come whole, though some have been before."""
    start = layer.outputs - layer.outputs % 4
    again = np.arange(layer.outputs - 4, layer.outputs) if layer.outputs % 4 else np.arange(0)
    return np.concatenate([np.arange(start), again])


def _whole_bytes(multiplier: Integers, shift: Integers) -> tuple[Integers, Integers]:
    """Multipliers (n,) for shifts of 2 bytes or more, and the bytes that go with them."""
    dropped = np.maximum(-(-shift // 8), 2)
    multiplier = multiplier << (8 * dropped - shift)
    doubled = multiplier > _LARGEST
    kind = np.where(doubled, _DOUBLED[dropped - 2], dropped - 2)
    return np.where(doubled, multiplier >> 1, multiplier), kind


def _bytes(values: Integers, count: int) -> Integers:
    """The bytes (n, count) of integers (n,), the lowest first."""
    return np.asarray(values[:, None] >> (8 * np.arange(count)) & 255)
