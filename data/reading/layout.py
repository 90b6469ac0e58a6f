"""Splits a text into records, and keeps the lines that they stand on.

The reader of cells (``mlp_edge.data.reading.duck``) counts records, people count lines. The two
differ by blank lines and by line ends inside quoted cells, so this file tells them apart first.
What it finds is also the check that no row was lost: the reader must return as many rows as there
are records.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DELIMITERS = ",;\t|"
"""What separates cells unless the user names something else, in order of preference."""

_NEWLINE, _RETURN, _QUOTE, _BLANK = b'\n\r" '
_STEP = 1 << 20
"""Bytes scanned at a time, so that masks stay small beside the text."""


@dataclass(frozen=True, eq=False)
class Layout:
    r"""The records of a text.

    Attributes:
        content: the text; between two records stands one line feed and nothing else.
        starts: (records,) int64, where each record begins in the content.
        ends: (records,) int64, where each ends, its line feed left out.
        lines: (records,) int64, the 1-based line of the file on which each begins.
        hollow: (records,) bool, records of nothing but blanks, with a tab among them: a row of
            empty cells where tabs separate, a blank line elsewhere.
    """

    content: bytes
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    lines: NDArray[np.int64]
    hollow: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.starts)

    def record(self, index: int) -> str:
        """The text of one record, without its line end."""
        return self.content[self.starts[index] : self.ends[index]].decode()

    def begins_with(self, mark: str) -> NDArray[np.bool_]:
        """Which records have an ASCII character for their first, (records,) bool."""
        first: NDArray[np.uint8] = np.frombuffer(self.content, np.uint8)[self.starts]
        return np.equal(first, ord(mark), dtype=np.bool_)

    def keep(self, which: NDArray[np.bool_]) -> Layout:
        """The layout without the records that are False in (records,) ``which``."""
        if which.all():
            return self
        return _compacted(
            self.content,
            self.starts[which],
            self.ends[which],
            self.lines[which],
            self.hollow[which],
        )


def lay_out(content: bytes, delimiters: str = DELIMITERS) -> Layout:
    """The records of a UTF-8 text without NUL; lines of nothing but spaces are left out.

    Args:
        content: the text; lines end in LF, CRLF or CR.
        delimiters: characters after which a quoted cell may open.
    """
    array = np.frombuffer(content, np.uint8)
    ends, widths = _line_ends(content, array)
    hidden = _hidden(content, array, ends, delimiters)
    starts = np.concatenate([[0], (ends + widths)[~hidden]])
    lines = 1 + np.searchsorted(ends, starts)
    stops = np.concatenate([ends[~hidden], [len(content)]])
    blank, hollow = _blank(content, array, starts, stops)
    kept = ~blank
    rows = starts[kept], stops[kept], lines[kept], hollow[kept]
    if kept[:-1].all() and _RETURN not in content:
        return Layout(content, *rows)
    return _compacted(content, *rows)


def last_record(content: bytes, delimiters: str = DELIMITERS) -> int:
    """Where the last record of a text begins, which may not be all there yet.

    Args:
        content: UTF-8, the first bytes of a record first.
        delimiters: characters after which a quoted cell may open.

    Returns:
        The offset of the byte after the last line end outside quotes; 0 where there is none.
    """
    content = content.removesuffix(b"\r")  # a line feed may follow
    cut = content.rfind(b"\n") + 1
    if cut and b'"' not in content:
        return cut
    array = np.frombuffer(content, np.uint8)
    if cut and tidy_quotes(array, _positions(array[:cut], _QUOTE), delimiters):
        return cut
    ends, widths = _line_ends(content, array)
    outside = (ends + widths)[~_hidden(content, array, ends, delimiters)]
    return int(outside[-1]) if outside.size else 0


def rewritten(layout: Layout, records: Sequence[bytes]) -> Layout:
    """The layout with other texts for its records."""
    lengths = np.array([len(record) for record in records], np.int64)
    starts = np.cumsum(lengths + 1) - lengths - 1
    return Layout(b"\n".join(records), starts, starts + lengths, layout.lines, layout.hollow)


def quoted_cell(delimiters: str = DELIMITERS) -> str:
    """The pattern of a quoted cell: it opens at the start of a line or after a delimiter.

    Two quote marks inside are one; a cell that is never closed runs to the end. As DuckDB has it,
    one blank may stand before the cell, and any between two quote marks inside.
    """
    return rf'(?<![^{re.escape(delimiters)}\r\n]) ?"[^"]*+(?:" *+"[^"]*+)*+(?:"|\Z)'


def split_record(record: str, delimiter: str) -> list[str]:
    """The cells of one record, quote marks left on: for guesses and messages, not for reading."""
    if '"' not in record:
        return record.split(delimiter)
    quoted: list[str] = []

    def stand_in(cell: re.Match[str]) -> str:
        quoted.append(cell.group())
        return "\0"

    bare = re.sub(quoted_cell(delimiter), stand_in, record)
    left = iter(quoted)
    return [re.sub("\0", lambda _: next(left), cell) for cell in bare.split(delimiter)]


def _line_ends(
    content: bytes, array: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each line ends, and how many bytes its end takes (two for CRLF)."""
    ends = _positions(array, _NEWLINE)
    if _RETURN not in content:
        return ends, np.ones_like(ends)
    returns = _positions(array, _RETURN)
    # A line feed after a carriage return is the second half of one line end.
    second = (ends > 0) & (array[ends - 1] == _RETURN)
    every = np.sort(np.concatenate([returns, ends[~second]]))
    widths = np.ones_like(every)
    widths[np.searchsorted(every, ends[second] - 1)] = 2
    return every, widths


