"""The variables of a SavedModel: variables.index says where each stands in variables.data-….

The index is a sorted table of LevelDB: blocks of keys, each of which is told by how much of the key
before it stays; at the end of the file stands where the block of blocks is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.readers.checks.protobuf import Message, varint
from mlp_edge.readers.saved_model.checksum import masked_crc32c
from mlp_edge.readers.saved_model.tensors import DTYPES, in_numbers, shape_of
from mlp_edge.reading import limit, read_file, too_large

FOLDER = "variables"
FOOTER, MAGIC = 48, b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"
TRAILER = 5
"""Bytes behind a block: how it is packed, and its checksum."""
MOST_ENTRIES, LONGEST_KEY = 100_000, 1_000


class Entry(NamedTuple):
    """Where a variable stands."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int


class Variables:
    """The variables beside a saved_model.pb, each read when it is asked for.

    Args:
        folder: of the SavedModel. Nothing outside of it is read, by whatever link.

    Raises:
        ModelError: naming the file that is missing, too large or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._left = limit()
        place = folder / FOLDER / "variables.index"
        self._entries: dict[str, Entry] = {}
        self._contents: dict[int, bytes] = {}
        self._shards = 0
        if not place.exists():  # a graph of constants has none
            return
        try:
            for key, value in _table(self._read("variables.index")):
                message = Message(value)
                if key:
                    self._entries[key.decode()] = _entry(message)
                else:
                    self._shards = message.number(1)
        except (ValueError, IndexError, TypeError) as error:
            raise ModelError(f"{place}: not an index of variables, or a damaged one") from error

    def array(self, key: str) -> NDArray[Any]:
        """The numbers of a variable, float16 and bfloat16 as float32.

        Raises:
            ModelError: where it is not there, is no array of numbers, or damaged.
        """
        if key not in self._entries:
            raise ModelError(f"its variable {key[:80]!r} is not among those in {FOLDER}/")
        entry = self._entries[key]
        if entry.dtype not in DTYPES or entry.size != (
            math.prod(entry.shape) * np.dtype(DTYPES[entry.dtype]).itemsize
        ):
            raise ModelError(f"its variable {key[:80]!r} is no whole array of numbers")
        content = self._shard(entry.shard)
        end = entry.offset + entry.size
        if end > len(content):
            raise ModelError(f"its variable {key[:80]!r} ends behind the end of its file")
        numbers = content[entry.offset : end]
        if masked_crc32c(numbers) != entry.checksum:
            raise ModelError(f"its variable {key[:80]!r} is damaged: its checksum is another")
        return in_numbers(numbers, entry.dtype).reshape(entry.shape)

    def _shard(self, number: int) -> bytes:
        if number not in self._contents:
            name = f"variables.data-{number:05}-of-{self._shards:05}"
            self._contents[number] = self._read(name)
        return self._contents[number]

    def _read(self, name: str) -> bytes:
        place = self._folder / FOLDER / name
        if not place.resolve().is_relative_to(self._folder):
            raise ModelError(f"{place}: a link out of the SavedModel")
        content = read_file(place)
        self._left -= len(content)
        if self._left < 0:
            raise ModelError(f"{self._folder / FOLDER}: {too_large(limit() - self._left)}")
        return content


def _entry(message: Message) -> Entry:
    if message.has(7):
        raise ValueError("a variable in slices")
    dtype, shard, offset, size = (message.number(field) for field in (1, 3, 4, 5))
    checksum = int.from_bytes(message.joined(6), "little")
    return Entry(dtype, shape_of(message.messages(2)), shard, offset, size, checksum)


def _table(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """(key, value) of a table, in the order of the keys."""
    data = memoryview(content)
    if len(data) < FOOTER or content[-len(MAGIC) :] != MAGIC:
        raise ValueError("no table")
    _, place = _handle(data, len(data) - FOOTER)
    index, _ = _handle(data, place)
    count = 0
    for _, handle in _block(data, index):
        for entry in _block(data, _handle(handle, 0)[0]):
            count += 1
            if count > MOST_ENTRIES:
                raise ValueError("too many entries")
            yield entry


def _handle(data: memoryview, place: int) -> tuple[tuple[int, int], int]:
    """(offset, size) of a block, and where the next number begins."""
    offset, place = varint(data, place)
    size, place = varint(data, place)
    return (offset, size), place


def _block(data: memoryview, handle: tuple[int, int]) -> Iterator[tuple[bytes, memoryview]]:
    offset, size = handle
    if offset + size + TRAILER > len(data):
        raise ValueError("a block that ends behind the file")
    packed, *checksum = data[offset + size : offset + size + TRAILER]
    if packed or masked_crc32c(data[offset : offset + size + 1]) != int.from_bytes(
        bytes(checksum), "little"
    ):
        raise ValueError("a block that is packed or damaged")
    block = data[offset : offset + size]
    restarts = int.from_bytes(block[-4:], "little")
    end, place, key = len(block) - 4 - 4 * restarts, 0, b""
    while place < end:
        same, place = varint(block, place)
        new, place = varint(block, place)
        length, place = varint(block, place)
        if same > len(key) or same + new > LONGEST_KEY or place + new + length > end:
            raise ValueError("an entry that ends behind its block")
        key = key[:same] + bytes(block[place : place + new])
        place += new
        yield key, block[place : place + length]
        place += length
