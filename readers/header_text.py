"""The card and the tables of a C header as text, found in one pass, whoever made the text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from mlp_edge.card import Card
from mlp_edge.errors import ModelError
from mlp_edge.metadata import HEADER_CARD
from mlp_edge.mlp import check_name
from mlp_edge.reading import read_file

_BEGIN = re.compile(
    r"^static const (\w{1,20}) (\w{1,200})\[(\d{1,7})\](?:\[(\d{1,7})\])? MLP_EDGE_FLASH = \{",
    re.MULTILINE,
)
_END = "\n};"
# export/c/text.py writes the card, at the end, so a header that has been cut short has none. Older
# headers have the JSON in the line of the mark.
_CARD = re.compile(
    rf"^/\* {HEADER_CARD}(?: (?P<line>\{{.*\}})|\n(?P<lines>(?: \* .*\n)+)) \*/$", re.MULTILINE
)
_PREFIX = len(" * ")


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


def header_text(path: Path) -> str:
    """The text of a header, its lines ended by a line feed; raises as ``read_file`` does."""
    # An editor, or git on Windows, ends lines by a carriage return too.
    return read_file(path).decode("utf-8", "replace").replace("\r\n", "\n")


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


def read_card(text: str, source: object, what: str = "a header") -> Card:
    """The card in the text of a header, or of a script.

    Raises:
        ModelError: naming ``source``, when it holds no card, or one that makes no sense.
    """
    found = _CARD.search(text)
    if found is None:
        raise ModelError(
            f"{source}: not {what} that mlp-edge export wrote, or not all of it (the card at its "
            "end is missing)"
        )
    try:
        card = Card.from_json(_json(found), source)
    except TypeError as error:
        raise ModelError(f"{source}: its card makes no sense ({error})") from error
    _check_name(card.name, source)
    return card


def has_card(text: str) -> bool:
    """Whether there is a card to read, good or not."""
    return _CARD.search(text) is not None


def _json(card: re.Match[str]) -> str:
    """The bytes that the exporter wrote, which it has wrapped."""
    return card["line"] or "".join(line[_PREFIX:] for line in card["lines"].splitlines())


def _check_name(name: object, source: object) -> None:
    # The name is about to be pasted into C.
    try:
        check_name(str(name))
    except ModelError as error:
        raise ModelError(f"{source}: its card calls the model {name!r}, no C identifier") from error
