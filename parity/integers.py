"""Compares artifacts in integers with the bits that their quantisation parameters give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Floats
from mlp_edge.integers.integer_reference import dequantise, last_activations
from mlp_edge.integers.integer_reference import predict_quantised as reference
from mlp_edge.integers.quantised import Integers, Quantised
from mlp_edge.integers.requantise import by_float, by_single, differing
from mlp_edge.mlp import Mlp, Predict, Rows
from mlp_edge.parity.compare import BATCHES, in_batches
from mlp_edge.proof.float_grade import FloatGrade, affordable, float_grade

_NEAR = 2**16
"""Activations on either side of the right one among which another is looked for."""


@dataclass(frozen=True, eq=False)
class ExpectedBits:
    """What every artifact of the same numbers is held to.

    Attributes:
        mlp: the network, for its encoding and its clip.
        quantised: its integers.
        rows: raw readings (n, inputs).
        within: (n,), which rows lie in the declared ranges.
    """

    mlp: Mlp
    quantised: Quantised
    rows: Rows
    within: NDArray[np.bool_]

    @cached_property
    def grade(self) -> FloatGrade | None:
        """Whether int24 is as exact as float32 in the declared ranges; None of other integers."""
        if self.quantised.dtype != "int24" or not self.within.any():
            return None
        chosen = np.flatnonzero(self.within)[: affordable(self.mlp)]
        return float_grade(self.mlp, self.rows[chosen], self.predictions[chosen])

    @cached_property
    def predictions(self) -> Floats:
        """(n, outputs) float32."""
        return reference(self.mlp, self.quantised, self.rows)

    @cached_property
    def activations(self) -> Integers:
        """The last layer's (n, outputs)."""
        return last_activations(self.mlp, self.quantised, self.rows)

    def stands_for(self, prediction: float, output: int, near: int) -> int | None:
        """The activation nearest to ``near`` that a prediction has the bits of; None without one.

        A softmax probability follows from all activations and stands for none of them.
        """
        if self.quantised.softmax:
            return None
        layer = self.quantised.layers[-1]
        least, most = max(near - _NEAR, 0), min(near + _NEAR, layer.segments * layer.high)
        every = np.arange(least, most + 1)
        possible = dequantise(self.quantised, np.tile(every[:, None], (1, layer.outputs)))[
            :, output
        ]
        if self.mlp.clip is not None:
            low, high = self.mlp.clip
            possible = np.clip(possible, np.float32(low), np.float32(high))
        found = every[possible == np.float32(prediction)]
        return int(found[np.argmin(np.abs(found - near))]) if len(found) else None


@dataclass(frozen=True)
class OtherBits:
    """The first prediction with other bits.

    Attributes:
        row, output: where; from 0.
        batch: the batch size.
        got, expected: float32 predictions.
        got_activation: the quantised one that ``got`` stands for; None for no such prediction.
        expected_activation: the one that belongs there.
    """

    row: int
    output: int
    batch: int
    got: float
    expected: float
    got_activation: int | None
    expected_activation: int


@dataclass(frozen=True)
class BitComparison:
    """The figures of one artifact in integers on one runtime.

    Attributes:
        rows: how many different rows were compared, each at every batch size.
        same: how many of them have the bits, every time.
        told_apart: how many have a prediction that no row with other activations has: there, the
            right prediction shows the right integers.
        failure: the first prediction with other bits, or None.
        of_bound: of int24, the largest share of float32's bound that a row of the declared ranges
            takes; None of others.
    """

    rows: int
    same: int
    told_apart: int
    failure: OtherBits | None
    of_bound: float | None = None

    @property
    def passed(self) -> bool:
        """Whether every prediction has its bits."""
        return self.failure is None


def compare_bits(
    expected: ExpectedBits, runtime: Predict, batches: Sequence[int] = BATCHES
) -> BitComparison:
    """Predict every row at every batch size, and compare all bits; NaN equals NaN."""
    failure = None
    right = np.ones(len(expected.rows), bool)
    exactly = np.zeros(expected.predictions.shape)
    for size in batches:
        # float64 and back loses no bit of a float32 number.
        got = in_batches(runtime, expected.rows, size, exactly).astype(np.float32)
        same = same_bits(got, expected.predictions)
        right &= same.all(axis=1)
        failure = failure or _first(expected, got, same, size)
    return BitComparison(
        rows=len(expected.rows),
        same=int(right.sum()),
        told_apart=told_apart(expected),
        failure=failure,
        of_bound=None if expected.grade is None else expected.grade.used,
    )


def unproved(quantised: Quantised) -> list[str]:
    """Which layers a runtime may requantise otherwise, a sentence each; [] where none.

    The others shift as the formula says, or take the floor of an exact quotient.
    """
    if quantised.dtype != "int8":
        return []
    says = []
    pairs = zip(quantised.layers, quantised.largest, strict=True)
    for number, (layer, largest) in enumerate(pairs, start=1):
        for what, arithmetic in (("float32", by_float), ("one-rounding", by_single)):
            sums = int(differing(layer, largest, arithmetic).sum())
            if sums:
                says.append(
                    f"layer {number}: {what} arithmetic has other results for {sums:,} sums, so "
                    "that nobody can say that runtimes agree"
                )
    return says


def same_bits(got: Floats, wanted: Floats) -> NDArray[np.bool_]:
    """Where two float32 arrays of one shape have the same bits, or both a NaN."""
    bits = np.ascontiguousarray(got).view(np.uint32) == np.ascontiguousarray(wanted).view(np.uint32)
    return np.asarray(bits | (np.isnan(got) & np.isnan(wanted)))


def told_apart(expected: ExpectedBits) -> int:
    """How many rows have predictions that no row with other activations has."""
    known = ~np.isnan(expected.predictions).any(axis=1)
    found = expected.activations[known]
    # A softmax sees how far each activation is below the largest, and no more.
    seen = found.max(axis=1, keepdims=True) - found if expected.quantised.softmax else found
    _, prediction = np.unique(expected.predictions[known], axis=0, return_inverse=True)
    pairs = np.unique(np.column_stack([prediction, seen]), axis=0)
    prediction = prediction.ravel()
    meanings = np.bincount(pairs[:, 0].astype(np.intp), minlength=1)
    return int((meanings[prediction] == 1).sum())


def _first(
    expected: ExpectedBits, got: Floats, same: NDArray[np.bool_], batch: int
) -> OtherBits | None:
    others = np.argwhere(~same)
    if not len(others):
        return None
    row, output = (int(index) for index in others[0])
    wanted = int(expected.activations[row, output])
    return OtherBits(
        row=row,
        output=output,
        batch=batch,
        got=float(got[row, output]),
        expected=float(expected.predictions[row, output]),
        got_activation=expected.stands_for(float(got[row, output]), output, wanted),
        expected_activation=wanted,
    )
