"""Which columns a model's predictions rest on: permutation importance, by scikit-learn.

A column's readings are shuffled among the rows, so that they say nothing of the truth any more, and
the score is taken again (Breiman, Random Forests, 2001). What is shuffled is a column of raw
readings, with all inputs that are made of it. Where two columns say the same, the model still reads
from one what was shuffled in the other, and either may look unimportant: such columns are named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Encoding
from mlp_edge.errors import InputError
from mlp_edge.feature import Feature
from mlp_edge.lazy import require
from mlp_edge.mlp import Floats, Predict, Rows, Task
from mlp_edge.settings import setting
from mlp_edge.training.scoring.scores import METRICS, Truth

BY: dict[Task, str] = {"regression": "rmse", "binary": "log_loss", "multiclass": "log_loss"}
"""The score that is taken unless somebody names another; it moves with every prediction."""
SHUFFLES = 10
MOST_ROWS = 5000
"""Rows that are shuffled; of more as many are drawn."""
ALIKE = 0.8
"""Columns with a larger rank correlation, or association, say the same."""
BINS = 5
"""In which numbers are held against categories."""
SEED = 0


@dataclass(frozen=True)
class Importance:
    """How much worse a score is without what a column says.

    Attributes:
        metric: the score.
        rows: how many were shuffled.
        columns: column -> by how much the score got worse, the mean over ``SHUFFLES`` shuffles, and
            the standard error of that mean; the most important first.
        alike: columns that say the same.
        falls: whether the score falls when it gets worse.
        standardised: whether it is of several targets, each in units of its own standard deviation
            among these rows, as no sum of different units means anything.
    """

    metric: str
    rows: int
    columns: Mapping[str, tuple[float, float]]
    alike: tuple[tuple[str, ...], ...]
    falls: bool
    standardised: bool = False


def importance(
    features: Sequence[Feature], rows: Rows, truth: Truth, predict: Predict, metric: str
) -> Importance:
    """Shuffle each column in turn.

    Args:
        features: the columns.
        rows: raw readings (n, features) float32, each row with a prediction.
        truth: of these rows.
        predict: raw readings in, predictions out.
        metric: a name of ``METRICS``.

    Raises:
        InputError: for fewer than two rows, or a score that these rows do not have.
    """
    chosen = np.arange(len(rows))
    if len(rows) > MOST_ROWS:
        drawn = np.random.default_rng(SEED).choice(len(rows), MOST_ROWS, replace=False)
        chosen = np.sort(drawn)
    rows, truth = rows[chosen], truth.of(chosen)
    if len(rows) < 2:
        raise InputError(f"{setting('importance', True)}: one row leaves nothing to shuffle")
    standardised = METRICS[metric].in_units and truth.targets.shape[1] > 1
    if standardised:
        truth, predict = _standardised(truth, predict)
    scored = partial(_score, metric, truth, predict)
    if not math.isfinite(scored(None, rows, None)):
        raise InputError(
            f"{setting('importance', True)}: {metric} has no value on these rows; another of "
            f"{setting('metrics')} would do"
        )
    found = require("sklearn.inspection").permutation_importance(
        _Fitted(), rows, chosen, scoring=scored, n_repeats=SHUFFLES, random_state=SEED
    )
    errors = found.importances.std(axis=1, ddof=1) / math.sqrt(SHUFFLES)
    order = np.argsort(-found.importances_mean, kind="stable")
    columns = {
        features[index].name: (float(found.importances_mean[index]), float(errors[index]))
        for index in order
    }
    return Importance(
        metric, len(rows), columns, alike(features, rows), METRICS[metric].more_is_better,
        standardised,
    )  # fmt: skip


def _standardised(truth: Truth, predict: Predict) -> tuple[Truth, Predict]:
    """Targets and predictions, each in units of the target's standard deviation, if it has one."""
    deviation = truth.targets.std(axis=0, dtype=np.float64)
    deviation[deviation == 0] = 1
    scaled = replace(truth, targets=truth.targets / deviation)
    return scaled, lambda rows: predict(rows) / deviation


class _Fitted:
    """What scikit-learn takes for an estimator; the scorer predicts."""

    def fit(self, *_: Any) -> _Fitted:
        """Nothing is left to fit."""
        return self


def _score(
    metric: str, truth: Truth, predict: Predict, _model: Any, rows: Rows, _targets: Any
) -> float:
    """The score of rows, more is better, as scikit-learn asks for it."""
    outputs = predict(np.ascontiguousarray(rows, np.float32))
    if not np.isfinite(outputs).all():
        return math.nan
    of = METRICS[metric]
    value = of.score(require("sklearn.metrics"), truth, outputs)
    return value if of.more_is_better else -value


def alike(features: Sequence[Feature], rows: Rows) -> tuple[tuple[str, ...], ...]:
    """Columns that say the same, directly or by way of others, in the order of the columns.

    Numbers by Spearman's rank correlation, a missing reading in the middle; categories, and numbers
    in ``BINS`` bins, by Cramér's V.
    """
    missing = Encoding.of(features).missing(rows)
    group = list(range(len(features)))
    ranks = [_ranks(column, gone) for column, gone in zip(rows.T, missing.T, strict=True)]
    levels = [
        _binned(rank) if feature.kind == "number" else np.where(gone, np.nan, column)
        for feature, column, rank, gone in zip(features, rows.T, ranks, missing.T, strict=True)
    ]
    for one, other in combinations(range(len(features)), 2):
        both = features[one].kind == features[other].kind == "number"
        pair = (ranks if both else levels)[one], (ranks if both else levels)[other]
        if (_correlation if both else _association)(*pair) > ALIKE:
            group = [group[one] if each == group[other] else each for each in group]
    sets = [[i for i, each in enumerate(group) if each == first] for first in dict.fromkeys(group)]
    return tuple(tuple(features[i].name for i in each) for each in sets if len(each) > 1)


def _ranks(column: Floats, missing: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Ranks from their mean on, 0 where a reading is missing."""
    found = np.zeros(len(column))
    known = column[~missing]
    found[~missing] = require("scipy.stats").rankdata(known) - (len(known) + 1) / 2
    return found


def _binned(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    edges = np.quantile(ranks, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.searchsorted(edges, ranks, side="left").astype(np.float64)


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    size = math.sqrt(float(one @ one) * float(other @ other))
    return abs(float(one @ other)) / size if size else 0.0


def _association(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    codes = [np.unique(each, return_inverse=True)[1] for each in (one, other)]
    table = np.zeros([int(each.max()) + 1 for each in codes], np.int64)
    np.add.at(table, tuple(codes), 1)
    if min(table.shape) < 2:
        return 0.0
    return float(require("scipy.stats.contingency").association(table, method="cramer"))
