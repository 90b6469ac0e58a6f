"""The Mlp as a TensorFlow graph of constants, from which TFLite and ONNX are converted.

Converting a Keras model goes wrong in both converters (a broken graph with the scaling as extra
inputs); a ``tf.function`` over the Mlp's own numbers converts cleanly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from mlp_edge.lazy import tensorflow
from mlp_edge.mlp import Dense, Mlp
from mlp_edge.processing import FEATURES, Operation, carry_out, operations
from mlp_edge.reference import LEAKY_SLOPE
from mlp_edge.walk import head_numbers, heads_of, walk

INPUT_NAME = FEATURES

Formula = Callable[..., Any]
Formulas = dict[str, Formula]
"""Name -> function of tensors: the activations, "apart", "sums" of a layer by its inputs; and what
the processing around them takes: "isnan", "any" of a row's booleans, "take" of columns, "clip"."""


def formulas(apart: Formula) -> Formulas:
    """TensorFlow's own operation for each, exact where Keras's is.

    Args:
        apart: gives the same tensor behind an operation that changes nothing. Converters and
            runtimes multiply constants into the weights beside them: a scaling into the first
            layer, where x w - m w loses the digits that (x - m) w keeps, a 1 / 6 into the next.
            What runs is to be the numbers of the model, and to round as the proof says.
    """
    tf = tensorflow()
    nn = tf.nn

    def mish(z: Any) -> Any:
        # tanh(ln(1 + e)) as (e^2 + 2 e) / (e^2 + 2 e + 2), which no runtime's logarithm can spoil.
        power = tf.exp(tf.minimum(z, 20.0))
        share = power * (power + 2.0)
        return z * (share / (share + 2.0))

    return {
        "sums": lambda z, x: z,
        "linear": lambda z: z,
        "relu": nn.relu,
        "leaky_relu": lambda z: nn.leaky_relu(z, LEAKY_SLOPE),
        "elu": nn.elu,
        "selu": nn.selu,
        "gelu": lambda z: nn.gelu(z, approximate=False),
        "gelu_tanh": lambda z: nn.gelu(z, approximate=True),
        "silu": nn.silu,
        "mish": mish,
        "softplus": nn.softplus,
        "softsign": nn.softsign,
        "tanh": nn.tanh,
        "sigmoid": nn.sigmoid,
        "hard_sigmoid": lambda z: apart(nn.relu6(apart(z) + 3.0) / 6.0),
        "exponential": tf.exp,
        "square": tf.square,
        "rsqrt": tf.math.rsqrt,
        "apart": apart,
        "softmax": nn.softmax,
        "isnan": tf.math.is_nan,
        "any": lambda truths: tf.reduce_any(truths, axis=1, keepdims=True),
        "take": lambda x, indices: tf.gather(x, indices.astype("int32"), axis=1),
        "clip": tf.clip_by_value,
    }


def graph(mlp: Mlp, formulas: Formulas, layers: Formula | None = None) -> Any:
    """A ``tf.Module`` whose ``serve`` maps features (n, inputs) to the named output (n, outputs).

    Args:
        mlp: the network; its arrays become constants.
        formulas: the activations, as the target format can express them.
        layers: what stands in the place of scaling and dense layers, such as their integers.
    """
    tf = tensorflow()
    signature = [tf.TensorSpec((None, mlp.inputs), tf.float32, name=INPUT_NAME)]

    steps = operations(mlp.encoding, mlp.clip)
    network = layers or (lambda preprocessed: _layers(mlp, formulas, preprocessed))

    def serve(features: Any) -> dict[str, Any]:
        def do(step: Operation, inputs: list[Any]) -> Any:
            if step.kind == "Sequential":
                return network(inputs[0])
            with tf.name_scope(step.name):
                return _operation(step, formulas, inputs)

        return {mlp.output_name: tf.identity(carry_out(steps, features, do))}

    module = tf.Module()
    module.serve = tf.function(serve, input_signature=signature, autograph=False)
    return module


def _layers(mlp: Mlp, formulas: Formulas, inputs: Any) -> Any:
    tf = tensorflow()
    x = inputs
    if mlp.scaling is not None:
        with tf.name_scope("scaling"):
            x = x - tf.constant(mlp.scaling.mean, name="mean")
            x = x * tf.constant(mlp.scaling.reciprocal, name="reciprocal")
            x = formulas["apart"](x)
    numbers, heads = count(1), head_numbers(mlp.layers, mlp.heads)

    def step(layer: Dense, given: _Parts, gate: _Parts | None) -> _Parts:
        number = next(numbers)
        with tf.name_scope(f"layer{number}"):
            value = formulas[layer.activation](_sums(layer, formulas, given))
            if layer.activation == "linear" and number not in heads:
                value = formulas["apart"](value)  # or one bias goes through the next weights
            return [value if gate is None else value * _whole(gate)]

    values = walk(mlp.layers, [x], step, _joined)
    return _whole(heads_of(mlp.layers, mlp.heads, values, _joined))


_Parts = list[Any]
"""Tensors (n, width) that stand side by side, and may never have to be put there."""


def _joined(values: Sequence[_Parts]) -> _Parts:
    return [part for parts in values for part in parts]


def _whole(parts: _Parts) -> Any:
    return parts[0] if len(parts) == 1 else tensorflow().concat(parts, axis=1)


def _sums(layer: Dense, formulas: Formulas, given: _Parts) -> Any:
    """The pre-activations; of a sum of values without the products with 0."""
    tf, bias = tensorflow(), layer.bias
    apart = all(part.shape[1] == layer.outputs for part in given)
    if layer.diagonals is None or not apart:
        x = _whole(given)
        z = tf.matmul(x, tf.constant(layer.weights.T, name="weights"))
        return formulas["sums"](tf.add(z, tf.constant(bias, name="bias")), x)
    terms = [
        part if (factors == 1).all() else formulas["apart"](part) * factors
        for factors, part in zip(layer.diagonals, given, strict=True)
    ]
    if bias.any():
        terms.append(tf.constant(bias, name="bias"))
    z = terms[0]
    for term in terms[1:]:
        z = z + term
    return z


def _operation(step: Operation, formulas: Formulas, inputs: list[Any]) -> Any:
    """One operation around the dense layers, in TensorFlow's words."""
    tf = tensorflow()
    if step.kind == "Concatenate":
        return tf.concat(inputs, axis=1)
    kinds: dict[str, Callable[..., Any]] = {
        "Isnan": formulas["isnan"],
        "Equal": tf.equal,
        "Where": tf.where,
        "Take": formulas["take"],
        "Cast": lambda x: tf.cast(x, tf.float32),
        "Any": formulas["any"],
        "Clip": formulas["clip"],
    }
    constants = [
        tf.constant(value, tf.float32) if step.kind in ("Equal", "Where") else value
        for value in step.constants
    ]
    return kinds[step.kind](inputs[0], *constants, *inputs[1:])
