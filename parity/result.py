"""One line of the parity table: an artifact on a runtime, held to what its dtype asks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mlp_edge.errors import InputError
from mlp_edge.mlp import Mlp, Predict, Rows
from mlp_edge.parity.compare import (
    ANY_NUMBER,
    BATCHES,
    Comparison,
    Expected,
    Failure,
    compare,
    in_batches,
    labelled,
)
from mlp_edge.parity.counts import compare_counts
from mlp_edge.parity.diagnose import likely_cause, likely_integer_cause
from mlp_edge.parity.entry import Entry
from mlp_edge.parity.integers import BitComparison, ExpectedBits, OtherBits, compare_bits, same_bits
from mlp_edge.proof.accuracy import ANY
from mlp_edge.proof.c_replay import replay
from mlp_edge.proof.kinds import WORDS, kind_of
from mlp_edge.proof.original import Original, PredictAny
from mlp_edge.reference import Doubles, distance
from mlp_edge.reference import predict as exact
from mlp_edge.runtime import Runtime
from mlp_edge.runtime.verify import PROGRAMS

CHIP_ROWS = 2000
"""Rows of an artifact in integers that what takes its time is given, such as a chip."""


@dataclass(frozen=True)
class Changed:
    """What reduced precision changed, on the real rows.

    Attributes:
        rows: how many.
        from_original: largest absolute difference from the original.
        labels: of how many rows the label is another than the original's; None for a regression.
    """

    rows: int
    from_original: float
    labels: int | None


@dataclass(frozen=True)
class ArtifactResult:
    """One line of the parity table.

    Attributes:
        artifact: the file's name.
        runtime: what ran it.
        dtype: what its numbers are, as its card says.
        comparison: the figures of an artifact in floats; None of another, or when it did not run.
        bits: those of one in integers.
        changed: what reduced precision changed; None for float32.
        missing: what would bring the runtime; None when it ran.
        says: what is wrong, a sentence each; [] when nothing is.
        counts: rows of counts that NAME_predict_raw of a header was asked about.
    """

    artifact: str
    runtime: str
    dtype: str
    comparison: Comparison | None
    bits: BitComparison | None
    changed: Changed | None
    missing: str | None
    says: Sequence[str]
    counts: int = 0

    @property
    def ran(self) -> bool:
        """Whether there are figures."""
        return any((self.comparison, self.bits, self.changed))

    @property
    def verdict(self) -> str:
        """PASS, FAIL, VACUOUS, MEASURED (where nothing is proved) or NOT RUN."""
        if self.says:
            return "FAIL"
        if not self.ran:
            return "NOT RUN"
        if self.comparison is not None:
            return "VACUOUS" if self.comparison.vacuous else "PASS"
        return "MEASURED" if self.bits is None else "PASS"


@dataclass(frozen=True)
class RealRows:
    """The original's answers to the real rows.

    Attributes:
        mlp: the network.
        rows: raw readings (n, inputs).
        answers: (n, outputs) float64.
    """

    mlp: Mlp
    rows: Rows
    answers: Doubles

    def changed(self, predict: PredictAny) -> Changed:
        """What another way to predict changes."""
        got = predict(self.rows).astype(np.float64)
        labels = None
        if self.mlp.task != "regression":
            labels = int((labelled(self.mlp, got) != labelled(self.mlp, self.answers)).sum())
        off = float(distance(got, self.answers).max(initial=0.0))
        return Changed(len(self.rows), off, labels)


def of_original(
    original: Original,
    expected: Expected,
    real: RealRows,
    required: Collection[str],
    folding: str | None,
) -> ArtifactResult:
    """The line of the original itself: held to its bound, measured, or not run.

    Args:
        original: what was asked.
        expected: what it is held to, where that is derived.
        real: its answers to the real rows.
        required: names of runtimes that have to run.
        folding: what is wrong with what was folded of it; None where nothing is.
    """
    line = ArtifactResult(
        original.name, original.runtime, "float32", None, None, None, original.missing, []
    )
    if original.missing is not None:
        has_to = original.runtime in required
        says = has_to_run(original.missing) if has_to else []
        return replace(line, says=[*says, *([folding] if folding else [])])
    if original.steps is None:
        return replace(line, changed=real.changed(lambda rows: exact(real.mlp, rows)))
    comparison = compare(expected, original.predict, original.accuracy)
    says = [] if comparison.passed else [_explain(expected, comparison)]
    return replace(line, comparison=comparison, says=[*says, *([folding] if folding else [])])


def has_to_run(missing: str) -> list[str]:
    """What to say of a runtime that has to run and cannot."""
    return [f"has to run and cannot: {missing}"]


def unasked(entry: Entry, required: Collection[str]) -> ArtifactResult:
    """The line of an artifact that could not be asked."""
    says = entry.says
    if entry.missing and entry.runtime.name in required:
        says = has_to_run(entry.missing)
    return ArtifactResult(
        entry.path.name, entry.runtime.name, entry.dtype, None, None, None, entry.missing, says
    )


def in_floats(
    entry: Entry, predict: Predict, expected: Expected, original: RealRows
) -> ArtifactResult:
    """The line of an artifact in float32 or float16: held to the proved bound."""
    answers: list[Rows] = []
    says: list[str] = []
    runtime = entry.runtime
    try:
        heard = _heard(predict, answers)
        comparison = compare(expected, heard, runtime.accuracy, _batches(entry))
        if not comparison.passed:
            says = [_explain(expected, comparison, predict)]
        elif runtime.reads in PROGRAMS and runtime.replayed:
            says = _other_bits(expected, answers, runtime)
        changed = None if entry.dtype == "float32" else original.changed(predict)
    except InputError as error:
        return replace(unasked(entry, ()), says=[*entry.says, str(error)])
    says = [*says, *entry.says]
    return replace(unasked(entry, ()), comparison=comparison, changed=changed, says=says)


def in_integers(
    entry: Entry, predict: Predict, expected: ExpectedBits, original: RealRows
) -> ArtifactResult:
    """The line of an artifact in integers: every answer has its bits, of readings and of counts."""
    if entry.runtime.by_row:
        chosen = slice(CHIP_ROWS)
        expected = replace(expected, rows=expected.rows[chosen], within=expected.within[chosen])
    says = _beyond_grade(expected)
    try:
        bits = compare_bits(expected, predict, _batches(entry))
        if bits.failure is not None:
            cause = likely_integer_cause(expected, predict)
            says.append(_explain_bits(expected, bits, bits.failure, cause))
        changed = original.changed(predict)
        counts = 0
        if entry.raw is not None and bits.failure is None:  # the layers are the same
            most = CHIP_ROWS if entry.runtime.by_row else None
            counts, wrong = compare_counts(expected, entry.raw, most)
            says += wrong
    except InputError as error:
        return replace(unasked(entry, ()), says=[*entry.says, str(error)])
    says = [*says, *entry.says]
    return replace(unasked(entry, ()), bits=bits, changed=changed, says=says, counts=counts)


def _beyond_grade(expected: ExpectedBits) -> list[str]:
    """What to say of int24 that is not as exact as float32; [] where it is."""
    grade = expected.grade
    if grade is None or grade.holds:
        return []
    return [
        f"its integers are off by {grade.error:.2g} in a row of the declared ranges, "
        f"{grade.used:.3g} times what float32 may be off by there"
    ]


def measured(
    entry: Entry, predict: Predict, expected: Expected, original: RealRows
) -> ArtifactResult:
    """The line of an artifact of whose numbers nothing is proved: held to where it has some."""
    try:
        says = _without_parameters(expected, predict)
        changed = original.changed(predict)
    except InputError as error:
        return replace(unasked(entry, ()), says=[*entry.says, str(error)])
    return replace(unasked(entry, ()), changed=changed, says=[*says, *entry.says])


def _without_parameters(expected: Expected, predict: Predict) -> list[str]:
    """What to say where there is a number in the place of NaN, or none in the ranges; or []."""
    wanted, limit, _ = expected.held(expected.bound(ANY))
    for size in BATCHES:
        got = in_batches(predict, expected.rows, size, np.full_like(limit, np.inf))
        lost = np.isnan(wanted) & np.isfinite(limit) & ~np.isnan(got)
        none = expected.within[:, None] & np.isfinite(wanted) & ~np.isfinite(got)
        for row, output in np.argwhere(lost | none).tolist():
            failure = Failure(row, output, size, got[row, output], wanted[row, output], 0.0, "")
            return [_of_other_kind(expected, failure, None)]
    return []


def _batches(entry: Entry) -> Sequence[int]:
    """A chip knows no batches: it is given each row once."""
    return BATCHES[:1] if entry.runtime.by_row else BATCHES


def _heard(predict: Predict, answers: list[Rows]) -> Predict:
    """The same function, its answers kept in the order in which they are given."""

    def listened(rows: Rows) -> Rows:
        answers.append(predict(rows))
        return answers[-1]

    return listened


def _other_bits(expected: Expected, answers: Sequence[Rows], runtime: Runtime) -> list[str]:
    """What to say where a program does not give the bits of its own arithmetic, replayed, or [].

    Args:
        expected: the rows.
        answers: as they were given; the first batch size is 1, so the first of them are the rows'.
        runtime: what ran it.
    """
    got = np.vstack(answers[: len(expected.rows)]).astype(np.float32)
    replayed = replay(expected.mlp, expected.rows, runtime.fused)
    same = same_bits(got, replayed)
    if same.all():
        return []
    row, output = (int(index) for index in np.argwhere(~same)[0])
    name = PROGRAMS[runtime.reads].what.removeprefix("a ")
    compiled = ", or it was compiled with -ffast-math or -ffp-contract=fast"
    return [
        f"row {row + 1}, output {output + 1}: {got[row, output]:.9g} where the {name}'s own "
        f"float32 arithmetic, replayed, gives {replayed[row, output]:.9g}: other numbers stand in "
        f"the {name}{compiled if runtime.reads == '.h' else ''}"
    ]


def _explain(expected: Expected, comparison: Comparison, predict: Predict | None = None) -> str:
    """The first row, both values and the likely cause, in a sentence.

    Args:
        expected: the rows.
        comparison: what was found.
        predict: what answered, to ask it again; None looks for no cause.
    """
    failure = comparison.failure
    if failure is None:
        return f"{comparison.flips} labels flipped although every number is within its bound"
    cause = predict and likely_cause(expected, predict)
    if failure.by_kind:
        return _of_other_kind(expected, failure, cause)
    return (
        f"{_where(expected.rows, failure.row, failure.output, failure.batch)}: {failure.got:.9g} "
        f"instead of {failure.expected:.9g} ({failure.against}), which rounding explains up to "
        f"{failure.bound:.1e}; {_cause(cause)}"
    )


def _of_other_kind(expected: Expected, failure: Failure, cause: str | None) -> str:
    """A number where NaN belongs, or the other way round."""
    wanted = WORDS[kind_of(np.array(failure.expected))]
    if failure.bound < ANY_NUMBER and np.isfinite(failure.expected):
        wanted = f"{failure.expected:.9g}"
    where = _where(expected.rows, failure.row, failure.output, failure.batch)
    return f"{where}: {failure.got:.9g} where {wanted} belongs, whatever rounds; {_cause(cause)}"


def _explain_bits(
    expected: ExpectedBits, bits: BitComparison, failure: OtherBits, cause: str | None
) -> str:
    """The first row with other bits, both answers and their integers, and the likely cause."""
    got = (
        "no result's answer"
        if failure.got_activation is None
        else f"result {failure.got_activation}"
    )
    results = f"{got} where {failure.expected_activation} belongs"
    if expected.quantised.softmax:
        results = f"result {failure.expected_activation} belongs there"
    return (
        f"{_where(expected.rows, failure.row, failure.output, failure.batch)}: {failure.got:.9g} "
        f"instead of {failure.expected:.9g}; {results}; {bits.rows - bits.same:,} of "
        f"{bits.rows:,} rows have other bits; {_cause(cause)}"
    )


def _where(rows: Rows, row: int, output: int, batch: int) -> str:
    shown = ", ".join(f"{value:g}" for value in rows[row][:8]) + (
        ", …" if rows.shape[1] > 8 else ""
    )
    return f"row {row + 1} ({shown}), output {output + 1}, batches of {batch}"


def _cause(cause: str | None) -> str:
    return f"likely cause: {cause}" if cause else "no single known fault explains it"
