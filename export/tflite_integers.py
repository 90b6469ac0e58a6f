"""TFLite of a network in integers: a graph whose ranges are ours, and the converter's work checked.

TensorFlow's converter quantises what it finds between fake quantisations. Here their range is
0 … 255, so the scale of every activation is 1 and its zero point -128, and the weights are integers
already. What the converter cannot express for a dense layer, a scale per neuron and biases beyond
2^24, is written into its file afterwards. So QUANTIZE -> FULLY_CONNECTED -> DEQUANTIZE carry out
exactly what ``mlp_edge.integers.quantised`` says.

Only operators that TFLite Micro has, and LiteRT's reference kernels, which have no ROUND.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Floats
from mlp_edge.errors import ModelError
from mlp_edge.export import tflite_model
from mlp_edge.export.graph import Formula
from mlp_edge.integers.activation_tables import Table
from mlp_edge.integers.quantised import (
    EXACT,
    HIGHEST,
    WEIGHT_LIMIT,
    IntegerLayer,
    Integers,
    Quantised,
)
from mlp_edge.integers.requantise import scales
from mlp_edge.lazy import tensorflow
from mlp_edge.settings import setting
from mlp_edge.walk import sources, walk

_HIGH = HIGHEST["int8"]
_ZERO_POINT = -128
_WHOLE = np.float32(2**23)
"""From here to twice as far float32 numbers are the integers: adding it rounds, half to even."""


def layers(quantised: Quantised) -> Formula:
    """The function of prepared rows (n, width) float32 that scaling and dense layers are."""
    tf = tensorflow()
    written = _written(quantised)

    def network(preprocessed: Any) -> Any:
        with tf.name_scope("inputs"):
            u = _held(_in_segments(quantised, _rounded(quantised, preprocessed)))
        numbers = count(1)

        def step(layer: IntegerLayer, inputs: Any, _: Any | None) -> Any:
            number = next(numbers)
            with tf.name_scope(f"layer{number}"):
                u = _held(_sums(written[number - 1], inputs))
                return u if layer.table is None else _held(_looked_up(layer.table, layer.high, u))

        *_, u = walk(quantised.layers, u, step, _joined)
        with tf.name_scope("answers"):
            return _outputs(quantised, _added(quantised.layers[-1], u))

    return network


def _joined(values: Sequence[Any]) -> Any:
    return values[0] if len(values) == 1 else _held(tensorflow().concat(list(values), axis=1))


def _held(values: Any) -> Any:
    """The values as int8: what the converter takes for the range of a tensor."""
    fake = tensorflow().quantization.fake_quant_with_min_max_vars
    return fake(values, min=0.0, max=float(_HIGH))


def _rounded(quantised: Quantised, preprocessed: Any) -> Any:
    """Integers 0 … high in float32, rounded half to even before any runtime rounds in its way."""
    tf = tensorflow()
    scaled = (preprocessed - quantised.inputs.low) * quantised.inputs.factor
    top = _WHOLE + np.float32(quantised.inputs.high)
    return tf.minimum(tf.maximum(scaled + _WHOLE, _WHOLE), top) - _WHOLE


def _in_segments(quantised: Quantised, u: Any) -> Any:
    """Wide inputs (n, width) as bytes (n, segments * width) that add up to them."""
    tf = tensorflow()
    segments = quantised.inputs.high // _HIGH
    if segments == 1:
        return u
    begins = np.repeat(np.arange(segments) * _HIGH, len(quantised.inputs.low)).astype(np.float32)
    rest = tf.concat(segments * [u], axis=1) - begins
    return tf.minimum(tf.maximum(rest, 0.0), float(_HIGH))


def _sums(written: _Written, u: Any) -> Any:
    """A dense layer whose weights and biases are integers; scales come when it is converted."""
    tf = tensorflow()
    limit = float(WEIGHT_LIMIT["int8"])
    fake = tf.quantization.fake_quant_with_min_max_vars
    weights = tf.constant(written.unlike.T.astype(np.float32), name="weights")
    held = fake(weights, min=-limit, max=limit, narrow_range=True)
    return tf.matmul(u, held) + tf.constant(written.bias.astype(np.float32), name="bias")


def _looked_up(table: Table, high: int, activations: Any) -> Any:
    tf = tensorflow()
    values = tf.constant(table.at(np.arange(high + 1)).astype(np.float32), name="table")
    return tf.gather(values, tf.cast(activations, tf.int32))


def _added(layer: IntegerLayer, activations: Any) -> Any:
    """The activations of the last layer's segments, added up; integers in float32."""
    tf = tensorflow()
    if layer.segments == 1:
        return activations
    return tf.reduce_sum(tf.reshape(activations, (-1, layer.segments, layer.outputs)), axis=1)


def _outputs(quantised: Quantised, activations: Any) -> Any:
    tf = tensorflow()
    last = quantised.layers[-1]
    if quantised.softmax:
        activations = tf.reduce_max(activations, axis=1, keepdims=True) - activations
    values = activations
    if quantised.table is not None:
        values = _looked_up(quantised.table, last.segments * last.high, activations)
    if quantised.softmax:
        return values / tf.reduce_sum(values, axis=1, keepdims=True)
    return quantised.offset + quantised.step * values


