"""The tables of a C header as text, found in one pass, however the text was made."""

from __future__ import annotations

import re
from typing import NamedTuple

from mlp_edge.errors import ModelError

_BEGIN = re.compile(
    r"^static const (\w{1,20}) (\w{1,200})\[(\d{1,7})\](?:\[(\d{1,7})\])? MLP_EDGE_FLASH = \{",
    re.MULTILINE,
)
_END = "\n};"


class Written(NamedTuple):
    """A table as it is written.

    Attributes:
        kind: of its numbers, such as float.
        sizes: one or two.
        body: what stands between the braces, without comments.
    """

    kind: str
    sizes: tuple[int, ...]
    body: str


def written_tables(text: str, source: object) -> dict[str, Written]:
    """Every table of a header by its name, the first of each name.

    Raises:
        ModelError: naming ``source``, for a table without an end.
    """
    found: dict[str, Written] = {}
    place = 0
    while begin := _BEGIN.search(text, place):
        place = text.find(_END, begin.end() - 1)
        if place < 0:
            raise ModelError(f"{source}: damaged, the table {begin[2]} has no end")
        sizes = tuple(int(size) for size in begin.groups()[2:] if size)
        body = without_comments(text[begin.end() : place + 1])
        found.setdefault(begin[2], Written(begin[1], sizes, body))
    return found


def without_comments(text: str) -> str:
    """C without what stands between ``/*`` and ``*/``."""
    first, *others = text.split("/*")
    return first + "".join(other.partition("*/")[2] for other in others)
