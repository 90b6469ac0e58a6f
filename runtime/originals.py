"""The original of a network, opened: what its exports are held against.

A file of a stranger is run by what runs its kind here, once the checks of ``readers/checks`` have
passed it; nothing in it runs code of its own. Where nothing runs it, the float64 reference of what
was read stands in, and the reason is kept.
"""

from __future__ import annotations

import math
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import MissingError, ModelError, first_line
from mlp_edge.integers.asymmetric import AsymmetricNetwork
from mlp_edge.lazy import quiet, tensorflow
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.proof.accuracy import EIGEN, LITERT, MLAS, Accuracy
from mlp_edge.proof.original import Original, PredictAny, Steps
from mlp_edge.readers.checks.onnx_checks import check_onnx
from mlp_edge.readers.checks.tflite_checks import (
    IDENTIFIER,
    check_runnable,
    names_of,
    verified,
)
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.keras.h5 import check_loadable_h5
from mlp_edge.readers.keras_archive import HDF5
from mlp_edge.readers.keras_file import check_loadable
from mlp_edge.readers.objects.keras_models import inputs_of, side_by_side
from mlp_edge.readers.operators.beside import Beside
from mlp_edge.readers.operators.tensors import in_one_file
from mlp_edge.readers.tflite.c_array import model_in
from mlp_edge.readers.tflite.integers import READ_ALONE
from mlp_edge.reading import read_file
from mlp_edge.reference import predict as exact
from mlp_edge.runtime import keras, litert, onnxruntime


class _NotRunError(Exception):
    """Nothing here runs the file; the message is a clause that says why."""


Answers = NDArray[np.floating[Any]]
_Opener = Callable[[Path, Mlp, ExitStack], PredictAny]


@contextmanager
def own_original(path: Path, mlp: Mlp) -> Iterator[Original]:
    """The model.keras of a model directory that was trained here.

    Raises:
        MissingError: when TensorFlow is missing: without the original nothing is compared.
        ModelError: when Keras cannot read it.
    """
    if missing := keras.RUNTIME.missing():
        raise MissingError(f"parity compares with the Keras model: {missing}")
    with keras.open_keras(path) as opened:
        runtime = keras.RUNTIME
        yield Original(path.name, runtime.name, opened.predict, Steps(mlp), runtime.accuracy)


@contextmanager
def open_original(path: Path, found: Imported, mlp: Mlp) -> Iterator[Original]:
    """What a stranger has, to predict what exports of it should.

    Args:
        path: the file; unused for an object in memory.
        found: what was read of it.
        mlp: the network.

    Raises:
        MissingError: when what runs it is not installed.
        ModelError: for a file that is gone.
    """
    if found.original is not None:
        yield found.original
        return
    as_read = found.as_read or mlp
    runtime, accuracy, opener = _runner(found)
    if found.integers is not None:
        opener = partial(_integers, found.integers)
    missing: str | None = None
    with ExitStack() as stack:
        try:
            asked = _asked(path, opener(path, as_read, stack), as_read)
            predict = found.probabilities(asked)
            if found.adaptation is not None:
                predict = found.adaptation.predict(predict)
        except _NotRunError as reason:
            predict = partial(exact, mlp)
            missing = f"{reason}; the float64 reference of what was read stands in for it"
        yield Original(path.name, runtime, predict, found.steps, accuracy, missing)


def runtime_of(found: Imported) -> str:
    """The name of what runs a kind of file."""
    return _runner(found)[0]


def _runner(found: Imported) -> tuple[str, Mapping[str, Accuracy], _Opener]:
    """What runs a kind of file, how exact that is, and what opens it there."""
    if found.format.startswith("Keras"):
        return "keras", EIGEN, _keras
    if found.format.startswith("TFLite"):
        return "litert", LITERT, _litert
    if found.format == "SavedModel":
        return "tensorflow", EIGEN, _tensorflow
    return "onnxruntime", MLAS, _onnxruntime


def _asked(path: Path, predict: PredictAny, mlp: Mlp) -> PredictAny:
    """The same for any number of rows, in the columns of the network.

    Raises:
        _NotRunError: where it takes other rows.
        ModelError: where it gives other outputs than were read.
    """

    def rows_of(rows: Rows) -> Answers:
        found = np.asarray(predict(rows))
        return found.reshape(len(rows), math.prod(found.shape[1:]))

    def one_by_one(rows: Rows) -> Answers:
        return np.vstack([rows_of(rows[place : place + 1]) for place in range(len(rows))])

    try:
        got = rows_of(np.zeros((1, mlp.inputs), np.float32)).shape[1]
    except Exception as error:  # each runtime has its own way to complain
        says = f"it takes no row of {mlp.inputs} numbers ({first_line(error)})"
        raise _NotRunError(says) from error
    try:
        rows_of(np.zeros((3, mlp.inputs), np.float32))
        asked = rows_of
    except Exception:  # made for one row at a time
        asked = one_by_one
    if mlp.task == "binary" and got == 2:  # [1 - p, p]
        return lambda rows: asked(rows)[:, 1:]
    if got != mlp.outputs:
        raise ModelError(
            f"{path}: gives {got} numbers for a row, and mlp-edge reads {mlp.outputs} of it; it is "
            "not read right, so nothing is compared with it"
        )
    return asked


# What opens a file, a runtime each


