"""A stranger's TFLite file, run by the reference of what was read of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mlp_edge.card import Card
from mlp_edge.errors import ModelError
from mlp_edge.integers.asymmetric_reference import predict_asymmetric
from mlp_edge.metadata import TFLITE_CARD
from mlp_edge.mlp import Rows
from mlp_edge.reading import read_file
from mlp_edge.reference import predict as exact
from mlp_edge.runtime.runtime import Opened, Runtime
from mlp_edge.runtime.threads import threadsafe


def runtime_of(path: Path) -> Runtime | None:
    """What predicts as a stranger's TFLite file does: its integers exactly, its floats in float64.

    Args:
        path: of any file.

    Returns:
        A runtime for this file; None where it is no TFLite model of another program, alone or
        inside a C array.

    Raises:
        ModelError: naming the file, where it cannot be read.
    """
    from mlp_edge.readers.importing.opening import read_foreign
    from mlp_edge.readers.tflite.c_array import SUFFIXES, holds_model

    content = read_file(path)
    in_array = path.suffix in SUFFIXES and holds_model(content)
    if not in_array and (path.suffix != ".tflite" or TFLITE_CARD.encode() in content):
        return None
    try:
        found = read_foreign(path)
    except ModelError:
        if in_array:  # no other runtime opens it
            raise
        return None
    network, mlp = found.integers, found.mlp
    card = Card.of(mlp, "float32" if network is None else "int8")

    def predict(rows: Rows) -> Rows:
        if network is not None:
            return predict_asymmetric(mlp, network, rows)
        with np.errstate(over="ignore"):
            return exact(mlp, rows).astype(np.float32)

    @contextmanager
    def opened(path: Path) -> Iterator[Opened]:
        with threadsafe(path, predict) as shared:
            yield Opened(shared, card)

    return Runtime("reference", path.suffix, lambda: None, opened)
