"""Labels as a table of C strings: any text, harmless, in flash."""

from __future__ import annotations

from mlp_edge.export.c.text import WIDTH
from mlp_edge.mlp import Mlp

_PLAIN = set(range(0x20, 0x7F)) - set(b'"\\?*')
"""Bytes that stand for themselves: "?" might begin a trigraph, "*" look like a comment's end."""
_INDENT = 4


def label_rows(mlp: Mlp) -> list[str]:
    """A line, or more where they are long, per label: strings, each followed by a comma."""
    return ["\n".join(_strings(label)) + "," for label in mlp.labels]


def label_size(mlp: Mlp) -> int:
    """Bytes that the longest label takes, with the 0 at its end."""
    return max(len(label.encode()) for label in mlp.labels) + 1


def _strings(label: str) -> list[str]:
    """UTF-8, every byte outside of printable ASCII in octal, in pieces that fit a line."""
    pieces, piece = [], ""
    for byte in label.encode():
        # Three octal digits always: a digit that follows is no part of them.
        character = chr(byte) if byte in _PLAIN else f"\\{byte:03o}"
        if len(piece) + len(character) > WIDTH - _INDENT - len('"",'):
            pieces.append(piece)
            piece = ""
        piece += character
    return [f'{" " * _INDENT}"{piece}"' for piece in [*pieces, piece]]
