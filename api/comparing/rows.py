"""The rows that two models are judged by: the same ones, and none that either learned from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import InputError
from mlp_edge.mlp import Floats

if TYPE_CHECKING:
    from mlp_edge.api.evaluation.evaluation import Evaluation
    from mlp_edge.training.scoring.paired import Judged

LEAST = 2
"""A difference on fewer rows has no error."""


@dataclass(frozen=True, eq=False)
class Side:
    """One model's view of the shared rows.

    Attributes:
        found: its evaluation, of more rows perhaps.
        places: where the shared rows stand in that (n,), in the order that both sides have.
    """

    found: Evaluation
    places: NDArray[np.int64]

    @property
    def outputs(self) -> Floats:
        """Its predictions (n, outputs)."""
        return self.found.predictions[self.places]

    @property
    def judged(self) -> Judged:
        """The truth with its threshold, and its predictions."""
        scored = self.found.scored
        return scored.examples.truth(self.places, scored.threshold), self.outputs

    @property
    def rows(self) -> int:
        """How many rows its evaluation has."""
        return len(self.found.predictions)

    def cells(self, place: int, names: Sequence[str]) -> dict[str, str]:
        """What one of the rows holds in some columns, as it was written."""
        table = self.found.scored.examples.table
        row = self.places[place]
        return {name: str(table.column(name)[row]).strip() for name in names}


Sides = tuple[Side, Side]


def shared(one: Evaluation, other: Evaluation, names: tuple[str, str]) -> Sides:
    """Find the rows that both models predict.

    Rows of one table are known by their lines. Held-out rows are known by their cells: those of
    the columns that both models have, and of the targets. Of equal rows, the first is taken to be
    the first.

    Args:
        one: of the first model, on the table or on the rows that it held out.
        other: likewise.
        names: of the models, for messages.

    Raises:
        InputError: when they have fewer than two rows in common.
    """
    if one.table is None:
        features = {each.name for each in other.scored.manifest.features}
        columns = [each.name for each in one.scored.manifest.features if each.name in features]
        columns += one.scored.manifest.targets
        keys = [dict(_by_cells(found, columns)) for found in (one, other)]
    else:
        keys = [dict(_by_line(found)) for found in (one, other)]
    both = [key for key in keys[0] if key in keys[1]]
    if len(both) < LEAST:
        held_out = " held out" if one.table is None else " predict"
        raise InputError(
            f"{names[0]} and {names[1]}{held_out} {len(both)} rows in common, which compares "
            "nothing; a table of rows that neither learned from would do"
        )
    first, second = (np.array([key[each] for each in both], np.int64) for key in keys)
    return Side(one, first), Side(other, second)


def _by_line(found: Evaluation) -> Iterator[tuple[Hashable, int]]:
    lines = found.scored.examples.table.lines
    return ((int(lines[row]), int(row)) for row in found.scored.predicted)


def _by_cells(found: Evaluation, names: Sequence[str]) -> Iterator[tuple[Hashable, int]]:
    table, seen = found.scored.examples.table, Counter[Hashable]()
    columns = [table.column(name) for name in names]
    for row in found.scored.predicted:
        cells = tuple(str(column[row]).strip() for column in columns)
        yield (cells, seen[cells]), int(row)
        seen[cells] += 1
