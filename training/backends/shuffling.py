"""The order in which an epoch takes its rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Orders = Iterator[NDArray[np.int32]]
"""Without end: for each epoch the row numbers (n,) int32 in the order they are taken."""


def shuffled(rows: int, seed: int) -> Orders:
    """A fresh permutation of 0 … rows - 1 per epoch; the same seed gives the same ones."""
    random = np.random.default_rng(seed)
    while True:
        yield random.permutation(rows).astype(np.int32)
