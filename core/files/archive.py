"""Reads members of a zip and arrays of an npz, trusting no size that they state."""

from __future__ import annotations

import io
import math
import re
import zipfile
import zlib
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import first_line
from mlp_edge.reading import limit, too_large

ENTRY = b"PK\1\2"
"""How the entry of a member begins in a zip's list of them."""
MOST_MEMBERS = 100
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<>|][a-zA-Z]\d{1,3})', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,18}(?:, ?)?){0,4})\), \} *\n",
    re.DOTALL,
)
"""How NumPy says what an array of plain numbers is, in version 1.0 of its format."""
_SIZE = re.compile(rb"\d+")


def read_members(content: bytes, names: Collection[str]) -> dict[str, bytes]:
    """Unpack a zip that may hold these members and no other.

    Args:
        content: of the file.
        names: of the members; those that are not there are left out.

    Returns:
        Name -> content.

    Raises:
        ValueError: in one line, for what is no zip or damaged, for other members, encrypted ones,
            or more bytes than ``mlp_edge.reading.limit``.
    """
    if content.count(ENTRY) > MOST_MEMBERS:  # before a list of millions is made of them
        raise ValueError(f"a zip of more than {MOST_MEMBERS} members")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            found: dict[str, bytes] = {}
            for member in members:
                _check_member(member, names, found)
                found[member.filename] = _unpacked(archive, member, _left(found))
            return found
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        RuntimeError,
        NotImplementedError,
        LookupError,
        OverflowError,
    ) as error:
        raise ValueError(first_line(error)) from error


def _left(found: dict[str, bytes]) -> int:
    return limit() - sum(map(len, found.values()))


def _check_member(member: zipfile.ZipInfo, names: Collection[str], found: Collection[str]) -> None:
    name = member.filename
    if name not in names:
        raise ValueError(f"it holds {name[:80]!r}, which does not belong there")
    if name in found:
        raise ValueError(f"it holds {name} twice")
    if member.flag_bits & 1:
        raise ValueError(f"its {name} is encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"its {name} is packed in another way than a zip's usual one")


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int) -> bytes:
    if member.file_size <= left:
        with archive.open(member) as file:
            content = file.read(left + 1)  # what it says of its size binds nobody
        if len(content) <= left:
            return content
    raise ValueError(f"its {member.filename} unpacks to {too_large(member.file_size)}")


def read_array(content: bytes, dtypes: Collection[str]) -> NDArray[np.generic]:
    """An array as NumPy's .npy format has it, in C order.

    Args:
        content: of the member of an npz.
        dtypes: that it may have, such as ``"<f4"``.

    Raises:
        ValueError: in one line, for anything else, and where the numbers are not those that its
            shape asks for.
    """
    # NumPy's own reader evaluates the header as Python, which has many ways to fail.
    found = _HEADER.match(content)
    if found is None:
        raise ValueError("no array of numbers in the order of C")
    dtype = found[1].decode()
    if dtype not in dtypes:
        raise ValueError(f"an array of {dtype}, where {' or '.join(dtypes)} belongs")
    shape = tuple(int(size) for size in _SIZE.findall(found[2]))
    numbers = content[found.end() :]
    if len(numbers) != math.prod(shape) * np.dtype(dtype).itemsize:
        raise ValueError(f"{len(numbers):,} bytes for an array of the shape {shape}")
    return np.frombuffer(numbers, dtype).reshape(shape)
