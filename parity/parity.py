"""Every artifact of a model on every runtime that reads it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlp_edge.errors import InputError, MissingError
from mlp_edge.export.c_replay import predict as replay
from mlp_edge.mlp import Mlp, Predict, Rows
from mlp_edge.parity.compare import BATCHES, Comparison, Expected, compare, expect
from mlp_edge.parity.diagnose import differences, likely_cause
from mlp_edge.parity.rows import SAMPLE_ROWS, provoking_rows
from mlp_edge.runtime import HOSTED, Runtime
from mlp_edge.runtime.keras import RUNTIME as ORIGINAL


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
        """PASS, FAIL or NOT RUN."""
        if self.comparison is None and not self.says:
            return "NOT RUN"
        return "FAIL" if self.says else "PASS"


def check(
    mlp: Mlp,
    original: Path,
    sample: Rows,
    artifacts: Sequence[Path],
    runtimes: Sequence[Runtime] = HOSTED,
    required: Collection[str] = (),
) -> list[Result]:
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
    rows = np.vstack([sample, provoking_rows(mlp, sample)])
    with ORIGINAL.open(original) as opened:
        expected = expect(mlp, rows, opened.predict)
        comparison = compare(expected, opened.predict)
        says = [] if comparison.passed else [_explain(expected, comparison, None)]
        results = [Result(original.name, ORIGINAL.name, comparison, None, says)]
    for path in artifacts:
        for runtime in runtimes:
            if runtime.reads == path.suffix:
                results.append(_result(expected, path, runtime, runtime.name in required))
    return results


def _result(expected: Expected, path: Path, runtime: Runtime, required: bool) -> Result:
    missing = runtime.missing()
    if missing:
        says = [f"has to run and cannot: {missing}"] if required else []
        return Result(path.name, runtime.name, None, missing, says)
    # A simulated chip knows no batches: it is given each row once.
    batches = BATCHES[:1] if runtime.simulated else BATCHES
    try:
        with runtime.open(path) as opened:
            says = differences(opened.card, expected.mlp)
            answers: list[Rows] = []
            comparison = compare(expected, _heard(opened.predict, answers), batches)
            if not comparison.passed:
                cause = likely_cause(expected, opened.predict)
                says.insert(0, _explain(expected, comparison, cause))
            elif runtime.reads == ".h":
                says += _other_bits(expected, answers, runtime.fused)
            return Result(path.name, runtime.name, comparison, None, says)
    except InputError as error:
        return Result(path.name, runtime.name, None, None, [str(error)])


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
        return f"{comparison.flips} labels flipped although every number is within the tolerance"
    row = expected.rows[failure.row]
    shown = ", ".join(f"{value:g}" for value in row[:8]) + (", …" if len(row) > 8 else "")
    return (
        f"row {failure.row + 1} ({shown}), output {failure.output + 1}, batches of "
        f"{failure.batch}: {failure.got:.9g} instead of {failure.expected:.9g} "
        f"({failure.against}); "
        + (f"likely cause: {cause}" if cause else "no single known fault explains it")
    )
