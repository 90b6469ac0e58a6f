"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ModelOption = Annotated[
    Path,
    typer.Option(
        "--model", "-m", help="Model directory; export takes a .keras file, predict any export."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
TrustOption = Annotated[
    bool, typer.Option("--trust", help="Compile a C header that no model directory vouches for.")
]
READING, COLUMNS = "Reading the table", "Columns"
"""Headings in --help."""
SepOption = Annotated[
    str | None,
    typer.Option(help="What separates cells: a character, tab or space.", rich_help_panel=READING),
]
DecimalOption = Annotated[
    str | None, typer.Option(help="Decimal mark, . or ,", rich_help_panel=READING)
]
EncodingOption = Annotated[
    str | None, typer.Option(help="Such as utf-16 or latin-1.", rich_help_panel=READING)
]
HeaderOption = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header", help="Whether the first line names the columns.",
        rich_help_panel=READING,
    ),
]  # fmt: skip
DEFAULT_MODEL = Path("model")


def names(text: str | None) -> tuple[str, ...] | None:
    """Comma-separated names: ``"accuracy, auc"`` -> ("accuracy", "auc"); None stays None."""
    if text is None:
        return None
    return tuple(part.strip() for part in text.split(",") if part.strip())
