"""Tests whether a target of numbers can be computed from several columns, and by which formula."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.findings.functions import (
    FLOAT32,
    GRAINS,
    STEP,
    Numbers,
    last_digit,
    some_rows,
)
from mlp_edge.data.quoting import shown
from mlp_edge.data.splitting.split import Indices

FEWEST_ROWS = 50
"""Rows from which on a formula of two columns that fits them all is no chance."""
ROWS_PER_COLUMN = 3
"""Rows for each column that a formula may hold."""
MOST_COLUMNS = 300
"""Columns among which a formula is looked for."""
MOST_MISSING = 0.1
"""Share of a column's readings that may be missing."""
SURE = 2
"""Times the rounding that a row may be off by: factors are off by rounding, too."""
MOST_TRIED = 30
"""Columns that are left out one by one on trial."""
FEW_DIGITS = (1, 2, 3, 4, 5, 17)
"""Digits of a factor that are tried."""
MOST_SPELLED = 6
"""Columns that a formula is written with."""


class Computed(NamedTuple):
    """How a target follows from columns.

    Attributes:
        columns: their names.
        formula: such as "'price' = 'net' + 0.19 · 'taxed'".
        rows: in which it holds, all that have a reading in each of the columns.
    """

    columns: tuple[str, ...]
    formula: str
    rows: int


class _Form(NamedTuple):
    """A sum of columns, or of their logarithms.

    Attributes:
        x: (n, width) columns.
        slack: (n, width), what rounding may have moved each number by.
        y: (n,) the target.
        step: (n,), the same of the target.
    """

    x: Numbers
    slack: Numbers
    y: Numbers
    step: Numbers

    @classmethod
    def of(cls, columns: Numbers, targets: Numbers, *, logs: bool) -> _Form:
        """Columns (n, width) and the target (n,) as a sum, or as one of logarithms."""
        slack = np.stack([STEP * last_digit(values) for values in columns.T], 1)
        step = STEP * last_digit(targets) + FLOAT32 * float(np.abs(targets).max())
        if not logs:
            return cls(columns, slack, targets, step)
        # The last digit of a number moves its logarithm by a share of it.
        return cls(np.log(columns), slack / columns, np.log(targets), step / targets)

    def off(self, factors: Numbers, start: float) -> Numbers:
        """What factors (width,) and an addend leave of each row of the target, (n,)."""
        return np.asarray(np.abs(self.y - self.x @ factors - start), np.float64)

    def tolerance(self, factors: Numbers, *, moved: bool) -> Numbers:
        """What rounding leaves of each row, (n,); ``moved`` if columns were rounded after it."""
        each = np.abs(factors)
        floats = FLOAT32 * float(each @ np.abs(self.x).max(axis=0))
        return self.step + floats + (self.slack @ each if moved else 0.0)


def computed(columns: Mapping[str, Numbers], targets: Numbers, target: str) -> Computed | None:
    """The sum or the product of columns that a target is in every row, to its last digit.

    Args:
        columns: name -> (n,) its readings, NaN where one is missing.
        targets: (n,), the values of the target.
        target: its name.

    Returns:
        One of few columns; None where none of two or more columns is one.
    """
    some = some_rows(len(targets))
    names = [name for name, values in columns.items() if _may_count(values[some])]
    if not 1 < len(names) <= MOST_COLUMNS:
        return None
    sample = np.stack([columns[name][some] for name in names], 1)
    known = ~np.isnan(sample).any(axis=1)
    if int(known.sum()) < max(FEWEST_ROWS, ROWS_PER_COLUMN * len(names)):
        return None
    sample, y = sample[known], targets[some][known]
    for logs in (False, True):
        places = np.flatnonzero((sample > 0).all(axis=0)) if logs else np.arange(len(names))
        if len(places) < 2 or (logs and y.min() <= 0):
            continue
        found = _fitted(_Form.of(sample[:, places], y, logs=logs))
        if found is None or np.count_nonzero(found[0]) < 2:
            continue
        factors, start = found
        pairs = zip((names[place] for place in places), factors.tolist(), strict=True)
        chosen = dict(sorted(((a, b) for a, b in pairs if b), key=lambda pair: pair[1] < 0))
        rows = _rows_that_follow(columns, targets, chosen, start, logs=logs)
        if rows is not None:
            written = (_product if logs else _sum)(chosen, start)
            return Computed(tuple(chosen), f"{shown(target)} = {written}", rows)
    return None


def _may_count(values: Numbers) -> bool:
    known = values[~np.isnan(values)]
    return bool(len(known) >= (1 - MOST_MISSING) * len(values) and np.ptp(known) > 0)


