"""Tests whether a column of numbers is a function of the target, and which."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

FEWEST_DIFFERENT = 10
"""Different values of a column from which on a formula that fits them all is no chance."""
FEWEST_STEPS = 20
"""The same where no formula is known, and the order alone speaks."""
GRAINS = 30
"""Steps of rounding in a column's deviation that show a formula; fewer would hide noise."""
FINE_GRAINS = 300
"""The same where there are fewer than ``ROWS_OF_COARSE`` rows."""
ROWS_OF_COARSE = 50
TRIES, FEW = 12, 20
"""How often a formula is made from how many rows, where not all of them follow one."""
NEARLY_ALL = 0.99
"""Share of the rows that follow it, then."""
WIDER = 8
"""Steps of rounding that a formula made from few rows may be off by on the others."""
MOST_RANKED = 20_000
"""Rows up to which ranks are tried; beyond, the order alone tells."""
SMALLEST = 1e-300
"""A number above zero."""
SAMPLE = 2000
"""Rows by which a formula is tried first."""
OFF = 0.1
"""By so much at most the rank correlation of ``SAMPLE`` rows is off: four standard errors."""
MOST_SPELLED = 200
"""Numbers whose digits are counted."""
FLOAT32 = 2.5e-7
"""Rounding of a column that was computed in float32, relative to its largest number."""
STEP = 0.75
"""Of the last digit that is written: half of it is rounding, and the fit has its share."""
HONEST = 0.02
"""Noise, in the target's deviations, of a reading that is as good as readings get (r = 0.9998)."""
CHANCE = -16.0
"""Logarithm of the chance (1e-7) that such a reading keeps the target's order in every row."""

SHAPES: tuple[tuple[str, Callable[[Numbers], Numbers], float], ...] = (
    ("{}", np.positive, -math.inf),
    ("log({})", np.log, SMALLEST),
    ("√{}", np.sqrt, 0.0),
    ("{}²", np.square, -math.inf),
    ("1/{}", np.reciprocal, -math.inf),
    ("log(1 + {})", np.log1p, SMALLEST - 1),
    ("{}³", lambda values: values**3, -math.inf),
    ("exp({})", np.exp, -math.inf),
)
"""How a function is written, the function, and from which values on it is one."""
RANKS = ("rank({})", "lowest rank({})", "highest rank({})", "dense rank({})")
"""The same of places among all values: what equal values get differs."""


def formula(seen: Numbers, targets: Numbers, name: str) -> str | None:
    """The formula by which a column follows from the target in every row, to its last digit.

    Tried are a + b · g of the target, with g the target itself, its logarithm, root, square, cube,
    reciprocal, exponential and rank. What rounding there is, is read off the digits.

    Args:
        seen: (n,) the column.
        targets: (n,), the values of the target.
        name: how the formula calls the target.

    Returns:
        Such as "0.5 + 2 · log('wage')"; None where none fits, or so many would that it says little.
    """
    some = some_rows(len(seen))
    if len(np.unique(seen[some])) < FEWEST_DIFFERENT:
        return None
    for shape, found in _fits(seen, targets, some):
        if found is not None:
            return _written(found, shape, name)
    return None


def some_rows(rows: int) -> NDArray[np.int64]:
    """Rows by which a relation is tried first: all of a few, ``SAMPLE`` at random of many."""
    if rows <= SAMPLE:
        return np.arange(rows)
    return np.random.default_rng(0).choice(rows, SAMPLE, replace=False)


def mostly(seen: Numbers, targets: Numbers, name: str) -> tuple[str, int] | None:
    """The formula that all but a few rows follow, and how many do: a slip here and there.

    Formulas are made from a few rows at a time, until those have no slip among them.

    Args:
        seen: (n,) the column.
        targets: (n,), the values of the target.
        name: how the formula calls the target.
    """
    random, rows = np.random.default_rng(0), len(seen)
    for _ in range(TRIES):
        some = random.choice(rows, min(rows, FEW), replace=False)
        for shape, function, low in SHAPES:
            if targets[some].min() < low:
                continue
            found = _fit(seen[some], *_moved(function, targets[some]), rows)
            if found is None:
                continue
            values, slack = _moved(function, targets)
            off = np.abs(seen - found[0] - found[1] * values)
            follows = off <= WIDER * (last_digit(seen) + 2 * abs(found[1]) * slack)
            if follows.sum() < NEARLY_ALL * rows:
                continue
            again = _fit(seen[follows], values[follows], slack[follows], rows)
            if again is not None:
                return _written(again, shape, name), int(follows.sum())
    return None


def _written(found: tuple[float, float], shape: str, name: str) -> str:
    a, b = found
    start = f"{a:.4g} {'+' if b > 0 else '-'} {abs(b):.3g}" if a else f"{b:.3g}"
    return f"{start} · {shape.format(name)}"


def _fits(
    seen: Numbers, targets: Numbers, some: NDArray[np.int64]
) -> Iterator[tuple[str, tuple[float, float] | None]]:
    """Each shape that may fit, and how it does; some rows tell at once which cannot."""
    rows = len(seen)
    for shape, function, low in SHAPES:
        if targets.min() >= low and _fit(seen[some], *_moved(function, targets[some]), rows):
            yield shape, _fit(seen, *_moved(function, targets), rows)
    if rows <= MOST_RANKED:
        for shape in RANKS:
            yield shape, _fit(seen, _rank(targets, shape), np.zeros(rows), rows)


def _moved(function: Callable[[Numbers], Numbers], targets: Numbers) -> tuple[Numbers, Numbers]:
    """A function of the target, and by how much the target's rounding moves it, both (n,)."""
    half = last_digit(targets) / 2
    with np.errstate(all="ignore"):
        values = function(targets)
        slack = np.abs(function(targets + half) - function(targets - half)) / 2
    return values, np.where(np.isfinite(slack), slack, 0.0)


