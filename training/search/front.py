"""Sizes of a network in each dtype: what they score, what they take on a chip, which is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np

from mlp_edge.errors import CheckError
from mlp_edge.training.scoring.statistics import standard_error

UNITS = {"cycles": "cycles", "instructions": "instructions", "nothing": "bytes of flash"}
"""What is counted on a chip -> what a candidate's time is in; where nothing runs, flash stands for
it."""


@dataclass(frozen=True)
class Taken:
    """What a network takes on a chip.

    Attributes:
        flash: bytes; None where it does not link.
        ram: bytes, with the deepest stack; None where that is not known.
        count: cycles or instructions of the worst case; None where nothing runs it.
        counts: which of them, or "nothing".
        ms: milliseconds of the worst case; None where no cycles are counted.
        over: why it does not fit, a clause each; () where it fits.
    """

    flash: int | None
    ram: int | None
    count: int | None
    counts: str
    ms: float | None
    over: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether chip and budget have room for it."""
        return not self.over

    @property
    def time(self) -> float:
        """What is less for a cheaper network: the worst case, or flash where nothing runs."""
        known = self.flash if self.count is None else self.count
        return float("inf") if known is None else known


@dataclass(frozen=True)
class Candidate:
    """A size in a dtype.

    Attributes:
        hidden: neurons of each hidden layer; () for none.
        dtype: float32, int8 or int24.
        parameters: weights and biases.
        folds: the metric on each fold, of networks in this dtype; () where none was trained.
        taken: what one of them takes.
        complaints: why the dtype loses too much, a clause each; () where it does not.
    """

    hidden: tuple[int, ...]
    dtype: str
    parameters: int
    folds: tuple[float, ...]
    taken: Taken
    complaints: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """Mean over the folds, less being better."""
        return fmean(self.folds) if self.folds else float("inf")

    @property
    def error(self) -> float:
        """Standard error of the score; NaN below two folds."""
        return standard_error(self.folds)

    @property
    def eligible(self) -> bool:
        """Whether it can be chosen: it was scored, it fits, and the dtype holds."""
        return bool(self.folds) and self.taken.fits and not self.complaints

    @property
    def named(self) -> str:
        """Such as "12-8 in int8"."""
        return f"{layers_named(self.hidden)} in {self.dtype}"

    @property
    def cost(self) -> tuple[float, float]:
        """By which the cheaper of two is known: time, then flash."""
        return self.taken.time, self.taken.flash or float("inf")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for model.json and the picture."""
        scored = {"score": self.score, "error": self.error} if self.folds else {}
        return {
            "hidden": list(self.hidden),
            "dtype": self.dtype,
            "parameters": self.parameters,
            "score": None,
            "error": None,
            **scored,
            "folds": list(self.folds),
            **asdict(self.taken),
            "over": list(self.taken.over),
            "complaints": list(self.complaints),
        }


@dataclass(frozen=True)
class Sized:
    """What a search for the size found.

    Attributes:
        candidates: every one that was measured.
        metric: what was scored, "log_loss" or "rmse".
        target: the chip or board.
        budget: figure -> the most it may be.
        scores: hidden layers of every size that was trained -> the metric on each fold, in float32.
        baseline: the metric of scikit-learn's linear model on each fold.
        taken: what the trained network takes; None before it was.
    """

    candidates: tuple[Candidate, ...]
    metric: str
    target: str
    budget: Mapping[str, float]
    scores: Mapping[tuple[int, ...], tuple[float, ...]]
    baseline: tuple[float, ...]
    taken: Taken | None = None

    @property
    def best(self) -> Candidate:
        """The best score of those that fit; of equal ones the cheapest.

        Raises:
            CheckError: when none fits, with the smallest that was tried and what it takes.
        """
        eligible = [one for one in self.candidates if one.eligible]
        if not eligible:
            raise CheckError(self._nothing_fits())
        return min(eligible, key=lambda one: (one.score, one.cost))

    @property
    def chosen(self) -> Candidate:
        """The cheapest of those that fit and are no worse than the best by a standard error.

        The error is that of the difference on the folds: what makes a fold hard is common to both.

        Raises:
            CheckError: when none fits.
        """
        best = self.best
        near = [one for one in self.candidates if one.eligible and self.as_good(one, best)]
        return min(near, key=lambda one: (one.cost, one.score))

    def as_good(self, one: Candidate, best: Candidate) -> bool:
        """Whether a candidate's score is within a standard error of the best one's."""
        differences = np.subtract(one.folds, best.folds)
        error = standard_error(differences)
        return float(differences.mean()) <= (error if error > 0 else 0.0)

    @property
    def front(self) -> list[Candidate]:
        """Those that are better than every cheaper one, cheapest first.

        Of those that fit, and of all that were scored: what does not fit is there where it would
        be better than all that fit.
        """
        scored = [one for one in self.candidates if one.folds and not one.complaints]
        fitting = front_of(one for one in scored if one.taken.fits)
        least = min((one.score for one in fitting), default=float("inf"))
        beyond = [one for one in front_of(scored) if not one.taken.fits and one.score < least]
        return [*fitting, *beyond]

    @property
    def passed_over(self) -> list[tuple[int, ...]]:
        """Sizes that were trained and not measured: a smaller one that fits scores as well."""
        measured = {one.hidden for one in self.candidates}
        return [hidden for hidden in self.scores if hidden not in measured]

    def without(self, candidate: Candidate, taken: Taken) -> Sized:
        """The same, with a candidate that turned out not to fit once it was trained."""
        changed = replace(candidate, taken=taken)
        others = tuple(changed if one is candidate else one for one in self.candidates)
        return replace(self, candidates=others)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for model.json."""
        front, chosen = self.front, self.chosen
        return {
            "target": self.target,
            "budget": dict(self.budget),
            "metric": self.metric,
            "folds": len(chosen.folds),
            "baseline": list(self.baseline),
            "hidden": list(chosen.hidden),
            "dtype": chosen.dtype,
            "scores": [
                {"hidden": list(hidden), "folds": list(folds)}
                for hidden, folds in self.scores.items()
            ],
            "takes": None if self.taken is None else asdict(self.taken),
            "candidates": [
                {**one.to_dict(), "front": one in front, "chosen": one is chosen}
                for one in self.candidates
            ],
        }

    def _nothing_fits(self) -> str:
        room = ",".join(f"{name}={limit:g}" for name, limit in self.budget.items())
        where = f"{self.target} within {room}" if room else self.target
        smallest = min(self.candidates, key=lambda one: (one.taken.over != (), one.cost))
        why = "; ".join(smallest.taken.over or smallest.complaints)
        return (
            f"nothing fits {where}: the smallest that was tried, {smallest.named}: {why}; a larger "
            "chip or budget would do"
        )


def layers_named(hidden: tuple[int, ...]) -> str:
    """Such as "12-8", or "no hidden layer"."""
    return "-".join(map(str, hidden)) or "no hidden layer"


def front_of(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those that are better than every cheaper one, cheapest first."""
    found: list[Candidate] = []
    for one in sorted(candidates, key=lambda one: (one.cost, one.score)):
        if not found or one.score < found[-1].score:
            found.append(one)
    return found
