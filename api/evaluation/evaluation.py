"""What an evaluation finds: scores beside those of the baselines, and the rows behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.api.evaluation.rows import rows_csv
from mlp_edge.api.evaluation.score_sheets import (
    Intervals,
    Scores,
    comparison_sheet,
    confusion_sheet,
    importance_sheet,
    record_sheet,
    score_sheet,
)
from mlp_edge.api.evaluation.scored_rows import ScoredRows
from mlp_edge.api.result import Result, Sheet, warnings
from mlp_edge.files.writing import plain
from mlp_edge.finding import Finding

if TYPE_CHECKING:
    from mlp_edge.training.scoring.importance import Importance


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Result):
    """How good a model is, beside what it has to beat.

    Attributes:
        table: as it was named, or what kind of table it is; None for the held-out rows.
        scored: the rows with their predictions.
        runtime: what predicted.
        dtype: of what predicted.
        notes: what is said of the rows beside the findings about them.
        files: that were written.
        importance: which columns a score rests on, where that was asked for.
    """

    table: str | None
    scored: ScoredRows
    runtime: str
    dtype: str
    notes: tuple[Finding, ...] = ()
    files: tuple[Path, ...] = ()
    importance: Importance | None = None

    @property
    def predictions(self) -> NDArray[np.float32]:
        """For every row (n, outputs) float32; NaN where there is none."""
        return self.scored.outputs

    @property
    def scores(self) -> Scores:
        """Model -> metric -> value: of mlp, and of linear and prior where training knew them."""
        return self.scored.scores

    @property
    def intervals(self) -> Intervals:
        """Model -> metric -> the ends of its 95 % interval, for the metrics that have one."""
        return self.scored.intervals

    @property
    def confusion(self) -> NDArray[np.int64] | None:
        """Counts (classes, classes): the truth in rows, predictions in columns; or None."""
        return self.scored.confusion

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What to know of the table and of the scores."""
        return (*self.scored.table_findings, *self.scored.findings)

    @property
    def unanswered(self) -> int:
        """How many rows have no prediction and are not scored."""
        return len(self.scored.outputs) - len(self.scored.predicted)

    def rows_csv(self, *, spreadsheet_safe: bool = False) -> str:
        """The table with truth, prediction, probabilities and outcome of each row, as CSV.

        Args:
            spreadsheet_safe: write words that a spreadsheet would compute, such as =A1, with a '
                before them.

        Returns:
            The text of the file.
        """
        return rows_csv(self.scored, spreadsheet_safe)

    def to_dict(self) -> dict[str, Any]:
        """The evaluation as plain values.

        Returns:
            What the command prints as JSON: scores, intervals, counts, findings, files.
        """
        scored, manifest = self.scored, self.scored.manifest
        told = {
            "model": manifest.name,
            "table": self.table,
            "rows": len(scored.predicted),
            "unanswered": self.unanswered,
            "runtime": self.runtime,
            "dtype": self.dtype,
            "scores": self.scores,
            "intervals": self.intervals,
            "labels": manifest.labels,
            "per_class": scored.per_class,
            "per_target": scored.per_target,
            "confusion": None if self.confusion is None else self.confusion.tolist(),
            "threshold": float(scored.threshold) if manifest.task == "binary" else None,
            "importance": None if self.importance is None else asdict(self.importance),
            "findings": [each._asdict() for each in self.findings],
            "files": [str(file) for file in self.files],
        }
        return plain(told)

    def sheets(self) -> Sequence[Sheet]:
        """The tables that are shown.

        Returns:
            Scores, then each class or target, then what is confused.
        """
        scored, manifest = self.scored, self.scored.manifest
        shown = comparison_sheet if len(scored.metrics) > 1 else score_sheet
        sheets = [shown(scored.part, len(scored.predicted), self.scores, self.intervals)]
        if scored.per_class is not None:
            sheets.append(record_sheet("each class; its auc against the rest", scored.per_class))
        if scored.per_target is not None and len(scored.per_target) > 1:
            sheets.append(record_sheet("each target", scored.per_target))
        if self.confusion is not None:
            sheets.append(confusion_sheet(manifest.labels, self.confusion))
        if self.importance is not None:
            sheets.append(importance_sheet(self.importance))
        lines = [f"predicted by {self.runtime}"]
        if self.dtype != "float32":
            lines[0] += f" in {self.dtype}"
        if manifest.task == "binary":
            says = f"predicts {manifest.labels[1]} where the probability is above"
            lines.insert(0, f"{says} {scored.threshold:.4g}")
        return [*sheets, Sheet(lines[0], notes=tuple(lines[1:]))]

    def remarks(self) -> Sequence[str]:
        """What is said beside the tables.

        Returns:
            Warnings, a sentence each.
        """
        return warnings((*self.notes, *self.findings))
