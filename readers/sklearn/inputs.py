"""The columns that an estimator gets, as features of an ``Mlp`` and what its first layer reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from mlp_edge.encoding import Encoding
from mlp_edge.errors import ModelError
from mlp_edge.feature import LARGEST_CODE, Feature
from mlp_edge.readers.assembling.assembly import Assembly
from mlp_edge.readers.assembling.values import Value
from mlp_edge.readers.sklearn.columns import (
    Absent,
    Category,
    Column,
    Given,
    Is,
    Missing,
    Number,
    Readings,
    Term,
)
from mlp_edge.reference import Doubles

UNKNOWN = "a category that no table has"


class Source(NamedTuple):
    """Where a feature comes from.

    Attributes:
        place: of its column among those that the estimator takes.
        categories: code -> the category itself; {} for a number.
        missing: what the estimator takes for a missing reading.
        unknown: what is none of its categories, and of their kind.
    """

    place: int
    categories: dict[int, Category]
    missing: Any
    unknown: Category = UNKNOWN


class Clipped(NamedTuple):
    """A number between two ends: factor * scaled input + offset, where it lies between them."""

    input: int
    factor: float
    offset: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Inputs:
    """Columns as sums of what goes into the first layer.

    Attributes:
        features: those that any column depends on.
        sources: where each comes from.
        mean: (width,) of the scaling, float32 numbers.
        std: (width,) of the scaling, float32 numbers.
        clipped: numbers between two ends, which are more inputs behind the scaled ones, each as a
            share of the way from one end to the other.
        weights: (columns, width + clipped) float64; (columns, clipped) where all are clipped.
        bias: (columns,), float64.
    """

    features: tuple[Feature, ...]
    sources: tuple[Source, ...]
    mean: Doubles
    std: Doubles
    clipped: tuple[Clipped, ...]
    weights: Doubles
    bias: Doubles

    def start(self, assembly: Assembly, source: str) -> Value:
        """What goes into the first layer; clipped numbers take a layer of their own."""
        width = self.mean.size
        scaled = assembly.given(width)
        if (self.mean != 0).any() or (self.std != 1).any():
            scaled = assembly.scaled(scaled, 1 / self.std, -self.mean / self.std, source)
        if not self.clipped:
            return scaled
        weights, bias = np.zeros((len(self.clipped), width)), np.zeros(len(self.clipped))
        for unit, each in enumerate(self.clipped):
            share = 6 / (each.high - each.low)  # hard_sigmoid rises from -3 to 3
            weights[unit, each.input] = share * each.factor
            bias[unit] = share * (each.offset - each.low) - 3
        clipped = assembly.dense(scaled, weights, bias, source)
        clipped = assembly.activated(clipped, "hard_sigmoid", source)
        if self.weights.shape[1] == len(self.clipped):
            return clipped
        return assembly.concatenated((scaled, clipped), source)


def inputs_of(readings: Readings, columns: Sequence[Column]) -> Inputs:
    """What columns read.

    Raises:
        ModelError: for a column of the table that steps treat in ways that contradict each other.
    """
    terms = list(dict.fromkeys(term for column in columns for term in column.terms))
    used = sorted({term.given.feature for term in terms})
    described = [_described(readings, [t for t in terms if t.given.feature == f]) for f in used]
    features = tuple(feature for feature, _ in described)
    encoding = Encoding.of(features)
    place = _Places(encoding, used, features, [source for _, source in described])
    mean, std = _scaling(readings, terms, place, encoding.width)
    width, clipped = encoding.width, list[Clipped]()
    ends = [term for term in terms if isinstance(term, Number) and term.ends is not None]
    weights = np.zeros((len(columns), width + len(ends)))
    bias = np.array([column.constant for column in columns])
    rows = _rows(columns)
    for term in terms:
        at, factor, offset = place.of(term), 1.0, 0.0
        if isinstance(term, Number):
            factor, offset = std[at] / term.std, (mean[at] - term.mean) / term.std
        if isinstance(term, Number) and term.ends is not None:
            low, high = term.ends
            clipped.append(Clipped(at, factor, offset, low, high))
            at, factor, offset = width + len(clipped) - 1, high - low, low
        for row, value in rows[term]:
            weights[row, at] += value * factor
            bias[row] += value * offset
    if clipped and not weights[:, :width].any():
        weights = weights[:, width:]
    sources = tuple(source for _, source in described)
    return Inputs(features, sources, mean, std, tuple(clipped), weights, bias)


def _rows(columns: Sequence[Column]) -> dict[Term, list[tuple[int, float]]]:
    found: dict[Term, list[tuple[int, float]]] = {}
    for row, column in enumerate(columns):
        for term, value in column.terms.items():
            found.setdefault(term, []).append((row, value))
    return found


class _Places:
    """Which input of the first layer a term is."""

    def __init__(
        self,
        encoding: Encoding,
        used: Sequence[int],
        features: Sequence[Feature],
        sources: Sequence[Source],
    ) -> None:
        order = {feature: number for number, feature in enumerate(used)}
        numbers, indicators = encoding.numbers.tolist(), encoding.indicators.tolist()
        first = len(numbers) + len(indicators)
        pairs = [
            (number, category)
            for number, source in enumerate(sources)
            for category in source.categories.values()
        ]
        self._order = order
        self._numbers = {number: at for at, number in enumerate(numbers)}
        self._missing = {number: len(numbers) + at for at, number in enumerate(indicators)}
        self._categories = {pair: first + at for at, pair in enumerate(pairs)}

    def of(self, term: Term) -> int:
        number = self._order[term.given.feature]
        if isinstance(term, Number):
            return self._numbers[number]
        if isinstance(term, Missing):
            return self._missing[number]
        return self._categories[number, term.category]


def _scaling(
    readings: Readings, terms: Sequence[Term], place: _Places, width: int
) -> tuple[Doubles, Doubles]:
    """By which mean and deviation, float32 numbers, each input is scaled: its first step's."""
    mean, std = np.zeros(width), np.ones(width)
    known = set[int]()
    for term in terms:
        at = place.of(term)
        if not isinstance(term, Number) or at in known:
            continue
        known.add(at)
        with np.errstate(over="ignore", under="ignore"):
            mean[at], std[at] = np.float32(term.mean), np.float32(term.std)
        if not (np.isfinite(mean[at]) and np.isfinite(std[at]) and std[at] > 0):
            raise ModelError(f"column {readings.named(term.given)} is scaled beyond float32")
    return mean, std


