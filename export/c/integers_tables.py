"""The tables of a header in integers: of the inputs, the layers, the activations, the outputs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlp_edge.export.c.layer_table import dense_comment, elementwise_comment
from mlp_edge.export.c.tables import Array, Layer, matrix, vector
from mlp_edge.export.layout.diagonals import diagonals_in
from mlp_edge.integers.activation_tables import ActivationTable
from mlp_edge.integers.quantised import IntegerLayer, Integers, Quantised
from mlp_edge.mlp import Mlp

_WEIGHT = {"int8": "int8_t", "int16": "int16_t"}
_TABLE = {"int8": "uint8_t", "int16": "uint16_t"}


def input_tables(quantised: Quantised) -> Iterator[Array]:
    """How the inputs of layer 1 are quantised."""
    comment = f"Quantised inputs: (x - low) * factor, rounded, 0 to {quantised.inputs.high}."
    yield vector("LOW", comment, quantised.inputs.low)
    yield vector("FACTOR", "", quantised.inputs.factor)


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
        tables=list(_layer_tables(number, layer, quantised, activation)),
        comment=comment,
        diagonals=diagonals is not None,
    )


def _layer_tables(
    number: int, layer: IntegerLayer, quantised: Quantised, activation: str
) -> Iterator[Array]:
    name, dtype = f"LAYER{number}", quantised.dtype
    yield vector(f"{name}_BIAS", "", layer.bias, "int32_t")
    if dtype == "int8":
        comment = "Requantisation: pre-activation * multiplier / 2^shift, rounded, 0 to 255."
        yield vector(f"{name}_MULTIPLIER", comment, layer.multiplier, "uint16_t")
        yield vector(f"{name}_SHIFT", "", layer.shift, "uint8_t")
    else:
        comment = f"Requantisation: pre-activation / 2^shift, rounded, 0 to {layer.high}."
        yield vector(f"{name}_SHIFT", comment, layer.shift, "uint8_t")
    if dtype == "int8" and number == len(quantised.layers):
        comment = f"An output adds up {layer.segments} segments, each this far above the last."
        yield vector(f"{name}_SEGMENT_OFFSET", comment, layer.offset, "int32_t")
    if isinstance(layer.table, ActivationTable):
        points = layer.table.points if dtype == "int8" else enclosing(layer.table)
        comment = f"{activation} of a quantised pre-activation{_every(layer.table)}."
        yield vector(f"{name}_TABLE", comment, points, _TABLE[dtype])


def output_tables(mlp: Mlp, quantised: Quantised) -> Iterator[Array]:
    """How quantised outputs become predictions."""
    if isinstance(quantised.table, ActivationTable):
        what = f"{mlp.layers[-1].activation} of a quantised pre-activation"
        if quantised.softmax:
            what = "e^-d, where d is how far a quantised logit is below the largest"
        comment = f"{what}{_every(quantised.table)}."
        yield vector("TABLE", comment, enclosing(quantised.table), "uint16_t")
    if not quantised.softmax:
        yield vector("OFFSET", "Predictions: offset + step * quantised output.", quantised.offset)
        yield vector("STEP", "", quantised.step)


def enclosing(table: ActivationTable) -> Integers:
    """The entries, with one beyond the last integer: a table without gaps gets another."""
    return np.append(table.points, table.points[-1]) if table.shift == 0 else table.points


def _every(table: ActivationTable) -> str:
    return f", one entry per {2**table.shift}, interpolated" if table.shift else ""
