"""Files with wrong bytes: each is read, or refused in one sentence that begins with its name."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from mlp_edge.errors import ModelError


def wrong_bytes(
    original: bytes, generator: random.Random, byte: Callable[[], int] | None = None
) -> bytes:
    """A copy with one, two or eight bytes replaced, by any value or by what ``byte`` gives."""
    content = bytearray(original)
    for _ in range(generator.choice([1, 2, 8])):
        place = generator.randrange(len(content))
        content[place] = generator.randrange(256) if byte is None else byte()
    return bytes(content)


def many_with_wrong_bytes(original: bytes, count: int = 400) -> Iterator[bytes]:
    """The same copies at every call."""
    generator = random.Random(4)  # noqa: S311 (nothing secret)
    for _ in range(count):
        yield wrong_bytes(original, generator)


def refusals(path: Path, read: Callable[[Path], Any], contents: Iterable[bytes]) -> int:
    """Write each content to the path and read it; how many were refused."""
    refused = 0
    for content in contents:
        path.write_bytes(content)
        try:
            read(path)
        except ModelError as error:
            refused += 1
            assert str(error).startswith(f"{path}: ")  # noqa: PT017
            assert "\n" not in str(error)  # noqa: PT017
    return refused
