"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mlp_edge.errors import RecipeError
from mlp_edge.foreign import typed

JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print JSON instead of tables.", rich_help_panel="Output"),
]
TrustOption = Annotated[
    bool,
    typer.Option(
        "--trust",
        help="Run a header or script that no model directory vouches for.",
        rich_help_panel="Trust",
    ),
]
MaxBytesOption = Annotated[
    str | None,
    typer.Option(
        help="Most bytes of a table, unpacked, such as 4G.",
        rich_help_panel="Table",
        show_default="512M",
    ),
]
DEFAULT_MODEL = Path("model")


def model_named(help: str) -> Any:  # noqa: A002 (the word of the command line)
    """The option --model of a command, which says what the command takes."""
    return typer.Option("--model", "-m", help=help, rich_help_panel="What to run")


def model_option(model: Path) -> str:
    """What a command line that is suggested says of the model: nothing of the default one."""
    return "" if model == DEFAULT_MODEL else f" --model {typed(model)}"


def names(text: str | None) -> tuple[str, ...] | None:
    """Comma-separated names: ``"accuracy, auc"`` -> ("accuracy", "auc"); None stays None."""
    if text is None:
        return None
    return tuple(part.strip() for part in text.split(",") if part.strip())


def widths(text: str | None) -> tuple[int, ...] | None:
    """``"12,8"`` -> (12, 8); ``"none"`` -> (); None stays None.

    Raises:
        RecipeError: for anything else.
    """
    if text is None:
        return None
    if text.strip().lower() in ("", "none"):
        return ()
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise RecipeError(
            f"--hidden takes neurons per layer such as 12,8, or none; got {text!r}"
        ) from None


def limits(text: str | None) -> tuple[float, float] | None:
    """``"0,100"`` -> (0.0, 100.0), rounded to float32; None stays None.

    Raises:
        RecipeError: for anything else.
    """
    if text is None:
        return None
    import numpy as np

    try:
        with np.errstate(over="ignore"):
            low, high = (float(np.float32(part)) for part in text.split(","))
    except ValueError:
        raise RecipeError(f"--clip takes LOW,HIGH such as 0,100; got {text!r}") from None
    return low, high
