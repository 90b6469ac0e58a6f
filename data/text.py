"""The bytes of a table as text, or one sentence about what they are instead."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import zlib
from importlib.resources.abc import Traversable
from typing import IO

from mlp_edge.data.words import plain
from mlp_edge.errors import TableError

CHUNK = 1 << 20
"""Bytes read at a time: a file that turns binary after a gigabyte never fills the memory."""

_GZIP = b"\x1f\x8b"
_MAGIC = (
    (b"PK\x03\x04", "a zip archive, perhaps a spreadsheet (.xlsx, .ods)"),
    (b"\xd0\xcf\x11\xe0", "an old Office document, perhaps a spreadsheet (.xls)"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy file"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstandard archive"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
)
_NEWLINE = re.compile(rb"\r\n|\n|\r")
_MARKUP = re.compile(r"<(?:!doctype|!--|\?xml|html|head|body|table|svg|div)\b", re.IGNORECASE)
_JSON = re.compile(r'\{\s*"[^"]*"\s*:|\[\s*\{\s*"')


def read_text(location: Traversable, source: str) -> tuple[str, str]:
    """The text of a UTF-8 file, plain or gzipped, and the hex SHA-256 of its bytes.

    Args:
        location: an existing regular file.
        source: what the user typed, for messages.

    Returns:
        The text without a byte order mark, line ends untouched; and the digest of the file as it
        lies on the disk, compressed or not.

    Raises:
        TableError: when the file cannot be read, is not text or is text of another kind.
    """
    try:
        with location.open("rb") as file:
            head = file.read(16)
            _check_magic(head, source)
            file.seek(0)
            hashed = _Hashed(file)
            packed = head.startswith(_GZIP)
            content = _content(gzip.GzipFile(fileobj=hashed) if packed else hashed, source)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise TableError(
            f"{plain(source)}: damaged gzip data ({error}); fetch or compress the file again"
        ) from error
    except OSError as error:
        raise TableError(
            f"{plain(source)}: cannot be read: {(error.strerror or str(error)).lower()}"
        ) from error
    text = _decoded(content, source)
    _check_language(text, source)
    return text, hashed.digest.hexdigest()


class _Hashed(io.RawIOBase):
    """A file that takes the digest of what is read from it, so that both are of the same bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self.file.read(size)
        self.digest.update(chunk)
        return chunk


def _content(file: IO[bytes] | _Hashed | gzip.GzipFile, source: str) -> bytes:
    """Everything in the file; refuses at the first NUL byte, before reading on."""
    chunks: list[bytes] = []
    while chunk := file.read(CHUNK):
        chunks.append(chunk)
        if b"\0" in chunk:
            content = b"".join(chunks)
            raise TableError(
                f"{plain(source)}, line {_line(content, content.index(0))}: a NUL byte, so this is "
                "not a text file, or one in UTF-16; save it as CSV in UTF-8"
            )
    return b"".join(chunks)


def _check_magic(head: bytes, source: str) -> None:
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            raise TableError(
                f"{plain(source)}: looks like {kind}; save or export the table as CSV in UTF-8"
            )


def _decoded(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(
            f"{plain(source)}, line {_line(content, error.start)}: byte "
            f"0x{error.object[error.start]:02x} is not UTF-8 text; save the table as CSV in UTF-8"
        ) from error


def _line(content: bytes, position: int) -> int:
    """The 1-based line of a byte."""
    return 1 + len(_NEWLINE.findall(content, 0, position))


def _check_language(text: str, source: str) -> None:
    """Refuse what is text but no table: a web page saved under a data name, JSON."""
    start = text[:CHUNK].lstrip()
    if _MARKUP.match(start):
        raise TableError(
            f"{plain(source)}: looks like HTML or XML, perhaps a web page that was saved in place "
            "of the file it shows; download the raw CSV"
        )
    if _is_json(start):
        raise TableError(f"{plain(source)}: looks like JSON; convert the table to CSV")


def _is_json(start: str) -> bool:
    first = start.partition("\n")[0].strip()
    if first in ("{", "[", "[{") or _JSON.match(start):
        return True
    if not first.startswith("["):
        return False
    try:
        return isinstance(json.loads(first), list)
    except ValueError:
        return False