def _positions(array: NDArray[np.uint8], byte: int) -> NDArray[np.int64]:
    parts = [
        start + np.flatnonzero(array[start : start + _STEP] == byte)
        for start in range(0, len(array), _STEP)
    ]
    return np.concatenate([np.empty(0, np.int64), *parts])


def _hidden(
    content: bytes, array: NDArray[np.uint8], ends: NDArray[np.int64], delimiters: str
) -> NDArray[np.bool_]:
    """Which line ends stand inside a quoted cell."""
    marks = _positions(array, _QUOTE)
    if not marks.size:
        return np.zeros(len(ends), np.bool_)
    if tidy_quotes(array, marks, delimiters):
        return np.equal(np.searchsorted(marks, ends) % 2, 1, dtype=np.bool_)
    spans = [
        cell.span()
        for cell in re.finditer(quoted_cell(delimiters).encode(), content)
        if b"\n" in cell.group() or b"\r" in cell.group()
    ]
    opens, closes = np.array(spans, np.int64).reshape(-1, 2).T
    inside: NDArray[np.bool_] = np.searchsorted(opens, ends) > np.searchsorted(
        closes, ends, "right"
    )
    return inside


def tidy_quotes(array: NDArray[np.uint8], marks: NDArray[np.int64], delimiters: str) -> bool:
    """Whether quote marks open and close in turns, which spares looking for cells one by one.

    Args:
        array: (size,) the text.
        marks: (n,) where its quote marks stand.
        delimiters: characters that part cells.
    """
    if len(marks) % 2:
        return False
    beside = np.zeros(256, np.bool_)
    beside[list(f'{delimiters}\r\n"'.encode())] = True
    opens, closes = marks[0::2], marks[1::2]
    return bool(
        beside[array[opens[opens > 0] - 1]].all()
        and beside[array[closes[closes + 1 < len(array)] + 1]].all()
    )


def _blank(
    content: bytes,
    array: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which records are blank, and which are hollow."""
    blank = starts == ends
    hollow = np.zeros(len(starts), np.bool_)
    first = np.full(len(starts), ord("x"), np.uint8)
    first[~blank] = array[starts[~blank]]
    for index in np.flatnonzero(first <= _BLANK):
        text = content[starts[index] : ends[index]]
        if not text.strip():
            hollow[index] = b"\t" in text
            blank[index] = not hollow[index]
    return blank, hollow


def _compacted(
    content: bytes,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    lines: NDArray[np.int64],
    hollow: NDArray[np.bool_],
) -> Layout:
    """These records with one line feed after each and nothing between them."""
    array = np.frombuffer(content + b"\n", np.uint8)
    # Left out and kept in turns; with a record goes one byte after it, which is made a line feed.
    turns = np.column_stack([starts, ends + 1]).ravel()
    lengths = np.diff(np.concatenate([[0], turns, [len(array)]]))
    kept = np.arange(len(lengths)) % 2 == 1
    packed = array[np.repeat(kept, lengths)]
    sizes = ends - starts
    new_ends = np.cumsum(sizes + 1) - 1
    packed[new_ends] = _NEWLINE
    return Layout(packed.tobytes(), new_ends - sizes, new_ends, lines, hollow)
