"""A stranger's network that predicts: run as its original, with the names that were read of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.metadata import TFLITE_CARD
from mlp_edge.mlp import Rows
from mlp_edge.proof.checksum import MARK
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.importing.opening import is_alone
from mlp_edge.readers.keras_archive import HDF5
from mlp_edge.readers.tflite.c_array import holds_model
from mlp_edge.reading import read_file
from mlp_edge.runtime.originals import open_original, runtime_of
from mlp_edge.runtime.runtime import Opened, Runtime
from mlp_edge.runtime.threads import threadsafe
from mlp_edge.runtime.verify import PROGRAMS

OURS = {
    ".onnx": (b"weights_sha256", MARK),
    ".tflite": (TFLITE_CARD.encode(), MARK),
}
"""What every export of mlp-edge holds, by its suffix; a damaged one has some of it."""


def is_foreign(path: Path) -> bool:
    """Whether a path is somebody else's network, which no runtime of exports opens.

    Raises:
        ModelError: naming the file, where it cannot be read.
    """
    if not path.exists() or not is_alone(path):
        return False
    if path.is_dir():
        return True
    content = read_file(path)
    if path.suffix == ".keras":
        return content.startswith(HDF5)
    if path.suffix in OURS:
        return not any(mark in content for mark in OURS[path.suffix])
    return path.suffix not in PROGRAMS or (path.suffix == ".h" and holds_model(content))


def foreign_runtime(path: Path, found: Imported) -> Runtime:
    """What runs such a network.

    Args:
        path: of its file.
        found: what was read of it.
    """

    @contextmanager
    def opened(path: Path) -> Iterator[Opened]:
        with open_original(path, found, found.mlp) as original:
            if original.missing is not None:
                reason = original.missing.partition(";")[0]
                raise ModelError(
                    f"{path}: nothing here runs it ({reason}); `Model.export()` makes files of it "
                    "that run"
                )

            def predict(rows: Rows) -> Rows:
                return np.asarray(original.predict(rows), np.float32)

            with threadsafe(path, predict, one_at_a_time=True) as shared:
                yield Opened(shared, None)

    return Runtime(runtime_of(found), path.suffix, lambda: None, opened)
