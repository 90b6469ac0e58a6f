"""What predictions do when one reading moves: partial dependence, by scikit-learn.

The readings of one column are set to a value in every row, and the predictions are averaged (J. H.
Friedman, "Greedy function approximation", Annals of Statistics 29, 2001); and so for each value of
a grid. Where columns follow each other, some of these rows are unlike any that occurs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.api.reporting.numbers import short, shorts
from mlp_edge.encoding import Encoding
from mlp_edge.feature import Feature
from mlp_edge.lazy import require
from mlp_edge.mlp import Floats, Predict, Rows

POINTS = 25
"""Values of a number, between the percentiles ``WITHIN`` of the rows."""
WITHIN = (0.05, 0.95)
BUDGET = 2_000_000
"""Predictions that all columns together may take."""
ROWS = (20, 1000)
"""Least and most rows that are averaged."""
MOST_FEATURES = 64
"""Columns that are looked at, the most important first."""
SEED = 0


def dependence(
    features: Sequence[Feature], rows: Rows, predict: Predict, first: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """A record for each feature, in the order of the features.

    Args:
        features: the columns.
        rows: raw readings (n, features) float32, each with a prediction.
        predict: raw readings in, predictions out.
        first: names of the features, the most important first, where there are very many.

    Returns:
        For each its name and kind, the values of its grid (of a category their names as well), the
        mean prediction at each of them for every output, and the same where the reading is missing.
    """
    names = [feature.name for feature in features]
    ordered = [names.index(name) for name in first] or list(range(len(names)))
    chosen = sorted(ordered[:MOST_FEATURES])
    rows = _some(rows, len(chosen))
    model = _estimator(predict)
    return [_of_feature(features, index, rows, model, predict) for index in chosen]


def _some(rows: Rows, features: int) -> Rows:
    """As many rows as the budget has predictions for."""
    least, most = ROWS
    count = min(most, max(least, BUDGET // (POINTS * max(1, features))))
    if len(rows) <= count:
        return rows
    return rows[np.sort(np.random.default_rng(SEED).choice(len(rows), count, replace=False))]


def _estimator(predict: Predict) -> Any:
    """What scikit-learn takes for a fitted regressor: it gives the model's outputs."""
    kinds = require("sklearn.base")

    def of_rows(_self: Any, rows: Any) -> Floats:
        outputs = predict(np.ascontiguousarray(rows, np.float32))
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    members = {
        "fit": lambda self, *_: self,
        "predict": of_rows,
        "__sklearn_is_fitted__": lambda _: True,
    }
    return type("Exported", (kinds.RegressorMixin, kinds.BaseEstimator), members)()


def _of_feature(
    features: Sequence[Feature], index: int, rows: Rows, model: Any, predict: Predict
) -> dict[str, Any]:
    feature = features[index]
    grid = _grid(feature, rows[~Encoding.of(features).missing(rows)[:, index], index])
    record: dict[str, Any] = {
        "feature": feature.name,
        "kind": feature.kind,
        "grid": list(feature.categories) or [float(str(value)) for value in grid],
        "mean": [],
        "missing": None,
    }
    if len(grid):
        found = require("sklearn.inspection").partial_dependence(
            model, rows, [index], custom_values={index: grid}, method="brute"
        )
        record["mean"] = [shorts(output) for output in found["average"]]
    if feature.fill is not None:
        without = rows.copy()
        without[:, index] = np.nan
        record["missing"] = [short(mean) for mean in predict(without).mean(axis=0, dtype=float)]
    return record


def _grid(feature: Feature, known: Floats) -> NDArray[np.float32]:
    """Every category; of numbers those that occur, or some between percentiles of them."""
    if feature.codes:
        return np.array(feature.codes, np.float32)
    different = np.unique(known)
    if len(different) <= POINTS:
        return different
    low, high = np.quantile(known.astype(np.float64), WITHIN)
    return np.unique(np.array(shorts(np.linspace(low, high, POINTS)), np.float32))
