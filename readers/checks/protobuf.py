"""Protobuf messages as they come: fields by number, undecoded, and never more than a few millions.

Neither a schema nor a library is needed; what a field means, its reader knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MOST_FIELDS = 2_000_000
"""Of a message; numbers of weights are written as one field of bytes."""
MOST_MESSAGES = 20_000
"""Of a kind in another: operators, tensors."""


class Message:
    """A protobuf message: its fields by number, undecoded.

    Args:
        data: its bytes.

    Raises:
        ValueError: for bytes that are no message.
    """

    def __init__(self, data: memoryview) -> None:
        self._fields: dict[int, list[int | memoryview]] = {}
        for count, (number, value) in enumerate(fields_of(data)):
            if count >= MOST_FIELDS:
                raise ValueError(f"a message of more than {MOST_FIELDS:,} fields")
            self._fields.setdefault(number, []).append(value)

    def has(self, number: int) -> bool:
        """Whether a field is there, with anything in it."""
        return any(isinstance(value, int) or len(value) for value in self._fields.get(number, []))

    def messages(self, number: int) -> list[Message]:
        """A repeated message."""
        values = self._fields.get(number, [])
        if len(values) > MOST_MESSAGES:
            raise ValueError(f"more than {MOST_MESSAGES:,} messages of a kind")
        return [Message(_bytes(value)) for value in values]

    def text(self, number: int) -> str:
        """A string; "" when it is not there."""
        return bytes(self.content(number)).decode()

    def texts(self, number: int) -> list[str]:
        """A repeated string."""
        return [bytes(_bytes(value)).decode() for value in self._fields.get(number, [])]

    def content(self, number: int) -> memoryview:
        """Bytes; none when they are not there."""
        return _bytes(self._fields.get(number, [memoryview(b"")])[-1])

    def joined(self, number: int) -> bytes:
        """The bytes of all that a field has: numbers of a fixed width, packed or not."""
        return b"".join(_bytes(value) for value in self._fields.get(number, []))

    def number(self, number: int) -> int:
        """An integer; 0 when it is not there."""
        return next(reversed(self.numbers(number)), 0)

    def size(self, number: int) -> int:
        """Bytes of all that a field has, packed or not."""
        return sum(len(_bytes(value)) for value in self._fields.get(number, []))

    def numbers(self, number: int) -> list[int]:
        """A repeated integer, packed or not."""
        numbers: list[int] = []
        for value in self._fields.get(number, []):
            numbers += [value] if isinstance(value, int) else _packed(value)
        return numbers


def written(fields: Iterable[tuple[int, int | bytes | memoryview]]) -> bytes:
    """Fields as a message: integers as such, everything else as bytes with their length."""
    found = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            found += _as_varint(number << 3) + _as_varint(value)
        else:
            found += _as_varint(number << 3 | 2) + _as_varint(len(value)) + value
    return bytes(found)


def _as_varint(number: int) -> bytes:
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*found, number))


def fields_of(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of each field: an integer, or bytes whose meaning the schema knows."""
    place = 0
    while place < len(data):
        key, place = varint(data, place)
        kind = key & 7
        if kind == 0:
            value, place = varint(data, place)
            yield key >> 3, value
            continue
        if kind == 2:
            size, place = varint(data, place)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"no protobuf at byte {place}")
        if size > len(data) - place:
            raise ValueError("it ends too early")
        yield key >> 3, data[place : place + size]
        place += size


def varint(data: memoryview, place: int) -> tuple[int, int]:
    """An integer of seven bits per byte, the lowest first, and where the next field begins."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("a number without an end")


def _packed(data: memoryview) -> list[int]:
    numbers, place = [], 0
    while place < len(data):
        number, place = varint(data, place)
        numbers.append(number)
        if len(numbers) > MOST_FIELDS:
            raise ValueError(f"more than {MOST_FIELDS:,} numbers, one by one")
    return numbers


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise TypeError("a number where bytes belong")
    return value
