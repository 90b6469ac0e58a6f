"""Protobuf messages as what they are: fields by number, whose meaning the reader knows."""

from __future__ import annotations

from collections.abc import Iterator


class Message:
    """A protobuf message: its fields by number, undecoded.

    Args:
        data: its bytes.

    Raises:
        ValueError: for bytes that are no message.
    """

    def __init__(self, data: memoryview) -> None:
        self._fields: dict[int, list[int | memoryview]] = {}
        for number, value in _fields(data):
            self._fields.setdefault(number, []).append(value)

    def messages(self, number: int) -> list[Message]:
        """A repeated message."""
        return [Message(_bytes(value)) for value in self._fields.get(number, [])]

    def text(self, number: int) -> str:
        """A string; "" when it is not there."""
        return bytes(self.content(number)).decode()

    def texts(self, number: int) -> list[str]:
        """A repeated string."""
        return [bytes(_bytes(value)).decode() for value in self._fields.get(number, [])]

    def content(self, number: int) -> memoryview:
        """Bytes; none when they are not there."""
        return _bytes(self._fields.get(number, [memoryview(b"")])[-1])

    def size(self, number: int) -> int:
        """Bytes of all that a field has, packed or not."""
        return sum(len(_bytes(value)) for value in self._fields.get(number, []))

    def number(self, number: int) -> int:
        """An integer; 0 when it is not there."""
        return next(reversed(self.numbers(number)), 0)

    def numbers(self, number: int) -> list[int]:
        """A repeated integer, packed or not."""
        numbers: list[int] = []
        for value in self._fields.get(number, []):
            numbers += [value] if isinstance(value, int) else _packed(value)
        return numbers


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of each field: an integer, or bytes whose meaning the schema knows."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield key >> 3, value
            continue
        if kind == 2:
            size, place = _varint(data, place)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"no protobuf at byte {place}")
        if size > len(data) - place:
            raise ValueError("it ends too early")
        yield key >> 3, data[place : place + size]
        place += size


def _varint(data: memoryview, place: int) -> tuple[int, int]:
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
        number, place = _varint(data, place)
        numbers.append(number)
    return numbers


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise TypeError("a number where bytes belong")
    return value
