"""Networks of folds on a chip: what they score in each dtype, and whether one of them fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.mlp import Floats, Mlp, Rows
from mlp_edge.training.cross_validation import fold_runs, fold_value
from mlp_edge.training.parts import Parts
from mlp_edge.training.run import Job, as_mlp, calibration_rows, score_rows, untrained
from mlp_edge.training.search.front import Taken

FLOAT32 = "float32"


class FoldNetwork(NamedTuple):
    """A network of a fold, with the rows that it is quantised with and judged by.

    Attributes:
        mlp: the network.
        calibration: raw readings (n, inputs) of rows that it learned from.
        rows: raw readings (n, inputs) of rows that it never saw.
        targets: what is right for those (n,) or (n, outputs).
    """

    mlp: Mlp
    calibration: Rows
    rows: Rows
    targets: NDArray[np.generic]


class Judged(NamedTuple):
    """Networks of folds in a dtype.

    Attributes:
        outputs: the predictions (n, outputs) of each for its rows.
        complaints: why the dtype loses too much, a clause each; () where it does not.
    """

    outputs: Sequence[Floats]
    complaints: tuple[str, ...]


class Chip(Protocol):
    """What is asked of a chip, and of the dtypes that a network can have on it."""

    @property
    def target(self) -> str:
        """Its name."""

    @property
    def budget(self) -> Mapping[str, float]:
        """Name of a figure -> the most it may be."""

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Those that are tried, the least exact first."""

    def judged(self, networks: Sequence[FoldNetwork], dtype: str) -> Judged:
        """What networks predict in integers.

        Raises:
            ModelError: for networks that have no such integers.
        """

    def takes(self, mlp: Mlp, calibration: Rows, dtype: str) -> Taken:
        """What a network takes there, measured.

        Raises:
            ModelError: for a network that has no such integers.
        """


@dataclass(frozen=True, eq=False)
class FoldNetworks:
    """A recipe that was trained on every fold.

    Attributes:
        job: with the recipe.
        chosen: the parts of each fold.
        metric: what is scored.
        mlps: the network of each fold.
        folds: the metric on each, in float32.
    """

    job: Job
    chosen: Sequence[Parts]
    metric: str
    mlps: tuple[Mlp, ...]
    folds: tuple[float, ...]

    @property
    def networks(self) -> list[FoldNetwork]:
        """Each with its rows."""
        return [self._network(*each) for each in zip(self.mlps, self.chosen, strict=True)]

    def scored(self, chip: Chip, dtype: str) -> tuple[tuple[float, ...], tuple[str, ...]]:
        """The metric on each fold in a dtype, and why that loses too much.

        Raises:
            ModelError: for networks that have no such integers.
        """
        if dtype == FLOAT32:
            return self.folds, ()
        outputs, complaints = chip.judged(self.networks, dtype)
        return tuple(map(self._score, self.mlps, self.chosen, outputs)), complaints

    def _network(self, mlp: Mlp, parts: Parts) -> FoldNetwork:
        rows, targets = self.job.examples.rows, self.job.examples.targets
        learned = calibration_rows(parts, self.job.recipe.seed)
        return FoldNetwork(mlp, rows[learned], rows[parts.test], targets[parts.test])

    def _score(self, mlp: Mlp, parts: Parts, outputs: Floats) -> float:
        scores = score_rows(self.job, parts.test, outputs, mlp.threshold, (self.metric,))
        return scores[self.metric]


def fold_networks(
    job: Job, chosen: Sequence[Parts], metric: str, after: Callable[[], None] = lambda: None
) -> FoldNetworks:
    """Train the job's recipe on every fold; ``after`` is called after each.

    Raises:
        RecipeError: when a network diverges.
    """
    mlps, folds = [], []
    for fold, run in fold_runs(job, chosen):
        mlps.append(as_mlp(fold, run.model, run.threshold))
        folds.append(fold_value(fold, run, metric))
        after()
    return FoldNetworks(job, chosen, metric, tuple(mlps), tuple(folds))


def room(job: Job, chip: Chip, dtypes: Sequence[str]) -> dict[str, Taken]:
    """What the job's network takes before it is trained, in one dtype after another.

    The first one that fits ends it. Costs hardly depend on the weights: this tells what there is no
    point in training.
    """
    mlp, rows = untrained(job), job.examples.rows[calibration_rows(job.parts, job.recipe.seed)]
    found: dict[str, Taken] = {}
    for dtype in dtypes:
        try:
            found[dtype] = chip.takes(mlp, rows, dtype)
        except ModelError:  # the activations have no integers
            if dtype == FLOAT32:
                raise
            continue
        if found[dtype].fits:
            break
    return found
