"""Imputers of scikit-learn: what counts where a reading is missing, and columns that say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.readers.sklearn.columns import Absent, Column, Missing, Number, plain
from mlp_edge.readers.sklearn.step import Step


def imputed(step: Step, columns: Sequence[Column]) -> Iterator[Column]:
    """What a SimpleImputer makes of columns.

    Raises:
        ModelError: for a column or a marker that cannot be imputed on a device.
    """
    estimator = step.estimator
    marker = _marker(step)
    statistics = estimator.statistics_.copy()
    for place, (column, fill) in enumerate(zip(columns, map(plain, statistics), strict=True)):
        if not isinstance(fill, Absent):
            filled, statistics[place] = _filled(step, column, marker, fill)
            yield filled
        # Else the column was empty when it was fitted, and is left out.
    step.readings.adapted.append((estimator, {"statistics_": statistics}))
    if estimator.add_indicator:
        yield from _indicators(step, estimator.indicator_.features_, columns)


def indicators(step: Step, columns: Sequence[Column]) -> Iterator[Column]:
    """What a MissingIndicator makes of columns."""
    yield from _indicators(step, step.estimator.features_, columns)


def _indicators(step: Step, places: Sequence[int], columns: Sequence[Column]) -> Iterator[Column]:
    marker = _marker(step)
    for place in places:
        number = next(iter(columns[place].terms), None)
        if columns[place].number is None or not isinstance(number, Number):
            raise ModelError(_mixed(step))
        yield Column({Missing(number.given._replace(marker=marker, fill=None)): 1.0})


def _marker(step: Step) -> float | str | None:
    """The reading that means "missing" beside NaN, as a file can hold it."""
    marker = plain(step.estimator.missing_values)
    if isinstance(marker, Absent):
        return None
    if isinstance(marker, str):
        if marker and marker.lower() == marker.upper():
            return marker
        raise ModelError(
            f"{step.source} takes {marker!r:.40} for a missing reading; "
            "missing_values=np.nan would do, or a text without letters"
        )
    if float(np.float32(marker)) != marker:
        raise ModelError(f"{step.source} takes {marker!r:.40}, which is no float32 number, for a "
                         "missing reading")  # fmt: skip
    return float(marker)


def _filled(
    step: Step, column: Column, marker: float | str | None, fill: str | float
) -> tuple[Column, str | float]:
    """The column, and what fills it: a float32 number, as readings are, or a category."""
    given = column.raw
    number = column.scaled_number
    if (
        number is not None
        and number.given.fill is not None
        and marker in (None, number.given.marker)
    ):
        return column, fill  # nothing is missing any more
    if given is not None and given.fill is None:
        if not isinstance(fill, str):
            fill = float(np.float32(fill))
        if marker is None:
            step.readings.absent[given.feature] = step.estimator.missing_values
        return Column({Number(given._replace(marker=marker, fill=fill)): 1.0}), fill
    if number is None or number.given.fill is not None or marker is not None:
        raise ModelError(_mixed(step))
    # It stands behind a scaler: what fills is the reading that scales to it.
    reading = float(np.float32(float(fill) * number.std + number.mean))
    filled = number._replace(given=number.given._replace(fill=reading))
    return Column({filled: 1.0}), (reading - number.mean) / number.std  # within its ends, if any


def _mixed(step: Step) -> str:
    return f"{step.source} follows steps that mix, encode or impute; the first step would do"
