"""evaluate --rows: every row with what it is, what the model takes it for, and whether that holds.

Columns of the table as they were, then ``line`` (``row`` of a Parquet file), ``truth``,
``prediction``, the probability or probabilities, and ``outcome``: TP, TN, FP or FN of two classes,
right or wrong of several. Of a regression ``truth``, ``prediction`` and ``error``, predicted minus
true, once for each target. Cells are empty where the model has no answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlp_edge.cli.table_out import marked, widened

if TYPE_CHECKING:
    from mlp_edge.cli.evaluation import Evaluation


HELD_OUT = "test"
"""The part that sample.csv holds: its lines are not those of the user's table."""


def rows_csv(evaluation: Evaluation, safe: bool = False) -> str:
    """The text of the file; ``safe`` as ``table_out.widened`` has it."""
    table = evaluation.table
    regression = evaluation.manifest.task == "regression"
    names, cells = (_values if regression else _classes)(evaluation)
    lines = [str(line) for line in table.lines]
    ended = [[line, *row] for line, row in zip(lines, cells, strict=True)]
    counted = "sample line" if evaluation.part == HELD_OUT else table.counts
    return widened(table, [counted, *names], ended, safe)


def _classes(evaluation: Evaluation) -> tuple[list[str], list[list[str]]]:
    labels, targets = evaluation.manifest.labels, evaluation.examples.targets
    several = len(labels) > 2
    probabilities = [f"probability {label}" for label in labels] if several else ["probability"]
    chosen = evaluation.truth.chosen(evaluation.outputs)
    numbers = marked(evaluation.outputs, evaluation.table)
    answered = _answered(evaluation)
    cells = []
    for target, choice, shares, has in zip(targets, chosen, numbers, answered, strict=True):
        if has:
            outcome = _right(target, choice) if several else _outcome(target, choice)
            cells.append([labels[target], labels[choice], *shares, outcome])
        else:
            cells.append([labels[target], "", *("" for _ in shares), ""])
    return ["truth", "prediction", *probabilities, "outcome"], cells


def _right(target: int, choice: int) -> str:
    return "right" if target == choice else "wrong"


def _outcome(target: int, choice: int) -> str:
    """The second label is the positive one."""
    return ("T" if target == choice else "F") + ("P" if choice else "N")


def _values(evaluation: Evaluation) -> tuple[list[str], list[list[str]]]:
    targets, outputs = evaluation.examples.targets, evaluation.outputs
    errors = (outputs.astype(np.float64) - targets).astype(np.float32)
    names = evaluation.manifest.targets
    ends = [f" {name}" for name in names] if len(names) > 1 else [""]
    truths, *answers = (marked(part, evaluation.table) for part in (targets, outputs, errors))
    cells = []
    for index, has in enumerate(_answered(evaluation)):
        told = [cell for part in answers for cell in part[index]]
        cells.append([*truths[index], *(told if has else ("" for _ in told))])
    kinds = ("truth", "prediction", "error")
    return [f"{kind}{end}" for kind in kinds for end in ends], cells


def _answered(evaluation: Evaluation) -> NDArray[np.bool_]:
    """Whether each row has an answer."""
    return np.isin(np.arange(len(evaluation.outputs)), evaluation.answered)
