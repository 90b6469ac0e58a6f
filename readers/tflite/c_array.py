"""A TFLite model inside a C array, as sketches for TFLite Micro hold it."""

from __future__ import annotations

import re
from pathlib import Path

from mlp_edge.errors import ModelError
from mlp_edge.readers.checks.tflite_checks import IDENTIFIER

SUFFIXES = (".h", ".hpp", ".c", ".cc", ".cpp", ".cxx", ".ino")
COMMENT = re.compile(rb"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
ARRAY = re.compile(rb"\b(\w+)\s*\[[^\[\]{};]{0,80}\][^={};]{0,200}=\s*\{([^{}]*)\}")
"""NAME[SIZE] = {…}, with attributes such as an alignment between them."""
BYTE = re.compile(rb"[\s,]*(0[xX][0-9a-fA-F]{1,2}|\d{1,3})(?![\w.'])")


def model_in(path: Path, content: bytes) -> bytes:
    """The bytes of the one TFLite model that a C file holds.

    Args:
        path: for messages.
        content: of the file.

    Raises:
        ModelError: naming the file, where it holds none, or several.
    """
    found = {}
    for name, numbers in ARRAY.findall(COMMENT.sub(b" ", content)):
        model = _bytes(numbers)
        if model[4:8] == IDENTIFIER:
            found[name.decode()] = model
    if len(found) != 1:
        held = f"the TFLite models {', '.join(found)[:80]}" if found else "no TFLite model"
        raise ModelError(
            f"{path}: a C file that holds {held}; one array of bytes that is a .tflite file would "
            "do"
        )
    [model] = found.values()
    return model


def holds_model(content: bytes) -> bool:
    """Whether a C file holds a TFLite model."""
    arrays = ARRAY.findall(COMMENT.sub(b" ", content))
    return any(_bytes(numbers)[4:8] == IDENTIFIER for _, numbers in arrays)


def _bytes(numbers: bytes) -> bytes:
    """The bytes that an array's initialiser lists; none for anything else."""
    values, place = bytearray(), 0
    while match := BYTE.match(numbers, place):
        value, place = int(match[1], 16 if match[1][:2].lower() == b"0x" else 10), match.end()
        if value > 255:
            return b""
        values.append(value)
    return b"" if numbers[place:].strip(b", \t\r\n") else bytes(values)
