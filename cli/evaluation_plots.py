"""evaluate's pictures: of the rows that it scored, in the model directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlp_edge.cli.printing.console import warn
from mlp_edge.cli.printing.tables import TITLES
from mlp_edge.errors import InputError

if TYPE_CHECKING:
    from mlp_edge.cli.evaluation import Evaluation
    from mlp_edge.readers.model_directory import ModelDirectory

FLOAT32 = "float32"


def write_pictures(
    evaluation: Evaluation, directory: ModelDirectory, dtype: str, asked: bool
) -> list[Path]:
    """Write the pictures of an evaluation, each as PNG and SVG.

    Args:
        evaluation: what is drawn.
        directory: the model, in whose plots/ those of the held-out rows go; another table has a
            folder of its own in there.
        dtype: what the numbers of the artifact are that predicted.
        asked: whether somebody wants them; otherwise what prevents them is no reason to fail.

    Returns:
        The files.

    Raises:
        InputError: when they were asked for, and the directory holds another model by now or the
            disk refuses.
    """
    from mlp_edge.lazy import installed
    from mlp_edge.readers.model_directory import PLOTS

    if not installed("matplotlib"):
        return []
    place = PLOTS if evaluation.part == "test" else f"{PLOTS}/{evaluation.table.name}"
    files = {f"{place}/{name}": made for name, made in _pictures(evaluation, dtype).items()}
    try:
        directory.write(files)
    except InputError as error:
        if asked:
            raise
        warn(f"no pictures: {error}")
        return []
    return [directory.path / name for name in files]


def _pictures(evaluation: Evaluation, dtype: str) -> dict[str, bytes]:
    from mlp_edge import plots
    from mlp_edge.plots.judged import Judged

    manifest = evaluation.manifest
    linear = evaluation.models["linear"][0] if "linear" in evaluation.models else None
    called = TITLES.get(evaluation.part, evaluation.part)
    judged = Judged(
        name=manifest.name,
        task=manifest.task,
        targets=manifest.targets,
        labels=manifest.labels,
        truth=evaluation.truth.targets,
        outputs=evaluation.models["mlp"][1],
        baseline=evaluation.straight,
        threshold=float(evaluation.threshold),
        part=called if dtype == FLOAT32 else f"{called}, in {dtype}",
        prior=tuple(manifest.prior),
        baseline_threshold=float(linear.threshold) if linear is not None else None,
    )
    return plots.rendered(plots.of_judged(judged))
