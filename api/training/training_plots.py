"""Every picture of a training."""

from __future__ import annotations

from statistics import mean

import numpy as np

from mlp_edge import plots
from mlp_edge.plots.judged import Judged
from mlp_edge.plots.rendering import Pictures
from mlp_edge.training.outcome import Trained
from mlp_edge.training.run import predictions, straight


def training_pictures(trained: Trained) -> Pictures:
    """Every picture of a training, as files of the model directory."""
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
    if trained.sized is not None:
        found = trained.sized.to_dict()
        figures |= plots.of_sizes(
            found["candidates"], found["metric"], found["target"], mean(found["baseline"])
        )
    made = plots.rendered(figures)
    return made._replace(files={f"plots/{name}": each for name, each in made.files.items()})


def _judged(trained: Trained) -> Judged:
    """The held-out rows with both models' predictions."""
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
