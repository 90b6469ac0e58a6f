"""Warns about columns of numbers: far outliers, lost digits, zeros for missing values."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.content.cells import Column
from mlp_edge.data.quoting import MOST_NAMES, shown, suggested
from mlp_edge.data.table import Table
from mlp_edge.finding import Finding
from mlp_edge.settings import setting

FAR = 50
"""Times the ordinary range: int8 has 256 steps, and 5 are left for the other readings."""
FEWEST_FOR_A_RANGE = 20
"""Rows that have an ordinary range."""
AT_EACH_END = 0.01
"""Share of the readings at each end that are outside the ordinary range."""
FEWEST_AT_EACH_END = 2

EXACT_WHOLE = 2.0**24
"""Up to here float32 holds every whole number."""
LOST = 1e-4
"""Step of float32 as a share of a column's range from which on fractions that fall together are
told: of numbers with all their digits a few always do, and it does no harm."""

FEWEST_ZEROS = 0.005
"""Share of zeros from which on they are a habit."""
FEW_BELOW = 0.01
"""Share of readings below zero up to which they are slips, such as -1 for a missing one."""
GAP = 5
"""Times the ordinary step between neighbouring readings, that zero is away from the others."""
GAP_OF_RANGE = 0.01
"""The same gap as a share of the others' range: readings near zero on any scale pass for real."""
FEWEST_DIFFERENT = 10
"""Different readings above zero that show what an ordinary step is."""
MOSTLY = 0.5
"""Share of zeros above which zero is the usual reading: most houses have no porch."""
FAR_BELOW = 4
"""Deviations from zero to the mean of the others that make zero no reading, however usual."""


def far_outlier(table: Table, column: Column) -> tuple[Finding, ...]:
    """A finding when a reading is so far from the others that an int8 scale would lose them."""
    values = column.values
    if len(values) < FEWEST_FOR_A_RANGE:
        return ()
    ordered = np.sort(values)
    cut = max(FEWEST_AT_EACH_END, math.ceil(AT_EACH_END * len(values)))
    usual = float(ordered[-1 - cut] - ordered[cut])
    distance = np.abs(values - np.median(ordered))
    far = int((distance > FAR * usual).sum())
    if usual == 0 or not far:
        return ()
    row = column.known[int(distance.argmax())]
    more = f" and {far - 1:,} more like it" if far > 1 else ""
    return (
        Finding(
            "outlier",
            f"column {shown(column.name)}, {table.counts} {table.lines[row]}: "
            f"{shown(column.cells[row].strip())}{more} where most readings lie between "
            f"{ordered[cut]:g} and {ordered[-1 - cut]:g}; scaling would press those together, and "
            "int8 would lose them. Correct it, or remove the line",
        ),
    )


def lost_digits(column: Column) -> tuple[Finding, ...]:
    """A finding when different numbers of a column are one and the same in float32."""
    values = column.values
    largest = float(np.abs(values).max())
    step = largest * float(np.finfo(np.float32).eps)
    whole = largest > EXACT_WHOLE and bool((values == np.floor(values)).all())
    if not (whole or step > LOST * float(np.ptp(values))):
        return ()
    different = len(np.unique(values))
    if largest >= 2.0**53:
        # float64 has merged some already; the text still tells them apart.
        different = max(different, len({text.strip() for text in column.levels.texts}))
    left = len(np.unique(values.astype(np.float32)))
    if left == different:
        return ()
    return (
        Finding(
            "precision",
            f"column {shown(column.name)}: its {different:,} different numbers are {left:,} in "
            "float32, which holds 7 digits; subtract what they have in common, or leave an id out: "
            f"{suggested('drop', column.name)}",
        ),
    )


def zeros_for_missing(columns: Iterable[Column]) -> tuple[Finding, ...]:
    """One finding about every column whose zeros look like missing readings, with the option."""
    found = {column.name: count for column in columns if (count := _odd_zeros(column))}
    if not found:
        return ()
    some = list(found)[:MOST_NAMES]
    counts = ", ".join(f"{shown(name)} {found[name]:,}" for name in some)
    if len(found) > len(some):
        counts += f" and so {len(found) - len(some):,} more columns"
    joined = [name for name in some if "," not in name and "=" not in name]
    named = [",".join(joined)] if joined else []
    named += [name for name in some if name not in joined]
    return (
        Finding(
            "zeros",
            f"zeros that look like missing readings, far below all others: {counts}; if they are, "
            f"{setting('missing', [f'{names}=0' for names in named])} reads them as missing",
            tuple(found),
        ),
    )


def _odd_zeros(column: Column) -> int:
    """How many zeros look like missing readings; 0 when they look real."""
    values: NDArray[np.float64] = column.values
    zeros = int((values == 0).sum())
    below = int((values < 0).sum())
    if zeros < FEWEST_ZEROS * len(values) or not zeros or below > FEW_BELOW * len(values):
        return 0
    # In float32, so that the noise of a computed column's last digits makes no steps.
    others = np.unique(values[values > 0].astype(np.float32)).astype(np.float64)
    if len(others) < FEWEST_DIFFERENT:
        return 0
    gap, step = others[0], float(np.median(np.diff(others)))
    if gap < max(GAP * step, GAP_OF_RANGE * (others[-1] - others[0])):
        return 0
    above = values[values > 0]
    usual = zeros > MOSTLY * len(values) and above.mean() < FAR_BELOW * above.std()
    return 0 if usual else zeros
