"""The parts of a text, each read by whichever reader can."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mlp_edge.data.reading.blocks import Blocks
from mlp_edge.data.reading.later import Block, Form, laid_out, read_block, read_layout
from mlp_edge.data.reading.layout import split_record
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError
from mlp_edge.lazy import installed
from mlp_edge.streaming.parts import SKIP, Part, Reader, part_of_table
from mlp_edge.streaming.plain import PlainReader
from mlp_edge.streaming.tally import Bad


def part_reader(
    blocks: Blocks, reader: Reader, names: tuple[str, ...], typed: bool, safe: bool
) -> Callable[[Block], Part | None]:
    """What reads a block, in any thread; None for a block without rows.

    Args:
        blocks: the text, whose head has been read.
        reader: how rows are read.
        names: the table's column for each feature.
        typed: whether rows are wanted as Arrow columns, rather than as text.
        safe: whether single cells will be changed.
    """
    head, form, _ = blocks
    plain = None
    if installed("pyarrow") and not safe:
        plain = PlainReader(head, form, names, reader, typed)

    def read(block: Block) -> Part | None:
        found = None if plain is None else plain.read(block)
        return found or _by_cells(block, head, form, reader)

    return read


def _by_cells(block: Block, head: Table, form: Form, reader: Reader) -> Part | None:
    bad: list[Bad] = []
    try:
        table = read_block(block, head, form)
    except TableError:
        if reader.on_error != SKIP:
            raise
        table, bad = _without_odd_lines(block, head, form)
    return None if table is None else part_of_table(table, reader, bad, block.end)


def _without_odd_lines(block: Block, head: Table, form: Form) -> tuple[Table, list[Bad]]:
    """The rows of a block that have as many cells as the first, and the lines that have not."""
    layout = laid_out(block, form, head.source)
    records = (layout.record(index) for index in range(len(layout)))
    widths = np.array([len(split_record(record, form.delimiter)) for record in records])
    fits = widths == widths[0]
    bad = [
        Bad(int(layout.lines[row]), None, f"{widths[row]} cells where {widths[0]} belong")
        for row in np.flatnonzero(~fits)
    ]
    return read_layout(layout.keep(fits), head, form), bad
