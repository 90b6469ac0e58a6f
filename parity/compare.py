"""Predictions held against the original and the float64 reference, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.card import Classes, predicted_classes
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.proof.accuracy import ANY, EIGEN, Accuracy
from mlp_edge.proof.bound import EXACTLY, Slacks, bound, share, work
from mlp_edge.proof.kinds import ABOVE, BELOW, FINITE, NAN, UNKNOWN, Codes, kinds
from mlp_edge.proof.original import PredictAny
from mlp_edge.reference import Doubles, distance, predict

BATCHES = (1, 7, 1024)
AFFORDABLE = 300_000
"""Multiply-adds that the bound of a row may take to be asked for often: per runtime, per trial."""
VACUOUS = 1e-3
"""A bound above this share of the output's range proves nothing that a reader would care for."""
ANY_NUMBER = float(np.finfo(np.float64).max)
"""The limit of an answer of which no more is claimed than that it is finite."""


class Held(NamedTuple):
    """What answers are compared with, each (n, outputs).

    Attributes:
        wanted: the exact answers; where no bound is claimed of one but its kind is, NaN or an
            infinity in the place of a number that only float64 can hold.
        limit: how far a prediction may be off: its bound; 0 where only the kind is claimed, and
            ANY_NUMBER where that is to be finite; infinity where nothing is claimed.
        by_kind: where only the kind is claimed.
    """

    wanted: Doubles
    limit: Doubles
    by_kind: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Expected:
    """What every artifact is held to.

    Attributes:
        mlp: the network.
        rows: raw readings (n, inputs).
        original: the original's predictions (n, outputs), as float64.
        exact: the float64 reference's (n, outputs).
        span: of each output (outputs,): 1 for a probability, else what the real rows span.
        within: (n,), which rows lie in the declared ranges.
        decisive: (n,), which rows have to have a bound of use: real ones, those in the ranges.
        reduced_precision: whether the network is the original's in reduced precision: then
            nobody is held to the original's answers.
        own: (n, outputs), how far the original may be from the exact answers; None where that is
            the bound of Keras.
        slacks: how far the numbers that are computed with may be from the network's.
    """

    mlp: Mlp
    rows: Rows
    original: Doubles
    exact: Doubles
    span: Doubles
    within: NDArray[np.bool_]
    decisive: NDArray[np.bool_]
    reduced_precision: bool = False
    own: Doubles | None = None
    slacks: Slacks = field(default_factory=lambda: EXACTLY)
    _bounds: dict[tuple[Accuracy, ...], Doubles] = field(default_factory=dict)

    def bound(self, accuracy: Mapping[str, Accuracy]) -> Doubles:
        """The proved bound (n, outputs) on |prediction - exact|; computed once per accuracy.

        A network for which that takes long has one bound for every runtime.
        """
        stated = accuracy if work(self.mlp) <= AFFORDABLE else ANY
        key = tuple(stated[layer.activation] for layer in self.mlp.layers)
        if key not in self._bounds:
            found = bound(self.mlp, self.rows, stated, self.slacks)
            found = np.where(np.isnan(found), np.inf, found)
            # Both are proved, and the certificate is of what holds for any runtime.
            self._bounds[key] = found if stated is ANY else np.minimum(found, self.bound(ANY))
        return self._bounds[key]

    @cached_property
    def kinds(self) -> Codes:
        """The kind (n, outputs) of each answer without a bound: see ``mlp_edge.proof.kinds``."""
        found = np.full(self.exact.shape, UNKNOWN, np.int8)
        unbounded = np.isinf(self.bound(ANY)).any(axis=1)
        found[unbounded] = kinds(self.mlp, self.rows[unbounded])
        return found

    def held(self, bound: Doubles) -> Held:
        """What is claimed of each answer, given its bound (n, outputs)."""
        by_kind = np.isinf(bound) & (self.kinds != UNKNOWN)
        wanted, limit = self.exact.copy(), bound.copy()
        for kind, answer in ((NAN, np.nan), (ABOVE, np.inf), (BELOW, -np.inf)):
            wanted[by_kind & (self.kinds == kind)] = answer
        limit[by_kind] = np.where(self.kinds == FINITE, ANY_NUMBER, 0.0)[by_kind]
        return Held(wanted, limit, by_kind)

    def only(self, kept: NDArray[np.bool_]) -> Expected:
        """The same for some of the rows."""
        rows = np.ascontiguousarray(self.rows[kept])
        bounds = {key: found[kept] for key, found in self._bounds.items()}
        return replace(
            self,
            rows=rows,
            original=self.original[kept],
            exact=self.exact[kept],
            within=self.within[kept],
            decisive=self.decisive[kept],
            own=None if self.own is None else self.own[kept],
            _bounds=bounds,
        )