def _described(readings: Readings, terms: Sequence[Term]) -> tuple[Feature, Source]:
    """A feature, from all terms that read it."""
    givens = {term.given for term in terms if not isinstance(term, Missing)}
    markers = {term.given.marker for term in terms}
    kinds = {type(term) for term in terms} - {Missing}
    name = readings.named(terms[0].given)
    if len(givens) > 1 or len(markers) > 1:
        raise ModelError(f"column {name} has its missing readings filled in two ways; one would do")
    if kinds == {Number, Is}:
        raise ModelError(
            f"column {name} is a number to one step and a category to another; a copy of the "
            "column under another name would do"
        )
    if not givens:
        raise ModelError(f"of column {name} nothing is read but whether it is missing")
    [given] = givens
    low, high = readings.ranges.get(given.feature, (None, None))
    feature = Feature(
        readings.names[given.feature],
        low=low,
        high=high,
        indicator=any(isinstance(term, Missing) for term in terms),
        missing_words=(given.marker,) if isinstance(given.marker, str) else (),
    )
    return _encoded(readings, given, feature) if Is in kinds else _number(given, feature)


def _number(given: Given, feature: Feature) -> tuple[Feature, Source]:
    if isinstance(given.fill, str | Absent) or isinstance(given.marker, str):
        raise ModelError(f"column {feature.name!r:.60} holds text that no step encodes")
    filled = replace(feature, sentinel=given.marker, fill=given.fill)
    return filled, Source(given.feature, {}, np.nan if given.marker is None else given.marker)


def _encoded(readings: Readings, given: Given, feature: Feature) -> tuple[Feature, Source]:
    categories = [*readings.categories[given.feature]]
    codes = _codes(categories)
    filled = replace(
        feature,
        categories=tuple(map(_category_name, categories)),
        codes=tuple(codes),
        sentinel=None if isinstance(given.marker, str) else given.marker,
        fill=None if given.fill is None else float(codes[categories.index(given.fill)]),
    )
    known = dict(zip(codes, categories, strict=True))
    numbers = [each for each in categories if not isinstance(each, str | Absent)]
    texts = any(isinstance(each, str) for each in categories)
    unknown: Category = UNKNOWN if texts else max(numbers, default=0) + 1
    # What no encoder or imputer takes for missing, is to them one more unknown category.
    absent = readings.absent.get(given.feature, unknown)
    missing = absent if given.marker is None else given.marker
    return filled, Source(given.feature, known, missing, unknown)


def _codes(categories: Sequence[Category]) -> list[int]:
    """Whole numbers stand for themselves, anything else for its place."""
    there = [each for each in categories if not isinstance(each, Absent)]
    numbers = [int(each) for each in there if not isinstance(each, str) and _is_code(each)]
    if len(numbers) < len(there):
        return list(range(len(categories)))
    spare = max(numbers, default=-1) + 1
    return [spare if isinstance(each, Absent) else int(each) for each in categories]


def _is_code(number: float) -> bool:
    return abs(number) < LARGEST_CODE and int(number) == number


def _category_name(category: Category) -> str:
    if isinstance(category, Absent):
        return str(category.value)
    whole = isinstance(category, float) and category.is_integer()
    return str(int(category) if whole else category)
