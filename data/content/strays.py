"""Finds lines that are no rows: titles, units, a second header, totals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import NUMBERS, is_missing, is_number
from mlp_edge.data.content.floats import Cells
from mlp_edge.data.content.formatted import INVISIBLE
from mlp_edge.data.content.text_column import TextColumn
from mlp_edge.data.content.units import is_unit
from mlp_edge.data.content.values import LOOKED_AT, mostly_numbers
from mlp_edge.data.odd_lines import LineError
from mlp_edge.data.quoting import listed, shown
from mlp_edge.errors import TableError
from mlp_edge.finding import Finding
from mlp_edge.settings import setting

MOST_TITLES = 20
"""Lines above the names that are looked for."""
FEWEST_BELOW = 10
"""Rows from which on a word that stands in one alone is no chance in every column."""
FURTHER = 8
"""Characters, such as quotes, that a name may have more when it stands in the table again."""

_INVISIBLE = re.compile(f"[{INVISIBLE}]+")
_TOTALS = {
    "total", "totals", "subtotal", "sum", "sums", "average", "summe", "gesamt", "gesamtsumme",
    "mittelwert", "somme", "moyenne", "suma", "totale",
}  # fmt: skip
_SEPARATOR = re.compile(rb'"?sep=([^\w\s"]|\t)"?[;,\t ]*(?:\r\n|\n|\r)', re.IGNORECASE)
_CERTAIN_UNIT = re.compile(r"[\[(°%/µμ²³^·]")


@lru_cache(maxsize=1 << 12)
def folded(text: str) -> str:
    """A text without what the eye does not see: case, blanks, quotes, marks without width."""
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return "".join(visible.split()).strip("\"'`‘’“”").casefold()


def same_name(text: str, name: str) -> bool:
    """Whether two texts are one name, by the eye."""
    return folded(text) == folded(name)


def is_total(text: str) -> bool:
    """Whether a cell names a line of totals, as spreadsheets end with."""
    words = re.findall(r"\w+", text.casefold())
    return bool(words) and len(words) <= 3 and (words[0] in _TOTALS or words[-1] in _TOTALS)


def declared_separator(content: bytes) -> str | None:
    """The mark that a first line "sep=;" names, as Excel writes it; None where there is none."""
    found = _SEPARATOR.match(content)
    return None if found is None else found[1].decode(errors="replace")


def check_title(
    columns: Sequence[TextColumn], lines: NDArray[np.int64], source: str, dec: str
) -> None:
    """Refuse names that are a title, or that have a line of units below them.

    That is so when a second line holds words above every column of numbers as well. A row whose
    readings are all missing, or one word again and again, is none of that.

    Args:
        columns: of all records, the line of names first.
        lines: (records,) the line of each.
        source: the file as messages name it.
        dec: the mark before a fraction.

    Raises:
        TableError: naming the lines to remove.
    """
    below = [column[1 : 1 + LOOKED_AT].tolist() for column in columns]
    # One number at the top of numbers says that there is no title; few tables go beyond this.
    if any(is_number(cells[0], dec) and mostly_numbers(cells, dec) for cells in below if cells):
        return
    numeric = [mostly_numbers(cells, dec) for cells in below]
    if not any(numeric):
        return
    extra = 0
    while extra < min(MOST_TITLES, len(below[0]) - 1) and _is_above(below, numeric, extra, dec):
        extra += 1
    if not extra:
        return
    last = [cells[extra - 1].strip() for cells in below]
    words = [cell for cell in last if cell]
    if extra == 1 and 2 * sum(is_unit(word) for word in words) >= len(words):
        raise TableError(
            f"{source}, line {lines[1]}: {listed(last)} looks like units below the names of line "
            f"{lines[0]}; remove the line (a unit in brackets at the end of a name is kept), or "
            f"{setting('header', True)} if it is a row"
        )
    titles = "it" if extra == 1 else f"the {extra} lines above line {lines[extra]}"
    title = listed(str(column[0]) for column in columns if column[0].strip())
    raise TableError(
        f"{source}, line {lines[0]}: {title} looks like a title, as line {lines[extra]}, "
        f"{listed(last)}, holds words above columns of numbers, too; remove {titles}, or "
        f"{setting('header', True)} if line {lines[0]} names the columns"
    )


def _is_above(below: list[list[str]], numeric: list[bool], index: int, dec: str) -> bool:
    """Whether a line holds words above every column of numbers, and in none what stands again."""
    over = [cells[index].strip() for cells, is_one in zip(below, numeric, strict=True) if is_one]
    words = [cell for cell in over if cell not in ("", "-")]
    if not words or any(is_missing(cell) or is_number(cell, dec) for cell in words):
        return False
    units = all(map(is_unit, words))
    few = 2 * len(words) <= len(over) and not (units and any(map(_CERTAIN_UNIT.search, words)))
    if few or (len(set(words)) < len(words) and not units):
        return False
    others = [cells for cells, is_one in zip(below, numeric, strict=True) if not is_one]
    return (len(numeric) > 1 or units) and all(
        not cells[index].strip() or cells.count(cells[index]) == 1 for cells in others
    )


def check_not_repeated(
    columns: Sequence[TextColumn], lines: NDArray[np.int64], source: str, *, guessed: bool
) -> None:
    """Refuse a header that stands among the rows again; one of numbers may be a row.

    Case, blanks, quotes and characters without width make no difference.

    Args:
        columns: of all records, the header first.
        lines: (records,) the line of each.
        source: the file as messages name it.
        guessed: whether nothing but its place speaks for the header.

    Raises:
        LineError: naming the lines that are one.
    """
    names = [folded(column[0]) for column in columns]
    if all(is_number(column[0]) for column in columns):
        return
    again = np.ones(len(lines) - 1, np.bool_)
    for name, column in zip(names, columns, strict=True):
        if not any(is_number(name, mark) for mark in NUMBERS):
            again &= column.take(slice(1, None)).unread()
    # A look at lengths and letters first, as folding every cell would take long.
    for name, column in sorted(zip(names, columns, strict=True), key=lambda pair: -len(pair[0])):
        if not again.any():
            return
        again[again] = _may_be(name, column[0], column.take(slice(1, None))[again])
    odd = {}
    for row in np.flatnonzero(again):
        cells = (column[row + 1] for column in columns)
        if all(folded(cell) == name for cell, name in zip(cells, names, strict=True)):
            odd[int(lines[row + 1])] = f"the header of line {lines[0]} again"
    if odd:
        way = "Remove the line"
        if guessed:
            unnamed = setting("header", False)
            way = f"{unnamed} if line {lines[0]} is a row, too; else remove the line"
        line, says = next(iter(odd.items()))
        raise LineError(f"{source}, line {line}: {says}; were two files joined? {way}", odd)


def _may_be(name: str, written: str, below: Cells) -> NDArray[np.bool_]:
    """Which cells below a header, (n,) of str, may be its name again, as it was ``written``."""
    lengths = np.strings.str_len(below)
    # Composed letters may stand decomposed.
    fitting = (lengths >= min(len(name), len(written))) & (lengths <= 2 * len(name) + FURTHER)
    if name and fitting.any():
        letters = {name[0], name[0].upper(), written.strip()[:1]}
        if name[0].isascii():
            holds = [np.strings.find(below, letter) >= 0 for letter in letters]
            fitting &= np.logical_or.reduce(holds)
    return np.asarray(fitting, np.bool_)


def second_names(columns: Sequence[TextColumn], lines: NDArray[np.int64]) -> tuple[Finding, ...]:
    """A finding when the line below the names holds words that stand nowhere else.

    Among words nothing else tells a title above the names from the names.
    """
    below = [column[1 : 1 + LOOKED_AT].tolist() for column in columns]
    rows = len(below[0])
    few = [2 * len(set(cells[1:])) <= rows - 1 for cells in below]
    if (
        rows <= FEWEST_BELOW
        or sum(few) < 2
        or not all(cells.count(cells[0]) == 1 for cells in below)
    ):
        return ()
    says = (
        f"line {lines[1]}, {listed(cells[0].strip() for cells in below)}, holds words that stand "
        f"nowhere else below them: if they name the columns, line {lines[0]} is a title, to be "
        "removed"
    )
    return (Finding("dialect", says),)


def totals(columns: Sequence[TextColumn], lines: NDArray[np.int64]) -> tuple[Finding, ...]:
    """A finding when the last row looks like totals, as spreadsheets end with."""
    if len(lines) < 2:
        return ()
    for column in columns:
        last = str(column[-1])
        if is_total(last) and column.tolist().count(last) == 1:
            says = (
                f"line {lines[-1]}, the last, looks like a line of totals, {shown(last.strip())}; "
                "it is read as a row like the others: remove it if it is none"
            )
            return (Finding("dialect", says),)
    return ()