class _Written(NamedTuple):
    """A dense layer as the file has it: output segments are rows, input segments are columns.

    Attributes:
        weights: (rows, columns).
        bias: (rows,).
        scale: (rows,) float32, what 1 in a sum is in activations.
        apart: how many layers before read the same values with the same weights.
    """

    weights: Integers
    bias: Integers
    scale: Floats
    apart: int = 0

    @property
    def unlike(self) -> Integers:
        """The weights for the converter, which takes one product for two that are equal."""
        weights = self.weights.copy()
        weights[0, 0] += self.apart if weights[0, 0] <= 0 else -self.apart
        return weights


def _written(quantised: Quantised) -> list[_Written]:
    copies = [quantised.inputs.high // _HIGH] + [1] * (len(quantised.layers) - 1)
    written = [
        _Written(
            np.tile(layer.weights, (layer.segments, count)),
            np.concatenate(
                [layer.bias - segment * layer.offset for segment in range(layer.segments)]
            ),
            np.tile(scales(layer.multiplier, layer.shift), layer.segments),
        )
        for layer, count in zip(quantised.layers, copies, strict=True)
    ]
    seen: Counter[tuple[object, ...]] = Counter()
    for number, one in enumerate(written, start=1):
        product = sources(quantised.layers[number - 1], number), one.weights.tobytes()
        written[number - 1] = one._replace(apart=seen[product])
        seen[product] += 1
    return written


def settle(model: Any, quantised: Quantised) -> None:
    """Check that the converter made the layers out of these integers; write what it cannot express.

    Args:
        model: a ``ModelT`` of the schema; changed.
        quantised: what it is to compute.

    Raises:
        ModelError: naming the layer, when the converter made something else of it.
    """
    dense = list(tflite_model.dense(model))
    if len(dense) != len(quantised.layers):
        raise ModelError(f"{_CONVERTER} {len(dense)} layers of {len(quantised.layers)}; {_OTHER}")
    _check_activations(model)
    every = _written(quantised)
    _unshare(model, dense, every)
    tensors = model.subgraphs[0].tensors
    for number, (operator, written) in enumerate(zip(dense, every, strict=True), start=1):
        for place, numbers in _constants(operator, written):
            tensor = tensors[operator.inputs[place]]
            found = tflite_model.content(model, tensor, numbers.dtype)
            given = (written.unlike if place == 1 else numbers).ravel()
            if operator.inputs[place] < 0 or not _as_float32(found, given):
                what = "weights" if place == 1 else "biases"
                raise ModelError(f"{_CONVERTER} other {what} of layer {number}; {_OTHER}")
            tflite_model.write(model, tensor, numbers)
            tensor.quantization.scale = written.scale
            tensor.quantization.zeroPoint = np.zeros(len(written.scale), np.int64)
            tensor.quantization.quantizedDimension = 0


_CONVERTER = "TensorFlow's converter made"
_OTHER = f"another version of TensorFlow would do, or {setting('formats', ['onnx'])}"


def _check_activations(model: Any) -> None:
    """Check that int8 tensors that are computed hold u - 128 for the integers u."""
    graph, int8 = model.subgraphs[0], tflite_model.schema().TensorType.INT8
    for operator in graph.operators:
        for tensor in (graph.tensors[index] for index in operator.outputs):
            if tensor.type != int8:
                continue
            held = tensor.quantization
            if list(held.scale) != [1.0] or list(held.zeroPoint) != [_ZERO_POINT]:
                raise ModelError(f"{_CONVERTER} another range of {tensor.name.decode()}; {_OTHER}")


def _constants(operator: Any, written: _Written) -> Iterator[tuple[int, NDArray[Any]]]:
    """(place among a layer's inputs, numbers); no biases where the converter left out zeros."""
    yield 1, written.weights.astype("i1")
    if operator.inputs[2] >= 0 or written.bias.any():
        yield 2, written.bias.astype("<i4")


def _unshare(model: Any, dense: Sequence[Any], every: Sequence[_Written]) -> None:
    """Give layers of equal weights their own: the converter makes one of them, in its own scale."""
    tensors = model.subgraphs[0].tensors
    uses = Counter(int(index) for operator in dense for index in operator.inputs[1:])
    for operator, written in zip(dense, every, strict=True):
        constants = list(_constants(operator, written))
        if all(uses[int(operator.inputs[place])] == 1 for place, _ in constants):
            continue
        for place, numbers in constants:
            tensors.append(deepcopy(tensors[operator.inputs[place]]))
            operator.inputs[place] = len(tensors) - 1
            tflite_model.write(model, tensors[-1], numbers)


def _as_float32(found: NDArray[Any], wanted: NDArray[Any]) -> bool:
    """Whether integers are those wanted, as far as float32 holds them."""
    if found.shape != wanted.shape:
        return False
    exact, off = np.abs(wanted.astype(np.int64)), np.abs(found.astype(np.int64) - wanted)
    return bool((off <= exact // EXACT).all())
