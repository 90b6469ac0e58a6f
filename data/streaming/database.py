"""A DuckDB that reads the files of one table, writes to one folder, and reaches nothing else."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_edge.data.quoting import plain, shown
from mlp_edge.data.reading.duck import literal, pattern
from mlp_edge.errors import InputError, TableError, first_line

if TYPE_CHECKING:
    import duckdb

MEMORY = "512MB"
"""That DuckDB works with; what takes more goes to its folder."""
_CSV_LINE = re.compile(r"CSV Error on Line: (\d+)")


def connected(paths: Sequence[Path], folder: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory.

    Args:
        paths: the files that it may read.
        folder: where it may read and write.
    """
    import duckdb

    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": MEMORY,
            "temp_directory": str(folder / "spilled"),
        }
    )
    allowed = sorted({text for path in paths for text in (str(path), pattern(path))})
    connection.execute(f"SET allowed_paths = [{', '.join(map(literal, allowed))}]")
    connection.execute(f"SET allowed_directories = [{literal(str(folder))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say of a file that DuckDB refuses what it is and, of text, on which line.

    Raises:
        TableError: naming the file.
        InputError: when the folder of temporary files is full.
    """
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        message, where = str(error), plain(str(path))
        if "No space left" in message or "max_temp_directory_size" in message:
            raise InputError(
                f"{where}: the folder of temporary files is full ({first_line(error)}); TMPDIR "
                "names another"
            ) from error
        line = _CSV_LINE.search(message)
        if line is not None:
            says = next((each for each in message.splitlines()[1:] if each.strip()), message)
            raise TableError(f"{where}, line {line[1]}: {shown(says.strip())}") from error
        raise TableError(
            f"{where}: cannot be read, {shown(first_line(error))}; write it again"
        ) from error


def quoted(name: str) -> str:
    """A column's name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
