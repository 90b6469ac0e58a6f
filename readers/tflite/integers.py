"""A full-integer TFLite file as the integers that it holds: its operators as steps.

What a file says are scales; multipliers, shifts and tables follow from them as TFLite Micro derives
them when it prepares an operator. Where it would refuse a file, so does this.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.integers.asymmetric import (
    LOWEST,
    AsymmetricNetwork,
    DenseStep,
    End,
    SoftmaxStep,
    Step,
    TableStep,
)
from mlp_edge.integers.fixed_point import Integers, multiplier_of
from mlp_edge.readers.checks.tflite_checks import FLOAT32, INT8, INT32, Graph, Operator, Tensor
from mlp_edge.readers.tflite.names import name_of
from mlp_edge.readers.tflite.tables import (
    EVERY,
    MOST_SHIFT,
    Affine,
    leaky_relu,
    place_of,
    relu,
    relu6,
    requantised,
    sigmoid,
    softmax_powers,
    tanh,
)

UINT8 = 3
LEAKY = 98
TINY, HUGE = 1e-30, 1e30
"""Ends of the scales that are read: what they make of integers stays a number in float32."""
TABLES: dict[int, tuple[str, Callable[[Affine, Affine, str], Integers]]] = {
    14: ("sigmoid", sigmoid),
    19: ("relu", relu),
    21: ("relu6", relu6),
    28: ("tanh", tanh),
}
"""Number of an operator -> the name of its function, and what makes its table."""
RELUS: dict[int, tuple[str, float, float]] = {
    0: ("linear", -math.inf, math.inf),
    1: ("relu", 0, math.inf),
    2: ("relu_n1_to_1", -1, 1),
    3: ("relu6", 0, 6),
}
"""Number of an activation that a dense layer applies itself -> its name, and where it clamps."""


def holds_integers(graph: Graph) -> bool:
    """Whether a graph computes in integers, rather than only holding weights in them."""
    return any(
        graph.tensors[number].type not in (FLOAT32, INT32) and graph.tensors[number].data is None
        for operator in graph.operators
        for number in operator.outputs
        if operator.code in _STEPS
    )


class UnreadError(ModelError):
    """A network of integers that is sound, but is not read as one: a clause that says why."""


def read_integers(graph: Graph) -> AsymmetricNetwork:
    """The network of a graph that computes in int8.

    Args:
        graph: of a file whose offsets were verified.

    Raises:
        UnreadError: naming the operator that is not read as one of integers.
        ModelError: naming the operator that no kernel carries out, and why.
    """
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise UnreadError("it has several inputs or outputs, which are not read in int8")
    reading = _Reading(graph)
    for number, operator in enumerate(graph.operators):
        source = f"operator {number} ({name_of(operator.code)})"
        reading.add(operator, source)
    return reading.network()


class _Reading:
    """The steps so far, and the tensor that holds what they have made."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        [self._reached], [self._last] = graph.inputs, graph.outputs
        self._steps: list[Step] = []
        self._given: End | None = None
        self._result: End | None = None
        if graph.tensors[self._reached].type != FLOAT32:
            self._given = self._affine(self._reached, "its input").end

    def network(self) -> AsymmetricNetwork:
        """The steps as a network."""
        if self._reached != self._last or self._given is None or self._result is None:
            raise ModelError("its output is not what its last operator of integers makes")
        return AsymmetricNetwork(self._given, tuple(self._steps), self._result)

    def add(self, operator: Operator, source: str) -> None:
        """Take one more operator into account."""
        results = [self._graph.tensors[number].type for number in operator.outputs]
        if operator.code in SHAPING and results == [INT32]:
            return
        make = _STEPS.get(operator.code)
        if make is None:
            raise UnreadError(f"{source} is not read in int8")
        if len(operator.outputs) != 1 or not operator.plain or not operator.inputs:
            raise ModelError(f"{source} has several results, or settings of its own making")
        if operator.inputs[0] != self._reached:
            raise UnreadError(
                f"{source} does not read what the one before it makes; int8 is read as a chain"
            )
        make(self, operator, source)
        [self._reached] = operator.outputs

    # Operators

    def quantize(self, operator: Operator, source: str) -> None:
        """Numbers in float32 become integers, or integers those of another scale."""
        [number], [result] = operator.inputs[:1], operator.outputs
        if self._graph.tensors[number].type == FLOAT32 and self._given is None:
            self._given = self._affine(result, source).end
            return
        given, wanted = self._affine(number, source), self._affine(result, source)
        factor = float(given.scale) / float(wanted.scale)
        self._table(operator, source, "requantise", requantised(given, wanted, factor, source))

    def dequantize(self, operator: Operator, source: str) -> None:
        """Integers become numbers in float32, which nothing but the output may be."""
        if operator.outputs[0] != self._last:
            raise UnreadError(f"{source} goes on in float32")
        self._result = self._affine(operator.inputs[0], source).end

    def reshape(self, operator: Operator, source: str) -> None:
        """The same integers, in a row as before."""
        given, result = operator.inputs[0], operator.outputs[0]
        same = self._affine(given, source) == self._affine(result, source)
        if not same or self._width(given) != self._width(result):
            raise ModelError(f"{source} changes more than a shape")
        self._finish(operator, source)

    def dense(self, operator: Operator, source: str) -> None:
        """A dense layer, requantised per tensor or per neuron."""
        weights, bias = (self._constant(operator, place, source) for place in (1, 2))
        given, wanted = self._affine(operator.inputs[0], source), self._result_of(operator, source)
        scaled = self._affine(operator.inputs[1], source)
        fused = operator.options.get(0, 0)
        if weights is None or weights.ndim != 2 or not weights.size:
            raise ModelError(f"{source} lacks weights in int8")
        if scaled.zero_point or fused not in RELUS or operator.options.get(1, 0):
            raise ModelError(
                f"{source} has weights with a zero point or in another order, or an activation "
                "that no kernel of int8 has"
            )
        bias = np.zeros(len(weights), np.int64) if bias is None else bias.reshape(-1)
        if bias.size != len(weights) or len(scaled.scales) not in (1, len(weights)):
            raise ModelError(
                f"{source} has {bias.size} biases and {len(scaled.scales)} scales for "
                f"{len(weights)} neurons"
            )
        factors = [float(given.scale) * float(one) / float(wanted.scale) for one in scaled.scales]
        self._check_bias(operator, given, scaled, wanted, source)
        multiplier, shift = np.array([multiplier_of(one) for one in factors], np.int64).T
        if (shift > MOST_SHIFT).any():
            raise ModelError(f"{source} has results of a scale too small for its sums")
        name, low, high = RELUS[fused]
        self._append(
            operator,
            DenseStep(
                weights=weights,
                bias=bias - given.zero_point * weights.sum(axis=1),
                multiplier=np.broadcast_to(multiplier, len(weights)),
                shift=np.broadcast_to(shift, len(weights)),
                zero_point=wanted.zero_point,
                low=place_of(low, wanted),
                high=place_of(high, wanted),
                name=name,
            ),
            source,
        )

    def table(self, operator: Operator, source: str) -> None:
        """An activation of single integers."""
        given, wanted = self._affine(operator.inputs[0], source), self._result_of(operator, source)
        if operator.code == LEAKY:
            points = leaky_relu(given, wanted, np.float32(_float(operator, 0)), source)
            self._table(operator, source, "leaky_relu", points)
        else:
            name, make = TABLES[operator.code]
            self._table(operator, source, name, make(given, wanted, source))

    def softmax(self, operator: Operator, source: str) -> None:
        """A softmax, whose results stand for (q + 128) / 256."""
        given, wanted = self._affine(operator.inputs[0], source), self._result_of(operator, source)
        width = self._width(operator.inputs[0])
        powers = softmax_powers(given, wanted, _float(operator, 0), width, source)
        self._append(operator, SoftmaxStep(powers), source)

    # What they share

    def _table(self, operator: Operator, source: str, name: str, points: Integers) -> None:
        """A step by a table; nothing where it changes nothing."""
        last = self._steps[-1] if self._steps else None
        if (points == EVERY).all():
            self._finish(operator, source)
        elif isinstance(last, TableStep):  # of two tables one comes to the same
            self._steps.pop()
            both = f"{last.name} and {name}"
            self._append(operator, TableStep(both, points[last.points - LOWEST]), source)
        else:
            self._append(operator, TableStep(name, points), source)

    def _append(self, operator: Operator, step: Step, source: str) -> None:
        given, result = self._width(operator.inputs[0]), self._width(operator.outputs[0])
        inputs, outputs = (
            (step.inputs, step.outputs) if isinstance(step, DenseStep) else (given, given)
        )
        if (given, result) != (inputs, outputs):
            raise ModelError(f"{source} makes {result} numbers of {given}")
        self._steps.append(step)
        self._finish(operator, source)

    def _finish(self, operator: Operator, source: str) -> None:
        """Note what the integers of the output stand for."""
        [result] = operator.outputs
        if result == self._last:
            self._result = self._affine(result, source).end

    def _width(self, number: int) -> int:
        """How many integers a row has."""
        shape = self._graph.tensors[number].shape
        return math.prod(shape[1:]) if len(shape) > 1 else 0

    def _affine(self, number: int, source: str) -> Affine:
        """What a tensor's integers stand for; those of uint8 are read 128 lower, as int8."""
        tensor = self._graph.tensors[number] if number >= 0 else None
        if tensor is not None and tensor.type == FLOAT32:
            raise UnreadError(f"{source} computes in float32")
        if tensor is None or tensor.type not in (INT8, UINT8):
            raise ModelError(f"{source} works on other numbers than int8")
        scales, points = _scales(tensor)
        if not scales or not tensor.plain or not all(TINY < one < HUGE for one in scales):
            raise ModelError(f"{source} has a tensor without a scale from {TINY:g} to {HUGE:g}")
        lower = 128 if tensor.type == UINT8 else 0
        if tensor.data is None and (len(scales) != 1 or not -128 <= points[0] - lower <= 127):
            raise ModelError(
                f"{source} has a tensor with {len(scales)} scales or an odd zero point"
            )
        if len(set(points)) != 1 or (len(scales) > 1 and tensor.quantization.get(6, 0)):
            raise ModelError(f"{source} has weights of several zero points, or scales by column")
        return Affine(scales, points[0] - lower)

    def _result_of(self, operator: Operator, source: str) -> Affine:
        return self._affine(operator.outputs[0], source)

    def _constant(self, operator: Operator, place: int, source: str) -> Integers | None:
        """The weights or the biases, or None where there are none."""
        if place >= len(operator.inputs) or operator.inputs[place] < 0:
            return None
        tensor = self._graph.tensors[operator.inputs[place]]
        kind = {1: (INT8, "<i1"), 2: (INT32, "<i4")}[place]
        if tensor.data is None or tensor.type != kind[0]:
            raise ModelError(f"{source} has weights or biases of another type, or computed ones")
        return np.frombuffer(tensor.data, kind[1]).reshape(tensor.shape).astype(np.int64)

    def _check_bias(
        self, operator: Operator, given: Affine, weights: Affine, wanted: Affine, source: str
    ) -> None:
        """Refuse biases whose scale is not that of the sums, as TFLite Micro does."""
        if len(weights.scales) > 1 or len(operator.inputs) < 3 or operator.inputs[2] < 0:
            return
        scales, _ = _scales(self._graph.tensors[operator.inputs[2]])
        product = float(given.scale) * float(weights.scale)
        own = float(scales[0]) if scales else 0.0
        if not abs(product - own) / float(wanted.scale) <= 0.02:
            raise ModelError(f"{source} has biases of the scale {own:g} for sums of {product:g}")


