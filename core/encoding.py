"""Encodes raw readings as inputs of the first layer: fills, categories, indicators.

Nothing here rounds: a number passes unchanged, a category becomes ones and zeros. So the float64
reference, the training rows and every runtime agree on it bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mlp_edge.feature import Feature

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]
Real = TypeVar("Real", bound=np.floating)


@dataclass(frozen=True, eq=False)
class Encoding:
    """How a row of readings becomes a row of inputs: numbers, then indicators, then categories.

    Attributes:
        fill: (features,) float32, what counts where a reading is missing; NaN rejects the row.
        sentinel: (features,) float32, the reading that means "missing"; NaN where there is none.
        numbers: (n,) the features that are numbers, in order.
        indicators: (m,) the features whose absence is an input of its own.
        categories: (k,) the feature of each one-hot input: a category stands once per code.
        codes: (k,) float32, the code of each one-hot input.
    """

    fill: Floats
    sentinel: Floats
    numbers: Indices
    indicators: Indices
    categories: Indices
    codes: Floats

    @classmethod
    def of(cls, features: Sequence[Feature]) -> Encoding:
        """The encoding of a model's features."""
        every = list(enumerate(features))
        pairs = [(index, code) for index, feature in every for code in feature.codes]
        return cls(
            fill=_optional([feature.fill for feature in features]),
            sentinel=_optional([feature.sentinel for feature in features]),
            numbers=_indices([index for index, feature in every if feature.kind == "number"]),
            indicators=_indices([index for index, feature in every if feature.indicator]),
            categories=_indices([index for index, _ in pairs]),
            codes=np.array([code for _, code in pairs], np.float32),
        )

    @property
    def features(self) -> int:
        """Width of a row of raw readings."""
        return len(self.fill)

    @property
    def width(self) -> int:
        """Width of a row that goes into the first layer."""
        return len(self.numbers) + len(self.indicators) + len(self.codes)

    @property
    def imputes(self) -> bool:
        """Whether any missing reading is filled, which gives a row with one a prediction."""
        return not np.isnan(self.fill).all()

    @property
    def has_sentinels(self) -> bool:
        """Whether some reading other than NaN means "missing"."""
        return not np.isnan(self.sentinel).all()

    @property
    def rejects(self) -> bool:
        """Whether a missing reading can make the prediction NaN."""
        return bool(np.isnan(self.fill).any())

    @property
    def plain(self) -> bool:
        """Whether the inputs are the readings themselves, NaN apart."""
        only_numbers = len(self.numbers) == self.features and not len(self.indicators)
        return only_numbers and not self.imputes and not self.has_sentinels

    def missing(self, rows: NDArray[Real]) -> NDArray[np.bool_]:
        """Which readings (n, features) are missing."""
        return np.asarray(np.isnan(rows) | (rows == self.sentinel))

    def filled(self, rows: NDArray[Real]) -> NDArray[Real]:
        """The readings (n, features), fills in the place of missing ones; NaN where rejected."""
        return np.where(self.missing(rows), self.fill.astype(rows.dtype), rows)

    def rejected(self, rows: NDArray[Real]) -> NDArray[np.bool_]:
        """Which rows (n,) have a missing reading that nothing fills: their prediction is NaN."""
        return np.asarray(np.isnan(self.filled(rows)).any(axis=1))

    def encode(self, rows: NDArray[Real]) -> NDArray[Real]:
        """Raw readings (n, features) as inputs (n, width), in the same floating type."""
        filled = self.filled(rows)
        parts = (
            filled[:, self.numbers],
            self.missing(rows)[:, self.indicators],
            filled[:, self.categories] == self.codes,
        )
        return np.concatenate([part.astype(rows.dtype) for part in parts], axis=1)


def input_names(features: Sequence[Feature]) -> tuple[str, ...]:
    """A name for each input of the first layer, in the order of ``Encoding.encode``."""
    return (
        *(feature.name for feature in features if feature.kind == "number"),
        *(f"{feature.name} missing" for feature in features if feature.indicator),
        *(f"{feature.name} = {level}" for feature in features for level in feature.categories),
    )


def _optional(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], np.float32)


def _indices(values: Sequence[int]) -> Indices:
    return np.array(values, np.intp)
