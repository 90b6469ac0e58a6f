"""What can be set of ``Model.report``, from which the command makes its options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlp_edge.settings import declared


@dataclass(frozen=True)
class ReportSettings:
    """What a report looks at, and where it goes.

    Attributes:
        out: the HTML file to write, with its facts in a .json file beside it; None for report.html
            and report.json in the model directory.
        parity: whether every export is held against the original first.
        cost: whether the headers are compiled for boards.
        boards: uno, pico, esp32-c3 and the like; () for all.
        runtime: keras, litert, onnxruntime, c, js or micropython; None for the fastest export.
        trust: run a header or script that was changed since it was exported.
    """

    out: Path | None = declared(
        None, "HTML file to write; its facts go into a .json file beside it.", "Output",
        shown="MODEL/report.html", flag="--out -o",
    )  # fmt: skip
    parity: bool = declared(
        False, "Hold every export against the original first.", "What to run", flag="--parity"
    )
    cost: bool = declared(
        True, "Whether to compile the C headers for boards.", "Measurement",
        flag="--cost/--no-cost", shown="cost",
    )  # fmt: skip
    boards: tuple[str, ...] = declared(
        (), "Board to measure on, such as uno, pico or esp32-c3.", "Measurement", shown="all",
        flag="--board", repeat=True,
    )  # fmt: skip
    runtime: str | None = declared(
        None, "Runtime that predicts: keras, litert, onnxruntime, c, js or micropython.",
        "What to run", shown="the fastest export", flag="--runtime -r",
    )  # fmt: skip
    trust: bool = declared(
        False, "Run a header or script that no model directory vouches for.", "Trust",
        flag="--trust",
    )  # fmt: skip
