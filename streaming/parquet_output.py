"""Rows with predictions as a Parquet file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.table import Table
from mlp_edge.mlp import Floats
from mlp_edge.streaming.arrow_parts import arrow_columns
from mlp_edge.streaming.outputs import Sink
from mlp_edge.streaming.parts import Part

ROWS, BYTES = 1 << 17, 1 << 25
"""Of a group of rows, about."""


class ParquetOutput:
    """Rows as a Parquet file, their columns as they are.

    Predictions are FLOAT and labels VARCHAR, NULL where there is none. Of rows of text the columns
    of numbers that a model takes are DOUBLE, NULL where a reading is missing; others are VARCHAR.

    Args:
        file: takes the bytes.
        labels: of the model, () for a regression.
        numbers: the table's columns of numbers, where its rows are text.
    """

    def __init__(self, file: Sink, labels: Sequence[str], numbers: Sequence[str]) -> None:
        self._file, self._labels, self._numbers = file, tuple(labels), numbers
        self._names: list[str] = []
        self._writer: Any = None
        self._waiting: list[Any] = []

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_file": None, "_writer": None, "_waiting": []}

    def begin(self, names: Sequence[str]) -> None:
        """Take the names of all columns."""
        self._names = list(names)

    def rendered(self, part: Part, values: Floats, places: NDArray[np.int64]) -> Any:
        """Rows as a pyarrow.RecordBatch, in any thread."""
        body = part.body
        columns = (
            arrow_columns(body, self._numbers) if isinstance(body, Table) else list(body.columns)
        )
        return with_predictions(columns, values, places, self._labels, self._names)

    def write(self, block: Any) -> None:
        """Write groups of rows."""
        self._waiting.append(block)
        rows = sum(each.num_rows for each in self._waiting)
        if rows >= ROWS or sum(each.nbytes for each in self._waiting) >= BYTES:
            self._write_group()

    def close(self) -> None:
        """Write the last rows and the end of the file."""
        if self._waiting:
            self._write_group()
        if self._writer is not None:
            self._writer.close()

    def _write_group(self) -> None:
        from pyarrow import Table as Group
        from pyarrow import parquet
        from pyarrow.types import is_float32

        group = Group.from_batches(self._waiting)
        if self._writer is None:
            # Hardly two predictions are the same.
            alike = [each.name for each in group.schema if not is_float32(each.type)]
            self._writer = parquet.ParquetWriter(self._file, group.schema, use_dictionary=alike)
        self._writer.write_table(group, row_group_size=max(1, group.num_rows))
        self._waiting = []


def with_predictions(
    columns: Sequence[Any],
    values: Floats,
    places: NDArray[np.int64],
    labels: Sequence[str],
    names: Sequence[str],
) -> Any:
    """A pyarrow.RecordBatch of columns with predictions and labels behind them.

    Args:
        columns: Arrow arrays, (rows,) each.
        values: predictions (rows, outputs); NULL where one is NaN.
        places: of each row's label (rows,), as ``Scorer.label_places`` has them.
        labels: of the model, () for a regression.
        names: of all columns.
    """
    import pyarrow as pa

    every = [_whole(column) for column in columns]
    every += [pa.array(column.copy(), from_pandas=True) for column in values.T]
    if labels:
        every.append(pa.array([*labels, None], pa.string()).take(pa.array(places)))
    return pa.RecordBatch.from_arrays(every, names=list(names))


def _whole(column: Any) -> Any:
    """A column in one piece."""
    import pyarrow as pa

    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
