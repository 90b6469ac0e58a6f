"""Counts: readings as integers of 16 bits, as an ADC gives them.

A count of a feature stands for the reading ``float32(count * scale + offset)``: product and sum in
float64, rounded to float32 once at the end. That is the float32 number nearest to the decimal that
a table would hold. -32768 (INT16_MIN) is a missing reading. A category's counts are its codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Floats
from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.json_values import number, of_type

Counts = NDArray[np.int64]

MISSING = -(2**15)
"""The count that stands for a missing reading."""
EVERY = np.arange(-(2**15) + 1, 2**15, dtype=np.int64)
"""Every other count (65535,)."""


@dataclass(frozen=True)
class RawUnits:
    """What counts stand for.

    Attributes:
        scale: per feature, what a reading rises by from one count to the next; not 0.
        offset: per feature, the reading of count 0.
    """

    scale: tuple[float, ...]
    offset: tuple[float, ...]

    @classmethod
    def counts(cls, features: int) -> RawUnits:
        """Counts that are the readings themselves, such as the counts of an ADC."""
        return cls((1.0,) * features, (0.0,) * features)

    def to_list(self) -> list[tuple[float, float]]:
        """Scale and offset of each feature, for JSON."""
        return list(zip(self.scale, self.offset, strict=True))

    @classmethod
    def from_list(cls, values: Any, features: int) -> RawUnits:
        """Read what ``to_list`` wrote, for so many features.

        Raises:
            TypeError, ValueError: when it makes no sense.
        """
        pairs = [[number("raw", one) for one in pair] for pair in of_type("raw", values, list)]
        if len(pairs) != features or any(len(pair) != 2 for pair in pairs):
            raise ValueError("raw is not a scale and an offset for every feature")
        return cls(tuple(scale for scale, _ in pairs), tuple(offset for _, offset in pairs))

    def readings(self, counts: Counts) -> Floats:
        """Readings (n, features) float32 of counts (n, features); NaN where missing."""
        with np.errstate(over="ignore"):
            found = (counts * np.array(self.scale) + np.array(self.offset)).astype(np.float32)
        return np.where(counts == MISSING, np.float32(np.nan), found)

    def nearest(self, rows: Floats) -> Counts:
        """The counts (n, features) nearest to readings; missing where these are NaN."""
        with np.errstate(over="ignore", invalid="ignore"):
            raw = (rows.astype(np.float64) - np.array(self.offset)) / np.array(self.scale)
            within = np.clip(np.rint(np.nan_to_num(raw)), EVERY[0], EVERY[-1])
        return np.where(np.isnan(rows), MISSING, within.astype(np.int64))

    def of(self, index: int) -> Floats:
        """What every count of a feature stands for (65535,) float32."""
        with np.errstate(over="ignore"):
            return (EVERY * self.scale[index] + self.offset[index]).astype(np.float32)

    def formula(self, index: int) -> str:
        """The reading of a feature as a formula of its count, such as ``count * 0.1 - 40``."""
        scale, offset = self.scale[index], self.offset[index]
        product = "count" if scale == 1 else f"count * {_shortest(scale)}"
        if offset == 0:
            return product
        return f"{product} {'-' if offset < 0 else '+'} {_shortest(abs(offset))}"

    def formulas(self, features: Sequence[Feature]) -> dict[str, str]:
        """The formula of each feature by its name; of a category, that a count is its code."""
        return {
            feature.name: "code" if feature.codes else self.formula(index)
            for index, feature in enumerate(features)
        }

    def check(self, features: Sequence[Feature]) -> None:
        """Refuse units that counts of these features cannot have.

        Raises:
            ModelError: naming the column.
        """
        for index, feature in enumerate(features):
            self.check_feature(feature, index)

    def check_feature(self, feature: Feature, index: int) -> None:
        """Refuse the units of one feature; raises as ``check``."""
        scale, offset = self.scale[index], self.offset[index]
        if feature.codes and (scale, offset) != (1, 0):
            raise ModelError(
                f"{feature.name!r}: counts of a category are its codes, which have no "
                "scale and no offset"
            )
        if any(code not in range(EVERY[0], EVERY[-1] + 1) for code in feature.codes):
            raise ModelError(
                f"{feature.name!r}: a code beyond 32767 or -32767 is no count of 16 bits"
            )
        if scale == 0 or not np.isfinite(self.of(index)[[0, -1]]).all():
            raise ModelError(
                f"{feature.name!r}: with a scale of {scale:g} and an offset of {offset:g}, its "
                "counts do not stand for float32 numbers apart; those of its unit would do"
            )
        if len(self._sentinels(feature, index)) > 1:
            raise ModelError(
                f"{feature.name!r}: several counts stand for its sentinel, "
                f"{feature.sentinel:g}; a coarser scale would do"
            )

    def raw_sentinel(self, feature: Feature, index: int) -> int:
        """The count that stands for a feature's sentinel; ``MISSING`` where none does."""
        found = self._sentinels(feature, index)
        return int(found[0]) if len(found) else MISSING

    def _sentinels(self, feature: Feature, index: int) -> Counts:
        """Every count that stands for a feature's sentinel."""
        if feature.sentinel is None:
            return EVERY[:0]
        return EVERY[np.flatnonzero(self.of(index) == feature.sentinel)]


def _shortest(value: float) -> str:
    return str(value).removesuffix(".0")
