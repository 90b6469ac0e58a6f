"""LiteRT (TensorFlow Lite) on the CPU, with the XNNPACK delegate that it applies by default."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mlp_edge.accuracy import LITERT
from mlp_edge.card import Card
from mlp_edge.errors import ModelError, first_line
from mlp_edge.golden import Golden
from mlp_edge.lazy import installed, quiet
from mlp_edge.mlp import Rows
from mlp_edge.runtime.runtime import Opened, Runtime
from mlp_edge.runtime.threads import threadsafe
from mlp_edge.runtime.verify import read_sealed

IDENTIFIER = b"TFL3"
METADATA, GOLDEN = "mlp_edge", "mlp_edge_golden"
"""Metadata buffers of the card and of the golden rows; export/tflite.py writes them."""


@contextmanager
def open_tflite(path: Path) -> Iterator[Opened]:
    """Open a .tflite file; see ``Runtime.open``."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    content = read_sealed(path)
    metadata = _read_metadata(content, path)
    card = Card.from_json(metadata[METADATA], path) if METADATA in metadata else None
    golden = Golden.from_json(metadata[GOLDEN], path) if GOLDEN in metadata else None
    with quiet():
        from ai_edge_litert.interpreter import Interpreter

        interpreter = _checked(Interpreter, content, path)
    [inputs], [outputs] = interpreter.get_input_details(), interpreter.get_output_details()
    feed, output, width = inputs["index"], outputs["index"], int(outputs["shape"][-1])
    batch = -1

    def predict(rows: Rows) -> Rows:
        nonlocal batch
        if len(rows) == 0:  # the interpreter cannot allocate an empty tensor
            return np.empty((0, width), np.float32)
        if len(rows) != batch:
            interpreter.resize_tensor_input(feed, rows.shape)
            interpreter.allocate_tensors()
            batch = len(rows)
        interpreter.set_tensor(feed, rows)
        interpreter.invoke()
        predictions: Rows = interpreter.get_tensor(output)
        return predictions

    with quiet():  # the first allocation announces the delegate
        try:
            predict(np.zeros((1, inputs["shape"][-1]), np.float32))
        except (ValueError, RuntimeError) as error:
            raise _refused(path, error) from error
    # An interpreter has one place for what goes in and one for what comes out.
    with threadsafe(path, predict, one_at_a_time=True) as shared:
        yield Opened(shared, card, golden)


def _checked(interpreter: Any, content: bytes, path: Path) -> Any:
    """An interpreter of a model with one table in and one table out."""
    try:
        opened = interpreter(model_content=content)
        inputs, outputs = opened.get_input_details(), opened.get_output_details()
    except (ValueError, RuntimeError, IndexError) as error:
        raise _refused(path, error) from error
    if [len(tensor["shape"]) for tensor in inputs + outputs] != [2, 2]:
        raise ModelError(
            f"{path}: a TFLite model of another kind; one input (rows, features) and one output "
            "(rows, predictions) would do"
        )
    return opened


def _refused(path: Path, error: Exception) -> ModelError:
    return ModelError(f"{path}: not a TFLite model, or a damaged one ({first_line(error)})")


def _read_metadata(content: bytes, path: Path) -> dict[str, str]:
    """The texts of the metadata buffers that are ours, by name."""
    from ai_edge_litert import schema_py_generated as schema

    if content[4:8] != IDENTIFIER:
        raise ModelError(f"{path}: not a TFLite model (it does not carry the mark TFL3)")
    try:
        model = schema.Model.GetRootAs(content, 0)
        entries = [model.Metadata(number) for number in range(model.MetadataLength())]
        buffers = {entry.Name().decode(): model.Buffers(entry.Buffer()) for entry in entries}
        return {
            name: buffers[name].DataAsNumpy().tobytes().decode()
            for name in (METADATA, GOLDEN)
            if name in buffers
        }
    except Exception as error:  # a damaged flatbuffer points anywhere
        raise _refused(path, error) from error


def _missing() -> str | None:
    if installed("ai_edge_litert"):
        return None
    return "pip install 'mlp-edge[train]' brings the LiteRT runtime"


RUNTIME = Runtime(
    name="litert", reads=".tflite", missing=_missing, open=open_tflite, accuracy=LITERT
)
