"""Detects the delimiter between the cells of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mlp_edge.cell import is_missing, is_number
from mlp_edge.data.reading.dialect import BLANKS
from mlp_edge.data.reading.layout import DELIMITERS, Layout, quoted_cell, rewritten, split_record
from mlp_edge.finding import Finding
from mlp_edge.settings import setting

LOOKED_AT = 1000
"""Records on which the guess rests; the strict reader then holds the rest to it."""
_SCORED = 100

_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", BLANKS: "blanks"}
_PART = re.compile(r'"[^"]*(?:""[^"]*)*"(?=[ \t]|\Z)|[^ \t]+')
_PART_BYTES = re.compile(_PART.pattern.encode())


class Separated(NamedTuple):
    """A layout whose cells one character parts.

    Attributes:
        layout: the records; blanks between aligned cells became one tab.
        delimiter: the character.
        notes: what was guessed.
        aligned: whether blanks part the cells of the file.
    """

    layout: Layout
    delimiter: str
    notes: tuple[Finding, ...] = ()
    aligned: bool = False


def separate(layout: Layout, wanted: str | None) -> Separated:
    """Find what parts the cells.

    One of ``DELIMITERS`` that every record has equally often outside quoted cells. Of several such
    the one that leaves most numbers. Where none fits and blanks part every record into equally
    many cells, mostly numbers, blanks do.

    Args:
        layout: at least one record.
        wanted: the user's word for it, ``BLANKS`` for runs of blanks.
    """
    sample = _sample(layout)
    if wanted == BLANKS or (wanted is None and _fits(sample, "\t") and _are_aligned(sample, "\t")):
        split = _split(_without_hollow(layout, "\t", True))
        return Separated(split, "\t", () if wanted else (_aligned_note(),), aligned=True)
    if wanted is not None:
        return Separated(_without_hollow(layout, wanted), wanted)
    fitting = [mark for mark in DELIMITERS if _fits(sample, mark)]
    if not fitting and _are_aligned(sample):
        split = _split(_without_hollow(layout, "\t", True))
        return Separated(split, "\t", (_aligned_note(),), aligned=True)
    if not fitting:
        mostly = [mark for mark in DELIMITERS if _mostly_fits(sample, mark)]
        bare = re.sub(quoted_cell(), "", "\n".join(sample))
        delimiter = max(mostly or DELIMITERS, key=bare.count)
        return Separated(_without_hollow(layout, delimiter), delimiter)
    delimiter = max(fitting, key=lambda mark: _score(sample, mark))
    notes = tuple(_rival_note(delimiter, other) for other in fitting if other != delimiter)
    return Separated(_without_hollow(layout, delimiter), delimiter, notes)


def _sample(layout: Layout) -> list[str]:
    """The first records that are neither comments nor hollow; any where there are no others."""
    plain = np.flatnonzero(~layout.begins_with("#") & ~layout.hollow)
    some = plain if plain.size else np.arange(len(layout))
    return [layout.record(int(index)) for index in some[:LOOKED_AT]]


def _fits(sample: Sequence[str], mark: str) -> bool:
    """Whether every record has the mark, and as often as the first."""
    widths = {len(split_record(record, mark)) for record in sample}
    return len(widths) == 1 and widths != {1}


def _mostly_fits(sample: Sequence[str], mark: str) -> bool:
    """Whether most records have the mark as often as the first, which has it."""
    first, *others = (len(split_record(record, mark)) for record in sample)
    return first > 1 and 2 * others.count(first) > len(others)


def _are_aligned(sample: Sequence[str], within: str | None = None) -> bool:
    """Whether blanks part records into equally many cells, most of them numbers.

    Args:
        sample: records.
        within: a mark that parts the records too; then a cell between two such marks must hold
            several numbers, or else the mark is what was meant.
    """
    below = sample[1:] or sample
    if within is not None and not any(
        all(_several_numbers(cell) for cell in column)
        for column in zip(*(split_record(record, within) for record in below), strict=True)
    ):
        return False
    parts = [_PART.findall(record) for record in sample]
    width = len(parts[0])
    if width < 2 or any(len(row) != width for row in parts):
        return False
    cells = [cell for row in parts[1:] or parts for cell in row]
    return 2 * sum(_is_either_number(cell) for cell in cells) >= len(cells)


def _several_numbers(cell: str) -> bool:
    parts = cell.split()
    return len(parts) > 1 and all(_is_either_number(part) for part in parts)


def looks_aligned(cells: Sequence[str]) -> bool:
    """Whether each of some cells, (n,), holds several numbers: a column that is a table."""
    return all(_several_numbers(cell) for cell in cells)


def _is_either_number(cell: str) -> bool:
    return is_number(cell) or is_number(cell, ",")


def _score(sample: Sequence[str], mark: str) -> tuple[float, int, int]:
    """Share of numbers, then number of cells; of equals a comma, which may be a decimal's, last."""
    rows = [split_record(record, mark) for record in sample[:_SCORED]]
    cells = [cell.strip(' "') for row in rows[1:] or rows for cell in row]
    good = sum(_is_either_number(cell) or is_missing(cell) for cell in cells)
    return good / len(cells), len(rows[0]), DELIMITERS.index(mark)


def _without_hollow(layout: Layout, delimiter: str, aligned: bool = False) -> Layout:
    """Hollow records are rows where tabs are the delimiter and they have as many as the others."""
    if not layout.hollow.any():
        return layout
    if delimiter != "\t" or aligned or layout.hollow.all():
        return layout.keep(~layout.hollow)
    first = int(np.flatnonzero(~layout.hollow)[0])
    width = len(split_record(layout.record(first), delimiter))
    rows = np.ones(len(layout), np.bool_)
    for index in np.flatnonzero(layout.hollow):
        rows[index] = layout.record(int(index)).count("\t") + 1 == width
    return layout.keep(rows)


def _split(layout: Layout) -> Layout:
    """Runs of blanks as one tab each; those around a record, and after a first #, as none."""
    records = []
    for start, end in zip(layout.starts.tolist(), layout.ends.tolist(), strict=True):
        parts = _PART_BYTES.findall(layout.content, start, end)
        if parts[0] == b"#" and len(parts) > 1:
            parts[:2] = [b"#" + parts[1]]
        records.append(b"\t".join(parts))
    return rewritten(layout, records)


def _aligned_note() -> Finding:
    return Finding(
        "dialect",
        f"the cells were taken for aligned by blanks (spaces, tabs); {setting('sep')} overrules",
    )


def _rival_note(delimiter: str, other: str) -> Finding:
    return Finding(
        "dialect",
        f"the cells were taken for separated by {_NAMES[delimiter]}, though every line also has "
        f"equally many {_NAMES[other]}; {setting('sep', other)} overrules",
    )
