"""The tables of a header in integers: steps of the inputs, layers, activations, answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mlp_edge.export.c.tables import BYTES, Array, matrix, vector
from mlp_edge.integers.quantised import ActivationTable, IntegerLayer, Integers, Quantised
from mlp_edge.mlp import Mlp

_WEIGHT = {"int8": "int8_t", "int16": "int16_t"}
_NODE = {"int8": "uint8_t", "int16": "uint16_t"}


class Layer(NamedTuple):
    """A layer of the page.

    Attributes:
        number: from 1 up.
        inputs, outputs: its widths.
        activation: its name.
        type: of a weight.
        weights: their rows as an initialiser has them.
        tables: biases, and how sums become results.
    """

    number: int
    inputs: int
    outputs: int
    activation: str
    type: str
    weights: str
    tables: list[Array]

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of its tables, by name."""
        weights = BYTES[self.type] * self.inputs * self.outputs
        others = {table.name: table.bytes for table in self.tables}
        return {f"LAYER{self.number}_WEIGHTS": weights, **others}


def input_tables(quantised: Quantised) -> Iterator[Array]:
    """How the inputs of layer 1 become integers."""
    comment = f"Inputs to integers: (x - low) * factor, rounded, 0 to {quantised.inputs.high}."
    yield vector("LOW", comment, quantised.inputs.low)
    yield vector("FACTOR", "", quantised.inputs.factor)


def layers(mlp: Mlp, quantised: Quantised) -> list[Layer]:
    """All layers of the page."""
    return [
        Layer(
            number=number,
            inputs=layer.inputs,
            outputs=layer.outputs,
            activation=dense.activation,
            type=_WEIGHT[quantised.dtype],
            weights=matrix(layer.weights),
            tables=list(_layer_tables(number, layer, quantised, dense.activation)),
        )
        for number, (layer, dense) in enumerate(
            zip(quantised.layers, mlp.layers, strict=True), start=1
        )
    ]


def _layer_tables(
    number: int, layer: IntegerLayer, quantised: Quantised, activation: str
) -> Iterator[Array]:
    name, dtype = f"LAYER{number}", quantised.dtype
    yield vector(f"{name}_BIAS", "", layer.bias, "int32_t")
    if dtype == "int8":
        comment = "A sum becomes a result: sum * multiplier / 2^shift, rounded, 0 to 255."
        yield vector(f"{name}_MULTIPLIER", comment, layer.multiplier, "uint16_t")
        yield vector(f"{name}_SHIFT", "", layer.shift, "uint8_t")
    else:
        comment = f"A sum becomes a result: sum / 2^shift, rounded, 0 to {layer.high}."
        yield vector(f"{name}_SHIFT", comment, layer.shift, "uint8_t")
    if dtype == "int8" and number == len(quantised.layers):
        comment = f"What the sums of a result's parts, {layer.segments} of them, are apart."
        yield vector(f"{name}_STRIDE", comment, layer.offset, "int32_t")
    if layer.table is not None:
        points = layer.table.points if dtype == "int8" else enclosing(layer.table)
        comment = f"{activation} of a result{_every(layer.table)}."
        yield vector(f"{name}_TABLE", comment, points, _NODE[dtype])


def answer_tables(mlp: Mlp, quantised: Quantised) -> Iterator[Array]:
    """What the last results stand for."""
    if quantised.table is not None:
        activation = mlp.layers[-1].activation
        what = "e^-d, d being how far a result is below the largest" if quantised.softmax else (
            f"{activation} of a result"
        )  # fmt: skip
        comment = f"{what}{_every(quantised.table)}."
        yield vector("TABLE", comment, enclosing(quantised.table), "uint16_t")
    if not quantised.softmax:
        yield vector("OFFSET", "Answers: offset + step * result.", quantised.offset)
        yield vector("STEP", "", quantised.step)


def enclosing(table: ActivationTable) -> Integers:
    """Nodes of which there is one behind every result: a table without gaps gets another."""
    return np.append(table.points, table.points[-1]) if table.shift == 0 else table.points


def _every(table: ActivationTable) -> str:
    return f", for every {2**table.shift}th; straight lines between" if table.shift else ""
