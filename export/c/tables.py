"""Tables as C arrays, and those of what stands in front of the first layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.export.c.text import initialiser, row, runs
from mlp_edge.integers.quantised import Integers
from mlp_edge.mlp import Floats, Mlp

BYTES = {
    "float": 4, "int64_t": 8, "int32_t": 4, "uint32_t": 4, "mlp_edge_int24": 3,
    "mlp_edge_uint24": 3, "int16_t": 2, "uint16_t": 2, "int8_t": 1, "uint8_t": 1,
    "mlp_edge_raw_line": 12, "mlp_edge_multiplier": 2,
}  # fmt: skip
"""Of one number of each type; integers of 24 bits take 4 where there is no such type but on AVR."""


class Array(NamedTuple):
    """A vector of a header; no comment where it goes without one."""

    name: str
    comment: str
    size: int
    initialiser: str
    type: str = "float"

    @property
    def bytes(self) -> int:
        """What it takes of flash."""
        return self.size * BYTES[self.type]

    @property
    def floats(self) -> bool:
        """Whether its numbers are floats."""
        return self.type == "float"


class Fours(NamedTuple):
    """A table for assembly on AVR, of bytes.

    Attributes:
        name: without the model's.
        shape: rows, a row for every four neurons, and bytes of one.
        rows: the rows as an initialiser has them.
    """

    name: str
    shape: tuple[int, int]
    rows: str

    @property
    def bytes(self) -> int:
        """What it takes of flash."""
        return self.shape[0] * self.shape[1]


class Layer(NamedTuple):
    """A dense layer of the page.

    Attributes:
        number: from 1 up.
        inputs: its width in front.
        outputs: how many neurons it has.
        activation: its name.
        type: of a weight.
        weights: their rows as an initialiser has them; "" where diagonals have tables each.
        tables: everything else that it has per neuron.
        comment: what stands above them.
        diagonals: whether the rows are diagonals.
        activation_tables: its activation as a table, where it has one.
        fours: what assembly on AVR has in the place of all of these but the activation; None where
            it takes them.
    """

    number: int
    inputs: int
    outputs: int
    activation: str
    type: str
    weights: str
    tables: list[Array]
    comment: str
    diagonals: bool = False
    activation_tables: Sequence[Array] = ()
    fours: Fours | None = None

    @property
    def matrix(self) -> str:
        """The name of the table of weights."""
        return f"LAYER{self.number}_{'DIAGONALS' if self.diagonals else 'WEIGHTS'}"

    @property
    def shape(self) -> tuple[int, int]:
        """Of that table."""
        if self.diagonals:
            return self.inputs // self.outputs, self.outputs
        return self.outputs, self.inputs

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of its tables, by name."""
        return self.plain_sizes | {table.name: table.bytes for table in self.activation_tables}

    @property
    def plain_sizes(self) -> dict[str, int]:
        """The same without its activation."""
        others = {table.name: table.bytes for table in self.tables}
        if not self.weights:
            return others
        weights = BYTES[self.type] * self.inputs * self.outputs
        return {self.matrix: weights, **others}


def vector(name: str, comment: str, values: Floats | Integers, type_: str = "float") -> Array:
    """Numbers (n,) under a name."""
    return Array(name, comment, values.size, initialiser(values), type_)


def matrix(values: NDArray[Any]) -> str:
    """The rows of an initialiser, numbered: a row is a neuron."""
    digits = len(str(len(values) - 1))
    rows = [row(f"    /* {n:{digits}} */ {{", line, "},") for n, line in enumerate(values)]
    return "\n".join(rows)


def rows(values: Integers) -> str:
    """The initialiser of a vector that holds the rows of a matrix, a line each, numbered."""
    digits = len(str(len(values) - 1))
    lines = [row(f"    /* {n:{digits}} */ ", line) for n, line in enumerate(values)]
    return "\n".join(["{", *lines, "}"])


def of_readings(mlp: Mlp) -> Iterator[Array]:
    """Sentinels, fills and codes, where there are any."""
    encoding = mlp.encoding
    if encoding.has_sentinels:
        comment = "Sentinels: a reading of feature [i] that equals its sentinel is missing."
        yield _per_feature("SENTINEL", comment, encoding.sentinel)
    if encoding.imputes:
        comment = "Fills: the number that replaces a missing reading of feature [i]."
        yield _per_feature("FILL", comment, encoding.fill)
    if len(encoding.codes):
        comment = "Codes of category [i]: one input each, 1 where the reading equals it, else 0."
        parts = [
            (f"[{index}]", np.array(feature.codes, np.float32))
            for index, feature in enumerate(mlp.features)
            if feature.codes
        ]
        yield _labelled("CODES", comment, parts)


def _per_feature(name: str, comment: str, values: Floats) -> Array:
    """The values that are there; NaN stands for none."""
    parts = []
    for run in runs(np.flatnonzero(~np.isnan(values)).tolist()):
        label = f"[{run[0]}]" if len(run) == 1 else f"[{run[0]}] to [{run[-1]}]"
        parts.append((label, values[run]))
    return _labelled(name, comment, parts)


def _labelled(name: str, comment: str, parts: list[tuple[str, Floats]]) -> Array:
    rows = "\n".join(row(f"    /* {label} */ ", values) for label, values in parts)
    return Array(name, comment, sum(values.size for _, values in parts), f"{{\n{rows}\n}}")
