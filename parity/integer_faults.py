"""Faults of converters and kernels in integers, each of one unit or one slip.

The tests plant each and require FAIL; a failed comparison tries each as an explanation. To add one:
a function ``Quantised -> iterator of IntegerFault``, listed in ``KINDS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from mlp_edge.encoding import Floats
from mlp_edge.errors import ModelError
from mlp_edge.integers.activation_tables import GUARD, ActivationTable, PolynomialTable, Table
from mlp_edge.integers.integer_reference import dequantise
from mlp_edge.integers.quantised import (
    EXACT,
    HIGHEST,
    Inputs,
    IntegerLayer,
    Integers,
    Quantised,
)
from mlp_edge.mlp import Mlp, Rows


@dataclass(frozen=True)
class IntegerFault:
    """One thing gone wrong.

    Attributes:
        kind: a word for the kind of fault.
        layer: number of the layer it is in, from 1; 0 is what makes integers of readings.
        says: the likely cause, in words.
        faulty: the integers that it makes.
    """

    kind: str
    layer: int
    says: str
    faulty: Quantised


PLACES = 8
"""At most so many places of a vector are tried: one of them may change no prediction."""
_SIXTEEN_BITS = 2**16 - 1


def _each(vector: Integers, by: int) -> Iterator[Integers]:
    """The vector, one element of it moved; at places that are evenly spread."""
    for place in np.unique(np.linspace(0, vector.size - 1, PLACES).round().astype(np.intp)):
        moved = vector.copy()
        moved[place] += by
        yield moved


def _weights(layer: IntegerLayer) -> Iterator[IntegerLayer]:
    for place in np.unique(np.linspace(0, layer.weights.size - 1, PLACES).astype(np.intp)):
        moved = layer.weights.copy()
        moved.flat[place] += 1 if moved.flat[place] <= 0 else -1  # never beyond the largest
        yield replace(layer, weights=moved)


def _biases(layer: IntegerLayer) -> Iterator[IntegerLayer]:
    for by in (1, -1):
        for bias in _each(layer.bias, by * _shown(layer)):
            yield replace(layer, bias=bias)


def _shown(layer: IntegerLayer) -> int:
    """How far a bias is moved: by 1, but of int24 by as much as rows and float32 may show."""
    shift = int(layer.shift.max())
    if layer.high > EXACT:
        return 1 << (shift + 5)
    return 1 << max(0, shift - 15) if layer.high > _SIXTEEN_BITS else 1


def _multipliers(layer: IntegerLayer) -> Iterator[IntegerLayer]:
    if layer.multiplier.max() == 1:
        return  # a shift alone requantises
    for multiplier in _each(layer.multiplier, 1):
        yield replace(layer, multiplier=multiplier)


def _shifts(layer: IntegerLayer) -> Iterator[IntegerLayer]:
    for shift in _each(layer.shift, 1):
        yield replace(layer, shift=np.minimum(shift, np.maximum(layer.shift, 31)))


def _offsets(layer: IntegerLayer) -> Iterator[IntegerLayer]:
    if layer.segments > 1:
        for by in (1, -1):
            for offset in _each(layer.offset, by):
                yield replace(layer, offset=offset)


def _tables(layer: IntegerLayer) -> Iterator[IntegerLayer]:
    if layer.table is not None:
        for table in _of_table(layer.table):
            yield replace(layer, table=table)


def _transposed(layer: IntegerLayer) -> Iterator[IntegerLayer]:
    if layer.outputs == layer.inputs > 1:
        yield replace(layer, weights=np.ascontiguousarray(layer.weights.T))


def _truncated(layer: IntegerLayer) -> Iterator[IntegerLayer]:
    """Subtract half a step from every sum: what truncation does, to within one sum."""
    half = np.int64(1) << (layer.shift - 1)
    yield replace(layer, bias=layer.bias - -(-half // layer.multiplier))


def _unbiased(layer: IntegerLayer) -> Iterator[IntegerLayer]:
    yield replace(layer, bias=np.zeros_like(layer.bias))


LAYER_FAULTS: dict[str, tuple[str, Callable[[IntegerLayer], Iterator[IntegerLayer]]]] = {
    "bias": ("its biases are missing", _unbiased),
    "transposed": ("its weights were read with rows and columns exchanged", _transposed),
    "truncated": ("its results are cut off instead of rounded", _truncated),
    "one weight": ("one of its weights is one off", _weights),
    "one bias": ("one of its biases is off", _biases),
    "one multiplier": ("one of its multipliers is one off", _multipliers),
    "one shift": ("one of its shifts is one off", _shifts),
    "one stride": ("one of its strides is one off", _offsets),
    "one node": ("one node of its table is one off", _tables),
}


def _in_layers(quantised: Quantised) -> Iterator[IntegerFault]:
    for number, layer in enumerate(quantised.layers, start=1):
        for kind, (says, change) in LAYER_FAULTS.items():
            for changed in change(layer):
                layers = list(quantised.layers)
                layers[number - 1] = changed
                with suppress(ModelError):  # such as sums beyond 32 bits
                    faulty = replace(quantised, layers=tuple(layers))
                    yield IntegerFault(kind, number, says, faulty)


def _in_outputs(quantised: Quantised) -> Iterator[IntegerFault]:
    last = len(quantised.layers)
    if quantised.table is not None:
        for table in _of_table(quantised.table):
            faulty = replace(quantised, table=table)
            yield IntegerFault("one node", last, "one node of its table is one off", faulty)
    if quantised.zero.any():
        for zero in _each(quantised.zero, 1 << 7):
            faulty = replace(quantised, zero=zero)
            yield IntegerFault("zero", last, "the zero of its answers is off", faulty)
    if not quantised.softmax and quantised.dtype != "int24":  # whose steps are powers of two
        faulty = replace(quantised, step=np.nextafter(quantised.step, np.float32(np.inf)))
        yield IntegerFault("step", last, "the step of its answers is off by one float32", faulty)


def _in_inputs(quantised: Quantised) -> Iterator[IntegerFault]:
    def with_inputs(low: Floats, factor: Floats) -> Quantised:
        return replace(quantised, inputs=Inputs(low, factor, quantised.inputs.high))

    low, factor, _ = quantised.inputs
    for place in range(len(low)):
        for toward in (np.float32(np.inf), np.float32(-np.inf)):
            moved = low.copy()
            moved[place] = np.nextafter(low[place], toward)
            says = "where an input begins is off by one float32"
            yield IntegerFault("low", 0, says, with_inputs(moved, factor))
            moved = factor.copy()
            moved[place] = np.nextafter(factor[place], toward)
            says = "the factor of an input is off by one float32"
            yield IntegerFault("factor", 0, says, with_inputs(low, moved))


KINDS = (_in_layers, _in_outputs, _in_inputs)


def integer_faults(quantised: Quantised) -> Iterator[IntegerFault]:
    """Every fault that the integers can have, at some places each."""
    for kind in KINDS:
        yield from kind(quantised)


def saturated(mlp: Mlp, quantised: Quantised, rows: Rows) -> Rows:
    """Predictions (n, outputs) of int8 where pairs of products are added and saturate at 16 bits.

    What AVX2's vpmaddubsw does to bytes and large weights.
    """
    wide, byte = quantised.inputs.integers(mlp.encoding.encode(rows)), HIGHEST["int8"]
    segments = range(quantised.input_segments)
    u = np.concatenate([np.clip(wide - byte * segment, 0, byte) for segment in segments], axis=1)
    for layer in quantised.byte_layers:
        products = u[:, None, :] * layer.weights
        pairs = products[..., ::2].copy()
        pairs[..., : layer.inputs // 2] += products[..., 1::2]
        last = layer.requantise(np.clip(pairs, -(2**15), 2**15 - 1).sum(axis=2) + layer.bias)
        u = last if layer.table is None else layer.table.at(last)
    found = dequantise(quantised, last)
    if mlp.clip is not None:
        found = np.clip(found, np.float32(mlp.clip[0]), np.float32(mlp.clip[1]))
    return np.where(mlp.encoding.rejected(rows)[:, None], np.float32(np.nan), found)


def _of_table(table: Table) -> Iterator[Table]:
    for by in (1, -1):
        if isinstance(table, PolynomialTable):
            for constants in _each(table.coefficients[:, 0], by << GUARD):
                moved = np.column_stack([constants, table.coefficients[:, 1:]])
                yield table._replace(coefficients=moved)
            continue
        for points in _each(table.points, by):
            yield ActivationTable(np.maximum(points, 0), table.shift)
