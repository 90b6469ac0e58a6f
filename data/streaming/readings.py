"""Stretches of a stream as numbers: readings, targets, groups and times of every row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cell import CategoryCells, means_missing, number
from mlp_edge.data.content.values import trouble
from mlp_edge.data.reading.duck import literal
from mlp_edge.data.streaming.decisive import MOST_TEXTS, Texts
from mlp_edge.data.streaming.stream import AT_ONCE, Stream
from mlp_edge.errors import TableError
from mlp_edge.feature import Feature
from mlp_edge.mlp import Floats, Rows
from mlp_edge.settings import setting

NAN = "CAST('nan' AS FLOAT)"


@dataclass(frozen=True)
class Target:
    """A column to predict.

    Attributes:
        name: of the column.
        classes: text of a cell -> index of its class; a text that is not in it is a missing
            target. None for numbers.
        missing: numbers that stand for a missing one; float32 numbers.
        words: texts that do, case-folded, besides those that always do.
    """

    name: str
    classes: Mapping[str, int] | None
    missing: tuple[float, ...] = ()
    words: tuple[str, ...] = ()


class Stretch(NamedTuple):
    """Rows one after another, those without a target left out.

    Attributes:
        numbers: (n,) int64, ascending, the rows' numbers in the table, from 0.
        readings: (n, features) float32; NaN where one is missing.
        targets: (n, outputs) float32: values, or the index of the class.
        groups: (n,) uint64, one number for each group; None where rows are not grouped.
        when: (n,) float64, rising in time; None where no column orders the rows.
    """

    numbers: NDArray[np.int64]
    readings: Rows
    targets: Floats
    groups: NDArray[np.uint64] | None = None
    when: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    def chosen(self, which: Any) -> Stretch:
        """Some of the rows, by a slice, a mask or their places."""
        columns: list[Any] = [None if each is None else each[which] for each in self]
        return Stretch(*columns)


class _Question(NamedTuple):
    """An expression, and what makes readings of its answer."""

    asked: str
    read: Callable[[NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads a stream as numbers; ``reader`` makes one."""

    stream: Stream
    features: tuple[_Question, ...]
    targets: tuple[_Question, ...]
    group: _Question | None
    when: _Question | None

    def stretches(self, at_once: int = AT_ONCE) -> Iterator[Stretch]:
        """Every row that has a target, in order, some at a time."""
        start = 0
        extra = [each for each in (self.group, self.when) if each is not None]
        every = (*self.features, *self.targets, *extra)
        asked = [f"{each.asked} AS c{place}" for place, each in enumerate(every)]
        for answer in self.stream.stretches(asked, at_once):
            columns = [each.read(answer[f"c{place}"]) for place, each in enumerate(every)]
            rows = len(columns[-1])
            width, outputs = len(self.features), len(self.targets)
            rest = iter(columns[width + outputs :])
            stretch = Stretch(
                np.arange(start, start + rows),
                _beside(columns[:width], rows),
                _beside(columns[width : width + outputs], rows),
                None if self.group is None else next(rest),
                None if self.when is None else next(rest),
            )
            start += rows
            known = ~np.isnan(stretch.targets).any(axis=1)
            yield stretch if known.all() else stretch.chosen(known)


def reader(
    stream: Stream, texts: Mapping[str, Texts], features: Sequence[Feature],
    targets: Sequence[Target], group: str | None = None, when: str | None = None,
) -> Reader:  # fmt: skip
    """What reads the rows of a stream as a model takes them.

    Args:
        stream: the table.
        texts: the different texts of the columns that are not numbers by their type.
        features: of the model, in its order.
        targets: the columns to predict.
        group: the column that groups rows.
        when: the column that orders them in time.

    Raises:
        TableError: for a cell that is neither a number nor missing among numbers, by its row; for
            times that are neither numbers nor dates.
    """
    return Reader(
        stream,
        tuple(
            _category(stream, texts, each, place)
            if each.categories
            else _number(stream, texts, each)
            for place, each in enumerate(features)
        ),
        tuple(_target(stream, texts, each) for each in targets),
        None if group is None else _Question(f"hash({stream.bare(group)})", _as_is),
        None if when is None else _Question(_time(stream, when), _as_is),
    )


def _beside(columns: Sequence[NDArray[Any]], rows: int) -> Floats:
    """Columns (rows,) as an array (rows, columns)."""
    beside = np.empty((rows, len(columns)), np.float32)
    for place, column in enumerate(columns):
        beside[:, place] = column
    return beside


def _as_is(answer: NDArray[Any]) -> NDArray[Any]:
    return np.ma.filled(answer, np.nan) if np.ma.isMaskedArray(answer) else answer


