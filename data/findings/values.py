"""A target as columns are held against it, and what is said of a column that gives it away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.content.cells import Levels
from mlp_edge.data.table import Table
from mlp_edge.data.targets import MOST_CLASSES
from mlp_edge.finding import Finding


class TargetValues(NamedTuple):
    """A target as columns are held against it.

    Attributes:
        name: of the column.
        levels: (rows,) int64, equal where the target is equal; 0 to ``different`` - 1.
        different: how many different values there are.
        numbers: (rows,) float64; None when a cell is no number.
    """

    name: str
    levels: NDArray[np.int64]
    different: int
    numbers: NDArray[np.float64] | None

    @property
    def classes(self) -> bool:
        """Whether the values are few enough to be classes."""
        most = MOST_CLASSES if self.numbers is not None else len(self.levels) // 2
        return self.different <= most


class Leak(NamedTuple):
    """How a column gives a target away.

    Attributes:
        finding: the evidence.
        copy: whether it does so in every row; else nearly.
    """

    finding: Finding
    copy: bool


def target_values(table: Table, targets: Sequence[str]) -> tuple[TargetValues, ...]:
    """Every target as columns are held against it."""
    return tuple(_target_values(table, target) for target in targets)


def _target_values(table: Table, target: str) -> TargetValues:
    """A target column as columns are held against it."""
    numbers = table.numbers(target)
    if not np.isnan(numbers).any():
        values, levels = np.unique(numbers, return_inverse=True)
        return TargetValues(target, levels.astype(np.int64), len(values), numbers)
    levels = Levels(table.column(target)).numbered()
    return TargetValues(target, levels, int(levels.max()) + 1, None)


def between(values: NDArray[np.float64], levels: NDArray[np.int64]) -> float:
    """The share of the variance of values (n,) that lies between levels (n,), 0 to 1."""
    counts = np.bincount(levels)
    apart = values - values.mean()
    total = float(apart @ apart)
    sums = np.bincount(levels, apart)[counts > 0]
    return float((sums**2 / counts[counts > 0]).sum()) / total if total else 0.0
