"""A table written back as it was, with columns behind its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp_edge.cell import as_words
from mlp_edge.errors import InputError
from mlp_edge.files.writing import csv_text, write_file
from mlp_edge.readers.model_directory import EXPORTS, KNOWN, MANIFEST
from mlp_edge.settings import setting
from mlp_edge.streaming.outputs import names_with

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlp_edge.data.table import Table


def check_output(name: str, output: Path, source: str | Path | None) -> None:
    """Refuse, before any work is done, a file that could not be written or is the table itself.

    Args:
        name: of the setting that names the file, for messages.
        output: the file.
        source: what is read; None for a table in memory.

    Raises:
        InputError: saying what stands there and what would do.
    """
    named = setting(name, str(output))
    if output.exists() and not output.is_file():
        raise InputError(f"{named}: not a regular file; a name of its own would do")
    if not output.resolve().parent.is_dir():
        raise InputError(f"{named}: its parent directory does not exist")
    inside = output.resolve().parent
    exported = inside.name == EXPORTS and output.suffix != ".csv" and output.exists()
    if (exported and (inside.parent / MANIFEST).exists()) or (
        output.name in KNOWN and (inside / MANIFEST).exists()
    ):
        raise InputError(f"{named}: would replace the model's own; another name would do")
    if source is not None and output.exists() and Path(source).exists() and output.samefile(source):
        raise InputError(f"{named}: would replace the table itself; another name would do")


def write_output(output: Path, text: str) -> None:
    """Write a checked file, whole or not at all; a link stays a link.

    Raises:
        InputError: when the disk refuses.
    """
    write_file(output.resolve(), text.encode())


def widened(
    table: Table, names: Sequence[str], cells: Sequence[Sequence[str]], safe: bool = False
) -> str:
    """The table as CSV, every cell as it was, and new columns behind.

    Args:
        table: what was read.
        names: of the new columns; one that the table has already is changed.
        cells: theirs, a row for each of the table's.
        safe: write words that a spreadsheet would compute with a ' before them.
    """
    head = names_with(table, names)
    columns = [table.column(name) for name in table.columns]
    rows = ([*(column[index] for column in columns), *more] for index, more in enumerate(cells))
    lines = chain([head], rows)
    return csv_text(([as_words(cell) for cell in line] for line in lines) if safe else lines)


def marked(numbers: NDArray[Any], table: Table) -> list[list[str]]:
    """Rows of numbers as text, each in the fewest digits that read back as itself.

    With the table's own decimal mark, so that the file can be read as the table was.
    """
    import numpy as np

    texts: list[list[str]] = np.char.replace(numbers.astype(str), ".", table.decimal).tolist()
    return texts
