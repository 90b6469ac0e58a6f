"""Opens the bytes of a table: a data set, a regular file or standard input."""

from __future__ import annotations

import difflib
import hashlib
import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import IO

from mlp_edge.data.quoting import plain
from mlp_edge.data.reading.size import MOST_BYTES, too_large
from mlp_edge.data.sets import SETS
from mlp_edge.errors import TableError

STANDARD_INPUT = "-"
"""What a user names to have the table read from standard input."""

_HEAD = 16


class Stream(io.RawIOBase):
    """Bytes read once from front to end, with a look at the first and a digest of them all.

    Attributes:
        name: the source as messages name it.
        most: bytes of the table, packed or unpacked, that are read.
        head: the first bytes, still to be read.
        digest: of what was read so far, so that table and digest are of the same bytes.
    """

    def __init__(self, file: IO[bytes], name: str, most: int) -> None:
        self.file = file
        self.name, self.most = name, most
        self.digest = hashlib.sha256()
        self.head = self._unread = self._more(_HEAD)
        self._left = most

    @property
    def taken(self) -> int:
        """Bytes that were read so far."""
        return self.most - self._left

    def put_back(self, content: bytes) -> None:
        """Have the first bytes, all that were read so far, read again."""
        self._unread, self._left = content, self.most
        self.digest = hashlib.sha256()

    def _more(self, size: int) -> bytes:
        # Here and not around the whole reading: what is written meanwhile fails for other reasons.
        try:
            return self.file.read(size)
        except OSError as error:
            raise _unreadable(self.name, error) from error

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes; all that are left when it is negative.

        Raises:
            TableError: when they are more than ``most`` in all, or the system cannot read on.
        """
        if size < 0 or size > self._left:
            size = self._left + 1  # one more than allowed, which tells
        chunk, self._unread = self._unread, b""
        if size < len(chunk):
            chunk, self._unread = chunk[:size], chunk[size:]
        else:
            chunk += self._more(size - len(chunk))
        self._left -= len(chunk)
        if self._left < 0:
            raise too_large(self.name, "to read", self.most)
        self.digest.update(chunk)
        return chunk


@contextmanager
def opened(source: str, most: int = MOST_BYTES) -> Iterator[Stream]:
    """The bytes of a set, a file or standard input.

    Args:
        source: a set's name, a path, or "-".
        most: bytes to read; a table of more is refused by whoever reads them.

    Raises:
        TableError: when there is no such file, it cannot be opened, or what stands there is no
            regular file.
    """
    name = shown_source(source)
    if source == STANDARD_INPUT:
        yield Stream(_standard_input(), name, most)
        return
    try:
        file = _locate(source).open("rb")
    except OSError as error:
        raise _unreadable(name, error) from error
    with file:
        yield Stream(file, name, most)


def _unreadable(name: str, error: OSError) -> TableError:
    return TableError(f"{name}: cannot be read: {(error.strerror or str(error)).lower()}")


def shown_source(source: str) -> str:
    """The source as messages name it."""
    return "standard input" if source == STANDARD_INPUT else plain(source)


def _standard_input() -> IO[bytes]:
    if sys.stdin is None or sys.stdin.isatty():
        raise TableError(
            "standard input: nothing is piped in; name a file, or pipe a table into the command"
        )
    return sys.stdin.buffer


def _locate(source: str) -> Traversable:
    if source in SETS:
        return SETS[source].location
    path = Path(source)
    try:
        if path.is_file():
            return path
        kind = _kind(path)
    except (OSError, ValueError) as error:  # a NUL in the name, a name too long, a locked folder
        raise TableError(f"{plain(source)}: cannot be read: {error}") from error
    raise TableError(f"{plain(source)}: {kind}")


def _kind(path: Path) -> str:
    """What stands in the place of a file."""
    if path.is_dir():
        return "is a directory; name the CSV file in it"
    if path.is_symlink() and not path.exists():
        return f"no such file: it is a link to {plain(str(path.readlink()))}, which is not there"
    if path.exists():
        return "is not a regular file; save the table to one, or pipe it in and name it -"
    if re.match(r"[A-Za-z0-9+.-]{2,}:/", str(path)):
        return "no such file; a table is not fetched from an address: download it first"
    return f"no such file, and no set of that name ({', '.join(SETS)}){_nearest(path)}"


def _nearest(path: Path) -> str:
    """A hint at the set or the neighbouring file that was meant."""
    neighbours = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, [*SETS, *neighbours], n=1)
    return f"; did you mean {plain(close[0])}?" if close else ""
