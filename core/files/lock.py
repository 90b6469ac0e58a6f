"""Locks a directory for one writer at a time."""

from __future__ import annotations

import os
import platform
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlp_edge.errors import InputError
from mlp_edge.files.temporary import LOCK

WAIT = 10.0
"""Seconds that a second writer waits for the first."""
_PAUSE = 0.05
_MOMENT = 1.0
"""Seconds in which a living process puts a directory in the place of another."""


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold a directory until the block ends; another writer waits, then says who holds it.

    The system lets go of the lock when its holder dies, so that none is ever in the way; its file
    names the process, and is removed at the end. A file system that knows no locks has none, nor
    has Windows.

    Raises:
        InputError: when another process has held it for all of ``WAIT``.
        OSError: when the lock's file cannot be made, as in a directory that is gone or read only.
            One that goes while this waits has a moment to come back: it may be replaced.
    """
    if sys.platform == "win32":  # where no folder is renamed that holds an open file
        yield
        return
    path, until = directory / LOCK, time.monotonic() + WAIT
    handle = _opened(path)
    while True:
        try:
            if taken(handle):
                if _stands(handle, path):
                    break
            elif time.monotonic() > until:
                raise InputError(f"{directory}: {_holder(handle)} is writing to it; try again then")
            else:
                time.sleep(_PAUSE)
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # it was removed, or its directory replaced, while this one waited
        handle = _opened_again(path)
    try:
        with suppress(OSError):  # a full disk has no room for the name
            os.ftruncate(handle, 0)
            os.write(handle, f"process {os.getpid()} on {platform.node()}".encode())
        yield
    finally:
        with suppress(OSError):
            if _stands(handle, path):
                path.unlink()
        os.close(handle)


def _opened(path: Path) -> int:
    """The lock's file, made where it is missing; of somebody else's, whom it is enough to lock."""
    careful = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # no link, no pipe
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | careful, 0o666)
    except PermissionError:
        if not path.is_file():
            raise
        return os.open(path, os.O_RDONLY | careful)


def _opened_again(path: Path) -> int:
    """The lock's file after a wait, when its directory may be between two renames."""
    until = time.monotonic() + _MOMENT
    while True:
        try:
            return _opened(path)
        except FileNotFoundError:
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE)


def taken(handle: int) -> bool:
    """Lock an open file until it is closed; False where another process holds it.

    Args:
        handle: its descriptor. Windows, and file systems without locks, lock none.
    """
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _stands(handle: int, path: Path) -> bool:
    """Whether the open file is still the one of this name."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _holder(handle: int) -> str:
    """What the file says, if it is what is written there."""
    os.lseek(handle, 0, os.SEEK_SET)
    text = os.read(handle, 200).decode("utf-8", "replace")
    return text if re.fullmatch(r"process \d+ on [\w.-]+", text) else "another process"
