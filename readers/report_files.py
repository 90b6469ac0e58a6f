"""The files that a report puts into a model directory, and whether one that is there is ours.

A user may have a README.md of their own there, or a page of that name: nothing that lacks the mark
of a report is written over.
"""

from __future__ import annotations

from pathlib import Path

REPORT_PAGE, REPORT_FACTS, MODEL_CARD = "report.html", "report.json", "README.md"
REPORTS = (REPORT_PAGE, REPORT_FACTS, MODEL_CARD)
BOM = "bom.cdx.json"
"""In exports/: the bill of materials."""
FORMAT, COMPARISON = "mlp-edge report", "mlp-edge report of two models"
"""What report.json, and the facts of a comparison, say of themselves first."""
PAGE_MARK = '<meta name="generator" content="mlp-edge'
CARD_MARK = "<!-- Written by mlp-edge report."
BOM_MARK = '"bom-ref": "tool:pkg:pypi/mlp-edge@'
"""How a page, a model card and a bill of materials tell that they are of a report."""
MARKS = {".html": PAGE_MARK, ".json": f'"format": "{FORMAT}', ".md": CARD_MARK}
"""Suffix -> what stands near the beginning of such a file."""
HEAD = 1 << 16
"""Bytes within which a mark stands."""


def is_report(path: Path) -> bool:
    """Whether a file has the mark that a report puts into files with its suffix."""
    mark = BOM_MARK if path.name == BOM else MARKS.get(path.suffix.lower())
    if mark is None or not path.is_file():
        return False
    with path.open("rb") as file:
        return mark.encode() in file.read(HEAD)
