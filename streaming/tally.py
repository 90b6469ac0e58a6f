"""What rows held, counted: missing readings, unknown categories, readings out of range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.saved_columns import are_missing, missing_finding, unknown_finding
from mlp_edge.feature import Feature
from mlp_edge.finding import Finding, about
from mlp_edge.mlp import Rows

SHOWN = 20
"""Bad rows that are kept with what is wrong; all are counted."""


class Bad(NamedTuple):
    """A row that cannot be predicted.

    Attributes:
        line: on which it stands; in a Parquet file the number of the row.
        column: in which the cell stands; None where the line is no row of the table.
        says: what is wrong.
    """

    line: int
    column: str | None
    says: str


@dataclass
class Tally:
    """Counts over the rows of a table, per feature.

    Attributes:
        rows: read, those that were skipped among them.
        skipped: rows that were left out.
        nulled: rows that were kept without a prediction.
        missing: (features,) readings that are missing.
        unknown: (features,) categories that the model does not know.
        outside: (features,) numbers outside the range that the model declares.
        broken: (features,) cells that are no number, of rows that were skipped or nulled.
        bad: the first rows of those that were skipped or nulled.
        first_missing: (features,) the first line with a missing reading.
        first_unknown: (features,) the first line with an unknown category, and its cell.
    """

    features: Sequence[Feature]
    rows: int = 0
    skipped: int = 0
    nulled: int = 0
    missing: NDArray[np.int64] = field(init=False)
    unknown: NDArray[np.int64] = field(init=False)
    outside: NDArray[np.int64] = field(init=False)
    broken: NDArray[np.int64] = field(init=False)
    bad: list[Bad] = field(default_factory=list)
    first_missing: dict[int, int] = field(default_factory=dict)
    first_unknown: dict[int, tuple[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin at 0."""
        counts = np.zeros((4, len(self.features)), np.int64)
        self.missing, self.unknown, self.outside, self.broken = counts

    def count(
        self, readings: Rows, lines: NDArray[np.int64], broken: NDArray[np.bool_] | None = None
    ) -> None:
        """Count the readings (rows, features) of rows on these lines.

        Args:
            readings: NaN where a cell is empty or broken.
            lines: (rows,) on which they stand.
            broken: (rows, features) cells that are no number; None for none.
        """
        self.rows += len(readings)
        absent = are_missing(readings, self.features)
        if broken is not None:
            absent &= ~broken
        self.missing += absent.sum(axis=0)
        for index in np.flatnonzero(absent.any(axis=0)).tolist():
            self.first_missing.setdefault(index, int(lines[absent[:, index].argmax()]))
        for index, feature in enumerate(self.features):
            low, high = feature.low, feature.high
            if low is not None and high is not None:
                column = readings[:, index]
                beyond = (column < np.float32(low)) | (column > np.float32(high))
                self.outside[index] += int((beyond & ~absent[:, index]).sum())

    def add(self, other: Tally) -> None:
        """Add what was counted of later rows."""
        self.rows += other.rows
        self.skipped += other.skipped
        self.nulled += other.nulled
        self.missing += other.missing
        self.unknown += other.unknown
        self.outside += other.outside
        self.broken += other.broken
        self.bad += other.bad[: SHOWN - len(self.bad)]
        self.first_missing = other.first_missing | self.first_missing
        self.first_unknown = other.first_unknown | self.first_unknown

    def findings(self, names: Sequence[str], counts: str) -> tuple[Finding, ...]:
        """What there is to know of each column, as of a table that is read whole.

        Args:
            names: the table's column for each feature.
            counts: what lines count, "line" or "row".
        """
        found: list[Finding] = []
        for index, (name, feature) in enumerate(zip(names, self.features, strict=True)):
            told = []
            if self.unknown[index]:
                line, cell = self.first_unknown[index]
                where = f"{counts} {line}"
                number = int(self.unknown[index])
                told.append(unknown_finding(name, feature, number, cell, where))
            if self.missing[index]:
                where = f"{counts} {self.first_missing[index]}"
                number = int(self.missing[index])
                told.append(missing_finding(name, feature, number, self.rows, where))
            found += about(name, told)
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """The counts as plain values, by the features' names."""
        columns = {
            feature.name: {
                "missing": int(self.missing[index]),
                "unknown": int(self.unknown[index]) if feature.categories else None,
                "out_of_range": int(self.outside[index]) if feature.high is not None else None,
                "bad": None if feature.categories else int(self.broken[index]),
                "low": feature.low,
                "high": feature.high,
            }
            for index, feature in enumerate(self.features)
        }
        bad = [each._asdict() for each in self.bad]
        return {
            "rows": self.rows,
            "skipped": self.skipped,
            "nulled": self.nulled,
            "bad_rows": bad,
            "columns": columns,
        }
