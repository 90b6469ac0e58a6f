"""A table of any size predicted: read, scored and written block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.reading.blocks import Blocks
from mlp_edge.data.reading.later import Block
from mlp_edge.data.saved_columns import found_by_place, matched_columns
from mlp_edge.finding import Finding
from mlp_edge.mlp import Floats
from mlp_edge.streaming.outputs import names_with
from mlp_edge.streaming.parts import Part, Reader, part_of_table
from mlp_edge.streaming.pipeline import in_order, threads
from mlp_edge.streaming.scorer import Scorer
from mlp_edge.streaming.tally import Tally
from mlp_edge.streaming.text_parts import part_reader

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


def stream_text(
    blocks: Blocks,
    scorer: Scorer,
    reader: Reader,
    output: Output,
    watch: Watch,
    *,
    typed: bool = False,
    safe: bool = False,
) -> Streamed:
    """Predict a text whose head has been read.

    Args:
        blocks: the text.
        scorer: what predicts.
        reader: how rows are read.
        output: where they go.
        watch: told how far it is.
        typed: whether the output takes Arrow columns, rather than text.
        safe: whether it changes single cells.

    Raises:
        TableError: naming file, line and column of the first thing that does not fit.
    """
    head = blocks.head
    names = matched_columns(head, [each.name for each in reader.features], reader.nameless)
    read = part_reader(blocks, reader, names, typed, safe)
    output.begin(names_with(head, [*scorer.columns, *(["label"] if scorer.card.labels else [])]))

    def work(piece: Block | None) -> _Done | None:
        part = part_of_table(head, reader) if piece is None else read(piece)
        return None if part is None else _scored(part, scorer, output)

    pieces: Iterator[Block | None] = chain([None], blocks.later)
    tally = Tally(reader.features)
    for done in in_order(pieces, work, threads()):
        if done is not None:
            tally.add(done.tally)
            output.write(done.block)
            watch(tally.rows, done.end)
    findings = (
        *head.notes,
        *found_by_place(head, names, reader.features),
        *tally.findings(names, head.counts),
    )
    return Streamed(tally, names, findings)


def _scored(part: Part, scorer: Scorer, output: Output) -> _Done:
    values = scorer.predict(part.readings)
    if part.void is not None:
        values = values.copy()
        values[part.void] = np.nan
    block = output.rendered(part, values, scorer.label_places(values))
    return _Done(part.tally, part.end, block)
