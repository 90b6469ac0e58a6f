"""What an estimator of scikit-learn itself predicts for rows of readings: the original."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import require
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.proof.original import PredictAny
from mlp_edge.readers.sklearn.columns import Absent, Readings
from mlp_edge.readers.sklearn.inputs import Source
from mlp_edge.reference import predict as exact


def original_of(
    estimator: Any, readings: Readings, named: bool, sources: Sequence[Source], mlp: Mlp
) -> PredictAny:
    """The prediction of an estimator for raw readings.

    Readings go in as the float64 numbers that they are, so scikit-learn computes in float64.

    Args:
        estimator: fitted; nobody else changes it.
        readings: what it takes.
        named: whether as a data frame.
        sources: of the network's features.
        mlp: the network.

    Returns:
        Raw readings (n, inputs) float32 in, predictions (n, outputs) float64 out: probabilities or
        values. For rows that an estimator refuses (a missing reading that nothing fills, an
        infinite one) those of the float64 reference.
    """

    def predict(rows: Rows) -> NDArray[Any]:
        found = exact(mlp, rows)
        asked = ~mlp.encoding.rejected(rows) & ~np.isinf(rows).any(axis=1)
        if asked.any():
            columns = [
                np.full(int(asked.sum()), *_any_reading(readings, place))
                for place in range(len(readings.names))
            ]
            for source, given in zip(sources, rows[asked].T, strict=True):
                columns[source.place] = _column(source, given)
            table = _table(columns, readings.names if named else None)
            found[asked] = _asked(estimator, table, mlp)
        return found

    return predict


def _any_reading(readings: Readings, place: int) -> tuple[Any, type]:
    """What a column may hold on which nothing depends, and the type of the column."""
    known = [each for each in readings.categories.get(place, ()) if not isinstance(each, Absent)]
    return (known[0], object) if known else (0.0, float)


def _asked(estimator: Any, table: Any, mlp: Mlp) -> NDArray[Any]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # it tells of unknown categories
        if mlp.task == "regression":
            found = np.asarray(estimator.predict(table))
        else:
            found = np.asarray(estimator.predict_proba(table))[:, -mlp.outputs :]
    return found.reshape(-1, mlp.outputs)


def _column(source: Source, readings: NDArray[np.float32]) -> NDArray[Any]:
    """Readings as the estimator takes them: categories as themselves."""
    if not source.categories:
        numbers = readings.astype(np.float64)
        return np.where(np.isnan(numbers), source.missing, numbers)
    meaning: dict[float, Any] = {
        code: source.missing if isinstance(category, Absent) else category
        for code, category in source.categories.items()
    }
    found = np.empty(len(readings), object)
    found[:] = [
        source.missing if np.isnan(reading) else meaning.get(reading, source.unknown)
        for reading in readings.tolist()
    ]
    return found


def _table(columns: Sequence[NDArray[Any]], names: Sequence[str] | None) -> Any:
    if names is None:
        texts = any(column.dtype == object for column in columns)
        return np.column_stack([column.astype(object) if texts else column for column in columns])
    frames = sys.modules.get("pandas") or sys.modules.get("polars") or require("pandas", "dev")
    return frames.DataFrame(dict(zip(names, columns, strict=True)))
