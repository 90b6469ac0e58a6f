"""Every artifact of a model on every runtime that reads it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlp_edge.accuracy import ANY
from mlp_edge.errors import InputError, MissingError, ModelError, first_line
from mlp_edge.export.c_replay import predict as replay
from mlp_edge.golden import Golden, disagreement
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
from mlp_edge.writing import sha256


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
        span: the range of each output, by which bounds are judged (``compare.output_range``).
    """

    results: Sequence[Result]
    left_out: int
    searched: int
    span: tuple[float, ...]

    @property
    def compared(self) -> bool:
        """Whether any export was."""
        return any(result.comparison is not None for result in self.results[1:])

    @property
    def failed(self) -> int:
        """How many comparisons did not hold."""
        return sum(result.verdict == "FAIL" for result in self.results)

    @property
    def passed(self) -> bool:
        """Whether something was compared and all of it is a PASS."""
        return self.compared and all(r.verdict in ("PASS", "NOT RUN") for r in self.results)


class _Entry:
    """An artifact on a runtime: opened, and what is wrong with it before it is asked anything."""

    def __init__(
        self, path: Path, runtime: Runtime, stack: ExitStack, mlp: Mlp, listed: Mapping[str, str]
    ) -> None:
        self.path, self.runtime = path, runtime
        self.predict: Predict | None = None
        self.says: list[str] = []
        self.missing = runtime.missing()
        if self.missing:
            return
        try:
            content = path.read_bytes()
            opened = stack.enter_context(runtime.open(path))
            predict = _careful(opened.predict, mlp)
            self.says = list(_claims(path, content, opened, mlp, listed))
            self.says += _golden(opened.golden, predict)
            self.predict = predict
        except FileNotFoundError:
            self.says = [f"{path}: is gone; `mlp-edge export` writes it again"]
        except (InputError, OSError) as error:
            self.says.append(str(error))


def _careful(predict: Predict, mlp: Mlp) -> Predict:
    """The same function; what it cannot do is a ModelError, whatever its runtime raises."""

    def asked(rows: Rows) -> Rows:
        try:
            answers = predict(rows)
        except Exception as error:
            raise ModelError(
                f"does not take rows of {mlp.inputs} readings ({first_line(error)}); it is another "
                "model's, or damaged"
            ) from error
        if answers.shape != (len(rows), mlp.outputs):
            raise ModelError(f"gives {answers.shape[-1]} outputs where the model has {mlp.outputs}")
        return answers

    return asked


def _claims(
    path: Path, content: bytes, opened: Opened, mlp: Mlp, listed: Mapping[str, str]
) -> Iterator[str]:
    """What a file says about itself that is not so."""
    again = "`mlp-edge export` writes it again"
    if damage := broken(content):
        yield f"{damage}; {again}"
    if listed.get(path.name, sha256(content)) != sha256(content):
        yield f"model.json lists another file of this name; {again}"
    wrong = differences(opened.card, mlp)
    yield from wrong
    if not wrong and path.suffix != ".h":
        yield from other_numbers(content, mlp)


def _golden(rows: Golden | None, predict: Predict) -> list[str]:
    """What is wrong with the golden rows that a file carries; [] if nothing is."""
    if rows is None:
        return ["carries no golden rows; `mlp-edge export` writes it again"]
    wrong = disagreement(rows, predict)
    return [wrong] if wrong else []


def check(
    mlp: Mlp,
    original: Path,
    sample: Rows,
    artifacts: Sequence[Path],
    runtimes: Sequence[Runtime] = HOSTED,
    required: Collection[str] = (),
    listed: Mapping[str, str] | None = None,
) -> Report:
    """Compare the original with the reference, then every artifact with both.

    Args:
        mlp: the network, as read from the original.
        original: its .keras file.
        sample: real rows (n, inputs).
        artifacts: exported files.
        runtimes: where to run them; each file runs on those that read its suffix.
        required: names of runtimes that have to run: one that cannot is a failure.
        listed: name -> SHA-256 of the files that the model directory lists; None asks nothing.

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
            _Entry(path, runtime, stack, mlp, listed or {})
            for path in artifacts
            for runtime in runtimes
            if runtime.reads == path.suffix
        ]
        found = np.vstack([sample[:0], *_searched(mlp, sample, entries)])
        rows = np.vstack([sample, found, provoking_rows(mlp, sample)])
        within = inside(mlp, rows, *ranges(mlp, sample))
        expected = expect(mlp, rows, opened.predict, len(sample), within)
        kept = (of_range(expected, expected.bound(ANY)) <= VACUOUS).all(axis=1) | within
        kept[: len(sample)] = True  # what is real counts, wherever it lies
        expected = expected.only(kept)
        comparison = compare(expected, opened.predict, ORIGINAL.accuracy)
        says = [] if comparison.passed else [_explain(expected, comparison, None)]
        results = [Result(original.name, ORIGINAL.name, comparison, None, says)]
        results += [_result(expected, entry, required) for entry in entries]
    return Report(results, int((~kept).sum()), len(found), tuple(expected.span.tolist()))


def _searched(mlp: Mlp, sample: Rows, entries: Sequence[_Entry]) -> Iterator[Rows]:
    """The worst rows of each runtime; a simulated chip, which takes its time, has those of C."""
    for entry in entries:
        if entry.predict is not None and not entry.runtime.simulated:
            try:
                yield worst_rows(mlp, sample, entry.predict, entry.runtime.accuracy)
            except InputError as error:
                entry.predict, entry.says = None, [*entry.says, str(error)]


def _result(expected: Expected, entry: _Entry, required: Collection[str]) -> Result:
    path, runtime, predict = entry.path, entry.runtime, entry.predict
    if predict is None:
        says = entry.says
        if entry.missing and runtime.name in required:
            says = [f"has to run and cannot: {entry.missing}"]
        return Result(path.name, runtime.name, None, entry.missing, says)
    # A simulated chip knows no batches: it is given each row once.
    batches = BATCHES[:1] if runtime.simulated else BATCHES
    answers: list[Rows] = []
    says = []
    try:
        comparison = compare(expected, _heard(predict, answers), runtime.accuracy, batches)
        if not comparison.passed:
            says = [_explain(expected, comparison, likely_cause(expected, predict))]
        elif runtime.reads == ".h":
            says = _other_bits(expected, answers, runtime.fused)
    except InputError as error:
        return Result(path.name, runtime.name, None, None, [*entry.says, str(error)])
    return Result(path.name, runtime.name, comparison, None, [*says, *entry.says])


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
