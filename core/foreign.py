"""Untrusted text (names, labels, cells, paths) as it is printed, typed and stored."""

from __future__ import annotations

import shlex
import unicodedata
from pathlib import Path


def check_text(text: str) -> None:
    """Refuse text that no file can hold.

    Raises:
        ValueError: for half a character: a lone surrogate, as Python keeps a byte that is no text.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("text with half a character (a lone surrogate)") from None


def spelled(text: str) -> str:
    r"""The text with every lone surrogate as Python spells it: ``r"\udc9b"``."""
    return text.encode("utf-8", "backslashreplace").decode()


def printable(text: str) -> str:
    r"""The text with every character that a terminal may act on, or not show, as Python spells it.

    Those are control characters (the escape that begins a terminal's commands, line ends, tabs),
    marks that turn the direction of writing, characters of no width, lone surrogates and code
    points without a character: ``"\x1b[31m"`` becomes ``r"\x1b[31m"``. Letters and blanks of any
    script stay.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or unicodedata.category(character) == "Zs"
        else character.encode("unicode_escape").decode()
        for character in text
    )


def shortened(text: str, most: int) -> str:
    """The text, or both ends of one that is longer than ``most``, and how long it is."""
    if len(text) <= most:
        return text
    end = most // 2
    return f"{text[:end]}…{text[-end:]} ({len(text):,} characters)"


def typed(path: Path | str) -> str:
    """A path as a shell takes it, and never like an option."""
    text = str(path)
    return quoted(f"./{text}" if text.startswith("-") else text)


def quoted(text: str) -> str:
    """A word as a shell takes it: in quotes where it has to be."""
    if text.isprintable():
        return shlex.quote(text)
    # bash, zsh, ksh and POSIX 2024 know this form; plain quotes would carry the character itself.
    spelled = "".join(
        character if character.isprintable() and character not in "\\'" else _escape(character)
        for character in text
    )
    return f"$'{spelled}'"


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no text, as Python keeps it in a path
        return f"\\x{code - 0xDC00:02x}"
    return f"\\{character}" if character in "\\'" else f"\\U{code:08x}"
