"""LiteRT (TensorFlow Lite) on the CPU, with the XNNPACK delegate that it applies by default."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mlp_edge.card import Card
from mlp_edge.errors import ModelError, first_line
from mlp_edge.integers.asymmetric import AsymmetricNetwork
from mlp_edge.lazy import installed, quiet
from mlp_edge.metadata import TFLITE_CARD, TFLITE_GOLDEN
from mlp_edge.mlp import Predict, Rows
from mlp_edge.proof.accuracy import LITERT
from mlp_edge.proof.golden import Golden
from mlp_edge.readers.checks.tflite_checks import check_runnable, names_of, verified
from mlp_edge.runtime.runtime import Opened, Runtime
from mlp_edge.runtime.threads import threadsafe
from mlp_edge.runtime.verify import read_undamaged
from mlp_edge.walk import columns


@contextmanager
def open_tflite(path: Path) -> Iterator[Opened]:
    """Open a .tflite file; see ``Runtime.open``."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    content = read_undamaged(path)
    metadata = _read_metadata(content, path)
    card = Card.from_json(metadata[TFLITE_CARD], path) if TFLITE_CARD in metadata else None
    golden = Golden.from_json(metadata[TFLITE_GOLDEN], path) if TFLITE_GOLDEN in metadata else None
    predict = interpreted(content, path)
    # An interpreter has one place for what goes in and one for what comes out.
    with threadsafe(path, predict, one_at_a_time=True) as shared:
        yield Opened(shared, card, golden)


def interpreted(content: bytes, path: Path) -> Predict:
    """What predicts with a file that ``check_runnable`` has passed; one call at a time.

    Several inputs take their columns of a row one after the other, several outputs give theirs.

    Raises:
        ModelError: naming the file, when LiteRT refuses it.
    """
    with quiet():
        from ai_edge_litert.interpreter import Interpreter

        try:
            interpreter = Interpreter(model_content=content)
        except (ValueError, RuntimeError) as error:
            raise _refused(path, error) from error
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    widths = [int(given["shape"][-1]) for given in inputs]
    ends = np.cumsum(widths)[:-1]
    width = sum(int(output["shape"][-1]) for output in outputs)
    batch = -1

    def predict(rows: Rows) -> Rows:
        nonlocal batch
        if len(rows) == 0:  # the interpreter cannot allocate an empty tensor
            return np.empty((0, width), np.float32)
        if len(rows) != batch:
            for given, size in zip(inputs, widths, strict=True):
                interpreter.resize_tensor_input(given["index"], (len(rows), size))
            interpreter.allocate_tensors()
            batch = len(rows)
        for given, part in zip(inputs, np.split(rows, ends, axis=1), strict=True):
            interpreter.set_tensor(given["index"], part)
        interpreter.invoke()
        found = [interpreter.get_tensor(output["index"]) for output in outputs]
        predictions: Rows = columns(found)
        return predictions

    with quiet():  # the first allocation announces the delegate
        try:
            predict(np.zeros((1, sum(widths)), np.float32))
        except (ValueError, RuntimeError) as error:
            raise _refused(path, error) from error
    return predict


def interpreted_integers(content: bytes, path: Path, network: AsymmetricNetwork) -> Predict:
    """What predicts with a full-integer file by LiteRT's reference kernels; one call at a time.

    Args:
        content: of the file, whose operators have been read.
        path: for messages.
        network: its integers, for the ends: rows and predictions are what they stand for.

    Raises:
        ModelError: naming the file, when LiteRT refuses it.
    """
    with quiet():
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        try:
            reference = OpResolverType.BUILTIN_REF
            interpreter = Interpreter(
                model_content=content, experimental_op_resolver_type=reference
            )
            [given], [result] = interpreter.get_input_details(), interpreter.get_output_details()
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise _refused(path, error) from error

    def predict(rows: Rows) -> Rows:
        shape = (len(rows), *given["shape"][1:])
        numbers = rows
        if given["dtype"] != np.float32:
            numbers = (network.given.integers(rows) + _lower(given)).astype(given["dtype"])
        interpreter.resize_tensor_input(given["index"], shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], numbers.reshape(shape))
        interpreter.invoke()
        found = interpreter.get_tensor(result["index"]).reshape(len(rows), -1)
        if result["dtype"] == np.float32:
            return np.asarray(found, np.float32)
        return network.result.numbers(found.astype(np.int64) - _lower(result))

    return predict


def _lower(end: Any) -> int:
    """By how much integers are lower in an ``AsymmetricNetwork`` than in the file."""
    return 128 if end["dtype"] == np.uint8 else 0


def _refused(path: Path, error: Exception) -> ModelError:
    return ModelError(f"{path}: not a TFLite model, or a damaged one ({first_line(error)})")


def _read_metadata(content: bytes, path: Path) -> dict[str, str]:
    """The texts of the metadata that are ours, by name, of a file that LiteRT may run."""
    from ai_edge_litert import schema_py_generated as schema

    try:
        model = verified(content)
        ours = {TFLITE_CARD, TFLITE_GOLDEN} & set(model.metadata)
        texts = {name: model.metadata[name].decode() for name in ours}
    except ValueError as error:
        raise _refused(path, error) from error
    try:
        check_runnable(model, names_of(schema.BuiltinOperator))
    except ValueError as error:
        raise ModelError(f"{path}: not run by mlp-edge ({first_line(error)})") from error
    return texts


def _missing() -> str | None:
    if installed("ai_edge_litert"):
        return None
    return "pip install 'mlp-edge[train]' brings the LiteRT runtime"


RUNTIME = Runtime(
    name="litert", reads=".tflite", missing=_missing, open=open_tflite, accuracy=LITERT
)
