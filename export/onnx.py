"""ONNX, by tf2onnx from the Mlp's graph: standard operators, any batch size, metadata inside.

What is in integers is built without it: ``onnx_graph.py``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from mlp_edge.card import Card
from mlp_edge.export import onnx_doubles, onnx_graph, onnx_integers
from mlp_edge.export.exporter import Exporter
from mlp_edge.export.graph import Formulas, formulas, graph
from mlp_edge.export.onnx_graph import GraphBuilder
from mlp_edge.integers.quantised import Quantised
from mlp_edge.lazy import quiet, require, tensorflow
from mlp_edge.metadata import ONNX_CHECKSUM, ONNX_GOLDEN
from mlp_edge.mlp import Mlp
from mlp_edge.proof.checksum import BLANK, with_checksum
from mlp_edge.proof.golden import Golden, golden, golden_integers
from mlp_edge.reference import GELU_CUBE, GELU_SCALE

OPSET = 13
"""The first opset whose Softmax works along one axis; onnxruntime reads it since 1.7 (2021)."""
"""Names of metadata properties, beside those of the card."""
_NUMBERED = re.compile(r"__\d+")
IR_VERSION = 7
"""What opset 13 came with."""


def export(mlp: Mlp) -> bytes:
    """Write a model: input ``features`` (N, inputs), output ``mlp.output_name`` (N, outputs).

    Raises:
        MissingError: when the extra ``train`` is not installed.
    """
    tensorflow()
    tf2onnx = require("tf2onnx")
    with quiet():
        serve = graph(mlp, _formulas()).serve
        model, _ = tf2onnx.convert.from_function(
            serve, input_signature=serve.input_signature, opset=OPSET
        )
    _tidy(model, mlp)
    return _described(model, Card.of(mlp), golden(mlp))


def export_int8(mlp: Mlp, quantised: Quantised) -> bytes:
    """Write a model in int8, with the same input and output as the one in float32.

    Raises:
        MissingError: when the package ``onnx`` is not installed; the extra ``train`` brings it.
    """
    return _of_integers(mlp, quantised, onnx_integers.network)


def export_doubles(mlp: Mlp, quantised: Quantised) -> bytes:
    """Write a model in int16 or int24, whose integers runtimes hold in float64.

    Raises:
        MissingError: as ``export_int8`` does.
    """
    return _of_integers(mlp, quantised, onnx_doubles.network)


def _of_integers(
    mlp: Mlp, quantised: Quantised, layers: Callable[[GraphBuilder, Quantised, str, bool], str]
) -> bytes:
    guarded = mlp.encoding.rejects

    def network(build: GraphBuilder, encoded: str) -> str:
        return layers(build, quantised, encoded, guarded)

    helper = require("onnx").helper
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(
        onnx_graph.graph(mlp, network), opset_imports=opset, ir_version=IR_VERSION
    )
    return _described(model, Card.of(mlp, quantised.dtype), golden_integers(mlp, quantised))


def _described(model: Any, card: Card, golden: Golden) -> bytes:
    """The file of a model, with what it says about itself."""
    onnx = require("onnx")
    about = {ONNX_GOLDEN: golden.to_json(), ONNX_CHECKSUM: BLANK.decode()}
    onnx.helper.set_model_props(model, card.to_strings() | about)
    onnx.checker.check_model(model, full_check=True)
    return with_checksum(model.SerializeToString(deterministic=True))


def _formulas() -> Formulas:
    tf = tensorflow()

    def gelu_tanh(z: Any) -> Any:
        return z / (1.0 + tf.exp(z * (-GELU_SCALE - GELU_SCALE * GELU_CUBE * (z * z))))

    return formulas(apart=lambda x: tf.minimum(x, math.inf)) | {
        "isnan": lambda x: tf.not_equal(x, x),  # small converters have no IsNaN
        # tf.nn.gelu becomes an Erfc that ONNX does not have.
        "gelu": lambda z: 0.5 * z * (1.0 + tf.math.erf(z * math.sqrt(0.5))),
        # onnxruntime's Sigmoid never falls below 1e-9, which a large negative z multiplies to
        # something that shows; its Exp is exact enough at any z.
        "silu": lambda z: z / (1.0 + tf.exp(-z)),
        "gelu_tanh": gelu_tanh,
    }


def _tidy(model: Any, mlp: Mlp) -> None:
    """Give the file names of ours and leave out what it does not use."""
    model.graph.name = mlp.name
    model.graph.doc_string = ""
    model.ir_version = IR_VERSION
    for opset in [entry for entry in model.opset_import if entry.domain]:
        model.opset_import.remove(opset)
    for value in (*model.graph.input, *model.graph.output):
        # The converter numbers its unknown dimensions through the life of the process.
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    del model.graph.value_info[:]
    _renumber(model.graph)


def _renumber(graph: Any) -> None:
    """Number the names that the converter adds (``Cast__31``) afresh, by first appearance.

    It counts them through the life of the process, and the same model is to give the same bytes.
    """
    numbers: dict[str, str] = {}

    def name(text: str) -> str:
        return _NUMBERED.sub(
            lambda found: numbers.setdefault(found.group(), f"__{len(numbers)}"), text
        )

    for node in graph.node:
        node.name = name(node.name)
        for names in (node.input, node.output):
            names[:] = [name(text) for text in names]
    for tensor in graph.initializer:
        tensor.name = name(tensor.name)


EXPORTER = Exporter(
    name="onnx",
    suffix=".onnx",
    needs="train",
    export=export,
    integers={"int8": export_int8, "int16": export_doubles, "int24": export_doubles},
)
