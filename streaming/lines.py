"""Predictions behind rows of text: the lines of a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import as_words
from mlp_edge.data.table import Table
from mlp_edge.files.writing import csv_text
from mlp_edge.mlp import Floats
from mlp_edge.streaming.plain import Lines
from mlp_edge.streaming.shortest import written


def lines_of(
    body: Lines | Table,
    values: Floats,
    places: NDArray[np.int64],
    labels: Sequence[str],
    decimal: str,
    safe: bool,
) -> bytes:
    """Rows with predictions and labels behind them, as CSV.

    Args:
        body: the rows as they are written.
        values: predictions (rows, outputs).
        places: of each row's label (rows,), as ``Scorer.label_places`` has them.
        labels: of the model, () for a regression.
        decimal: the mark before a fraction.
        safe: whether words that a spreadsheet would compute get a ' before them.
    """
    if isinstance(body, Lines):
        return _joined(body, values, places, labels)
    numbers: list[list[str]] = np.char.replace(values.astype(str), ".", decimal).tolist()
    if labels:
        texts = [*labels, ""]
        for row, place in zip(numbers, places.tolist(), strict=True):
            row.append(texts[place])
    columns = [body.cells[name].tolist() for name in body.columns]
    cells = zip(*columns, strict=True)
    rows = ([*row, *more] for row, more in zip(cells, numbers, strict=True))
    lines = ([as_words(cell) for cell in row] for row in rows) if safe else rows
    return csv_text(lines).encode()


def _joined(body: Lines, values: Floats, places: NDArray[np.int64], labels: Sequence[str]) -> bytes:
    """Lines of CSV, which need not be taken apart."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # A line with the line feed before it rather than behind, so that they are one buffer still.
    offsets = np.concatenate([[0], body.stops]).astype(np.int32)
    content = pa.py_buffer(b"\n" + body.content)
    offsets[1:] += 1
    lines = pa.BinaryArray.from_buffers(
        pa.binary(), len(body.stops), [None, pa.py_buffer(offsets), content]
    )
    more: list[Any] = [written(column) for column in values.T]
    if labels:
        cells = pa.array([*map(_cell, labels), b""], pa.binary())
        more.append(cells.take(pa.array(places)))
    joined = pc.binary_join_element_wise(lines, *more, b",")
    return bytes(joined.buffers()[2].to_pybytes()[1:] + b"\n")


def _cell(text: str) -> bytes:
    """A text as a cell of CSV."""
    return csv_text([[text, ""]]).removesuffix(",\n").encode()
