"""Numbers of whole columns, parsed by DuckDB, a megabyte of the table at a time.

DuckDB takes what ``mlp_edge.cell.is_number`` takes, and more: 1_000, +-1, inf and nan. What it
gives for those is not used, and what it does not take is looked at cell by cell, so that every
number is what ``cell.number`` makes of its text.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import OVERFLOW
from mlp_edge.data.content.floats import as_cells, parse
from mlp_edge.data.content.grid import Grid
from mlp_edge.data.reading.duck import connected, copied, literal, records_of
from mlp_edge.data.reading.size import LONGEST_LINE

if TYPE_CHECKING:
    import duckdb

FEWEST_PARSED = 1 << 15
"""Cells of a table from which on starting DuckDB is worth its while."""
_STEP = 1 << 20
"""Bytes that DuckDB gets at a time: many more would take as much memory as the table."""
_BUFFER = 2 * LONGEST_LINE
"""Bytes that it reads at a time; by its default a step would take eight times its size."""
_STRANGE = {".": ("_", "+-"), ",": ("_", "+-", ".")}
"""Decimal mark to what DuckDB takes in numbers that are none."""
_MOST_WORKERS = 4
"""Steps under way at once."""


def parse_columns(
    grid: Grid, columns: Sequence[int], plain: Collection[int], decimal: str, source: str, most: int
) -> dict[int, NDArray[np.float64]]:
    """Some columns as numbers, each cell as ``cell.number`` reads it.

    Args:
        grid: where the cells are.
        columns: which of its columns.
        plain: those that seem to hold numbers and empty cells alone, below their first cell.
        decimal: the mark before a fraction.
        source: the file as messages name it.
        most: bytes that the table may take.

    Returns:
        For each of the columns (records,) float64, read-only; nothing where DuckDB fails.

    Raises:
        InputError: when there is no room for temporary files.
    """
    import duckdb

    if not columns:
        return {}
    floats = {column: np.full(len(grid), np.nan) for column in columns}
    try:
        with tempfile.TemporaryDirectory(prefix="mlp-edge-") as folder:
            _parse(_Query(grid, columns, plain, decimal), Path(folder), floats, source, most)
    except duckdb.Error:
        return {}
    for column, numbers in floats.items():
        _settle(grid, column, decimal, numbers, 0, 1)
        numbers.flags.writeable = False
    return floats


class _Query:
    """What DuckDB is asked of some records.

    Args:
        grid: where the cells are.
        columns: those to parse.
        plain: see ``parse_columns``.
        decimal: the mark before a fraction.
    """

    def __init__(
        self, grid: Grid, columns: Sequence[int], plain: Collection[int], decimal: str
    ) -> None:
        self.grid, self.decimal, self._columns = grid, decimal, columns
        self._marks = [mark for mark in _STRANGE[decimal] if grid.has(mark, 1)]
        # As its reader parses numbers itself, it takes two thirds of the time that a cast takes.
        self._doubles = frozenset() if self._marks or decimal != "." else frozenset(plain)

    def answer(self, connection: duckdb.DuckDBPyConnection, file: Path) -> dict[str, Any]:
        """The columns of one file, (its records,) each; masked where a cell is no number to it."""
        import duckdb

        try:
            return connection.execute(self._of(file, self._doubles)).fetchnumpy()
        except duckdb.ConversionException:
            self._doubles = frozenset()  # of the records that are still to come, too
            return connection.execute(self._of(file, self._doubles)).fetchnumpy()

    def _of(self, file: Path, doubles: frozenset[int]) -> str:
        asked = (
            f"c{each}" if each in doubles else f"{self._number(f'c{each}')} AS c{each}"
            for each in self._columns
        )
        records = records_of(file, self.grid.delimiter, self.grid.width, doubles, _BUFFER)
        return f"SELECT {', '.join(asked)} FROM {records}"  # noqa: S608

    def _number(self, cell: str) -> str:
        """A cell as a number; NULL where it is none, or has one of the marks in it."""
        # Without coalesce DuckDB moves the cast into its reader, which then refuses the file.
        text = f"coalesce({cell}, '')"
        if self.decimal != ".":
            text = f"replace({text}, {literal(self.decimal)}, '.')"
        number = f"TRY_CAST({text} AS DOUBLE)"
        if not self._marks:
            return number
        marked = " OR ".join(f"contains({cell}, {literal(mark)})" for mark in self._marks)
        return f"CASE WHEN {marked} THEN NULL ELSE {number} END"


def _parse(
    query: _Query, folder: Path, floats: dict[int, NDArray[np.float64]], source: str, most: int
) -> None:
    """Fill in what DuckDB parses, some records at a time."""
    steps = _steps(query.grid)
    workers = max(1, min(len(steps), os.cpu_count() or 1, _MOST_WORKERS))
    with connected(folder, most) as connection, ThreadPoolExecutor(workers) as pool:

        def parsed(step: tuple[int, int]) -> None:
            file = folder / f"{step[0]}.csv"
            with copied(source):
                file.write_bytes(query.grid.text(*step))
            with connection.cursor() as cursor:
                answer = query.answer(cursor, file)
            file.unlink()
            for column, numbers in floats.items():
                numbers[slice(*step)] = np.ma.filled(answer[f"c{column}"], np.nan)
                _settle(query.grid, column, query.decimal, numbers, *step)

        list(pool.map(parsed, steps))


def _steps(grid: Grid) -> list[tuple[int, int]]:
    """Ranges of records of a megabyte each; not the first record, which may be names."""
    bounds = np.arange(_STEP, len(grid.content), _STEP)
    ends = np.unique(np.append(np.searchsorted(grid.starts[:, 0], bounds), len(grid))).tolist()
    return [(first, last) for first, last in zip([1, *ends], ends, strict=False) if first < last]


def _settle(
    grid: Grid, column: int, decimal: str, numbers: NDArray[np.float64], first: int, last: int
) -> None:
    """Read each cell of some records again that DuckDB took for no number or a large one."""
    odd = first + np.flatnonzero(~(np.abs(numbers[first:last]) < OVERFLOW))
    texts = grid.texts(column, odd)
    different = list(dict.fromkeys(texts))
    known = dict(zip(different, parse(as_cells(different), decimal).tolist(), strict=True))
    numbers[odd] = [known[text] for text in texts]
