"""The functions of a header in integers: which kernel is called on what, where its result lies."""

from __future__ import annotations

from collections.abc import Iterator

from mlp_edge.export.c import predict
from mlp_edge.export.c.memory import Memory, Vector, placed
from mlp_edge.export.c.predict import Call
from mlp_edge.export.c.text import literal
from mlp_edge.integers.quantised import HIGHEST, IntegerLayer, Quantised
from mlp_edge.mlp import Mlp

VECTOR = {"int8": "uint8_t", "int16": "uint16_t"}
"""Type of the integers that layers pass on."""


def kernels(mlp: Mlp, quantised: Quantised) -> list[str]:
    """The kernels that the functions call behind the encoding, in order; some more than once."""
    called = [one.kernel for one in (*_layers(mlp, quantised), *_outputs(mlp, quantised))]
    return called if mlp.clip is None else [*called, "clip"]


def wide_inputs(quantised: Quantised) -> bool:
    """Whether inputs take 16 bits in front of layers of 8: they have an array of their own."""
    return quantised.dtype == "int8" and quantised.inputs.high > HIGHEST["int8"]


def memory(mlp: Mlp, quantised: Quantised) -> Memory:
    """Where the integers lie that layers pass on."""
    prefix = mlp.name.upper()
    first = [Vector("inputs", mlp.encoding.width, f"{prefix}_LAYER1_INPUTS")]
    hidden = [
        Vector(f"layer{n}", layer.outputs, f"{prefix}_LAYER{n}_OUTPUTS")
        for n, layer in enumerate(mlp.layers[:-1], start=1)
    ]
    return placed(hidden if wide_inputs(quantised) else first + hidden)


def layer_calls(mlp: Mlp, quantised: Quantised) -> Iterator[str]:
    """From encoded readings to the quantised outputs of the last layer."""
    yield from map(str, _layers(mlp, quantised))


def output_calls(mlp: Mlp, quantised: Quantised) -> list[str]:
    """From the quantised outputs to the predictions."""
    calls = [*map(str, _outputs(mlp, quantised))]
    return calls if mlp.clip is None else [*calls, str(predict.clip(mlp))]


def _layers(mlp: Mlp, quantised: Quantised) -> Iterator[Call]:
    prefix, dtype = mlp.name.upper(), quantised.dtype
    encoded = "features" if predict.reads_directly(mlp) else "encoded"
    high = literal(float(quantised.inputs.high))
    yield Call(
        "quantise_int16" if wide_inputs(quantised) else f"quantise_{dtype}",
        (f"{prefix}_LOW", f"{prefix}_FACTOR", high, f"{prefix}_LAYER1_INPUTS", encoded, "inputs"),
    )
    source = "inputs"
    for number, (layer, largest) in enumerate(
        zip(quantised.layers, quantised.largest, strict=True), start=1
    ):
        last = number == len(quantised.layers)
        result, name = "quantised" if last else f"layer{number}", f"{prefix}_LAYER{number}"
        given = (f"{name}_INPUTS", f"{name}_OUTPUTS", source, result)
        if dtype == "int16":
            weights = (f"{name}_WEIGHTS[0]", f"{name}_BIAS", f"{name}_SHIFT", layer.high)
            yield Call("dense_int16", (*weights, *given))
        else:
            yield _int8_layer(name, layer, largest, given, last)
        if layer.table is not None:
            shift = layer.table.shift
            yield _activation(dtype, f"{name}_TABLE", shift, f"{name}_OUTPUTS", result)
        source = result


def _int8_layer(
    name: str, layer: IntegerLayer, largest: int, given: tuple[str, ...], last: bool
) -> Call:
    """A dense layer of int8; the outputs of the last one have more than 8 bits."""
    from_16 = largest > HIGHEST["int8"]
    wide = "_from_16" if from_16 else "" if layer.narrow(largest) else "_wide"
    names = ("WEIGHTS[0]", "BIAS", "MULTIPLIER", "SHIFT")
    tables = tuple(f"{name}_{which}" for which in names)
    if not last:
        return Call(f"dense_int8{wide}", (*tables, *given))
    segments = (f"{name}_SEGMENT_OFFSET", layer.segments)
    return Call(f"segments_int8{wide}", (*tables, *segments, *given))


def _outputs(mlp: Mlp, quantised: Quantised) -> Iterator[Call]:
    prefix, table = mlp.name.upper(), quantised.table
    count = f"{prefix}_OUTPUTS"
    if quantised.softmax and table is not None:
        given = (f"{prefix}_TABLE", table.shift, count, "quantised", "outputs")
        yield Call("softmax_table", given)
        return
    if table is not None:
        yield _activation("int16", f"{prefix}_TABLE", table.shift, count, "quantised")
    steps = (f"{prefix}_OFFSET", f"{prefix}_STEP")
    yield Call("dequantise", (*steps, count, "quantised", "outputs"))


def _activation(dtype: str, table: str, shift: int, count: str, values: str) -> Call:
    interpolated = (shift,) if dtype == "int16" else ()
    return Call(f"activation_{dtype}", (table, *interpolated, count, values))
