"""The cells of a table: where each stands in the text, and the numbers among them.

Where every record is split beyond doubt, cells stay bytes, and DuckDB is asked for the numbers
alone. Anything else goes to its strict reader, which finds the cells or says what is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import is_missing, is_number
from mlp_edge.data.content.grid import APART, Grid, GridColumn
from mlp_edge.data.content.text_column import ArrayColumn, TextColumn
from mlp_edge.data.content.values import LOOKED_AT
from mlp_edge.data.odd_lines import LineError
from mlp_edge.data.quoting import shown
from mlp_edge.data.reading.duck import read_strictly
from mlp_edge.data.reading.layout import Layout, split_record, tidy_quotes
from mlp_edge.data.reading.numbers import FEWEST_PARSED, parse_columns
from mlp_edge.data.reading.size import (
    LONGEST_CELL,
    LONGEST_LINE,
    TOO_LONG,
    check_cells,
    check_width,
)
from mlp_edge.settings import setting

_STEP = 4 << 20
"""Bytes split at a time, so that what that takes stays small beside the text."""


def check_lengths(layout: Layout, source: str) -> None:
    """Refuse a line that is longer than DuckDB reads, before anything splits it.

    Raises:
        LineError: naming the first of them.
    """
    long = layout.lines[layout.ends - layout.starts > LONGEST_LINE].tolist()
    if long:
        raise LineError(f"{source}, line {long[0]}: {TOO_LONG}", dict.fromkeys(long, TOO_LONG))


def split_cells(
    layout: Layout,
    delimiter: str,
    source: str,
    most: int,
    remark: str = "",
    aligned: bool = False,
) -> list[TextColumn]:
    """The cells of every record, the header's among them; quotes removed, blanks kept.

    Args:
        layout: at least one record.
        delimiter: what parts the cells, one ASCII character.
        source: the file as messages name it.
        most: bytes that the table may take.
        remark: what may explain a line with a wrong number of cells.
        aligned: whether blanks part the cells of the file, which the delimiter stands for.

    Returns:
        One column per cell of a record, (records,) each.

    Raises:
        TableError: when there are too many cells, when a record has more or fewer cells
            than the first, a broken quote or an endless cell; with the line it stands on.
    """
    width = len(split_record(layout.record(0), delimiter))
    check_width(
        width,
        f"{source}, line {layout.lines[0]}",
        f"; {setting('sep')} names what separates the cells",
    )
    check_cells(source, len(layout), width, most)
    grid = find_grid(layout, delimiter, width)
    columns: list[TextColumn]
    if grid is None:
        strict = read_strictly(layout, delimiter, width, source, most, remark, aligned)
        columns = [ArrayColumn(cells) for cells in strict]
    else:
        columns = [GridColumn(grid, index) for index in range(width)]
    _check_length(columns, layout, source)
    return columns


def with_numbers(
    columns: list[TextColumn], source: str, most: int, decimal: str | None = None
) -> list[TextColumn]:
    """The columns of ``split_cells``, with their numbers where they seem to have some.

    Those of small tables are parsed where somebody asks.

    Args:
        columns: of all records, the first of which may hold names.
        source: the file as messages name it.
        most: bytes that the table may take.
        decimal: the mark before a fraction, where it is known.

    Raises:
        InputError: when there is no room for temporary files.
    """
    first = columns[0]
    if not isinstance(first, GridColumn) or len(first) * len(columns) < FEWEST_PARSED:
        return columns
    grid = first.grid
    heads = [column.take(slice(1, 1 + LOOKED_AT)).tolist() for column in columns]
    mark = decimal or _decimal(heads, grid.delimiter)
    asked = [index for index, head in enumerate(heads) if _may_be_numbers(head, mark)]
    plain = [index for index in asked if _is_plain(heads[index], mark)]
    floats = parse_columns(grid, asked, plain, mark, source, most)
    return [
        GridColumn(grid, index, slice(None), floats.get(index), mark) for index in range(grid.width)
    ]


def find_grid(layout: Layout, delimiter: str, width: int) -> Grid | None:
    """Where each cell stands; None where that takes a strict reader to say.

    That is so where records differ in their number of cells, and where a quote mark does not
    clearly open or close a cell.

    Args:
        layout: at least one record.
        delimiter: what parts the cells, one ASCII character.
        width: cells of the first record.
    """
    quoted = b'"' in layout.content
    large = len(layout.content) > np.iinfo(np.uint32).max
    starts = np.empty((len(layout), -(-width // APART)), np.uint64 if large else np.uint32)
    lengths: NDArray[np.unsignedinteger[Any]] = np.empty((len(layout), width), np.uint8)
    for first, last in _steps(layout):
        found = _split(layout, first, last, delimiter, quoted)
        if found is None or len(found) != (last - first) * width:
            return None
        begins, sizes = found.reshape(-1, width, 2).transpose(2, 0, 1)
        if ((begins + sizes)[:, -1] != layout.ends[first:last]).any():
            return None
        if sizes.max() > np.iinfo(lengths.dtype).max:
            lengths = lengths.astype(np.uint32)
        starts[first:last], lengths[first:last] = begins[:, ::APART], sizes
    return Grid(layout.content, starts, lengths, delimiter, quoted)


def _steps(layout: Layout) -> list[tuple[int, int]]:
    """Ranges of records of some megabytes each."""
    bounds = np.arange(_STEP, layout.ends[-1], _STEP)
    ends = np.unique(np.append(np.searchsorted(layout.starts, bounds), len(layout))).tolist()
    return list(zip([0, *ends], ends, strict=False))


def _split(
    layout: Layout, first: int, last: int, delimiter: str, quoted: bool
) -> NDArray[np.int64] | None:
    """Where the cells of some records begin, and their lengths, (cells, 2); None if in doubt."""
    start, end = int(layout.starts[first]), int(layout.ends[last - 1])
    array = np.frombuffer(layout.content, np.uint8, end - start, start)
    stops = np.flatnonzero((array == ord(delimiter)) | (array == ord("\n")))
    if quoted:
        quotes = np.flatnonzero(array == ord('"'))
        if not tidy_quotes(array, quotes, delimiter):
            return None
        stops = stops[np.searchsorted(quotes, stops) % 2 == 0]
    begins = np.append(0, stops + 1)
    return np.column_stack([begins + start, np.append(stops, end - start) - begins])


def _decimal(heads: Sequence[Sequence[str]], delimiter: str) -> str:
    """The mark by which the first rows have more numbers."""
    if delimiter == ",":
        return "."
    cells = [cell for head in heads for cell in head if "," in cell or "." in cell]
    commas, points = (sum(is_number(cell, mark) for cell in cells) for mark in ",.")
    return "," if commas > points else "."


def _may_be_numbers(head: Sequence[str], decimal: str) -> bool:
    """Whether the first cells of a column are worth asking for the numbers of the others."""
    known = [cell for cell in head if not is_missing(cell)]
    return not known or any(is_number(cell, decimal) for cell in known)


def _is_plain(head: Sequence[str], decimal: str) -> bool:
    """Whether the first cells of a column are empty or numbers."""
    return all(not cell or is_number(cell, decimal) for cell in head)


def _check_length(columns: Sequence[TextColumn], layout: Layout, source: str) -> None:
    """Refuse cells that are longer than anybody means them to be."""
    odd: dict[int, str] = {}
    first = ""
    for index in np.flatnonzero(layout.ends - layout.starts > LONGEST_CELL):
        for number, column in enumerate(columns, start=1):
            length = len(column[index])
            if length > LONGEST_CELL:
                name = shown(column[0].strip()) if index and column[0].strip() else number
                line = int(layout.lines[index])
                says, most = f"a cell of {length:,} characters", f"at most {LONGEST_CELL:,}"
                odd[line] = f"{says} where {most} are read"
                first = first or (
                    f"{source}, line {line}, column {name}: {says}, {shown(column[index])}, where "
                    f"{most} are read; shorten it or remove the line"
                )
                break
    if odd:
        raise LineError(first, odd)
