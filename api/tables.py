"""What counts as a table: a path, a data set's name, and the tables that Python programs hold."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from mlp_edge.api.frames import KINDS, Frame, cells_of, taken_apart
from mlp_edge.api.settings import GUESSED, Reading
from mlp_edge.data.content.floats import Cells
from mlp_edge.data.content.text_column import ArrayColumn
from mlp_edge.data.quoting import shown
from mlp_edge.data.reading.read import check_names, column_names, read_table
from mlp_edge.data.reading.size import read_size
from mlp_edge.data.reading.source import STANDARD_INPUT, shown_source
from mlp_edge.data.table import Table
from mlp_edge.errors import InputError, RecipeError, TableError
from mlp_edge.files.writing import sha256
from mlp_edge.foreign import check_text
from mlp_edge.mlp import identifier
from mlp_edge.settings import setting, settings_of


def read_any(table: Any, reading: Reading = GUESSED) -> Table:
    """Read whatever counts as a table.

    A missing value (None, NaN, NaT, pd.NA, a masked element) is a missing reading, as an empty cell
    of a file is. The index of a pandas DataFrame is ignored. Truth values, categories and texts are
    words; dates and times are texts in ISO's form.

    Args:
        table: the path of a CSV or Parquet file, pima, iris or sine; a pandas, Polars or Arrow
            table; a structured NumPy array (rows,); or ``(array, names)`` with an array (rows,
            columns) and as many names; or what this function gave.
        reading: how a file is written, where the guess would be wrong.

    Raises:
        TableError: when it cannot be read: a column of lists, bytes or durations, names that are
            no text or not unique, no rows.
        RecipeError: when ``reading`` says something of a table that is no file.
        InputError: for what is no table.
    """
    if isinstance(table, Table):
        return table
    if isinstance(table, str | os.PathLike):
        return read_table(os.fspath(table), reading, read_size(reading.max_bytes))
    found = taken_apart(table)
    for each in settings_of(Reading):
        if getattr(reading, each.name) is not None:
            raise RecipeError(
                f"{setting(each.name)} says how a file is read; leave it out for a {found.kind}"
            )
    return _table(found)


def saved_source(source: str, whose: object) -> str:
    """A table that a saved model was trained on, to be read again.

    Args:
        source: what the model says of it.
        whose: the model, for the message.

    Raises:
        InputError: when it was no file.
    """
    if source in {shown_source(STANDARD_INPUT), *KINDS}:
        raise InputError(f"{whose}: its table, {source}, cannot be read again; name the table")
    return source


def _table(found: Frame) -> Table:
    for name in found.names:
        _check_name(name, found.kind)
    names = column_names(found.names)
    check_names(names, found.kind)
    if not names or not len(found.columns[0]):
        raise TableError(f"{found.kind}: no rows or no columns; a table has one or more of each")
    cells = {
        name: cells_of(column, f"{found.kind}, column {shown(name)}")
        for name, column in zip(names, found.columns, strict=True)
    }
    return Table(
        name=identifier("table"),
        source=found.kind,
        columns=names,
        header=True,
        cells={name: ArrayColumn(column) for name, column in cells.items()},
        lines=np.arange(1, len(found.columns[0]) + 1, dtype=np.int64),
        sha256=_digest(cells),
        counts="row",
    )


def _check_name(name: object, kind: str) -> None:
    if not isinstance(name, str):
        raise TableError(
            f"{kind}: the column name {shown(repr(name))} is no text but {type(name).__name__}; "
            "give every column a name that is a string"
        )
    try:
        check_text(name)
    except ValueError as error:
        raise TableError(f"{kind}: the column name {shown(name)}: {error}") from error


def _digest(cells: dict[str, Cells]) -> str:
    """A hash of the names and of every cell."""
    columns = ("\x00".join([name, *column.tolist()]) for name, column in cells.items())
    return sha256("\x00\x00".join(columns).encode())
