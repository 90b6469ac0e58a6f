"""The text of a table in blocks of whole records, however long it is."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple

from mlp_edge.data.content.strays import declared_separator
from mlp_edge.data.content.values import LOOKED_AT
from mlp_edge.data.odd_lines import Odd
from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.data.reading.later import Block, Form
from mlp_edge.data.reading.layout import DELIMITERS, last_record
from mlp_edge.data.reading.read import read_head
from mlp_edge.data.reading.size import LONGEST_LINE, TOO_LONG
from mlp_edge.data.reading.source import Stream, shown_source
from mlp_edge.data.reading.text import (
    CHUNK,
    Text,
    check_encoded,
    check_language,
    check_magic,
    guessed_text,
    is_unicode_8,
    latin_text,
    line_ends,
    line_of,
    marked_encoding,
    nul_byte,
    recoded,
    unpacked_chunks,
)
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError

HEAD = 1 << 19
"""Bytes of a text that decide how all of it is written; more where they are too few records."""
MOST_HEAD = 1 << 22
"""Bytes of a head, however few its records are."""
BLOCK = 1 << 21
"""Bytes of a block, about; a longer record makes it longer."""


class Blocks(NamedTuple):
    """A text whose head has been read.

    Attributes:
        head: its first rows.
        form: how all of them are written.
        odd: lines among the first rows that are none, left out of ``head``.
        later: the rest of its records, in order.
    """

    head: Table
    form: Form
    odd: Odd
    later: Iterator[Block]


def read_blocks(stream: Stream, source: str, dialect: Dialect, skip: bool = False) -> Blocks:
    """Read the head of a text; the rest is read block by block.

    Args:
        stream: the file's bytes.
        source: as ``read_table`` takes it.
        dialect: what the user knows about how the table is written.
        skip: whether lines that are no rows will be skipped.

    Raises:
        TableError: naming file and line, as ``read_table``; for what only a later block shows,
            while blocks are read.
    """
    name = shown_source(source)
    chunks = unpacked_chunks(stream, name)
    start = next(chunks, b"")
    check_magic(start, name)
    encoding = dialect.encoding or marked_encoding(start) or "utf-8"
    pieces: Iterator[bytes] = chain([start], chunks)
    if not is_unicode_8(encoding):
        pieces = recoded(pieces, name, encoding)
    content, declared, ended = _head(pieces, dialect, name)
    delimiters = dialect.delimiter or declared or DELIMITERS
    cut = len(content) if ended else last_record(content, delimiters)
    if not cut and not ended:
        raise TableError(f"{name}, line 1: {TOO_LONG}")
    text, as_text = _decided(content[:cut], dialect, encoding, name)
    check_language(text.content[:CHUNK].decode("utf-8", "ignore"), name)
    head, form, odd = read_head(text, source, dialect, skip)
    first = line_of(content, cut)
    whole = _whole_records(chain([content[cut:]], pieces), first, delimiters, stream, name)
    later = (each._replace(content=as_text(each.content, each.line)) for each in whole)
    return Blocks(head, form, odd, later)


def _head(pieces: Iterator[bytes], dialect: Dialect, source: str) -> tuple[bytes, str | None, bool]:
    """The first bytes of a text, the separator that they declare, and whether they are all."""
    content = b""
    for piece in pieces:
        content += piece
        enough = len(content) >= HEAD and line_ends(content) > 2 * LOOKED_AT
        if enough or len(content) >= MOST_HEAD:
            break
    else:
        return content, declared_separator(content.removeprefix(codecs.BOM_UTF8)), True
    return content, declared_separator(content.removeprefix(codecs.BOM_UTF8)), False


AsText = Callable[[bytes, int], bytes]
"""Bytes of whole records and their first line to UTF-8; TableError where they are no text."""


def _decided(content: bytes, dialect: Dialect, encoding: str, source: str) -> tuple[Text, AsText]:
    """The head as text, and what makes text of everything below it."""

    def checked(block: bytes, line: int) -> bytes:
        if b"\0" in block:
            raise nul_byte(source, block, line)
        check_encoded(block, encoding, source, line)
        return block

    def latin(block: bytes, line: int) -> bytes:
        if b"\0" in block:
            raise nul_byte(source, block, line)
        return latin_text(block, source, line)

    if not is_unicode_8(encoding):
        return Text(content), lambda block, _: block
    if dialect.encoding is not None:
        return Text(checked(content, 1).removeprefix(codecs.BOM_UTF8)), checked
    if b"\0" in content:
        raise nul_byte(source, content)
    text = guessed_text(content, source)
    return text, latin if text.notes else checked


def _whole_records(
    pieces: Iterator[bytes], line: int, delimiters: str, stream: Stream, source: str
) -> Iterator[Block]:
    """Pieces of a text, whose first is on a line of its own, cut where records end.

    Raises:
        TableError: for a record that does not end.
    """
    kept = b""
    for piece in pieces:
        kept += piece
        if len(kept) < BLOCK:
            continue
        cut = last_record(kept, delimiters)
        if not cut:
            if len(kept) > LONGEST_LINE:
                raise TableError(f"{source}, line {line}: {TOO_LONG}")
            continue
        yield Block(kept[:cut], line, stream.taken)
        line += line_ends(kept[:cut])
        kept = kept[cut:]
    if kept:
        yield Block(kept, line, stream.taken)
