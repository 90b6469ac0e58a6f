"""Where the vectors between two layers lie: they take turns at the two ends of one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mlp_edge.mlp import Mlp


class Vector(NamedTuple):
    """What one layer passes on to the next.

    Attributes:
        name: of the C variable.
        width: how many numbers it has.
        constant: the C constant of that value.
    """

    name: str
    width: int
    constant: str


def vectors_of(mlp: Mlp, first: str) -> list[Vector]:
    """The values of a network, from number 0 on, whose variable is ``first``."""
    prefix, width = mlp.name.upper(), mlp.encoding.width
    # Layer 1 may read value 0 twice.
    alone = mlp.layers[0].inputs == width
    return [
        Vector(first, width, f"{prefix}_LAYER1_INPUTS" if alone else str(width)),
        *(
            Vector(f"layer{n}", layer.outputs, f"{prefix}_LAYER{n}_OUTPUTS")
            for n, layer in enumerate(mlp.layers, start=1)
        ),
    ]


class Place(NamedTuple):
    """Where a C variable points.

    Attributes:
        name: of the variable.
        start: the C expression of where it begins.
        comment: what else there is to say of it; "" says nothing.
    """

    name: str
    start: str
    comment: str = ""


class Memory(NamedTuple):
    """One array for the vectors between layers.

    Attributes:
        width: how many numbers it holds.
        size: the same as a C expression.
        places: where each vector begins.
        comment: how they share the array.
    """

    width: int
    size: str
    places: list[Place]
    comment: str = (
        "Each layer reads the one before it: they take turns at the two ends of one array."
    )


def placed(vectors: Sequence[Vector]) -> Memory:
    """The smallest array for vectors of which each is computed from the one before."""
    if not vectors:
        return Memory(0, "0", [])
    pairs = [vectors[i : i + 2] for i in range(max(1, len(vectors) - 1))]
    widest = max(pairs, key=lambda pair: sum(vector.width for vector in pair))
    places = [
        Place(vector.name, f"memory + memory_size - {vector.constant}" if index % 2 else "memory")
        for index, vector in enumerate(vectors)
    ]
    size = " + ".join(vector.constant for vector in widest)
    return Memory(sum(vector.width for vector in widest), size, places)
