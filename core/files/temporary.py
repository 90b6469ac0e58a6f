"""Temporary names of files and folders: whose they are, and which are litter.

``.mlp-edge.PID-BORN-RANDOM`` belongs to the process of that number and birth. What belongs to no
living process and is older than an hour was left by one that was killed, and is removed by the
next write into the same place.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

LOCK, PENDING = ".mlp-edge.lock", ".mlp-edge.pending"
"""Held by who writes; files that are complete and only wait to be put in their places."""
OLD = ".old"
"""How the name of a directory ends that made room for its successor."""
AGE = 3600.0
"""Seconds; what is younger stays, because a process on another machine may be at it."""
_NAME = re.compile(r"\.mlp-edge\.(\d{1,10})-([0-9a-f]{8})-[0-9a-f]{8}-[0-9a-f]{8}(\.old)?")


def temporary(place: Path) -> Path:
    """A name beside ``place`` that nobody else has, marked as this process's and as its."""
    owner = f"{os.getpid()}-{born(os.getpid())}-{secrets.token_hex(4)}"
    return place.with_name(f".mlp-edge.{owner}-{mark(place.name)}")


def mark(name: str) -> str:
    """Eight letters that stand for a name of any length."""
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:8]


def is_ours(name: str) -> bool:
    """Whether a file of this name is a lock, pending or temporary, and mlp-edge's."""
    return name in (LOCK, PENDING) or _NAME.fullmatch(name) is not None


def sweep(place: Path) -> None:
    """Remove what killed processes of ours have left beside a place over an hour ago."""
    with suppress(OSError):  # litter is no reason to fail
        for path in list(place.parent.iterdir()):
            # Of another directory it may be the only copy: ``mlp_edge.files.swap`` decides about
            # that.
            pair = path.name.endswith(OLD) or path.with_name(path.name + OLD).exists()
            kept = pair and path.name.removesuffix(OLD)[-8:] != mark(place.name)
            if not kept and abandoned(path) and time.time() - path.lstat().st_mtime > AGE:
                remove(path)


def abandoned(path: Path) -> bool:
    """Whether a path is temporary, ours, and belongs to no living process."""
    found = _NAME.fullmatch(path.name)
    return found is not None and not _alive(int(found[1]), found[2])


def remove(path: Path) -> None:
    """Remove a file or a folder with all that it holds, as far as the system allows."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def born(pid: int) -> str:
    """Eight letters that tell a process from a later one of the same number.

    From Linux's account of when it started, since which start of the machine; elsewhere all alike.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_bytes()
        # The name of the program, in parentheses, may hold anything.
        started = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19]
    except (OSError, IndexError):
        return "0" * 8
    return hashlib.sha256(boot + started).hexdigest()[:8]


def _alive(pid: int, birth: str) -> bool:
    if sys.platform == "win32":  # where asking with a signal would end the process
        return True
    try:
        os.kill(pid, 0)
    except PermissionError:
        pass  # somebody else's, and alive
    except (OSError, OverflowError):
        return False
    return born(pid) == birth
