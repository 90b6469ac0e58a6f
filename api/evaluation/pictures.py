"""Pictures of scored rows, in the model directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlp_edge.api.evaluation.score_sheets import TITLES

if TYPE_CHECKING:
    from mlp_edge.api.evaluation.scored_rows import ScoredRows
    from mlp_edge.finding import Finding
    from mlp_edge.plots.rendering import Pictures
    from mlp_edge.readers.model_directory import ModelDirectory
    from mlp_edge.training.scoring.importance import Importance

FLOAT32 = "float32"


def write_pictures(
    scored: ScoredRows, directory: ModelDirectory, dtype: str, shuffled: Importance | None = None
) -> tuple[tuple[Path, ...], tuple[Finding, ...]]:
    """Draw scored rows, each picture as PNG and SVG.

    Args:
        scored: what is drawn.
        directory: the model, in whose plots/ those of the held-out rows go; another table has a
            folder of its own in there.
        dtype: of the artifact that predicted.
        shuffled: what the scores rest on; None where nobody asked.

    Returns:
        The files, and what there is to say of them.

    Raises:
        InputError: when the directory holds another model by now or the disk refuses.
    """
    from mlp_edge.readers.model_directory import PLOTS

    place = PLOTS if scored.part == "test" else f"{PLOTS}/{scored.table.name}"
    made = _pictures(scored, dtype, shuffled)
    files = {f"{place}/{name}": content for name, content in made.files.items()}
    directory.write(files)
    return tuple(directory.path / name for name in files), made.findings


def _pictures(scored: ScoredRows, dtype: str, shuffled: Importance | None) -> Pictures:
    from mlp_edge import plots
    from mlp_edge.plots.judged import Judged

    manifest = scored.manifest
    linear = scored.models["linear"][0] if "linear" in scored.models else None
    called = TITLES.get(scored.part, scored.part)
    judged = Judged(
        name=manifest.name,
        task=manifest.task,
        targets=manifest.targets,
        labels=manifest.labels,
        truth=scored.truth.targets,
        outputs=scored.models["mlp"][1],
        baseline=scored.straight,
        threshold=float(scored.threshold),
        part=called if dtype == FLOAT32 else f"{called}, in {dtype}",
        prior=tuple(manifest.prior) if manifest.imported is None else (),
        baseline_threshold=float(linear.threshold) if linear is not None else None,
    )
    figures = plots.of_judged(judged)
    if shuffled is not None:
        from mlp_edge.training.scoring.importance import SHUFFLES

        figures |= plots.of_importance(
            shuffled.columns, shuffled.metric, shuffled.rows, SHUFFLES, shuffled.alike,
            shuffled.falls, shuffled.standardised,
        )  # fmt: skip
    return plots.rendered(figures)
