"""Cells as bytes: where each stands in a text, and what it says when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.content.floats import TEXT, Cells, as_cells, parse
from mlp_edge.data.content.text_column import Rows, TextColumn

APART = 16
"""Cells from one that a record says the place of to the next: of the others lengths tell it."""
_LONG = 64
"""Bytes of a cell, on average, from which on cells are decoded one by one."""
_STEP = 1 << 14
"""Cells decoded at a time, so that what that takes stays small beside the text."""
_QUOTE = ord('"')
_IN_NUMBERS = frozenset("0123456789+-eE \t")
"""What a number may have in it besides its decimal mark."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The cells of a text in which every record has as many as the others.

    Attributes:
        content: UTF-8 without NUL; one byte between two cells, and between two records.
        starts: (records, ceil(width / ``APART``)) of unsigned integers, where every sixteenth cell
            of a record begins, from the first.
        lengths: (records, width) of unsigned integers, the bytes of each cell, quote marks
            included.
        delimiter: what parts the cells, one ASCII character.
        quoted: whether there are quote marks, which then stand round cells, doubled inside.
    """

    content: bytes
    starts: NDArray[np.unsignedinteger[Any]]
    lengths: NDArray[np.unsignedinteger[Any]]
    delimiter: str
    quoted: bool

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def width(self) -> int:
        """Cells of a record."""
        return int(self.lengths.shape[1])

    def text(self, first: int, last: int) -> memoryview:
        """The bytes of the records from ``first`` to before ``last``, their ends included."""
        end = None if last == len(self) else self.starts[last, 0]
        return memoryview(self.content)[self.starts[first, 0] : end]

    def has(self, mark: str, record: int) -> bool:
        """Whether a text stands in this record or below; a delimiter that parts cells is none.

        Where cells are quoted a delimiter may stand in them.
        """
        if record >= len(self) or (mark == self.delimiter and not self.quoted):
            return False
        first = int(self.starts[record, 0])
        # One byte is found many times faster than two.
        return all(self.content.find(text.encode(), first) >= 0 for text in (mark[0], mark))

    def texts(self, column: int, rows: slice | NDArray[np.int64]) -> list[str]:
        """The cells of a column, quote marks taken off.

        Args:
            column: which.
            rows: a slice of the records, or their places.
        """
        return [
            text
            for some in self._blocks(rows)
            for text in self._decoded(*self._inside(column, some))
        ]

    def may_be_padded(self, column: int, rows: slice | NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which cells may be digits with a zero in front, as they begin with one or with a blank.

        Args:
            column: which.
            rows: a slice of the records, or their places.
        """
        found = [np.zeros(0, np.bool_)]
        for some in self._blocks(rows):
            starts, stops = self._inside(column, some)
            first = self._at(starts)
            # What ``str.strip`` takes off is up to the blank in ASCII, or beyond it.
            odd = (first == ord("0")) | (first <= ord(" ")) | (first > 0x7F)
            found.append(odd & (stops - starts > 1))
        return np.concatenate(found)

    def _blocks(self, rows: slice | NDArray[np.int64]) -> Iterator[slice | NDArray[np.int64]]:
        """Some rows at a time."""
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(len(self))
            for first in range(start, stop, _STEP):
                yield slice(first, min(first + _STEP, stop))
        else:
            for first in range(0, len(rows), _STEP):
                yield rows[first : first + _STEP]

    def _at(self, places: NDArray[np.int64]) -> NDArray[np.uint8]:
        # The last cell may have nothing behind it.
        return np.frombuffer(self.content, np.uint8).take(places, mode="clip")

    def _inside(
        self, column: int, rows: slice | NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the texts of cells begin and end."""
        nearest = column - column % APART
        starts = self.starts[rows, column // APART].astype(np.int64)
        for each in range(nearest, column):
            starts += self.lengths[rows, each]
        starts += column - nearest
        stops = starts + self.lengths[rows, column]
        if self.quoted:
            marked = (starts < stops) & (self._at(starts) == _QUOTE)
            starts, stops = starts + marked, stops - marked
        return starts, stops

    def _decoded(self, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> list[str]:
        sizes = stops - starts + 1
        new_stops = np.cumsum(sizes)
        if new_stops[-1] > _LONG * len(sizes):
            cells = zip(starts.tolist(), stops.tolist(), strict=True)
            texts = [self.content[start:stop].decode() for start, stop in cells]
            return [text.replace('""', '"') for text in texts] if self.quoted else texts
        # One after the other with a NUL behind each, which no cell has in it.
        places = np.repeat(starts - new_stops + sizes, sizes) + np.arange(new_stops[-1])
        packed = self._at(places)
        packed[new_stops - 1] = 0
        text = packed.tobytes().decode()
        if self.quoted:
            text = text.replace('""', '"')
        return text[:-1].split("\0")


class GridColumn(TextColumn):
    """A column of a grid.

    Args:
        grid: where its cells are.
        column: which of the grid's columns.
        rows: which of the grid's records: a slice without a step, or their places.
        floats: (records,) float64, what ``cell.number`` makes of every record; None where nobody
            has parsed them.
        decimal: the mark before a fraction by which that was.
    """

    def __init__(
        self,
        grid: Grid,
        column: int,
        rows: slice | NDArray[np.int64] = slice(None),
        floats: NDArray[np.float64] | None = None,
        decimal: str = ".",
    ) -> None:
        self.grid, self._column = grid, column
        self._rows = slice(*rows.indices(len(grid))) if isinstance(rows, slice) else rows
        self._floats, self._decimal = floats, decimal

    def __len__(self) -> int:
        rows = self._rows
        return max(0, rows.stop - rows.start) if isinstance(rows, slice) else len(rows)

    def tolist(self) -> list[str]:
        """Every cell."""
        return self.grid.texts(self._column, self._rows) if len(self) else []

    def take(self, rows: Rows) -> GridColumn:
        """The column of some rows alone; they are looked up when asked for."""
        places: slice | NDArray[np.int64]
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step == 1 and isinstance(self._rows, slice):
                start, stop = start + self._rows.start, stop + self._rows.start
                places = slice(start, max(start, stop))
            else:
                places = self._places()[rows]
        else:
            places = self._places()[rows]
        return GridColumn(self.grid, self._column, places, self._floats, self._decimal)

    def _places(self) -> NDArray[np.int64]:
        if isinstance(self._rows, slice):
            return np.arange(self._rows.start, self._rows.stop)
        return self._rows

    def numbers(self, decimal: str = ".") -> NDArray[np.float64]:
        """As they were parsed when the file was read, or else parsed anew at each call."""
        if self._floats is None or decimal != self._decimal:
            return parse(self.texts(), decimal)
        return self._floats[self._rows]

    def is_empty(self) -> bool:
        """Whether no cell holds anything."""
        if self.grid.quoted or not isinstance(self._rows, slice):
            return not any(self.tolist())
        return not self.grid.lengths[self._rows, self._column].any()

    def unread(self) -> NDArray[np.bool_]:
        """Those that the engine took for no number; all where it was not asked."""
        if self._floats is None:
            return np.ones(len(self), np.bool_)
        return np.isnan(self._floats[self._rows])

    def may_be_padded(self) -> NDArray[np.int64]:
        """Those that begin with a zero, or with a blank that may stand before one."""
        return np.flatnonzero(self.grid.may_be_padded(self._column, self._rows))

    def holds(self, mark: str) -> NDArray[np.bool_]:
        """Which cells have a character in them, (rows,)."""
        found = np.zeros(len(self), np.bool_)
        first = self._rows.start if isinstance(self._rows, slice) else 0
        if not len(self) or not self.grid.has(mark, first):
            return found
        rows = np.flatnonzero(self.unread())
        if mark in _IN_NUMBERS or mark == self._decimal:
            rows = np.arange(len(self))
        found[rows] = np.strings.find(self[rows], mark) >= 0
        return found

    def texts(self) -> Cells:
        """Every cell, (rows,) of str."""
        cells = np.empty(len(self), TEXT)
        for first in range(0, len(self), _STEP):
            some = self.take(slice(first, first + _STEP)).tolist()
            cells[first : first + len(some)] = as_cells(some)
        return cells
