"""A .keras file as what it is, a zip of JSON and HDF5, checked before HDF5 or Keras rely on it."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError, first_line
from mlp_edge.files.archive import read_members
from mlp_edge.reading import parse_json, read_file

CONFIG, METADATA, WEIGHTS = MEMBERS = ("config.json", "metadata.json", "model.weights.h5")
MOST_OBJECTS, DEEPEST, LONGEST_NAME = 10_000, 32, 200
"""Groups and arrays of a file, groups in each other, characters of a name."""
KERAS_PARTS = frozenset({
    "activations", "constraints", "dtype_policies", "initializers", "layers", "losses", "metrics",
    "models", "ops", "optimizers", "regularizers",
})  # fmt: skip
"""Modules of Keras whose classes a model is made of; others fetch files, or run what they hold."""
HDF5 = b"\x89HDF\r\n\x1a\n"
RUNS_CODE = ("Lambda", "__lambda__")

Arrays = Mapping[str, NDArray[Any]]
"""Where an array stands in the HDF5 file, such as ``layers/dense/vars/0`` -> its numbers."""


class Archive(NamedTuple):
    """What a .keras file holds.

    Attributes:
        config: of the model, as Keras describes it.
        version: of Keras, "" where the file does not say.
        arrays: every variable.
    """

    config: Mapping[str, Any]
    version: str
    arrays: Arrays


def read_archive(path: Path) -> Archive:
    """Read a .keras file.

    Raises:
        ModelError: naming the file, for anything but a zip of Keras's three members, and weights
            that are not plain arrays within it.
    """
    content = read_file(path)
    if content.startswith(HDF5):
        raise ModelError(
            f"{path}: an HDF5 file, as Keras before 2.12 wrote it or as model.save('name.h5') "
            "does; renamed to name.h5, loaded by Keras 3 and saved as name.keras it can be read"
        )
    try:
        members = read_members(content, MEMBERS)
        config = parse_json(members[CONFIG], constants=True)
        about = parse_json(members.get(METADATA, b"{}"))
        weights = members[WEIGHTS]
    except (KeyError, ValueError) as error:
        raise ModelError(
            f"{path}: not a .keras file, or a damaged one ({first_line(error)}); "
            "model.save('name.keras') in Keras 3 writes one"
        ) from error
    if not isinstance(config, dict):
        raise ModelError(f"{path}: its {CONFIG} makes no sense")
    try:
        arrays = read_weights(weights)
    except ValueError as error:
        raise ModelError(f"{path}: its weights are damaged ({first_line(error)})") from error
    version = about.get("keras_version") if isinstance(about, dict) else None
    return Archive(config, version if isinstance(version, str) else "", arrays)


def check_code(path: Path, compiled: bool) -> None:
    """Refuse a file that would have Keras import or run anything but Keras's own classes.

    Args:
        path: a .keras file.
        compiled: whether Keras will also read how it was trained.

    Raises:
        ModelError: naming the class.
    """
    config = dict(read_archive(path).config)
    if not compiled:
        config.pop("compile_config", None)
    check_classes(path, config)


def check_classes(path: Path, config: Mapping[str, Any]) -> None:
    """Refuse a configuration that names anything but Keras's own classes; see ``check_code``."""
    for entry in mappings(config):
        name, module = entry.get("class_name"), entry.get("module")
        if name is not None and (name in RUNS_CODE or not _of_keras(module)):
            raise ModelError(
                f"{path}: its {str(name)[:40]} of {str(module)[:40]} is not Keras's own, and would "
                "be run; layers of keras.layers would do"
            )


def _of_keras(module: object) -> bool:
    if module in (None, "keras", "builtins"):
        return True
    if not isinstance(module, str) or not module.startswith("keras."):
        return False
    return module.removeprefix("keras.").removeprefix("src.").split(".")[0] in KERAS_PARTS


def mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object of a JSON document, however deep."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from mappings(item)


def read_weights(content: bytes) -> Arrays:
    """Every array of an HDF5 file.

    HDF5 can have a file's numbers stand in any other file of the machine: as external storage, as
    a virtual data set, behind a link. Such files are refused before anything of them is read, and
    so are arrays that are packed or larger than the file.

    Args:
        content: of the file.

    Raises:
        ValueError: in one line, for anything else than groups with plain arrays of numbers.
    """
    import h5py

    left = len(content)
    arrays = {}
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            for name, dataset in _datasets(h5py, file.id):
                left -= _checked_size(h5py, name, dataset)
                if left < 0:
                    raise ValueError(f"{name} and others are larger than the file")
                arrays[name] = np.asarray(h5py.Dataset(dataset)[()])
    except (
        OSError,
        KeyError,
        RuntimeError,
        TypeError,
        AttributeError,
        OverflowError,
        MemoryError,
        UnicodeError,
    ) as error:
        raise ValueError(first_line(error)) from error
    return arrays


def _datasets(h5py: Any, root: Any) -> Iterator[tuple[str, Any]]:
    """Every array below a group, by its place; links are looked at before they are followed."""
    waiting, seen = [("", root, 0)], 0
    while waiting:
        place, group, depth = waiting.pop()
        seen += group.get_num_objs()
        if seen > MOST_OBJECTS or depth > DEEPEST:
            raise ValueError(f"more than {MOST_OBJECTS:,} objects, or {DEEPEST} inside each other")
        for link in group:
            if len(link) > LONGEST_NAME:
                raise ValueError(f"a name of {len(link):,} bytes")
            name = place + link.decode()
            if group.links.get_info(link).type != h5py.h5l.TYPE_HARD:
                raise ValueError(f"{name} is a link to elsewhere")
            found = h5py.h5o.open(group, link)
            if isinstance(found, h5py.h5g.GroupID):
                waiting.append((f"{name}/", found, depth + 1))
            elif isinstance(found, h5py.h5d.DatasetID):
                yield name, found
            else:
                raise ValueError(f"{name} is neither a group nor an array")


def _checked_size(h5py: Any, name: str, dataset: Any) -> int:
    """Bytes of an array whose numbers stand in this very file, one after the other."""
    plan = dataset.get_create_plist()
    plain = (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT)
    if plan.get_layout() not in plain or plan.get_external_count() or plan.get_nfilters():
        raise ValueError(f"{name} stands in another file, or is packed")
    if dataset.dtype.kind not in "biuf" or dataset.dtype.itemsize > 8:
        raise ValueError(f"{name} is no array of numbers")
    return int(math.prod(dataset.shape) * dataset.dtype.itemsize)
