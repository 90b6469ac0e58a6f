"""Columns on their way through the steps of a pipeline, as formulas of the raw readings.

Each is a constant and a sum: of numbers, scaled and perhaps kept between two ends, and of ones and
zeros that say which category is there or that a reading is missing. Factors stay in float64 until
the first dense layer takes them into its weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.foreign import printable, shortened

LONGEST = 40
"""Characters of a name that a message shows."""


class Absent(Enum):
    """The category that stands for a missing reading."""

    CATEGORY = "missing"


Category = str | int | float | Absent
"""A category; scikit-learn's may be texts, numbers and bools."""


class Given(NamedTuple):
    """A raw reading, and what counts where it is missing.

    Attributes:
        feature: its place in a row.
        marker: the reading that means "missing" beside NaN; None for NaN alone.
        fill: what counts in its place: a number, or a category; None rejects the row.
    """

    feature: int
    marker: float | str | None = None
    fill: Category | None = None


class Number(NamedTuple):
    """A reading as a number: (reading - mean) / std, between two ends where it is clipped."""

    given: Given
    mean: float = 0.0
    std: float = 1.0
    ends: tuple[float, float] | None = None


class Is(NamedTuple):
    """1 where the reading is this category, else 0."""

    given: Given
    category: Category


class Missing(NamedTuple):
    """1 where the reading is missing, else 0."""

    given: Given


Term = Number | Is | Missing


class Column(NamedTuple):
    """A constant and terms, each by its factor."""

    terms: Mapping[Term, float]
    constant: float = 0.0

    @property
    def raw(self) -> Given | None:
        """The reading, where the column is still as it was given."""
        number = self.number
        return None if number is None or number != Number(number.given) else number.given

    @property
    def number(self) -> Number | None:
        """The reading as a number, scaled, where the column is that and no more."""
        if len(self.terms) != 1:
            return None
        [(term, factor)] = self.terms.items()
        if not isinstance(term, Number) or term.ends is not None or not factor > 0:
            return None
        std = term.std / factor
        return term._replace(mean=term.mean - self.constant * std, std=std)

    @property
    def scaled_number(self) -> Number | None:
        """As ``number``, or one between two ends that nothing was done to since."""
        [*terms] = self.terms.items()
        if len(terms) == 1 and self.constant == 0:
            term, factor = terms[0]
            if isinstance(term, Number) and term.ends is not None and factor == 1:
                return term
        return self.number

    @property
    def takes_few_values(self) -> bool:
        """Whether at most one of its terms is 1 at a time, the others 0."""
        kinds = {(type(term), term.given) for term in self.terms}
        return len(kinds) <= 1 and not any(kind is Number for kind, _ in kinds)

    def scaled(self, factor: float, offset: float) -> Column:
        """Factor * x + offset."""
        terms = {term: factor * old for term, old in self.terms.items()}
        made = Column(terms, factor * self.constant + offset)
        number = made.number
        return made if number is None else Column({number: 1.0})

    def clipped(self, low: float, high: float, source: str) -> Column:
        """The nearest number between two ends.

        Raises:
            ModelError: naming ``source``, for a mixture of readings.
        """
        if self.takes_few_values:
            return self.mapped(lambda x: min(max(x, low), high))
        number = self.number
        if number is None:
            raise ModelError(
                f"{source} clips columns that mix or repeat what came before; clip=False would do"
            )
        return Column({number._replace(ends=(low, high)): 1.0})

    def mapped(self, function: Callable[[float], float]) -> Column:
        """A function of a column that ``takes_few_values``."""
        base = function(self.constant)
        terms = {term: function(self.constant + value) - base for term, value in self.terms.items()}
        return Column(terms, base)


def combined(columns: Sequence[Column], factors: Iterable[float], offset: float) -> Column:
    """The sum of columns, each by its factor, and an offset."""
    terms: dict[Term, float] = {}
    for column, factor in zip(columns, factors, strict=True):
        offset += factor * column.constant
        for term, value in column.terms.items():
            terms[term] = terms.get(term, 0.0) + factor * value
    return Column(terms, offset)


def encoded(given: Given, values: Mapping[Category, float], unknown: float) -> Column:
    """A number per category, and one for every other."""
    different = {category: value for category, value in values.items() if value != unknown}
    return Column(
        {Is(given, category): value - unknown for category, value in different.items()}, unknown
    )


def plain(value: Any) -> Category:
    """A category as a plain Python value; what is missing as ``Absent``."""
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return Absent.CATEGORY
    if isinstance(value, float) and math.isnan(value):
        return Absent.CATEGORY
    return value if isinstance(value, str | int | float) else str(value)


class Readings:
    """The raw readings that a model takes, and what its steps make of them.

    Attributes:
        names: of the columns that go in.
        categories: feature -> the categories that its encoders know, in order.
        ranges: feature -> the smallest and the largest reading of the training, where known.
        notes: what the exports do otherwise, a sentence each.
        adapted: steps with the attributes by which they predict what exports do, where they
            would raise an error or round otherwise.
        absent: feature -> what its encoder takes for a missing reading.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.categories: dict[int, dict[Category, None]] = {}
        self.ranges: dict[int, tuple[float, float]] = {}
        self.notes: list[str] = []
        self.adapted: list[tuple[Any, Mapping[str, Any]]] = []
        self.absent: dict[int, Any] = {}

    @property
    def columns(self) -> list[Column]:
        """The readings as they are given."""
        return [Column({Number(Given(place)): 1.0}) for place in range(len(self.names))]

    def know(self, given: Given, categories: Iterable[Category]) -> None:
        """Take note of categories of a feature, its fill among them."""
        fill = () if given.fill is None else (given.fill,)
        self.categories.setdefault(given.feature, {}).update(dict.fromkeys([*categories, *fill]))

    def named(self, given: Given) -> str:
        """A feature as messages name it."""
        return repr(shortened(printable(self.names[given.feature]), LONGEST))
