"""Every artifact of a model on every runtime that reads it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlp_edge.accuracy import ANY
from mlp_edge.errors import InputError, MissingError
from mlp_edge.export.c_replay import predict as replay
from mlp_edge.mlp import Mlp, Predict, Rows
from mlp_edge.parity.compare import (
    BATCHES,
    VACUOUS,
    Comparison,
    Expected,
    compare,
    expect,
    of_range,
)
from mlp_edge.parity.diagnose import differences, likely_cause, other_numbers
from mlp_edge.parity.rows import SAMPLE_ROWS, inside, provoking_rows, ranges
from mlp_edge.parity.search import worst_rows
from mlp_edge.runtime import HOSTED, Opened, Runtime
from mlp_edge.runtime.keras import RUNTIME as ORIGINAL
from mlp_edge.seal import broken


@dataclass(frozen=True)
class Result:
    """One line of the parity table.

    Attributes:
        artifact: the file's name.
        runtime: what ran it.
        comparison: the figures; None when it could not run here.
        missing: what would bring the runtime; None when it ran.
        says: what is wrong, a sentence each; [] when nothing is.
    """

    artifact: str
    runtime: str
    comparison: Comparison | None
    missing: str | None
    says: Sequence[str]

    @property
    def verdict(self) -> str:
        """PASS, FAIL, VACUOUS or NOT RUN."""
        if self.says:
            return "FAIL"
        if self.comparison is None:
            return "NOT RUN"
        return "VACUOUS" if self.comparison.vacuous else "PASS"


@dataclass(frozen=True)
class Report:
    """What parity found.

    Attributes:
        results: the original's line first, then each artifact on each runtime.
        left_out: rows made to provoke, outside the declared ranges, that could tell nothing: there
            the bound is wider than VACUOUS of the range.
        searched: rows that the search for the worst ones added.
    """

    results: Sequence[Result]
    left_out: int
    searched: int


class _Open:
    """An artifact on a runtime, opened, or the sentence that says why it is not."""

    def __init__(self, path: Path, runtime: Runtime, stack: ExitStack, required: bool) -> None:
        self.path, self.runtime = path, runtime
        self.opened: Opened | None = None
        self.says: list[str] = []
        self.missing = runtime.missing()
        if self.missing:
            self.says = [f"has to run and cannot: {self.missing}"] if required else []
            return
        try:
            self.opened = stack.enter_context(runtime.open(path))
        except InputError as error:
            self.says = [str(error)]


def check(
    mlp: Mlp,
    original: Path,
    sample: Rows,
    artifacts: Sequence[Path],
    runtimes: Sequence[Runtime] = HOSTED,
    required: Collection[str] = (),
) -> Report:
    """Compare the original with the reference, then every artifact with both.

    Args:
        mlp: the network, as read from the original.
        original: its .keras file.
        sample: real rows (n, inputs).
        artifacts: exported files.
        runtimes: where to run them; each file runs on those that read its suffix.
        required: names of runtimes that have to run: one that cannot is a failure.

    Raises:
        MissingError: when TensorFlow is missing: without the original nothing is compared.
    """
    missing = ORIGINAL.missing()
    if missing:
        raise MissingError(f"parity compares with the Keras model: {missing}")
    sample = sample[:SAMPLE_ROWS]
    with ExitStack() as stack:
        opened = stack.enter_context(ORIGINAL.open(original))
        entries = [
            _Open(path, runtime, stack, runtime.name in required)
            for path in artifacts
            for runtime in runtimes
            if runtime.reads == path.suffix
        ]
        made = provoking_rows(mlp, sample)
        found = np.vstack([made[:0], *_searched(mlp, sample, entries)])
        rows = np.vstack([sample, found, made])
        expected = expect(mlp, rows, opened.predict, len(sample))
        kept = _telling(expected, sample)
        expected = expected.only(kept)
        comparison = compare(expected, opened.predict, ORIGINAL.accuracy)
        says = [] if comparison.passed else [_explain(expected, comparison, None)]
        results = [Result(original.name, ORIGINAL.name, comparison, None, says)]
        results += [_result(expected, entry) for entry in entries]
    return Report(results, int((~kept).sum()), len(found))


def _telling(expected: Expected, sample: Rows) -> NDArray[np.bool_]:
    """Which rows (n,) can tell a fault from rounding.

    Within the declared ranges every row counts. Outside, where large sums cancel or infinities
    meet, some rows have no bound that would say anything.
    """
    share = of_range(expected.bound(ANY), expected.exact, expected.range)
    within = inside(expected.mlp, expected.rows, *ranges(expected.mlp, sample))
    return np.asarray((share <= VACUOUS).all(axis=1) | within)


def _searched(mlp: Mlp, sample: Rows, entries: Sequence[_Open]) -> Iterator[Rows]:
    """The worst rows of each runtime; a simulated chip, which takes its time, has those of C."""
    for entry in entries:
        if entry.opened is not None and not entry.runtime.simulated:
            yield worst_rows(mlp, sample, entry.opened.predict, entry.runtime.accuracy)


def _result(expected: Expected, entry: _Open) -> Result:
    path, runtime, opened = entry.path, entry.runtime, entry.opened
    if opened is None:
        return Result(path.name, runtime.name, None, entry.missing, entry.says)
    # A simulated chip knows no batches: it is given each row once.
    batches = BATCHES[:1] if runtime.simulated else BATCHES
    content = path.read_bytes()
    damage = broken(content)
    says = [f"{damage}; run `mlp-edge export` again"] if damage else []
    says += differences(opened.card, expected.mlp)
    if not says and path.suffix != ".h":
        says = other_numbers(content, expected.mlp)
    answers: list[Rows] = []
    try:
        comparison = compare(expected, _heard(opened.predict, answers), runtime.accuracy, batches)
        if not comparison.passed:
            cause = likely_cause(expected, opened.predict)
            says.insert(0, _explain(expected, comparison, cause))
        elif runtime.reads == ".h":
            says += _other_bits(expected, answers, runtime.fused)
    except InputError as error:
        return Result(path.name, runtime.name, None, None, [*says, str(error)])
    return Result(path.name, runtime.name, comparison, None, says)


def _heard(predict: Predict, answers: list[Rows]) -> Predict:
    """The same function, its answers kept in the order in which they are given."""

    def listened(rows: Rows) -> Rows:
        answers.append(predict(rows))
        return answers[-1]

    return listened


def _other_bits(expected: Expected, answers: Sequence[Rows], fused: bool) -> list[str]:
    """What to say where C does not give the bits of its own arithmetic, replayed; [] if it does.

    Args:
        expected: the rows.
        answers: as they were given; the first batch size is 1, so the first of them are the rows'.
        fused: whether the dense kernel multiplies and adds in one rounding.
    """
    got = np.vstack(answers[: len(expected.rows)]).astype(np.float32)
    replayed = replay(expected.mlp, expected.rows, fused)
    same = (got.view(np.uint32) == replayed.view(np.uint32)) | (np.isnan(got) & np.isnan(replayed))
    if same.all():
        return []
    row, output = (int(index) for index in np.argwhere(~same)[0])
    return [
        f"row {row + 1}, output {output + 1}: {got[row, output]:.9g} where the header's own "
        f"float32 arithmetic, replayed, gives {replayed[row, output]:.9g}: other numbers stand in "
        "the header, or it was compiled with -ffast-math or -ffp-contract=fast"
    ]


def _explain(expected: Expected, comparison: Comparison, cause: str | None) -> str:
    """The first row, both values and the likely cause, in a sentence."""
    failure = comparison.failure
    if failure is None:
        return f"{comparison.flips} labels flipped although every number is within its bound"
    row = expected.rows[failure.row]
    shown = ", ".join(f"{value:g}" for value in row[:8]) + (", …" if len(row) > 8 else "")
    return (
        f"row {failure.row + 1} ({shown}), output {failure.output + 1}, batches of "
        f"{failure.batch}: {failure.got:.9g} instead of {failure.expected:.9g} "
        f"({failure.against}), which rounding explains up to {failure.bound:.1e}; "
        + (f"likely cause: {cause}" if cause else "no single known fault explains it")
    )