@dataclass(frozen=True)
class Failure:
    """The first row that differs too much: its number, what came out and what should have."""

    row: int
    output: int
    batch: int
    got: float
    expected: float
    bound: float
    against: str

    @property
    def by_kind(self) -> bool:
        """Whether it is of another kind: NaN, an infinity, a finite number."""
        return not np.isfinite([self.got, self.expected]).all()


@dataclass(frozen=True)
class Comparison:
    """The figures of one artifact on one runtime.

    Attributes:
        rows: how many different rows were compared, each at every batch size.
        by_kind: how many of them have an answer without a bound, which is held to its kind: NaN, an
            infinity or a finite number, and so to whether it has a label.
        from_original: largest absolute difference from the original, in the declared ranges.
        from_reference: largest absolute difference from the float64 reference, there.
        bound: the largest proved bound on the latter, there.
        of_bound: the largest difference in units of its own row's bound, of all rows.
        of_range: the largest share of an output's range that a bound is, of rows that have to have
            one of use; outside the declared ranges, of the answer where that is larger.
        flips: labels that differ, or are missing, although the reference is further from the
            decision than the bound; None for a regression.
        ties: rows so near the decision that rounding alone settles their label; rows without an
            answer are none.
        failure: the first value beyond its bound, or None.
    """

    rows: int
    by_kind: int
    from_original: float
    from_reference: float
    bound: float
    of_bound: float
    of_range: float
    flips: int | None
    ties: int
    failure: Failure | None

    @property
    def passed(self) -> bool:
        """Whether every value is within its bound."""
        return self.failure is None and not self.flips

    @property
    def vacuous(self) -> bool:
        """Whether some bound is so wide that keeping to it proves nothing."""
        return not self.of_range <= VACUOUS


def expect(
    mlp: Mlp,
    rows: Rows,
    original: PredictAny,
    real: int | None = None,
    within: NDArray[np.bool_] | None = None,
) -> Expected:
    """Ask the original and the reference about each row.

    Args:
        mlp: the network.
        rows: raw readings (n, inputs).
        original: what predicts as the original.
        real: so many of them, the first, are real; they tell the range. By default all.
        within: (n,), which lie in the declared ranges. By default all.
    """
    exact = predict(mlp, rows)
    span = output_range(mlp, exact[:real])
    within = np.ones(len(rows), bool) if within is None else within
    decisive = within | (np.arange(len(rows)) < (real or 0))
    answers = original(rows).astype(np.float64)
    return Expected(mlp, rows, answers, exact, span, within, decisive)


def output_range(mlp: Mlp, exact: Doubles) -> Doubles:
    """How far each output (outputs,) ranges: 1 for a probability, else what answers span.

    An output that never changes counts with its size, and one that is always 0 with 1.
    """
    if mlp.task != "regression":
        return np.ones(mlp.outputs)
    finite = exact[np.isfinite(exact).all(axis=1)]
    if not len(finite):
        return np.ones(mlp.outputs)
    span, size = np.ptp(finite, axis=0), np.abs(finite).max(axis=0)
    return np.where(span > 0, span, np.where(size > 0, size, 1.0))


def of_range(expected: Expected, bound: Doubles) -> Doubles:
    """Bounds (n, outputs) as shares of the range; outside, of the answer where that is larger."""
    size = np.where(np.isfinite(expected.exact), np.abs(expected.exact), 0.0)
    outside = ~expected.within[:, None]
    return np.asarray(bound / np.where(outside, np.maximum(size, expected.span), expected.span))


