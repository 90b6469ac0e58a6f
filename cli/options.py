"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ModelOption = Annotated[
    Path, typer.Option("--model", "-m", help="Model directory (or a .keras file, to export).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
TrustOption = Annotated[
    bool, typer.Option("--trust", help="Compile a C header that no model directory vouches for.")
]
DEFAULT_MODEL = Path("model")


def names(text: str | None) -> tuple[str, ...] | None:
    """Comma-separated names: ``"accuracy, auc"`` -> ("accuracy", "auc"); None stays None."""
    if text is None:
        return None
    return tuple(part.strip() for part in text.split(",") if part.strip())
