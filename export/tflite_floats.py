"""TFLite with float16 weights, rounded before, so that the file computes a network that is known.

The converter's own float16 rounds every constant, means of a scaling and codes of categories
included. Here only weights and biases of dense layers are rounded, in the ``Mlp``; the file is that
network's in float32 but for how these numbers are stored. Whoever runs it makes float32 of them
again, so the proof of float32 (``mlp_edge.proof.bound``) holds for the rounded network.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mlp_edge.export import tflite_model

SMALLEST_DYNAMIC = 1024
"""Weights of a layer from which the converter's dynamic range makes integers of them."""
_VERSION = 3
"""Of DEQUANTIZE: the first that takes float16."""


def store_halves(model: Any) -> None:
    """Store the weights and biases of dense layers as float16, where that loses nothing.

    Args:
        model: a ``ModelT`` of the schema; changed.
    """
    schema = tflite_model.schema()
    graph = model.subgraphs[0]
    made: dict[int, int] = {}
    for operator in tflite_model.dense(model):
        for place in (1, 2):
            index = int(operator.inputs[place])
            if index in made or _stored(model, index):
                operator.inputs[place] = made.setdefault(index, len(graph.tensors) - 1)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = _VERSION
    model.operatorCodes.append(code)
    graph.operators[:0] = [
        _dequantise(schema, len(model.operatorCodes) - 1, stored, given)
        for stored, given in made.items()
    ]


def _stored(model: Any, index: int) -> bool:
    """Make float16 of a tensor's float32 and add the tensor that is made of it again.

    False where there is none, or where something would be lost.
    """
    schema, tensors = tflite_model.schema(), model.subgraphs[0].tensors
    if index < 0 or tensors[index].type != schema.TensorType.FLOAT32:
        return False
    stored, given = tensors[index], schema.TensorT()
    values = tflite_model.content(model, stored, "<f4")
    if not values.size or (values.astype("<f2") != values).any():
        return False
    tflite_model.write(model, stored, values.astype("<f2"))
    stored.type = schema.TensorType.FLOAT16
    given.shape, given.type = stored.shape, schema.TensorType.FLOAT32
    given.name = stored.name + b"/float32"
    tensors.append(given)
    return True


def _dequantise(schema: Any, code: int, stored: int, given: int) -> Any:
    operator = schema.OperatorT()
    operator.opcodeIndex = code
    operator.inputs, operator.outputs = np.array([stored], np.int32), np.array([given], np.int32)
    operator.builtinOptionsType = schema.BuiltinOptions.DequantizeOptions
    operator.builtinOptions = schema.DequantizeOptionsT()
    return operator
