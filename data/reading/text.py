"""Decodes the bytes of a table as text, or says in a sentence what they are instead."""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from mlp_edge.data.reading.size import too_large
from mlp_edge.data.reading.source import Stream
from mlp_edge.errors import TableError
from mlp_edge.finding import Finding
from mlp_edge.settings import setting

CHUNK = 1 << 20
"""Bytes read at a time: a file that turns binary after a gigabyte never fills the memory."""

PARQUET = b"PAR1"
"""The first bytes of a Parquet file."""

_GZIP = b"\x1f\x8b"
_MAGIC = (
    (b"PK\x03\x04", "a zip archive, perhaps a spreadsheet (.xlsx, .ods)"),
    (b"\xd0\xcf\x11\xe0", "an old Office document, perhaps a spreadsheet (.xls)"),
    (PARQUET, "a Parquet file inside gzip"),
    (_GZIP, "gzip inside gzip"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy file"),
    (b"ARROW1", "an Arrow file"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstandard archive"),
)
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NEWLINE = re.compile(rb"\r\n|\n|\r")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_MARKUP = re.compile(r"<(?:!doctype|!--|\?xml|html|head|body|table|svg|div)\b", re.IGNORECASE)
_JSON = re.compile(r'\{\s*"[^"]*"\s*:|\[\s*\{\s*"')
_ARFF = re.compile(r"^@relation\s", re.IGNORECASE | re.MULTILINE)


class Text(NamedTuple):
    """A table's text.

    Attributes:
        content: UTF-8 without a byte order mark and without a NUL, line ends untouched.
        notes: what was guessed of its encoding.
    """

    content: bytes
    notes: tuple[Finding, ...] = ()


def read_text(stream: Stream, source: str, encoding: str | None = None) -> Text:
    """The text of a file, plain or gzipped: UTF-8, UTF-16 or -32 by its mark, else Windows-1252.

    Args:
        stream: the file's bytes; read to the end, or to the first that is no text.
        source: the file as messages name it.
        encoding: the user's word for it, a text encoding that Python knows.

    Raises:
        TableError: when the file is not text, is text of another kind, or is more than the
            stream may hold, also once unpacked.
        OSError: when the system fails to read it.
    """
    chunks = unpacked_chunks(stream, source)
    start = next(chunks, b"")
    check_magic(start, source)
    text = _decoded(start, chunks, source, encoding)
    check_language(text.content[:CHUNK].decode("utf-8", "ignore"), source)
    return text


def unpacked_chunks(stream: Stream, source: str) -> Iterator[bytes]:
    """The bytes of a file, plain or gzipped, ``CHUNK`` at a time.

    Raises:
        TableError: when gzip data is damaged, or more than the stream may hold.
    """
    try:
        yield from _unpacked(stream) if stream.head.startswith(_GZIP) else _chunks(stream)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise TableError(
            f"{source}: damaged gzip data ({error}); fetch or compress the file again"
        ) from error


def _chunks(file: Stream | gzip.GzipFile) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _unpacked(stream: Stream) -> Iterator[bytes]:
    """What a gzip file holds; refuses at the first byte too many, before unpacking on."""
    left = stream.most
    for chunk in _chunks(gzip.GzipFile(fileobj=stream)):
        left -= len(chunk)
        if left < 0:
            raise too_large(stream.name, "once unpacked", stream.most)
        yield chunk


def unpacked_head(content: bytes, size: int) -> bytes:
    """The first bytes of a file, at most ``size``, unpacked where they are gzip.

    Raises:
        zlib.error: for damaged data.
    """
    if not content.startswith(_GZIP):
        return content[:size]
    return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content, size)


def check_magic(head: bytes, source: str) -> None:
    """Refuse a file that begins as some other kind of file does."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            raise TableError(
                f"{source}: looks like {kind}; save or export the table as CSV in UTF-8"
            )


def _decoded(start: bytes, rest: Iterator[bytes], source: str, encoding: str | None) -> Text:
    chunks = chain([start], rest)
    if encoding is None:
        marked = marked_encoding(start)
        if marked is not None:
            return Text(b"".join(recoded(chunks, source, marked)))
        return guessed_text(_without_nul(chunks, source), source)
    if not is_unicode_8(encoding):
        return Text(b"".join(recoded(chunks, source, encoding)))
    content = _without_nul(chunks, source)
    check_encoded(content, encoding, source)
    return Text(content.removeprefix(codecs.BOM_UTF8))


def marked_encoding(start: bytes) -> str | None:
    """The encoding that a byte order mark names; None where there is none, or UTF-8's."""
    return next((name for mark, name in _MARKS if start.startswith(mark)), None)


def is_unicode_8(encoding: str) -> bool:
    """Whether text in an encoding is UTF-8 as it stands."""
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii")


def _without_nul(chunks: Iterator[bytes], source: str) -> bytes:
    """Everything in the file; refuses at the first NUL byte, before reading on."""
    kept: list[bytes] = []
    for chunk in chunks:
        kept.append(chunk)
        if b"\0" in chunk:
            content = b"".join(kept)
            raise nul_byte(source, content)
    return b"".join(kept)


def nul_byte(source: str, content: bytes, first: int = 1) -> TableError:
    """The refusal of text with a NUL byte in it, which begins on line ``first``."""
    return TableError(
        f"{source}, line {line_of(content, content.index(0), first)}: a NUL byte, so this is "
        f"not a text file, or one in UTF-16{_wide(content)}; save it as CSV in UTF-8"
    )


def _wide(content: bytes) -> str:
    """A hint for text of two bytes a character without a byte order mark."""
    head = content[:200]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) < len(head) // 4 or min(even, odd):
        return ""
    return f" ({setting('encoding', 'utf-16-be' if even else 'utf-16-le')} reads it)"


