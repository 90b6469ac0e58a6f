"""Tables that Python programs hold, taken apart into columns of text."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.content.floats import TEXT, Cells, as_cells
from mlp_edge.errors import InputError, TableError

KINDS = PANDAS, POLARS, ARROW, NUMPY = (
    "pandas DataFrame", "Polars DataFrame", "Arrow table", "NumPy array",
)  # fmt: skip
"""What messages, and model.json, call a table that is no file."""
TABLES = "a path, a pandas, Polars or Arrow table, a structured NumPy array or (array, names)"
_MIDNIGHT = " 00:00:00"
_WORDS = (str, bool, np.bool_, int, float, np.integer, np.floating, Decimal)
_ARROW_NUMBERS = re.compile(r"u?int\d+|halffloat|float|double")
_TIMES = (datetime.date, datetime.time)


class Frame(NamedTuple):
    """A table in memory: its kind, one of ``KINDS``, and its names and columns in order."""

    kind: str
    names: Sequence[Any]
    columns: Sequence[Any]


def taken_apart(table: Any) -> Frame:
    """The columns of a table in memory."""
    library = type(table).__module__.partition(".")[0]
    if library == "pandas" and hasattr(table, "iloc") and hasattr(table, "columns"):
        columns = [table.iloc[:, place] for place in range(table.shape[1])]
        return Frame(PANDAS, list(table.columns), columns)
    if library == "polars" and hasattr(table, "get_columns"):
        return Frame(POLARS, table.columns, table.get_columns())
    if library == "pyarrow" and hasattr(table, "column_names"):
        return Frame(ARROW, table.column_names, table.columns)
    if isinstance(table, np.ndarray) and table.dtype.names and table.ndim == 1:
        names = table.dtype.names
        return Frame(NUMPY, names, [table[name] for name in names])
    if isinstance(table, tuple) and len(table) == 2:
        return _named_array(*table)
    raise InputError(f"{type(table).__name__} is no table; {TABLES} would do")


def _named_array(array: Any, names: Any) -> Frame:
    """The columns of an array (rows, columns) with its names."""
    if not isinstance(array, np.ndarray) or array.ndim != 2 or isinstance(names, str):
        raise InputError("(array, names) takes an array (rows, columns) and its columns' names")
    names = list(names)
    if len(names) != array.shape[1]:
        raise InputError(f"(array, names): {len(names)} names for {array.shape[1]} columns")
    return Frame(NUMPY, names, list(array.T))


def cells_of(column: Any, where: str) -> Cells:
    """A column as text, "" where a value is missing."""
    values, missing = _values(column)
    if values.dtype.kind in "biuf":
        if values.dtype.kind == "f":
            missing = missing | np.isnan(values)
        cells = cast(Cells, values.astype(TEXT))
        cells[missing] = ""
        return cells
    texts = [
        "" if gone else _text(value, where) for value, gone in zip(values, missing, strict=True)
    ]
    if any(isinstance(value, datetime.datetime) for value in values):
        texts = _without_midnight(texts)
    try:
        return as_cells(texts)
    except UnicodeEncodeError as error:
        raise TableError(f"{where}: a text with half a character (a lone surrogate)") from error


def _values(column: Any) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """A column as numbers or as Python's objects, (rows,), and where a value is missing."""
    if isinstance(column, np.ndarray):
        return _of_numpy(column)
    library = type(column).__module__.partition(".")[0]
    return {"pandas": _of_pandas, "polars": _of_polars, "pyarrow": _of_arrow}[library](column)


def _of_numpy(column: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    missing = np.ma.getmaskarray(column)
    values = np.ma.getdata(column)
    if values.dtype.kind == "M":
        missing = missing | np.isnat(values)
        values = values.astype("M8[us]")
    if values.dtype.kind not in "biuf":
        values = values.astype(object)
        missing = missing | np.array([_is_missing(value) for value in values], bool)
    return values, missing


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _of_pandas(column: Any) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    missing = column.isna().to_numpy()
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        return column.to_numpy(), missing
    return column.astype(object).to_numpy(), missing


def _of_polars(column: Any) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    missing = column.is_null().to_numpy()
    if column.dtype.is_float() or column.dtype.is_integer():
        return column.fill_null(0).to_numpy(), missing
    return _objects(column.to_list()), missing


def _of_arrow(column: Any) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    missing = column.is_null().to_numpy(zero_copy_only=False)
    if _ARROW_NUMBERS.fullmatch(str(column.type)):
        return column.fill_null(0).to_numpy(zero_copy_only=False), missing
    return _objects(column.to_pylist()), missing


def _objects(values: list[Any]) -> NDArray[Any]:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _text(value: Any, where: str) -> str:
    """A value as the cell of a file would have it."""
    if isinstance(value, _WORDS):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, _TIMES):
        return value.isoformat()
    raise TableError(
        f"{where}: a value of type {type(value).__name__} is no number, word or time; "
        "leave the column out or spread it over columns"
    )


def _without_midnight(texts: list[str]) -> list[str]:
    """Times of day left out where they are all midnight: then the column holds dates."""
    if all(not text or text.endswith(_MIDNIGHT) for text in texts):
        return [text.removesuffix(_MIDNIGHT) for text in texts]
    return texts
