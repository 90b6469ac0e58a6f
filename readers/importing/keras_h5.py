"""Keras models in HDF5: whole ones since Keras 1, and weights beside an architecture in JSON."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mlp_edge.errors import ModelError, first_line
from mlp_edge.readers.importing.imported import Imported, named
from mlp_edge.readers.importing.keras_1 import WEIGHTS as NAMES_1
from mlp_edge.readers.importing.keras_chain import KerasLayer, layers_of, weight_names
from mlp_edge.readers.importing.keras_config import Entry, entries, version_of
from mlp_edge.readers.keras_archive import HDF5, Arrays, read_weights
from mlp_edge.readers.keras_layers import generation
from mlp_edge.reading import parse_json, read_file

CONFIG, VERSION = "model_config", "keras_version"
FOLDER = "model_weights"
"""Where a whole model keeps its weights; a file of weights alone keeps them at its top."""
OLDER_PLACE = "_layer_checkpoint_dependencies"
WEIGHT_ENDINGS = (".weights.h5", "_weights.h5", ".h5", ".hdf5")
JSON_ENDINGS = (".json", "_architecture.json", ".config.json")
NUMBERED = re.compile(r"_\d+$")
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
        layers, notes = layers_of(_layers(file, keras))
        mlp = named(path, layers)
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
    return Imported(mlp, "Keras HDF5", signed, (*others, *notes))


def _generation(version: str, config: Mapping[str, Any]) -> int | None:
    """Of the Keras that wrote a model: 1, 2 or 3; None for an unknown one.

    An architecture without a version is of Keras 3, which alone names modules and no version.
    """
    if not version and config.get("module") == "keras":
        return 3
    return 1 if version.startswith("1.") else generation(version)


def _layers(file: _File, keras: int | None) -> Iterator[KerasLayer]:
    assert file.config is not None  # noqa: S101 (the caller has set it)
    numbered = any(name.startswith("layers/") for name in file.arrays)
    if any(name.startswith(f"{OLDER_PLACE}/") for name in file.arrays):
        raise ModelError(
            f"its weights stand in {OLDER_PLACE}, as Keras 2.12 to 2.14 wrote them; loaded there "
            "and saved again as name.h5 it can be read"
        )
    for entry in entries(file.config, keras):
        weights = _by_number(entry, file.arrays) if numbered else _by_name(entry, file.arrays)
        yield KerasLayer(entry.kind, entry.name, entry.config, keras, weights)


def _by_number(entry: Entry, arrays: Arrays) -> Arrays:
    """The weights of a layer as Keras 3 keeps them, by their order."""
    expected = weight_names(entry.kind, entry.config)
    found = {name: arrays.get(f"{entry.group}/vars/{i}") for i, name in enumerate(expected)}
    if f"{entry.group}/vars/{len(expected)}" in arrays and expected:
        raise ModelError(f"layer {entry.name!r} has more than {len(expected)} arrays in the file")
    return {name: array for name, array in found.items() if array is not None}


def _by_name(entry: Entry, arrays: Arrays) -> Arrays:
    """The weights of a layer as Keras 1 to 3 keep them in HDF5, by their names.

    ``dense_1/dense_1_W``, ``dense_1/dense_1/kernel:0`` and ``dense_1/sequential/dense_1/kernel``
    stand for the same.
    """
    outer, name = entry.place[0], entry.place[-1]
    inside = [f"{FOLDER}/{outer}/", f"{outer}/"]
    found: dict[str, Any] = {}
    for place, array in arrays.items():
        start = next((each for each in inside if place.startswith(each)), None)
        if start is None:
            continue
        parts = place.removeprefix(start).split("/")
        if len(entry.place) > 1 and not any(_is_named(part, name) for part in parts):
            continue  # of another layer of the model inside
        role = _role(parts[-1])
        if role in found:
            raise ModelError(f"layer {entry.name!r} has two arrays called {role[:40]!r}")
        found[role] = array
    expected = {*weight_names(entry.kind, entry.config)}
    strange = sorted(set(found) - expected)
    if expected and strange:
        raise ModelError(
            f"layer {entry.name!r} has an array called {strange[0][:40]!r}, which mlp-edge does "
            "not know"
        )
    return found


def _is_named(part: str, name: str) -> bool:
    """Whether a part of a weight's place is a layer's name, or begins with it as Keras 1 had it."""
    return part == name or (
        part.startswith(f"{name}_") and part.removeprefix(f"{name}_").split(":")[0] in NAMES_1
    )


def _role(text: str) -> str:
    """``dense_1_W``, ``kernel:0`` and ``kernel_1:0`` -> kernel."""
    text = text.split(":")[0]
    for older, newer in NAMES_1.items():
        if text == older or text.endswith(f"_{older}"):
            return newer
    for ending in ("gamma", "beta"):  # "bn_gamma" in Keras 1
        if text.endswith(f"_{ending}"):
            return ending
    return NUMBERED.sub("", text)


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
