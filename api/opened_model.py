"""What every workflow is given: a network, and the files that it was read from."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from mlp_edge.errors import InputError
from mlp_edge.mlp import Mlp
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.signing.signature import signed_by


class OpenedModel:
    """A network and its files. ``Model`` adds the workflows, none of which imports it.

    Attributes:
        path: its model directory, or the file that it was opened from.
        mlp: the network as plain NumPy.
        directory: the model directory, read; None for a file alone.
        imported: what was found in a file alone; None for a model directory.
        in_memory: whether it is that of a model in memory, so that it has no place for files.
        signed_by: the public key that it was opened with, to which later reading is held as well;
            None for none.
    """

    in_memory = False
    signed_by: Path | None = None

    def __init__(
        self,
        path: Path,
        mlp: Mlp,
        directory: ModelDirectory | None,
        imported: Imported | None = None,
    ) -> None:
        self.path = path
        self.mlp = mlp
        self.directory = directory
        self.imported = imported

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing of a file alone, a sentence each."""
        return () if self.imported is None else self.imported.notes

    @property
    def alone(self) -> str:
        """What messages call a model without a model directory."""
        return "a model in memory" if self.in_memory else "a file alone"

    @property
    def name(self) -> str:
        """A C identifier, after which exports are named."""
        return self.mlp.name

    def refresh(self) -> None:
        """Take notice of exports that were added since the directory was opened.

        Raises:
            InputError: when the directory holds another model by now.
        """
        if self.directory is not None:
            self.directory = self.directory.reopened()

    @contextmanager
    def held_to(self, key: Path | None) -> Iterator[None]:
        """Let its files be read only as a key has signed them, until the block ends.

        Args:
            key: the public key in PEM; None for the one that it was opened with, if any.

        Raises:
            VerifyError: when the directory is not what was signed with it.
            InputError: for a model without a directory, another kind of key, or a directory that
                holds another model by now.
        """
        if (key := key or self.signed_by) is None:
            yield
            return
        if self.directory is None:
            raise InputError(not_signed(self.path, self.alone))
        with signed_by(self.path, key):
            self.refresh()  # so that what was read before is what was signed
            yield

    def __repr__(self) -> str:
        network = f"{self.mlp.topology} {self.mlp.task}"
        return f"<mlp_edge.Model {self.name!r}: {network}, {str(self.path)!r}>"


def not_signed(path: Path, what: str) -> str:
    """What is said where a signature is asked of a model that has no directory."""
    return f"{path}: {what}, which nobody has signed; signatures are of model directories"


Opened = TypeVar("Opened", bound=OpenedModel)


def in_temporary_folder(make: Callable[[Path], Opened]) -> Opened:
    """A model that is made in a new folder, which goes when the model does."""
    folder = Path(tempfile.mkdtemp(prefix="mlp-edge-"))
    try:
        model = make(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(model, shutil.rmtree, folder, ignore_errors=True)
    return model
