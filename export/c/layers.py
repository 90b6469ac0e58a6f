"""The layers in float32: their tables, the kernels that they call, where their results lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlp_edge.export.c import classify, predict
from mlp_edge.export.c.layer_table import layer_comment
from mlp_edge.export.c.predict import Body, Call, copy
from mlp_edge.export.c.tables import Array, Layer, matrix, vector
from mlp_edge.export.c.text import at
from mlp_edge.export.layout.diagonals import factor_tables, factors, reads_apart, terms
from mlp_edge.export.layout.memory import Place, Vector, vectors_of
from mlp_edge.export.layout.wires import Wires, wired
from mlp_edge.mlp import Dense, Mlp
from mlp_edge.walk import head_numbers


def body(mlp: Mlp) -> Body:
    """The layers of a model."""
    vectors, places = _vectors(mlp)
    heads = set(head_numbers(mlp.layers, mlp.heads))
    elsewhere = heads if vectors[0].name != "features" else heads | {0}
    apart = {n for n in range(1, len(mlp.layers) + 1) if reads_apart(mlp, n)}
    wires = wired(mlp.layers, vectors, elsewhere, apart)
    early = classify.choice(mlp).early
    calls: list[Call] = []
    for number in range(1, len(mlp.layers) + 1):
        copied = [(to, vectors[value]) for to, value in wires.copies.get(number, ())]
        calls += [copy(to, value.name, value.constant, "float") for to, value in copied]
        calls += _layer_calls(mlp, number, vectors, wires, early)
    count = f"{mlp.name.upper()}_OUTPUTS"
    behind = [Call(mlp.layers[-1].activation, ("outputs", count))] if early else []
    if mlp.clip is not None:
        calls.append(predict.clip(mlp))
    memory = wires.memory._replace(places=[*wires.memory.places, *places])
    kernels = [one.kernel for one in (*calls, *behind) if one.kernel]
    return Body(memory, [*map(str, calls)], [*map(str, behind)], kernels)


def _vectors(mlp: Mlp) -> tuple[list[Vector], list[Place]]:
    """The values, from number 0 on, and where those lie that are parts of the outputs."""
    vectors, places = vectors_of(mlp, predict.first_vector(mlp)), []
    heads = head_numbers(mlp.layers, mlp.heads)
    if len(heads) == 1:
        name = "logits" if classify.choice(mlp).early else "outputs"
        return [*vectors[:-1], vectors[-1]._replace(name=name)], []
    start = 0
    for head in heads:
        width = vectors[head].width
        what = f"[{start}]" if width == 1 else f"[{start}] to [{start + width - 1}]"
        place = f"outputs + {start}" if start else "outputs"
        places.append(Place(vectors[head].name, place, f"outputs {what}"))
        start += width
    return vectors, places


def _layer_calls(
    mlp: Mlp, number: int, vectors: Sequence[Vector], wires: Wires, early: bool
) -> Iterator[Call]:
    layer, name = mlp.layers[number - 1], f"{mlp.name.upper()}_LAYER{number}"
    result, count = vectors[number].name, f"{name}_OUTPUTS"
    inputs = wires.inputs[number - 1]
    if layer.diagonals is None:
        tables = (f"{name}_WEIGHTS[0]", f"{name}_BIAS")
        yield Call("dense", (*tables, f"{name}_INPUTS", count, inputs, result))
    else:
        yield from _diagonal_calls(mlp, number, vectors, inputs)
    if layer.activation != "linear" and not (early and number == len(mlp.layers)):
        yield Call(layer.activation, (result, count))
    if layer.times is not None:
        gate = vectors[layer.times]
        kernel = "times" if gate.width == layer.outputs else "times_one"
        yield Call(kernel, (gate.name, count, result))


def _diagonal_calls(
    mlp: Mlp, number: int, vectors: Sequence[Vector], inputs: str
) -> Iterator[Call]:
    layer, name = mlp.layers[number - 1], f"{mlp.name.upper()}_LAYER{number}"
    bias = f"{name}_BIAS" if layer.bias.any() else "NULL"
    count, result = f"{name}_OUTPUTS", vectors[number].name
    apart = reads_apart(mlp, number)
    for place, (term, factor) in enumerate(zip(terms(mlp, number), factors(layer), strict=True)):
        source = at(inputs, place * layer.outputs)
        if apart and term.value is not None:
            source = at(vectors[term.value].name, term.start)
        weights = f"{name}_{factor}" if factor else "NULL"
        if place:
            yield Call("add", (weights, count, source, result))
        elif weights == bias == "NULL":
            yield copy(result, source, count, "float")
        else:
            yield Call("diagonal", (weights, bias, count, source, result))


# Tables


def tables(mlp: Mlp) -> Iterator[Layer]:
    """The tables of each layer. A diagonal takes a number per unit, and none where all are 1."""
    for number, layer in enumerate(mlp.layers, start=1):
        diagonal = layer.diagonals is not None
        yield Layer(
            number=number,
            inputs=layer.inputs,
            outputs=layer.outputs,
            activation=layer.activation,
            type="float",
            weights="" if diagonal else matrix(layer.weights),
            tables=list(_diagonal_tables(number, layer)) if diagonal else [_bias(number, layer)],
            comment=layer_comment(mlp, number),
            diagonals=diagonal,
        )


def _bias(number: int, layer: Dense) -> Array:
    return vector(f"LAYER{number}_BIAS", "", layer.bias)


def _diagonal_tables(number: int, layer: Dense) -> Iterator[Array]:
    for which, row in factor_tables(layer).items():
        yield vector(f"LAYER{number}_{which}", "", row)
    if layer.bias.any():
        yield _bias(number, layer)
