"""The functions of a header in integers: which kernel is called on what, where its result lies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mlp_edge.export.c import predict
from mlp_edge.export.c.predict import call
from mlp_edge.export.c.text import literal
from mlp_edge.integers.quantised import HIGHEST, IntegerLayer, Quantised
from mlp_edge.mlp import Mlp

VECTOR = {"int8": "uint8_t", "int16": "uint16_t"}
"""Type of the integers that layers pass on."""


class _Call(NamedTuple):
    kernel: str
    arguments: tuple[object, ...]


def kernels(mlp: Mlp, quantised: Quantised) -> list[str]:
    """The kernels that the functions call behind the encoding, in order; some more than once."""
    return [one.kernel for one in (*_layers(mlp, quantised), *_answers(mlp, quantised))]


def wide_inputs(quantised: Quantised) -> bool:
    """Whether inputs take 16 bits in front of layers of 8: they have an array of their own."""
    return quantised.dtype == "int8" and quantised.inputs.high > HIGHEST["int8"]


def buffers(mlp: Mlp, quantised: Quantised) -> tuple[list[dict[str, Any]], int]:
    """Where the integers lie that layers pass on, and the length of the array that has them."""
    first = [] if wide_inputs(quantised) else [("inputs", mlp.encoding.width)]
    hidden = [(f"layer{n}", layer.outputs) for n, layer in enumerate(mlp.layers[:-1], start=1)]
    return predict.placed([*first, *hidden])


def layer_calls(mlp: Mlp, quantised: Quantised) -> Iterator[str]:
    """From encoded readings to the last layer's results."""
    for kernel, arguments in _layers(mlp, quantised):
        yield call(kernel, *arguments)


def answer_calls(mlp: Mlp, quantised: Quantised) -> Iterator[str]:
    """From the last layer's results to the outputs."""
    for kernel, arguments in _answers(mlp, quantised):
        yield call(kernel, *arguments)


def _layers(mlp: Mlp, quantised: Quantised) -> Iterator[_Call]:
    prefix, dtype = mlp.name.upper(), quantised.dtype
    encoded = "features" if predict.reads_directly(mlp) else "encoded"
    high = literal(float(quantised.inputs.high))
    yield _Call(
        "quantise_int16" if wide_inputs(quantised) else f"quantise_{dtype}",
        (f"{prefix}_LOW", f"{prefix}_FACTOR", high, mlp.encoding.width, encoded, "inputs"),
    )
    source = "inputs"
    for number, (layer, largest) in enumerate(
        zip(quantised.layers, quantised.largest, strict=True), start=1
    ):
        last = number == len(quantised.layers)
        result, name = "results" if last else f"layer{number}", f"{prefix}_LAYER{number}"
        widths = (layer.inputs, layer.outputs, source, result)
        if dtype == "int16":
            weights = (f"{name}_WEIGHTS[0]", f"{name}_BIAS", f"{name}_SHIFT", layer.high)
            yield _Call("dense_int16", (*weights, *widths))
        else:
            yield _bytes(name, layer, largest, widths, last)
        if layer.table is not None:
            yield _table(dtype, f"{name}_TABLE", layer.table.shift, layer.outputs, result)
        source = result


def _bytes(
    name: str, layer: IntegerLayer, largest: int, widths: tuple[object, ...], last: bool
) -> _Call:
    """A dense layer of int8; the last one has results of more than 8 bits."""
    from_16 = largest > HIGHEST["int8"]
    wide = "_from_16" if from_16 else "" if layer.narrow(largest) else "_wide"
    names = ("WEIGHTS[0]", "BIAS", "MULTIPLIER", "SHIFT")
    tables = tuple(f"{name}_{which}" for which in names)
    if not last:
        return _Call(f"dense_int8{wide}", (*tables, *widths))
    return _Call(f"parts_int8{wide}", (*tables, f"{name}_STRIDE", layer.segments, *widths))


def _answers(mlp: Mlp, quantised: Quantised) -> Iterator[_Call]:
    prefix, table = mlp.name.upper(), quantised.table
    if quantised.softmax and table is not None:
        given = (f"{prefix}_TABLE", table.shift, mlp.outputs, "results", "outputs")
        yield _Call("shares", given)
        return
    if table is not None:
        yield _table("int16", f"{prefix}_TABLE", table.shift, mlp.outputs, "results")
    steps = (f"{prefix}_OFFSET", f"{prefix}_STEP")
    yield _Call("answer", (*steps, mlp.outputs, "results", "outputs"))
    if mlp.clip is not None:
        ends = (f"{prefix}_CLIP_{end}" for end in ("LOW", "HIGH"))
        yield _Call("clip", ("outputs", mlp.outputs, *ends))


def _table(dtype: str, table: str, shift: int, count: int, values: str) -> _Call:
    between = (shift,) if dtype == "int16" else ()
    return _Call(f"table_{dtype}", (table, *between, count, values))