_STEPS: dict[int, Callable[[_Reading, Operator, str], None]] = {
    6: _Reading.dequantize,
    9: _Reading.dense,
    14: _Reading.table,
    19: _Reading.table,
    21: _Reading.table,
    22: _Reading.reshape,
    25: _Reading.softmax,
    28: _Reading.table,
    LEAKY: _Reading.table,
    114: _Reading.quantize,
}
"""Number of an operator in TFLite's schema -> what reads it."""
READ_ALONE = frozenset(_STEPS)
"""Operators of files that LiteRT may run."""
SHAPING = frozenset({45, 77, 83})
"""STRIDED_SLICE, SHAPE and PACK, which work out the shape of a RESHAPE: the file declares it."""


def _scales(tensor: Tensor) -> tuple[tuple[np.float32, ...], tuple[int, ...]]:
    """The scales of a tensor and its zero points; one zero point of 0 where it has none."""
    scales = np.frombuffer(tensor.quantization.get(2, b""), "<f4")
    points = np.frombuffer(tensor.quantization.get(3, b""), "<i8").tolist()
    return tuple(scales), tuple(points) or (0,)


def _float(operator: Operator, field: int) -> float:
    """A float32 setting, which the flatbuffer's reader gives as an integer of the same bits."""
    bits = struct.pack("<i", operator.options.get(field, 0))
    return float(struct.unpack("<f", bits)[0])
