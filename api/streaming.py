"""``Model.predict_stream``: a table of any size in, predictions out, in bounded memory."""

from __future__ import annotations

import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mlp_edge.api.observer import SILENT, Observer
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.predicting import SHOWN, PredictedTable, open_predictor, own_table, predict_table
from mlp_edge.api.settings import GUESSED, PredictionSettings, Reading, StreamSettings
from mlp_edge.api.streamed_table import StreamedTable
from mlp_edge.api.widened_table import check_output
from mlp_edge.cluster import RAY
from mlp_edge.data.odd_lines import LineError
from mlp_edge.data.reading.blocks import read_blocks
from mlp_edge.data.reading.duck import copied
from mlp_edge.data.reading.read import check_names, column_names, ignored_by_parquet, read_stream
from mlp_edge.data.reading.size import read_size
from mlp_edge.data.reading.source import STANDARD_INPUT, Stream, opened, shown_source
from mlp_edge.data.reading.text import PARQUET, unpacked_head
from mlp_edge.data.saved_columns import matched_columns
from mlp_edge.data.table import Table
from mlp_edge.engines.ray import RayEngine
from mlp_edge.errors import TableError
from mlp_edge.lazy import installed, require
from mlp_edge.streaming.arrow_parts import Batch, opened_parquet, table_of
from mlp_edge.streaming.outputs import (
    CsvOutput,
    NoOutput,
    Sink,
    check_suffix,
    file_of,
    is_parquet,
    is_plain,
    packer,
)
from mlp_edge.streaming.parquet_output import ParquetOutput
from mlp_edge.streaming.parts import NULL, SKIP, Reader, part_of_table
from mlp_edge.streaming.pipeline import in_order
from mlp_edge.streaming.scorer import Scorer
from mlp_edge.streaming.stream import Output, ParquetRows, TextRows, Wanted

SMALL, CELL = 1 << 22, 8
"""Bytes of a table, unpacked, up to which it is read whole; bytes that a cell of a Parquet file
counts as."""
ENDLESS = 1 << 62
"""Bytes of a table that is never held: any number of them."""


def predict_any(
    model: OpenedModel | str | os.PathLike[str],
    table: str | None,
    settings: PredictionSettings,
    streaming: StreamSettings,
    reading: Reading,
    *,
    trust: bool = False,
    observer: Observer = SILENT,
    standard: Sink | None = None,
) -> PredictedTable | StreamedTable:
    """Predict a table whole where it is small, and block by block where it is not.

    Args:
        model: as ``predict_stream`` takes it.
        table: a path, a data set's name, or "-"; None for the data set that a model was trained
            on.
        settings: what predicts, and what to write.
        streaming: what becomes of bad rows, and whether to count; anything but the defaults is done
            block by block.
        reading: how the table is written.
        trust: run a header or script that no model directory vouches for.
        observer: follows.
        standard: takes the rows where no file is named; None to write none.

    Raises:
        InputError, ModelError, VerifyError, MissingError: as ``predict_stream``.
    """
    source = own_table(model) if table is None else table
    if settings.out is not None:
        check_suffix(settings.out)
        check_output("out", settings.out, source)
    usual = streaming == StreamSettings() and is_plain(settings.out)
    with opened(source, _most(reading)) as stream:
        if not usual or is_large(stream):
            return predict_stream(
                model, source, settings, streaming, reading,
                trust=trust, observer=observer, standard=standard, begun=stream,
            )  # fmt: skip
        found = _predict_whole(model, source, stream, settings, reading, trust, observer)
    if settings.out is None and standard is not None:
        standard.write(found.to_csv(spreadsheet_safe=settings.spreadsheet_safe).encode())
    return found


def _predict_whole(
    model: OpenedModel | str | os.PathLike[str],
    source: str,
    stream: Stream,
    settings: PredictionSettings,
    reading: Reading,
    trust: bool,
    observer: Observer,
) -> PredictedTable:
    """Predict a small table; what ends the work is told of the first line that does."""
    piped = b""
    rows: Any = source
    try:
        if source == STANDARD_INPUT:
            piped = stream.read(SMALL + 1)
            stream.put_back(piped)
            rows = read_stream(stream, source, reading)
        return predict_table(model, rows, settings, reading, trust=trust, observer=observer)
    except LineError as error:
        if stream.head.startswith(PARQUET):
            raise
        # All lines were split before any cell was read: a cell above may be none.
        if piped:
            stream.put_back(piped)
        nowhere, bulk = replace(settings, out=None), StreamSettings()
        try:
            predict_stream(model, source, nowhere, bulk, reading, trust=trust, begun=stream)
        except TableError as other:
            if isinstance(other, LineError) and other.line < error.line:
                raise other from None
        raise


