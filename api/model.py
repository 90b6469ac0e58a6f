"""``mlp_edge.open`` and the model that it gives: predict, evaluate, export, prove, measure."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.errors import InputError
from mlp_edge.readers.keras_file import read_mlp
from mlp_edge.readers.model_directory import MODEL, check_place, directory_of
from mlp_edge.readers.model_directory import open_model as read_directory


class Model(OpenedModel):
    """A trained network with everything that can be done with it.

    Attributes:
        path: its model directory, or the .keras file that it was opened from.
        mlp: the network as plain NumPy.
        directory: the model directory, read; None for a .keras file alone.
    """

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> Model:
        """Copy the model directory, exports included.

        Args:
            path: a folder that does not exist, is empty or, with ``force``, holds a model.
            force: replace a model that is there.

        Returns:
            The model in its new place.

        Raises:
            InputError: for a .keras file alone, or a place that is taken.
        """
        from mlp_edge.files.writing import write_directory

        if self.directory is None:
            raise InputError(f"{self.path}: a .keras file alone is no model directory; copy it")
        place = Path(path)
        check_place(place, force)
        files = {
            file.relative_to(self.path).as_posix(): file.read_bytes()
            for file in sorted(self.path.rglob("*"))
            if file.is_file()
        }
        write_directory(place, files, lambda: check_place(place, force))
        return open_model(place)


def open_model(source: Any) -> Model:
    """Open a model for everything that can be done with it; ``mlp_edge.load`` only predicts.

    Args:
        source: a model directory, its model.keras, another .keras file, or a Keras model in memory,
            which is kept in a temporary folder as long as the ``Model`` is.

    Returns:
        The model, read and checked.

    Raises:
        ModelError: for what cannot be read.
        InputError: for something else.
    """
    if isinstance(source, str | os.PathLike):
        return _of_path(Path(source))
    if hasattr(source, "save") and hasattr(source, "layers"):
        return _of_keras(source)
    raise InputError(
        f"{type(source).__name__} is no model; a model directory, a .keras file or a Keras model "
        "would do"
    )


def _of_path(path: Path) -> Model:
    path = directory_of(path)
    if path.suffix == ".keras" and not path.is_dir():
        return Model(path, read_mlp(path), None)
    directory, mlp = read_directory(path)
    return Model(path, mlp, directory)


def _of_keras(network: Any) -> Model:
    folder = Path(tempfile.mkdtemp(prefix="mlp-edge-"))
    try:
        path = folder / MODEL
        network.save(path)
        model = Model(path, read_mlp(path), None)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(model, shutil.rmtree, folder, ignore_errors=True)
    return model
