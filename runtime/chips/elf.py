"""What a linked program for a small chip holds: bytes to load, names, how much memory it takes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

LOAD, SYMBOLS, NO_BITS = 1, 2, 8
WRITE, ALLOCATE = 1, 2


class Segment(NamedTuple):
    """Bytes that a program needs in memory.

    Attributes:
        address: where the program finds them.
        stored: where they lie before it starts: the flash, for variables with initial values.
        content: the bytes.
    """

    address: int
    stored: int
    content: bytes


@dataclass(frozen=True)
class Elf:
    """A linked program.

    Attributes:
        segments: what has to be loaded, in order; none is empty.
        symbols: addresses by name.
        flash: bytes of code, constants, and initial values of variables.
        data: bytes of variables with initial values.
        bss: bytes of variables that begin as zero.
    """

    segments: tuple[Segment, ...]
    symbols: dict[str, int]
    flash: int
    data: int
    bss: int

    @property
    def static(self) -> int:
        """Bytes of RAM that variables take: .data and .bss."""
        return self.data + self.bss


class _Section(NamedTuple):
    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int


def read_elf(content: bytes) -> Elf:
    """Read a program that a linker has just written; nothing else is expected to make sense."""
    offset, width, count = (*struct.unpack_from("<I", content, 32), *_counts(content, 46))
    sections = [
        _Section(*struct.unpack_from("<10I", content, offset + index * width))
        for index in range(count)
    ]
    kept = [section for section in sections if section.flags & ALLOCATE]
    bss = sum(section.size for section in kept if section.kind == NO_BITS)
    data = sum(
        section.size for section in kept if section.flags & WRITE and section.kind != NO_BITS
    )
    constant = sum(section.size for section in kept if not section.flags & WRITE)
    return Elf(
        segments=tuple(_segments(content)),
        symbols=dict(_symbols(content, sections)),
        flash=constant + data,
        data=data,
        bss=bss,
    )


def _counts(content: bytes, offset: int) -> tuple[int, int]:
    """Width and number of a table's entries."""
    width, count = struct.unpack_from("<HH", content, offset)
    return width, count


def _segments(content: bytes) -> Iterator[Segment]:
    (start,) = struct.unpack_from("<I", content, 28)
    width, count = _counts(content, 42)
    for index in range(count):
        kind, offset, address, stored, size = struct.unpack_from(
            "<5I", content, start + index * width
        )
        if kind == LOAD and size:
            yield Segment(address, stored, content[offset : offset + size])


def _symbols(content: bytes, sections: list[_Section]) -> Iterator[tuple[str, int]]:
    for section in sections:
        if section.kind != SYMBOLS:
            continue
        names = sections[section.link].offset
        for position in range(section.offset, section.offset + section.size, 16):
            name, value = struct.unpack_from("<II", content, position)
            end = content.index(b"\0", names + name)
            yield content[names + name : end].decode("ascii", "replace"), value
