"""A model in three C files, as ``export_split`` of export/c/ writes it, found by its header.

The header names the other files with their SHA-256, so its own checksum covers all three.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from mlp_edge.errors import ModelError
from mlp_edge.files.writing import sha256
from mlp_edge.readers.header_text import has_card, header_text
from mlp_edge.reading import read_file

KERNELS_FILE = "mlp_edge_kernels.h"
"""What the models share. It is no model; export/c/split.py writes it under the same name."""
# export/c/split.py writes this; like the card's, the mark is spelled out in both.
_FILES = re.compile(
    r"^/\* mlp-edge-files, each with its SHA-256\n"
    r" \* (?P<source>\w{1,100}\.c)\n \*   (?P<source_hash>[0-9a-f]{64})\n"
    r" \* mlp_edge_kernels\.h\n \*   (?P<kernels_hash>[0-9a-f]{64})\n \*/$",
    re.MULTILINE,
)


class Source(NamedTuple):
    """The C of a model.

    Attributes:
        interface: the header: what is said of the model, constants, the card.
        program: the file with tables and functions; the header itself where it is in one file.
        files: name -> text of all three files, the program first; {} where it is in one file.
    """

    interface: str
    program: str
    files: Mapping[str, str] = {}


def read_source(header: Path) -> Source:
    """A header, and the files that it names.

    Raises:
        ModelError: naming the file that is missing or cannot be read, or when it is the kernels.
    """
    text = header_text(header)
    if header.name == KERNELS_FILE and not has_card(text):
        raise ModelError(
            f"{header}: holds the kernels that split models share, and no model; the NAME.h of one "
            "of them would do"
        )
    source = next((path for path, _ in _others(header, text)), None)
    if source is None:
        return Source(text, text)
    program, kernels = (_text(path, header) for path, _ in _others(header, text))
    files = {source.name: program, f"{source.stem}.h": text, KERNELS_FILE: kernels}
    return Source(text, program, files)


def files_of(header: Path) -> list[Path]:
    """The header, and the files that it names; raises as ``read_file`` does."""
    return [header, *(path for path, _ in _others(header, header_text(header)))]


def models(paths: Iterable[Path]) -> list[Path]:
    """The files that are models, or formats of one: no ``NAME.c``, shared kernels or types."""
    return [
        path for path in paths if path.name != KERNELS_FILE and path.suffix not in (".c", ".ts")
    ]


def altered(header: Path) -> str | None:
    """What is wrong with the files that a header names, to follow its name; None if nothing is."""
    for path, expected in _others(header, header_text(header)):
        if not path.exists():
            return f"{path.name}, which it needs, is not beside it"
        if sha256(read_file(path)) != expected:
            return f"{path.name} beside it is not the one that was exported with it"
    return None


def _others(header: Path, text: str) -> Iterator[tuple[Path, str]]:
    """The source and the kernels, each with its hash; nothing where it is all in one file."""
    found = _FILES.search(text)
    if found is not None:
        yield header.with_name(found["source"]), found["source_hash"]
        yield header.with_name(KERNELS_FILE), found["kernels_hash"]


def _text(path: Path, header: Path) -> str:
    if not path.exists():
        raise ModelError(f"{header}: {path.name}, which it needs, is not beside it")
    return header_text(path)