def _number(stream: Stream, texts: Mapping[str, Texts], feature: Feature) -> _Question:
    """A column of numbers; cells that are no numbers are missing, or refused."""
    name, otherwise = feature.name, ""
    for cell, row in _odd(stream, texts, name).items():
        value = number(cell, stream.decimal)
        if not np.isnan(value):  # with blanks around it that the database does not know
            otherwise += f" WHEN {literal(cell)} THEN CAST({value!r} AS FLOAT)"
        elif not means_missing(cell, feature):
            place = stream.place(row, name)
            raise TableError(f"{place}: {trouble(cell, stream.decimal)}")
    return _Question(_float(stream, name, otherwise), _as_is)


def _float(stream: Stream, name: str, otherwise: str = "") -> str:
    case = f"CASE {stream.text(name)}{otherwise} END, " if otherwise else ""
    return f"coalesce(CAST({stream.number(name)} AS FLOAT), {case}{NAN})"


def _odd(stream: Stream, texts: Mapping[str, Texts], name: str) -> dict[str, int]:
    """The texts of a column of numbers that are none, with the first row of each."""
    found = texts.get(name)
    if stream.named[name].is_number or found is None:
        return {}
    return {
        cell: row for cell, row in found.first.items() if found.odd or not _is_plain(stream, cell)
    }


def _is_plain(stream: Stream, cell: str) -> bool:
    return not np.isnan(number(cell, stream.decimal)) and cell.strip().isascii()


def _category(
    stream: Stream, texts: Mapping[str, Texts], feature: Feature, place: int
) -> _Question:
    """A column of categories: the code of each cell."""
    cells = CategoryCells(feature, stream.decimal)
    codes = {cell: cells.of_text(cell) for cell in _all(stream, texts, feature.name)}
    unknown = float(feature.unknown_code)
    known = {cell: unknown if code is None else code for cell, code in codes.items()}
    return _looked_up(stream, feature.name, known, f"codes{place}")


def _target(stream: Stream, texts: Mapping[str, Texts], target: Target) -> _Question:
    if target.classes is None:
        plain = _number(stream, texts, Feature(target.name, missing_words=target.words))
        gone = np.array(target.missing, np.float32)

        def read(answer: NDArray[Any]) -> NDArray[Any]:
            values = plain.read(answer)
            return np.where(np.isin(values, gone), np.float32(np.nan), values)

        return plain._replace(read=read) if len(gone) else plain
    known = {
        cell: float(target.classes.get(cell, np.nan)) for cell in _all(stream, texts, target.name)
    }
    return _looked_up(stream, target.name, known, "classes")


def _all(stream: Stream, texts: Mapping[str, Texts], name: str) -> Sequence[str]:
    """Every text of a column."""
    found = texts.get(name)
    if found is None or found.odd or len(found.first) >= MOST_TEXTS:
        raise TableError(
            f"{stream.files.source}: column {name!r} holds too many different values for classes "
            f"or categories; {setting('drop', [name])} leaves it out"
        )
    return tuple(found.first)


def _looked_up(stream: Stream, name: str, known: Mapping[str, float], kind: str) -> _Question:
    """A column of texts, by what each stands for; NaN where there is none."""
    values = np.array([*known.values(), np.nan], np.float32)
    every = ", ".join(map(literal, known))
    stream.connection.execute(f"DROP TYPE IF EXISTS {kind}")
    stream.connection.execute(f"CREATE TYPE {kind} AS ENUM ({every})")
    place = f"CAST(enum_code(TRY_CAST({stream.text(name)} AS {kind})) AS INTEGER)"
    return _Question(f"coalesce({place}, {len(known)})", lambda answer: values[np.asarray(answer)])


def _time(stream: Stream, name: str) -> str:
    """SQL of when each row was, as a number that rises in time.

    Raises:
        TableError: for the first cell that is neither a number nor a date.
    """
    for asked in (stream.number(name), f"epoch(TRY_CAST({stream.text(name)} AS TIMESTAMP))"):
        bad = [
            (piece, row)
            for piece in stream.pieces
            for ((row,),) in [
                stream.ask(
                    piece,
                    f"SELECT min(file_row_number) FILTER ({asked} IS NULL) FROM {{table}}",  # noqa: S608
                )
            ]
            if row is not None
        ]
        if not bad:
            return f"CAST({asked} AS DOUBLE)"
    piece, row = bad[0]
    raise TableError(
        f"{stream.place(piece.start + int(row), name)}: neither a number nor a date such as "
        f"2024-12-31 23:59, and {setting('split')} orders a stream by those alone; write the "
        "column in one of these ways"
    )
