"""mlp-edge evaluate: how good a model is, beside what it has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from mlp_edge.api.settings import EvaluationSettings, Reading
from mlp_edge.cli.declaring import takes
from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption, TrustOption, model_named
from mlp_edge.cli.printing.console import out, print_json, warn_of
from mlp_edge.cli.printing.observer import Printing
from mlp_edge.cli.printing.sheets import show_sheets
from mlp_edge.cli.verify import warn_stale


@takes(settings=EvaluationSettings, reading=Reading)
def evaluate(
    table: Annotated[
        str | None,
        typer.Argument(help="CSV or Parquet file, or a data set.", show_default="held-out rows"),
    ] = None,
    model: Annotated[Path, model_named("Model directory to evaluate.")] = DEFAULT_MODEL,
    settings: Any = None,
    reading: Any = None,
    trust: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Score a model on rows that it never saw, or on a table."""
    from mlp_edge.api.evaluation.evaluating import evaluate as evaluate_model
    from mlp_edge.api.model import open_model

    chosen, rest = EvaluationSettings(**settings), "--json has each"
    found = evaluate_model(
        open_model(model, signed_by=chosen.signed_by),
        table,
        chosen,
        Reading(**reading),
        trust=trust,
        observer=Printing(rest=rest),
    )
    if found.files:
        warn_stale(model)
    if as_json:
        print_json(found.to_dict())
        return
    show_sheets(found.sheets())
    warn_of(found.scored.findings, rest)
    _show_files(found.files)


def _show_files(files: Sequence[Path]) -> None:
    """What was written: both files of a picture as one name."""
    pictures = [file for file in files if file.suffix in (".png", ".svg")]
    for file in files:
        if file not in pictures:
            out.print(f"wrote {file}", soft_wrap=True)
    if pictures:
        stems = ", ".join(dict.fromkeys(file.stem for file in pictures))
        out.print(f"wrote {pictures[0].parent}: {stems} (.png, .svg)", soft_wrap=True)
