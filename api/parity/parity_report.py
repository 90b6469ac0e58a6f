"""What parity found, as a result: tables, a certificate, and sentences about what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlp_edge.api.parity.directions import lost_sentence, proved_sentence
from mlp_edge.api.parity.on_board import BoardReport
from mlp_edge.api.result import Result, Sheet
from mlp_edge.errors import CheckError, InputError
from mlp_edge.files.writing import plain
from mlp_edge.finding import Finding
from mlp_edge.parity.certificate import Certificate
from mlp_edge.parity.labels import Labels
from mlp_edge.parity.monotone import Monotone
from mlp_edge.parity.parity import Report
from mlp_edge.parity.result import ArtifactResult
from mlp_edge.settings import setting

SHOWN = 5
"""At most so many rows whose label is not certain are named."""
FLOAT32 = "float32"
UNDERIVED = "how far it may be from its network by rounding is not derived, but measured alone"
HELD_TO = {"int24": "bits, bound", "float16": "bound", "dynamic": "nothing"}
"""What artifacts are held to, by dtype; other integers to their bits."""


@dataclass(frozen=True, repr=False)
class ParityReport(Result):
    """Whether every export predicts what the original does.

    Attributes:
        model: its name.
        task: binary, multiclass or regression.
        report: every comparison, its figures, and how many rows there were.
        certificate: how far any runtime can be off, anywhere in the declared ranges.
        labels: which rows have one label on every runtime.
        record: what parity.json holds.
        rows: what the rows are called that labels are of where no table was named.
        allow_vacuous: whether ``check`` accepts a bound too wide to prove anything.
        path: of the record; None where it could not be written.
        findings: what there is to warn of.
        monotone: for each reading that predictions are to follow, what is proved.
        board: what the board took, where one was asked.
    """

    model: str
    task: str
    report: Report
    certificate: Certificate
    labels: Labels
    record: Mapping[str, Any] = field(repr=False)
    rows: str = "held-out rows"
    allow_vacuous: bool = False
    path: Path | None = None
    findings: tuple[Finding, ...] = ()
    monotone: tuple[Monotone, ...] = ()
    board: BoardReport | None = None

    @property
    def results(self) -> tuple[ArtifactResult, ...]:
        """The original, then each artifact on each runtime."""
        return tuple(self.report.results)

    @property
    def verdicts(self) -> dict[tuple[str, str], str]:
        """(artifact, runtime) -> PASS, FAIL, VACUOUS, MEASURED or NOT RUN."""
        return {(one.artifact, one.runtime): one.verdict for one in self.results}

    @property
    def failed(self) -> int:
        """How many comparisons did not hold."""
        return self.report.failed

    @property
    def passed(self) -> bool:
        """Whether some export is a PASS, nothing that could be is less, and directions hold."""
        return self.report.passed and all(each.holds for each in self.monotone)

    def check(self) -> None:
        """Go on only when something was compared, nothing failed and all of it proves something.

        Raises:
            CheckError: when a comparison failed, or proves nothing.
            InputError: when no runtime could run.
        """
        if self.failed:
            raise CheckError(f"{self.failed} of {len(self.results)} comparisons failed")
        if not self.report.compared:
            raise InputError("no export was compared: none of these runtimes can run here")
        if lost := [each.column for each in self.monotone if not each.holds]:
            raise CheckError(f"not proved monotone in {', '.join(map(repr, lost))}")
        if self.allow_vacuous:
            return
        accepts = f"{setting('allow_vacuous', True)} accepts that"
        if "VACUOUS" in self.verdicts.values():
            raise CheckError(
                "rounding alone may move a prediction so far that agreement proves nothing; "
                f"{accepts}"
            )
        if self.results[0].verdict == "MEASURED":
            raise CheckError(f"{self.results[0].artifact}: {UNDERIVED}; {accepts}")

    def to_dict(self) -> dict[str, Any]:
        """What `mlp-edge parity` prints as JSON.

        Returns:
            What parity.json holds.
        """
        return plain(self.record)

    def sheets(self) -> list[Sheet]:
        """What is shown of it.

        Returns:
            The table of float32, that of reduced precision, what a board took, the certificate
            with the labels.
        """
        reduced = [result for result in self.results if result.dtype != FLOAT32]
        from_original = f"|Δ| {_called(self.results[0])}"
        sheets = [_float32(self.model, self.report, from_original)]
        if reduced:
            sheets.append(_reduced(reduced, from_original))
        if self.board is not None:
            sheets.append(self.board.sheet())
        notes = ["Certificate and labels are those of float32"] if reduced else []
        notes += [proved_sentence(self.task, each) for each in self.monotone if each.holds]
        notes += _certain(self.task, self.labels, self.rows)
        return [*sheets, Sheet(self._certified(), notes=tuple(notes))]

    def _certified(self) -> str:
        """What holds for every row of the declared ranges."""
        proved = self.record["certificate"]
        if self.failed:
            return "No certificate: it is for what has passed"
        size = (
            f"{max(2 * bound for bound in self.certificate.bounds):.1e}, "
            f"{proved['of_range'] if proved['of_range'] is not None else float('inf'):.1e} "
            "of the output's range"
        )
        if proved["proves"]:
            return (
                "Certificate: while every reading is in its range, no runtime is further from the "
                f"original than {size}"
            )
        return (
            f"No certificate: for all rows of the declared ranges together the best bound is {size}"
        )

    def not_run(self) -> list[str]:
        """Which runtimes could not run.

        Returns:
            A sentence each, with what would bring the runtime.
        """
        return [
            f"not run: {one.artifact} on {one.runtime}: {one.missing}"
            for one in self.results
            if one.verdict == "NOT RUN"
        ]

    def failures(self) -> list[str]:
        """What is wrong.

        Returns:
            A sentence each; [] when nothing is.
        """
        wrong = [
            f"{one.artifact} on {one.runtime}: {says}" for one in self.results for says in one.says
        ]
        return wrong + [lost_sentence(self.task, each) for each in self.monotone if not each.holds]

    def uncertain(self) -> list[str]:
        """The rows whose label rounding picks.

        Returns:
            A sentence for each of the first, and how many more there are.
        """
        doubtful, says = self.labels.doubtful, []
        for row in doubtful[:SHOWN]:
            where = f"row {row.row}" if row.line is None else f"line {row.line}"
            exact = ", ".join(f"{value:.9g}" for value in row.answer)
            says.append(f"{where}: {exact}, ±{max(row.bound):.1e}: rounding picks the label")
        if len(doubtful) > SHOWN:
            name = "the JSON" if self.path is None else f"{self.path.parent.name}/{self.path.name}"
            says.append(f"and {len(doubtful) - SHOWN:,} more, in {name}")
        return says

    def remarks(self) -> list[str]:
        """What stands beside the tables.

        Returns:
            What could not run, what is wrong, and whose label is not certain.
        """
        return [*self.not_run(), *self.underived(), *self.failures(), *self.uncertain()]

    def underived(self) -> list[str]:
        """Whether the original is held to no bound.

        Returns:
            A sentence, or none.
        """
        first = self.results[0]
        if first.verdict != "MEASURED" or first.changed is None:
            return []
        off = f"|Δ| exact is {first.changed.from_original:.1e} on {first.changed.rows:,} real rows"
        return [f"{first.artifact} on {first.runtime}: {UNDERIVED}: {off}"]


def _called(original: ArtifactResult) -> str:
    """What tables call the original."""
    return "Keras" if original.runtime == "keras" else "original"


def _float32(name: str, report: Report, from_original: str) -> Sheet:
    """A row for the original and each artifact in float32; how the figures are to be read."""
    from mlp_edge.runtime import HOSTED

    compared = [result.comparison for result in report.results if result.comparison]
    rows = tuple(
        (result.artifact, result.runtime, *_figures(result), result.verdict)
        for result in report.results
        if result.dtype == FLOAT32
    )
    notes = _how_to_read(report)
    hosted = {runtime.name for runtime in HOSTED}
    by_row = [result for result in report.results[1:] if result.runtime not in hosted]
    if any(result.artifact.endswith(".h") for result in by_row):
        notes.append("chips, which know no batches: every row once")
    elif by_row:
        notes.append("micropython, which knows no batches: every row once")
    columns = ("artifact", "runtime", from_original, "|Δ| exact", "bound", "used", "verdict")
    title = f"{name}: parity on {compared[0].rows:,} rows"
    return Sheet(title, columns, rows, tuple(notes), text_columns=2)


def _how_to_read(report: Report) -> list[str]:
    from mlp_edge.parity.compare import BATCHES, VACUOUS

    compared = [result.comparison for result in report.results if result.comparison]
    widest = max(figures.of_range for figures in compared)
    notes = [
        "bound: how far rounding can take a prediction (docs/explanation/proof.md); at most "
        f"{widest:.1e} of the output's range, where more than {VACUOUS:g} is VACUOUS",
        "used: the largest share of its own row's bound; above 1 it is a fault",
        "|Δ|, bound: in the declared ranges; used: every row, in batches of "
        + ", ".join(f"{size:,}" for size in BATCHES),
    ]
    bits = {".h": "C: bit for bit its own", ".js": "js: bit for bit C's"}
    for suffix, says in {**bits, ".py": "micropython: bit for bit C's"}.items():
        found = [one for one in report.results if one.artifact.endswith(suffix) and one.comparison]
        if found and all(result.verdict != "FAIL" for result in found):
            notes.append(f"{says} float32 arithmetic, replayed")
    by_kind = max(figures.by_kind for figures in compared)
    if by_kind:
        notes.append(
            f"by kind: {by_kind:,} rows beyond float32, without a bound: whether the prediction is "
            "NaN, infinity or a number is held, and with it whether there is a label"
        )
    if report.left_out:
        notes.append(f"left out: {report.left_out:,} rows of which nothing is claimed")
    return notes


def _figures(result: ArtifactResult) -> tuple[str, str, str, str]:
    """The cells of a line of float32: from the original, from the exact prediction, bound, used."""
    figures = result.comparison
    if figures is None:
        return "", "", "", ""
    used = f"{figures.of_bound:.2f}" if figures.of_bound < 100 else f"{figures.of_bound:.0e}"
    off = f"{figures.from_original:.1e}"
    return off, f"{figures.from_reference:.1e}", f"{figures.bound:.1e}", used


def _of_grade(results: Sequence[ArtifactResult], asked: int) -> str:
    """What int24 takes of the bound of float32."""
    shares = [result.bits.of_bound for result in results if result.bits]
    used = max((share for share in shares if share is not None), default=0.0)
    return (
        f"bits, bound: those bits, on {asked:,} rows, and in the declared ranges no further off "
        f"than float32 may be: by {used:.2g} of its bound"
    )


def _reduced(results: Sequence[ArtifactResult], from_original: str) -> Sheet:
    """A row for each artifact in integers, in float16 and in dynamic range."""
    rows = []
    for result in results:
        changed, off, labels = result.changed, "", ""
        if changed is not None:
            off = f"{changed.from_original:.1e}"
            labels = "" if changed.labels is None else f"{changed.labels:,}"
        held = HELD_TO.get(result.dtype, "bits")
        rows.append((result.artifact, result.runtime, held, off, labels, result.verdict))
    asked = max((result.bits.rows for result in results if result.bits), default=0)
    real = max((result.changed.rows for result in results if result.changed), default=0)
    says = {
        "bits": f"bits: those that the integers in its .json give, on {asked:,} rows",
        "bits, bound": _of_grade(results, asked),
        "bound": "bound: as above, of the network with weights in float16",
        "nothing": "nothing: measured, not proved",
    }
    counts = max(result.counts for result in results)
    if counts:
        says["bits"] += f"; of NAME_predict_raw, on {counts:,} rows of counts"
    there = {HELD_TO.get(result.dtype, "bits") for result in results}
    notes = [sentence for held, sentence in says.items() if held in there]
    notes.append(
        f"{from_original}, labels: what reduced precision changes on the {real:,} real rows"
    )
    columns = ("artifact", "runtime", "held to", from_original, "labels", "verdict")
    return Sheet("in reduced precision", columns, tuple(rows), tuple(notes), text_columns=3)


def _certain(task: str, labels: Labels, called: str) -> list[str]:
    """What is certain about the rows of a table."""
    rows = called if labels.table is None else f"rows of {labels.table}"
    if task == "regression":
        if labels.table is None:
            return []
        off = f"no runtime is further than {labels.largest:.1e} from the exact prediction"
        return [f"{labels.rows:,} {rows}: {off}"]
    sure = labels.rows - len(labels.doubtful) - labels.unanswered
    none = ""
    if labels.unanswered:
        none = f"; {labels.unanswered:,} have no prediction, and no label"
    return [f"{sure:,} of {labels.rows:,} {rows} have one label on every runtime{none}"]
