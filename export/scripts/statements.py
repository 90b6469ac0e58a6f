"""What a model computes, call by call, in the words that interpreted languages share.

``f(a, b)`` is a call in all of them. The functions stand in ``script_modules/``, one file for each
language; tables are named as in a C header.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.export.c.exporter import numbers_scaling
from mlp_edge.export.c.integers_tables import enclosing
from mlp_edge.export.c.layer_table import dense_comment, elementwise_comment
from mlp_edge.integers.activation_tables import GUARD, PolynomialTable, Table
from mlp_edge.integers.quantised import IntegerLayer, Quantised
from mlp_edge.mlp import Dense, Mlp, diagonals_of
from mlp_edge.walk import head_numbers


class Array(NamedTuple):
    """A table of numbers.

    Attributes:
        name: in upper case.
        kind: float32; int8, int16 or int24 of weights; point, up to 65535, and coefficient, up to
            2^31, of tables of activations; index of a feature; integer of others, below 2^52.
        values: (n,), or (rows, n), which is written a row at a time.
        comment: above it; "" for none.
    """

    name: str
    kind: str
    values: NDArray[np.generic]
    comment: str = ""


class Statement(NamedTuple):
    """A value and what it is computed by; the last one of a model is returned.

    Attributes:
        value: its name; "" is what a model returns.
        expression: a call, or a name.
    """

    value: str
    expression: str


class Body(NamedTuple):
    """A model, behind the readings.

    Attributes:
        known: readings with fills: NaN among them rejects the row.
        statements: from there to the predictions.
        tables: that they name, in order.
    """

    known: str
    statements: Sequence[Statement]
    tables: Sequence[Array]


def call(function: str, *arguments: object) -> str:
    """A call."""
    return f"{function}({', '.join(map(str, arguments))})"


def float_body(mlp: Mlp) -> Body:
    """A model in float32; raises as ``numbers_scaling`` does."""
    inputs = [_encoded(mlp)]
    tables = list(_reading_tables(mlp))
    if mlp.scaling is not None and len(mlp.encoding.numbers):
        mean, reciprocal = numbers_scaling(mlp, mlp.scaling)
        tables += [Array("MEAN", "float32", mean), Array("RECIPROCAL", "float32", reciprocal)]
        inputs.append(call("scale", "MEAN", "RECIPROCAL", inputs[-1]))
    statements = [Statement("x0", inputs[-1])]
    for number, layer in enumerate(mlp.layers, start=1):
        tables += _float_tables(number, layer)
        expression = _float_sums(number, layer, _read(layer.reads, number))
        if layer.activation == "softmax":
            expression = call("softmax", expression)
        elif layer.activation != "linear":
            expression = call("each", layer.activation, expression)
        if layer.times is not None:
            expression = call("times", f"x{layer.times}", expression)
        statements.append(Statement(f"x{number}", expression))
    heads = [f"x{head}" for head in head_numbers(mlp.layers, mlp.heads)]
    statements.append(Statement("", _clipped(mlp, _joined(heads))))
    return Body(_known(mlp), statements, tables)


def integer_body(mlp: Mlp, quantised: Quantised) -> Body:
    """A model in int8, int16 or int24: ``mlp_edge.integers.integer_reference``, call by call."""
    tables = [
        *_reading_tables(mlp),
        Array("LOW", "float32", quantised.inputs.low),
        Array("FACTOR", "float32", quantised.inputs.factor),
    ]
    first = call("quantise", "LOW", "FACTOR", quantised.inputs.high, _encoded(mlp))
    statements = [Statement("x0", first)]
    for number, layer in enumerate(quantised.layers, start=1):
        activation = mlp.layers[number - 1].activation
        tables += _integer_tables(number, layer, activation, quantised.dtype)
        expression = _integers(number, layer, _read(layer.reads, number))
        statements.append(Statement(f"x{number}", expression))
    tables += _output_tables(quantised)
    last = _predictions(quantised, statements[-1].value)
    return Body(_known(mlp), [*statements, Statement("", _clipped(mlp, last))], tables)


# Readings


def _known(mlp: Mlp) -> str:
    fills = mlp.encoding.imputes or mlp.encoding.has_sentinels
    return call("filled", "FILL", "SENTINEL", "given") if fills else "given"


def reads_directly(mlp: Mlp) -> bool:
    """Whether the inputs of layer 1 are the readings, with fills."""
    return mlp.encoding.width == len(mlp.encoding.numbers) == mlp.inputs


def _encoded(mlp: Mlp) -> str:
    if reads_directly(mlp):
        return "known"
    names = ("NUMBERS", "INDICATORS", "SENTINEL", "ONE_HOT", "CODES")
    return call("encoded", *names, "given", "known")


def _reading_tables(mlp: Mlp) -> Iterator[Array]:
    encoding, direct = mlp.encoding, reads_directly(mlp)
    if _known(mlp) != "given":
        comment = "What counts where a reading is missing; NaN rejects the row."
        yield Array("FILL", "float32", encoding.fill, comment)
    if _known(mlp) != "given" or not direct:
        comment = "Readings that mean: missing; NaN where there is none."
        yield Array("SENTINEL", "float32", encoding.sentinel, comment)
    if not direct:
        comment = "Inputs of layer 1: features that are numbers, features whose absence is told,"
        yield Array("NUMBERS", "index", encoding.numbers, comment)
        yield Array("INDICATORS", "index", encoding.indicators)
        yield Array("ONE_HOT", "index", encoding.categories, "the feature of each category,")
        yield Array("CODES", "index", encoding.codes.astype(np.int64), "and its code.")


# Layers


def _read(reads: Sequence[int], number: int) -> str:
    """What a layer reads."""
    return _joined([f"x{value}" for value in reads or (number - 1,)])


def _joined(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else call("join", *values)


def _clipped(mlp: Mlp, value: str) -> str:
    return value if mlp.clip is None else call("clip", *map(repr, map(float, mlp.clip)), value)


def _layer_comment(number: int, activation: str, weights: NDArray[np.generic]) -> str:
    """A layer above its tables; ``readers/script_file.py`` reads it."""
    diagonals = diagonals_of(weights)
    if diagonals is None:
        return dense_comment(number, activation, len(weights), weights.shape[1])
    shape = f"[value][unit], {len(diagonals)} x {len(weights)}"
    return elementwise_comment(number, activation, len(weights), shape)


def _float_tables(number: int, layer: Dense) -> Iterator[Array]:
    comment = _layer_comment(number, layer.activation, layer.weights)
    if layer.diagonals is None:
        yield Array(f"LAYER{number}_WEIGHTS", "float32", layer.weights, comment)
    else:
        yield Array(f"LAYER{number}_DIAGONALS", "float32", layer.diagonals, comment)
    if layer.diagonals is None or layer.bias.any():
        yield Array(f"LAYER{number}_BIAS", "float32", layer.bias)


def _float_sums(number: int, layer: Dense, inputs: str) -> str:
    bias = f"LAYER{number}_BIAS"
    if layer.diagonals is None:
        return call("dense", f"LAYER{number}_WEIGHTS", bias, inputs)
    # Zeros are not added: that would make 0 of -0.
    diagonals = f"LAYER{number}_DIAGONALS"
    if layer.bias.any():
        return call("diagonal_biased", diagonals, bias, inputs)
    return call("diagonal", diagonals, layer.outputs, inputs)


def _integer_tables(
    number: int, layer: IntegerLayer, activation: str, kind: str
) -> Iterator[Array]:
    name, diagonals = f"LAYER{number}", diagonals_of(layer.weights)
    comment = _layer_comment(number, activation, layer.weights)
    if diagonals is None:
        yield Array(f"{name}_WEIGHTS", kind, layer.weights, comment)
    else:
        yield Array(f"{name}_DIAGONALS", kind, diagonals, comment)
    yield Array(f"{name}_BIAS", "integer", layer.bias)
    comment = f"Requantisation: pre-activation * multiplier / 2^shift, rounded, 0 to {layer.high}."
    yield Array(f"{name}_MULTIPLIER", "integer", layer.multiplier, comment)
    yield Array(f"{name}_SHIFT", "integer", layer.shift)
    if layer.segments > 1:
        comment = f"An output adds up {layer.segments} segments, each so far above the last."
        yield Array(f"{name}_OFFSET", "integer", layer.offset, comment)
    if layer.table is not None:
        yield _table(f"{name}_TABLE", layer.table, f"{activation} of a quantised pre-activation")


def _integers(number: int, layer: IntegerLayer, inputs: str) -> str:
    name = f"LAYER{number}"
    diagonal = diagonals_of(layer.weights) is not None
    if diagonal:
        value = call("diagonal_sums", f"{name}_DIAGONALS", f"{name}_BIAS", inputs)
    else:
        value = call("sums", f"{name}_WEIGHTS", f"{name}_BIAS", inputs)
    given = (f"{name}_MULTIPLIER", f"{name}_SHIFT", layer.high)
    if layer.segments > 1:
        value = call("segments", *given, layer.segments, f"{name}_OFFSET", value)
    else:
        value = call("requantise", *given, value)
    return value if layer.table is None else _at(f"{name}_TABLE", layer.table, value)


def _table(name: str, table: Table, what: str) -> Array:
    every = f", one entry per {2**table.shift}" if table.shift else ""
    if isinstance(table, PolynomialTable):
        return Array(name, "coefficient", table.coefficients, f"{what}: polynomials{every}.")
    return Array(name, "point", enclosing(table), f"{what}{every}.")


def _at(name: str, table: Table, value: str) -> str:
    if isinstance(table, PolynomialTable):
        return call("piecewise", name, table.shift, GUARD, table.highest, value)
    return call("interpolate", name, table.shift, value)


# Predictions


def _output_tables(quantised: Quantised) -> Iterator[Array]:
    outputs = quantised.layers[-1].outputs
    if quantised.table is not None:
        what = "e^-d, where d is how far a quantised logit is below the largest"
        if not quantised.softmax:
            what = "The activation of a quantised pre-activation"
        yield _table("TABLE", quantised.table, what)
    if not quantised.softmax and not quantised.octave:
        comment = "Predictions: offset + step * (quantised output - zero)."
        yield Array("OFFSET", "float32", np.broadcast_to(quantised.offset, outputs), comment)
        yield Array("STEP", "float32", np.broadcast_to(quantised.step, outputs))
    if not quantised.softmax:
        yield Array("ZERO", "integer", np.broadcast_to(quantised.zero, outputs))


def _predictions(quantised: Quantised, value: str) -> str:
    if quantised.octave:
        name = "softmax_integers" if quantised.softmax else "sigmoid_integers"
        zero = () if quantised.softmax else ("ZERO",)
        return call(name, quantised.octave, *zero, value)
    if quantised.softmax:
        value = call("below_largest", value)
    if quantised.table is not None:
        value = _at("TABLE", quantised.table, value)
    if quantised.softmax:
        return call("shares", value)
    return call("dequantise", "OFFSET", "STEP", "ZERO", value)
