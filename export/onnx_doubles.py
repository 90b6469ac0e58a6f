"""The layers of a network in int16 or int24 as ONNX: integers that float64 holds.

A float64 number is an integer's exact value up to 2^53, and no partial sum of a layer reaches that,
so a Gemm adds them exactly in whatever order, with or without fused multiply-adds. Weights and
biases are divided by 2^shift as constants, which takes no rounding either: the sums of the file are
fractions whose floor is the requantised activation, half a step being part of the bias. Runtimes
work the constants out once, as they load the file.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from mlp_edge.export import onnx_exponentials
from mlp_edge.export.onnx_graph import (
    GraphBuilder,
    clamped,
    joined,
    predictions,
    quantised_inputs,
    without_nan,
)
from mlp_edge.integers.activation_tables import (
    DEGREE,
    GUARD,
    ActivationTable,
    Integers,
    PolynomialTable,
    Table,
)
from mlp_edge.integers.quantised import IntegerLayer, Quantised, rounded
from mlp_edge.walk import walk

_Entries = Callable[..., str]
"""Name, numbers of a table, what is added to each -> what stands there at each index."""
STORED: dict[str, type[np.signedinteger[Any]]] = {"int16": np.int16, "int24": np.int32}
"""What the file holds weights in."""


def network(build: GraphBuilder, quantised: Quantised, encoded: str, guarded: bool) -> str:
    """Add the layers behind encoded inputs; returns the name of the predictions.

    Args:
        build: added to.
        quantised: the layers; one segment each.
        encoded: (N, width) float32.
        guarded: whether an input may be NaN, in a row whose prediction somebody else makes NaN.
    """
    numbers = count(1)
    if guarded:
        encoded = without_nan(build, quantised, encoded)
    u = quantised_inputs(build, quantised.inputs, encoded)

    def step(layer: IntegerLayer, u: str, _: str | None) -> str:
        number = next(numbers)
        zero = _common_zero(quantised) if number == len(quantised.layers) else 0
        scope = f"layer{number}"
        largest, stored = quantised.largest[number - 1], STORED[quantised.dtype]
        activations = _activations(build, scope, layer, u, largest, zero, stored)
        return _looked_up(build, f"{scope}/table", layer.table, activations, layer.outputs)

    *_, activations = walk(
        quantised.layers,
        build.cast("inputs/integers", u, "DOUBLE"),
        step,
        lambda values: joined(build, values),
    )
    return _predictions(build, quantised, activations)


def _predictions(build: GraphBuilder, quantised: Quantised, activations: str) -> str:
    """Predictions (N, outputs) float32 of the last activations."""
    last = quantised.layers[-1]
    if quantised.octave and quantised.softmax:
        return onnx_exponentials.softmax(build, activations, quantised.octave, last.high)
    if quantised.octave:
        return _one_by_one(
            build, activations, last.outputs, lambda each, _: _sigmoid(build, quantised, each)
        )

    def read(activations: str) -> str:
        values = activations
        if quantised.table is not None:
            values = _one_by_one(
                build,
                activations,
                last.outputs,
                lambda each, width: _looked_up(build, "answers", quantised.table, each, width),
            )
        return build.cast("answers/floats", _above_zero(build, quantised, values), "FLOAT")

    return predictions(build, quantised, activations, read)


def _one_by_one(build: GraphBuilder, values: str, width: int, do: Callable[[str, int], str]) -> str:
    """What ``do`` makes of each value (N, width), given the values and their width, 0 of a vector.

    onnxruntime takes constants to a vector four times as fast as to a column.
    """
    if width > 1:
        return do(values, width)
    axis = build.constant("answers/column", np.array([1], np.int64))
    vector = build.add("answers/vector", "Squeeze", values, axis)
    return build.add("answers", "Unsqueeze", do(vector, 0), axis)


def _sigmoid(build: GraphBuilder, quantised: Quantised, activations: str) -> str:
    zero = quantised.zero
    most = int(max(zero.max(), quantised.layers[-1].high - zero.min()))
    signed = _above_zero(build, quantised, activations)
    return onnx_exponentials.sigmoid(build, signed, quantised.octave, most)


def _common_zero(quantised: Quantised) -> int:
    """What the last biases hold: a ``zero`` of all outputs with which sums stay below 2^53."""
    zero, shift = quantised.zero, quantised.layers[-1].shift
    alike = quantised.table is None and (zero == zero[0]).all()
    return int(zero[0]) if alike and (zero <= 2**51 >> shift).all() else 0


def _above_zero(build: GraphBuilder, quantised: Quantised, values: str) -> str:
    """Values less ``zero``, as far as the biases do not hold it."""
    zero = quantised.zero - _common_zero(quantised)
    if not zero.any():
        return values
    return build.add("answers/signed", "Sub", values, build.held("answers/zero", zero, np.float64))


def _activations(
    build: GraphBuilder,
    scope: str,
    layer: IntegerLayer,
    u: str,
    largest: int,
    zero: int,
    stored: type[np.signedinteger[Any]],
) -> str:
    """Quantised activations (N, outputs) of inputs (N, inputs), less ``zero``.

    Args:
        build: added to.
        scope: what the names of tensors begin with.
        layer: the layer.
        u: what goes in.
        largest: the largest integer of ``u``; where no sum can reach the clamp, there is none.
        zero: what the biases hold.
        stored: what the file holds weights in.
    """
    scale = build.constant(f"{scope}/scale", np.ldexp(layer.multiplier * 1.0, -layer.shift))
    weights, bias = (
        build.add(
            f"{scope}/{name}/scaled", "Mul", build.held(f"{scope}/{name}", each, np.float64), scale
        )
        for name, each in (("weights", layer.weights.T.astype(stored)), ("bias", layer.bias))
    )
    sums = build.add(f"{scope}/sums", "Gemm", u, weights, build.raised(bias, 0.5 - zero))
    whole = build.add(f"{scope}/whole", "Floor", sums)
    lowest, highest = (
        rounded(each, layer.multiplier, layer.shift) for each in layer.reach(largest)
    )
    if (lowest >= 0).all() and (highest <= layer.high).all():
        return whole
    return clamped(build, f"{scope}/results", whole, -zero, layer.high - zero, np.float64)


def _looked_up(
    build: GraphBuilder, scope: str, table: Table | None, activations: str, width: int
) -> str:
    """The table's value at each activation, or the activation where there is no table.

    Args:
        build: added to.
        scope: what the names of tensors begin with.
        table: the activation function.
        activations: (N, width), or a vector.
        width: 0 for a vector.
    """
    if table is None:
        return activations
    spacing = build.constant(f"{scope}/spacing", np.float64(2.0**-table.shift))
    position = build.add(f"{scope}/position", "Mul", activations, spacing)
    index = build.cast(f"{scope}/index", position, "INT32")

    def entries(name: str, integers: Integers, raised: float = 0) -> str:
        numbers = integers.astype(np.int32)
        return build.picked(f"{scope}/{name}", numbers, index, width, raised=raised)

    if isinstance(table, PolynomialTable):
        return _polynomial(build, scope, table, position, entries)
    return _line(build, scope, table, position, entries)


def _line(
    build: GraphBuilder, scope: str, table: ActivationTable, position: str, entries: _Entries
) -> str:
    """A piecewise-linear table: floor(start + rise * position), half a step part of the start."""
    if not table.shift:
        return entries("points", table.points)
    rises = np.diff(table.points)
    start = entries("starts", table.points[:-1] - rises * np.arange(len(rises)), 0.5)
    risen = build.add(f"{scope}/risen", "Mul", entries("rises", rises), position)
    return build.add(f"{scope}/values", "Floor", build.add(f"{scope}/line", "Add", start, risen))


def _polynomial(
    build: GraphBuilder, scope: str, table: PolynomialTable, position: str, entries: _Entries
) -> str:
    """A polynomial for each segment, by Horner's rule, each product rounded down."""
    segment = build.add(f"{scope}/segment", "Floor", position)
    beyond = build.add(f"{scope}/beyond", "Sub", position, segment)
    value = entries(f"power{DEGREE}", table.coefficients[:, DEGREE])
    for power in reversed(range(DEGREE)):
        raised = 0 if power else 2.0 ** (GUARD - 1)
        coefficient = entries(f"power{power}", table.coefficients[:, power], raised)
        product = build.add(f"{scope}/power{power}/product", "Mul", value, beyond)
        value = build.add(f"{scope}/power{power}/sum", "Add", coefficient, product)
        if power:  # the last floor would change nothing: another one follows
            value = build.add(f"{scope}/power{power}/value", "Floor", value)
    unit = build.constant(f"{scope}/unit", np.float64(2.0**-GUARD))
    whole = build.add(f"{scope}/whole", "Floor", build.add(f"{scope}/scaled", "Mul", value, unit))
    return clamped(build, f"{scope}/values", whole, 0, table.highest, np.float64)
