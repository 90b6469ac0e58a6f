"""The original: the Keras model itself, on the CPU."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np

from mlp_edge.errors import OpeningError, first_line
from mlp_edge.lazy import installed, keras, tensorflow
from mlp_edge.mlp import Rows
from mlp_edge.proof.accuracy import EIGEN
from mlp_edge.readers.keras_file import check_loadable
from mlp_edge.readers.objects.keras_models import inputs_of, side_by_side
from mlp_edge.runtime.runtime import Opened, Runtime
from mlp_edge.runtime.threads import threadsafe

TURN = RLock()
"""Whose turn it is to call Keras, of all threads and models.

TensorFlow keeps the arguments of an operation in one place for all threads while it looks at their
types, and lets other threads run the first time that it sees a type (``PythonAPIDispatcher``):
two threads that open or call models at once can end the process.
"""


@contextmanager
def open_keras(path: Path) -> Iterator[Opened]:
    """Open a .keras file; see ``Runtime.open``. Its card is None: model.json has the names."""
    check_loadable(path)
    tf, model = tensorflow(), load_keras(path)

    def predict(rows: Rows) -> Rows:
        with TURN, tf.device("CPU:0"), _unwarned():
            answer = model(inputs_of(model, rows), training=False)
            return side_by_side(answer).astype(np.float32)

    with threadsafe(path, predict) as shared:
        yield Opened(shared, None)


@contextmanager
def _unwarned() -> Iterator[None]:
    """Silence what Keras warns its callers of, such as an older name of a setting in a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def load_keras(path: Path) -> Any:
    """A model that ``check_loadable`` has passed, loaded by Keras on the CPU.

    Raises:
        ModelError: naming the file, when Keras cannot read it.
    """
    tf = tensorflow()
    with TURN, tf.device("CPU:0"), _unwarned():
        try:
            # Safe mode refuses Lambda layers, which would run a stranger's code.
            return keras().models.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # Keras raises whatever its zip, JSON or HDF5 reader raised
            raise OpeningError(
                f"{path}: Keras cannot read this model ({first_line(error)})"
            ) from error


def _missing() -> str | None:
    if installed("tensorflow", "keras"):
        return None
    return "pip install 'mlp-edge[train]' brings TensorFlow and Keras"


RUNTIME = Runtime(name="keras", reads=".keras", missing=_missing, open=open_keras, accuracy=EIGEN)
