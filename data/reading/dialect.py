"""`Dialect`: how a table is written, where detection would be wrong."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from mlp_edge.errors import RecipeError
from mlp_edge.settings import declared, setting

BLANKS = " "
"""The delimiter of a table whose cells are aligned by blanks: any run of spaces and tabs."""

_WORDS = {"tab": "\t", "\\t": "\t", "space": BLANKS}
_NEVER = "\"'.+-#\r\n\0"
"""Characters that begin numbers, cells, comments or lines, so that they cannot part cells."""


@dataclass(frozen=True)
class Dialect:
    r"""How a table is written; None leaves it to be guessed, and the guess to a note.

    Attributes:
        sep: what parts the cells: one ASCII character, or "tab", "\t", "space" (runs of blanks).
        decimal: "." or ",".
        encoding: a text encoding that Python knows, such as "latin-1" or "utf-16-le".
        header: whether the first line holds the column names.
        comments: whether every line that begins with # is left out; False lets each be a row.
        single_quotes: whether single quotes round a cell are taken off.

    Raises:
        RecipeError: from the constructor, when a value is none of these.
    """

    sep: str | None = declared(
        None, "Delimiter between cells: a character, tab or space.", "Table", shown="detected"
    )
    decimal: str | None = declared(None, 'Decimal mark: "." or ",".', "Table", shown="detected")
    encoding: str | None = declared(
        None, "Text encoding, such as utf-16 or latin-1.", "Table", shown="detected"
    )
    header: bool | None = declared(
        None, "Whether the first line names the columns.", "Table", shown="detected"
    )
    comments: bool | None = declared(
        None, "Whether to skip lines that begin with #.", "Table", shown="detected"
    )
    single_quotes: bool | None = declared(
        None, "Whether to strip single quotes around cells.", "Table", shown="detected"
    )

    def __post_init__(self) -> None:
        if self.sep is not None:
            _check_sep(self.sep)
        if self.decimal not in (None, ".", ","):
            raise RecipeError(f'{setting("decimal", self.decimal)} is neither "." nor ","')
        if self.encoding is not None and not _is_text_encoding(self.encoding):
            raise RecipeError(
                f"{setting('encoding', self.encoding)} is no text encoding that Python knows; "
                "utf-8, utf-16, latin-1 and cp1252 are some"
            )

    @property
    def delimiter(self) -> str | None:
        """The character meant by ``sep``; ``BLANKS`` for runs of blanks."""
        return None if self.sep is None else _WORDS.get(self.sep.lower(), self.sep)


def _check_sep(sep: str) -> None:
    mark = _WORDS.get(sep.lower(), sep)
    if len(mark) != 1 or not mark.isascii() or mark.isalnum() or mark in _NEVER:
        raise RecipeError(
            f"{setting('sep', sep)} cannot separate cells; it takes one character, such as "
            "',', ';' or '|', or a word: tab, space"
        )


def _is_text_encoding(name: str) -> bool:
    try:
        codecs.lookup(name)
        # Refuses what is a codec but not of text, such as "hex" and "rot13".
        b"a,b".decode(name, errors="ignore")
    except (LookupError, ValueError):
        return False
    return True