def _rank(values: Numbers, shape: str = "rank({})") -> Numbers:
    """The place of each value among all, from 1 up; equal ones have the same."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = {
        "rank({})": last - (counts - 1) / 2,
        "lowest rank({})": last - counts + 1.0,
        "highest rank({})": last * 1.0,
        "dense rank({})": np.arange(1.0, len(counts) + 1),
    }
    return np.asarray(ranks[shape][which], np.float64)


def _fit(seen: Numbers, values: Numbers, slack: Numbers, rows: int) -> tuple[float, float] | None:
    """Both numbers of seen = a + b · values, where that holds in every row but for rounding."""
    if not np.isfinite(values).all():
        return None
    digit = last_digit(seen)
    noise = max(FLOAT32 * float(np.abs(seen).max()), SMALLEST)
    tolerance, enough = STEP * digit + noise, GRAINS if rows >= ROWS_OF_COARSE else FINE_GRAINS
    for _ in range(2):  # by the column's own rounding, then by the target's, known once b is
        a, b = _line(seen, values, 1 / tolerance)
        floats = noise + FLOAT32 * abs(b) * np.abs(values).max()
        tolerance = tolerance + floats
        wrong = np.abs(seen - a - b * values)
        grains = seen.std() / math.sqrt(float(np.mean(tolerance**2)))
        # Where rounding is as large as the column's spread, everything follows everything.
        exact = bool((wrong <= floats).all() and seen.std() >= enough * floats)
        if b and (exact or ((wrong <= tolerance).all() and grains >= enough)):
            return (0.0 if abs(a) <= np.median(tolerance) else a), b
        tolerance = STEP * (digit + 2 * abs(b) * slack) + noise
    return None


def _line(seen: Numbers, values: Numbers, weights: Numbers) -> tuple[float, float]:
    """Weighted least squares, scaled so that no square overflows."""
    weights = (weights / weights.max()) ** 2
    total = weights.sum()
    means = weights @ values / total, weights @ seen / total
    x, y = values - means[0], seen - means[1]
    scale = np.abs(x).max() or 1.0
    x = x / scale
    spread = float(weights @ (x * x))
    b = float(weights @ (x * y)) / spread / scale if spread else 0.0
    return float(means[1] - b * means[0]), b


def last_digit(values: Numbers) -> Numbers:
    """The unit of the last digit with which each number may have been written, (n,).

    Either all have as many decimals as the longest, or all have as many digits.
    """
    some = values[:: max(1, len(values) // MOST_SPELLED)]
    parts = [_digits(value) for value in np.unique(some).tolist()]
    decimals, digits = (max(column) for column in zip(*parts, strict=True))
    with np.errstate(divide="ignore"):
        places = np.floor(np.log10(np.abs(values)))
    places = np.where(np.isfinite(places), places, -np.inf)
    return np.asarray(np.maximum(10.0**-decimals, 10.0 ** (places - digits + 1)), np.float64)


def _digits(value: float) -> tuple[int, int]:
    """Decimals of a number as it is written at least, and its digits from the first on."""
    mantissa, _, exponent = np.format_float_scientific(value, trim="-").partition("e")
    figures = len(mantissa.replace("-", "").replace(".", ""))
    return max(0, figures - 1 - int(exponent)), figures


def order_chance(seen: Numbers, targets: Numbers) -> float | None:
    """How likely a good reading of the target would keep its order in every row, as a logarithm.

    A reading with a noise of ``HONEST`` deviations of the target swaps neighbours that lie close
    together. So a column that swaps none of many is no reading: it was computed from the target.

    Args:
        seen: (n,) the column.
        targets: (n,), the values of the target.

    Returns:
        None where the column does not rise, or fall, with the target throughout, or differs where
        the target is equal.
    """
    for some in (
        some_rows(len(seen)),
        np.arange(len(seen)),
    ):  # some rows are enough for most columns
        order = some[np.lexsort((seen[some], targets[some]))]
        ordered, steps = targets[order], np.diff(seen[order])
        same = np.diff(ordered) == 0
        if (steps[same] != 0).any() or not ((steps >= 0).all() or (steps <= 0).all()):
            return None
    gaps = np.diff(ordered)[steps != 0]
    if len(gaps) < FEWEST_STEPS:
        return None
    kept = [_normal(gap) for gap in (gaps / (HONEST * math.sqrt(2) * targets.std())).tolist()]
    return math.fsum(map(math.log, kept))


def _normal(z: float) -> float:
    """The share of a normal distribution below z deviations."""
    return (1 + math.erf(z / math.sqrt(2))) / 2


def spearman(
    seen: NDArray[np.generic], targets: NDArray[np.generic], *, least: float = 0.0
) -> float:
    """The correlation of the ranks; 0 where one of them is constant.

    Args:
        seen: (n,) the column.
        targets: (n,), the values of the target.
        least: the size that matters; where some rows tell that it is out of reach, it is 0, too.
    """
    if least and len(seen) > SAMPLE:
        some = some_rows(len(seen))
        if abs(spearman(seen[some], targets[some])) < least - OFF:
            return 0.0
    one, other = (_rank(np.asarray(each, np.float64)) for each in (seen, targets))
    return pearson(one, other)


def pearson(seen: Numbers, targets: Numbers) -> float:
    """The correlation; 0 where one of them is constant."""
    one, other = seen - seen.mean(), targets - targets.mean()
    # Scaled first, so that squares neither overflow nor vanish.
    scales = np.abs(one).max(), np.abs(other).max()
    if not all(scales):
        return 0.0
    one, other = one / scales[0], other / scales[1]
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))
