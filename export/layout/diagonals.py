"""Layers whose weights are diagonals: sums of values, each unit times a number of its own."""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

from mlp_edge.integers.quantised import HIGHEST, Integers, Quantised
from mlp_edge.mlp import Dense, Floats, Mlp, diagonals_of
from mlp_edge.walk import sources


class Term(NamedTuple):
    """What one diagonal is multiplied by.

    Attributes:
        value: the number of a value; None where two values share its units.
        start: the first of its units, in that value or else in all that the layer reads.
        whole: whether it is all of the value.
    """

    value: int | None
    start: int
    whole: bool


def terms(mlp: Mlp, number: int) -> list[Term]:
    """What the diagonals of layer ``number`` are multiplied by, in order."""
    layer = mlp.layers[number - 1]
    widths = [mlp.encoding.width, *(one.outputs for one in mlp.layers)]
    read = sources(layer, number)
    ends = list(accumulate(widths[value] for value in read))
    found = []
    for column in range(0, layer.inputs, layer.outputs):
        place = next(place for place, end in enumerate(ends) if column < end)
        width, end = widths[read[place]], ends[place]
        if column + layer.outputs <= end:
            found.append(Term(read[place], column - end + width, width == layer.outputs))
        else:
            found.append(Term(None, column, whole=False))
    return found


def rows_of(layer: Dense) -> list[Floats]:
    """The diagonals of a layer, (outputs,) each; none of a dense one."""
    return [] if layer.diagonals is None else [*layer.diagonals]


def reads_apart(mlp: Mlp, number: int) -> bool:
    """Whether a layer can read each of its values where it stands."""
    diagonal = mlp.layers[number - 1].diagonals is not None
    return diagonal and all(term.value is not None for term in terms(mlp, number))


def factor_tables(layer: Dense) -> dict[str, Floats]:
    """The diagonals that need a table, by its name: those that are not all 1, each once."""
    found = {row.tobytes(): row for row in rows_of(layer) if (row != 1).any()}
    return {f"DIAGONAL{n}": row for n, row in enumerate(found.values(), start=1)}


def factors(layer: Dense) -> list[str | None]:
    """The table of each diagonal; None where all of it is 1."""
    named = {row.tobytes(): name for name, row in factor_tables(layer).items()}
    return [named.get(row.tobytes()) for row in rows_of(layer)]


def diagonals_in(quantised: Quantised, number: int) -> Integers | None:
    """The diagonals (k, outputs) of layer ``number`` where a kernel of integers takes them.

    None of a matrix, and of the few layers in int8 that other kernels compute: the last one, and
    those with inputs or products that take more bits.
    """
    layer, largest = quantised.layers[number - 1], quantised.largest[number - 1]
    if quantised.dtype == "int8":
        other = number == len(quantised.layers) or largest > HIGHEST["int8"]
        if other or not layer.narrow(largest):
            return None
    return diagonals_of(layer.weights)
