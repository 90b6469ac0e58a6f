"""Reads a block of records as the head of their text was read.

What the head decides, by ``mlp_edge.data.reading.read``, holds for the whole text: a later block
that does not keep to it is refused, with the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.content.strays import check_not_repeated
from mlp_edge.data.content.text_column import TextColumn
from mlp_edge.data.odd_lines import NONE, LineError, kept
from mlp_edge.data.quoting import shown
from mlp_edge.data.reading.cells import check_lengths, split_cells, with_numbers
from mlp_edge.data.reading.comments import leave_out_later
from mlp_edge.data.reading.conventions import without_single_quotes
from mlp_edge.data.reading.delimiter import separate
from mlp_edge.data.reading.dialect import BLANKS
from mlp_edge.data.reading.layout import Layout, lay_out
from mlp_edge.data.reading.size import MOST_BYTES
from mlp_edge.data.reading.text import line_of
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError
from mlp_edge.settings import setting


@dataclass(frozen=True)
class Form:
    """How a text is written, as its head shows.

    Attributes:
        delimiters: characters after which a quoted cell may open.
        delimiter: what parts the cells; a tab where blanks do.
        aligned: whether blanks do.
        first: the text of its first record, the names where it has them.
        line: where that stands.
        header: whether it holds the names.
        guessed: whether nothing but its place speaks for that.
        decimal: the mark before a fraction.
        trailing: whether every line ends with a delimiter.
        comments: which lines that begin with # are comments; see ``comments_later``.
        quotes: the user's word on whether single quotes are taken off.
        quoted: for each column, whether single quotes stand round every cell.
        empty: for each column, whether no cell says how it is written.
    """

    delimiters: str
    delimiter: str
    aligned: bool
    first: str
    line: int
    header: bool
    guessed: bool
    decimal: str
    trailing: bool
    comments: bool | None
    quotes: bool | None
    quoted: tuple[bool, ...]
    empty: tuple[bool, ...]

    @property
    def width(self) -> int:
        """Cells of a line, an empty one at its end included."""
        return len(self.quoted) + self.trailing


class Block(NamedTuple):
    """Whole records of a text.

    Attributes:
        content: UTF-8 without NUL.
        line: on which it begins.
        end: byte of the file up to which it has been read.
    """

    content: bytes
    line: int
    end: int = 0


def read_block(
    block: Block, head: Table, form: Form, odd: Mapping[int, str] = NONE
) -> Table | None:
    """The rows of a block, and their lines in the file; None where it holds none.

    Args:
        block: below the head.
        head: the head as a table, which has the names.
        form: what the head says.
        odd: lines to leave out.

    Raises:
        TableError: naming file and line, for what ``read_table`` refuses, and for what is written
            otherwise than the head.
    """
    layout = _laid_out(block, form, head.source, odd)
    return None if len(layout) == 1 and not odd else _read_layout(layout, head, form)


def _laid_out(block: Block, form: Form, source: str, odd: Mapping[int, str]) -> Layout:
    """The records of a block below the first of the text, by which their width is judged."""
    first = form.first.encode()
    layout = lay_out(first + b"\n" + block.content, form.delimiters)
    lines = layout.lines + block.line - line_of(first, len(first)) - 1
    lines[0] = form.line
    layout = replace(layout, lines=lines)
    layout = layout.keep(kept(lines, odd))
    check_lengths(layout, source)
    layout = separate(layout, BLANKS if form.aligned else form.delimiter).layout
    return leave_out_later(layout, form.delimiter, form.comments)


def _read_layout(layout: Layout, head: Table, form: Form) -> Table:
    """The rows of ``_laid_out`` records, the first left out."""
    source, lines = head.source, layout.lines
    columns = split_cells(layout, form.delimiter, source, MOST_BYTES, aligned=form.aligned)
    columns = with_numbers(columns, source, MOST_BYTES, form.decimal)
    if form.trailing:
        _check_trailing(columns, lines, source)
        columns = columns[:-1]
    pairs = enumerate(zip(head.columns, columns, strict=True))
    columns = [_unquoted(column, lines, head, form, i) for i, (_, column) in pairs]
    if form.header:
        check_not_repeated(columns, lines, source, guessed=form.guessed)
    cells = {
        name: column.take(slice(1, None))
        for name, column in zip(head.columns, columns, strict=True)
    }
    return replace(head, cells=cells, lines=lines[1:], notes=())


def _check_trailing(columns: list[TextColumn], lines: NDArray[np.int64], source: str) -> None:
    """Refuse a line that goes on where every line before it ends with a delimiter."""
    cells = columns[-1].take(slice(1, None))
    odd = {
        int(line): f"{shown(cell)} in column {len(columns)}, which has no name"
        for line, cell in zip(lines[1:], cells, strict=True)
        if cell
    }
    if odd:
        line, says = next(iter(odd.items()))
        raise LineError(
            f"{source}, line {line}: {says} and no value in the lines before; name the column in "
            "the first line",
            odd,
        )


def _unquoted(
    column: TextColumn, lines: NDArray[np.int64], head: Table, form: Form, index: int
) -> TextColumn:
    """A column without single quotes where the head has them, and as it is elsewhere."""
    if form.quotes is not None or not (form.quoted[index] or form.empty[index]):
        return without_single_quotes([column], form.quotes)[0][0] if form.quotes else column
    for row, cell in enumerate(column.take(slice(1, None))):
        text = cell.strip()
        if text and (len(text) > 1 and text[0] == text[-1] == "'") != form.quoted[index]:
            has, rest = ("no ", "all") if form.quoted[index] else ("", "no")
            raise TableError(
                f"{head.source}, line {lines[row + 1]}, column {shown(head.columns[index])}: "
                f"{has}single quotes round {shown(text)}, and round {rest} cells of the lines "
                f"before; {setting('single_quotes', True)} takes off those that there are, "
                f"{setting('single_quotes', False)} none"
            )
    return without_single_quotes([column], True)[0][0] if form.quoted[index] else column
