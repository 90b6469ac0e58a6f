"""Arrow values as the text that the reader of whole Parquet files gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlp_edge.data.quoting import shown
from mlp_edge.errors import TableError, first_line

MOST_DIGITS = 38
"""Of a DECIMAL; DuckDB reads one with more as DOUBLE."""


def check_flat(name: str, kind: Any, source: str) -> None:
    """Refuse an Arrow type whose values are several each.

    Args:
        name: of the column.
        kind: its pyarrow.DataType.
        source: the table, for messages.

    Raises:
        TableError: for lists and records.
    """
    from pyarrow import types

    if types.is_nested(kind):
        raise TableError(
            f"{source}: column {shown(name)} of type {shown(str(kind))} does not "
            "hold one number or word per row; leave it out or spread it over columns"
        )


def texts_of(columns: Sequence[Any], where: str) -> list[Any]:
    """Arrow arrays as arrays of text, spelled as in a Parquet file that is read whole.

    Args:
        columns: pyarrow.Array of equal lengths, not nested.
        where: they are from, for messages.

    Returns:
        A pyarrow array of strings for each, "" for NULL.

    Raises:
        TableError: for bytes that are no UTF-8, and for values that DuckDB cannot read.
    """
    import duckdb
    import pyarrow as pa

    stored = [as_stored(column, where) for column in columns]
    if all(pa.types.is_string(column.type) for column in stored):
        return [column.fill_null("") for column in stored]
    names = [f"c{place}" for place in range(len(stored))]
    casts = ", ".join(f"coalesce(CAST({name} AS VARCHAR), '')" for name in names)
    try:
        with duckdb.connect(config={"threads": "1"}) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            rows = connection.from_arrow(pa.table(stored, names))
            found = rows.project(casts).to_arrow_table()
    except duckdb.Error as error:
        raise _unreadable(where, error) from error
    return [column.combine_chunks() for column in found.columns]


def as_stored(column: Any, where: str) -> Any:
    """An Arrow array in the type in which DuckDB finds it in a Parquet file.

    Args:
        column: a pyarrow.Array.
        where: it is from, for messages.

    Raises:
        TableError: for bytes that are no UTF-8.
    """
    import pyarrow as pa

    try:
        return _stored(column)
    except pa.ArrowException as error:
        raise _unreadable(where, error) from error


def _unreadable(where: str, error: Exception) -> TableError:
    return TableError(
        f"{where}: values that cannot be read as text, {shown(first_line(error))}; write the "
        "column as numbers or words"
    )


def _stored(column: Any) -> Any:
    import pyarrow as pa
    from pyarrow import types

    kind = column.type
    if types.is_dictionary(kind):
        return _stored(column.dictionary_decode())
    if types.is_float16(kind):
        return column.cast(pa.float32())
    if types.is_decimal(kind):
        fits = kind.precision <= MOST_DIGITS
        wanted = pa.decimal128(kind.precision, kind.scale) if fits else pa.float64()
        return column.cast(wanted)
    if types.is_duration(kind):
        return column.cast(pa.int64())
    if types.is_fixed_size_binary(kind):
        column = column.cast(pa.binary())
    text = types.is_large_string(kind) or types.is_string_view(kind)
    raw = types.is_binary(column.type) or types.is_large_binary(kind) or types.is_binary_view(kind)
    return column.cast(pa.string()) if text or raw else column
