"""Rows and predictions as streams of Apache Arrow's IPC format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlp_edge import lazy
from mlp_edge.errors import MissingError, first_line
from mlp_edge.readers.checks.flatbuffer import Verified
from mlp_edge.serve.request_error import RequestError, check_rows
from mlp_edge.serve.settings import ServeSettings

ARROW = "application/vnd.apache.arrow.stream"
MOST_MESSAGES = 1000
"""Batches and dictionaries of a stream."""
_MESSAGE = {
    "Message": (2, 1, "?", 8, "[KeyValue]"),
    "KeyValue": ("string", "string"),
    "DictionaryBatch": (8, "RecordBatch", 1),
    "RecordBatch": (8, "[16]", "[16]", "?", "[8]"),
}
"""Arrow's Message.fbs, as far as a batch has to be understood before it is read."""
_HEADERS = {"Message.2": {2: "DictionaryBatch", 3: "RecordBatch"}}
_HEADER, _LENGTH, _COMPRESSION, _DATA = 2, 0, 3, 1
"""Fields of Message, RecordBatch and DictionaryBatch."""


def installed() -> bool:
    """Whether such streams are taken here."""
    return lazy.installed("pyarrow")


def rows_of(body: bytes, names: Sequence[str], settings: ServeSettings) -> Any:
    """The columns of a stream that a model takes, by their names.

    Nothing is read before it is known how large it gets: batches say how many rows they have,
    compressed ones are refused, and a text that several cells share counts once for each.

    Args:
        body: the stream.
        names: of the columns; others are left alone.
        settings: rows of a request, and bytes of text in it.

    Returns:
        A table of pyarrow of these columns: numbers, or text.

    Raises:
        RequestError: 400 for what is no such stream or lacks a column, 413 for too many rows or
            too much text, 415 when pyarrow is not installed.
    """
    pa = _pyarrow(415)
    try:
        _check_messages(pa, body, settings.max_rows)
        return _table(pa, body, names, settings.max_body)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise RequestError(400, f"the body is no Arrow stream: {first_line(error)}") from error


def written(columns: dict[str, list[Any]], about: dict[str, str]) -> bytes:
    """Columns as a stream: numbers as float32, texts, and lists of texts.

    Args:
        columns: name -> values.
        about: what the schema says besides.

    Raises:
        RequestError: 406 when pyarrow is not installed.
    """
    pa = _pyarrow(406)

    def array(values: list[Any]) -> Any:
        kinds = {type(value) for value in values}
        if float in kinds:
            return pa.array(values, pa.float32())
        return pa.array(values, pa.list_(pa.string()) if list in kinds else pa.string())

    table = pa.table({name: array(values) for name, values in columns.items()})
    table = table.replace_schema_metadata(about)
    told = pa.BufferOutputStream()
    with pa.ipc.new_stream(told, table.schema) as writer:
        writer.write_table(table)
    return bytes(told.getvalue())


def _pyarrow(status: int) -> Any:
    try:
        return lazy.require("pyarrow", "scale")
    except MissingError as error:
        raise RequestError(status, f"{ARROW}: {error}") from error


def _check_messages(pa: Any, body: bytes, most_rows: int) -> None:
    """Refuse batches that are compressed, too many, or of too many rows, before any is read."""
    reader, rows, count = pa.ipc.MessageReader.open_stream(pa.py_buffer(body)), 0, 0
    for message in iter(lambda: _next(reader), None):
        count += 1
        if count > MOST_MESSAGES:
            raise RequestError(413, f"an Arrow stream of more than {MOST_MESSAGES} messages")
        if message.type not in ("record batch", "dictionary"):
            continue
        described = Verified(bytes(message.metadata), _MESSAGE, "Message", _HEADERS).root
        batch = described.get(_HEADER, {})
        if message.type == "dictionary":
            batch = batch.get(_DATA, {})
        if _COMPRESSION in batch:
            raise RequestError(400, "an Arrow stream of compressed batches; plain ones would do")
        length = batch.get(_LENGTH, 0)
        if length < 0:
            raise ValueError(f"a batch of {length} rows")
        if message.type == "record batch":
            rows += length
        check_rows(max(rows, length), most_rows)


