"""Read a table: a set that ships, a text file in whatever dialect, a Parquet file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.content.formatted import INVISIBLE
from mlp_edge.data.content.strays import (
    check_not_repeated,
    check_title,
    declared_separator,
    second_names,
    totals,
)
from mlp_edge.data.content.text_column import TextColumn
from mlp_edge.data.content.values import LOOKED_AT
from mlp_edge.data.odd_lines import NONE, Odd, kept, without_odd_lines
from mlp_edge.data.quoting import listed, shown
from mlp_edge.data.reading.cells import check_lengths, split_cells, with_numbers
from mlp_edge.data.reading.comments import comments_later, leave_out_comments
from mlp_edge.data.reading.conventions import (
    find_decimal,
    without_single_quotes,
    without_trailing_delimiter,
)
from mlp_edge.data.reading.delimiter import looks_aligned, separate
from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.data.reading.header import find_header
from mlp_edge.data.reading.later import Form
from mlp_edge.data.reading.layout import DELIMITERS, Layout, lay_out
from mlp_edge.data.reading.parquet import read_parquet
from mlp_edge.data.reading.size import MOST_BYTES, check_lines
from mlp_edge.data.reading.source import STANDARD_INPUT, Stream, opened, shown_source
from mlp_edge.data.reading.text import PARQUET, Text, line_ends, read_text
from mlp_edge.data.sets import SETS
from mlp_edge.data.table import Table
from mlp_edge.errors import TableError
from mlp_edge.finding import Finding
from mlp_edge.mlp import identifier
from mlp_edge.settings import setting

_BLANK = f" \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\xa0\u2007\u2009\u202f\u3000{INVISIBLE}"
"""What is taken off both ends of a column's name."""
GUESS = Dialect()
"""Everything guessed."""


def read_table(source: str, dialect: Dialect = GUESS, most: int = MOST_BYTES) -> Table:
    """Read a set that ships, a text file or a Parquet file: docs/explanation/reading.md.

    Args:
        source: "pima", "iris" or "sine"; "-" for standard input; anything else is the path of a
            file (./pima is a file). Text may be gzipped.
        dialect: what the user knows about how the table is written.
        most: bytes that it may have, unpacked; reading stops at the first one more.

    Raises:
        TableError: naming the file and, where there is one, the line, when the file cannot be
            read, is too large, is not a table, has lines of different widths or two columns of
            one name, or is written in a way that could mean two things.
    """
    with opened(source, most) as stream:
        return read_stream(stream, source, dialect)


def read_stream(stream: Stream, source: str, dialect: Dialect = GUESS) -> Table:
    """Read the bytes of a source that was opened, as ``read_table`` does."""
    name = shown_source(source)
    if stream.head.startswith(PARQUET):
        read = _from_parquet(stream, name, dialect)
    else:
        text = read_text(stream, name, dialect.encoding)
        read, _ = _from_text(text, name, dialect, stream.most)
    return _table(source, read, stream.digest.hexdigest())


def read_head(text: Text, source: str, dialect: Dialect, skip: bool) -> tuple[Table, Form, Odd]:
    """Read the first records of a text, what they say of all others, and those that are no rows.

    Args:
        text: of whole records.
        source: what it is the first part of, as ``read_table`` takes it.
        dialect: what the user knows about how the table is written.
        skip: whether records that are no rows will be skipped.

    Raises:
        TableError: as ``read_table``.
    """
    name = shown_source(source)
    (read, form), odd = without_odd_lines(
        lambda odd: _from_text(text, name, dialect, MOST_BYTES, odd), skip
    )
    return _table(source, read, ""), form, odd


def _table(source: str, read: _Read, sha256: str) -> Table:
    return Table(
        name=source if source in SETS else identifier(_stem(source)),
        source=shown_source(source) if source == STANDARD_INPUT else source,
        columns=read.names,
        header=read.header,
        cells=dict(zip(read.names, read.cells, strict=True)),
        lines=read.lines,
        sha256=sha256,
        decimal=read.decimal,
        notes=read.notes,
        counts=read.counts,
    )


class _Read(NamedTuple):
    """What a file gave, before it is a table."""

    names: tuple[str, ...]
    header: bool
    cells: list[TextColumn]
    lines: NDArray[np.int64]
    decimal: str
    notes: tuple[Finding, ...]
    counts: Literal["line", "row"]


def _from_parquet(stream: Stream, source: str, dialect: Dialect) -> _Read:
    names, cells = read_parquet(stream, source)
    while stream.read(1 << 20):
        pass
    columns = column_names(names)
    check_names(columns, source)
    notes = ignored_by_parquet(dialect)
    lines = np.arange(1, len(cells[0]) + 1, dtype=np.int64)
    return _Read(columns, True, cells, lines, dialect.decimal or ".", notes, "row")


def ignored_by_parquet(dialect: Dialect) -> tuple[Finding, ...]:
    """What is said of settings that a Parquet file has no use for."""
    options = ("sep", "encoding", "header", "comments", "single_quotes")
    return tuple(
        Finding("dialect", f"{setting(name)} says nothing about a Parquet file and was ignored")
        for name in options
        if getattr(dialect, name) is not None
    )


