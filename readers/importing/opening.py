"""Any file of a network, by what it holds, as an ``Mlp``: the one door for files of strangers."""

from __future__ import annotations

from pathlib import Path

from mlp_edge.errors import ModelError
from mlp_edge.proof.checksum import BLANK, MARK, checksum_error
from mlp_edge.readers.checks.protobuf import Message
from mlp_edge.readers.checks.tflite_checks import IDENTIFIER
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.importing.onnx_network import read_onnx_network
from mlp_edge.readers.importing.pickles import check_no_pickle
from mlp_edge.readers.keras.h5 import read_keras_h5
from mlp_edge.readers.keras_archive import HDF5
from mlp_edge.readers.keras_file import read_keras
from mlp_edge.readers.saved_model.network import GRAPH, is_saved_model, read_saved_model
from mlp_edge.readers.tflite.c_array import SUFFIXES as C_SUFFIXES
from mlp_edge.readers.tflite.c_array import model_in
from mlp_edge.readers.tflite.network import read_tflite_network
from mlp_edge.reading import read_file

SUFFIXES = (".keras", ".h5", ".hdf5", ".json", ".onnx", ".tflite", ".h", ".cc")
ZIP = b"PK"


def is_alone(path: Path) -> bool:
    """Whether a path is a file of a model, rather than a model directory."""
    if path.is_dir():
        return is_saved_model(path)
    return path.suffix.lower() in SUFFIXES or path.is_file()


def read_foreign(path: Path) -> Imported:
    """Read the network of a file, whatever program wrote it; nothing in it is run.

    Raises:
        ModelError: naming the file and what in it cannot be read.
    """
    if path.is_dir() or path.name == GRAPH:
        return read_saved_model(path if path.is_dir() else path.parent)
    content = read_file(path)
    check_no_pickle(path, content)
    _check_no_package(path, content)
    if content.startswith(HDF5):
        return read_keras_h5(path)
    if path.suffix.lower() == ".keras" or content.startswith(ZIP):
        return read_keras(path)
    if content[:64].lstrip().startswith(b"{"):
        return read_keras_h5(path)
    if path.suffix.lower() == ".tflite" or content[4:8] == IDENTIFIER:
        return read_tflite_network(path, content)
    if path.suffix.lower() in C_SUFFIXES:
        return read_tflite_network(path, model_in(path, content), "TFLite in a C array")
    if path.suffix.lower() == ".onnx" or _is_onnx(content):
        return read_onnx_network(path)
    raise ModelError(
        f"{path}: cannot tell what this is; a model directory or a file of a network would do: "
        f"{', '.join(SUFFIXES)}"
    )


def _check_no_package(path: Path, content: bytes) -> None:
    """Refuse a package that was exported here, in which a header or an ONNX file is the model.

    Raises:
        ModelError: saying which, and whether the package is whole.
    """
    if content.startswith(ZIP) and MARK in content[-len(BLANK) :]:
        damage = checksum_error(content)
        state = "as it was written" if damage is None else damage
        raise ModelError(
            f"{path}: a package that mlp-edge exported, {state}; unpacked, the NAME.h in its src/ "
            "or the .onnx file in it would do"
        )


def _is_onnx(content: bytes) -> bool:
    """Whether a file is a protobuf message with a version and a graph, as a model of ONNX is."""
    try:
        message = Message(memoryview(content))
        return message.number(1) > 0 and message.has(7)
    except (ValueError, IndexError, TypeError):
        return False
