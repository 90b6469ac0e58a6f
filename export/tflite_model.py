"""A TFLite file as objects of its schema (``ModelT``): what is read of it and written into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import require


def schema() -> Any:
    """The module of the schema, which LiteRT brings.

    Raises:
        MissingError: when the extra ``train`` is not installed.
    """
    return require("ai_edge_litert.schema_py_generated")


def dense(model: Any) -> Iterator[Any]:
    """The operators that are dense layers, in the order of execution."""
    wanted = schema().BuiltinOperator.FULLY_CONNECTED
    for operator in model.subgraphs[0].operators:
        if model.operatorCodes[operator.opcodeIndex].builtinCode == wanted:
            operator.inputs = np.array(operator.inputs, np.int32)  # to be written to
            yield operator


def content(model: Any, tensor: Any, kind: Any) -> NDArray[Any]:
    """The numbers (n,) of a tensor that stands in the file, as a type of NumPy; none of another."""
    data = model.buffers[tensor.buffer].data
    return np.frombuffer(b"" if data is None else np.asarray(data, np.uint8).tobytes(), kind)


def write(model: Any, tensor: Any, values: NDArray[Any]) -> None:
    """Give a tensor these numbers; others keep those that the converter let them share with it."""
    users = [other for other in model.subgraphs[0].tensors if other.buffer == tensor.buffer]
    if len(users) != 1 or users[0] is not tensor:
        tensor.buffer = len(model.buffers)
        model.buffers.append(schema().BufferT())
    model.buffers[tensor.buffer].data = np.frombuffer(values.tobytes(), np.uint8)


def add_metadata(model: Any, name: str, text: bytes) -> None:
    """Add a named text."""
    buffer, entry = schema().BufferT(), schema().MetadataT()
    buffer.data = np.frombuffer(text, np.uint8)
    entry.name, entry.buffer = name.encode(), len(model.buffers)
    model.buffers.append(buffer)
    model.metadata.append(entry)
