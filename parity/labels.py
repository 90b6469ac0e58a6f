"""Which rows of a table are certain to get one label, whatever runs the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlp_edge.mlp import Mlp, Rows
from mlp_edge.parity.compare import settled
from mlp_edge.proof.bound import bound
from mlp_edge.reference import predict


@dataclass(frozen=True)
class Doubtful:
    """A row whose label rounding settles.

    Attributes:
        row: its number, from 1.
        line: of the file; None when there is none.
        answer: the exact one, an output each.
        bound: how far a runtime may be from it, an output each.
    """

    row: int
    line: int | None
    answer: tuple[float, ...]
    bound: tuple[float, ...]


@dataclass(frozen=True)
class Labels:
    """What is certain about the labels of a table.

    Attributes:
        table: as it was named; None for the held-out rows.
        rows: of the table.
        unanswered: rows whose answer is NaN, which have no label.
        largest: bound on how far a runtime may be from the exact answer to any of the rows.
        doubtful: the rows whose exact answer is nearer to the decision than a runtime may be off.
    """

    table: str | None
    rows: int
    unanswered: int
    largest: float
    doubtful: Sequence[Doubtful]


def labels(
    mlp: Mlp, rows: Rows, table: str | None = None, lines: Sequence[int] | None = None
) -> Labels:
    """Ask of each row whether its label is the same on every runtime.

    Args:
        mlp: the network; a regression has no labels, and none of its rows is doubtful.
        rows: raw readings (n, inputs).
        table: where they come from.
        lines: (n,) of the file.
    """
    exact, limit = predict(mlp, rows), bound(mlp, rows)
    doubtful = [
        Doubtful(
            row=row + 1,
            line=None if lines is None else lines[row],
            answer=tuple(exact[row].tolist()),
            bound=tuple(limit[row].tolist()),
        )
        for row in np.flatnonzero(~settled(mlp, exact, limit)).tolist()
    ]
    unanswered = int(np.isnan(exact).any(axis=1).sum())
    return Labels(table, len(rows), unanswered, float(limit.max(initial=0.0)), doubtful)
