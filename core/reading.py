"""Reads untrusted files: regular files of a bounded size, and JSON of a bounded depth."""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

from mlp_edge.errors import InputError, ModelError, VerifyError, first_line
from mlp_edge.foreign import check_text

LIMIT_VARIABLE = "MLP_EDGE_MAX_MB"
"""Environment variable: how many megabytes a model file may have."""
DEFAULT_MB = 128
JSON_SHARE = 8
"""Parsed, JSON takes up to 25 bytes for each of its own: an eighth of other files it may have."""
_READ: ContextVar[list[Path] | None] = ContextVar("_READ", default=None)
_SIGNED: ContextVar[tuple[Path, Mapping[str, str]] | None] = ContextVar("_SIGNED", default=None)
DEEPEST = 64
"""Lists and mappings inside each other; a model of Keras nests about 15."""
MOST_DIGITS = 25
"""Of an integer; 64 bits have 20."""


def limit() -> int:
    """Bytes that a file of a model may have: 128 MB, or what MLP_EDGE_MAX_MB says.

    Raises:
        InputError: when that is no number of megabytes.
    """
    text = os.environ.get(LIMIT_VARIABLE, "")
    if not text:
        return DEFAULT_MB * 2**20
    if not text.isdecimal() or not 1 <= len(text) <= 6 or int(text) == 0:
        raise InputError(f"{LIMIT_VARIABLE}={text[:20]!r}: a number of megabytes such as 512")
    return int(text) * 2**20


@contextmanager
def files_read() -> Iterator[list[Path]]:
    """Yield a list that grows by each file that ``read_file`` reads meanwhile, in this thread."""
    found: list[Path] = []
    before = _READ.set(found)
    try:
        yield found
    finally:
        _READ.reset(before)


@contextmanager
def only_signed(folder: Path, digests: Mapping[str, str]) -> Iterator[None]:
    """Have ``read_file`` refuse all but certain bytes, in this thread, until the block ends.

    What is read otherwise is given to ``check_signed``.

    Args:
        folder: whose files are held to it, those of its folders included.
        digests: of each file by its name, such as exports/pima.onnx, its SHA-256.
    """
    before = _SIGNED.set((folder, digests))
    try:
        yield
    finally:
        _SIGNED.reset(before)


def read_file(path: Path, gone: str = "", most: int | None = None) -> bytes:
    """All bytes of a regular file, which may be a link to one.

    Args:
        path: the file.
        gone: the message where there is none; by default that there is none.
        most: bytes that it may have; by default what ``limit`` says.

    Raises:
        ModelError: naming the file, when it is missing, a directory, a device or a pipe, larger
            than it may be, or the system refuses.
        VerifyError: when ``only_signed`` holds it to other bytes.
    """
    content = _content(path, gone, limit() if most is None else most)
    if _SIGNED.get() is not None:
        check_signed(path, sha256(content).hexdigest())
    return content


def _content(path: Path, gone: str, largest: int) -> bytes:
    if (kept := _READ.get()) is not None and path not in kept:
        kept.append(path)
    try:
        # A pipe that nobody writes to would block, a terminal could become this process's own.
        flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
        file = os.open(path, os.O_RDONLY | flags | getattr(os, "O_BINARY", 0))
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(gone or f"{path}: there is no such file") from None
    except OSError as error:
        _refuse(path, error)
    except ValueError as error:  # a NUL in the name
        raise ModelError(f"{str(path)!r}: cannot be read ({error})") from error
    try:
        status = os.fstat(file)
        _check_regular(path, status.st_mode)
        with os.fdopen(file, "rb", closefd=False) as stream:
            if status.st_size <= largest:
                content = stream.read(status.st_size + 1)
                if len(content) > status.st_size:  # it grows, or its system knows no size
                    content += stream.read(largest - status.st_size)
                if len(content) <= largest:
                    return content
    except OSError as error:
        _refuse(path, error)
    finally:
        os.close(file)
    size = max(status.st_size, largest + 1)
    if largest != limit():
        raise ModelError(f"{path}: {size:,} bytes, where {largest:,} are the limit")
    raise ModelError(f"{path}: {too_large(size)}")


def check_signed(path: Path, digest: str) -> None:
    """Refuse a file that ``only_signed`` holds to other bytes, by its name or by way of links.

    Args:
        path: a file that was read otherwise than by ``read_file``.
        digest: the SHA-256 of the bytes that were read.

    Raises:
        VerifyError: naming the file.
    """
    if (held := _SIGNED.get()) is None:
        return
    folder, digests = held
    for place, root in (
        (path.absolute(), folder.absolute()),
        (path.resolve(), folder.resolve()),
    ):
        if place.is_relative_to(root):
            name = place.relative_to(root).as_posix()
            if digests.get(name) != digest:
                raise VerifyError(f"{path}: not the file that was signed")
            return


def too_large(size: int) -> str:
    """What to say of so many bytes, to follow the name of what has them."""
    needed = -(-size // 2**20)
    return (
        f"{size:,} bytes, where {limit() // 2**20} MB are the limit; "
        f"{LIMIT_VARIABLE}={needed} would allow it"
    )


def _check_regular(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise ModelError(f"{path}: a directory, where a file belongs")
    if not stat.S_ISREG(mode):
        raise ModelError(f"{path}: a device or a pipe, where a regular file belongs")


def _refuse(path: Path, error: OSError) -> NoReturn:
    raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from error


def read_text(path: Path, gone: str = "") -> str:
    """A regular file as UTF-8 text; raises as ``read_file`` does, and for what is no text."""
    try:
        return read_file(path, gone).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ModelError(f"{path}: damaged, not text ({error.reason})") from error


def parse_json(text: str | bytes, constants: bool = False) -> Any:
    """A JSON document that nobody vouches for.

    Args:
        text: the document; bytes are UTF-8.
        constants: accept NaN and Infinity, as Keras writes them.

    Raises:
        ValueError: in one line, when it is no JSON, larger than an eighth of ``limit``, nested
            deeper than 64, or holds a number or a text that nobody could write down again.
    """
    if len(text) > limit() // JSON_SHARE:
        needed = -(-len(text) * JSON_SHARE // 2**20)
        raise ValueError(
            f"{len(text):,} bytes of JSON, where {limit() // JSON_SHARE // 2**20} MB are the "
            f"limit; {LIMIT_VARIABLE}={needed} would allow it"
        )
    try:
        value = json.loads(
            text if isinstance(text, str) else text.decode("utf-8"),
            parse_int=_integer,
            parse_float=float if constants else _finite,
            parse_constant=float if constants else _no_constant,
        )
    except RecursionError:
        raise ValueError(f"nested deeper than {DEEPEST}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {first_line(error)}") from error
    _check_nesting(value)
    return value


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"the number {digits[:20]}, which is beyond float64")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name}, which is no number of JSON")


def _check_nesting(value: Any) -> None:
    """Refuse what is too deep for whoever walks through it, and text that has no bytes."""
    level, depth = [value], 0
    while level:
        for each in level:
            if isinstance(each, str) and not each.isascii():
                check_text(each)
        level = [item for each in level for item in _inside(each)]
        depth += 1
        if depth == DEEPEST and any(isinstance(item, (list, dict)) for item in level):
            raise ValueError(f"nested deeper than {DEEPEST}")


def _inside(value: Any) -> Iterator[Any]:
    """The texts, lists and mappings that a value holds."""
    if isinstance(value, dict):
        yield from value
        value = value.values()
    elif not isinstance(value, list):
        return
    for item in value:
        if isinstance(item, (str, list, dict)):
            yield item
