"""Golden rows for NAME_selftest: made from what the card declares, never from anybody's table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mlp_edge.export import c_replay
from mlp_edge.export.c_text import wrapped
from mlp_edge.feature import Feature
from mlp_edge.mlp import Floats, Mlp

_INDENT = 4


class Golden(NamedTuple):
    """Rows and answers as the initialisers of two tables of bits, a comment per row."""

    rows: list[str]
    answers: list[str]


def golden(mlp: Mlp) -> Golden:
    """The self-test of a model."""
    named = dict(_rows(mlp))
    rows = np.array(list(named.values()), np.float32)
    answers = c_replay.predict(mlp, rows)
    return Golden(
        rows=[
            f"    /* {number}, {what} */\n{_bits(row)}"
            for number, (what, row) in enumerate(zip(named, rows, strict=True), start=1)
        ],
        answers=[_bits(answer) for answer in answers],
    )


def _rows(mlp: Mlp) -> Iterator[tuple[str, list[float]]]:
    low, middle, high = zip(*map(_levels, mlp.features), strict=True)
    yield "every reading at its lowest", [*low]
    yield "in the middle", [*middle]
    yield "at its highest", [*high]
    if mlp.inputs > 1:
        pairs = [*zip(low, high, strict=True)]
        yield "lowest and highest in turn", [pair[i % 2] for i, pair in enumerate(pairs)]
        yield "highest and lowest in turn", [pair[1 - i % 2] for i, pair in enumerate(pairs)]
    encoding = mlp.encoding
    if encoding.imputes:
        filled = [feature.fill is not None for feature in mlp.features]
        yield "missing where it is filled", np.where(filled, np.nan, middle).tolist()
    if encoding.has_sentinels:
        sentinels = np.where(np.isnan(encoding.sentinel), middle, encoding.sentinel)
        yield "a sentinel where it has one", sentinels.tolist()
    if encoding.rejects:
        first = [feature.fill for feature in mlp.features].index(None)
        yield (
            f"[{first}] missing",
            [np.nan if i == first else value for i, value in enumerate(middle)],
        )


def _levels(feature: Feature) -> tuple[float, float, float]:
    """Low, middle and high of what was seen in training; -1, 0, 1 where nobody knows."""
    if feature.codes:
        codes = sorted(feature.codes)
        return codes[0], codes[len(codes) // 2], codes[-1]
    if feature.low is None or feature.high is None:
        return -1.0, 0.0, 1.0
    return feature.low, feature.low + (feature.high - feature.low) / 2, feature.high


def _bits(values: Floats) -> str:
    # NaN has many bit patterns and NumPy picks its own; this is the one that a header writes.
    shown = np.where(np.isnan(values), np.float32(np.nan), values).view(np.uint32)
    items = [f"0x{bits:08x}u" for bits in shown.tolist()]
    return wrapped(" " * _INDENT + "{", items, "},", _INDENT + 1)