def _keras(path: Path, mlp: Mlp, stack: ExitStack) -> PredictAny:
    if missing := keras.RUNTIME.missing():
        raise MissingError(f"parity compares with the Keras model: {missing}")
    content = read_file(path)
    if not content.startswith((HDF5, b"PK")):
        raise _NotRunError("its weights and its architecture are two files")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mlp-edge-")))
    copy = folder / ("original.h5" if content.startswith(HDF5) else "original.keras")
    copy.write_bytes(content)  # what was checked is what Keras opens
    try:
        check = check_loadable_h5 if content.startswith(HDF5) else check_loadable
        check(copy)
        with quiet(), _unwarned():
            model = keras.load_keras(copy)
    except ModelError as error:
        raise _NotRunError(first_line(error).replace(f"{copy}: ", "")) from error
    shapes = _shapes(model)
    if sum(map(math.prod, shapes)) != mlp.inputs:
        listed = ", ".join(map(str, shapes))
        raise _NotRunError(f"Keras loads it for rows of the shape {listed}, not {mlp.inputs}")
    tf = tensorflow()

    def predict(rows: Rows) -> Answers:
        with keras.TURN, tf.device("CPU:0"), _unwarned():
            answer = model(inputs_of(model, rows), training=False)
            return side_by_side(
                tf.nest.map_structure(lambda each: tf.cast(each, "float64"), answer)
            )

    return predict


@contextmanager
def _unwarned() -> Iterator[None]:
    """Swallow what Keras says of habits of older versions, which the file's owner cannot help."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _shapes(model: Any) -> list[tuple[int, ...]]:
    """Of a row of each input.

    Raises:
        _NotRunError: where Keras does not say, or leaves one open.
    """
    try:
        shapes = [tuple(each.shape[1:]) for each in model.inputs or ()]
    except (AttributeError, ValueError):
        shapes = []
    for shape in shapes or [()]:
        if not shape or None in shape:
            raise _NotRunError(f"Keras loads it for rows of the shape {shape}")
    return shapes


def _tensorflow(path: Path, mlp: Mlp, stack: ExitStack) -> PredictAny:
    raise _NotRunError("TensorFlow checks no graph before it runs it, so it is given no stranger's")


def _onnxruntime(path: Path, mlp: Mlp, stack: ExitStack) -> PredictAny:
    content = read_file(path)
    try:
        content = in_one_file(content, Beside(path))
        check_onnx(content, several=True)
    except (ModelError, ValueError, IndexError, TypeError, KeyError) as error:
        raise _NotRunError(
            f"mlp-edge does not let ONNX Runtime open it ({first_line(error)})"
        ) from (error)
    try:
        session = onnxruntime.session_of(content, as_written=True)
    except Exception as error:  # a class of its own for each kind of damage
        raise _NotRunError(f"ONNX Runtime refuses it ({first_line(error)})") from error
    names, outputs = (
        [end.name for end in ends] for ends in (session.get_inputs(), session.get_outputs())
    )
    shapes = [[size if isinstance(size, int) else None for size in feed.shape]
              for feed in session.get_inputs()]  # fmt: skip
    batch = shapes[0][0]
    sizes: list[tuple[int, ...]] = [
        tuple(size for size in shape[1:] if size and None not in shape[1:]) for shape in shapes
    ]
    ends = np.cumsum([math.prod(size) for size in sizes])[:-1]

    def predict(rows: Rows) -> Answers:
        if batch is None or len(rows) == batch:
            parts = np.split(rows, ends, axis=1) if len(names) > 1 else [rows]
            given = [
                part.reshape(len(rows), *size) if size else part
                for part, size in zip(parts, sizes, strict=True)
            ]
            found = session.run(outputs, dict(zip(names, given, strict=True)))
            return np.hstack([np.asarray(each).reshape(len(rows), -1) for each in found])
        filled = np.resize(rows, (-(-len(rows) // batch) * batch, rows.shape[1]))
        parts = [predict(filled[start : start + batch]) for start in range(0, len(filled), batch)]
        return np.vstack(parts)[: len(rows)]

    return predict


def _litert(path: Path, mlp: Mlp, stack: ExitStack) -> PredictAny:
    if missing := litert.RUNTIME.missing():
        raise MissingError(f"parity compares with the TFLite file: {missing}")
    content = read_file(path)
    if content[4:8] != IDENTIFIER:
        content = model_in(path, content)
    from ai_edge_litert import schema_py_generated as schema

    try:
        check_runnable(verified(content), names_of(schema.BuiltinOperator), several=True)
        return litert.interpreted(content, path)
    except (ValueError, ModelError) as error:
        raise _NotRunError(f"mlp-edge does not let LiteRT open it ({first_line(error)})") from error


def _integers(network: AsymmetricNetwork, path: Path, mlp: Mlp, stack: ExitStack) -> PredictAny:
    """LiteRT's reference kernels on a full-integer file."""
    if missing := litert.RUNTIME.missing():
        raise MissingError(f"parity compares with the TFLite file: {missing}")
    content = read_file(path)
    if content[4:8] != IDENTIFIER:
        content = model_in(path, content)
    if not all(operator.code in READ_ALONE for operator in verified(content).graphs[0].operators):
        raise _NotRunError("mlp-edge does not let LiteRT work out its shapes")
    return litert.interpreted_integers(content, path, network)
