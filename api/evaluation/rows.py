"""Every scored row with its truth, its prediction, and whether they agree, as CSV.

Columns of the table as they were, then ``line`` (``row`` of a Parquet file), ``truth``,
``prediction``, the probability or probabilities, and ``outcome``: TP, TN, FP or FN of two classes,
right or wrong of several. Of a regression ``truth``, ``prediction`` and ``error``, predicted minus
true, once for each target. Cells are empty where there is no
prediction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlp_edge.api.widened_table import marked, widened

if TYPE_CHECKING:
    from mlp_edge.api.evaluation.scored_rows import ScoredRows


HELD_OUT = "test"
"""The part that sample.csv holds: its lines are not those of the user's table."""


def rows_csv(scored: ScoredRows, safe: bool = False) -> str:
    """The text of the file; ``safe`` as ``widened`` has it."""
    table = scored.table
    regression = scored.manifest.task == "regression"
    names, cells = (_values if regression else _classes)(scored)
    lines = [str(line) for line in table.lines]
    ended = [[line, *row] for line, row in zip(lines, cells, strict=True)]
    counted = "sample line" if scored.part == HELD_OUT else table.counts
    return widened(table, [counted, *names], ended, safe)


def _classes(scored: ScoredRows) -> tuple[list[str], list[list[str]]]:
    labels, targets = scored.manifest.labels, scored.examples.targets
    several = len(labels) > 2
    names = [f"probability {label}" for label in labels] if several else ["probability"]
    chosen = scored.truth.chosen(scored.outputs)
    numbers = marked(scored.outputs, scored.table)
    predicted = _predicted_rows(scored)
    cells = []
    for target, choice, found, has in zip(targets, chosen, numbers, predicted, strict=True):
        if has:
            outcome = _right(target, choice) if several else _outcome(target, choice)
            cells.append([labels[target], labels[choice], *found, outcome])
        else:
            cells.append([labels[target], "", *("" for _ in found), ""])
    return ["truth", "prediction", *names, "outcome"], cells


def _right(target: int, choice: int) -> str:
    return "right" if target == choice else "wrong"


def _outcome(target: int, choice: int) -> str:
    """The second label is the positive one."""
    return ("T" if target == choice else "F") + ("P" if choice else "N")


def _values(scored: ScoredRows) -> tuple[list[str], list[list[str]]]:
    targets, outputs = scored.examples.targets, scored.outputs
    errors = (outputs.astype(np.float64) - targets).astype(np.float32)
    names = scored.manifest.targets
    ends = [f" {name}" for name in names] if len(names) > 1 else [""]
    truths, *others = (marked(part, scored.table) for part in (targets, outputs, errors))
    cells = []
    for index, has in enumerate(_predicted_rows(scored)):
        told = [cell for part in others for cell in part[index]]
        cells.append([*truths[index], *(told if has else ("" for _ in told))])
    kinds = ("truth", "prediction", "error")
    return [f"{kind}{end}" for kind in kinds for end in ends], cells


def _predicted_rows(scored: ScoredRows) -> NDArray[np.bool_]:
    """Whether each row has a prediction."""
    return np.isin(np.arange(len(scored.outputs)), scored.predicted)
