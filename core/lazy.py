"""Imports heavy libraries on first use, quietly, or names the extra that brings them."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from threading import RLock
from typing import Any

from mlp_edge.errors import MissingError, MlpEdgeError, first_line

NO_TELEMETRY = ("ORT_DISABLE_TELEMETRY", "1")
"""Of ONNX Runtime: a variable and its value."""
_REDIRECTING = RLock()


def installed(*modules: str) -> bool:
    """Whether every module could be imported; none is."""
    return all(find_spec(module) is not None for module in modules)


def require(module: str, extra: str = "train") -> Any:
    """Import a module that an extra brings.

    Raises:
        MissingError: in one line, with the command that installs the extra; and where the system
            does not load what is installed, for want of memory or of a library of its own.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingError(
            f"{error.name} is not installed; pip install 'mlp-edge[{extra}]' brings it"
        ) from error
    except ImportError as error:
        raise MissingError(
            f"{module} is installed, and cannot be loaded: {first_line(error)}; more memory "
            "(ulimit -v) or a new installation would do"
        ) from error


def tensorflow() -> Any:
    """Import TensorFlow with Keras on top of it, its start-up noise swallowed.

    Raises:
        MissingError: when TensorFlow is not installed.
    """
    if "tensorflow" in sys.modules:
        return require("tensorflow")  # which waits where another thread is importing it
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet():
        module = require("tensorflow")
        require("keras")
    for name in ("tensorflow", "absl", "tf2onnx"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return module


def keras() -> Any:
    """Import Keras on TensorFlow, quietly."""
    tensorflow()
    return require("keras")


def onnxruntime() -> Any:
    """Import ONNX Runtime without its telemetry.

    From 1.31 on, importing it makes a database in ``~/.cache/Microsoft`` and ``.ses`` among
    temporary files, unless a variable says no. Whoever wants it sets the variable to 0.
    """
    os.environ.setdefault(*NO_TELEMETRY)
    return require("onnxruntime")


@contextmanager
def quiet() -> Iterator[None]:
    """Swallow what C++ libraries write to file descriptor 2; replay it when the block fails.

    TensorFlow logs before its own log level takes effect, so that no variable silences it.

    A file descriptor is the whole process's: one thread at a time redirects it, and what others
    write to it meanwhile is swallowed as well. A program without a console may have none.
    """
    if not _is_open(2):
        yield
        return
    _flush()
    with _REDIRECTING, tempfile.TemporaryFile() as noise:
        kept = os.dup(2)
        os.dup2(noise.fileno(), 2)
        try:
            yield
        except MlpEdgeError:
            raise  # its sentence says what the noise says
        except Exception:
            _flush()
            noise.seek(0)
            os.write(kept, noise.read())
            raise
        finally:
            _flush()
            os.dup2(kept, 2)
            os.close(kept)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()
