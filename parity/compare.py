"""Predictions held against the original and the float64 reference, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlp_edge.mlp import Mlp, Predict, Rows
from mlp_edge.parity.rows import chosen
from mlp_edge.parity.tolerance import TOLERANCE, allowed
from mlp_edge.reference import Doubles, predict

BATCHES = (1, 7, 1024)


@dataclass(frozen=True, eq=False)
class Expected:
    """What every artifact is held to.

    Attributes:
        mlp: the network.
        rows: raw readings (n, inputs).
        original: the Keras model's float32 predictions (n, outputs), as float64.
        exact: the float64 reference's (n, outputs).
        unit: the float32 ulp (n, outputs) at max(|exact|, 2^-10 of the output's range).
    """

    mlp: Mlp
    rows: Rows
    original: Doubles
    exact: Doubles
    unit: Doubles


@dataclass(frozen=True)
class Failure:
    """The first row that differs too much: its number, what came out and what should have."""

    row: int
    output: int
    batch: int
    got: float
    expected: float
    against: str


@dataclass(frozen=True)
class Comparison:
    """The figures of one artifact on one runtime.

    Attributes:
        rows: how many different rows were compared, each at every batch size.
        from_original: largest absolute difference from the Keras model.
        from_reference: largest absolute difference from the float64 reference.
        ulps: the latter in ulp of max(|reference|, 2^-10 of the output's range).
        flips: labels that differ although the reference is further from the decision than the
            tolerance; None for a regression.
        ties: rows so near the decision that rounding alone settles their label; rows without an
            answer are none.
        failure: the first value beyond the tolerance, or None.
    """

    rows: int
    from_original: float
    from_reference: float
    ulps: float
    flips: int | None
    ties: int
    failure: Failure | None

    @property
    def passed(self) -> bool:
        """Whether every value is within the tolerance."""
        return self.failure is None and not self.flips


def expect(mlp: Mlp, rows: Rows, original: Predict) -> Expected:
    """Ask the original and the reference about each row."""
    exact = predict(mlp, rows)
    finite = exact[np.isfinite(exact)]
    spread = 1.0 if mlp.task != "regression" else float(np.ptp(finite)) if finite.size else 1.0
    floor = np.maximum(np.where(np.isfinite(exact), np.abs(exact), 0.0), (spread or 1.0) * 2.0**-10)
    with np.errstate(over="ignore"):
        unit = np.spacing(floor.astype(np.float32)).astype(np.float64)
    return Expected(mlp, rows, original(rows).astype(np.float64), exact, unit)


def compare(expected: Expected, runtime: Predict, batches: Sequence[int] = BATCHES) -> Comparison:
    """Predict every row at every batch size and hold each value to the tolerance.

    The prediction must be within it of the original and of the float64 reference both; where the
    original is not finite, the same kind of infinity or NaN is required.
    """
    results = [(size, in_batches(runtime, expected.rows, size)) for size in batches]
    failure = None
    from_original = from_reference = ulps = 0.0
    flips: int | None = None if expected.mlp.task == "regression" else 0
    decided = _decided(expected)
    for size, got in results:
        to_original = distance(got, expected.original)
        to_exact = np.where(
            np.isfinite(expected.original), distance(got, expected.exact), to_original
        )
        from_original = max(from_original, float(to_original.max()))
        from_reference = max(from_reference, float(to_exact.max()))
        ulps = max(ulps, float((to_exact / expected.unit).max()))
        failure = failure or _failure(expected, size, got, to_original, to_exact)
        if flips is not None:
            differ = chosen(expected.mlp, got) != chosen(expected.mlp, expected.original)
            flips = max(flips, int((differ & decided).sum()))
    answered = np.isfinite(expected.exact).all(axis=1)
    ties = int((~decided & answered).sum()) if flips is not None else 0
    return Comparison(len(expected.rows), from_original, from_reference, ulps, flips, ties, failure)


def in_batches(predict: Predict, rows: Rows, size: int) -> Doubles:
    """Predict in batches of exactly ``size`` rows, as float64; the rows repeat to fill the last.

    Returns:
        The predictions (n, outputs) of the n rows. A repeated row that is answered differently
        turns up as NaN, which equals nothing.
    """
    count = -(-len(rows) // size) * size
    filled = np.resize(rows, (count, rows.shape[1]))
    parts = [predict(filled[start : start + size]) for start in range(0, count, size)]
    outputs = np.vstack(parts).astype(np.float64)
    first = outputs[: len(rows)].copy()
    repeated = np.arange(len(rows), count)
    same = np.isclose(
        outputs[repeated], first[repeated % len(rows)], rtol=TOLERANCE, atol=TOLERANCE,
        equal_nan=True,
    ).all(axis=1)  # fmt: skip
    first[(repeated % len(rows))[~same]] = np.nan
    return first


def distance(got: Doubles, wanted: Doubles) -> Doubles:
    """Absolute difference; 0 for the same infinity or NaN on both sides, inf for one side."""
    with np.errstate(invalid="ignore"):
        distance = np.abs(got - wanted)
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    return np.where(same, 0.0, np.where(np.isnan(distance), np.inf, distance))


def _failure(
    expected: Expected, batch: int, got: Doubles, to_original: Doubles, to_exact: Doubles
) -> Failure | None:
    limit = allowed(np.where(np.isfinite(expected.exact), expected.exact, 0.0))
    for against, distance, wanted in (
        ("the original", to_original, expected.original),
        ("the float64 reference", to_exact, expected.exact),
    ):
        beyond = np.argwhere(~(distance <= limit))
        if len(beyond):
            row, output = (int(index) for index in beyond[0])
            return Failure(
                row, output, batch, float(got[row, output]), float(wanted[row, output]), against
            )
    return None


def _decided(expected: Expected) -> NDArray[np.bool_]:
    """Rows (n,) whose label no difference within the tolerance can change."""
    exact = expected.exact
    if expected.mlp.task == "regression":
        return np.ones(len(exact), bool)
    if expected.mlp.task == "binary":
        margin = np.abs(exact[:, 0] - float(expected.mlp.threshold))
        return np.asarray(margin > 2 * allowed(exact)[:, 0])
    ordered = np.sort(exact, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2] > 2 * allowed(ordered[:, -1]))
