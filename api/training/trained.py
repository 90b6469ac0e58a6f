"""What a training found: the network's scores, what it was compared with, and warnings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlp_edge.api.evaluation.score_sheets import TITLES, score_sheet, spread
from mlp_edge.api.result import Result, Sheet, number, warnings
from mlp_edge.files.manifest import Manifest
from mlp_edge.finding import Finding
from mlp_edge.mlp import Mlp
from mlp_edge.plots.style import MODELS
from mlp_edge.training.search.front import Sized
from mlp_edge.training.search.trials import Tuned


@dataclass(frozen=True, eq=False, repr=False)
class Training(Result):
    """What a training found. ``to_dict()`` is model.json.

    Attributes:
        manifest: what model.json holds.
        mlp: the network as plain NumPy.
        files: what was written to the model directory. These and what follows are empty for a
            model that was opened.
        reason: why the task is what it is.
        device: where it trained, and why there.
        backend: what fitted it.
        tuned: what a search for a better recipe found; None without one.
        sized: what a search for the size found; None without one.
        logged: where each library of ``log`` keeps the training.
        unlogged: what libraries could not be told.
    """

    manifest: Manifest
    mlp: Mlp
    files: tuple[str, ...] = ()
    reason: str = ""
    device: str = ""
    backend: str = ""
    tuned: Tuned | None = None
    sized: Sized | None = None
    logged: tuple[str, ...] = ()
    unlogged: tuple[Finding, ...] = ()

    @property
    def scores(self) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
        """Part (test, validation, training) -> model (mlp, linear, prior) -> metric -> value."""
        return {part: of for part, of in self.manifest.scores.items() if part != "runs"}

    @property
    def runs(self) -> Sequence[Mapping[str, Any]]:
        """Each seed with its scores by part, where several were trained."""
        every: Sequence[Mapping[str, Any]] = self.manifest.scores.get("runs", ())
        return every

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What there is to warn of: in the table, in the model, and what was not logged."""
        return (*self.manifest.warnings, *self.unlogged)

    def to_dict(self) -> dict[str, Any]:
        """Give what model.json holds.

        Returns:
            Its keys and values: what ``mlp-edge train`` prints as JSON.
        """
        held: dict[str, Any] = json.loads(self.manifest.to_json())
        return held

    def sheets(self) -> Sequence[Sheet]:
        """Set the scores in tables.

        Returns:
            One for each part of the rows, before them one of a cross-validation, behind them one
            of several seeds; warnings below the last.
        """
        found = [
            score_sheet(part, self.manifest.rows[part], of) for part, of in self.scores.items()
        ]
        if self.manifest.cross_validation is not None:
            found.insert(0, self._folds(self.manifest.cross_validation))
        if self.runs:
            found.append(self._runs())
        notes = tuple(warnings(self.findings))
        return [*found[:-1], replace(found[-1], notes=notes)]

    def _folds(self, folds: Mapping[str, Any]) -> Sheet:
        metrics = self.manifest.recipe["metrics"]
        title = f"mean ± standard deviation over {folds['folds']} folds"
        title += f", {folds['repeats']} times" if folds["repeats"] > 1 else ""
        rows = (
            (MODELS[name], *(spread(of[metric]) for metric in metrics))
            for name, of in folds["scores"].items()
        )
        return Sheet(title, ("", *metrics), tuple(rows))

    def _runs(self) -> Sheet:
        part = "test" if "test" in self.scores else "training"
        metrics = tuple(self.runs[0][part])
        rows = [
            (str(run["seed"]), *(number(run[part][metric]) for metric in metrics))
            for run in self.runs
        ]
        spreads = (spread([run[part][metric] for run in self.runs]) for metric in metrics)
        title = f"every seed, on the {TITLES[part]}"
        return Sheet(title, ("seed", *metrics), (*rows, ("mean ± standard deviation", *spreads)))
