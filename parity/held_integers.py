"""A stranger's integers: the file itself in LiteRT, and headers of it, held to their bits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mlp_edge.encoding import Floats
from mlp_edge.errors import InputError
from mlp_edge.integers.asymmetric import HIGHEST, LOWEST, AsymmetricNetwork
from mlp_edge.integers.asymmetric_reference import predict_asymmetric
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.parity.compare import BATCHES, in_batches
from mlp_edge.parity.entry import Entry, open_entry
from mlp_edge.parity.integers import BitComparison, same_bits
from mlp_edge.parity.result import CHIP_ROWS, ArtifactResult, RealRows, has_to_run, unasked
from mlp_edge.parity.rows import PROBED, SAMPLE_ROWS, spread
from mlp_edge.proof.original import Original, PredictAny
from mlp_edge.runtime import Runtime

AFFORDABLE, FEWEST = 500_000_000, 1000
"""Multiply-adds of all rows at boundaries of integers; a large network gets fewer rows."""
LARGEST = 2**30
"""Integers of a reading that LiteRT converts; C leaves what it makes of larger ones undefined."""


@dataclass(frozen=True, eq=False)
class HeldBits:
    """What is expected of a stranger's integers.

    Attributes:
        rows: raw readings (n, inputs).
        twice: (n, outputs) float32, rounded as by TFLite Micro: what headers are held to.
        once: the same, rounded as by LiteRT: what the file itself is held to there.
    """

    rows: Rows
    twice: Floats
    once: Floats

    @classmethod
    def of(cls, mlp: Mlp, network: AsymmetricNetwork, sample: Rows) -> HeldBits:
        """Of real rows, and of rows on either side of what makes another integer of a reading."""
        work = sum(layer.weights.size for layer in network.layers)
        boundaries = _thinned(_boundaries(network, sample), max(FEWEST, AFFORDABLE // work))
        rows = np.vstack([sample, boundaries, _beyond(sample)])
        rows = np.ascontiguousarray(rows.astype(np.float32))
        twice, once = (predict_asymmetric(mlp, network, rows, once=how) for how in (False, True))
        return cls(rows, twice, once)


def compare_held(
    mlp: Mlp,
    network: AsymmetricNetwork,
    original: Original,
    sample: Rows,
    artifacts: Sequence[Path],
    runtimes: Sequence[Runtime],
    required: Collection[str],
    listed: Mapping[str, str],
    trust: bool,
) -> list[ArtifactResult]:
    """The original in LiteRT, then every export on every runtime that reads it.

    Args:
        mlp: the network in float32.
        network: its integers.
        original: the file, opened.
        sample: real rows (n, inputs).
        artifacts: exported files.
        runtimes: where to run them.
        required: names of runtimes that have to run.
        listed: name -> SHA-256 of headers that may be compiled.
        trust: compile other headers, too.
    """
    sample = sample[:SAMPLE_ROWS]
    expected = HeldBits.of(mlp, network, sample)
    line = ArtifactResult(
        original.name, original.runtime, "int8", None, None, None, original.missing, []
    )
    if original.missing is None:
        there = (np.abs(expected.rows) < LARGEST * network.given.scale).all(axis=1)
        rows, wanted = expected.rows[there], expected.once[there]
        bits, says = _bits(rows, wanted, original.predict, BATCHES[-1:])
        line = replace(line, bits=bits, says=says)
    elif original.runtime in required:
        line = replace(line, says=has_to_run(original.missing))
    real = RealRows(mlp, sample, original.predict(sample).astype(np.float64))
    with ExitStack() as stack:
        entries = [
            open_entry(path, runtime, stack, mlp, listed, trust, held=True)
            for path in artifacts
            for runtime in runtimes
            if runtime.runs(path)
        ]
        return [line, *(_result(entry, expected, real, required) for entry in entries)]


def _result(
    entry: Entry, expected: HeldBits, real: RealRows, required: Collection[str]
) -> ArtifactResult:
    """The line of an export: held to the bits in int8, measured in float32."""
    line = unasked(entry, required)
    if entry.predict is None:
        return line
    try:
        changed = real.changed(entry.predict)
        if entry.dtype != "int8":
            return replace(line, changed=changed)
        by_row = entry.runtime.by_row
        most = CHIP_ROWS if by_row else len(expected.rows)
        rows, wanted = (_thinned(each, most) for each in (expected.rows, expected.twice))
        bits, says = _bits(rows, wanted, entry.predict, BATCHES[:1] if by_row else BATCHES)
    except InputError as error:
        return replace(line, says=[*entry.says, str(error)])
    return replace(line, bits=bits, changed=changed, says=[*says, *entry.says])


def _bits(
    rows: Rows, wanted: Floats, predict: PredictAny, batches: Sequence[int]
) -> tuple[BitComparison, list[str]]:
    """How many rows have their bits at every batch size, and the first that has not."""
    right, says = np.ones(len(rows), bool), list[str]()
    for size in batches:
        got = in_batches(predict, rows, size, np.zeros(wanted.shape)).astype(np.float32)
        same = same_bits(got, wanted)
        right &= same.all(axis=1)
        if not same.all() and not says:
            row, output = (int(index) for index in np.argwhere(~same)[0])
            shown = ", ".join(f"{value:g}" for value in rows[row][:8])
            says = [
                f"row {row + 1} ({shown}{', …' if rows.shape[1] > 8 else ''}), output "
                f"{output + 1}: {got[row, output]:.9g} where the integers give "
                f"{wanted[row, output]:.9g}"
            ]
    known = int((~np.isnan(wanted)).all(axis=1).sum())
    return BitComparison(len(rows), int(right.sum()), known, None), says


def _boundaries(network: AsymmetricNetwork, sample: Rows) -> Rows:
    """One reading at a time on a half between two integers, and just beside it."""
    scale, zero_point = network.given
    places = np.arange(LOWEST - zero_point - 1, HIGHEST - zero_point + 2) + 0.5
    halves = (np.float64(scale) * places).astype(np.float32)
    each = np.concatenate([np.nextafter(halves, np.float32(sign)) for sign in (-9e9, 9e9)])
    each = np.concatenate([halves, each])
    probed = spread(network.inputs, PROBED)
    rows = np.resize(sample, (len(each) * len(probed), network.inputs)).copy()
    rows[np.arange(len(rows)), np.repeat(probed, len(each))] = np.tile(each, len(probed))
    return rows


def _thinned(rows: Rows, most: int) -> Rows:
    """Every so many-th row."""
    return rows[:: -(-len(rows) // most)]


def _beyond(sample: Rows) -> Rows:
    """Rows far outside, and a missing reading."""
    ends = np.array([0, 1e6, -1e6, 3e38, -3e38, np.inf, -np.inf], np.float32)
    rows = np.repeat(ends[:, None], sample.shape[1], axis=1)
    missing = sample[:1].copy()
    missing[0, 0] = np.nan
    return np.vstack([rows, missing])
