"""Weights rounded to integers so that the sums stay what they were, not the weights."""

from __future__ import annotations

import numpy as np

from mlp_edge.integers.quantised import SUM_LIMIT, WEIGHT_LIMIT, Integers
from mlp_edge.reference import Doubles

_PULL = 1e-3
"""How much the real weights hold the fitted ones, as a share of what the inputs' squares do."""
_HELD = 1e30
"""The same for a bias that is to stay, beyond all squares of inputs; others are free."""
_MOVES = 400
"""At most so many times may a single weight or a pair move by one, per neuron."""
_PAIRS = 200
"""Inputs up to which pairs are tried."""


def fitted(
    weights: Doubles, bias: Doubles, inputs: Integers, sums: Doubles, dtype: str,
    held: bool = False,
) -> tuple[Integers, Integers]:  # fmt: skip
    """Integer weights (outputs, inputs) and biases (outputs,) that give the sums again.

    Least squares over the rows, first in real numbers (what quantised inputs have lost is made
    good here, biases included), then rounded one by one, each error passed on to the weights that
    are still free (Frantar et al., GPTQ, 2022), then moved by one as long as it helps.

    Args:
        weights: (outputs, inputs), in units of the integers' steps.
        bias: (outputs,).
        inputs: (n, inputs), the integers that the layer will be given.
        sums: (n, outputs), what they should give.
        dtype: of the integers, which says how large they may be.
        held: leave the biases as they are, but for their rounding.
    """
    given = np.column_stack([inputs, np.ones(len(inputs))]).astype(np.float64)
    start = np.column_stack([weights, bias])
    limits = np.full(start.shape[1], float(WEIGHT_LIMIT[dtype]))
    limits[-1] = SUM_LIMIT[dtype]
    squares = given.T @ given / len(given)
    pull = np.full(len(squares), _PULL * np.trace(squares[:-1, :-1]) / max(len(squares) - 1, 1))
    pull[-1] = _HELD if held else 0.0
    squares[np.diag_indices_from(squares)] += pull + 1e-9
    slope = given.T @ (sums - given @ start.T) / len(given)
    real = start + np.linalg.solve(squares, slope).T
    rounded = _passed_on(real, squares, limits)
    found = np.array(
        [_moved(*neuron, squares, limits) for neuron in zip(real, rounded, strict=True)]
    )
    return found[:, :-1].astype(np.int64), found[:, -1].astype(np.int64)


def fitted_diagonals(
    weights: Doubles, bias: Doubles, inputs: Integers, sums: Doubles, dtype: str,
    held: bool = False,
) -> tuple[Integers, Integers]:  # fmt: skip
    """As ``fitted``, for weights that are diagonals side by side: what is 0 stays 0."""
    found, biases = np.zeros(weights.shape, np.int64), np.zeros(len(bias), np.int64)
    for unit in range(len(weights)):
        own = np.arange(unit, weights.shape[1], len(weights))
        row, constant = weights[unit, own][None], bias[[unit]]
        fit = fitted(row, constant, inputs[:, own], sums[:, [unit]], dtype, held)
        found[unit, own], biases[unit] = fit[0][0], fit[1][0]
    return found, biases


def _passed_on(real: Doubles, squares: Doubles, limits: Doubles) -> Doubles:
    """Rounded in the order of their inputs' size, the bias last; the rest makes each error good."""
    order = np.append(np.argsort(-np.diag(squares)[:-1], kind="stable"), len(squares) - 1)
    upper = np.linalg.cholesky(np.linalg.inv(squares[np.ix_(order, order)])).T
    free, found = real[:, order].copy(), np.empty_like(real)
    for place, index in enumerate(order):
        found[:, index] = np.clip(np.rint(free[:, place]), -limits[index], limits[index])
        error = (free[:, place] - found[:, index]) / upper[place, place]
        free[:, place:] -= np.outer(error, upper[place, place:])
    return found


def _moved(real: Doubles, start: Doubles, squares: Doubles, limits: Doubles) -> Doubles:
    """One neuron's integers, single ones and pairs moved by one while the squared error falls."""
    found = start.copy()
    slope = squares @ (found - real)
    own = np.diag(squares)
    for _ in range(_MOVES):
        up = np.where(found + 1 > limits, np.inf, own + 2 * slope)
        down = np.where(found - 1 < -limits, np.inf, own - 2 * slope)
        sign, change = np.where(up <= down, 1.0, -1.0), np.minimum(up, down)
        places = [int(np.argmin(change))]
        best = change[places[0]]
        if len(real) <= _PAIRS:
            both = change[:, None] + change + 2 * np.outer(sign, sign) * squares
            np.fill_diagonal(both, np.inf)
            first, second = np.unravel_index(int(np.argmin(both)), both.shape)
            if both[first, second] < best:
                best, places = both[first, second], [int(first), int(second)]
        if not best < 0:
            break
        for place in places:
            found[place] += sign[place]
            slope += sign[place] * squares[:, place]
    return found
