"""TFLite (float32), by TensorFlow's converter from the Mlp's graph: built-in operators only."""

from __future__ import annotations

import math
from typing import Any

from mlp_edge.card import Card
from mlp_edge.errors import ModelError
from mlp_edge.export.exporter import Exporter
from mlp_edge.export.graph import INPUT_NAME, Formulas, formulas, graph
from mlp_edge.golden import golden
from mlp_edge.lazy import quiet, require, tensorflow
from mlp_edge.mlp import Mlp
from mlp_edge.seal import BLANK, sealed

METADATA, GOLDEN, SEAL = b"mlp_edge", b"mlp_edge_golden", b"mlp_edge_seal"
"""Names of the metadata buffers that hold the card, the golden rows and the seal."""
IDENTIFIER = b"TFL3"


def export(mlp: Mlp) -> bytes:
    """Write a model with a ``serving_default`` signature and any batch size.

    Raises:
        MissingError: when the extra ``train`` is not installed.
        ModelError: for a gelu output that is clipped to 0 … 6.
    """
    tf = tensorflow()
    if mlp.layers[-1].activation == "gelu" and mlp.clip == (0.0, 6.0):
        # The converter fuses this clip into the gelu and is left with an operator of no format.
        raise ModelError(
            "TFLite cannot express a gelu output that is clipped to 0 and 6; --clip 0,6.000001 "
            "would do"
        )
    with quiet():
        module = graph(mlp, _formulas())
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [module.serve.get_concrete_function()], module
        )
        return _describe(converter.convert(), mlp)


def _formulas() -> Formulas:
    tf = tensorflow()

    def apart(x: Any) -> Any:
        # Not a minimum with infinity: XNNPACK makes the largest float32 of that.
        return tf.where(tf.not_equal(x, x), math.nan, x)

    return formulas(apart) | {
        "isnan": lambda x: tf.not_equal(x, x),  # TFLite has no other way to ask
        # TFLite has no softplus; the converter's log(1 + exp(z)) overflows at z = 89. Not relu(z):
        # it would be fused into the dense layer, which then is computed a second time without.
        "softplus": lambda z: tf.maximum(z, 0.0) + tf.math.log(1.0 + tf.exp(-tf.abs(z))),
    }


def _describe(content: bytes, mlp: Mlp) -> bytes:
    """Name the tensors that a reader sees, and add what the file says about itself."""
    schema = require("ai_edge_litert.schema_py_generated")
    flatbuffers = require("flatbuffers")
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    model.description = f"mlp-edge {mlp.name}".encode()
    subgraph = model.subgraphs[0]
    subgraph.tensors[subgraph.inputs[0]].name = INPUT_NAME.encode()
    subgraph.tensors[subgraph.outputs[0]].name = mlp.output_name.encode()
    # The converter notes a random stamp and its own version here; neither helps a reader.
    model.metadata = [entry for entry in model.metadata if entry.name == b"min_runtime_version"]
    _add_metadata(schema, model, METADATA, Card.of(mlp).to_json().encode())
    _add_metadata(schema, model, GOLDEN, golden(mlp).to_json().encode())
    _add_metadata(schema, model, SEAL, BLANK)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
    return sealed(bytes(builder.Output()))


def _add_metadata(schema: Any, model: Any, name: bytes, content: bytes) -> None:
    buffer = schema.BufferT()
    buffer.data = list(content)
    entry = schema.MetadataT()
    entry.name = name
    entry.buffer = len(model.buffers)
    model.buffers.append(buffer)
    model.metadata.append(entry)


EXPORTER = Exporter(name="tflite", suffix=".tflite", needs="train", export=export)
