"""The tables of a result, as a terminal shows them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from mlp_edge.cli.printing.console import NARROW, one_line, out
from mlp_edge.cli.printing.tables import new_table, show
from mlp_edge.cli.printing.wording import worded

if TYPE_CHECKING:
    from mlp_edge.api.result import Sheet

STYLES = {
    "PASS": "green", "FAIL": "bold red", "VACUOUS": "bold yellow", "NOT RUN": "yellow",
    "MEASURED": "cyan",
}  # fmt: skip
"""Cells that stand out."""
ROWS = {"this network": "bold", "all": "bold"}
"""First cells of rows that stand out."""


def show_sheets(sheets: Sequence[Sheet], styles: Mapping[str, str] = STYLES) -> None:
    """Print tables on stdout, each with its notes beneath; one without columns as its lines."""
    for sheet in sheets:
        if sheet.columns:
            table = new_table(sheet.title, *sheet.columns, text_columns=sheet.text_columns)
            for row in sheet.rows:
                cells = (Text(cell, style=styles.get(cell, "")) for cell in row)
                table.add_row(*cells, style=ROWS.get(row[0]))
            show(table)
        lines = sheet.notes if sheet.columns else (sheet.title, *sheet.notes)
        if lines:
            out.print()
        for line in lines:
            for folded in fold(one_line(worded(line))):
                out.print(folded, soft_wrap=True)


def fold(text: str) -> list[str]:
    """A text in lines as wide as the terminal, broken between words; whole on a narrow one."""
    if out.width < NARROW:
        return [text]
    return textwrap.wrap(text, out.width, break_long_words=False, break_on_hyphens=False)
