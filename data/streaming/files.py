"""The files that a source names: one, those of a folder, or those that a pattern matches."""

from __future__ import annotations

import glob
import gzip
import hashlib
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mlp_edge.data.quoting import counted, plain
from mlp_edge.data.reading.size import MOST_BYTES, too_large
from mlp_edge.data.reading.source import STANDARD_INPUT
from mlp_edge.data.reading.text import PARQUET
from mlp_edge.data.sets import SETS
from mlp_edge.errors import TableError
from mlp_edge.mlp import identifier
from mlp_edge.settings import setting

ENDINGS = (".parquet", ".pq", ".csv", ".csv.gz", ".tsv", ".tsv.gz")
"""Of the files that count in a folder."""
SHARE = 8
"""A table of more bytes than one part in so many of the machine's memory is streamed."""
CELL = 8
"""Bytes that a cell of a Parquet file counts as, whatever it is packed into."""
GZIP = b"\x1f\x8b"
"""The first bytes of a file that is packed."""

Kind = Literal["Parquet", "CSV"]


@dataclass(frozen=True)
class Files:
    """The files of one table, in the order in which their rows count.

    Attributes:
        source: what the user typed, for messages.
        paths: at least one, ordered by name.
        kind: of every one.
    """

    source: str
    paths: tuple[Path, ...]
    kind: Kind

    @property
    def name(self) -> str:
        """What a model is called after: the file, the folder, or the folder of a pattern."""
        path = Path(self.source.removesuffix(".gz"))
        return identifier(path.parent.name if "*" in path.name else path.stem)

    @property
    def several(self) -> bool:
        """Whether a message has to say which file it means."""
        return len(self.paths) > 1

    def sha256(self) -> str:
        """Hex digest of the file's bytes; of several files, of their digests in order."""
        digests = [_digest(path) for path in self.paths]
        if not self.several:
            return digests[0]
        return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def is_several(source: str) -> bool:
    """Whether a source names a folder, or is a pattern and no file."""
    if source in (*SETS, STANDARD_INPUT):
        return False
    path = Path(source)
    return path.is_dir() or (glob.has_magic(source) and not path.exists())


def find_files(source: str) -> Files:
    """The files of a source.

    Args:
        source: the path of a file or a folder, or a pattern such as ``data/*.parquet``.

    Raises:
        TableError: when there is no such file, or when some are Parquet and some are not.
    """
    if source in (*SETS, STANDARD_INPUT):
        raise TableError(
            f"{plain(source)} is read as a whole; {setting('stream')} takes files, a folder or a "
            "pattern"
        )
    paths = _paths(source)
    kinds: list[Kind] = ["Parquet" if _head(path) == PARQUET else "CSV" for path in paths]
    if len(set(kinds)) > 1:
        first, other = paths[0], paths[kinds.index("CSV" if kinds[0] == "Parquet" else "Parquet")]
        raise TableError(
            f"{plain(source)}: {plain(str(first))} is {kinds[0]} and {plain(str(other))} is not; "
            f"name files of one kind, such as {plain(str(paths[0].with_name('*')))}"
            f"{paths[0].suffix}"
        )
    return Files(source, paths, kinds[0])


def exceeds_memory(source: str) -> bool:
    """Whether a table is streamed unless somebody says otherwise.

    A folder or a pattern is. A file is where its bytes are more than ``MOST_BYTES``, or than one
    part in ``SHARE`` of the memory of the machine; a Parquet file, which is packed, counts ``CELL``
    bytes a cell.

    Args:
        source: what the user typed.
    """
    if is_several(source):
        return True
    path = Path(source)
    if source in (*SETS, STANDARD_INPUT) or not path.is_file():
        return False
    limit = min(MOST_BYTES, _memory() // SHARE)
    if path.stat().st_size > limit:
        return True
    return _head(path) == PARQUET and _cells(path) * CELL > limit


def check_size(files: Files, most: int) -> None:
    """Refuse files that have more than ``most`` bytes together, unpacked; ``CELL`` a Parquet cell.

    Raises:
        TableError: naming the option.
    """
    total = 0
    for path in files.paths:
        if files.kind == "Parquet":
            total += max(path.stat().st_size, _cells(path) * CELL)
        else:
            total += _unpacked(path, most - total)
        if total > most:
            raise too_large(plain(files.source), "to read", most)


def _unpacked(path: Path, most: int) -> int:
    """Bytes of a CSV file, unpacked; of a packed one they are counted up to ``most`` and a few."""
    if _head(path)[:2] != GZIP:
        return path.stat().st_size
    found = 0
    try:
        with gzip.open(path) as file:
            while found <= most and (chunk := file.read(1 << 20)):
                found += len(chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"{plain(str(path))}: cannot be read: {error}") from error
    return found


def _memory() -> int:
    """Bytes of memory of the machine; without a limit where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return MOST_BYTES * SHARE


def _cells(path: Path) -> int:
    """Cells of a Parquet file by its footer; 0 where that cannot be read: reading will say."""
    import duckdb

    from mlp_edge.data.reading.duck import connected, literal, pattern

    with connected(path, MOST_BYTES) as connection:
        try:
            answer = connection.execute(
                f"SELECT sum(num_values) FROM parquet_metadata({literal(pattern(path))})"  # noqa: S608
            ).fetchone()
        except duckdb.Error:
            return 0
    return int(answer[0] or 0) if answer else 0


def _paths(source: str) -> tuple[Path, ...]:
    path = Path(source)
    try:
        if path.is_dir():
            found = [each for each in path.iterdir() if _counts(each)]
            hint = f"no file in it ends with {', '.join(ENDINGS)}; {source.rstrip('/')}/*/*.parquet"
            return _ordered(source, found, f"{hint} would name those of its folders")
        if path.is_file():
            return (path,)
        matched = [Path(each) for each in glob.glob(source, recursive=True)]  # noqa: PTH207
    except (OSError, ValueError) as error:
        raise TableError(f"{plain(source)}: cannot be read: {error}") from error
    hint = "no file matches the pattern" if glob.has_magic(source) else "no such file or folder"
    return _ordered(source, [each for each in matched if each.is_file()], hint)


def _ordered(source: str, found: Sequence[Path], hint: str) -> tuple[Path, ...]:
    if not found:
        raise TableError(f"{plain(source)}: {hint}")
    return tuple(sorted(found))


def _counts(path: Path) -> bool:
    """Whether a file of a folder is part of the table: writers leave _SUCCESS and .crc files."""
    hidden = path.name.startswith(("_", "."))
    return not hidden and path.name.lower().endswith(ENDINGS) and path.is_file()


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(len(PARQUET))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TableError(f"{plain(str(path))}: cannot be read: {reason}") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_files(files: Files) -> str:
    """How a note names them: "3 Parquet files"."""
    return counted(len(files.paths), f"{files.kind} file")
