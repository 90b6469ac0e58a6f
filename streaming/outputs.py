"""Where rows with predictions go: CSV, packed or not, by the suffix of its name."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import as_words
from mlp_edge.data.table import Table
from mlp_edge.errors import InputError
from mlp_edge.files.writing import csv_text, written
from mlp_edge.lazy import require
from mlp_edge.mlp import Floats
from mlp_edge.settings import setting
from mlp_edge.streaming.lines import lines_of
from mlp_edge.streaming.parts import Part


class Sink(Protocol):
    """What takes bytes: a file, or standard output."""

    def write(self, content: bytes, /) -> int:
        """Take some."""

    def flush(self) -> None:
        """Keep nothing back."""


PARQUET = ".parquet"
PACKED = (".gz", ".zst")
"""Suffixes of files that are packed, behind another suffix or alone."""


def is_plain(path: Path | None) -> bool:
    """Whether a file's name says that it is CSV as it stands."""
    return path is None or path.suffix.lower() not in (PARQUET, *PACKED)


def is_parquet(path: Path | None) -> bool:
    """Whether a file's name says that it is Parquet.

    Raises:
        MissingError: when it does, and what writes it is not installed.
    """
    if path is None or path.suffix.lower() != PARQUET:
        return False
    require("pyarrow", "scale")
    return True


def packer(path: Path | None) -> Callable[[bytes], bytes]:
    """What packs blocks of a file; blocks that are packed alone are one file together.

    Raises:
        MissingError: when what packs is not installed.
    """
    suffix = "" if path is None else path.suffix.lower()
    if suffix == ".zst":
        require("pyarrow", "scale")
    return {".gz": _gzipped, ".zst": _zstandard}.get(suffix, bytes)


def _gzipped(block: bytes) -> bytes:
    return gzip.compress(block, 6, mtime=0)


def _zstandard(block: bytes) -> bytes:
    import pyarrow as pa

    return bytes(pa.compress(block, codec="zstd", asbytes=True))


class CsvOutput:
    """Rows as lines of CSV.

    Args:
        file: takes the bytes.
        pack: packs a block of them.
        labels: of the model, () for a regression.
        decimal: the mark before a fraction.
        safe: whether words that a spreadsheet would compute get a ' before them.
    """

    def __init__(
        self,
        file: Sink,
        pack: Callable[[bytes], bytes],
        labels: Sequence[str],
        decimal: str,
        safe: bool,
    ) -> None:
        self._file, self._pack, self._labels = file, pack, tuple(labels)
        self._decimal, self._safe = decimal, safe

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_file": None}

    def begin(self, names: Sequence[str]) -> None:
        """Write the names of the columns."""
        head = [as_words(name) for name in names] if self._safe else names
        self.write(self._pack(csv_text([head]).encode()))

    def rendered(self, part: Part, values: Floats, places: NDArray[np.int64]) -> bytes:
        """Rows as they are written, in any thread."""
        if not len(part.readings):
            return b""
        text = lines_of(part.body, values, places, self._labels, self._decimal, self._safe)
        return self._pack(text)

    def write(self, block: bytes) -> None:
        """Write what was rendered."""
        self._file.write(block)


class NoOutput:
    """Nowhere: for counts alone."""

    def begin(self, names: Sequence[str]) -> None:
        """Take the names of all columns."""

    def rendered(self, part: Part, values: Floats, places: NDArray[np.int64]) -> None:
        """Render nothing."""

    def write(self, block: None) -> None:
        """Write nothing."""


def names_with(table: Table, columns: Sequence[str]) -> list[str]:
    """The names of a table's columns and of new ones; one that it has already is changed."""
    return [*table.columns, *(unlike(name, table.columns) for name in columns)]


def unlike(name: str, taken: Sequence[str]) -> str:
    """The name of a new column: another than those taken."""
    while name in taken:
        name = f"predicted {name}"
    return name


@contextmanager
def file_of(path: Path | None, standard: Sink | None) -> Iterator[Sink]:
    """The file to write, whole or not at all; where none is named, ``standard``."""
    if path is not None:
        with written(path.resolve()) as file:
            yield file
    elif standard is not None:
        yield standard
        standard.flush()


def check_suffix(path: Path) -> None:
    """Refuse a name that promises what is not written.

    Raises:
        InputError: naming what would do.
    """
    inner = Path(path.stem).suffix.lower()
    if path.suffix.lower() in PACKED and inner == PARQUET:
        raise InputError(
            f"{setting('out', str(path))}: Parquet files are packed inside; {path.stem} would do"
        )
