"""Hypothesis strategies: features of every kind, and stress rows for each of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from mlp_edge.feature import LARGEST_CODE, Feature
from mlp_edge.mlp import Rows

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
CODES = st.one_of(st.integers(-3, 9), st.integers(-LARGEST_CODE, LARGEST_CODE))
ODD = (np.nan, np.inf, -np.inf, 0.0, -0.0, 0.5, 1.5, 1.2e-38, 3e38)
"""Readings that frameworks treat alike; below 1.2e-38 TensorFlow computes with zeros."""


@st.composite
def feature(draw: st.DrawFn) -> Feature:
    """A number or a category, missing values treated in any way."""
    codes = tuple(draw(st.lists(CODES, max_size=4, unique=True)))
    level = st.text(min_size=1, max_size=5)
    names = draw(st.lists(level, min_size=len(codes), max_size=len(codes), unique=True))
    return Feature(
        name=draw(st.text(max_size=5)),
        low=None if codes else draw(st.none() | FLOATS),
        high=None if codes else draw(st.none() | FLOATS),
        unit=draw(st.sampled_from(["", "mm", "µg/l"])),
        categories=tuple(names),
        codes=codes,
        sentinel=draw(st.none() | FLOATS.filter(lambda value: value not in codes)),
        fill=draw(st.none() | (st.sampled_from(codes).map(float) if codes else FLOATS)),
        indicator=draw(st.booleans()),
    )


FEATURES = st.lists(feature(), min_size=1, max_size=5).map(tuple)


@st.composite
def features_and_rows(draw: st.DrawFn) -> tuple[tuple[Feature, ...], Rows]:
    """Some features, and up to eight rows of readings."""
    features = draw(FEATURES)
    count = draw(st.integers(0, 8))
    rows = np.array(
        [[draw(st.sampled_from(stress_values(one))) for one in features] for _ in range(count)],
        np.float32,
    )
    return features, rows.reshape(count, len(features))


def stress_values(one: Feature) -> Sequence[float]:
    """Readings that one feature treats in different ways."""
    own = [*one.codes, *(code + 1 for code in one.codes), one.sentinel, one.fill]
    return [*(float(value) for value in own if value is not None), *ODD]
