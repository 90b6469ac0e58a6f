"""The models that a server has open, and how one takes the place of another."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from mlp_edge.card import Card
from mlp_edge.errors import InputError, first_line
from mlp_edge.odd_readings import DeclaredReadings
from mlp_edge.readers.model_directory import MANIFEST, SIGNATURE
from mlp_edge.runtime.load import load
from mlp_edge.runtime.onnxruntime import SMALL
from mlp_edge.runtime.predictor import Predictor
from mlp_edge.runtime.verify import folder_around
from mlp_edge.serve.request_error import RequestError
from mlp_edge.serve.settings import ServeSettings

QUICK = ("onnxruntime", "c")
"""Runtimes that predict a row in microseconds; the others take turns, which nobody waits for."""
Stamp = tuple[tuple[int, int, int] | None, ...]
"""Of files: their inodes, sizes and when they were changed, in nanoseconds."""


class Version:
    """A model that is open.

    Attributes:
        predictor: it.
        card: what it says about itself.
        name: of the version: the weights and the dtype.
        declared: what its readings are held against.
        quick: whether it predicts some rows in less time than a thread takes to begin.
        users: requests that are under way with it.
        replaced: whether another serves in its place.
    """

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self.card: Card = predictor.card
        self.name = f"{self.card.weights_sha256[:12]}-{self.card.dtype}"
        self.declared = DeclaredReadings(self.card.features)
        size = predictor.path.stat().st_size
        self.quick = predictor.runtime in QUICK and size < SMALL
        self.users = 0
        self.replaced = False


class Reload(NamedTuple):
    """What came of a change on the disk.

    Attributes:
        model: its name.
        version: the new one's; None when the old one serves on.
        reason: why it does.
    """

    model: str
    version: str | None
    reason: str = ""


class Models:
    """The models of a server by their names.

    Each was verified when it was opened: the file against its model directory's list, its own
    checksum, and the predictions of its golden rows on this machine.

    Args:
        paths: model directories or exported files.
        settings: what runs them.

    Raises:
        InputError: when none is named, or two have one name.
        ModelError: when one is missing, damaged or not what was written.
        MissingError: when this machine lacks what runs one.
    """

    def __init__(self, paths: Sequence[Path], settings: ServeSettings) -> None:
        self._settings = settings
        self._open: dict[str, Version] = {}
        self._paths: dict[str, Path] = {}
        self._seen: dict[str, Stamp | None] = {}
        self._lock = threading.Lock()
        if not paths:
            raise InputError("no model to serve; name a model directory or an exported file")
        try:
            for path in paths:
                self._add(path)
        except BaseException:
            self.close()
            raise

    def _add(self, path: Path) -> None:
        seen = _stamp(path)
        version = self._opened(path)
        name = version.card.name
        if name in self._open:
            version.predictor.close()
            raise InputError(
                f"{path}: holds a model {name!r}, as {self._paths[name]} does; exports under "
                "another name would do"
            )
        self._open[name], self._paths[name], self._seen[name] = version, path, seen

    def _opened(self, path: Path) -> Version:
        runtime = self._settings.runtime if path.is_dir() else None
        threads, key = self._settings.threads, self._settings.signed_by
        return Version(load(path, runtime, verify=True, threads=threads, signed_by=key))

    @property
    def names(self) -> list[str]:
        """Of the models, in the order in which they were named."""
        return list(self._open)

    def find(self, name: str) -> Version | None:
        """The model of a name, if there is one."""
        return self._open.get(name)

    def version(self, name: str, wanted: str | None = None) -> Version:
        """The model that a request names.

        Raises:
            RequestError: 404, when there is none of that name, or another version of it.
        """
        found = self._open.get(name)
        if found is None:
            raise RequestError(404, f"there is no model {name[:100]!r}; there are {self.names}")
        if wanted not in (None, found.name):
            raise RequestError(404, f"{name} is here in version {found.name}, not {wanted!r:.100}")
        return found

    @contextmanager
    def used(self, name: str, wanted: str | None = None) -> Iterator[Version]:
        """The model that a request names, open until the block ends, whatever replaces it.

        Raises:
            RequestError: as ``version``.
        """
        with self._lock:  # or it could be replaced, and closed, before it counts as used
            version = self.version(name, wanted)
            version.users += 1
        try:
            yield version
        finally:
            with self._lock:
                version.users -= 1
                last = version.replaced and version.users == 0
            if last:
                version.predictor.close()

    def changed(self) -> list[Reload]:
        """Open anew what has changed on the disk; one that is not right leaves the old one."""
        found = []
        for name, path in self._paths.items():
            seen = _stamp(path)
            if seen is None or seen == self._seen[name]:  # a directory between two renames
                continue
            self._seen[name] = seen
            found.append(self._reloaded(name, path))
        return found

    def _reloaded(self, name: str, path: Path) -> Reload:
        try:
            fresh = self._opened(path)
        except Exception as error:  # whatever is wrong with the new one, the old one serves on
            return Reload(name, None, first_line(error))
        if fresh.card.name != name:
            fresh.predictor.close()
            return Reload(name, None, f"{path}: holds the model {fresh.card.name!r} now")
        with self._lock:
            old, self._open[name] = self._open[name], fresh
            old.replaced = True
            idle = old.users == 0
        if idle:
            old.predictor.close()
        return Reload(name, fresh.name)

    def close(self) -> None:
        """Close every model; requests under way are waited for."""
        for version in self._open.values():
            version.predictor.close()


def _stamp(path: Path) -> Stamp | None:
    """What tells a changed model from the one that was opened; None where there is none.

    Of a directory it tells the exports, too, and of an export the manifest around it: either may
    arrive after the other.
    """
    place = path if path.is_dir() else folder_around(path)
    files = [] if place == path else [path]
    files += [place / MANIFEST, place / SIGNATURE] if place else []
    if place == path:
        try:
            exports = [*(path / "exports").glob("*")]
        except OSError:  # such as too many open files; the next look may see them
            return None
        files += sorted(file for file in exports if file.suffix != ".json")
    found = [_status(file) for file in files]
    return None if found[0] is None else tuple(found)


def _status(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
