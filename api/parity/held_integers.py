"""``Model.parity`` of a full-integer TFLite file: bits, of the file itself and of its exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from mlp_edge import __version__
from mlp_edge.api.parity.on_board import Asked, BoardReport, recorded, transcript_of
from mlp_edge.api.parity.subject import Subject
from mlp_edge.api.result import Result, Sheet
from mlp_edge.errors import CheckError, InputError
from mlp_edge.files.writing import json_text, plain, sha256
from mlp_edge.finding import Finding
from mlp_edge.integers.asymmetric import AsymmetricNetwork
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.parity.held_integers import compare_held
from mlp_edge.parity.result import ArtifactResult
from mlp_edge.reading import read_file

FORMAT = 1
MICRO, LITERT, NOTHING = "TFLite Micro's bits", "LiteRT's bits", "nothing"


@dataclass(frozen=True, repr=False)
class HeldParityReport(Result):
    """Whether the exports of a full-integer file have the bits of its integers.

    Attributes:
        model: its name.
        results: the file itself in LiteRT, then each artifact on each runtime.
        record: what NAME_parity.json holds.
        path: of the record; None where nothing was compared.
        findings: what there is to warn of.
        board: what the board took, where one was asked.
    """

    model: str
    results: tuple[ArtifactResult, ...]
    record: Mapping[str, Any] = field(repr=False)
    path: Path | None = None
    findings: tuple[Finding, ...] = ()
    board: BoardReport | None = None

    @property
    def verdicts(self) -> dict[tuple[str, str], str]:
        """(artifact, runtime) -> PASS, FAIL, MEASURED or NOT RUN."""
        return {(one.artifact, one.runtime): one.verdict for one in self.results}

    @property
    def failed(self) -> int:
        """How many comparisons did not hold."""
        return sum(one.verdict == "FAIL" for one in self.results)

    @property
    def passed(self) -> bool:
        """Whether some export has its bits, and nothing failed."""
        return not self.failed and any(one.verdict == "PASS" for one in self.results[1:])

    def check(self) -> None:
        """Go on only when an export in integers was compared, and nothing failed.

        Raises:
            CheckError: when a comparison failed.
            InputError: when no export has its integers.
        """
        if self.failed:
            raise CheckError(f"{self.failed} of {len(self.results)} comparisons failed")
        if not self.passed:
            raise InputError(
                "no export with the integers of the file was compared; `Model.export()` writes one"
            )

    def to_dict(self) -> dict[str, Any]:
        """What `mlp-edge parity` prints as JSON.

        Returns:
            What NAME_parity.json holds.
        """
        return plain(self.record)

    def sheets(self) -> list[Sheet]:
        """What is shown of it.

        Returns:
            A row for the file itself and for each artifact, and what a board took.
        """
        rows = tuple(
            (one.artifact, one.runtime, _held_to(one, number), *_figures(one), one.verdict)
            for number, one in enumerate(self.results)
        )
        notes = (
            "bits: of predictions whose integers are right; LiteRT rounds a sum once and TFLite "
            "Micro twice (docs/explanation/tflite-integers.md)",
            "|Δ| LiteRT: on the real rows, the largest",
        )
        columns = ("artifact", "runtime", "held to", "rows", "bits", "|Δ| LiteRT", "verdict")
        sheet = Sheet(f"{self.model}: parity in int8", columns, rows, notes, text_columns=3)
        return [sheet] if self.board is None else [sheet, self.board.sheet()]

    def failures(self) -> list[str]:
        """What is wrong.

        Returns:
            A sentence each; [] when nothing is.
        """
        return [
            f"{one.artifact} on {one.runtime}: {says}" for one in self.results for says in one.says
        ]

    def remarks(self) -> list[str]:
        """What stands beside the table.

        Returns:
            What could not run, and what is wrong, a sentence each.
        """
        not_run = [
            f"not run: {one.artifact} on {one.runtime}: {one.missing}"
            for one in self.results
            if one.verdict == "NOT RUN"
        ]
        return [*not_run, *self.failures()]


def prove_held(
    mlp: Mlp,
    network: AsymmetricNetwork,
    subject: Subject,
    trust: bool,
    asked: Asked,
    sample: Rows,
    findings: tuple[Finding, ...],
) -> HeldParityReport:
    """Compare the file and every export with the bits of its integers, and write the record.

    Args:
        mlp: the network in float32.
        network: its integers.
        subject: the file and its exports.
        trust: compile headers that nobody vouches for.
        asked: where to run them.
        sample: real rows (n, inputs), or what stands for them.
        findings: what is known of it so far.

    Raises:
        InputError: when the exports were written meanwhile.
        MissingError: when LiteRT is missing: without the original nothing is compared.
    """
    with subject.original() as original:
        results = compare_held(
            mlp, network, original, sample, subject.paths, asked.runtimes, asked.required,
            subject.listed, trust,
        )  # fmt: skip
    subject.check_unchanged()
    board = asked.board_report(subject.transcript_path)
    record = _record(mlp, subject, results) | recorded(board)
    found = HeldParityReport(mlp.name, tuple(results), record, None, findings, board)
    if board is None and not any(one.ran for one in results[1:]):
        return found
    try:
        subject.write(json_text(record).encode(), transcript_of(asked))
    except InputError as error:
        says = Finding("unwritten", f"{error}; {subject.record_path.name} was not written")
        return replace(found, findings=(*findings, says))
    return replace(found, path=subject.record_path)


def _record(mlp: Mlp, subject: Subject, results: list[ArtifactResult]) -> dict[str, Any]:
    """Everything that was found; no time and no path, so that it repeats."""
    names = sorted({one.artifact for one in results if one.ran} & set(subject.files))
    return {
        "format": FORMAT,
        "model": mlp.name,
        "dtype": "int8",
        "versions": {"mlp-edge": __version__},
        "sha256": {name: sha256(read_file(subject.files[name])) for name in names},
        "results": [{**asdict(one), "verdict": one.verdict} for one in results],
    }


def _held_to(one: ArtifactResult, number: int) -> str:
    if number == 0:
        return LITERT
    return MICRO if one.dtype == "int8" else NOTHING


def _figures(one: ArtifactResult) -> tuple[str, str, str]:
    rows = "" if one.bits is None else f"{one.bits.rows:,}"
    right = "" if one.bits is None else f"{one.bits.same:,}"
    return rows, right, "" if one.changed is None else f"{one.changed.from_original:.1e}"
