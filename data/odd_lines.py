"""Lines that are no rows of their table: found, left out, or refused by the first of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import TableError

NONE: Mapping[int, str] = {}
"""No odd lines."""
Read = TypeVar("Read")


class LineError(TableError):
    """Lines that are no rows of their table.

    Args:
        message: of the first of them.
        odd: what is wrong with each, by its line; one at least, but while a copy is unpickled.
    """

    def __init__(self, message: str, odd: Mapping[int, str] = NONE) -> None:
        super().__init__(message)
        self.odd = dict(odd)

    @property
    def line(self) -> int:
        """The first of them."""
        return min(self.odd)


class Odd(NamedTuple):
    """The odd lines of a text.

    Attributes:
        lines: what is wrong with each, by its line.
        error: the refusal of the first of them; None where there are none.
    """

    lines: dict[int, str]
    error: LineError | None

    def refusal(self, error: TableError) -> TableError:
        """The refusal of what is left without the odd lines, which are named."""
        line, *more = sorted(self.lines)
        others = f" and {len(more):,} more" if more else ""
        return TableError(f"{error}; line {line} was left out, {self.lines[line]}{others}")


def without_odd_lines(read: Callable[[Mapping[int, str]], Read], skip: bool) -> tuple[Read, Odd]:
    """Read a text without its odd lines.

    Args:
        read: reads it without some lines.
        skip: whether they will be skipped; else the first of them is refused later.

    Returns:
        What was read, and what was left out.

    Raises:
        TableError: for what leaving lines out does not mend. Lines that were left out are named,
            as they may be what is right.
    """
    lines: dict[int, str] = {}
    first: LineError | None = None
    while True:
        try:
            return read(lines), Odd(lines, first)
        except LineError as error:
            if first is None or error.line < first.line:
                first = error
            if error.odd.keys() <= lines.keys():
                raise
            lines |= error.odd
        except TableError as error:
            if first is None:
                raise
            if not skip:
                raise first from error
            raise Odd(lines, first).refusal(error) from error


def kept(lines: NDArray[np.int64], odd: Mapping[int, str]) -> NDArray[np.bool_]:
    """Which records (n,) on these lines are not odd."""
    return ~np.isin(lines, np.fromiter(odd, np.int64, len(odd)))
