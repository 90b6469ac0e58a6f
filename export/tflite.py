"""TFLite, by TensorFlow's converter from the Mlp's graph: built-in operators only."""

from __future__ import annotations

import math
from typing import Any

from mlp_edge.card import Card
from mlp_edge.export import tflite_floats, tflite_integers, tflite_model
from mlp_edge.export.exporter import Exporter
from mlp_edge.export.graph import INPUT_NAME, Formulas, formulas, graph
from mlp_edge.feature import LARGEST_FLOAT
from mlp_edge.half_precision import half_precision
from mlp_edge.integers.quantised import Quantised
from mlp_edge.lazy import quiet, require, tensorflow
from mlp_edge.metadata import TFLITE_CARD, TFLITE_CHECKSUM, TFLITE_GOLDEN
from mlp_edge.mlp import Mlp
from mlp_edge.proof.checksum import BLANK, with_checksum
from mlp_edge.proof.golden import Golden, golden, golden_integers
from mlp_edge.reference import GELU_CUBE, GELU_SCALE, SELU_ALPHA, SELU_SCALE

IDENTIFIER = b"TFL3"
DYNAMIC = 1024
"""From so many weights on the converter makes integers of a layer's."""
SATURATED = 1024.0
"""From here on a sigmoid is 0 or 1 whatever computes it."""


def export(mlp: Mlp) -> bytes:
    """Write a model with a ``serving_default`` signature and any batch size.

    Raises:
        MissingError: when the extra ``train`` is not installed.
    """
    return _described(_converted(graph(mlp, _formulas())), Card.of(mlp), golden(mlp))


def export_int8(mlp: Mlp, quantised: Quantised) -> bytes:
    """Write a model in integers, with the same input and output as the one in float32.

    Raises:
        MissingError: when the extra ``train`` is not installed.
        ModelError: when the converter makes other integers of it.
    """
    layers = tflite_integers.layers(quantised)
    model = _converted(graph(mlp, _formulas(), layers), optimise=True)
    tflite_integers.settle(model, quantised)
    return _described(model, Card.of(mlp, "int8"), golden_integers(mlp, quantised))


def export_float16(mlp: Mlp) -> bytes:
    """Write a model whose weights are stored as float16 and computed with as float32.

    Its golden rows are those of ``half_precision``, its card is the model's.

    Raises:
        MissingError, ModelError: as ``export`` does, and for a weight beyond float16.
    """
    half = half_precision(mlp)
    model = _converted(graph(half, _formulas()))
    tflite_floats.store_halves(model)
    return _described(model, Card.of(mlp, "float16"), golden(half))


def export_dynamic(mlp: Mlp) -> bytes:
    """Write a model as TensorFlow's "dynamic range quantisation" does.

    Layers of 1,024 weights and more get weights of int8, and runtimes quantise what goes into them
    as it comes, each in its own way. So no answer is proved, and the file carries no golden rows.
    What such a layer makes of an infinity or a NaN is any number: it answers NaN instead.

    Raises:
        MissingError, ModelError: as ``export`` does.
    """
    tf, words = tensorflow(), _formulas()

    def sums(z: Any, x: Any) -> Any:
        if x.shape[1] * z.shape[1] < DYNAMIC:
            return z
        finite = tf.abs(x) <= LARGEST_FLOAT  # not where x is NaN
        return tf.where(words["any"](tf.logical_not(finite)), math.nan, z)

    model = _converted(graph(mlp, words | {"sums": sums}), optimise=True)
    return _described(model, Card.of(mlp, "dynamic"), None)


def _converted(module: Any, optimise: bool = False) -> Any:
    """The ``ModelT`` that the converter makes of a graph.

    Args:
        module: as ``graph`` gives it.
        optimise: whether its numbers may become integers, where the graph says so.
    """
    tf = tensorflow()
    with quiet():
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [module.serve.get_concrete_function()], module
        )
        if optimise:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        content = converter.convert()
    return tflite_model.schema().ModelT.InitFromPackedBuf(content, 0)


