"""The Mlp as a TensorFlow graph of constants, from which TFLite and ONNX are converted.

Converting a Keras model goes wrong in both converters (a broken graph with the scaling as extra
inputs); a ``tf.function`` over the Mlp's own numbers converts cleanly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlp_edge.lazy import tensorflow
from mlp_edge.mlp import Mlp
from mlp_edge.reference import LEAKY_SLOPE

INPUT_NAME = "features"

Formulas = dict[str, Callable[[Any], Any]]
"""Activation name -> function of a float32 tensor."""


def formulas() -> Formulas:
    """TensorFlow's own operation for each activation, exact where Keras's is."""
    nn = tensorflow().nn
    return {
        "linear": lambda z: z,
        "relu": nn.relu,
        "leaky_relu": lambda z: nn.leaky_relu(z, LEAKY_SLOPE),
        "elu": nn.elu,
        "selu": nn.selu,
        "gelu": lambda z: nn.gelu(z, approximate=False),
        "silu": nn.silu,
        "softplus": nn.softplus,
        "softsign": nn.softsign,
        "tanh": nn.tanh,
        "sigmoid": nn.sigmoid,
        "hard_sigmoid": lambda z: nn.relu6(z + 3.0) / 6.0,
        "softmax": nn.softmax,
    }


def graph(mlp: Mlp, formulas: Formulas) -> Any:
    """A ``tf.Module`` whose ``serve`` maps features (n, inputs) to the named output (n, outputs).

    Args:
        mlp: the network; its arrays become constants.
        formulas: the activations, as the target format can express them.
    """
    tf = tensorflow()
    signature = [tf.TensorSpec((None, mlp.inputs), tf.float32, name=INPUT_NAME)]

    def serve(features: Any) -> dict[str, Any]:
        x = features
        if mlp.scaling is not None:
            with tf.name_scope("scaling"):
                x = x - tf.constant(mlp.scaling.mean, name="mean")
                x = x * tf.constant(mlp.scaling.reciprocal, name="reciprocal")
        for number, layer in enumerate(mlp.layers, start=1):
            with tf.name_scope(f"layer{number}"):
                z = tf.matmul(x, tf.constant(layer.weights.T, name="weights"))
                z = tf.add(z, tf.constant(layer.bias, name="bias"))
                x = formulas[layer.activation](z)
        return {mlp.output_name: tf.identity(x)}

    module = tf.Module()
    module.serve = tf.function(serve, input_signature=signature, autograph=False)
    return module
