"""Limits the size of a table while it is read."""

from __future__ import annotations

import re

from mlp_edge.data.quoting import counted, shown
from mlp_edge.errors import RecipeError, TableError
from mlp_edge.settings import setting

MOST_BYTES = 512 << 20
"""Bytes of a table unless the user says otherwise."""

LONGEST_LINE = 2_000_000
"""Bytes of a record that DuckDB accepts."""
LONGEST_CELL = 131_072
"""Characters of a cell; Python's csv module draws the line there too."""
MOST_COLUMNS = 10_000
"""Columns of a table: more are a delimiter that is none, and DuckDB would plan for minutes."""
TOO_LONG = f"longer than {LONGEST_LINE:,} bytes; a quote mark that is never closed?"
"""What a message says of a line beyond ``LONGEST_LINE``."""

_LINE, _CELL = 32, 8
"""Bytes that a line and a cell count as, however short: what is kept of each takes room, too."""

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"([0-9]{1,15}) ?([KMGT]?)(?:i?B)?", re.IGNORECASE)


def read_size(text: str | None) -> int:
    """``"4G"`` -> 4294967296: bytes, or K, M, G, T of 1,024 each; None is ``MOST_BYTES``.

    Raises:
        RecipeError: for anything else, and for 0.
    """
    if text is None:
        return MOST_BYTES
    found = _SIZE.fullmatch(text.strip())
    size = int(found[1]) * _UNITS[found[2].upper()] if found else 0
    if not size:
        raise RecipeError(
            f"{setting('max_bytes')} takes bytes, such as 800M or 4G; got {shown(text)}"
        )
    return size


def written(size: int) -> str:
    """A number of bytes as ``read_size`` takes it: "512M", "1000"."""
    unit = max((unit for unit in _UNITS if size % _UNITS[unit] == 0), key=_UNITS.__getitem__)
    return f"{size // _UNITS[unit]}{unit}"


def too_large(source: str, what: str, most: int) -> TableError:
    """The refusal of a table.

    Args:
        source: the file as messages name it.
        what: the bytes are, such as "once unpacked".
        most: the limit in bytes.
    """
    return TableError(
        f"{source}: more than {written(most)} ({most:,} bytes) {what}, where reading stops; "
        f"{setting('max_bytes', written(4 * most))} reads four times as much"
    )


def check_lines(source: str, lines: int, most: int) -> None:
    """Refuse a table of very many short lines, which take far more room than their text.

    Raises:
        TableError: naming their number.
    """
    if lines * _LINE > most:
        raise too_large(source, f"for {lines:,} lines, each counted as {_LINE}", most)


def check_cells(source: str, rows: int, columns: int, most: int) -> None:
    """Refuse a table of very many short cells, for the same reason.

    Raises:
        TableError: naming their number.
    """
    cells = rows * columns
    if cells * _CELL > most:
        raise too_large(source, f"for {cells:,} cells, each counted as {_CELL}", most)


def check_width(columns: int, where: str, hint: str = "") -> None:
    """Refuse more columns than anybody means.

    Raises:
        TableError: naming the number, and ``hint``.
    """
    if columns > MOST_COLUMNS:
        raise TableError(
            f"{where}: {counted(columns, 'column')} where at most {MOST_COLUMNS:,} are read{hint}"
        )
