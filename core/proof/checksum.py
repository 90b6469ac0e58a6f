r"""The seal of an exported file: the SHA-256 of its bytes, carried among them.

A file carries one mark, followed by 64 hex digits: the hash of the whole file with zeros in their
place. So checking takes the bytes alone, alike for an ONNX property, a TFLite buffer and a C
comment. The mark begins a line: text of a model's own (a feature's name, a label) stands in JSON or
in a C string, where a line break is written ``\n``, so no name can pass for the mark.

A seal tells damage and edits, not who wrote the file: whoever edits one can seal it anew.
"""

from __future__ import annotations

import re

from mlp_edge.files.writing import sha256

MARK = b"\nmlp-edge-seal sha256:"
DIGITS = 64
BLANK = MARK + b"0" * DIGITS
"""What an exporter puts into a file; ``sealed`` fills it in."""
_SEAL = re.compile(re.escape(MARK) + rb"([0-9a-f]{64})")


def sealed(content: bytes) -> bytes:
    """The file with its seal filled in.

    Raises:
        ValueError: when it does not have exactly one.
    """
    seals = list(_SEAL.finditer(content))
    if len(seals) != 1:
        raise ValueError(f"{len(seals)} seals where one belongs")
    return _with_digits(content, seals[0], _digest(content, seals[0]))


def broken(content: bytes) -> str | None:
    """None where a file is as it was sealed, otherwise what is wrong with it, to follow its name.

    Args:
        content: all bytes of the file.
    """
    seals = list(_SEAL.finditer(content))
    if not seals:
        return "carries no seal: it was edited or cut short, or an older mlp-edge wrote it"
    if len(seals) > 1:
        return f"carries {len(seals)} seals, where a file has one"
    if seals[0][1] != _digest(content, seals[0]):
        return "its bytes are not those that mlp-edge wrote: it was edited, cut short or damaged"
    return None


def damaged(content: bytes) -> str | None:
    """What is wrong with a file that carries a seal, to follow its name; None for one without."""
    return broken(content) if MARK in content else None


def _digest(content: bytes, seal: re.Match[bytes]) -> bytes:
    return sha256(_with_digits(content, seal, b"0" * DIGITS)).encode()


def _with_digits(content: bytes, seal: re.Match[bytes], digits: bytes) -> bytes:
    return content[: seal.start(1)] + digits + content[seal.end(1) :]
