"""Numbers and names as C source: bit for bit, and harmless whatever they hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from textwrap import TextWrapper

import numpy as np

from mlp_edge.integers.quantised import Integers
from mlp_edge.metadata import HEADER_CARD
from mlp_edge.mlp import Floats

WIDTH = 100
"""Columns of a header's lines."""


def literal(value: np.float32 | float) -> str:
    """A float32 as C source that reads back bit for bit: 9 significant digits and an f."""
    digits = f"{float(value):.9g}"
    return f"{digits}f" if "." in digits or "e" in digits else f"{digits}.0f"


def quoted(text: str) -> str:
    """Any text, in quotes, as it may stand in a C comment: one line of ASCII."""
    return commentable(json.dumps(text))


def commentable(json_text: str) -> str:
    """JSON that says the same and may stand in a C comment."""
    # Inside a JSON string a character may be written \uXXXX. That keeps text from ending the
    # comment, from opening another one (-Wcomment) and from forming a trigraph (-Wtrigraphs).
    return json_text.replace("*/", "*\\u002f").replace("/*", "\\u002f*").replace("??", "?\\u003f")


def card_comment(json_text: str) -> str:
    """One line of JSON as a comment whose lines fit the page; ``readers/header_text.py`` reads it.

    The lines after ``* `` are the JSON when they are put together again as they are. They end after
    a comma where they can, so that no space stands at an end, which editors remove.
    """
    lines, rest = [], commentable(json_text)
    room = WIDTH - len(" * ")
    while len(rest) > room:
        end = rest.rfind(", ", 0, room) + 1 or len(rest[:room].rstrip(" ")) or room
        lines.append(f" * {rest[:end]}")
        rest = rest[end:]
    return "\n".join([f"/* {HEADER_CARD}", *lines, f" * {rest}", " */"])


def comment_lines(paragraph: str) -> str:
    """A paragraph as lines within a comment, broken where the page ends."""
    wrapper = TextWrapper(WIDTH, initial_indent=" * ", subsequent_indent=" * ")
    wrapper.break_long_words = wrapper.break_on_hyphens = False
    return wrapper.fill(paragraph) + "\n"


def initialiser(values: Floats | Integers) -> str:
    """The initialiser of a vector."""
    return f"{{\n{row('    ', values)}\n}}"


def row(start: str, values: Floats | Integers, end: str = ",") -> str:
    """Literals between ``start`` and ``end``, wrapped, the lines below the first one indented."""
    items = [value if isinstance(value, int) else literal(value) for value in values.tolist()]
    return wrapped(start, [str(item) for item in items], end, len(start))


def wrapped(start: str, items: list[str], end: str, indent: int, width: int = WIDTH) -> str:
    """``start``, the items with commas between them, ``end``; broken after a comma at ``width``."""
    lines, line = [], start + items[0]
    for item in items[1:]:
        if len(line) + len(item) + len(", ") + len(end) > width:
            lines.append(f"{line},")
            line = " " * indent + item
        else:
            line += f", {item}"
    return "\n".join([*lines, line + end])


def at(array: str, index: int) -> str:
    """Where in an array the number of that index is, as a C expression."""
    return f"&{array}[{index}]" if index else array


def runs(indices: Iterable[int]) -> Iterator[list[int]]:
    """Indices in groups of neighbours: 1 2 3 7 8 -> [1, 2, 3], [7, 8]."""
    for _, group in groupby(enumerate(indices), key=lambda pair: pair[1] - pair[0]):
        yield [index for _, index in group]
