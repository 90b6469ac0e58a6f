"""A table of any size predicted: read, scored and written block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.reading.blocks import Blocks
from mlp_edge.data.reading.later import Block
from mlp_edge.data.saved_columns import found_by_place, matched_columns
from mlp_edge.data.table import Table
from mlp_edge.finding import Finding
from mlp_edge.mlp import Floats
from mlp_edge.streaming.arrow_parts import CELLS, TEXTS, Batch, batches_of, part_of_batch, table_of
from mlp_edge.streaming.outputs import names_with
from mlp_edge.streaming.parts import Part, Reader, part_of_table
from mlp_edge.streaming.pipeline import Engine, in_order
from mlp_edge.streaming.scorer import Scorer
from mlp_edge.streaming.tally import Tally
from mlp_edge.streaming.text_parts import bad_lines, check_odd_lines, part_reader

Watch = Callable[[int, int], None]
"""Told the rows and the bytes of the source that are done."""


class Output(Protocol):
    """Where rows with predictions go."""

    def begin(self, names: Sequence[str]) -> None:
        """Take the names of all columns."""

    def rendered(self, part: Part, values: Floats, places: NDArray[np.int64]) -> Any:
        """Rows as they are written, in any thread."""

    def write(self, block: Any) -> None:
        """Write what was rendered."""


class Wanted(NamedTuple):
    """In what form an output takes rows, and who works on them.

    Attributes:
        typed: as Arrow columns, rather than as text.
        safe: with a ' before words that a spreadsheet would compute.
        engine: what works on blocks.
    """

    typed: bool = False
    safe: bool = False
    engine: Engine = in_order


class Streamed(NamedTuple):
    """What was found in a table.

    Attributes:
        tally: counts over all rows.
        names: the table's column for each feature.
        findings: what to know of the table.
    """

    tally: Tally
    names: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Done:
    tally: Tally
    end: int
    block: Any


@dataclass(frozen=True)
class TextRows:
    """The rows of a text whose head has been read."""

    blocks: Blocks

    @property
    def head(self) -> Table:
        """The first rows."""
        return self.blocks.head

    def check(self, reader: Reader) -> None:
        """Refuse lines among the first that are no rows; see ``check_odd_lines``."""
        check_odd_lines(self.head, self.blocks.odd, reader)

    def stream(
        self, scorer: Scorer, reader: Reader, output: Output, watch: Watch, how: Wanted
    ) -> Streamed:
        """Predict every row.

        Args:
            scorer: what predicts.
            reader: how rows are read.
            output: where they go.
            watch: told how far it is.
            how: what the output takes.

        Raises:
            TableError: naming file, line and column of the first thing that does not fit.
        """
        head = self.head
        names = matched_columns(head, [each.name for each in reader.features], reader.nameless)
        read = part_reader(self.blocks, reader, names, how.typed, how.safe)
        output.begin(names_with(head, added_columns(scorer)))

        bad = bad_lines(self.blocks.odd)

        def work(piece: Block | None) -> _Done | None:
            part = part_of_table(head, reader, bad) if piece is None else read(piece)
            return None if part is None else _scored(part, scorer, output)

        pieces: Iterator[Block | None] = chain([None], self.blocks.later)
        return _found(head, names, reader, _run(how.engine(pieces, work), reader, output, watch))


@dataclass(frozen=True)
class ParquetRows:
    """The rows of a Parquet file.

    Attributes:
        file: a pyarrow.parquet.ParquetFile.
        size: its bytes.
        head: its first rows as text, with the names of all columns.
    """

    file: Any
    size: int
    head: Table

    def check(self, reader: Reader) -> None:
        """Refuse nothing: every row of a Parquet file is one."""

    def stream(
        self, scorer: Scorer, reader: Reader, output: Output, watch: Watch, how: Wanted
    ) -> Streamed:
        """Predict every row; see ``TextRows.stream``."""
        head = self.head
        names = matched_columns(head, [each.name for each in reader.features], reader.nameless)
        output.begin(names_with(head, added_columns(scorer)))

        def work(batch: Batch) -> _Done:
            columns = batch.columns.rename_columns(list(head.columns))
            part = part_of_batch(batch._replace(columns=columns), names, head.source, reader)
            if not how.typed:
                kept = batch._replace(columns=part.body)
                part = replace(part, body=table_of(kept, head.columns, head.source))
            return _scored(part, scorer, output)

        cells = CELLS if how.typed else TEXTS
        batches = batches_of(self.file, self.size, head.source, cells)
        return _found(head, names, reader, _run(how.engine(batches, work), reader, output, watch))


def added_columns(scorer: Scorer) -> list[str]:
    """What is written behind the columns of a table."""
    return [*scorer.columns, *(["label"] if scorer.card.labels else [])]


def _run(done: Iterator[_Done | None], reader: Reader, output: Output, watch: Watch) -> Tally:
    tally = Tally(reader.features)
    with ThreadPoolExecutor(1, thread_name_prefix="mlp-edge-writer") as writer:
        writing: Future[None] | None = None
        for each in done:
            if each is None:
                continue
            if writing is not None:
                writing.result()
            # Written while the next block is fetched.
            writing = writer.submit(output.write, each.block)
            tally.add(each.tally)
            watch(tally.rows, each.end)
        if writing is not None:
            writing.result()
    return tally


def _found(head: Table, names: tuple[str, ...], reader: Reader, tally: Tally) -> Streamed:
    placed = found_by_place(head, names, reader.features)
    return Streamed(tally, names, (*head.notes, *placed, *tally.findings(names, head.counts)))


def _scored(part: Part, scorer: Scorer, output: Output) -> _Done:
    values = scorer.predict(part.readings)
    if part.void is not None:
        values = values.copy()
        values[part.void] = np.nan
    block = output.rendered(part, values, scorer.label_places(values))
    return _Done(part.tally, part.end, block)
