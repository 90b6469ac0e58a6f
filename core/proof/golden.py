"""Golden rows: rows made from the declared ranges, with the predictions of every sound runtime.

They travel inside an artifact. The rows follow from the card (ranges, codes, fills, sentinels),
never from a table, so nobody's readings travel with them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import ROUND_CEILING, Context
from typing import Any, NamedTuple

import numpy as np

from mlp_edge.errors import ModelError, first_line
from mlp_edge.feature import Feature
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Floats, Mlp, Predict
from mlp_edge.proof.bound import bound
from mlp_edge.reading import parse_json
from mlp_edge.reference import Doubles, distance, predict

_TWO_DIGITS = Context(prec=2, rounding=ROUND_CEILING)


class Golden(NamedTuple):
    """Rows, their predictions, and how far a prediction may be off.

    Attributes:
        rows: (n, inputs) float32 raw readings; NaN where one is missing.
        predictions: (n, outputs) float32; NaN where a missing reading has no fill.
        bounds: (n, outputs) float64, finite, the largest |prediction - expected| of a sound
            runtime.
    """

    rows: Floats
    predictions: Floats
    bounds: Doubles

    def to_json(self) -> str:
        """One line of JSON: null for NaN, float32 numbers in the fewest digits that read back."""
        tables = {"rows": _digits(self.rows), "answers": _digits(self.predictions)}
        return json.dumps({**tables, "bounds": self.bounds.tolist()}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str, source: object) -> Golden:
        """Read what ``to_json`` wrote.

        Raises:
            ModelError: naming ``source``, when it makes no sense.
        """
        try:
            values = parse_json(text)
            rows, predictions, bounds = (
                _table(values[name]) for name in ("rows", "answers", "bounds")
            )
            if len(rows) != len(predictions) or predictions.shape != bounds.shape:
                raise ValueError("tables of different sizes")
            if not (np.isfinite(bounds) & (bounds >= 0)).all():
                raise ValueError("a bound that is none")
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise ModelError(
                f"{source}: its golden rows are damaged ({first_line(error)})"
            ) from error
        with np.errstate(over="ignore"):
            return cls(rows.astype(np.float32), predictions.astype(np.float32), bounds)


def golden(mlp: Mlp) -> Golden:
    """The golden rows of a model: predictions of the float64 reference, with proved bounds.

    Rows on which a sum may leave float32 have no bound and are left out.
    """
    rows = np.array([*readings(mlp).values()], np.float32)
    exact = predict(mlp, rows)
    with np.errstate(over="ignore", invalid="ignore"):
        predictions = exact.astype(np.float32)
        rounding = np.abs(predictions - exact)
        bounds = bound(mlp, rows) + np.where(np.isnan(exact), 0, rounding)
    kept = np.isfinite(bounds).all(axis=1)
    return Golden(rows[kept], predictions[kept], rounded_up(bounds[kept]))


def golden_integers(mlp: Mlp, quantised: Quantised) -> Golden:
    """The golden rows of a model in integers, to be predicted to the bit."""
    rows = np.array([*readings(mlp).values()], np.float32)
    predictions = predict_quantised(mlp, quantised, rows)
    return Golden(rows, predictions, np.zeros(predictions.shape))


def readings(mlp: Mlp) -> dict[str, Floats]:
    """Rows (inputs,) float32 from what the features declare, by what they are."""
    named = {}
    for what, values in _rows(mlp):
        with np.errstate(over="ignore"):
            row = np.array(values, np.float32)
        # Processors flush a subnormal number to 0, which may be a code or a sentinel.
        named[what] = np.where(np.abs(row) < np.finfo(np.float32).tiny, np.float32(0), row)
    return named


def disagreement(golden: Golden, predict: Predict) -> str | None:
    """Describe the first golden row that a runtime predicts beyond its bound; None without one.

    Args:
        golden: the rows; NaN is expected where a prediction is NaN, and nowhere else.
        predict: the runtime.
    """
    predictions = predict(golden.rows)
    if predictions.shape != golden.predictions.shape:
        expected = golden.predictions.shape
        return f"predictions of shape {predictions.shape} where {expected} belongs"
    off = distance(predictions.astype(np.float64), golden.predictions.astype(np.float64))
    misses = np.argwhere(~(off <= golden.bounds))
    if not len(misses):
        return None
    row, output = misses[0]
    return (
        f"golden row {row + 1} of {len(predictions)}, output {output + 1}: "
        f"{predictions[row, output]!s} where {golden.predictions[row, output]!s} "
        f"± {golden.bounds[row, output]:g} belongs"
    )


def rounded_up(values: Doubles) -> Doubles:
    """Each number rounded up to two digits.

    The last bits of float64 differ from machine to machine, the bytes of an artifact must not.
    """
    digits = [float(_TWO_DIGITS.create_decimal_from_float(value)) for value in values.flat]
    return np.array(digits, np.float64).reshape(values.shape)


def _rows(mlp: Mlp) -> Iterator[tuple[str, list[float]]]:
    low, middle, high = zip(*map(_levels, mlp.features), strict=True)
    yield "every reading at its lowest", [*low]
    yield "in the middle", [*middle]
    yield "at its highest", [*high]
    if mlp.inputs > 1:
        pairs = [*zip(low, high, strict=True)]
        yield "lowest and highest in turn", [pair[i % 2] for i, pair in enumerate(pairs)]
        yield "highest and lowest in turn", [pair[1 - i % 2] for i, pair in enumerate(pairs)]
    encoding = mlp.encoding
    if encoding.imputes:
        filled = [feature.fill is not None for feature in mlp.features]
        yield "missing where it is filled", np.where(filled, np.nan, middle).tolist()
    if encoding.has_sentinels:
        sentinels = np.where(np.isnan(encoding.sentinel), middle, encoding.sentinel)
        yield "a sentinel where it has one", sentinels.tolist()
    if encoding.rejects:
        first = [feature.fill for feature in mlp.features].index(None)
        yield (
            f"[{first}] missing",
            [np.nan if i == first else value for i, value in enumerate(middle)],
        )


def _levels(feature: Feature) -> tuple[float, float, float]:
    """Low, middle and high of what was seen in training; -1, 0, 1 where nobody knows."""
    if feature.codes:
        codes = sorted(feature.codes)
        return codes[0], codes[len(codes) // 2], codes[-1]
    if feature.low is None or feature.high is None:
        return -1.0, 0.0, 1.0
    return feature.low, feature.low + (feature.high - feature.low) / 2, feature.high


def _digits(table: Floats) -> list[list[float | None]]:
    return [[None if np.isnan(value) else float(str(value)) for value in row] for row in table]


def _table(lists: Any) -> Doubles:
    """Lists of numbers, None for NaN, as (n, width) float64."""
    rows = [[np.nan if value is None else value for value in row] for row in lists]
    return np.array(rows, np.float64).reshape(len(rows), len(rows[0]) if rows else 0)
