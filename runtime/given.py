"""Rows as Python programs hold them, to raw readings.

What has names is read by name, as the command line reads a table: data frames, Arrow tables,
structured arrays, dicts of columns, lists of dicts. What has none goes by place.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.card import Card
from mlp_edge.cell import CategoryCells, means_missing, number
from mlp_edge.errors import InputError, first_line
from mlp_edge.feature import Feature
from mlp_edge.mlp import Rows

SHOWN = 20
"""Names that a message lists."""
_NO_VALUE = ("NAType", "NaTType")
"""What pandas calls the types of its missing values; both are singletons."""

Columns = Sequence[tuple[Any, Callable[[], Any]]]
"""Labels, in the order that the rows have them, and what fetches the column of each."""


def readings(given: Any, card: Card, quiet: bool = False) -> Rows:
    """Raw readings (n, inputs) float32, C order; what is missing is NaN.

    Args:
        given: the rows; see ``Model.predict``.
        card: names the features, their categories and codes.
        quiet: whether categories that the model does not know are not warned of.

    Raises:
        InputError: for names that are not the features', another number of columns, or what is
            not a number.
    """
    if type(given) is np.ndarray and given.dtype.kind in "biuf":
        return _checked(given, card)
    columns = _named(given)
    if columns is None:
        return _checked(_by_place(given, card, quiet), card)
    labels = [label for label, _ in columns]
    if labels == list(range(len(labels))) and not {*map(str, labels)} >= {*card.names}:
        if len(labels) != len(card.features):  # numbered by their place: no names
            rows = len(_cells(columns[0][1]())) if columns else 0
            raise InputError(_other_width((rows, len(labels)), card))
        chosen = [fetch for _, fetch in columns]
        return _joined(card.features, chosen, False, quiet)
    return _joined(card.features, _by_name(columns, card), True, quiet)


def _checked(array: NDArray[Any], card: Card) -> Rows:
    if array.ndim != 2 or array.shape[1] != len(card.features):
        raise InputError(_other_width(array.shape, card))
    if array.dtype == np.float32:  # np.errstate takes as long as a small model
        return np.ascontiguousarray(array)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32)


def _other_width(shape: tuple[int, ...], card: Card) -> str:
    names = ", ".join(card.names[:8]) + (", …" if len(card.names) > 8 else "")
    return f"rows have the shape {shape}; {card.name} takes (n, {len(card.names)}): {names}"


# What has names


def _named(given: Any) -> Columns | None:
    """The columns by their labels; None for what has no names."""
    names = getattr(getattr(given, "dtype", None), "names", None)
    if names is not None:  # a structured array
        if given.ndim != 1:
            raise InputError(
                f"a structured array of the shape {given.shape}; one dimension, the rows, would do"
            )
        return _fetched(given.__getitem__, names)
    # A frame of pandas has its columns as attributes, whatever they are called.
    if callable(getattr(given, "fetchnumpy", None)) and hasattr(given, "columns"):  # DuckDB
        given = given.fetchnumpy()
    if isinstance(given, Mapping):
        if given and not any(map(np.ndim, given.values())):  # one row
            return _of_records([given])
        return _fetched(given.__getitem__, given)
    if callable(getattr(given, "column", None)) and _is_list(getattr(given, "column_names", None)):
        return _fetched(lambda name: _undictionaried(given.column(name)), given.column_names)
    if _is_list(getattr(given, "columns", None)):
        return _fetched(given.__getitem__, given.columns)
    if isinstance(given, list | tuple) and given and _record(given[0]) is not None:
        return _of_records(given)
    for protocol in ("__dataframe__", "__arrow_c_stream__", "__arrow_c_array__"):
        if hasattr(given, protocol) and getattr(given, "ndim", 2) == 2:
            raise InputError(
                f"a {type(given).__name__} cannot be read as rows here; a data frame of pandas or "
                "Polars, an Arrow table or a dict of columns would do"
            )
    return None


def _undictionaried(column: Any) -> Any:
    """A column of Arrow, one with a dictionary as a list: NumPy would get texts for its nulls."""
    return column.to_pylist() if hasattr(column.type, "index_type") else column


def _is_list(labels: Any) -> bool:
    return isinstance(labels, Iterable) and not isinstance(labels, str)


def _fetched(fetch: Callable[[Any], Any], labels: Iterable[Any]) -> Columns:
    return [(label, partial(fetch, label)) for label in labels]


def _record(row: Any) -> Mapping[Any, Any] | None:
    """A row with names: a dict, a named tuple, a record, a row of a frame or of a database."""
    if isinstance(row, Mapping):
        return row
    if isinstance(row, tuple) and hasattr(row, "_asdict"):
        return dict(row._asdict())
    if isinstance(row, np.void) and row.dtype.names:
        return {name: row[name] for name in row.dtype.names}
    if callable(getattr(row, "keys", None)):
        return {key: row[key] for key in row.keys()}  # noqa: SIM118 (a Series has no such iterator)
    return None


def _of_records(given: Sequence[Any]) -> Columns:
    """Columns of rows that have the first one's names, in any order."""
    records = [_record(row) for row in given]
    first = records[0] or {}
    for place, record in enumerate(records):
        if record is None or record.keys() != first.keys():
            names = "none" if record is None else _listed(record)
            raise InputError(
                f"row {place} has the names {names}, row 0 {_listed(first)}; None marks what is "
                "missing"
            )
    return _fetched(lambda name: [record[name] for record in records if record is not None], first)


