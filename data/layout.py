"""Where each row of a CSV file begins: records and the lines they stand on.

The reader of cells (``mlp_edge.data.duck``) counts records, people count lines. The two differ by
blank lines and by line ends inside quoted cells, so this file tells them apart first. What it
finds is also the check that no row was lost: the reader must return as many rows as there are
records.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

QUOTED = re.compile(r'(?<![^,;\t|\r\n])[ \t]*"[^"]*+(?:""[^"]*+)*+(?:"|\Z)')
"""A quoted cell: it opens at the start of a line or after a delimiter; "" inside is one mark."""

DELIMITERS = ",;\t"
"""What separates cells when the sniffer cannot tell, in order of preference."""

_NEWLINE = re.compile(r"\r\n|\n|\r")
# Stand-ins for line ends inside quoted cells. The text is known to hold no NUL.
_HIDDEN = (("\r\n", "\0b"), ("\n", "\0n"), ("\r", "\0r"))


@dataclass(frozen=True)
class Record:
    """One row of cells as text.

    Attributes:
        text: the cells and their delimiters, without the line end.
        line: 1-based line of the file on which it begins.
    """

    text: str
    line: int


def records(text: str) -> list[Record]:
    """The records of a CSV text, blank lines left out."""
    hidden = QUOTED.sub(_hide, text) if '"' in text else text
    lines = _NEWLINE.split(hidden)
    starts = accumulate((1 + line.count("\0") for line in lines), initial=1)
    return [
        Record(_reveal(line), start)
        for line, start in zip(lines, starts, strict=False)
        if line.strip()
    ]


def likely_delimiter(rows: Sequence[Record]) -> str:
    """The delimiter that occurs most outside quoted cells; a comma when there is none."""
    bare = "\n".join(QUOTED.sub("", row.text) for row in rows)
    return max(DELIMITERS, key=bare.count)


def width(row: Record, delimiter: str) -> int:
    """How many cells a record has."""
    return QUOTED.sub("", row.text).count(delimiter) + 1


def _hide(cell: re.Match[str]) -> str:
    text = cell.group()
    for newline, stand_in in _HIDDEN:
        text = text.replace(newline, stand_in)
    return text


def _reveal(line: str) -> str:
    if "\0" in line:
        for newline, stand_in in _HIDDEN:
            line = line.replace(stand_in, newline)
    return line
