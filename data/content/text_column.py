"""A column of text, decoded where somebody asks for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, cast, overload

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.content.floats import Cells, parse

Rows = slice | NDArray[Any]
"""Some rows: a slice, their places (n,), or one truth per row (rows,)."""


class TextColumn(ABC):
    """The cells of one column, exactly as the file has them.

    An index gives one cell, a str; a slice, places or a mask those cells, (n,) of str.
    """

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def tolist(self) -> list[str]:
        """Every cell."""

    @abstractmethod
    def take(self, rows: Rows) -> TextColumn:
        """The column of some rows alone."""

    @abstractmethod
    def numbers(self, decimal: str = ".") -> NDArray[np.float64]:
        """Each cell as ``cell.number`` reads it, (rows,) float64; read-only."""

    @abstractmethod
    def is_empty(self) -> bool:
        """Whether no cell holds anything."""

    @abstractmethod
    def unread(self) -> NDArray[np.bool_]:
        """Which rows may hold something else than a number, (rows,): all that were not parsed."""

    @abstractmethod
    def may_be_padded(self) -> NDArray[np.int64]:
        """Rows among which are all whose cell is digits with a zero in front, (n,)."""

    @abstractmethod
    def holds(self, mark: str) -> NDArray[np.bool_]:
        """Which cells have a character in them, (rows,)."""

    @abstractmethod
    def texts(self) -> Cells:
        """Every cell, (rows,) of str."""

    @overload
    def __getitem__(self, rows: int | np.integer[Any]) -> str: ...

    @overload
    def __getitem__(self, rows: Rows) -> Cells: ...

    def __getitem__(self, rows: int | np.integer[Any] | Rows) -> str | Cells:
        if isinstance(rows, (int, np.integer)):
            place = int(rows) % len(self) if -len(self) <= rows < len(self) else len(self)
            if place == len(self):
                raise IndexError(f"row {rows} of {len(self)}")
            return self.take(slice(place, place + 1)).tolist()[0]
        return self.take(rows).texts()

    def __iter__(self) -> Iterator[str]:
        return iter(self.tolist())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """What NumPy makes an array of."""
        cells: NDArray[Any] = np.asarray(self.texts())
        return cells if dtype is None else cells.astype(dtype)


class ArrayColumn(TextColumn):
    """Cells in an array of their own.

    Args:
        cells: (rows,) of str.
    """

    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    def __len__(self) -> int:
        return len(self._cells)

    def tolist(self) -> list[str]:
        """Every cell."""
        return cast(list[str], self._cells.tolist())

    def take(self, rows: Rows) -> ArrayColumn:
        """The column of some rows alone."""
        return ArrayColumn(cast(Cells, self._cells[rows]))

    def numbers(self, decimal: str = ".") -> NDArray[np.float64]:
        """Parsed anew at each call, so that no second copy is held."""
        return parse(self._cells, decimal)

    def is_empty(self) -> bool:
        """Whether no cell holds anything."""
        return not (self._cells != "").any()

    def unread(self) -> NDArray[np.bool_]:
        """All of them."""
        return np.ones(len(self), np.bool_)

    def may_be_padded(self) -> NDArray[np.int64]:
        """All of them."""
        return np.arange(len(self))

    def holds(self, mark: str) -> NDArray[np.bool_]:
        """Which cells have a character in them, (rows,)."""
        return np.asarray(np.strings.find(self._cells, mark) >= 0, np.bool_)

    def texts(self) -> Cells:
        """Every cell, (rows,) of str."""
        return self._cells