def _from_text(
    text: Text, source: str, dialect: Dialect, most: int, odd: Mapping[int, str] | None = None
) -> tuple[_Read, Form]:
    """A text, or with ``odd`` lines to leave out the head of one."""
    check_lines(source, line_ends(text.content), most)
    declared = declared_separator(text.content)
    delimiters = dialect.delimiter or declared or DELIMITERS
    layout = lay_out(text.content, delimiters)
    layout = layout.keep(kept(layout.lines, odd or NONE))
    check_lengths(layout, source)
    layout, told = _without_declaration(layout, declared, dialect.delimiter is None)
    if layout.hollow.all():
        what = "holds blank lines only: no data rows" if text.content else "is empty"
        raise TableError(f"{source} {what}; a table has a line per row")
    layout, delimiter, separated, aligned = separate(layout, dialect.delimiter or declared)
    layout, named, commented = leave_out_comments(
        layout, delimiter, dialect.header, dialect.comments
    )
    lines = layout.lines
    cells = split_cells(layout, delimiter, source, most, _remark(text.content), aligned)
    first_record, first_line = layout.record(0), int(lines[0])
    del layout  # what it takes is room for parsing numbers
    cells = with_numbers(cells, source, most, dialect.decimal)
    _check_not_aligned(cells, first_line, source)
    cells, trailing = without_trailing_delimiter(cells)
    written = cells
    cells, quoted = without_single_quotes(cells, dialect.single_quotes)
    quoted_columns = tuple(new is not old for new, old in zip(cells, written, strict=True))
    decimal, marked = find_decimal(cells, lines, delimiter, source, dialect.decimal)
    header, guessed = _header(cells, lines, dialect.header if named is None else named, decimal)
    names = column_names([column[0] for column in cells], header)
    if dialect.header is None:
        check_title(cells, lines, source, decimal)
    if header:
        where = f"{source}, line {lines[0]}"
        check_names(names, where, bool(guessed))
        if len(lines) == 1:
            raise TableError(f"{where}: a header and no data rows; a table has a line per row")
        check_not_repeated(cells, lines, source, guessed=bool(guessed))
        guessed += second_names(cells, lines) if guessed else ()
        cells, lines = [column.take(slice(1, None)) for column in cells], lines[1:]
    form = Form(
        delimiters=delimiters,
        delimiter=delimiter,
        aligned=aligned,
        first=first_record,
        line=first_line,
        header=header,
        guessed=bool(guessed),
        decimal=decimal,
        trailing=bool(trailing),
        comments=comments_later(dialect.comments, cells[0].take(slice(LOOKED_AT))),
        quotes=dialect.single_quotes,
        quoted=quoted_columns,
        empty=tuple(not any(map(str.strip, column.take(slice(LOOKED_AT)))) for column in cells),
    )
    guessed += totals(cells, lines) if odd is None else ()
    notes = (*text.notes, *told, *separated, *commented, *trailing, *quoted, *marked, *guessed)
    return _Read(names, header, cells, lines, decimal, notes, "line"), form


def _remark(content: bytes) -> str:
    """What may explain that a line has too few cells; "" where nothing does."""
    if b"\r" not in content or b"\n" not in content:
        return ""
    if content.count(b"\r") == content.count(b"\r\n"):
        return ""
    return "some lines end in a carriage return alone; one in a cell takes quotes round the cell"


def _without_declaration(
    layout: Layout, declared: str | None, guessed: bool
) -> tuple[Layout, tuple[Finding, ...]]:
    """The layout without a first line that says what separates the cells."""
    if declared is None:
        return layout, ()
    says = f"line {layout.lines[0]}, {shown(layout.record(0))}, names the separator and is no row"
    says += f"; {setting('sep')} overrules the separator" if guessed else ""
    return layout.keep(np.arange(len(layout)) > 0), (Finding("dialect", says),)


def _header(
    cells: list[TextColumn], lines: NDArray[np.int64], said: bool | None, decimal: str
) -> tuple[bool, tuple[Finding, ...]]:
    """Whether the first line is a header, as the user said or else by its looks."""
    if said is not None:
        return said, ()
    first = [column[0] for column in cells]
    found = find_header(first, [column[1 : 1 + LOOKED_AT].tolist() for column in cells], decimal)
    if not found.doubt:
        return found.is_one, ()
    option = setting("header", not found.is_one)
    says = f"line {lines[0]}, {found.doubt}; {option} overrules"
    return found.is_one, (Finding("dialect", says),)


def _stem(source: str) -> str:
    """The file's name without .csv, .csv.gz and the like."""
    return "table" if source == STANDARD_INPUT else Path(source.removesuffix(".gz")).stem


def column_names(first: Sequence[str], header: bool = True) -> tuple[str, ...]:
    """The names without the blanks around them; column1, column2, … where there is none."""
    names = [cell.strip(_BLANK) if header else "" for cell in first]
    return tuple(name or f"column{number}" for number, name in enumerate(names, start=1))


def check_names(columns: Sequence[str], where: str, guessed: bool = False) -> None:
    """Refuse two columns of one name.

    Raises:
        TableError: naming them.
    """
    double = [name for name, times in Counter(columns).items() if times > 1]
    if double:
        unnamed = setting("header", False)
        way = f"{unnamed} if the line is a row; else rename one" if guessed else "rename one"
        raise TableError(f"{where}: more than one column is called {listed(double)}; {way}")


def _check_not_aligned(cells: list[TextColumn], line: int, source: str) -> None:
    """One column of several numbers each is a table whose cells are aligned, with some missing."""
    if len(cells) == 1 and looks_aligned(cells[0][-10:].tolist()):
        raise TableError(
            f"{source}, line {line}: one column, {shown(cells[0][0])}, that looks like several "
            "aligned by blanks, but not equally many on every line; separate the cells by commas, "
            f"semicolons or tabs, or see with {setting('sep', 'space')} which line differs"
        )
