"""Numbers are written as NumPy writes them."""

from __future__ import annotations

import numpy as np
import pytest

from mlp_edge.mlp import Floats
from mlp_edge.streaming.shortest import written

RANDOM = np.random.default_rng(7)
MANY = 40_000
NUMBERS = {
    "probabilities": RANDOM.random(MANY),
    "small": RANDOM.random(MANY) * 1e-3,
    "values": RANDOM.normal(size=MANY) * 1e4,
    "short": RANDOM.integers(0, 10**6, MANY) / 10.0 ** RANDOM.integers(0, 7, MANY),
    "whole": RANDOM.integers(-(10**6), 10**6, MANY),
    "powers of two": 2.0 ** np.arange(-149, 128),
    "powers of ten": 10.0 ** np.arange(-45, 39),
    "odd": np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-4, 999999.94, 1e6, 1e-45, 3.4e38]),
    "bits": RANDOM.integers(0, 2**32, MANY, dtype=np.uint32).view(np.float32),
}


def beside(numbers: Floats) -> Floats:
    """Numbers and their neighbours."""
    up, down = (np.nextafter(numbers, np.float32(end)) for end in (np.inf, -np.inf))
    return np.concatenate([numbers, up, down])


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_as_numpy_writes_them(kind: str) -> None:
    numbers = beside(NUMBERS[kind].astype(np.float32))
    assert [text.decode() for text in written(numbers).to_pylist()] == numbers.astype(str).tolist()


def test_none() -> None:
    assert written(np.empty(0, np.float32)).to_pylist() == []
