"""The parts of a Parquet file, and rows of text as Arrow columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import OVERFLOW, CategoryCells, means_missing, number
from mlp_edge.data.content.floats import as_cells
from mlp_edge.data.content.text_column import ArrayColumn
from mlp_edge.data.content.values import trouble
from mlp_edge.data.quoting import plain, shown
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError, first_line
from mlp_edge.feature import Feature
from mlp_edge.streaming.arrow_text import as_stored, check_flat, texts_of
from mlp_edge.streaming.parts import FAIL, SKIP, Part, Reader, count_unknown
from mlp_edge.streaming.tally import SHOWN, Bad, Tally

CELLS, TEXTS = 1 << 19, 1 << 17
"""Cells of a batch, about, and of one that becomes text."""


class Batch(NamedTuple):
    """Rows of an Arrow table.

    Attributes:
        columns: a pyarrow.RecordBatch.
        first: the number of its first row, from 1.
        end: byte of the source up to which it has been read, about.
    """

    columns: Any
    first: int
    end: int = 0


def opened_parquet(path: Any, source: str) -> Any:
    """A pyarrow.parquet.ParquetFile of cells.

    Args:
        path: of the file, or the file itself.
        source: the table, for messages.

    Raises:
        TableError: when it is damaged, has no rows, or a column holds lists or records.
    """
    from pyarrow import ArrowInvalid, parquet

    try:
        file = parquet.ParquetFile(path)
    except (ArrowInvalid, OSError) as error:
        raise damaged(source, error) from error
    if not file.metadata.num_rows:
        raise TableError(f"{source}: a Parquet file without rows; a table has a row or more")
    for each in file.schema_arrow:
        check_flat(each.name, each.type, source)
    return file


def damaged(source: str, error: Exception) -> TableError:
    """The refusal of a Parquet file that Arrow cannot read."""
    return TableError(
        f"{source}: a Parquet file that cannot be read, {shown(first_line(error))}; write it again "
        "or export the table as CSV"
    )


def batches_of(file: Any, size: int, source: str, cells: int) -> Iterator[Batch]:
    """The rows of a Parquet file, in order.

    Args:
        file: a pyarrow.parquet.ParquetFile.
        size: its bytes.
        source: the table, for messages.
        cells: of a batch, about.

    Raises:
        TableError: where it is damaged.
    """
    from pyarrow import ArrowInvalid

    width = max(1, len(file.schema_arrow.names))
    rows, first = file.metadata.num_rows, 1
    try:
        for columns in file.iter_batches(max(1, cells // width)):
            done = first + columns.num_rows - 1
            yield Batch(columns, first, size * done // rows)
            first = done + 1
    except (ArrowInvalid, OSError) as error:
        raise damaged(source, error) from error


def part_of_batch(batch: Batch, names: Sequence[str], source: str, reader: Reader) -> Part:
    """Rows of an Arrow batch, by the columns that a model takes.

    Args:
        batch: the rows.
        names: the batch's column for each feature.
        source: the table, for messages.
        reader: how rows are read.

    Raises:
        TableError: for a bad cell, where it is to end the work; naming row and column.
    """
    columns = batch.columns
    readings = np.empty((columns.num_rows, len(names)), np.float32)
    wrong = np.zeros(readings.shape, np.bool_)
    for index, (name, feature) in enumerate(zip(names, reader.features, strict=True)):
        check_flat(name, columns.column(name).type, source)
        readings[:, index], wrong[:, index] = read_column(columns.column(name), feature)
    is_number = np.array([not feature.categories for feature in reader.features])
    broken = wrong & is_number
    lines = np.arange(batch.first, batch.first + columns.num_rows)
    tally, void = Tally(reader.features), None
    if broken.any():
        tally.bad = _bad(columns, names, broken, lines)
        if reader.on_error == FAIL:
            raise _refused(source, tally.bad[0])
        tally.broken += broken.sum(axis=0)
        rows = broken.any(axis=1)
        if reader.on_error == SKIP:
            import pyarrow as pa

            tally.rows = tally.skipped = int(rows.sum())
            columns = columns.filter(pa.array(~rows))
            readings, wrong, lines = readings[~rows], wrong[~rows], lines[~rows]
            broken = broken[~rows]
        else:
            tally.nulled, void = int(rows.sum()), rows
    tally.count(readings, lines, broken)
    count_unknown(
        tally, wrong & ~is_number, lines, lambda i, row: text_of(columns.column(names[i]), row)
    )
    return Part(readings, void, columns, tally, batch.end)


def read_column(column: Any, feature: Feature) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The readings (rows,) of an Arrow column, and which of its cells are none.

    A NULL is missing. Numbers are taken as they are; whatever else there is, and the numbers of a
    category, as the text that a table would have.
    """
    from pyarrow import types

    kind = column.type
    if not feature.categories and (types.is_integer(kind) or types.is_floating(kind)):
        numbers = column.to_numpy(zero_copy_only=False).astype(np.float64)
        wrong = np.abs(numbers) >= OVERFLOW
        return np.where(wrong, np.nan, numbers), wrong
    where = f"column {shown(feature.name)}"
    encoded = column if types.is_dictionary(kind) else as_stored(column, where).dictionary_encode()
    texts = texts_of([encoded.dictionary], where)[0].to_pylist()
    read = [_reading(text, feature) for text in texts]
    wrong = np.array([*(each is None for each in read), False], np.bool_)
    filler = float(feature.unknown_code) if feature.categories else np.nan
    values = np.array([*(filler if each is None else each for each in read), np.nan], np.float64)
    places = encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    return values[places], wrong[places]


def _reading(text: str, feature: Feature) -> float | None:
    """The reading in a cell; NaN where it is missing, None where it is none."""
    if feature.categories:
        return CategoryCells(feature).of_text(text)
    value = number(text)
    return None if np.isnan(value) and not means_missing(text, feature) else value


def text_of(column: Any, row: int) -> str:
    """One value of an Arrow column as the cell of a table."""
    return str(texts_of([column.slice(row, 1)], f"row {row + 1}")[0][0].as_py())


def _bad(
    columns: Any, names: Sequence[str], broken: NDArray[np.bool_], lines: NDArray[np.int64]
) -> list[Bad]:
    found = []
    for row in np.flatnonzero(broken.any(axis=1))[:SHOWN].tolist():
        name = names[int(broken[row].argmax())]
        found.append(Bad(int(lines[row]), name, trouble(text_of(columns.column(name), row))))
    return found


def _refused(source: str, bad: Bad) -> TableError:
    where = f"{plain(source)}, row {bad.line}, column {shown(bad.column or '')}"
    return TableError(f"{where}: {bad.says}")


def table_of(batch: Batch, names: Sequence[str], source: str) -> Table:
    """The rows of a batch as text, as a table of a Parquet file has them."""
    columns = texts_of(batch.columns.columns, source)
    cells = (ArrayColumn(as_cells(column.to_pylist())) for column in columns)
    lines = np.arange(batch.first, batch.first + batch.columns.num_rows)
    return Table("table", source, tuple(names), True, dict(zip(names, cells, strict=True)), lines,
                 "", counts="row")  # fmt: skip


def arrow_columns(table: Table, numbers: Sequence[str]) -> list[Any]:
    """The columns of a table of text: some of numbers, NULL where there is none, the rest text."""
    import pyarrow as pa

    return [
        pa.array(table.numbers(name), from_pandas=True)
        if name in numbers
        else pa.array(table.cells[name].tolist(), pa.string())
        for name in table.columns
    ]
