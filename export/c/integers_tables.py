"""The tables of a header in integers: of the inputs, the layers, the activations, the outputs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlp_edge.export.c.integers_fours import fits_fours, fours
from mlp_edge.export.c.layer_table import dense_comment, elementwise_comment
from mlp_edge.export.c.tables import Array, Fours, Layer, matrix, rows, vector
from mlp_edge.export.c.text import wrapped
from mlp_edge.export.layout.diagonals import diagonals_in
from mlp_edge.integers.activation_tables import (
    GUARD,
    ActivationTable,
    PolynomialTable,
    Table,
)
from mlp_edge.integers.quantised import IntegerLayer, Integers, Quantised
from mlp_edge.mlp import Mlp

_WEIGHT = {"int8": "int8_t", "int16": "int16_t", "int24": "mlp_edge_int24"}
_BIAS = {"int8": "int32_t", "int16": "int32_t", "int24": "int64_t"}
_TABLE = {"int8": "uint8_t", "int16": "uint16_t"}


def input_tables(quantised: Quantised) -> Iterator[Array]:
    """How the inputs of layer 1 are quantised."""
    comment = f"Quantised inputs: (x - low) * factor, rounded, 0 to {quantised.inputs.high}."
    yield vector("LOW", comment, quantised.inputs.low)
    yield vector("FACTOR", "", quantised.inputs.factor)


def is_wide(quantised: Quantised, number: int) -> bool:
    """Whether a dense layer of int8 needs kernels for long sums and products."""
    layer, largest = quantised.layers[number - 1], quantised.largest[number - 1]
    if diagonals_in(quantised, number) is not None:
        return False
    return not (layer.narrow(largest) and layer.in_24_bits(largest))


def in_fours(quantised: Quantised, number: int) -> bool:
    """Whether a layer has a table of its own for assembly on AVR: a hidden one of int8."""
    return (
        quantised.dtype == "int8"
        and number < len(quantised.layers)
        and diagonals_in(quantised, number) is None
        and not is_wide(quantised, number)
        and fits_fours(quantised.layers[number - 1])
    )


def layers(mlp: Mlp, quantised: Quantised) -> list[Layer]:
    """All layers of the page."""
    return [
        _layer(number, layer, quantised, mlp.layers[number - 1].activation)
        for number, layer in enumerate(quantised.layers, start=1)
    ]


def _layer(number: int, layer: IntegerLayer, quantised: Quantised, activation: str) -> Layer:
    diagonals = diagonals_in(quantised, number)
    comment = dense_comment(number, activation, layer.outputs, layer.inputs)
    if diagonals is not None:
        shape = f"[value][unit], {len(diagonals)} x {layer.outputs}"
        comment = elementwise_comment(number, activation, layer.outputs, shape)
    return Layer(
        number=number,
        inputs=layer.inputs,
        outputs=layer.outputs,
        activation=activation,
        type=_WEIGHT[quantised.dtype],
        weights=matrix(layer.weights if diagonals is None else diagonals),
        tables=list(_layer_tables(number, layer, quantised)),
        comment=comment,
        diagonals=diagonals is not None,
        activation_tables=list(_activation_tables(number, layer, quantised, activation)),
        fours=_fours(number, layer) if in_fours(quantised, number) else None,
    )


def _fours(number: int, layer: IntegerLayer) -> Fours:
    table = fours(layer)
    count, width = table.shape
    return Fours(f"LAYER{number}_FOURS", (count, width), matrix(table))


def _layer_tables(number: int, layer: IntegerLayer, quantised: Quantised) -> Iterator[Array]:
    name, dtype = f"LAYER{number}", quantised.dtype
    yield vector(f"{name}_BIAS", "", layer.bias, _BIAS[dtype])
    if dtype == "int8":
        comment = "Requantisation: pre-activation * multiplier / 2^shift, rounded, 0 to 255."
        yield _multipliers(f"{name}_MULTIPLIER", comment, layer)
        yield vector(f"{name}_SHIFT", "", layer.shift, "uint8_t")
    else:
        comment = f"Requantisation: pre-activation / 2^shift, rounded, 0 to {layer.high}."
        yield vector(f"{name}_SHIFT", comment, layer.shift, "uint8_t")
    if dtype == "int8" and number == len(quantised.layers):
        comment = f"An output adds up {layer.segments} segments, each this far above the last."
        yield vector(f"{name}_SEGMENT_OFFSET", comment, layer.offset, "int32_t")


def _activation_tables(
    number: int, layer: IntegerLayer, quantised: Quantised, activation: str
) -> Iterator[Array]:
    if layer.table is not None:
        what = f"{activation} of a quantised pre-activation"
        yield _activation(f"LAYER{number}_TABLE", what, layer.table, quantised.dtype)


def _multipliers(name: str, comment: str, layer: IntegerLayer) -> Array:
    pairs = zip(layer.multiplier.tolist(), layer.shift.tolist(), strict=True)
    items = [f"MLP_EDGE_MULTIPLIER({multiplier}, {shift})" for multiplier, shift in pairs]
    lines = wrapped("    ", items, ",", 4)
    return Array(name, comment, len(items), f"{{\n{lines}\n}}", "mlp_edge_multiplier")


def output_tables(mlp: Mlp, quantised: Quantised) -> Iterator[Array]:
    """How quantised outputs become predictions."""
    if quantised.table is not None:
        what = f"{mlp.layers[-1].activation} of a quantised pre-activation"
        if quantised.softmax:
            what = "e^-d, where d is how far a quantised logit is below the largest"
        yield _activation("TABLE", what, quantised.table, "int16")
    zero = quantised.dtype == "int24"
    if quantised.octave and not quantised.softmax:
        comment = (
            f"Predictions: 1 / (1 + 2^-x), x = (quantised output - zero) / 2^{quantised.octave}."
        )
        yield vector("ZERO", comment, quantised.zero, "int32_t")
    elif not quantised.softmax:
        output = "(quantised output - zero)" if zero else "quantised output"
        yield vector("OFFSET", f"Predictions: offset + step * {output}.", quantised.offset)
        yield vector("STEP", "", quantised.step)
        if zero:
            yield vector("ZERO", "", quantised.zero, "int32_t")


def _activation(name: str, what: str, table: Table, dtype: str) -> Array:
    if isinstance(table, PolynomialTable):
        comment = (
            f"{what}: a polynomial per {2**table.shift}, the constant first, in 1/{2**GUARD}; its "
            "variable goes from 0 to 1."
        )
        return Array(name, comment, table.coefficients.size, rows(table.coefficients), "int32_t")
    points = table.points if dtype == "int8" else enclosing(table)
    return vector(name, f"{what}{_every(table)}.", points, _TABLE[dtype])


def enclosing(table: ActivationTable) -> Integers:
    """The entries, with one beyond the last integer: a table without gaps gets another."""
    return np.append(table.points, table.points[-1]) if table.shift == 0 else table.points


def _every(table: ActivationTable) -> str:
    return f", one entry per {2**table.shift}, interpolated" if table.shift else ""
