"""mlp-edge serve: models behind HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mlp_edge.cli.declaring import takes
from mlp_edge.cli.options import DEFAULT_MODEL
from mlp_edge.cli.printing.console import out
from mlp_edge.cli.printing.wording import worded
from mlp_edge.serve.settings import ServeSettings


@takes(settings=ServeSettings)
def serve(
    models: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[model]...", help="Model directories or exported files.",
            show_default=str(DEFAULT_MODEL),
        ),
    ] = None,
    settings: Any = None,
) -> None:  # fmt: skip
    """Serve models over HTTP, by the Open Inference Protocol and by plain JSON."""
    from mlp_edge.serve.serving import serve as serve_models

    def listening(address: str) -> None:
        out.print(f"serving on {address}; / says what, Ctrl-C ends it")

    serve_models(models or [DEFAULT_MODEL], ServeSettings(**settings), listening, worded)
