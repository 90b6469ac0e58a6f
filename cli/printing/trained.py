"""What is shown of a training, and its pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table
from rich.text import Text

from mlp_edge.api.evaluation.score_sheets import score_sheet
from mlp_edge.cli.options import model_option
from mlp_edge.cli.printing.console import err, out, warn_of
from mlp_edge.cli.printing.search import search_notes, tuning_table
from mlp_edge.cli.printing.sheets import show_sheets
from mlp_edge.cli.printing.tables import (
    layer_table,
    new_table,
    run_table,
    show,
    spread,
)
from mlp_edge.plots.style import MODELS

if TYPE_CHECKING:
    from mlp_edge.files.manifest import Manifest
    from mlp_edge.plots.judged import Judged
    from mlp_edge.training.outcome import Trained


def show_trained(trained: Trained, directory: Path, files: Iterable[str]) -> None:
    """What was trained and how good it is, on stdout; what there is to warn of, on stderr."""
    manifest, job = trained.manifest, trained.job
    rows = manifest.rows
    out.print(f"\n{manifest.name}: {job.examples.reason}")
    counts = [f"{rows['training']} rows to train"]
    counts += [f"{rows['validation']} to watch"] if rows["validation"] else []
    counts += [f"{rows['test']} held out" if rows["test"] else "none held out"]
    out.print(", ".join(counts) + _later(manifest), soft_wrap=True)
    out.print(f"trained {job.device.says}, by {trained.first.fitted.backend.value}")
    if trained.tuned is not None:
        show(tuning_table(trained.tuned))
        for note in search_notes(trained.tuned):
            out.print(f"\n{note}")
    show(layer_table(trained.mlp))
    if manifest.cross_validation is not None:
        metrics, in_time = manifest.recipe["metrics"], job.recipe.in_time
        show(fold_table(manifest.cross_validation, metrics, len(job.examples.rows), in_time))
    for part, scores in manifest.scores.items():
        if part != "runs":
            show_sheets([score_sheet(part, rows[part], scores)])
    if len(trained.runs) > 1:
        show(run_table(trained.runs, "test" if rows["test"] else "training"))
    if manifest.recipe["threshold"] != "0.5":
        out.print(f"\n{_threshold(trained)}")
    warn_of(manifest.warnings, "model.json has each")
    out.print()
    for name in sorted_files(files):
        out.print(f"wrote {directory / name}", soft_wrap=True)
    if not rows["test"] and manifest.cross_validation is None:
        err.print("note: no rows were held out, so no score above says how it does on new ones")
    out.print(f"\nnext: mlp-edge export{model_option(directory)}", soft_wrap=True)


def _later(manifest: Manifest) -> str:
    """Where the held-out rows begin, if they are the last in time."""
    begins = (manifest.split or {}).get("from", {}).get("test")
    if begins is None:
        return ""
    line, cell = ((unit, begins[unit]) for unit in begins)
    from_cell = "" if cell[1] is None else f" {cell[1]!r},"
    return f", the last in time: from{from_cell} {line[0]} {line[1]:,} on"


def sorted_files(files: Iterable[str]) -> list[str]:
    """The files as they are listed: each picture once, though there are two of it."""
    return [name.replace(".png", ".png, .svg") for name in files if not name.endswith(".svg")]


def _threshold(trained: Trained) -> str:
    from mlp_edge.training.scoring.threshold import is_chosen

    rule, label = trained.job.recipe.threshold, trained.mlp.labels[1]
    by = f", by {rule} on the validation rows" if is_chosen(rule) else ""
    return f"answers {label} where the probability is above {trained.mlp.threshold:.4g}{by}"


def fold_table(
    folds: Mapping[str, Any], metrics: Sequence[str], rows: int, in_time: bool = False
) -> Table:
    """A row per model, a column per metric: mean and deviation over all folds."""
    times = "" if folds["repeats"] == 1 else f", {folds['repeats']} times"
    scores = folds["scores"]
    what = f"{folds['folds']}-fold cross-validation{times}, on {rows:,} rows"
    if in_time:
        tested = round(folds["folds"] * folds["tested"])
        what = f"{folds['folds']} expanding windows in time, tested on {tested:,} of {rows:,} rows"
    title = f"{what}: mean ± deviation"
    table = new_table(title, "", *metrics)
    for model, values in scores.items():
        cells = [spread(values[metric]) for metric in metrics]
        table.add_row(Text(MODELS[model]), *cells, style="bold" if model == "mlp" else None)
    return table


def training_pictures(trained: Trained) -> dict[str, bytes]:
    """Every picture of a training: file in the model directory -> content."""
    from mlp_edge import plots

    job, manifest = trained.job, trained.manifest
    rows, parts, test = job.examples.rows, job.parts, job.parts.test
    learned = rows[np.concatenate([parts.training, parts.validation])]
    unit = "" if job.preprocessed.scale is None else "deviations of the target"
    history = trained.first.fitted.history
    losses = [logs.get("val_loss", np.inf) for logs in history]
    kept = int(np.argmin(losses)) + 1 if job.recipe.early_stopping else None
    figures = {
        **plots.of_training(history, kept, unit),
        **plots.of_table(trained.mlp.features, learned, rows[test] if len(test) else None),
        **plots.of_network(trained.mlp),
    }
    if len(test):
        figures |= plots.of_judged(_judged(trained))
    if manifest.cross_validation is not None:
        scores = manifest.cross_validation["scores"].items()
        chosen = job.recipe.metrics
        figures |= plots.of_folds(
            {model: {metric: values[metric] for metric in chosen} for model, values in scores}
        )
    if trained.tuned is not None:
        trials = [trial.to_dict() for trial in trained.tuned.trials]
        baseline = mean(trained.tuned.baseline)
        figures |= plots.of_tuning(trials, trained.tuned.metric, False, baseline)
    return {f"plots/{name}": content for name, content in plots.rendered(figures).items()}


def _judged(trained: Trained) -> Judged:
    """The held-out rows with both models' answers."""
    from mlp_edge.plots.judged import Judged
    from mlp_edge.training.run import predictions, straight

    job, test = trained.job, trained.job.parts.test
    examples = job.examples
    return Judged(
        name=trained.mlp.name,
        task=examples.task,
        targets=examples.names,
        labels=examples.labels,
        truth=examples.targets[test],
        outputs=predictions(job, trained.first.model, test),
        baseline=straight(job, trained.linear, test),
        threshold=float(trained.mlp.threshold),
        part="held-out rows",
        prior=tuple(trained.manifest.prior),
        baseline_threshold=float(trained.linear.threshold),
    )