def _rows_that_follow(
    columns: Mapping[str, Numbers], targets: Numbers, chosen: Mapping[str, float], start: float, *,
    logs: bool,
) -> int | None:  # fmt: skip
    """How many rows have a reading in each chosen column; None unless all follow the formula."""
    every = np.stack([columns[name] for name in chosen], 1)
    known = ~np.isnan(every).any(axis=1)
    every, y = every[known], targets[known]
    if logs and (y.min() <= 0 or every.min() <= 0):
        return None
    form, factors = _Form.of(every, y, logs=logs), np.array([*chosen.values()])
    follows = form.off(factors, start) <= SURE * form.tolerance(factors, moved=True)
    return len(y) if follows.all() else None


def _sum(chosen: Mapping[str, float], start: float) -> str:
    if len(chosen) > MOST_SPELLED:
        return f"a weighted sum of {len(chosen)} columns"
    terms = []
    for name, factor in chosen.items():
        size = f"{abs(factor):.6g}"
        terms.append(
            f"{'-' if factor < 0 else '+'} {'' if size == '1' else f'{size} · '}{shown(name)}"
        )
    if start:
        terms.append(f"{'-' if start < 0 else '+'} {abs(start):.6g}")
    return " ".join(terms).removeprefix("+ ")


def _product(chosen: Mapping[str, float], start: float) -> str:
    if len(chosen) > MOST_SPELLED:
        return f"a product of powers of {len(chosen)} columns"
    terms = [
        shown(name) if power == 1 else f"{shown(name)}^{power:.6g}"
        for name, power in chosen.items()
    ]
    return " · ".join([*([f"{math.exp(start):.6g}"] if start else []), *terms])


def _fitted(form: _Form) -> tuple[Numbers, float] | None:
    """The factors (width,), 0 for columns that are not needed, and the addend; None for no fit.

    Targets may have been computed from the columns as they are written, or before those were
    rounded.
    """
    scale, spread = form.x.std(axis=0), float(form.y.std())
    centred = (form.x - form.x.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    weights = form.step.min() / form.step

    for moved in (False, True):

        def factors(chosen: Indices, moved: bool = moved) -> Numbers | None:
            """Weighted least squares by chosen columns; the factors of all (width,)."""
            part = np.hstack([centred[:, chosen], np.ones((len(centred), 1))])
            b, *_ = np.linalg.lstsq(part * weights[:, None], form.y * weights, rcond=None)
            found = np.zeros(len(scale))
            found[chosen] = b[:-1] / scale[chosen]
            tolerance = form.tolerance(found, moved=moved)
            grains = spread / math.sqrt(float(np.mean(tolerance**2)))
            exact = bool((np.abs(form.y - part @ b) <= SURE * tolerance).all())
            return found if exact and grains >= GRAINS else None

        found = _fewest(factors, scale)
        if found is not None:
            return _plain(form, found, form.tolerance(found, moved=moved))
    return None


def _fewest(
    factors: Callable[[Indices], Numbers | None], scale: NDArray[np.float64]
) -> Numbers | None:
    """The factors of columns of which none can be left out without losing the fit; None for none.

    Args:
        factors: of chosen columns; None where rows do not follow them.
        scale: (width,), the standard deviation of each column.
    """
    found = factors(np.flatnonzero(scale > 0))
    if found is None:
        return None
    chosen = np.argsort(-np.abs(found * scale), kind="stable")[: np.count_nonzero(found)]
    # Those that do least are left out at once, as many as can be.
    fits, fails = len(chosen), 0
    while fits - fails > 1:
        middle = (fits + fails) // 2
        if factors(chosen[:middle]) is None:
            fails = middle
        else:
            fits = middle
    chosen = chosen[:fits]
    for column in chosen[::-1][:MOST_TRIED].tolist():
        others = chosen[chosen != column]
        if len(others) and factors(others) is not None:
            chosen = others
    return factors(chosen)


def _plain(form: _Form, factors: Numbers, tolerance: Numbers) -> tuple[Numbers, float]:
    """The factors and the addend, with the fewest digits by which all rows follow them."""
    decimals = -math.floor(math.log10(float(np.median(tolerance))))
    for digits in FEW_DIGITS:
        plain = np.array([float(f"{factor:.{digits}g}") for factor in factors.tolist()])
        start = round(float(np.median(form.y - form.x @ plain)), decimals)
        if (form.off(plain, start) <= SURE * tolerance).all():
            break
    return plain, start
