"""Compares what a header makes of counts with the integers that its reference makes of readings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Floats
from mlp_edge.integers.quantised import Integers, Quantised
from mlp_edge.integers.raw import NO_OUTPUT, raw_classes, raw_outputs
from mlp_edge.mlp import Mlp
from mlp_edge.parity.integers import ExpectedBits
from mlp_edge.parity.rows import PROBED, SPECIAL, spread
from mlp_edge.raw_units import EVERY, MISSING, Counts, RawUnits
from mlp_edge.runtime.runtime import RawFunctions

SEED = 21
BOUNDARIES = 32768
"""At most so many rows at boundaries: every count beside a step, where features have few."""
CONTEXTS = 4
"""Rows among which each of these counts is tried: not every row shows one integer more."""
SHOWN = 8
"""Counts of a row that a sentence shows."""


def compare_counts(
    expected: ExpectedBits, functions: RawFunctions, most: int | None = None
) -> tuple[int, list[str]]:
    """Ask a header's functions for counts, and compare all integers.

    Args:
        expected: the network in integers, and the rows whose nearest counts are asked about.
        functions: of the header.
        most: rows at most, for a slow simulated chip; None for all.

    Returns:
        How many rows were compared, and what is wrong: a sentence per function, or none.
    """
    mlp, quantised, units = expected.mlp, expected.quantised, functions.units
    counts = rows_of_counts(mlp, quantised, units, expected.rows)[:most]
    given = counts.astype(np.int16)
    wanted = raw_outputs(mlp, quantised, units, counts)
    says = [*_differs("predict_raw", counts, functions.predict(given), wanted)]
    if functions.classify is not None:
        classes = raw_classes(mlp, quantised, units, counts)[:, None]
        got = functions.classify(given)[:, None]
        says += _differs("classify_raw", counts, got, classes)
    return len(counts), says


def rows_of_counts(mlp: Mlp, quantised: Quantised, units: RawUnits, rows: Floats) -> Counts:
    """Counts (n, inputs): those nearest to rows, those beside steps, and those that mean something.

    In a mixed order, each row once.
    """
    random = np.random.default_rng(SEED)
    near = units.nearest(rows)
    groups = [near, _special(mlp, units, near), *_beside_steps(mlp, quantised, units, near, random)]
    found = np.unique(np.vstack(groups), axis=0)
    return found[random.permutation(len(found))]


def _special(mlp: Mlp, units: RawUnits, near: Counts) -> Counts:
    """One count at a time: missing, both ends, a sentinel, codes and what is none of them."""
    changed: list[Counts] = []
    for index in spread(mlp.inputs, SPECIAL):
        feature = mlp.features[index]
        counts = [MISSING, int(EVERY[0]), int(EVERY[-1]), units.raw_sentinel(feature, index)]
        counts += [*feature.codes, *([feature.unknown_code] if feature.codes else [])]
        for count in counts:
            row = near[len(changed) % len(near)].copy()
            row[index] = count
            changed.append(row)
    return np.array(changed)


def _beside_steps(
    mlp: Mlp, quantised: Quantised, units: RawUnits, near: Counts, random: np.random.Generator
) -> Iterator[Counts]:
    """One count at a time: where the integer of a number rises, on both sides.

    Where there are too many, those whose float32 product is nearest to the middle of two integers.
    """
    numbers, inputs = mlp.encoding.numbers, quantised.inputs
    probed = spread(len(numbers), PROBED)
    for place in probed:
        low, factor = inputs.low[place], inputs.factor[place]
        with np.errstate(over="ignore"):
            scaled = np.clip((units.of(numbers[place]) - low) * factor, 0, inputs.high)
        turns = np.flatnonzero(np.diff(np.rint(scaled)))
        beside = np.unique(np.concatenate([turns, turns + 1]))
        middle = np.abs(scaled[beside] % 1 - np.float32(0.5))
        most = BOUNDARIES // len(probed)
        kept = beside[np.argsort(middle, kind="stable")[:most]]
        kept = np.tile(kept, np.clip(most // max(len(kept), 1), 1, CONTEXTS))
        rows = near[random.integers(len(near), size=len(kept))]
        rows[:, numbers[place]] = EVERY[kept]
        yield rows


def _differs(
    function: str, counts: Counts, got: NDArray[np.int32], wanted: Integers
) -> Iterator[str]:
    others = np.argwhere(got != wanted)
    if not len(others):
        return
    row, output = others[0]
    shown = ", ".join(map(str, counts[row, :SHOWN])) + (", …" if counts.shape[1] > SHOWN else "")
    wrong = len(np.unique(others[:, 0]))
    yield (
        f"{function} of ({shown}), output {output + 1}: {got[row, output]} instead of "
        f"{wanted[row, output]}{' (no prediction)' * bool(wanted[row, output] == NO_OUTPUT)}; "
        f"{wrong:,} of {len(counts):,} rows of counts differ"
    )
