"""A feature of a model: a number or a category, and what happens when it is missing."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.foreign import check_text

LARGEST_CODE = 2**24
"""Every integer up to here is a float32; a category's code has to be one."""
LARGEST_FLOAT = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Feature:
    """One input column.

    A reading is missing where it is NaN or equals ``sentinel``. A missing reading counts as
    ``fill``; without a fill the prediction for the row is NaN.

    Attributes:
        name: as the table has it; any text that a file can hold.
        low: smallest value seen in training, in the column's own unit; None when unknown, and
            for a category.
        high: largest value seen in training; None when unknown, and for a category.
        unit: of the readings, such as "mm"; "" when the table does not say.
        categories: names of a category's levels; () for a number.
        codes: the integer that stands for each of ``categories``, -2^24 to 2^24; () for a number.
        sentinel: a reading that means "missing", such as 0 or -999; a float32 number, or None.
        fill: what counts in the place of a missing reading: a number, or one of ``codes``; a
            float32 number. None rejects: the prediction is NaN.
        missing_words: further words that mean "missing" in a table, lower-case; a device has none.
        indicator: whether the network is also told (1 or 0) that the reading was missing.
    """

    name: str
    low: float | None = None
    high: float | None = None
    unit: str = ""
    categories: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    sentinel: float | None = None
    fill: float | None = None
    missing_words: tuple[str, ...] = ()
    indicator: bool = False

    def __post_init__(self) -> None:
        for text in (self.name, self.unit, *self.categories, *self.missing_words):
            try:
                check_text(text)
            except ValueError as error:
                raise ModelError(f"{self.name!r}: {text!r} is {error}") from error
        for what in ("sentinel", "fill"):
            value = getattr(self, what)
            if value is not None and not (
                abs(value) <= LARGEST_FLOAT and float(np.float32(value)) == value
            ):
                raise ModelError(f"{self.name!r}: its {what}, {value!r}, is no float32 number")
        for end in (self.low, self.high):
            if end is not None and not abs(end) <= sys.float_info.max:
                raise ModelError(f"{self.name!r}: its range has an end that is no number")
        if len(self.codes) != len(self.categories):
            raise ModelError(
                f"{self.name!r}: {len(self.codes)} codes for {len(self.categories)} categories"
            )
        for what, values in (("codes", self.codes), ("categories", self.categories)):
            if len(set(values)) != len(values):
                raise ModelError(f"{self.name!r}: two of its {what} are the same")
        if "" in self.categories:
            raise ModelError(f"{self.name!r}: a category without a name; an empty cell is missing")
        if any(abs(code) > LARGEST_CODE for code in self.codes):
            raise ModelError(f"{self.name!r}: a code beyond 2^24 is no float32 number")
        if self.codes and self.fill is not None and self.fill not in self.codes:
            raise ModelError(f"{self.name!r}: its fill, {self.fill:g}, is none of its codes")
        if self.codes and self.sentinel in self.codes:
            raise ModelError(f"{self.name!r}: its sentinel, {self.sentinel:g}, is one of its codes")

    @property
    def kind(self) -> str:
        """What the readings are: "number" or "category"."""
        return "category" if self.categories else "number"

    @property
    def unknown_code(self) -> int:
        """A code that stands for none of the categories, nor for "missing"."""
        taken = {*self.codes, self.sentinel}
        return next(code for code in range(-1, -len(taken) - 2, -1) if code not in taken)

    def missing(self, reading: float) -> bool:
        """Whether a reading counts as missing."""
        return math.isnan(reading) or reading == self.sentinel

    def write(self, reading: float | np.float32) -> str:
        """A reading as a cell: a category by its name, a number so that it reads back as itself."""
        if math.isnan(reading):
            return ""
        if reading in self.codes:
            return self.categories[self.codes.index(int(reading))]
        return str(reading)

    def read(self, cell: str) -> float:
        """The reading in a cell that ``write`` wrote.

        Raises:
            ValueError: when it is neither a category's name nor a number.
        """
        if not cell:
            return math.nan
        if cell in self.categories:
            return float(self.codes[self.categories.index(cell)])
        return float(cell)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what is at its default is left out, the name never."""
        default = Feature(self.name)
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
            if key == "name" or value != getattr(default, key)
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Feature:
        """Read what ``to_dict`` wrote.

        Raises:
            TypeError: for a key or a value that makes no sense.
            ModelError: when the values contradict each other.
        """
        if not isinstance(values, Mapping):
            raise TypeError(f"{values!r} where a feature belongs")
        for key, value in values.items():
            kind = _KINDS.get(key)
            if (
                kind is None
                or not isinstance(value, kind)
                or isinstance(value, bool) != (kind is bool)
            ):
                raise TypeError(f"a feature whose {key} is {value!r}")
        for key, kind in (("categories", str), ("codes", int), ("missing_words", str)):
            if any(
                not isinstance(item, kind) or isinstance(item, bool) for item in values.get(key, ())
            ):
                raise TypeError(f"a feature whose {key} are {values[key]!r}")
        lists = {
            key: tuple(values.get(key, ())) for key in ("categories", "codes", "missing_words")
        }
        return cls(**{**values, **lists})


_KINDS: Mapping[str, Any] = {
    "name": str,
    "low": int | float,
    "high": int | float,
    "unit": str,
    "categories": list,
    "codes": list,
    "missing_words": list,
    "sentinel": int | float,
    "fill": int | float,
    "indicator": bool,
}
