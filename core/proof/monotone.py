"""Whether a prediction rises with a reading, proved from the signs of weights alone.

A path through a network multiplies weights and slopes of activations. Where no activation falls,
a prediction that every path from a reading reaches with one sign cannot move the other way,
whatever the readings are (Sill, Monotonic Networks, 1998; Daniels and Velikova, Monotone and
Partially Monotone Neural Networks, 2010).

The same walk proves it of arithmetic that rounds. Rounding to nearest is a monotone function, and
so are a sum and a product with a constant in each number that goes in. Headers and scripts add up
in a fixed order, so where no activation that they compute falls from one float to the next, neither
do their predictions, to the bit. Networks in integers round and clamp alike, and their tables are
tried at every integer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Encoding
from mlp_edge.errors import RecipeError
from mlp_edge.integers.activation_tables import Table
from mlp_edge.integers.quantised import IntegerLayer, Quantised
from mlp_edge.mlp import MONOTONE_ACTIVATIONS, Dense, Mlp
from mlp_edge.settings import setting
from mlp_edge.walk import heads_of, walk

Booleans = NDArray[np.bool_]
Directions = Mapping[str, int]
"""Column -> 1 where no prediction may fall when it rises, -1 where none may rise."""

SIGNS = {"+": 1, "-": -1}
NEVER_FALL = ("linear", "relu", "leaky_relu", "elu", "selu", "tanh", "hard_sigmoid", "exponential")
"""Activations whose float32 kernels give no less for any float than for the one before it; each of
the 2^32 arguments was tried (``benchmarks/every_float.py``)."""
STEP_BACK = 2.0**-25
"""By how much the sigmoids of headers and scripts may fall from one argument to the next: their
quotient is rounded twice. Tried alike, those of int24 by exponentials included."""
CHUNK = 2**20
"""Integers that a table is tried at in one go."""


def directions(given: Mapping[str, str] | Sequence[str]) -> dict[str, int]:
    """What ``monotone`` says of columns.

    Args:
        given: column -> "+" or "-", or texts "COLUMN=+"; a column may hold "=" itself.

    Raises:
        RecipeError: for what is neither, or two directions of one column.
    """
    if isinstance(given, Mapping):
        given = [f"{column}={sign}" for column, sign in given.items()]
    found: dict[str, int] = {}
    for text in given:
        column, _, sign = text.rpartition("=")
        if sign not in SIGNS or not column:
            raise RecipeError(
                f"{setting('monotone')} takes COLUMN=+ (no prediction falls when the reading "
                f"rises) or COLUMN=- (none rises); got {text!r}"
            )
        if found.setdefault(column, SIGNS[sign]) != SIGNS[sign]:
            raise RecipeError(f"{setting('monotone')} gives {column!r} both + and -; one would do")
    return found


def spelled(wanted: Directions) -> tuple[str, ...]:
    """Directions as texts, "COLUMN=+"."""
    return tuple(f"{column}={'+' if sign > 0 else '-'}" for column, sign in wanted.items())


class Moves(NamedTuple):
    """What numbers (units,) may do while one reading rises and all others stay.

    Attributes:
        rise: which may rise.
        fall: which may fall.
    """

    rise: Booleans
    fall: Booleans

    @property
    def turned(self) -> Moves:
        """The same numbers, behind what may turn them round."""
        either = self.rise | self.fall
        return Moves(either, either)

    def hold(self, sign: int) -> bool:
        """Whether none of them moves against a direction."""
        return not (self.fall if sign > 0 else self.rise).any()


Step = Callable[[Any, Moves, Moves | None], Moves]


def of_network(mlp: Mlp, column: int, monotone: Collection[str] = MONOTONE_ACTIVATIONS) -> Moves:
    """What the predictions may do while a number rises, by the signs of the weights.

    Args:
        mlp: the network.
        column: which of its features rises, from one reading that is there to another.
        monotone: activations that never fall.
    """

    def step(layer: Dense, given: Moves, gate: Moves | None) -> Moves:
        moves = _through(layer.weights, given)
        if layer.activation == "softmax":
            moves = Moves(*(np.full_like(each, each.any()) for each in moves)).turned
        elif layer.activation not in monotone:
            moves = moves.turned
        if gate is None:
            return moves
        return Moves(moves.rise | gate.rise, moves.fall | gate.fall).turned

    return _walked(mlp.layers, mlp.heads, _risen(mlp.encoding, column), step)


def float_steps_back(mlp: Mlp, column: int, sign: int) -> float | None:
    """By how much a float32 prediction of headers and scripts may move against a direction.

    Args:
        mlp: the network.
        column: which of its features rises.
        sign: 1 where no prediction may fall, -1 where none may rise.

    Returns:
        0.0 for never, to the bit; ``STEP_BACK`` where a sigmoid predicts; None where an activation
        may step back before other layers.
    """
    heads = {layer.activation for layer in mlp.head_layers}
    # No layer reads a head, so a sigmoid that is nowhere else is the last step.
    inner = [layer for layer in mlp.layers if layer not in mlp.head_layers]
    last = "sigmoid" in heads and all(layer.activation != "sigmoid" for layer in inner)
    monotone = (*NEVER_FALL, "sigmoid") if last else NEVER_FALL
    if not of_network(mlp, column, monotone).hold(sign):
        return None
    return STEP_BACK if last else 0.0


class IntegerMoves(NamedTuple):
    """What the predictions of a network in integers may do.

    Attributes:
        by_signs: by the signs of its weights, its tables taken for monotone.
        to_the_bit: by its tables as they are as well.
        step_back: by how much a sigmoid that predicts by exponentials may fall.
    """

    by_signs: Moves
    to_the_bit: Moves
    step_back: float


def of_integers(encoding: Encoding, quantised: Quantised, column: int) -> IntegerMoves:
    """What the predictions of a network in integers may do while a number rises.

    Args:
        encoding: of the readings.
        quantised: the network in integers.
        column: which feature rises.
    """
    risen = _risen(encoding, column)

    def by_signs(layer: IntegerLayer, given: Moves, _: Moves | None) -> Moves:
        return _through(layer.weights, given)

    def to_the_bit(layer: IntegerLayer, given: Moves, _: Moves | None) -> Moves:
        moves = _through(layer.weights, given)
        return moves if never_falls(layer.table, layer.segments * layer.high) else moves.turned

    signs = _walked(quantised.layers, (), risen, by_signs)
    bits = _walked(quantised.layers, (), risen, to_the_bit)
    if not never_falls(quantised.table, quantised.layers[-1].largest):
        bits = bits.turned
    if quantised.softmax:
        signs, bits = signs.turned, bits.turned
    return IntegerMoves(signs, bits, STEP_BACK if quantised.octave else 0.0)


def never_falls(table: Table | None, highest: int) -> bool:
    """Whether a table gives no less at any integer up to ``highest`` than at the one before."""
    if table is None:
        return True
    before = -1
    for start in range(0, highest + 1, CHUNK):
        values = table.at(np.arange(start, min(start + CHUNK, highest + 1)))
        if values[0] < before or (np.diff(values) < 0).any():
            return False
        before = int(values[-1])
    return True


def _risen(encoding: Encoding, column: int) -> Moves:
    """The inputs of the first layer while a number rises."""
    moved = np.zeros(encoding.width, bool)
    moved[: len(encoding.numbers)] = encoding.numbers == column
    return Moves(moved, np.zeros_like(moved))


def _through(weights: NDArray[Any], given: Moves) -> Moves:
    """What the sums of weights (outputs, inputs) do."""
    up, down = weights > 0, weights < 0
    rise = (up & given.rise) | (down & given.fall)
    fall = (up & given.fall) | (down & given.rise)
    return Moves(np.asarray(rise.any(axis=1)), np.asarray(fall.any(axis=1)))


def _walked(layers: Sequence[Any], heads: tuple[int, ...], given: Moves, step: Step) -> Moves:
    def join(values: Sequence[Moves]) -> Moves:
        rises, falls = zip(*values, strict=True)
        return Moves(np.concatenate(rises), np.concatenate(falls))

    return heads_of(layers, heads, walk(layers, given, step, join), join)