def _by_name(columns: Columns, card: Card) -> list[Callable[[], Any]]:
    """What fetches the column of each feature."""
    known: dict[str, list[Callable[[], Any]]] = {}
    for label, fetch in columns:
        known.setdefault(str(label), []).append(fetch)
    missing = [name for name in card.names if name not in known]
    if missing:
        raise InputError(
            f"rows without {_listed(missing)}, which {card.name} takes; they have "
            f"{_listed(label for label, _ in columns) or 'no columns'}. What has names is read by "
            "name; a plain array goes by place"
        )
    twice = [name for name in card.names if len(known[name]) > 1]
    if twice:
        raise InputError(f"rows have two columns {twice[0]!r}; names that differ would do")
    return [known[name][0] for name in card.names]


def _listed(names: Iterable[Any]) -> str:
    every = [repr(name) for name in names]
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return ", ".join(every[:SHOWN]) + more


# Cells


def _joined(
    features: Sequence[Feature], columns: Sequence[Callable[[], Any]], named: bool, quiet: bool
) -> Rows:
    """A column per feature, all of one length, as rows."""
    read: list[NDArray[np.float32]] = []
    for feature, fetch in zip(features, columns, strict=True):
        try:
            cells = _cells(fetch())
        except Exception as error:  # each library has its own way to complain
            raise InputError(
                f"column {feature.name!r} cannot be read ({first_line(error)})"
            ) from error
        if cells.ndim != 1:
            raise InputError(
                f"column {feature.name!r} has the shape {cells.shape}; one cell per row would do"
            )
        if read and len(cells) != len(read[0]):
            raise InputError(
                f"column {feature.name!r} has {len(cells)} rows, {features[0].name!r} "
                f"{len(read[0])}"
            )
        read.append(_column(cells, feature, named, quiet))
    return np.ascontiguousarray(np.stack(read, axis=1))


def _by_place(given: Any, card: Card, quiet: bool) -> NDArray[Any]:
    """Rows without names: (n, inputs) float32, or what ``_checked`` refuses."""
    try:
        cells = _cells(given)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"rows hold something that is not a number, or differ in length ({error})"
        ) from error
    if cells.ndim != 2 or cells.shape[1] != len(card.features):
        return np.empty(cells.shape, np.float32)
    read = [
        _column(cells[:, place], feature, False, quiet)
        for place, feature in enumerate(card.features)
    ]
    return np.stack(read, axis=1)


def _cells(values: Any) -> NDArray[Any]:
    """What is masked becomes NaN among numbers and None among others; texts stay beside numbers."""
    if isinstance(values, list | tuple):
        if any(isinstance(item, np.ma.MaskedArray) for item in values):
            values = np.ma.array(values)
        else:
            # An array of texts would give every cell the room of the longest.
            return np.asarray(values, dtype=object if _holds_text(values) else None)
    array = np.asanyarray(values)
    if not isinstance(array, np.ma.MaskedArray):
        return np.asarray(array)
    if array.dtype.kind in "biuf":
        return np.asarray(np.ma.filled(array.astype(np.float64), np.nan))
    return np.asarray(np.ma.filled(array.astype(object), None))


def _holds_text(values: Any) -> bool:
    """Whether cells, or cells of rows, are texts."""
    kinds = set(map(type, values))
    if kinds & {list, tuple}:
        kinds = {kind for row in values for kind in map(type, row)}
    return any(issubclass(kind, str | bytes) for kind in kinds)


def _column(cells: NDArray[Any], feature: Feature, named: bool, quiet: bool) -> NDArray[np.float32]:
    """The readings (n,) of one feature.

    Args:
        cells: as ``_cells`` has them.
        feature: what they are readings of.
        named: whether the column was found by its name, as in a table. A category is then what
            the table calls it; elsewhere a number is its code.
        quiet: as ``readings``.
    """
    categories = CategoryCells(feature) if feature.categories else None
    if cells.dtype.kind in "biuf":
        if categories is None or not named:
            with np.errstate(over="ignore"):
                return cells.astype(np.float32)
        cells = cells.astype(object)
    read = np.empty(len(cells), np.float32)
    unknown = []
    with np.errstate(over="ignore"):
        for row, cell in enumerate(cells.tolist() if cells.dtype.kind in "SUO" else cells):
            try:
                reading = _reading(cell, feature, categories, named)
            except (TypeError, ValueError, OverflowError):
                raise InputError(
                    f"column {feature.name!r}, row {row}: {cell!r:.60} is not a number"
                ) from None
            if reading is None:
                unknown.append(row)
                reading = feature.unknown_code
            read[row] = reading
    if unknown and not quiet:
        _warn(feature, unknown, cells)
    return read


def _reading(
    cell: Any, feature: Feature, categories: CategoryCells | None, named: bool
) -> float | None:
    """The reading in a cell; None for a category that nobody knows.

    Raises:
        TypeError: for what is no number, such as a date.
        ValueError: for a text that is none.
    """
    if cell is None or cell is np.ma.masked or type(cell).__name__ in _NO_VALUE:
        return math.nan
    if isinstance(cell, bytes):
        cell = cell.decode()
    if isinstance(cell, str):
        if categories is not None:
            return categories.of_text(cell)
        if means_missing(cell, feature):
            return math.nan
        if math.isnan(value := number(cell)):
            raise ValueError(cell)
        return value
    if isinstance(cell, complex | np.complexfloating | np.datetime64 | np.timedelta64):
        raise TypeError(cell)
    value = float(cell)
    if categories is None or not named or math.isnan(value):
        return value
    return categories.of_value(value)


def _warn(feature: Feature, rows: Sequence[int], cells: NDArray[Any]) -> None:
    warnings.warn(
        f"column {feature.name!r}: {len(rows):,} of {len(cells):,} rows with a category that the "
        f"model does not know, the first {cells[rows[0]]!r:.60} in row {rows[0]}; it knows "
        f"{_listed(feature.categories)}, and none of them counts",
        stacklevel=6,
    )
