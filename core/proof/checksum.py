r"""The checksum of an exported file: the SHA-256 of its bytes, carried inside it.

A file carries one mark, followed by 64 hex digits: the hash of the whole file with zeros in their
place. So checking takes the bytes alone, alike for an ONNX property, a TFLite buffer and a C
comment. The mark begins a line: text of a model's own (a feature's name, a label) stands in JSON or
in a C string, where a line break is written ``\n``, so no name can pass for the mark.

A checksum shows damage and edits, not who wrote the file: an editor can compute a new one.
"""

from __future__ import annotations

import re

from mlp_edge.files.writing import sha256

MARK = b"\nmlp-edge-seal sha256:"
DIGITS = 64
BLANK = MARK + b"0" * DIGITS
"""What an exporter puts into a file; ``with_checksum`` fills it in."""
_ZIP = b"PK\3\4"
_CHECKSUM = re.compile(re.escape(MARK) + rb"([0-9a-f]{64})")


def with_checksum(content: bytes) -> bytes:
    """The file with its checksum filled in.

    Raises:
        ValueError: when it does not have exactly one.
    """
    checksums = _checksums(content)
    if len(checksums) != 1:
        raise ValueError(f"{len(checksums)} checksums where one belongs")
    return _with_digits(content, checksums[0], _digest(content, checksums[0]))


def checksum_error(content: bytes) -> str | None:
    """What is wrong with a file's checksum, to follow its name; None where it is right.

    Args:
        content: all bytes of the file.
    """
    checksums = _checksums(content)
    if not checksums:
        return "carries no checksum: it was edited or cut short, or an older mlp-edge wrote it"
    if len(checksums) > 1:
        return f"carries {len(checksums)} checksums, where a file has one"
    if checksums[0][1] != _digest(content, checksums[0]):
        return "its bytes are not those that mlp-edge wrote: it was edited, cut short or damaged"
    return None


def wrong_checksum(content: bytes) -> str | None:
    """As ``checksum_error``, but None for a file without a checksum."""
    return checksum_error(content) if MARK in content else None


def _checksums(content: bytes) -> list[re.Match[bytes]]:
    """Those of the file itself: where a zip ends in one, those before it are its members'."""
    found = list(_CHECKSUM.finditer(content))
    ends = content.startswith(_ZIP) and found and found[-1].end() == len(content)
    return found[-1:] if ends else found


def _digest(content: bytes, checksum: re.Match[bytes]) -> bytes:
    return sha256(_with_digits(content, checksum, b"0" * DIGITS)).encode()


def _with_digits(content: bytes, checksum: re.Match[bytes], digits: bytes) -> bytes:
    return content[: checksum.start(1)] + digits + content[checksum.end(1) :]
