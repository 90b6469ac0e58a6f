"""Every artifact of a model on every runtime that reads it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mlp_edge.errors import InputError
from mlp_edge.half_precision import half_precision
from mlp_edge.integers.quantised_file import QuantisationParameters
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.parity.compare import Expected, expect
from mlp_edge.parity.entry import Entry, open_entry
from mlp_edge.parity.integer_rows import integer_rows
from mlp_edge.parity.integers import ExpectedBits
from mlp_edge.parity.result import (
    ArtifactResult,
    RealRows,
    in_floats,
    in_integers,
    measured,
    of_original,
    unasked,
)
from mlp_edge.parity.rows import SAMPLE_ROWS, stress_rows
from mlp_edge.parity.search import worst_rows
from mlp_edge.proof.accuracy import ANY
from mlp_edge.proof.declared import inside, ranges
from mlp_edge.proof.folding import folded_bound
from mlp_edge.proof.original import Original
from mlp_edge.reference import distance, predict
from mlp_edge.runtime import HOSTED, Runtime


@dataclass(frozen=True)
class Report:
    """What parity found.

    Attributes:
        results: the original's line first, then each artifact on each runtime.
        left_out: stress rows of which nothing is claimed, not even whether the answer is
            a number.
        searched: rows that the search for the worst ones added.
        span: the range of each output, by which bounds are judged (``compare.output_range``).
    """

    results: Sequence[ArtifactResult]
    left_out: int
    searched: int
    span: tuple[float, ...]

    @property
    def compared(self) -> bool:
        """Whether any export was asked."""
        return any(result.ran for result in self.results[1:])

    @property
    def failed(self) -> int:
        """How many comparisons did not hold."""
        return sum(result.verdict == "FAIL" for result in self.results)

    @property
    def passed(self) -> bool:
        """Whether some export is a PASS, and nothing is less that could have been one."""
        verdicts = [result.verdict for result in self.results]
        fine = all(verdict in ("PASS", "MEASURED", "NOT RUN") for verdict in verdicts)
        return fine and "PASS" in verdicts[1:]


class _Asked:
    """What everybody is asked, and what is expected of each dtype; made once each.

    Attributes:
        real: the real rows, and what the original answers.
        steps: what the original is held to, where that is derived.
        found: how many rows the search for the worst ones added.
    """

    def __init__(self, mlp: Mlp, sample: Rows, original: Original, found: Rows) -> None:
        self.mlp, self.sample, self.original = mlp, sample, original
        self.found = len(found)
        self.rows = np.vstack([sample, found, stress_rows(mlp, sample)])
        answers = original.predict(self.rows)
        self._within = inside(mlp, self.rows, *ranges(mlp, sample))
        self._answers = lambda _: answers
        self.real = RealRows(mlp, sample, answers[: len(sample)].astype(np.float64))
        self._steps: Expected | None = None
        if (steps := original.steps) is not None and (steps.mlp is not mlp or steps.slacks):
            expected = expect(steps.mlp, self.rows, self._answers, len(sample), self._within)
            self._steps = replace(expected, slacks=steps.slacks)
        self.float32 = self._in_floats(mlp)
        self.steps = self.float32 if self._steps is None else claimed(self._steps)
        self.left_out = len(self.rows) - len(self.float32.rows)
        self._float16: Expected | None = None
        self._integers: dict[Path, ExpectedBits] = {}

    def float16(self) -> Expected:
        """Of the network with weights in float16, which is another one than the original."""
        if self._float16 is None:
            self._float16 = replace(
                self._in_floats(half_precision(self.mlp)), reduced_precision=True
            )
        return self._float16

    def integers(self, path: Path, parameters: QuantisationParameters) -> ExpectedBits:
        """Of the integers that an artifact has beside it."""
        place = path.with_suffix("")
        if place not in self._integers:
            own = integer_rows(self.mlp, parameters.quantised, self.sample)
            rows = np.ascontiguousarray(np.vstack([self.rows, own]))
            within = inside(self.mlp, rows, *ranges(self.mlp, self.sample))
            self._integers[place] = ExpectedBits(self.mlp, parameters.quantised, rows, within)
        return self._integers[place]

    def folding(self) -> str | None:
        """What is wrong with what was folded: more than the rounding of weights; None if nothing.

        In exact arithmetic, the steps of the original and the network differ by no more than the
        numbers do that were rounded, of either.
        """
        if self._steps is None:
            return None
        exact, folded = self._steps.exact, predict(self.mlp, self.rows)
        apart = distance(exact, folded)
        allowed = folded_bound(self.mlp, self.rows) + self._steps.bound(ANY)
        wrong = np.argwhere(~(apart <= allowed))
        if not len(wrong):
            return None
        row, output = wrong[0]
        return (
            f"row {row + 1}, output {output + 1}: its layers one by one give "
            f"{exact[row, output]:.9g}, and folded {folded[row, output]:.9g}, which rounding "
            f"explains up to {allowed[row, output]:.1e}"
        )

    def _in_floats(self, mlp: Mlp) -> Expected:
        expected = expect(mlp, self.rows, self._answers, len(self.sample), self._within)
        accuracy = self.original.accuracy
        own = (
            expected.bound(accuracy)
            if self.original.steps
            else np.full_like(expected.exact, np.inf)
        )
        if self._steps is not None:
            own = self._steps.bound(accuracy) + distance(self._steps.exact, expected.exact)
        return claimed(replace(expected, own=own))


def claimed(expected: Expected) -> Expected:
    """The rows of which anything is claimed, and those that have to have a bound."""
    held = expected.held(expected.bound(ANY))
    return expected.only(np.isfinite(held.limit).any(axis=1) | expected.decisive)


def check(
    mlp: Mlp,
    original: Original,
    sample: Rows,
    artifacts: Sequence[Path],
    runtimes: Sequence[Runtime] = HOSTED,
    required: Collection[str] = (),
    listed: Mapping[str, str] | None = None,
    trust: bool = False,
) -> Report:
    """Compare the original with the reference, then every artifact with what its dtype asks.

    Args:
        mlp: the network, as read from the original.
        original: what its owner has, opened.
        sample: real rows (n, inputs).
        artifacts: exported files; beside those in integers stand their numbers.
        runtimes: where to run them; each file runs on those that read its suffix.
        required: names of runtimes that have to run: one that cannot is a failure.
        listed: name -> SHA-256 of the files that the model directory lists; None asks nothing.
        trust: compile a header that is not the one listed, too.
    """
    with ExitStack() as stack:
        entries = [
            open_entry(path, runtime, stack, mlp, listed or {}, trust or listed is None)
            for path in artifacts
            for runtime in runtimes
            if runtime.runs(path)
        ]
        sample = sample[:SAMPLE_ROWS]
        entries, found = _searched(mlp, sample, entries)
        asked = _Asked(mlp, sample, original, found)
        results = [of_original(original, asked.steps, asked.real, required, asked.folding())]
        results += [_result(asked, entry, required) for entry in entries]
    return Report(results, asked.left_out, asked.found, tuple(asked.float32.span.tolist()))


def _searched(mlp: Mlp, sample: Rows, entries: Sequence[Entry]) -> tuple[list[Entry], Rows]:
    """The entries, and the worst rows of each runtime; those of C for a slow chip.

    An entry that fails while it is searched predicts no more.
    """
    kept, found = [], [sample[:0]]
    for entry in entries:
        if entry.predict and entry.dtype == "float32" and not entry.runtime.by_row:
            try:
                found.append(worst_rows(mlp, sample, entry.predict, entry.runtime.accuracy))
            except InputError as error:
                entry = replace(entry, predict=None, says=[*entry.says, str(error)])
        kept.append(entry)
    return kept, np.vstack(found)


def _result(asked: _Asked, entry: Entry, required: Collection[str]) -> ArtifactResult:
    if entry.predict is None:
        return unasked(entry, required)
    if entry.dtype == "dynamic":
        return measured(entry, entry.predict, asked.float32, asked.real)
    if entry.parameters is not None:
        expected = asked.integers(entry.path, entry.parameters)
        return in_integers(entry, entry.predict, expected, asked.real)
    floats = asked.float16() if entry.dtype == "float16" else asked.float32
    return in_floats(entry, entry.predict, floats, asked.real)
