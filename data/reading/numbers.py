"""Numbers of whole columns, parsed by DuckDB, some megabytes of the table at a time.

DuckDB takes what ``mlp_edge.cell.is_number`` takes, and more: 1_000, +-1, inf and nan. What it
gives for those is not used, and what it does not take is looked at cell by cell, so that every
number is what ``cell.number`` makes of its text.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import OVERFLOW
from mlp_edge.data.content.floats import as_cells, parse
from mlp_edge.data.content.grid import Grid
from mlp_edge.data.reading.duck import connected, copied, literal, records_of

if TYPE_CHECKING:
    import duckdb

FEWEST_PARSED = 1 << 15
"""Cells of a table from which on starting DuckDB is worth its while."""
_STEP = 8 << 20
"""Bytes that DuckDB gets at a time: many more would take as much memory as the table."""
_STRANGE = {".": ("_", "+-"), ",": ("_", "+-", ".")}
"""Decimal mark to what DuckDB takes in numbers that are none."""
_MOST_WORKERS = 4
"""Steps under way at once."""


def parse_columns(
    grid: Grid, columns: Sequence[int], decimal: str, source: str, most: int
) -> dict[int, NDArray[np.float64]]:
    """Some columns as numbers, each cell as ``cell.number`` reads it.

    Args:
        grid: where the cells are.
        columns: which of its columns.
        decimal: the mark before a fraction.
        source: the file as messages name it.
        most: bytes that the table may take.

    Returns:
        For each of the columns (records,) float64, read-only.

    Raises:
        InputError: when there is no room for temporary files.
    """
    if not columns:
        return {}
    floats = {column: np.empty(len(grid), np.float64) for column in columns}
    steps = _steps(grid)
    marks = [mark for mark in _STRANGE[decimal] if grid.has(mark, 1)]
    asked = ", ".join(f"{_number(f'c{each}', decimal, marks)} AS c{each}" for each in columns)
    workers = min(len(steps), os.cpu_count() or 1, _MOST_WORKERS)
    with (
        tempfile.TemporaryDirectory(prefix="mlp-edge-") as folder,
        connected(Path(folder), most) as connection,
        ThreadPoolExecutor(workers) as pool,
    ):

        def parsed(step: tuple[int, int]) -> None:
            file = Path(folder) / f"{step[0]}.csv"
            with copied(source):
                file.write_bytes(grid.text(*step))
            with connection.cursor() as cursor:
                _parse(cursor, grid, file, step, asked, floats)
            file.unlink()

        list(pool.map(parsed, steps))
    for column, numbers in floats.items():
        _settle(grid, column, numbers, decimal)
    return floats


def _steps(grid: Grid) -> list[tuple[int, int]]:
    """Ranges of records of some megabytes each."""
    bounds = np.arange(_STEP, len(grid.content), _STEP)
    ends = np.unique(np.append(np.searchsorted(grid.starts[:, 0], bounds), len(grid))).tolist()
    return list(zip([0, *ends], ends, strict=False))


def _parse(
    cursor: duckdb.DuckDBPyConnection,
    grid: Grid,
    file: Path,
    step: tuple[int, int],
    asked: str,
    floats: dict[int, NDArray[np.float64]],
) -> None:
    """Parse the records of one file; NaN where DuckDB takes a cell for no number."""
    table = records_of(file, grid.delimiter, grid.width)
    answer = cursor.execute(f"SELECT {asked} FROM {table}").fetchnumpy()  # noqa: S608
    for column, numbers in floats.items():
        numbers[slice(*step)] = np.ma.filled(answer[f"c{column}"], np.nan)


def _number(cell: str, decimal: str, marks: Sequence[str]) -> str:
    """A cell as a number in SQL; NULL where it is none, or has one of the marks in it."""
    # Without coalesce DuckDB moves the cast into its reader, which then refuses the file.
    text = f"coalesce({cell}, '')"
    if decimal != ".":
        text = f"replace({text}, {literal(decimal)}, '.')"
    number = f"TRY_CAST({text} AS DOUBLE)"
    if not marks:
        return number
    marked = " OR ".join(f"contains({cell}, {literal(mark)})" for mark in marks)
    return f"CASE WHEN {marked} THEN NULL ELSE {number} END"


def _settle(grid: Grid, column: int, numbers: NDArray[np.float64], decimal: str) -> None:
    """Look at every cell that DuckDB took for no number, and take no infinity for one."""
    odd = np.flatnonzero(np.isnan(numbers))
    if odd.size:
        texts = grid.texts(column, odd)
        different = list(dict.fromkeys(texts))
        known = dict(zip(different, parse(as_cells(different), decimal).tolist(), strict=True))
        numbers[odd] = [known[text] for text in texts]
    numbers[~(np.abs(numbers) < OVERFLOW)] = np.nan
    numbers.flags.writeable = False