def is_large(stream: Stream) -> bool:
    """Whether a table has more than ``SMALL`` bytes, unpacked.

    A Parquet file is read whole where Arrow is not installed, and where it comes from a pipe.
    """
    if stream.head.startswith(PARQUET):
        if not installed("pyarrow") or not stream.file.seekable():
            return False
        from pyarrow import ArrowInvalid, parquet

        try:
            there = parquet.read_metadata(stream.file)
        except (ArrowInvalid, OSError):
            return False
        finally:
            stream.file.seek(len(stream.head))
        return bool(there.num_rows * there.num_columns > SMALL // CELL)
    content = stream.read(SMALL + 1)
    stream.put_back(content)
    try:
        return len(unpacked_head(content, SMALL + 1)) > SMALL
    except zlib.error:  # of which the reader has something to say
        return False


def predict_stream(
    model: OpenedModel | str | os.PathLike[str],
    table: str | os.PathLike[str],
    settings: PredictionSettings,
    streaming: StreamSettings,
    reading: Reading = GUESSED,
    *,
    trust: bool = False,
    observer: Observer = SILENT,
    standard: Sink | None = None,
    begun: Stream | None = None,
) -> StreamedTable:
    """Predict a file of any size, block by block.

    Args:
        model: opened; or a model directory, or a .keras, .onnx, .tflite, .h, .js or .py file.
        table: the path of a CSV or Parquet file, or "-" for standard input.
        settings: what predicts, and what to write.
        streaming: what becomes of bad rows, and what works on blocks.
        reading: how the table is written.
        trust: run a header or script that no model directory vouches for.
        observer: follows.
        standard: takes the rows where no file is named; None to write none.
        begun: the bytes of ``table`` where they have been opened already.

    Raises:
        InputError: for a table that does not fit, or a file that cannot be written.
        ModelError: for a model that is missing or damaged.
        VerifyError: when it is to be verified, and is not what was written.
        MissingError: when this machine lacks what runs it, or packs the file.
    """
    source = os.fspath(table)
    if settings.out is not None:
        check_suffix(settings.out)
        check_output("out", settings.out, source)
    with ExitStack() as stack:
        stream = begun or stack.enter_context(opened(source, _most(reading)))
        skip = streaming.on_error == SKIP
        rows = _rows(stream, source, reading, skip, stack)
        with observer.step("opening the model"):
            predictor = stack.enter_context(
                open_predictor(model, settings.runtime, trust, settings.verify, settings.signed_by)
            )
        scorer = Scorer.of(predictor)
        reader = Reader(predictor.card.features, predictor.nameless, streaming.on_error)
        rows.check(reader)
        first = _first(rows.head, scorer, reader)
        output = stack.enter_context(_output(settings, scorer, rows.head, reader, standard))
        watch = stack.enter_context(observer.streams(_size(source)))
        engine = in_order if streaming.engine != RAY else RayEngine(streaming.address)
        how = Wanted(is_parquet(settings.out), settings.spreadsheet_safe, engine)
        found = rows.stream(scorer, reader, output, watch, how)
    observer.found(found.findings)
    return StreamedTable(
        first.card.name, rows.head.source, first.runtime, rows.head.counts, found.tally,
        found.findings, first,
    )  # fmt: skip


def _rows(
    stream: Stream, source: str, reading: Reading, skip: bool, stack: ExitStack
) -> TextRows | ParquetRows:
    """The rows of a table, the first of them read."""
    if not stream.head.startswith(PARQUET):
        return TextRows(read_blocks(stream, source, reading, skip))
    require("pyarrow", "scale")
    name = shown_source(source)
    path: Any = source
    if source == STANDARD_INPUT:  # Parquet is read from its end
        path = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        with copied(name):
            shutil.copyfileobj(stream, path, 1 << 20)
        path.seek(0)
    file = opened_parquet(path, name)
    names = column_names(file.schema_arrow.names)
    check_names(names, name)
    first = Batch(next(file.iter_batches(SHOWN)), 1)
    head = replace(
        table_of(first, names, name),
        decimal=reading.decimal or ".",
        notes=ignored_by_parquet(reading),
    )
    return ParquetRows(file, _size(source) or 0, head)


def _most(reading: Reading) -> int:
    """Bytes that may be read: as many as there are, unless somebody says."""
    return ENDLESS if reading.max_bytes is None else read_size(reading.max_bytes)


def _size(source: str) -> int | None:
    """Bytes of a file; None of what is none."""
    path = Path(source)
    return path.stat().st_size if source != STANDARD_INPUT and path.is_file() else None


def _first(head: Table, scorer: Scorer, reader: Reader) -> PredictedTable:
    """The first rows of a table, predicted."""
    few = head.keep(np.arange(head.rows) < SHOWN)
    part = part_of_table(few, replace(reader, on_error=NULL))
    values = scorer.predict(part.readings)
    return PredictedTable(few, scorer.card, part.readings, values, scorer.opened.runtime, ())


@contextmanager
def _output(
    settings: PredictionSettings,
    scorer: Scorer,
    head: Table,
    reader: Reader,
    standard: Sink | None,
) -> Iterator[Output]:
    """Where the rows go."""
    if settings.out is None and standard is None:
        yield NoOutput()
        return
    pack, labels = packer(settings.out), scorer.card.labels
    with file_of(settings.out, standard) as file:
        if is_parquet(settings.out):
            names = matched_columns(head, scorer.card.names, reader.nameless)
            pairs = zip(names, reader.features, strict=True)
            numbers = [name for name, feature in pairs if not feature.categories]
            with closing(ParquetOutput(file, labels, numbers)) as output:
                yield output
        else:
            yield CsvOutput(file, pack, labels, head.decimal, settings.spreadsheet_safe)