def _formulas() -> Formulas:
    """In operators that TFLite Micro has as well, gelu's apart."""
    tf = tensorflow()

    def apart(x: Any) -> Any:
        # Not a minimum with infinity: XNNPACK makes the largest float32 of that.
        return tf.where(tf.not_equal(x, x), math.nan, x)

    def between(x: Any, low: float, high: float) -> Any:
        # Not a minimum and a maximum: LiteRT's own make a number of NaN, and the converter makes
        # operators of theirs that Micro lacks. A comparison with NaN is false everywhere.
        return tf.where(x > high, high, tf.where(x < low, low, x))

    def limited(z: Any) -> Any:
        # XNNPACK's sigmoid for AVX-512 answers NaN to a finite z beyond 4e26. Not ``between``: it
        # takes more time than a small layer, as XNNPACK compares and chooses nothing.
        return tf.maximum(tf.minimum(z, SATURATED), -SATURATED)

    def sigmoid(z: Any) -> Any:
        # What the limits make of NaN depends on the kernel; 0 times a tanh is 0, or NaN.
        return tf.nn.sigmoid(limited(z)) + tf.nn.tanh(z) * 0.0

    def gelu_tanh(z: Any) -> Any:
        return z * tf.nn.sigmoid(limited(z * (GELU_SCALE + GELU_SCALE * GELU_CUBE * (z * z))))

    def exponential(z: Any) -> Any:
        # XNNPACK's exp(z) is infinite from 2^127.5 on, and 0 of NaN.
        root = tf.exp(0.5 * z)
        return tf.where(tf.not_equal(z, z), math.nan, root * root)

    def ones(truths: Any) -> Any:
        # Not a cast, which the converter moves behind the take: Micro takes no truths.
        return tf.where(truths, 1.0, 0.0)

    plain = formulas(apart)
    return plain | {
        "sigmoid": sigmoid,
        "silu": lambda z: z * tf.nn.sigmoid(limited(z)),
        "gelu_tanh": gelu_tanh,
        "exponential": exponential,
        "clip": between,
        "isnan": lambda x: tf.not_equal(x, x),  # TFLite has no other way to ask
        "any": lambda truths: tf.reduce_max(ones(truths), axis=1, keepdims=True) > 0.0,
        "take": lambda x, at: plain["take"](ones(x) if x.dtype == tf.bool else x, at),
        # The converter's own asks whether z > 0, which a NaN is not, and XNNPACK's exp(NaN) is 0.
        "selu": lambda z: tf.where(
            z <= 0.0, SELU_SCALE * SELU_ALPHA * (tf.exp(z) - 1.0), SELU_SCALE * z
        ),
        # TFLite has no softplus; the converter's log(1 + exp(z)) overflows at z = 89. Not relu(z):
        # it would be fused into the dense layer, which then is computed a second time without.
        "softplus": lambda z: tf.maximum(z, 0.0) + tf.math.log(1.0 + tf.exp(-tf.abs(z))),
    }


def _described(model: Any, card: Card, golden: Golden | None) -> bytes:
    """The file of a ``ModelT``: names that a reader sees, and what it says about itself."""
    flatbuffers = require("flatbuffers")
    model.description = f"mlp-edge {card.name}".encode()
    subgraph = model.subgraphs[0]
    subgraph.tensors[subgraph.inputs[0]].name = INPUT_NAME.encode()
    subgraph.tensors[subgraph.outputs[0]].name = card.output_name.encode()
    # The converter notes a random stamp and its own version here; neither helps a reader.
    model.metadata = [entry for entry in model.metadata if entry.name == b"min_runtime_version"]
    tflite_model.add_metadata(model, TFLITE_CARD, card.to_json().encode())
    if golden is not None:
        tflite_model.add_metadata(model, TFLITE_GOLDEN, golden.to_json().encode())
    tflite_model.add_metadata(model, TFLITE_CHECKSUM, BLANK)
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
    return with_checksum(bytes(builder.Output()))


EXPORTER = Exporter(
    name="tflite",
    suffix=".tflite",
    needs="train",
    export=export,
    integers={"int8": export_int8},
    floats={"float16": export_float16, "dynamic": export_dynamic},
)
