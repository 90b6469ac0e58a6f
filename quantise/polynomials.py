"""Activations of int24 as polynomials in integers, good to the last of its digits."""

from __future__ import annotations

import numpy as np

from mlp_edge.integers.activation_tables import (
    DEGREE,
    GUARD,
    Integers,
    PolynomialTable,
)
from mlp_edge.integers.quantised import HIGHEST, LEAST_STEP
from mlp_edge.quantise.ranges import Steps
from mlp_edge.reference import FORMULAS, Doubles

ALIGNED = 2**20
"""Integers in the longest segment: every table has an edge at each multiple of it."""
_SHORTEST = 2**14
"""Integers in the shortest segment."""
_GOOD = 0.6
"""A table is fine enough where it is off by at most so many integers; 0.5 is the rounding."""
_TRIED = 16
"""Places in a segment where that is looked at."""
_FLAT = {"sigmoid": (-18.0, 18.0), "tanh": (-10.0, 10.0), "gelu": (-7.0, np.inf),
         "gelu_tanh": (-7.0, np.inf), "softsign": (-np.inf, np.inf),
         "leaky_relu": (-np.inf, np.inf)}  # fmt: skip
_FLAT_BELOW = (-22.0, np.inf)
"""Sums beyond these give what they give there, to 2^-25 of what an activation spans."""


def whole_range(activation: str, low: float, high: float) -> tuple[float, float]:
    """The sums that a table has to know, of those from ``low`` to ``high``; 0 is one of them."""
    least, most = _FLAT.get(activation, _FLAT_BELOW)
    low, high = min(max(low, least), 0.0), max(min(high, most), 0.0)
    return (low, high) if high > low else (-1.0, 1.0)


def hidden_table(activation: str, sums: Steps, high: int) -> tuple[PolynomialTable, Steps]:
    """The table of a hidden activation, and what its integers stand for, (1,).

    Args:
        activation: as in ``mlp_edge.reference``.
        sums: what the integers that go in stand for, alike for every unit.
        high: the largest of them.
    """
    low, top = _span(activation, sums, high)
    return _finest(activation, sums, high, Steps(low, (top - low) / HIGHEST["int24"]))


def output_table(activation: str, sums: Steps, high: int) -> tuple[PolynomialTable, Steps]:
    """The same of the last layer: steps of a power of two, which float32 multiplies exactly."""
    low, top = _span(activation, sums, high)
    step = np.exp2(np.ceil(np.log2((top - low) / (HIGHEST["int24"] - 1))))
    step = np.maximum(step, LEAST_STEP)
    start = (np.floor(low / step) * step).astype(np.float32).astype(np.float64)
    return _finest(activation, sums, high, Steps(start, step))


def _span(activation: str, sums: Steps, high: int) -> tuple[Doubles, Doubles]:
    """The lowest and highest value (1,) of the activation, and a little more."""
    integers = np.append(np.arange(0, high, _SHORTEST // 4), high)
    values = _values(activation, sums, integers)
    low, top = values.min(keepdims=True), values.max(keepdims=True)
    room = (top - low) * 2.0**-16
    turns = activation in ("gelu", "gelu_tanh", "silu", "mish")  # the lowest is between two places
    return low - room * turns, top


def _values(activation: str, sums: Steps, integers: Doubles | Integers) -> Doubles:
    return FORMULAS[activation]((sums.offset[0] + sums.step[0] * integers)[:, None])[:, 0]


def _finest(activation: str, sums: Steps, high: int, meant: Steps) -> tuple[PolynomialTable, Steps]:
    """The fewest segments that are good enough."""
    length = ALIGNED
    while True:
        table = _table(activation, sums, high, meant, length)
        good = table.fits and _off(activation, sums, high, meant, table) <= _GOOD
        if good or length == _SHORTEST:
            return table, meant
        length //= 2


def _off(activation: str, sums: Steps, high: int, meant: Steps, table: PolynomialTable) -> float:
    places = np.linspace(0, high, _TRIED * len(table.coefficients)).astype(np.int64)
    wanted = (_values(activation, sums, places) - meant.offset) / meant.step
    return float(np.abs(table.at(places) - wanted).max())


def _table(activation: str, sums: Steps, high: int, meant: Steps, length: int) -> PolynomialTable:
    """Polynomials through the activation's values at Chebyshev nodes of each segment."""
    nodes = (1 - np.cos(np.pi * (2 * np.arange(DEGREE + 1) + 1) / (2 * DEGREE + 2))) / 2
    begins = np.arange(high // length + 1) * length
    places = begins[:, None] + nodes * length
    values = _values(activation, sums, places.ravel()).reshape(places.shape)
    scaled = (values - meant.offset) / meant.step * 2.0**GUARD
    coefficients = np.linalg.solve(np.vander(nodes, increasing=True), scaled.T).T
    return PolynomialTable(
        np.rint(coefficients).astype(np.int64), length.bit_length() - 1, HIGHEST["int24"]
    )
