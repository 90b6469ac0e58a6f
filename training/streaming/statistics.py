"""What the training rows of a stream decide: fills, ranges, means and standard deviations.

Everything is exact but for float64 rounding, and added up in one order: the rows of a block as in
memory, then block after block. So a stream of one block has the bits of a table in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Encoding
from mlp_edge.feature import Feature
from mlp_edge.mlp import Floats, Rows
from mlp_edge.training.streaming.selection import medians
from mlp_edge.training.streaming.spool import Spool


@dataclass(frozen=True, eq=False)
class Columns:
    """Each column of float32 numbers.

    Attributes:
        mean: (width,) float64.
        variance: (width,) float64, of all numbers, not of a sample.
        low: (width,) float32.
        high: (width,) float32.
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    low: Floats
    high: Floats


def summarised(rows: int, blocks: Sequence[Iterator[Floats]]) -> Columns:
    """Means, variances and ranges.

    Args:
        rows: how many there are.
        blocks: the same blocks (n, width) twice: the variance takes a second look.
    """
    first, second = blocks
    sums: list[NDArray[np.float64]] = []
    lows, highs = [], []
    for block in first:
        sums.append(block.astype(np.float64).sum(axis=0))
        lows.append(block.min(axis=0))
        highs.append(block.max(axis=0))
    mean = _total(sums) / rows
    squares = []
    for block in second:
        apart = block.astype(np.float64) - mean
        squares.append((apart * apart).sum(axis=0))
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    return Columns(mean, _total(squares) / rows, low, high)


def _total(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


@dataclass(frozen=True, eq=False)
class Known:
    """The readings of each feature that are not missing.

    Attributes:
        count: (features,) how many.
        low: (features,) float32, the least.
        high: (features,) float32, the largest.
        codes: for each feature how many rows have each of its codes, in their order.
    """

    count: NDArray[np.int64]
    low: Floats
    high: Floats
    codes: tuple[NDArray[np.int64], ...]


def fitted(
    features: Sequence[Feature], imputed: Sequence[bool], training: Spool, block: int
) -> tuple[Feature, ...]:
    """Features with the ranges, and the fills where they impute, of the training rows.

    As ``preprocessing.fitted`` has it: medians are exact, and found in two looks at the rows for
    every ``selection.TOGETHER`` columns that have missing readings.
    """
    known = _known(features, training, block)
    chosen = [
        place
        for place, (feature, impute) in enumerate(zip(features, imputed, strict=True))
        if impute and feature.fill is None
    ]
    numbers = [place for place in chosen if features[place].kind == "number"]
    middles = iter(_medians(features, numbers, training, known.count))
    fills: dict[int, float] = {}
    for place in chosen:
        if features[place].kind == "number":
            fills[place] = float(np.float32(next(middles)))
        else:
            fills[place] = float(features[place].codes[int(np.argmax(known.codes[place]))])
    found = []
    for place, feature in enumerate(features):
        feature = replace(feature, fill=fills.get(place, feature.fill))
        if feature.kind == "number" and known.count[place]:
            low, high = float(known.low[place]), float(known.high[place])
            feature = replace(feature, low=low, high=high)
        found.append(feature)
    return tuple(found)


def _known(features: Sequence[Feature], training: Spool, block: int) -> Known:
    encoding = Encoding.of(features)
    width = len(features)
    count = np.zeros(width, np.int64)
    low, high = np.full(width, np.inf, np.float32), np.full(width, -np.inf, np.float32)
    codes = tuple(np.zeros(len(feature.codes), np.int64) for feature in features)
    for each in training.blocks(block):
        missing = encoding.missing(each.readings)
        count += (~missing).sum(axis=0)
        low = np.minimum(low, np.where(missing, np.float32(np.inf), each.readings).min(axis=0))
        high = np.maximum(high, np.where(missing, np.float32(-np.inf), each.readings).max(axis=0))
        for place, feature in enumerate(features):
            for number, code in enumerate(feature.codes):
                codes[place][number] += int((each.readings[:, place] == code).sum())
    return Known(count, low, high, codes)


def _medians(
    features: Sequence[Feature], chosen: Sequence[int], training: Spool, known: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The medians of some features' known readings."""
    encoding, places = Encoding.of(features), list(chosen)

    def looks() -> Iterator[Rows]:
        for each in training.blocks():
            missing = encoding.missing(each.readings)[:, places]
            yield np.where(missing, np.float32(np.nan), each.readings[:, places])

    return medians(looks, known[places])