def guessed_text(content: bytes, source: str) -> Text:
    """UTF-8 when it is; else Windows-1252, unless that would take any bytes for text."""
    wrong = _first_wrong(content, "utf-8")
    if wrong is None:
        return Text(content.removeprefix(codecs.BOM_UTF8))
    line, byte = line_of(content, wrong), f"byte 0x{content[wrong]:02x}"
    return Text(
        latin_text(content, source),
        (
            Finding(
                "dialect",
                f"encoding: {byte} in line {line} is not UTF-8, so the text was read as Latin-1 "
                f"(Windows-1252); {setting('encoding')} overrules",
            ),
        ),
    )


def latin_text(content: bytes, source: str, first: int = 1) -> bytes:
    """Windows-1252 as UTF-8; the text begins on line ``first``.

    Raises:
        TableError: when it holds control bytes, or bytes that are no letter.
    """
    control = _CONTROL.search(content)
    if control is not None:
        raise TableError(
            f"{source}, line {line_of(content, control.start(), first)}: the control byte "
            f"0x{control.group()[0]:02x} beside bytes that are not UTF-8, so this is not a text "
            "file; save the table as CSV in UTF-8"
        )
    check_encoded(content, "cp1252", source, first, "UTF-8 or Windows-1252")
    return content.decode("cp1252").encode()


def check_encoded(
    content: bytes, encoding: str, source: str, first: int = 1, named: str | None = None
) -> None:
    """Refuse bytes that are no text in an encoding; the text begins on line ``first``.

    Raises:
        TableError: naming the byte and its line, and the encoding, or ``named``.
    """
    wrong = _first_wrong(content, encoding)
    if wrong is not None:
        raise TableError(
            f"{source}, line {line_of(content, wrong, first)}: byte 0x{content[wrong]:02x} is not "
            f"{named or encoding} text; save the table as CSV in UTF-8, or name what it is with "
            f"{setting('encoding')}"
        )


def _first_wrong(content: bytes, encoding: str) -> int | None:
    """Where the bytes stop being text of an encoding."""
    if content.isascii():
        return None
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    return None


def recoded(chunks: Iterator[bytes], source: str, encoding: str) -> Iterator[bytes]:
    """The text as UTF-8, without its mark; refuses at the first NUL or wrong byte."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line, mark = 1, codecs.BOM_UTF8
    for chunk in chain(chunks, [b""]):
        try:
            text = decoder.decode(chunk, final=not chunk)
            part = text.encode()
        except UnicodeError as error:
            raise TableError(
                f"{source}, line {line} or later: not text in {encoding}; "
                f"{setting('encoding')} names another"
            ) from error
        if "\0" in text:
            raise TableError(
                f"{source}, line {line_of(part, part.index(0), line)}: a NUL character, so this is "
                f"not text in {encoding}; "
                f"{setting('encoding')} names another"
            )
        line += line_ends(part)
        if part:
            yield part.removeprefix(mark)
            mark = b""


def line_ends(content: bytes) -> int:
    """How many lines of a text end in it."""
    if b"\r" not in content:
        return content.count(b"\n")
    return content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n")


def line_of(content: bytes, position: int, first: int = 1) -> int:
    """The line of a byte in a text that begins on line ``first``."""
    return first + len(_NEWLINE.findall(content, 0, position))


def check_language(text: str, source: str) -> None:
    """Refuse what is text but no table: a web page saved under a data name, JSON, ARFF."""
    start = text.lstrip()
    if _MARKUP.match(start):
        raise TableError(
            f"{source}: looks like HTML or XML, perhaps a web page that was saved in place "
            "of the file it shows; download the raw CSV"
        )
    if _is_json(start):
        raise TableError(f"{source}: looks like JSON; convert the table to CSV")
    if start.startswith(("%", "@")) and _ARFF.search(start):
        raise TableError(f"{source}: looks like ARFF; convert the table to CSV")


def _is_json(start: str) -> bool:
    first = start.partition("\n")[0].strip()
    if first in ("{", "[", "[{") or _JSON.match(start):
        return True
    if not first.startswith("["):
        return False
    try:
        return isinstance(json.loads(first), list)
    except (ValueError, RecursionError):
        return False