def compare(
    expected: Expected,
    runtime: PredictAny,
    accuracy: Mapping[str, Accuracy] = ANY,
    batches: Sequence[int] = BATCHES,
) -> Comparison:
    """Predict every row at every batch size and hold each value to its bound.

    The prediction must be within its bound of the float64 reference, and within that and the
    original's own of the original, unless the network is one of reduced precision; where the exact
    answer is no number, the same kind is required.
    """
    bound = expected.bound(accuracy)
    own = expected.bound(EIGEN) if expected.own is None else expected.own
    held = expected.held(bound)
    # Twice: two answers to one row may be off on either side.
    apart = np.where(held.by_kind, held.limit, 2 * bound)
    results = [(size, in_batches(runtime, expected.rows, size, apart)) for size in batches]
    failure = None
    from_original = from_reference = of_bound = 0.0
    within = expected.within
    flips: int | None = None if expected.mlp.task == "regression" else 0
    decided = settled(expected.mlp, held.wanted, held.limit)
    for size, got in results:
        to_original = distance(got, expected.original)
        to_exact = distance(got, held.wanted)
        from_original = max(from_original, float(to_original[within].max(initial=0.0)))
        from_reference = max(from_reference, float(to_exact[within].max(initial=0.0)))
        of_bound = max(of_bound, float(share(to_exact, held.limit).max()))
        failure = (
            failure
            or _failure(size, got, held.wanted, held.limit, "the exact answer")
            or (
                None
                if expected.reduced_precision
                else _failure(size, got, expected.original, bound + own, "the original")
            )
        )
        if flips is not None:
            differ = labelled(expected.mlp, got) != labelled(expected.mlp, held.wanted)
            flips = max(flips, int((differ & decided).sum()))
    shares = of_range(expected, bound).max(axis=1)
    return Comparison(
        rows=len(expected.rows),
        by_kind=int(held.by_kind.any(axis=1).sum()),
        from_original=from_original,
        from_reference=from_reference,
        bound=float(bound[within].max(initial=0.0)),
        of_bound=of_bound,
        of_range=float(shares[expected.decisive | (shares <= VACUOUS)].max(initial=0.0)),
        flips=flips,
        ties=int((~decided & np.isfinite(bound).all(axis=1)).sum()),
        failure=failure,
    )


def in_batches(predict: PredictAny, rows: Rows, size: int, limit: Doubles) -> Doubles:
    """Predict in batches of exactly ``size`` rows, as float64; the rows repeat to fill the last.

    Returns:
        The predictions (n, outputs) of the n rows. A repeated row whose answer is further than
        its ``limit`` (n, outputs) from the first turns up as NaN, or inf for a NaN: as neither.
    """
    count = -(-len(rows) // size) * size
    filled = np.resize(rows, (count, rows.shape[1]))
    parts = [predict(filled[start : start + size]) for start in range(0, count, size)]
    outputs = np.vstack(parts).astype(np.float64)
    first = outputs[: len(rows)].copy()
    repeated = np.arange(len(rows), count)
    again = repeated % len(rows)
    same = (distance(outputs[repeated], first[again]) <= limit[again]).all(axis=1)
    unlike = again[~same]
    first[unlike] = np.where(np.isnan(first[unlike]), np.inf, np.nan)
    return first


def settled(mlp: Mlp, exact: Doubles, bound: Doubles) -> NDArray[np.bool_]:
    """Rows (n,) whose label is the same wherever each answer is within its bound of the exact one.

    A row of which one answer is NaN or an infinity is settled: it gets no label anywhere.
    """
    nothing = (~np.isfinite(exact) & np.isfinite(bound)).any(axis=1)
    if mlp.task == "regression":
        return np.ones(len(exact), bool)
    if mlp.task == "binary":
        margin = np.abs(exact[:, 0] - float(mlp.threshold))
        return np.asarray((margin > bound[:, 0]) | nothing)
    best = np.argmax(exact, axis=1)[:, None]
    others = exact + bound
    np.put_along_axis(others, best, -np.inf, axis=1)
    lowest = np.take_along_axis(exact - bound, best, axis=1)[:, 0]
    return np.asarray((lowest > others.max(axis=1)) | nothing)


def labelled(mlp: Mlp, outputs: Doubles) -> Classes:
    """The class index (n,) of each row of outputs (n, width); -1 where one is not finite."""
    classes = predicted_classes(mlp.task, mlp.threshold, outputs)
    return np.where(np.isfinite(outputs).all(axis=1), classes, -1)


def _failure(
    batch: int, got: Doubles, wanted: Doubles, limit: Doubles, against: str
) -> Failure | None:
    beyond = np.argwhere(~(distance(got, wanted) <= limit))
    if not len(beyond):
        return None
    row, output = (int(index) for index in beyond[0])
    at = row, output
    return Failure(row, output, batch, float(got[at]), float(wanted[at]), float(limit[at]), against)
