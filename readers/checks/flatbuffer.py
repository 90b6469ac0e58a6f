"""Flatbuffers verified: every offset stays in the file, before anybody follows one.

A flatbuffer is a web of offsets. Readers in Python and C++ follow them as they come; from a file
that nobody vouches for, they lead anywhere. What is not in the schema that is asked for is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

Kind = int | str
"""Of a field: bytes of a number, "string", "[4]" for numbers of 4 bytes, "[Tensor]" for tables,
"Tensor" for a table, "?" for a table whose fields are numbers of its own, "-" for what may not be
there."""
Schema = Mapping[str, Sequence[Kind]]
"""Table -> its fields, in the order of their numbers."""
MOST_TABLES = 100_000


class Verified:
    """A flatbuffer whose offsets are all in order, as far as a schema describes it.

    Args:
        content: the file.
        schema: of its tables.
        root: the table that it is.
        unions: field of a table -> type -> table that stands there; another type is "?".

    Raises:
        ValueError: in one line, when one is not.
    """

    def __init__(
        self, content: bytes, schema: Schema, root: str, unions: Mapping[str, Mapping[int, str]]
    ) -> None:
        self._content = content
        self._schema = schema
        self._unions = unions
        # Many offsets may lead to one place; whoever copies what they find there needs an end.
        self._left = 4 * len(content) + 1024
        self._tables = 0
        self.root: dict[int, Any] = self._table(self._offset(0), root)

    def _number(self, place: int, form: str) -> int:
        size = struct.calcsize(form)
        if not 0 <= place <= len(self._content) - size:
            raise ValueError(f"an offset to byte {place:,} of {len(self._content):,}")
        return int(struct.unpack_from(form, self._content, place)[0])

    def _offset(self, place: int) -> int:
        return place + self._number(place, "<I")

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise ValueError("offsets that lead to the same bytes again and again")

    def _table(self, place: int, name: str) -> dict[int, Any]:
        """A table's fields by their numbers in the schema; what is not there is left out."""
        self._tables += 1
        if self._tables > MOST_TABLES:
            raise ValueError(f"more than {MOST_TABLES:,} tables")
        vtable = place - self._number(place, "<i")
        size, length = self._number(vtable, "<H"), self._number(vtable + 2, "<H")
        if size < 4 or size % 2 or length < 4 or vtable + size > len(self._content):
            raise ValueError(f"a table at byte {place:,} that makes no sense")
        if place + length > len(self._content):
            raise ValueError(f"a table at byte {place:,} that ends beyond the file")
        self._spend(size + length)
        slots = [self._number(vtable + 4 + 2 * i, "<H") for i in range((size - 4) // 2)]
        if any(slot and not 4 <= slot < length for slot in slots):
            raise ValueError(f"a table at byte {place:,} with a field outside of it")
        if name == "?":
            return {}
        kinds = self._schema[name]
        fields: dict[int, Any] = {}
        for number, slot in enumerate(slots):
            if slot:
                kind = kinds[number] if number < len(kinds) else "-"
                if kind == "-":
                    raise ValueError(f"a {name} with field {number}, which no model here has")
                room = length - slot
                union = self._unions.get(f"{name}.{number}")
                if union is not None:
                    kind = union.get(fields.get(number - 1, 0), "?")
                fields[number] = self._value(place + slot, room, kind)
        return fields

    def _value(self, place: int, room: int, kind: Kind) -> Any:
        if isinstance(kind, int):
            if room < kind:
                raise ValueError(f"a number at byte {place:,} that its table has no room for")
            return self._number(place, {1: "<b", 2: "<h", 4: "<i", 8: "<q"}[kind])
        if room < 4:
            raise ValueError(f"an offset at byte {place:,} that its table has no room for")
        target = self._offset(place)
        if kind == "string":
            return self._string(target)
        if kind.startswith("["):
            return self._vector(target, kind[1:-1])
        return self._table(target, kind)

    def _vector(self, place: int, item: str) -> Any:
        count = self._number(place, "<I")
        size = int(item) if item.isdigit() else 4
        end = place + 4 + count * size
        if end > len(self._content):
            raise ValueError(f"{count:,} items at byte {place:,}, where the file ends before them")
        self._spend(4 + count * size)
        if item.isdigit():
            if place % 4 or (size == 8 and (place + 4) % 8):
                raise ValueError(f"numbers at byte {place:,} that do not stand in line")
            return memoryview(self._content)[place + 4 : end]
        if item == "string":
            return [self._string(self._offset(place + 4 + 4 * i)) for i in range(count)]
        return [self._table(self._offset(place + 4 + 4 * i), item) for i in range(count)]

    def _string(self, place: int) -> str:
        text = bytes(self._vector(place, "1"))
        if self._content[place + 4 + len(text) : place + 5 + len(text)] != b"\0":
            raise ValueError(f"a text at byte {place:,} without an end")
        return text.decode("utf-8")
