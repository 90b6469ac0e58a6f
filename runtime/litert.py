"""LiteRT (TensorFlow Lite) on the CPU, with the XNNPACK delegate that it applies by default."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mlp_edge.card import Card
from mlp_edge.errors import ModelError
from mlp_edge.lazy import installed, quiet
from mlp_edge.mlp import Rows
from mlp_edge.runtime.runtime import Opened, Runtime

IDENTIFIER = b"TFL3"
METADATA = b"mlp_edge"


@contextmanager
def open_tflite(path: Path) -> Iterator[Opened]:
    """Open a .tflite file; see ``Runtime.open``."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    content = path.read_bytes()
    card = _read_card(content, path)
    with quiet():
        from ai_edge_litert.interpreter import Interpreter

        interpreter = _checked(Interpreter, content, path)
    feed = interpreter.get_input_details()[0]["index"]
    output = interpreter.get_output_details()[0]["index"]
    batch = -1

    def predict(rows: Rows) -> Rows:
        nonlocal batch
        if len(rows) == 0:  # the interpreter cannot allocate an empty tensor
            width = interpreter.get_output_details()[0]["shape"][-1]
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
        predict(np.zeros((1, interpreter.get_input_details()[0]["shape"][-1]), np.float32))
    yield Opened(predict, card)


def _checked(interpreter: Any, content: bytes, path: Path) -> Any:
    try:
        return interpreter(model_content=content)
    except ValueError as error:
        raise ModelError(f"{path}: not a TFLite model, or a damaged one ({error})") from error


def _read_card(content: bytes, path: Path) -> Card | None:
    from ai_edge_litert import schema_py_generated as schema

    if content[4:8] != IDENTIFIER:
        raise ModelError(f"{path}: not a TFLite model (it does not carry the mark TFL3)")
    try:
        model = schema.Model.GetRootAs(content, 0)
        for number in range(model.MetadataLength()):
            entry = model.Metadata(number)
            if entry.Name() == METADATA:
                text = model.Buffers(entry.Buffer()).DataAsNumpy().tobytes().decode()
                return Card.from_json(text, path)
    except ModelError:
        raise
    except Exception as error:  # a damaged flatbuffer points anywhere
        raise ModelError(f"{path}: a damaged TFLite model ({error})") from error
    return None


def _missing() -> str | None:
    if installed("ai_edge_litert"):
        return None
    return "pip install 'mlp-edge[train]' brings the LiteRT runtime"


RUNTIME = Runtime(name="litert", reads=".tflite", missing=_missing, open=open_tflite)
