"""A stranger's TFLite file in int8, run by the exact reference of its integers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlp_edge.card import Card
from mlp_edge.errors import ModelError
from mlp_edge.integers.asymmetric_reference import predict_asymmetric
from mlp_edge.metadata import TFLITE_CARD
from mlp_edge.mlp import Rows
from mlp_edge.reading import read_file
from mlp_edge.runtime.runtime import Opened, Runtime
from mlp_edge.runtime.threads import threadsafe


def runtime_of(path: Path) -> Runtime | None:
    """What predicts with the integers of a file, on this machine as on a microcontroller.

    Args:
        path: of any file.

    Returns:
        A runtime for this file; None where it is not a stranger's TFLite model in int8, alone or
        inside a C array.

    Raises:
        ModelError: naming the file, where it cannot be read.
    """
    from mlp_edge.readers.importing.c_array import SUFFIXES, holds_model
    from mlp_edge.readers.importing.opening import read_foreign

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
    if network is None:
        return None

    def predict(rows: Rows) -> Rows:
        return predict_asymmetric(mlp, network, rows)

    @contextmanager
    def opened(path: Path) -> Iterator[Opened]:
        with threadsafe(path, predict) as shared:
            yield Opened(shared, Card.of(mlp, "int8"))

    return Runtime("reference", path.suffix, lambda: None, opened)
