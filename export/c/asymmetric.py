"""C of a stranger's network in integers: the header that computes what TFLite Micro does.

It has the bits of ``mlp_edge.integers.asymmetric_reference`` on every target.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mlp_edge.errors import ModelError
from mlp_edge.export.c import predict, selftest
from mlp_edge.export.c.classify import NO_CHOICE, by_predictions
from mlp_edge.export.c.layer_table import dense_comment
from mlp_edge.export.c.page import Ends, Page
from mlp_edge.export.c.predict import call
from mlp_edge.export.c.tables import Array, Layer, matrix, vector
from mlp_edge.export.c.text import literal
from mlp_edge.export.layout.memory import Vector, placed
from mlp_edge.integers.asymmetric import (
    AsymmetricNetwork,
    DenseStep,
    SoftmaxStep,
    Step,
    TableStep,
)
from mlp_edge.mlp import Mlp

PLAIN = ("linear", "requantise")
"""Names of what is no activation."""


class _Made(NamedTuple):
    """A step as C: the call, and the tables that it reads."""

    call: str
    tables: list[Array]


def page(mlp: Mlp, network: AsymmetricNetwork) -> Page:
    """What the header says.

    Args:
        mlp: the network in float32: its name, its features, what comes out.
        network: its integers.

    Raises:
        ModelError: where the readings are not the numbers that the integers stand for.
    """
    if not predict.reads_directly(mlp) or mlp.scaling is not None or mlp.clip is not None:
        raise ModelError("integers of a file stand for its own inputs; float32 would do")
    chosen = by_predictions(mlp) if mlp.labels else NO_CHOICE
    prefix, steps = mlp.name.upper(), list(_steps(mlp.name.upper(), network))
    vectors = [
        Vector(f"layer{number}", layer.outputs, f"{prefix}_LAYER{number}_OUTPUTS")
        for number, layer in enumerate(network.layers[:-1], start=1)
    ]
    if _copies(network):
        vectors.insert(0, Vector("inputs", network.inputs, f"{prefix}_INPUTS"))
    memory = placed(vectors)
    calls = [made.call for made in steps]
    into = call("quantise_asymmetric", *_end(prefix, "INPUT"), "features", "given")
    out_of = call("dequantise_asymmetric", *_end(prefix, "OUTPUT"), "result", "outputs")
    first = _first_layer(network)
    return Page(
        mlp=mlp,
        dtype="int8",
        functions="asymmetric.jinja",
        kernels=[
            *predict.encoding_kernels(mlp),
            *_kernels([into, *calls, out_of]),
            *chosen.kernels,
        ],
        golden_kernels=("golden",),
        tables=[table for made in steps[:first] for table in made.tables],
        layers=list(_layers(network, steps)),
        output_tables=[],
        memory=memory,
        vector="int8_t",
        arrays=memory.width + mlp.inputs + mlp.outputs,
        encoding=[into],
        calls=[*_copy(network, prefix), *calls],
        output_calls=[out_of],
        choice=chosen,
        golden=selftest.asymmetric_tables(mlp, network),
        ends=Ends(
            input_scale=literal(network.given.scale),
            input_zero_point=network.given.zero_point,
            output_scale=literal(network.result.scale),
            output_zero_point=network.result.zero_point,
        ),
    )


def _end(prefix: str, which: str) -> list[str]:
    """Scale, zero point and count of the inputs or of the outputs, as the page names them."""
    return [f"{prefix}_{which}{what}" for what in ("_SCALE", "_ZERO_POINT", "S")]


def _kernels(calls: list[str]) -> list[str]:
    """The kernels that calls name, in order."""
    return [each.partition("(")[0].removeprefix("mlp_edge_") for each in calls]


def _first_layer(network: AsymmetricNetwork) -> int:
    """How many steps stand in front of the first dense layer."""
    return network.steps.index(network.layers[0])


def _copies(network: AsymmetricNetwork) -> bool:
    """Whether a step works in place on what goes in, which is the caller's."""
    return _first_layer(network) > 0


def _copy(network: AsymmetricNetwork, prefix: str) -> list[str]:
    return [f"memcpy(inputs, given, {prefix}_INPUTS);"] if _copies(network) else []


def _steps(prefix: str, network: AsymmetricNetwork) -> Iterator[_Made]:
    """Every step as a call; those that are no dense layer work in place."""
    number, source = 0, "inputs" if _copies(network) else "given"
    taken: set[str] = set()
    for step in network.steps:
        if isinstance(step, DenseStep):
            number += 1
            result = "result" if number == len(network.layers) else f"layer{number}"
            yield _dense(prefix, number, step, source, result)
            source = result
            continue
        owner = f"LAYER{number}" if number else "INPUT"
        name = f"{owner}_{'TABLE' if isinstance(step, TableStep) else 'POWERS'}"
        name = name if name not in taken else f"{name}{len(taken) + 1}"
        taken.add(name)
        count = f"{prefix}_LAYER{number}_OUTPUTS" if number else f"{prefix}_INPUTS"
        yield _in_place(prefix, name, step, count, source)


def _dense(prefix: str, number: int, step: DenseStep, source: str, result: str) -> _Made:
    name = f"{prefix}_LAYER{number}"
    names = ("WEIGHTS[0]", "BIAS", "MULTIPLIER", "SHIFT")
    given = (step.zero_point, step.low, step.high, f"{name}_INPUTS", f"{name}_OUTPUTS")
    tables = (f"{name}_{which}" for which in names)
    comment = "Requantisation: sum * multiplier / 2^31 * 2^shift, rounded twice."
    return _Made(
        call("dense_asymmetric", *tables, *given, source, result),
        [
            vector(f"LAYER{number}_BIAS", "", step.bias, "int32_t"),
            vector(f"LAYER{number}_MULTIPLIER", comment, step.multiplier, "int32_t"),
            vector(f"LAYER{number}_SHIFT", "", step.shift, "int8_t"),
        ],
    )


def _in_place(
    prefix: str, name: str, step: TableStep | SoftmaxStep, count: str, values: str
) -> _Made:
    if isinstance(step, TableStep):
        table = vector(name, f"{step.name} of -128, -127, ... 127.", step.points, "int8_t")
        return _Made(call("lookup_int8", f"{prefix}_{name}", count, values), [table])
    comment = "e^-x in Q0.31 of an integer that is 0, 1, ... below the largest."
    table = vector(name, comment, step.powers, "int32_t")
    given = (f"{prefix}_{name}", len(step.powers), count, values)
    return _Made(call("softmax_asymmetric", *given), [table])


def _layers(network: AsymmetricNetwork, made: list[_Made]) -> Iterator[Layer]:
    """The dense layers, each with the tables of the steps behind it."""
    starts = [network.steps.index(layer) for layer in network.layers]
    ends = [*starts[1:], len(made)]
    for number, layer in enumerate(network.layers, start=1):
        start, end = starts[number - 1], ends[number - 1]
        applied = activation(network.steps[start:end])
        yield Layer(
            number=number,
            inputs=layer.inputs,
            outputs=layer.outputs,
            activation=applied,
            type="int8_t",
            weights=matrix(layer.weights),
            tables=[table for one in made[start:end] for table in one.tables],
            comment=dense_comment(number, applied, layer.outputs, layer.inputs),
        )


def activation(steps: tuple[Step, ...]) -> str:
    """The names of what a dense layer and the steps behind it apply to its sums."""
    return " and ".join(step.name for step in steps if step.name not in PLAIN) or "linear"
