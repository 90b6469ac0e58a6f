"""The parts of a text, each read by whichever reader can."""

from __future__ import annotations

from collections.abc import Callable

from mlp_edge.data.odd_lines import LineError, Odd, without_odd_lines
from mlp_edge.data.reading.blocks import Blocks
from mlp_edge.data.reading.later import Block, Form, read_block
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
    head, form, *_ = blocks
    plain = None
    if installed("pyarrow") and not safe:
        plain = PlainReader(head, form, names, reader, typed)

    def read(block: Block) -> Part | None:
        found = None if plain is None else plain.read(block)
        return found or _by_cells(block, head, form, reader)

    return read


def _by_cells(block: Block, head: Table, form: Form, reader: Reader) -> Part | None:
    skip = reader.on_error == SKIP
    table, odd = without_odd_lines(lambda odd: read_block(block, head, form, odd), skip)
    if table is None:
        return None
    if not skip:
        check_odd_lines(table, odd, reader)
    return part_of_table(table, reader, bad_lines(odd), block.end)


def check_odd_lines(table: Table, odd: Odd, reader: Reader) -> None:
    """Refuse the first line that is no row; where such lines are skipped, columns that do not fit.

    Args:
        table: the rows around the odd lines.
        odd: the lines.
        reader: how rows are read.

    Raises:
        LineError: for that line, or for a cell above it that ends the work.
        TableError: for columns that do not fit, as lines that were left out may.
    """
    if odd.error is None:
        return
    try:
        part_of_table(table, reader)
    except TableError as error:  # of a column, too, where the odd line may be what has the names
        if reader.on_error == SKIP:
            raise odd.refusal(error) from error
        if isinstance(error, LineError) and error.line < odd.error.line:
            raise
    if reader.on_error != SKIP:
        raise odd.error


def bad_lines(odd: Odd) -> list[Bad]:
    """Odd lines as rows that cannot be predicted."""
    return [Bad(line, None, says) for line, says in sorted(odd.lines.items())]
