"""Replaces one directory by another, in one step where the system can.

Linux and macOS exchange two names at once. Elsewhere, and on file systems that cannot, the old
directory is renamed away and the new one into its place: a process that is killed in between
leaves both under hidden names, and whoever next asks for the directory puts the new one in place.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from mlp_edge.files.temporary import OLD, abandoned, mark, remove

_AT_FDCWD, _RENAME_EXCHANGE, _RENAME_SWAP = -100, 2, 2
_UNKNOWN = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}
"""Error numbers of systems that cannot exchange names here."""
_BEFORE = re.compile(r"\.(.+)\.[a-z0-9_]{8}\.old", re.DOTALL)
"""The name that earlier versions gave to a directory that made room."""
_MOMENT = 1.0
"""Seconds in which a living process has long finished what it does between two renames."""


def put(fresh: Path, target: Path, there: bool) -> None:
    """Put a directory in its place.

    Args:
        fresh: a directory beside ``target``, named by ``temporary``.
        target: the place.
        there: whether a directory stands there, which is removed; if not, none is replaced.

    Raises:
        OSError: when the system refuses, or ``there`` is no longer so; what stands there stays.
    """
    if not there:
        fresh.rename(target)
    elif exchanged(fresh, target):
        remove(fresh)
    else:
        old = fresh.with_name(fresh.name + OLD)
        try:
            target.rename(old)
            fresh.rename(target)
        finally:
            if target.exists():
                remove(old)
            else:
                old.rename(target)
    settle(target.parent)


def mend(target: Path) -> None:
    """Put in place what a process left beside it that was killed between two renames.

    Does nothing where something stands. Of a living process the end is waited for.
    """
    try:
        target, until = target.resolve(), time.monotonic() + _MOMENT
    except (OSError, RuntimeError):  # a loop of links: who opens it says so
        return
    while not target.exists() and (found := _left(target)) and time.monotonic() < until:
        for old in found:
            fresh = old.with_name(old.name.removesuffix(OLD))
            if abandoned(old) or _BEFORE.fullmatch(old.name):
                # Its successor is complete, as it made room for it only then.
                with suppress(OSError):  # another process was quicker
                    (fresh if fresh.exists() else old).rename(target)
                if target.exists():
                    remove(old)
                    return
        time.sleep(_MOMENT / 20)


def _left(target: Path) -> list[Path]:
    """Directories that made room for this one, the last one first."""
    try:
        found = [
            path
            for path in target.parent.iterdir()
            if path.is_dir() and _made_room(path.name, target.name)
        ]
        return sorted(found, key=lambda path: path.lstat().st_mtime, reverse=True)
    except OSError:  # no such folder, or not ours to read
        return []


def _made_room(name: str, target: str) -> bool:
    """Whether a name is one that a directory of the name ``target`` gets to make room."""
    before = _BEFORE.fullmatch(name)
    return name.endswith(f"-{mark(target)}{OLD}") or (before is not None and before[1] == target)


def exchanged(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False where the system cannot.

    Raises:
        OSError: when it can and refuses.
    """
    call = _exchange()
    if call is None:
        return False
    names = os.fsencode(one), os.fsencode(other)
    if call(*names) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNKNOWN:
        return False
    raise OSError(number, os.strerror(number), str(other))


@cache
def _exchange() -> Any:
    """The system's function of two names as bytes; None where it has none."""
    if os.name != "posix":
        return None
    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        return lambda one, other: library.renamex_np(one, other, _RENAME_SWAP)
    if sys.platform == "linux" and hasattr(library, "renameat2"):
        return lambda one, other: library.renameat2(
            _AT_FDCWD, one, _AT_FDCWD, other, _RENAME_EXCHANGE
        )
    return None


def settle(folder: Path) -> None:
    """Have renames outlive a power failure, where the system does that for folders."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
