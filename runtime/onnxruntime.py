"""ONNX Runtime on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mlp_edge import lazy
from mlp_edge.card import Card
from mlp_edge.errors import ModelError, first_line
from mlp_edge.metadata import ONNX_GOLDEN
from mlp_edge.mlp import Rows
from mlp_edge.proof.accuracy import MLAS
from mlp_edge.proof.golden import Golden
from mlp_edge.readers.checks.onnx_checks import check_onnx
from mlp_edge.runtime.runtime import Opened, Runtime
from mlp_edge.runtime.threads import threadsafe
from mlp_edge.runtime.verify import read_undamaged


@contextmanager
def open_onnx(path: Path) -> Iterator[Opened]:
    """Open a .onnx file; see ``Runtime.open``."""
    content = read_checked(path)
    try:
        session = session_of(content)
        metadata = session.get_modelmeta().custom_metadata_map
        [feed], [output] = session.get_inputs(), session.get_outputs()
    except Exception as error:  # onnxruntime raises a class of its own for each kind of damage
        raise _refused(path, error) from error
    card = Card.from_strings(metadata, path) if metadata else None
    golden = Golden.from_json(metadata[ONNX_GOLDEN], path) if ONNX_GOLDEN in metadata else None
    if isinstance(feed.shape[0], int):
        raise ModelError(
            f"{path}: not run by mlp-edge (its first dimension is fixed at {feed.shape[0]}; a "
            "model that takes any number of rows would do)"
        )

    def predict(rows: Rows) -> Rows:
        predictions: Rows = session.run([output.name], {feed.name: rows})[0]
        return predictions

    width = feed.shape[1]
    try:
        predict(np.zeros((1, width if isinstance(width, int) else 1), np.float32))
    except Exception as error:
        raise _refused(path, error) from error
    with threadsafe(path, predict) as shared:
        yield Opened(shared, card, golden)


def session_of(content: bytes, as_written: bool = False) -> Any:
    """A session of a model that ``check_onnx`` has passed.

    Args:
        content: of the file.
        as_written: whether every node is carried out as the file has it, none merged.
    """
    onnxruntime = lazy.onnxruntime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    if as_written:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(
        content,
        options,
        providers=["CPUExecutionProvider"],
        enable_fallback=False,  # it prints what went wrong on stdout, then tries the same
    )


def read_checked(path: Path) -> bytes:
    """The bytes of a file that ONNX Runtime may open.

    Raises:
        ModelError: when its checksum is wrong, or it is no network of a table.
    """
    content = read_undamaged(path)
    try:
        check_onnx(content)
    except (ValueError, IndexError, TypeError, KeyError) as error:
        raise ModelError(f"{path}: not run by mlp-edge ({first_line(error)})") from error
    return content


def _refused(path: Path, error: Exception) -> ModelError:
    return ModelError(f"{path}: not an ONNX model, or a damaged one ({first_line(error)})")


RUNTIME = Runtime(
    name="onnxruntime", reads=".onnx", missing=lambda: None, open=open_onnx, accuracy=MLAS
)