def _next(reader: Any) -> Any:
    try:
        return reader.read_next_message()
    except StopIteration:
        return None


def _table(pa: Any, body: bytes, names: Sequence[str], most_text: int) -> Any:
    schema = pa.ipc.open_stream(body).schema
    for name in names:
        places = schema.get_all_field_indices(name)
        if len(places) != 1:
            told = "no column" if not places else "two columns"
            raise RequestError(400, f"the Arrow stream has {told} {name!r}")
        kind = schema.field(places[0]).type
        if not _is_plain(pa, kind):
            raise RequestError(
                400,
                f"the column {name!r} is of the type {str(kind)[:80]}; numbers or text would do",
            )
    options = pa.ipc.IpcReadOptions(
        use_threads=False, included_fields=[schema.get_field_index(name) for name in names]
    )
    table = pa.ipc.open_stream(body, options=options).read_all()
    table.validate(full=True)
    if not table.num_rows:
        raise RequestError(400, "an Arrow stream without rows")
    columns = {name: table.column(name) for name in names}
    shared = [column for column in columns.values() if _shares_text(pa, column.type)]
    size = sum(_text_size(pa, chunk) for column in shared for chunk in column.chunks)
    if size > most_text:
        told = f"{size:,} bytes of text, written out; {most_text:,} are the most"
        raise RequestError(413, told)
    return pa.table({name: _written_out(pa, column) for name, column in columns.items()})


def _is_plain(pa: Any, kind: Any) -> bool:
    """Whether a column holds numbers, or texts, or texts by their places in a dictionary."""
    if pa.types.is_dictionary(kind):
        return _is_text(pa, kind.value_type)
    numbers = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_null)
    return _is_text(pa, kind) or any(right(kind) for right in numbers)


def _is_text(pa: Any, kind: Any) -> bool:
    return any(
        right(kind)
        for right in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    )


def _shares_text(pa: Any, kind: Any) -> bool:
    """Whether one text may stand in many cells: of a dictionary, or of views."""
    return bool(pa.types.is_dictionary(kind) or pa.types.is_string_view(kind))


def _text_size(pa: Any, chunk: Any) -> int:
    """How many bytes the texts of all cells come to, or those of their dictionary."""
    if not pa.types.is_dictionary(chunk.type):
        return int(_lengths(pa, chunk).sum())
    lengths = _lengths(pa, chunk.dictionary)
    places = chunk.indices.drop_null().to_numpy(zero_copy_only=False)
    return max(int(lengths.sum()), int(lengths[places].sum()))


def _written_out(pa: Any, column: Any) -> Any:
    """A column whose every cell stands for itself."""
    if not _shares_text(pa, column.type):
        return column
    return pa.chunked_array([_plain(pa, chunk) for chunk in column.chunks])


def _plain(pa: Any, chunk: Any) -> Any:
    coded = pa.types.is_dictionary(chunk.type)
    texts = chunk.dictionary if coded else chunk
    if pa.types.is_string_view(texts.type):
        # Not by a cast: that of Arrow 26 follows the views of nulls, which nobody has validated.
        texts = pa.array(texts.to_pylist(), pa.string())
    return texts.take(chunk.indices) if coded else texts


def _lengths(pa: Any, texts: Any) -> Any:
    """Bytes of each text (n,) int64; of a null 0."""
    import pyarrow.compute as pc

    if not pa.types.is_string_view(texts.type):
        return pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False).astype(int)
    views = np.frombuffer(texts.buffers()[1], "<i4")[::4][texts.offset :][: len(texts)]
    return np.where(texts.is_valid().to_numpy(zero_copy_only=False), views, 0).astype(np.int64)
