"""The inputs of a graph as features: numbers, and categories where the graph encodes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.foreign import check_text
from mlp_edge.readers.assembling.values import Value
from mlp_edge.readers.operators.formula import Formulas
from mlp_edge.readers.operators.tensors import FLOATS, NAMES, STRING, WHOLES
from mlp_edge.readers.operators.terms import Form

MOST_FEATURES = 2**16


class Feed(NamedTuple):
    """An input of a graph.

    Attributes:
        name: in the file.
        kind: its type, TensorProto.DataType.
        shape: the rows first; None for a size, or a shape, that is not told.
    """

    name: str
    kind: int
    shape: Sequence[int | None] | None


class Readings(NamedTuple):
    """Readings as they come, before anything is computed of them.

    Attributes:
        columns: of a row, flat: the numbers of the features.
        shape: of a row.
        batch: which axis of the tensor the rows are.
        filled: whether missing ones have been filled.
        refusal: what to say where something computes with them as they are; "".
        whole: whether they are integers, as an encoder of categories takes them.
    """

    columns: NDArray[np.intp]
    shape: tuple[int, ...]
    batch: int = 0
    filled: bool = False
    refusal: str = ""
    whole: bool = False

    def picked(self, index: NDArray[np.intp], shape: tuple[int, ...], batch: int) -> Readings:
        """Some of them, in any order."""
        return self._replace(columns=self.columns[index], shape=shape, batch=batch)


class Levels(NamedTuple):
    """The categories of a feature: what they are called, and the codes that stand for them."""

    names: tuple[str, ...]
    codes: tuple[int, ...]


class Inputs:
    """The features of a graph, and what becomes of each.

    Args:
        feeds: the inputs of the graph.
        formulas: of the graph.
    """

    def __init__(self, feeds: Sequence[Feed], formulas: Formulas) -> None:
        self.feeds = feeds
        self._formulas = formulas
        self._first: dict[str, int] = {}
        self._kinds: list[int] = []
        self._names: list[str] = []
        self._feeds: list[str] = []
        self.levels: dict[int, Levels] = {}
        self._fills: dict[int, tuple[float, float | None]] = {}
        self._read_raw: set[int] = set()
        self._parts: dict[tuple[Value, bytes], Form] = {}
        self._numbers: Value | None = None
        self._codes: Value | None = None
        widths = [_width(feed) for feed in feeds]
        self._told = None not in widths
        if not self._told and (len(feeds) > 1 or feeds[0].kind not in FLOATS):
            unknown = next(
                feed.name for feed, width in zip(feeds, widths, strict=True) if not width
            )
            raise ModelError(f"the shape of its input {unknown[:80]!r} is not told")
        for feed, width in zip(feeds, widths, strict=True):
            self._first[feed.name] = len(self._kinds)
            self._kinds += [feed.kind] * (width or 0)
            self._feeds += [feed.name] * (width or 0)
            many = len(feeds) > 1
            self._names += [_name(feed.name, place, width or 0) if many else ""
                            for place in range(width or 0)]  # fmt: skip

    def whole(self, feed: Feed) -> Form:
        """All readings of an input of unknown width."""
        self._numbers = self._formulas.assembly.given(None, f"its input {feed.name[:80]!r}")
        return self._formulas.point(self._numbers)

    def readings(self, feed: Feed) -> Readings | None:
        """An input; None for one of unknown width."""
        width = _width(feed)
        if width is None:
            return None
        columns = self._first[feed.name] + np.arange(width)
        shape = tuple(size for size in (feed.shape or ())[1:] if size is not None)
        if feed.kind in FLOATS:
            return Readings(columns, shape)
        refusal = f"its input {feed.name[:80]!r} takes {NAMES[feed.kind]}; float32 would do"
        return Readings(columns, shape, refusal=refusal, whole=feed.kind != STRING)

    # What is read of them

    def numbers(self, readings: Readings, source: str) -> Form:
        """Readings as numbers.

        Raises:
            ModelError: for categories.
        """
        if readings.refusal:
            raise ModelError(readings.refusal)
        columns = readings.columns
        for column in {*columns.tolist()} & self.levels.keys():
            raise ModelError(f"{source} takes {self._told_name(column)}, which is a category, as a "
                             "number")  # fmt: skip
        if not readings.filled:
            self._read_raw |= {*columns.tolist()}
        self._start()
        return self._part(self._numbers, self._places()[columns], source)

    def one_hot(self, column: int, source: str) -> Form:
        """1 for the category that a reading is, else 0."""
        self._start()
        before = sum(len(each.names) for at, each in self.levels.items() if at < column)
        size = len(self.levels[column].names)
        return self._part(self._codes, before + np.arange(size), source)

    def _start(self) -> None:
        """What goes into the network: the numbers, then the categories, by feature."""
        if self._numbers is not None or self._codes is not None:
            return
        assembly = self._formulas.assembly
        numbers = len(self._kinds) - len(self.levels)
        codes = sum(len(each.names) for each in self.levels.values())
        if numbers:
            self._numbers = assembly.given(numbers, "the model")
        if codes:
            self._codes = assembly.given(codes, "the model")

    def _places(self) -> NDArray[np.intp]:
        """Where each feature stands among the numbers."""
        number = np.ones(len(self._kinds), np.intp)
        number[[*self.levels]] = 0
        return np.cumsum(number) - 1

    def _part(self, value: Value | None, places: NDArray[np.intp], source: str) -> Form:
        """Some of the numbers: the same ones are the same formula, or no activation is known."""
        assert value is not None  # noqa: S101 (there are such features)
        asked = value, places.tobytes()
        if asked not in self._parts:
            runs = np.split(places, np.flatnonzero(np.diff(places) != 1) + 1)
            assembly = self._formulas.assembly
            parts = [assembly.part(value, int(run[0]), int(run[-1]) + 1, source) for run in runs]
            self._parts[asked] = self._formulas.point(assembly.concatenated(parts, source))
        return self._parts[asked]

    # What is said of them

    def categorise(self, column: int, levels: Levels, source: str) -> None:
        """Say that a feature is a category."""
        if self.levels.setdefault(column, levels) != levels:
            raise ModelError(f"{source} has other categories for {self._told_name(column)} than "
                             "an operator before it")  # fmt: skip

    def fill(self, column: int, value: float, sentinel: float | None, source: str) -> None:
        """Say what counts in the place of a missing reading."""
        if self._fills.setdefault(column, (value, sentinel)) != (value, sentinel):
            raise ModelError(f"{source} fills {self._told_name(column)} with another number than "
                             "an operator before it")  # fmt: skip

    def features(self) -> list[Feature] | None:
        """The features; None where they are numbers without names.

        Raises:
            ModelError: for readings that are read both with and without what fills them.
        """
        for column in sorted(self._fills.keys() & self._read_raw):
            raise ModelError(f"{self._told_name(column)} is read with and without what fills it")
        for column in sorted(self._texts() - self.levels.keys()):
            raise ModelError(f"{self._told_name(column)} is text, and nothing encodes it")
        if not self._told or not (any(self._names) or self.levels or self._fills):
            return None
        return [self._feature(column) for column in range(len(self._kinds))]

    def _feature(self, column: int) -> Feature:
        levels = self.levels.get(column, Levels((), ()))
        fill, sentinel = self._fills.get(column, (None, None))
        name = self._names[column] or f"x{column + 1}"
        return Feature(name, categories=levels.names, codes=levels.codes, fill=fill,
                       sentinel=sentinel)  # fmt: skip

    def _texts(self) -> set[int]:
        return {column for column, kind in enumerate(self._kinds) if kind == STRING}

    def _told_name(self, column: int) -> str:
        return f"its input {self._feeds[column][:80]!r}"


def _width(feed: Feed) -> int | None:
    """Numbers of a row; raises ``ModelError`` for what is no table of numbers or texts."""
    if feed.kind not in (*FLOATS, *WHOLES, STRING):
        kind = NAMES.get(feed.kind, f"type {feed.kind}")
        raise ModelError(f"its input {feed.name[:80]!r} takes {kind}; float32 would do")
    if feed.shape is None:
        return None
    if len(feed.shape) < 2:
        raise ModelError(f"its input {feed.name[:80]!r} is no table of rows")
    sizes = [size for size in feed.shape[1:] if size is not None]
    if len(sizes) < len(feed.shape) - 1:
        return None
    width = math.prod(sizes)
    if not 0 < width <= MOST_FEATURES:
        raise ModelError(f"its input {feed.name[:80]!r} has {width:,} numbers in a row")
    return width


def _name(feed: str, place: int, width: int) -> str:
    """What a feature is called by the input that it is, or is a part of."""
    try:
        check_text(feed)
    except ValueError:
        return ""
    return feed if width == 1 else f"{feed} {place + 1}"
