"""The lines between this machine and a board that runs firmware_headers/sketch/parity.

A line is text, ``*``, and the CRC-32 of that text. What a board says is a stranger's: a line that
is none of these, to the letter, is noise.
"""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

import numpy as np

from mlp_edge.mlp import Floats, Rows

VERSION = 1
QUERY = b"\n?\n"
"""Asks what the board runs; the first line end is for a line that was cut off before."""
AGAIN = b"again"
_LONGEST_TEXT = 512
"""Bytes of anything but a reply with many outputs."""
_LINE = re.compile(rb"([ -)+-~]+)\*([0-9a-f]{8})\r?")
_IDENTITY = re.compile(
    rb"mlp-edge (\d{1,5}) (\w{1,255}) (\w{1,16}) (\d{1,7}) (\d{1,7}) (plain|fused) ([0-9a-f]{64})",
    re.ASCII,
)
_REPLY = re.compile(rb"([0-9a-f]{8}) (\d{1,10})((?: [0-9a-f]{8})+)")


class Identity(NamedTuple):
    """What a board says that it runs.

    Attributes:
        version: of the protocol.
        name: of the model, as its header has it.
        dtype: of its numbers.
        inputs: readings per row.
        outputs: predictions per row.
        fused: whether its compiler may multiply and add in one rounding.
        weights_sha256: hash of the weights.
    """

    version: int
    name: str
    dtype: str
    inputs: int
    outputs: int
    fused: bool
    weights_sha256: str


class Reply(NamedTuple):
    """A prediction.

    Attributes:
        number: of the question.
        microseconds: that it took.
        predictions: (outputs,) float32.
    """

    number: int
    microseconds: int
    predictions: Floats


class Again(NamedTuple):
    """The line before arrived damaged."""


def question(number: int, row: Rows) -> bytes:
    """A row (inputs,) of raw readings, to be predicted.

    The line ends twice: where one is lost, the board need not wait for the next line.
    """
    text = b" ".join(b"%08x" % bits for bits in (number, *row.view(np.uint32).tolist()))
    return text + b"*%08x\n\n" % zlib.crc32(text)


def read(line: bytes) -> Identity | Reply | Again | None:
    """What a line without its end says; None for noise."""
    found = _LINE.fullmatch(line)
    if found is None or int(found[2], 16) != zlib.crc32(found[1]):
        return None
    if found[1] == AGAIN:
        return Again()
    if reply := _REPLY.fullmatch(found[1]):
        bits = np.array([int(word, 16) for word in reply[3].split()], np.uint32)
        return Reply(int(reply[1], 16), int(reply[2]), bits.view(np.float32))
    if identity := _IDENTITY.fullmatch(found[1]):
        version, name, dtype, inputs, outputs, rounding, weights = map(
            bytes.decode, identity.groups()
        )
        return Identity(
            int(version), name, dtype, int(inputs), int(outputs), rounding == "fused", weights
        )
    return None


def longest(outputs: int) -> int:
    """Bytes of the longest line that a board with so many outputs has to say."""
    return max(_LONGEST_TEXT, 32 + 9 * outputs)
