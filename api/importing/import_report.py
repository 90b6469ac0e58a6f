"""What an import made, and how well the network fits the rows, however they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlp_edge.api.importing.fitting import AS_CHOSEN, UNSCALED, Fit
from mlp_edge.api.model import Model
from mlp_edge.api.result import Result, Sheet, number, warnings
from mlp_edge.files.writing import plain
from mlp_edge.finding import Finding

WAYS = {
    AS_CHOSEN: "scaled as chosen",
    UNSCALED: "as they are",
    "standard": "standardised by themselves",
    "min-max": "0 to 1 by themselves",
}
"""How the rows were read, in words."""


@dataclass(frozen=True, eq=False, repr=False)
class ImportReport(Result):
    """What an import made.

    Attributes:
        model: the model directory, opened.
        fit: scores of each way to read the rows; None where nothing was scored.
        findings: what there is to warn of.
    """

    model: Model
    fit: Fit | None
    findings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """What was imported, as plain values.

        Returns:
            Names, classes, scores of each way to read the rows, findings.
        """
        mlp = self.model.mlp
        scaling = mlp.scaling
        fit = self.fit
        return plain(
            {
                "model": mlp.name,
                "path": str(self.model.path),
                "network": mlp.topology,
                "task": mlp.task,
                "features": [feature.name for feature in mlp.features],
                "targets": mlp.targets,
                "labels": mlp.labels,
                "threshold": float(mlp.threshold) if mlp.task == "binary" else None,
                "scaling": scaling and {
                    "mean": scaling.mean.tolist(), "std": scaling.std.tolist(),
                },
                "rows": 0 if fit is None else fit.rows,
                "scores": {} if fit is None else {way.name: way.scores for way in fit.ways},
                "findings": [each._asdict() for each in self.findings],
            }
        )  # fmt: skip

    def sheets(self) -> Sequence[Sheet]:
        """The tables that are shown.

        Returns:
            What the model is, and the scores of each way to read the rows.
        """
        mlp = self.model.mlp
        title = f"{mlp.name}: {mlp.topology} {mlp.task}, imported into {self.model.path}"
        notes = [f"predicts {', '.join(mlp.targets)}"]
        if mlp.labels:
            notes[0] += f": {', '.join(mlp.labels)}"
        found = [Sheet(title, notes=tuple(notes))]
        if self.fit is not None:
            metrics = tuple(self.fit.ways[0].scores)
            rows = tuple(
                (WAYS[way.name], *(number(way.scores[metric]) for metric in metrics))
                for way in self.fit.ways
            )
            first = f"the first is what model.json keeps; {self.fit.rows:,} rows"
            found.append(Sheet("scores by how the rows are read", ("", *metrics), rows, (first,)))
        return found

    def remarks(self) -> Sequence[str]:
        """What is said beside the tables.

        Returns:
            Warnings, a sentence each.
        """
        return warnings(self.findings)
