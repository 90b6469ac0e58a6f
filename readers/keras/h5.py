"""Keras models in HDF5: whole ones since Keras 1, and weights beside an architecture in JSON."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mlp_edge.errors import ModelError, first_line
from mlp_edge.readers.importing.imported import Imported, named
from mlp_edge.readers.keras.config import version_of
from mlp_edge.readers.keras.network import network_of
from mlp_edge.readers.keras.weights import graph_with_weights
from mlp_edge.readers.keras_archive import HDF5, Arrays, check_classes, read_weights
from mlp_edge.readers.keras_layers import generation
from mlp_edge.reading import parse_json, read_file

CONFIG, VERSION = "model_config", "keras_version"
WEIGHT_ENDINGS = (".weights.h5", "_weights.h5", ".h5", ".hdf5")
JSON_ENDINGS = (".json", "_architecture.json", ".config.json")
HEAP = b"GCOL\1\0\0\0"
"""How a collection of texts begins in HDF5."""
MOST_TEXT = 2**24
"""Bytes of a configuration; that of a network of a hundred layers has 100,000."""


class _File(NamedTuple):
    """What an HDF5 file of Keras holds."""

    config: Mapping[str, Any] | None
    version: str
    arrays: Arrays


def read_keras_h5(path: Path) -> Imported:
    """A model of Keras in HDF5, or its weights or architecture with the other beside it.

    Args:
        path: .h5 or .hdf5, or the .json of an architecture.

    Raises:
        ModelError: naming the file and what in it cannot be read.
    """
    weights, architecture = path, path
    try:
        if read_file(path).startswith(HDF5):
            file = _read(path)
            if file.config is None:
                architecture = _beside(path, WEIGHT_ENDINGS, JSON_ENDINGS, "an architecture")
                file = file._replace(config=_architecture(architecture))
        else:
            config = _architecture(path)
            weights = _beside(path, JSON_ENDINGS, WEIGHT_ENDINGS, "weights")
            file = _read(weights)._replace(config=config)
        assert file.config is not None  # noqa: S101 (both ways have set it)
        version = version_of(file.config) or file.version
        keras = _generation(version, file.config)
        found = network_of(graph_with_weights(file.config, file.arrays, keras))
        mlp = named(path, found.layers, targets=found.targets)
    except ModelError as error:
        where = str(path)
        raise ModelError(str(error) if str(error).startswith(where) else f"{where}: {error}") from (
            error
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError,
            RuntimeError) as error:  # fmt: skip
        raise ModelError(
            f"{path}: its content makes no sense ({type(error).__name__}: {first_line(error)})"
        ) from error
    others = tuple(
        f"{what} {other}"
        for what, other in (("its architecture is", architecture), ("its weights are", weights))
        if other != path
    )
    signed = f"Keras {version}" if version else ""
    layers = found.layers
    return Imported(
        mlp, "Keras HDF5", signed, (*others, *found.notes), layers.folded,
        unfolded=layers.steps, logarithms=layers.logarithms,
    )  # fmt: skip


def check_loadable_h5(path: Path) -> None:
    """Refuse a file that Keras itself had better not open.

    Raises:
        ModelError: when ``read_keras_h5`` cannot read it, it holds weights alone, or it would run
            code of its own.
    """
    read_keras_h5(path)
    config = _read(path).config
    if config is None:
        raise ModelError(f"{path}: its weights and its architecture are two files")
    check_classes(path, config)


def _generation(version: str, config: Mapping[str, Any]) -> int | None:
    """Of the Keras that wrote a model: 1, 2 or 3; None for an unknown one.

    An architecture without a version is of Keras 3, which alone names modules and no version.
    """
    if not version and str(config.get("module")).split(".")[0] == "keras":
        return 3
    return 1 if version.startswith("1.") else generation(version)


def _read(path: Path) -> _File:
    """Configuration, version and arrays of a file; links and sizes are checked before.

    Raises:
        ModelError: naming the file, for what is no plain HDF5.
    """
    content = read_file(path)
    try:
        arrays = read_weights(content)
        texts = _texts(content)
        config = parse_json(texts[CONFIG], constants=True) if CONFIG in texts else None
    except ValueError as error:
        raise ModelError(
            f"{path}: not a Keras HDF5 file, or a damaged one ({first_line(error)})"
        ) from error
    if config is not None and not isinstance(config, dict):
        raise ModelError(f"{path}: its {CONFIG} makes no sense")
    return _File(config, texts.get(VERSION, ""), arrays)


def _texts(content: bytes) -> dict[str, str]:
    """The texts that the top of a file has as attributes, each one only.

    Raises:
        ValueError: in one line, for one that is longer than a configuration.
    """
    import h5py

    _check_heaps(content)
    texts = {}
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            for name in (CONFIG, VERSION):
                if not h5py.h5a.exists(file.id, name.encode()):
                    continue
                kind = h5py.h5a.open(file.id, name.encode())
                text = isinstance(kind.get_type(), h5py.h5t.TypeStringID)
                if not text or kind.shape != () or kind.get_storage_size() > MOST_TEXT:
                    raise ValueError(f"its {name} is no text")
                value = file.attrs[name]
                texts[name] = value.decode() if isinstance(value, bytes) else str(value)
    except (OSError, KeyError, RuntimeError, TypeError, AttributeError, OverflowError, MemoryError,
            UnicodeError) as error:  # fmt: skip
        raise ValueError(first_line(error)) from error
    return texts


def _check_heaps(content: bytes) -> None:
    """Refuse texts that HDF5 would look for without end: it steps over them by their own sizes.

    Raises:
        ValueError: in one line.
    """
    left = len(content) // 16  # so many texts fit in, if none is counted twice
    place = content.find(HEAP)
    while place >= 0:
        [size] = struct.unpack_from("<Q", content.ljust(place + 16, b"\0"), place + 8)
        start, end = place + 16, min(place + size, len(content))
        while end - start >= 16:
            index, length = struct.unpack_from("<H6xQ", content, start)
            step = length if index == 0 else 16 + -(-length // 8) * 8
            left -= 1
            if step < 16 or step > end - start or left < 0:
                raise ValueError("texts of a length that makes no sense")
            start += step
        place = content.find(HEAP, place + 1)


def _architecture(path: Path) -> Mapping[str, Any]:
    """What ``model.to_json()`` gave.

    Raises:
        ModelError: naming the file, for another document.
    """
    try:
        config = parse_json(read_file(path), constants=True)
    except ValueError as error:
        raise ModelError(f"{path}: no architecture of Keras ({first_line(error)})") from error
    if isinstance(config, dict) and {"weights_sha256", "calibration_sha256"} <= config.keys():
        raise ModelError(
            f"{path}: the quantisation parameters that exports share, and no model; one of these "
            f"exports would do, such as {path.stem}.onnx or {path.stem}.h"
        )
    if not isinstance(config, dict) or not {"class_name", "config"} <= config.keys():
        raise ModelError(
            f"{path}: no architecture of Keras, which model.to_json() gives; it has no class_name"
        )
    return config


def _beside(path: Path, endings: tuple[str, ...], others: tuple[str, ...], what: str) -> Path:
    """The file that holds the other half of a model.

    Raises:
        ModelError: naming the files that would do.
    """
    ending = next((each for each in endings if path.name.endswith(each)), path.suffix)
    stem = path.name.removesuffix(ending)
    names = [f"{stem}{other}" for other in others]
    found = [path.with_name(name) for name in names if path.with_name(name).is_file()]
    if len(found) != 1:
        beside = " and ".join(each.name for each in found) or f"none of {', '.join(names)}"
        half = "weights without an architecture" if what == "an architecture" else "an architecture"
        raise ModelError(f"{path}: {half}, and beside it {beside}; one file with {what} would do")
    return found[0]
