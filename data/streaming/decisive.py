"""The rows of a large table that decide how its columns are read, as a small table.

A sample of rows at random, and every row that a sample could miss though it matters: the first
row where a column's cell is missing, where it is no number, is infinite, is the least and the
largest; the first row of each word, of each class and of each number that stands for "missing".
What is decided of this table by the code for tables in memory thus holds for all rows, but for
what is counted: how often a word comes, or whether a number stands in one row only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import MISSING, OVERFLOW, number
from mlp_edge.data.choices import Choices
from mlp_edge.data.content.categories import MOST_FORCED
from mlp_edge.data.quoting import and_more
from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.data.reading.duck import literal
from mlp_edge.data.reading.read import read_table
from mlp_edge.data.streaming.stream import Piece, Stream
from mlp_edge.data.streaming.text_files import as_parquet
from mlp_edge.data.table import Table

SAMPLED = 50_000
"""Rows that are drawn at random; a table of no more is read as a whole."""
MOST_TEXTS = MOST_FORCED + 2
"""Different texts of a column that are looked up; columns of more hold no categories."""
TOO_MANY = 20_000
"""By an estimate; a column of more different texts is not asked for them one by one."""
NOWHERE = np.iinfo(np.int64).max


class Texts(NamedTuple):
    """The different texts of a column.

    Attributes:
        first: text -> its first row, by rows; at most ``MOST_TEXTS``.
        odd: whether these are only those that are no numbers.
    """

    first: Mapping[str, int]
    odd: bool


@dataclass(frozen=True, eq=False)
class Decisive:
    """What was found.

    Attributes:
        rows: (n,) int64, ascending: the rows of the small table.
        table: the small table; its lines are the rows' numbers, from 1.
        texts: column -> its different texts, of the columns that were asked for them.
        whole: whether these are all rows.
    """

    rows: NDArray[np.int64]
    table: Table
    texts: Mapping[str, Texts]
    whole: bool


@dataclass(frozen=True, eq=False)
class Sampled(Table):
    """Some rows of a stream as a table; places name the file and the row in it."""

    stream: Stream | None = None

    def place(self, row: int, column: str | None = None) -> str:
        """Where a row (0-based) of these stands."""
        if self.stream is None:
            return super().place(row, column)
        return self.stream.place(int(self.lines[row]) - 1, column)

    def places(self, which: NDArray[np.bool_]) -> str:
        """Where some of these stand: of several files, the first of them."""
        if self.stream is None or not self.stream.files.several:
            return super().places(which)
        rows = np.flatnonzero(which)
        return f"{self.place(int(rows[0]))}{and_more(rows.size - 1, 'such row')}"


def decisive_rows(
    stream: Stream, dialect: Dialect, targets: Sequence[str], choices: Choices, sha256: str
) -> Decisive:
    """Look at every row once or twice, and keep those that decide.

    Args:
        stream: the table.
        dialect: as the user says.
        targets: the columns to predict; classes are looked up.
        choices: what the user says about columns.
        sha256: of the files.
    """
    whole = stream.rows <= SAMPLED
    names = [name for name in stream.names if name not in choices.drop]
    sentinels = _sentinels(choices, stream.decimal)
    asked = {*targets, *choices.categorical}
    found = {name: _Facts() for name in names}
    for piece in stream.pieces:
        for name, facts in _facts(stream, piece, names, asked, sentinels).items():
            found[name] = found[name].joined(facts, piece.start)
    texts = {
        name: _texts(stream, name, odd)
        for name in names
        if (odd := _question(stream, name, found[name], name in asked)) is not None
    }
    rows = np.arange(stream.rows)
    if not whole:
        rows = _rows(stream, found, texts, targets)
    return Decisive(rows, rows_as_table(stream, rows, dialect, sha256), texts, whole)


def _rows(
    stream: Stream, found: Mapping[str, _Facts], texts: Mapping[str, Texts], targets: Sequence[str]
) -> NDArray[np.int64]:
    """The rows that decide, and others at random."""
    drawn = np.random.default_rng(0).choice(stream.rows, SAMPLED, replace=False)
    firsts = [row for each in found.values() for row in each.firsts if row != NOWHERE]
    firsts += [row for of in texts.values() for row in of.first.values()]
    rows = np.unique(np.concatenate([drawn, np.array(firsts, np.int64)]))
    varied = {name: each for name, each in found.items() if each.low != each.high}
    even = {name: varied[name] for name in _constant(stream, rows, list(varied))}
    even |= {name: varied[name] for name in targets if name in varied}
    ends = [row for piece in stream.pieces for row in _ends(stream, piece, even)]
    return np.unique(np.concatenate([rows, np.array(ends, np.int64)]))


def _constant(stream: Stream, rows: NDArray[np.int64], names: Sequence[str]) -> list[str]:
    """The columns that have one number in chosen rows, or none."""
    if not names:
        return []
    file = stream.folder / "sample.parquet"
    stream.picked(rows, file)
    asked = ", ".join(
        f"coalesce(min({value}) = max({value}), true)" for value in map(stream.number, names)
    )
    table = f"read_parquet({literal(str(file))})"
    answer = stream.connection.execute(f"SELECT {asked} FROM {table}").fetchone()  # noqa: S608
    return [name for name, same in zip(names, answer or (), strict=True) if same]


def rows_as_table(
    stream: Stream, rows: NDArray[np.int64], dialect: Dialect, sha256: str
) -> Sampled:
    """Chosen rows (n,) of a stream, ascending, as a table."""
    file = stream.folder / "sample.parquet"
    stream.picked(rows, file)
    table = read_table(str(file), as_parquet(dialect, stream.decimal))
    fields = {name: getattr(table, name) for name in table.__dataclass_fields__}
    fields |= {
        "name": stream.files.name, "source": stream.files.source,
        "header": stream.header, "lines": rows + 1, "sha256": sha256, "counts": "row",
    }  # fmt: skip
    return Sampled(**fields, stream=stream)


@dataclass(frozen=True)
class _Facts:
    """What is known of a column.

    Attributes:
        low: the least number, or None where there is none.
        high: the largest.
        different: about how many different texts there are; 0 for numbers by their type.
        odd: about how many of those are no numbers.
        firsts: rows that decide, or ``NOWHERE``.
    """

    low: float | None = None
    high: float | None = None
    different: int = 0
    odd: int = 0
    firsts: tuple[int, ...] = ()

    def joined(self, other: _Facts, start: int) -> _Facts:
        """These facts and those of the next file, whose rows begin at ``start``."""
        most = max(len(self.firsts), len(other.firsts))
        ours = self.firsts or (NOWHERE,) * most
        theirs = other.firsts or (NOWHERE,) * most
        theirs = tuple(NOWHERE if row == NOWHERE else row + start for row in theirs)
        lows = [each for each in (self.low, other.low) if each is not None]
        highs = [each for each in (self.high, other.high) if each is not None]
        return _Facts(
            min(lows, default=None), max(highs, default=None),
            self.different + other.different, self.odd + other.odd,
            tuple(map(min, ours, theirs)),
        )  # fmt: skip


def _sentinels(choices: Choices, decimal: str) -> list[float]:
    """Numbers that may stand for "missing" in some column."""
    values = (number(option.rpartition("=")[2], decimal) for option in choices.missing)
    return sorted({float(np.float32(value)) for value in values if not np.isnan(value)})


def _facts(
    stream: Stream, piece: Piece, names: Sequence[str], counted: Set[str],
    sentinels: Sequence[float],
) -> dict[str, _Facts]:  # fmt: skip
    """What one file says of its columns; different numbers of some are counted.

    A quick look at all tells which columns have a cell that is worth a second.
    """
    asked = []
    for name in names:
        value, different = stream.number(name), "0"
        if not stream.named[name].is_number:
            different = f"approx_count_distinct({stream.text(name)})"
        elif name in counted:
            different = f"approx_count_distinct({value})"
        asked += [f"min({value})", f"max({value})", f"count({value})", different]
    answer = stream.ask(piece, f"SELECT {', '.join(asked)} FROM {{table}}")[0]  # noqa: S608
    found = {}
    for place, name in enumerate(names):
        low, high, known, different = answer[4 * place : 4 * place + 4]
        found[name] = _Facts(low, high, different)
        plain = known and known == piece.rows and abs(low) < OVERFLOW and abs(high) < OVERFLOW
        if not plain or sentinels:
            found[name] = _closer(stream, piece, name, different, sentinels)
    return found


def _closer(
    stream: Stream, piece: Piece, name: str, different: int, sentinels: Sequence[float]
) -> _Facts:
    """The facts of a column that has more than finite numbers, or may have a sentinel."""
    value, words = stream.number(name), ", ".join(map(literal, sorted(MISSING)))
    good = f"isfinite({value}) AND abs({value}) < {OVERFLOW:.0f}"
    if stream.named[name].is_number:
        absent, odd = f"{value} IS NULL OR isnan({value})", "0"
        infinite = f"NOT isnan({value}) AND NOT ({good})"
    else:
        absent, infinite = f"coalesce(lower({stream.bare(name)}), '') IN ({words})", "false"
        odd = f"approx_count_distinct({stream.text(name)}) FILTER ({value} IS NULL)"
    told = [absent, infinite]
    told += [f"({good}) AND CAST({value} AS FLOAT) = {each!r}" for each in sentinels]
    asked = [*(f"{end}({value}) FILTER ({good})" for end in ("min", "max")), odd]
    asked += map(_first, told)
    answer = stream.ask(piece, f"SELECT {', '.join(asked)} FROM {{table}}")[0]  # noqa: S608
    return _Facts(answer[0], answer[1], different, int(answer[2]), _numbers(answer[3:]))


def _ends(stream: Stream, piece: Piece, found: Mapping[str, _Facts]) -> tuple[int, ...]:
    """The first rows of a file that hold the least and the largest number of some columns."""
    asked = [
        _first(f"{stream.number(name)} = {end!r}")
        for name, each in found.items()
        for end in (each.low, each.high)
        if end is not None
    ]
    if not asked:
        return ()
    answer = stream.ask(piece, f"SELECT {', '.join(asked)} FROM {{table}}")[0]  # noqa: S608
    return tuple(row + piece.start for row in _numbers(answer) if row != NOWHERE)


def _first(condition: str) -> str:
    return f"min(file_row_number) FILTER ({condition})"


def _numbers(answer: Sequence[Any]) -> tuple[int, ...]:
    return tuple(NOWHERE if row is None else int(row) for row in answer)


def _question(stream: Stream, name: str, facts: _Facts, asked: bool) -> bool | None:
    """Whether a column is asked for the texts that are no numbers alone; None for not at all."""
    if stream.named[name].is_number and not asked:
        return None
    if facts.different <= TOO_MANY:
        return False
    return True if 0 < facts.odd <= TOO_MANY else None


def _texts(stream: Stream, name: str, odd: bool) -> Texts:
    """The different texts of a column with the first row of each."""
    text = stream.text(name)
    where = f" AND {stream.number(name)} IS NULL" if odd else ""
    first: dict[str, int] = {}
    for piece in stream.pieces:
        query = (
            f"SELECT {text}, min(file_row_number) FROM {{table}} "  # noqa: S608
            f"WHERE {text} <> ''{where} GROUP BY 1 ORDER BY 2 LIMIT {MOST_TEXTS}"
        )
        for cell, row in stream.ask(piece, query):
            if len(first) < MOST_TEXTS:
                first.setdefault(str(cell), piece.start + int(row))
    return Texts(first, odd)
