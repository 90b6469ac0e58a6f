"""What mlp-edge parity shows: its tables, and the sentences beneath them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from mlp_edge.cli.printing.console import err, out
from mlp_edge.cli.printing.tables import new_table, show

if TYPE_CHECKING:
    from mlp_edge.mlp import Mlp
    from mlp_edge.parity.labels import Labels
    from mlp_edge.parity.parity import Report
    from mlp_edge.parity.result import Result

STYLES = {
    "PASS": "green", "FAIL": "bold red", "VACUOUS": "bold yellow", "NOT RUN": "yellow",
    "MEASURED": "cyan",
}  # fmt: skip
SHOWN = 5
"""At most so many rows whose label is not certain are named."""
FLOAT32 = "float32"
HELD_TO = {"float16": "bound", "dynamic": "nothing"}
"""What artifacts are held to, by dtype; those in integers to the bits."""


def show_report(name: str, report: Report) -> None:
    """Print the table of float32, that of reduced precision, and what is wrong."""
    from mlp_edge.parity.compare import BATCHES, VACUOUS
    from mlp_edge.runtime import RUNTIMES

    columns = ("artifact", "runtime", "|Δ| Keras", "|Δ| exact", "bound", "used", "verdict")
    compared = [result.comparison for result in report.results if result.comparison]
    table = new_table(f"{name}: parity on {compared[0].rows:,} rows", *columns, text_columns=2)
    for result in report.results:
        if result.dtype == FLOAT32:
            verdict = Text(result.verdict, style=STYLES[result.verdict])
            table.add_row(Text(result.artifact), result.runtime, *_figures(result), verdict)
    show(table)
    widest = max(figures.of_range for figures in compared)
    lines = (
        "bound: how far rounding can take an answer (docs/explanation/proof.md);",
        f"at most {widest:.1e} of the output's range, where more than {VACUOUS:g} is VACUOUS",
        "used: the largest share of its own row's bound; above 1 it is a fault",
        "|Δ|, bound: in the declared ranges; used: every row, in batches of "
        + ", ".join(f"{size:,}" for size in BATCHES),
    )
    out.print("", *lines, sep="\n", soft_wrap=True)
    headers = [r for r in report.results if r.artifact.endswith(".h") and r.comparison]
    if headers and all(result.verdict != "FAIL" for result in headers):
        out.print("C: bit for bit its own float32 arithmetic, replayed")
    by_kind = max(figures.by_kind for figures in compared)
    if by_kind:
        out.print(
            f"by kind: {by_kind:,} rows beyond float32, without a bound: whether the answer is",
            "NaN, infinity or a number is held, and so whether there is a label",
            sep="\n",
            soft_wrap=True,
        )
    if report.left_out:
        out.print(f"left out: {report.left_out:,} rows of which nothing is claimed")
    _show_reduced([result for result in report.results if result.dtype != FLOAT32])
    simulated = {runtime.name for runtime in RUNTIMES if runtime.simulated}
    if any(result.runtime in simulated for result in report.results):
        out.print("simulated chips, which know no batches: every row once")
    for result in report.results:
        if result.verdict == "NOT RUN":
            err.print(f"not run: {result.artifact} on {result.runtime}: {result.missing}")
        for sentence in result.says:
            err.print(f"{result.artifact} on {result.runtime}: {sentence}", style="red")


def _figures(result: Result) -> tuple[str, str, str, str]:
    """The cells of a line of float32: |Δ| Keras, |Δ| exact, bound, used."""
    figures = result.comparison
    if figures is None:
        return "", "", "", ""
    used = f"{figures.of_bound:.2f}" if figures.of_bound < 100 else f"{figures.of_bound:.0e}"
    off = f"{figures.from_original:.1e}"
    return off, f"{figures.from_reference:.1e}", f"{figures.bound:.1e}", used


def _show_reduced(results: Sequence[Result]) -> None:
    """The lines of integers, of float16 and of what is measured only."""
    if not results:
        return
    columns = ("artifact", "runtime", "held to", "|Δ| Keras", "labels", "verdict")
    table = new_table("in reduced precision", *columns, text_columns=3)
    for result in results:
        changed, off, labels = result.changed, "", ""
        if changed is not None:
            off = f"{changed.from_original:.1e}"
            labels = "" if changed.labels is None else f"{changed.labels:,}"
        verdict = Text(result.verdict, style=STYLES[result.verdict])
        held = HELD_TO.get(result.dtype, "bits")
        table.add_row(Text(result.artifact), result.runtime, held, off, labels, verdict)
    show(table)
    asked = max((result.bits.rows for result in results if result.bits), default=0)
    real = max((result.changed.rows for result in results if result.changed), default=0)
    says = {
        "bits": f"bits: those that the integers in its .json give, on {asked:,} rows",
        "bound": "bound: as above, of the network with weights in float16",
        "nothing": "nothing: measured, not proved",
    }
    there = {HELD_TO.get(result.dtype, "bits") for result in results}
    lines = [sentence for held, sentence in says.items() if held in there]
    lines.append(f"|Δ| Keras, labels: what reduced precision changes on the {real:,} real rows")
    out.print("", *lines, sep="\n", soft_wrap=True)


def show_certificate(proved: dict[str, Any], report: Report) -> None:
    """What holds for every row of the declared ranges."""
    bound, share = max(proved["from_original"]), proved["of_range"]
    if report.failed:
        says = "No certificate: it is for what has passed"
    elif proved["proves"]:
        says = (
            f"Certificate: while every reading is in its range, no runtime is further from the\n"
            f"original than {bound:.1e}, {share:.1e} of the output's range"
        )
    else:
        says = (
            "No certificate: for all rows of the declared ranges together the best bound is\n"
            f"{bound:.1e}, {share:.1e} of the output's range"
        )
    out.print("", *says.split("\n"), sep="\n", soft_wrap=True)
    if any(result.dtype != FLOAT32 for result in report.results):
        out.print("Certificate and labels are those of float32")


def show_labels(mlp: Mlp, certain: Labels) -> None:
    """What is certain about the rows of a table."""
    rows = "held-out rows" if certain.table is None else f"rows of {certain.table}"
    if mlp.task == "regression":
        if certain.table is not None:
            out.print(
                f"{certain.rows:,} {rows}: no runtime is further than {certain.largest:.1e} from "
                "the exact answer",
                soft_wrap=True,
            )
        return
    sure = certain.rows - len(certain.doubtful) - certain.unanswered
    none = f"; {certain.unanswered:,} have no answer, and no label" if certain.unanswered else ""
    out.print(
        f"{sure:,} of {certain.rows:,} {rows} have one label on every runtime{none}",
        soft_wrap=True,
    )
    for row in certain.doubtful[:SHOWN]:
        where = f"row {row.row}" if row.line is None else f"line {row.line}"
        answers = ", ".join(f"{answer:.9g}" for answer in row.answer)
        err.print(f"{where}: {answers}, ±{max(row.bound):.1e}: rounding picks the label")
    if len(certain.doubtful) > SHOWN:
        err.print(f"and {len(certain.doubtful) - SHOWN:,} more, in exports/parity.json")
