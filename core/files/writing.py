"""Writes files whole or not at all: under another name, then renamed.

Whoever is killed leaves the old or the new whole, and names that the next write removes
(``mlp_edge.files.temporary``); one process writes to a directory at a time
(``mlp_edge.files.lock``).
"""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any

from mlp_edge.errors import InputError
from mlp_edge.files.lock import locked
from mlp_edge.files.swap import mend, put, settle
from mlp_edge.files.temporary import PENDING, is_ours, remove, sweep, temporary
from mlp_edge.foreign import spelled
from mlp_edge.settings import setting

_TAKEN = {errno.ENOTEMPTY, errno.EEXIST}
"""Error numbers of a rename to where a directory has come to stand."""
GONE = ".mlp-edge.gone"
"""How a waiting file's name ends that stands for the removal of another."""


def sha256(content: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(content).hexdigest()


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """Rows of cells as CSV, lines ended by a line feed; what is in a cell reads back as it was.

    Python's writer quotes a carriage return only where lines end in one, and other readers take
    a lone one for the end of a line: so it writes lines that do, and they are ended otherwise.
    """
    lines = _Lines()
    csv.writer(lines, lineterminator="\r\n").writerows(rows)
    return "".join(lines)


class _Lines(list[str]):
    def write(self, line: str) -> None:  # csv calls it once for a row
        self.append(line.removesuffix("\r\n") + "\n")


def json_text(value: Any) -> str:
    """A value as an indented JSON document that ``parse_json`` reads.

    A number that is not finite becomes null; half a character (a byte that is no text in the name
    of a table) is spelled out.
    """
    return json.dumps(_plain(value), indent=2, allow_nan=False) + "\n"


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """What ``json_text`` writes of a dict, as ``json`` reads it back."""
    return {spelled(str(key)): _plain(item) for key, item in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return spelled(value)
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def check_replaceable(path: Path, known: Collection[str], force: bool) -> None:
    """Refuse, before any work is done, a place where a directory of ours cannot be put.

    Args:
        path: the place.
        known: names that a directory of ours may hold; anything else there would be lost.
        force: whether one of ours may be replaced.

    Raises:
        InputError: saying what stands there and what would do.
    """
    if path.is_dir():
        present = sorted(entry.name for entry in path.iterdir() if not is_ours(entry.name))
        foreign = [name for name in present if name not in known]
        if foreign:
            raise InputError(
                f"{path}: holds {foreign[0]!r}, which is not part of a model and would be lost; "
                "name another directory"
            )
        if present and not force:
            raise InputError(
                f"{path}: there is a model already; "
                f"{setting('force', True)} replaces it, or name another place"
            )
    elif path.exists():
        raise InputError(f"{path}: a file; a model is written to a directory")
    elif not path.absolute().parent.is_dir():
        raise InputError(f"{path}: its parent directory does not exist")
    if not os.access(path.resolve().parent, os.W_OK):
        raise InputError(f"{path}: cannot write in {path.resolve().parent}; name another place")


def write_directory(
    path: Path, files: Mapping[str, bytes], check: Callable[[], None] = lambda: None
) -> None:
    """Put a directory in place: whole under another name, then in one step.

    Args:
        path: where; what stands there is replaced.
        files: name, or folder/name, -> content.
        check: asked while nobody else writes there; raises what is to be raised when what stands
            there must stay.

    Raises:
        InputError: when the disk refuses, or another process is at it; the previous one stands.
    """
    target = path.resolve()  # a link stays a link; what it leads to is replaced
    mend(target)
    sweep(target)
    fresh = temporary(target)
    try:
        with _removed(fresh):
            _stage(fresh, files)
            while True:
                there = target.is_dir()
                try:
                    with locked(target) if there else nullcontext():
                        _put_in_place(target)
                        check()
                        put(fresh, target, there)
                    return
                except OSError as error:
                    # Otherwise another process came between, which may be as slow as it likes.
                    if target.is_dir() == there and error.errno not in _TAKEN:
                        raise
    except OSError as error:
        raise _refused(path, error) from error


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole, or leave what stands there; its folder has to be there.

    Raises:
        InputError: naming the file and what the system said.
    """
    sweep(path)
    fresh = temporary(path)
    try:
        with _removed(fresh):
            _write(fresh, content)
            fresh.replace(path)
            settle(path.parent)
    except OSError as error:
        raise _refused(path, error) from error


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """A file to write piece by piece: in its place when the block ends, gone when it fails.

    Args:
        path: where; its folder has to be there.

    Raises:
        InputError: naming the file and what the system said.
    """
    sweep(path)
    fresh = temporary(path)
    try:
        with _removed(fresh):
            with fresh.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
            settle(path.parent)
    except OSError as error:
        raise _refused(path, error) from error


Files = Mapping[str, bytes | None]
"""Name, or folder/name, -> content; None for a file that is to go."""


def write_files(directory: Path, made: Files | Callable[[], Files]) -> None:
    """Write files into a directory, all of them or none, whenever this process ends.

    They wait in a folder until all are complete; giving it the name ``PENDING`` decides. From then
    on they will be put in their places, by the next command if not by this one.

    Args:
        directory: where; it is made where it is missing, its parent has to be there.
        made: the files; or what makes them once nobody else writes there, to a directory that is
            there.

    Raises:
        InputError: naming the directory and what the system said.
    """
    fresh = temporary(directory / PENDING)
    try:
        if not callable(made):
            directory.mkdir(exist_ok=True)
        sweep(fresh)
        with locked(directory), _removed(fresh):
            _put_in_place(directory)
            files = made() if callable(made) else made
            for name in files:
                _check_room(directory, directory / name)
            _stage(
                fresh,
                {name: content for name, content in files.items() if content is not None}
                | {name + GONE: b"" for name, content in files.items() if content is None},
            )
            fresh.rename(directory / PENDING)
            settle(directory)
            finish(directory, held=True)
    except OSError as error:
        raise _refused(directory, error) from error


def finish(directory: Path, held: bool = False) -> None:
    """Put in place what a killed process had completed; wait for a living one.

    Args:
        directory: where files may wait.
        held: whether the caller has its lock.

    Raises:
        InputError: when that cannot be done.
    """
    if not _waits(directory):
        return
    try:
        with nullcontext() if held else locked(directory):
            _put_in_place(directory)
    except OSError as error:
        raise InputError(
            f"{directory}: what was written is complete, but not all of it is in its place "
            f"({error.strerror}); the next command that may write there puts it there"
        ) from error


def _check_room(directory: Path, place: Path) -> None:
    """Refuse a place that a file of the directory could not be moved to, or only by a way out.

    Raises:
        OSError: as the system would.
    """
    folder = next(parent for parent in place.parents if parent.exists())
    if folder.resolve() != directory.resolve() / folder.relative_to(directory):
        raise OSError(errno.EXDEV, f"{folder} is a link to another folder")
    if folder.stat().st_dev != directory.stat().st_dev:
        raise OSError(errno.EXDEV, f"{folder} is on another file system")
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, f"{folder} is not a directory")
    if not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, f"{folder} is not yours to write in")
    if place.is_dir():
        raise IsADirectoryError(errno.EISDIR, f"{place} is a directory")


def _waits(directory: Path) -> bool:
    pending = directory / PENDING
    return pending.is_dir() and not pending.is_symlink()  # whose files would be somebody else's


def _put_in_place(directory: Path) -> None:
    """Move every file that waits to where it belongs, if any do; the lock is held."""
    if not _waits(directory):
        return
    pending = directory / PENDING
    folders = [path for path in sorted(pending.rglob("*")) if path.is_dir()]
    for path in (path for path in sorted(pending.rglob("*")) if not path.is_dir()):
        place = directory / path.relative_to(pending)
        _check_room(directory, place)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.name.endswith(GONE):
            place.with_name(path.name.removesuffix(GONE)).unlink(missing_ok=True)
        else:
            path.replace(place)
    for folder in (pending, *folders):
        settle(directory / folder.relative_to(pending))
    shutil.rmtree(pending)


def _stage(fresh: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a new folder, through to the disk."""
    fresh.mkdir()
    for name, content in files.items():
        (fresh / name).parent.mkdir(parents=True, exist_ok=True)
        _write(fresh / name, content)
    for folder in (fresh, *filter(Path.is_dir, fresh.rglob("*"))):
        settle(folder)


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _removed(fresh: Path) -> Iterator[None]:
    """Leave nothing under a temporary name, however the block ends."""
    try:
        yield
    finally:
        remove(fresh)


def _refused(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be written ({error.strerror}); nothing was changed")
