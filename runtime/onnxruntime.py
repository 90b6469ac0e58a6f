"""ONNX Runtime on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlp_edge.card import Card
from mlp_edge.errors import ModelError
from mlp_edge.mlp import Rows
from mlp_edge.runtime.runtime import Opened, Runtime


@contextmanager
def open_onnx(path: Path) -> Iterator[Opened]:
    """Open a .onnx file; see ``Runtime.open``."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime raises a class of its own for each kind of damage
        raise ModelError(f"{path}: not an ONNX model, or a damaged one ({error})") from error
    metadata = session.get_modelmeta().custom_metadata_map
    card = Card.from_strings(metadata, path) if metadata else None
    [feed], [output] = session.get_inputs(), session.get_outputs()

    def predict(rows: Rows) -> Rows:
        predictions: Rows = session.run([output.name], {feed.name: rows})[0]
        return predictions

    yield Opened(predict, card)


RUNTIME = Runtime(name="onnxruntime", reads=".onnx", missing=lambda: None, open=open_onnx)
