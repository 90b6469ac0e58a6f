"""A .tflite file read through LiteRT's own schema, without running anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mlp_edge.card import Card
from mlp_edge.errors import MissingError, ModelError, first_line
from mlp_edge.lazy import installed
from mlp_edge.metadata import TFLITE_CARD
from mlp_edge.mlp import Floats
from mlp_edge.readers.anatomy import Contents
from mlp_edge.readers.checks.tflite_checks import names_of, verified
from mlp_edge.readers.steps import Constant, Step, of_steps
from mlp_edge.reading import read_file

FULLY_CONNECTED = 9
SPELLING = {"Logistic": "Sigmoid", "Minimum": "Min", "Maximum": "Max"}
"""ONNX's names where they are not those of TFLite."""


def read_tflite(path: Path) -> Contents:
    """Layers, scaling and card of a TFLite model.

    Raises:
        ModelError: when the file is not one, or is damaged.
        MissingError: without the extra ``train``, which brings the schema.
    """
    if not installed("ai_edge_litert"):
        raise MissingError(
            f"{path}: the layers of a TFLite model are read with LiteRT's schema; "
            "pip install 'mlp-edge[train]' brings it"
        )
    from ai_edge_litert import schema_py_generated as schema

    content = read_file(path)
    try:
        verified(content)
        model = schema.ModelT.InitFromPackedBuf(content, 0)
        [graph] = model.subgraphs[:1]
        metadata = {_text(entry.name): _data(model, entry.buffer) for entry in model.metadata or []}
        stamp = _text(model.description)
        oldest = metadata.get("min_runtime_version", b"").rstrip(b"\0").decode()
        card = metadata.get(TFLITE_CARD, b"").decode()
        anatomy = of_steps(list(_steps(schema, model, graph)), ours=bool(card))
        dtype = _dtype(schema, model, graph)
    except Exception as error:  # a damaged flatbuffer points anywhere
        raise ModelError(
            f"{path}: not a TFLite model, or a damaged one ({first_line(error)})"
        ) from error
    version = f"schema {model.version}" + (f", runs from TFLite {oldest} on" if oldest else "")
    if card:
        return Contents(anatomy, Card.from_json(card, path), version)
    return Contents(anatomy, None, f"{stamp}, {version}" if stamp else version, (), dtype)


def _steps(schema: Any, model: Any, graph: Any) -> Iterator[Step]:
    constants = dict(_constants(schema, model, graph))
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        # Small codes stand in the older field as well, and in old files only there.
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        name = names_of(schema.BuiltinOperator)[number]
        if name == "CUSTOM":
            name = _text(code.customCode)
        if name == "DEQUANTIZE" and operator.inputs[0] in constants:
            constants[operator.outputs[0]] = constants[operator.inputs[0]]
            continue
        neurons, parts, integer = None, 1, False
        if name == "FULLY_CONNECTED":
            rows, inputs = (int(size) for size in graph.tensors[operator.inputs[1]].shape)
            integer = graph.tensors[operator.outputs[0]].type in _integers(schema)
            parts = _parts(graph, operator, rows) if integer else 1
            neurons = (rows // parts, inputs)
        given = [int(index) for index in operator.inputs]
        yield Step(
            operator=_spelt(name),
            constants=tuple(constants[index] for index in given if index in constants),
            neurons=neurons,
            fused=_fused(schema, operator),
            inputs=tuple(index for index in given if index >= 0 and index not in constants),
            results=tuple(int(index) for index in operator.outputs),
            integer=integer,
            parts=parts,
        )


def _integers(schema: Any) -> tuple[int, ...]:
    kinds = schema.TensorType
    return (kinds.INT8, kinds.UINT8, kinds.INT16)


def _dtype(schema: Any, model: Any, graph: Any) -> str:
    """What the layers of a stranger's file compute in, by their results and their weights."""
    names, kinds = names_of(schema.TensorType), schema.TensorType
    halves = {
        int(operator.outputs[0])
        for operator in graph.operators
        if operator.inputs is not None
        and len(operator.inputs)
        and graph.tensors[operator.inputs[0]].type == kinds.FLOAT16
    }
    found = set()
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        if max(code.builtinCode, code.deprecatedBuiltinCode) != FULLY_CONNECTED:
            continue
        result, weights = graph.tensors[operator.outputs[0]].type, int(operator.inputs[1])
        if result in _integers(schema):
            found.add(names[result].lower())
        elif graph.tensors[weights].type in _integers(schema):
            found.add("dynamic")
        else:
            half = weights in halves or graph.tensors[weights].type == kinds.FLOAT16
            found.add("float16" if half else names[graph.tensors[weights].type].lower())
    return " and ".join(sorted(found)) or "unknown"


def _parts(graph: Any, layer: Any, rows: int) -> int:
    """How many rows of weights make an output, where their results are added up."""
    behind = (other for other in graph.operators if layer.outputs[0] in other.inputs)
    shapes = (graph.tensors[other.outputs[0]].shape for other in behind)
    shape: Any = next((shape for shape in shapes if shape is not None), ())
    return int(shape[1]) if len(shape) == 3 and shape[1] * shape[2] == rows else 1


def _constants(schema: Any, model: Any, graph: Any) -> Iterator[tuple[int, Constant]]:
    """Every tensor whose content stands in the file, by its number."""
    kinds = schema.TensorType
    described = (kinds.INT32, kinds.INT64, kinds.BOOL)
    for number, tensor in enumerate(graph.tensors):
        data = _data(model, tensor.buffer)
        if data:
            shape = tuple(int(size) for size in ([] if tensor.shape is None else tensor.shape))
            vector = tensor.type == kinds.FLOAT32 and len(shape) == 1
            values: Floats | None = np.frombuffer(data, dtype="<f4") if vector else None
            yield number, Constant(shape, values, tensor.type not in described)


def _data(model: Any, number: int) -> bytes:
    data = model.buffers[number].data
    return b"" if data is None else bytes(np.asarray(data, np.uint8))


def _fused(schema: Any, operator: Any) -> str:
    """The activation that an operator applies to its own result."""
    number = getattr(operator.builtinOptions, "fusedActivationFunction", 0)
    name = names_of(schema.ActivationFunctionType)[number]
    return "" if name == "NONE" else _spelt(name)


def _spelt(name: str) -> str:
    """An operator's name as ONNX would write it: LEAKY_RELU -> LeakyRelu."""
    camel = name.title().replace("_", "")
    return SPELLING.get(camel, camel)


def _text(content: bytes | str | None) -> str:
    return content.decode() if isinstance(content, bytes) else content or ""
