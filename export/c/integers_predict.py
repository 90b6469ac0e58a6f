"""The functions of a header in integers: which kernel is called on what, where its result lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlp_edge.export.c import predict
from mlp_edge.export.c.integers_tables import in_fours, is_wide
from mlp_edge.export.c.kernels import FOURS
from mlp_edge.export.c.predict import Body, Call, copy
from mlp_edge.export.c.text import literal
from mlp_edge.export.layout.diagonals import diagonals_in
from mlp_edge.export.layout.memory import Vector, vectors_of
from mlp_edge.export.layout.wires import Wires, wired
from mlp_edge.integers.activation_tables import PolynomialTable, Table
from mlp_edge.integers.quantised import HIGHEST, IntegerLayer, Quantised
from mlp_edge.mlp import Mlp

VECTOR = {"int8": "uint8_t", "int16": "uint16_t", "int24": "mlp_edge_uint24"}
"""Type of the integers that layers pass on."""
QUANTISED = {"int8": "uint16_t", "int16": "uint16_t", "int24": "uint32_t"}
"""Type of those that the last layer gives."""
_TABLES = {
    "int8": ("BIAS", "MULTIPLIER", "SHIFT"),
    "int16": ("BIAS", "SHIFT"),
    "int24": ("BIAS", "SHIFT"),
}
"""Of a layer, beside its weights."""


def body(mlp: Mlp, quantised: Quantised) -> Body:
    """The layers of a model in integers, from quantised inputs on."""
    vectors = vectors_of(mlp, "inputs")
    vectors[-1] = vectors[-1]._replace(name="quantised")
    elsewhere = {len(mlp.layers)} | ({0} if wide_inputs(quantised) else set())
    wires = wired(quantised.layers, vectors, elsewhere, apart=set())
    calls = list(_layers(mlp, quantised, vectors, wires))
    behind = list(_outputs(mlp, quantised))
    if mlp.clip is not None:
        behind.append(predict.clip(mlp))
    assembly = (each for one in calls for each in one.assembly)
    kernels = [one.kernel for one in (*calls, *behind, *assembly) if one.kernel]
    return Body(wires.memory, [*map(str, calls)], [*map(str, behind)], kernels)


def wide_inputs(quantised: Quantised) -> bool:
    """Whether inputs take 16 bits in front of layers of 8: they have an array of their own."""
    return quantised.dtype == "int8" and quantised.inputs.high > HIGHEST["int8"]


def quantise(mlp: Mlp, quantised: Quantised) -> Call:
    """The call that makes the quantised inputs of encoded readings."""
    prefix, high = mlp.name.upper(), quantised.inputs.high
    top = str(high) if quantised.dtype == "int24" else literal(float(high))
    encoded = "features" if predict.reads_directly(mlp) else "encoded"
    count = vectors_of(mlp, "")[0].constant
    kind = input_kind(quantised)
    return Call(
        f"quantise_{kind}", (f"{prefix}_LOW", f"{prefix}_FACTOR", top, count, encoded, "inputs")
    )


def input_kind(quantised: Quantised) -> str:
    """The dtype of the quantised inputs, which int8 layers may take in 16 bits."""
    return "int16" if wide_inputs(quantised) else quantised.dtype


def _layers(
    mlp: Mlp, quantised: Quantised, vectors: Sequence[Vector], wires: Wires
) -> Iterator[Call]:
    prefix, dtype = mlp.name.upper(), quantised.dtype
    for number, (layer, largest) in enumerate(
        zip(quantised.layers, quantised.largest, strict=True), start=1
    ):
        for target, value in wires.copies.get(number, ()):
            yield copy(target, vectors[value].name, vectors[value].constant, VECTOR[dtype])
        name, result = f"{prefix}_LAYER{number}", vectors[number].name
        given = (f"{name}_INPUTS", f"{name}_OUTPUTS", wires.inputs[number - 1], result)
        tables = tuple(f"{name}_{which}" for which in _TABLES[dtype])
        last = number == len(quantised.layers)
        wide = "_wide" if last and dtype == "int24" else ""
        if diagonals_in(quantised, number) is not None:
            high = () if dtype == "int8" else (layer.high,)
            yield Call(f"diagonal_{dtype}{wide}", (f"{name}_DIAGONALS[0]", *tables, *high, *given))
        elif dtype != "int8":
            yield Call(f"dense_{dtype}{wide}", (f"{name}_WEIGHTS[0]", *tables, layer.high, *given))
        else:
            tables = (f"{name}_WEIGHTS[0]", *tables)
            wide = "_wide" if is_wide(quantised, number) else ""
            call = _int8_layer(name, layer, largest, wide, tables, given, last)
            if in_fours(quantised, number):
                call = call._replace(assembly=_in_fours(name, layer, largest, given))
            yield call
        if layer.table is not None:
            yield _activation(dtype, layer.table, name, f"{name}_OUTPUTS", result)


def _in_fours(
    name: str, layer: IntegerLayer, largest: int, given: tuple[str, ...]
) -> tuple[Call, ...]:
    """The same in assembly; what is no four goes with those before it, as the last four."""
    inputs, outputs, source, result = given
    size = 2 if largest > HIGHEST["int8"] else 1
    fours = f"{outputs} / 4"
    whole = Call(FOURS, (f"{name}_FOURS[0]", inputs, fours, source, result, size))
    if layer.outputs % 4 == 0:
        return (whole,)
    last = f"{result} + {outputs} - 4"
    return whole, Call(FOURS, (f"{name}_FOURS[{fours}]", inputs, 1, source, last, size))


def _int8_layer(
    name: str,
    layer: IntegerLayer,
    largest: int,
    wide: str,
    tables: tuple[str, ...],
    given: tuple[str, ...],
    last: bool,
) -> Call:
    """A dense layer of int8; the outputs of the last one have more than 8 bits."""
    if largest > HIGHEST["int8"]:
        return Call(f"dense_int8_from_16{wide}", (*tables, *given))
    if not last:
        return Call(f"dense_int8{wide}", (*tables, *given))
    segments = (f"{name}_SEGMENT_OFFSET", layer.segments)
    return Call(f"segments_int8{wide}", (*tables, *segments, *given))


def _outputs(mlp: Mlp, quantised: Quantised) -> Iterator[Call]:
    prefix, table = mlp.name.upper(), quantised.table
    count = f"{prefix}_OUTPUTS"
    if quantised.dtype == "int24":
        yield from _int24_outputs(prefix, quantised)
        return
    if quantised.softmax and table is not None:
        given = (f"{prefix}_TABLE", table.shift, count, "quantised", "outputs")
        yield Call("softmax_table", given)
        return
    if table is not None:
        yield _activation("int16", table, prefix, count, "quantised")
    steps = (f"{prefix}_OFFSET", f"{prefix}_STEP")
    yield Call("dequantise", (*steps, count, "quantised", "outputs"))


def _int24_outputs(prefix: str, quantised: Quantised) -> Iterator[Call]:
    ends = (f"{prefix}_OUTPUTS", "quantised", "outputs")
    if quantised.softmax:
        yield Call("softmax_int24", (quantised.octave, *ends))
    elif quantised.octave:
        yield Call("sigmoid_int24", (f"{prefix}_ZERO", quantised.octave, *ends))
    else:
        if quantised.table is not None:
            yield _activation("int24_wide", quantised.table, prefix, *ends[:2])
        steps = (f"{prefix}_OFFSET", f"{prefix}_STEP", f"{prefix}_ZERO")
        yield Call("dequantise_int24", (*steps, *ends))


def _activation(kind: str, table: Table, name: str, count: str, values: str) -> Call:
    how: tuple[int, ...] = () if kind == "int8" else (table.shift,)
    if isinstance(table, PolynomialTable):
        how = (table.shift, table.highest)
    return Call(f"activation_{kind}", (f"{name}_TABLE", *how, count, values))
