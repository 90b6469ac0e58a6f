"""What a library that tracks trainings is told of one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from mlp_edge.finding import Finding
from mlp_edge.training.outcome import Trained
from mlp_edge.training.run import predictions
from mlp_edge.training.scoring.scores import intervals
from mlp_edge.training.search.trials import Tuned

FINISHED, FAILED, KILLED = "FINISHED", "FAILED", "KILLED"
"""How a run ends, as MLflow has it."""


@dataclass(frozen=True)
class Epoch:
    """What came of an epoch.

    Attributes:
        when: in seconds since 1970.
        number: from 1; the networks of an ensemble follow one another.
        logs: loss, accuracy, val_loss and the like.
    """

    when: float
    number: int
    logs: Mapping[str, float]


Curve = Sequence[Epoch]


@dataclass(frozen=True)
class TrackedRun:
    """A training, or a seed, a fold or a trial of one.

    Attributes:
        name: of the model; of a part, what it is, such as "fold 2 of 5".
        parameters: name -> number, text, truth value or None.
        scores: name -> finite number; names are such as "test/accuracy" and "test/linear/accuracy".
        curve: every epoch; () of a fold and of a trial.
        warnings: what was found in the table and in the model.
        status: ``FINISHED``, ``FAILED`` or ``KILLED``.
        failure: what was said when it failed.
        table: what was trained on, its name and the SHA-256 of its bytes; None of a part.
        nested: its seeds, folds and trials.
    """

    name: str
    parameters: Mapping[str, Any]
    scores: Mapping[str, float]
    curve: Curve = ()
    warnings: Sequence[Finding] = ()
    status: str = FINISHED
    failure: str = ""
    table: tuple[str, str] | None = None
    nested: Sequence[TrackedRun] = ()


def tracked(trained: Trained, curves: Sequence[Curve]) -> TrackedRun:
    """A training that is finished.

    Args:
        trained: what it left.
        curves: of every network whose epochs somebody watched, in order. The last ones are those
            of the seeds; a search for the size may have fitted others before.
    """
    manifest, own = trained.manifest, curves[len(curves) - len(trained.runs) :]
    parts = {part: of for part, of in manifest.scores.items() if part != "runs"}
    scores = _scores(parts) | _ends(trained) | {"parameters": float(trained.mlp.parameters)}
    return TrackedRun(
        name=manifest.name,
        parameters=_parameters(trained),
        scores=scores | _spread(manifest.cross_validation),
        curve=own[0],
        warnings=tuple(manifest.warnings),
        table=(manifest.table, manifest.sha256["data"]),
        nested=(*_seeds(trained, own), *_folds(manifest.cross_validation), *_trials(trained.tuned)),
    )


def as_parameters(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as parameters: several values as they are typed, everything else as it is."""
    return {name: _typed(value) for name, value in settings.items()}


def _typed(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return ",".join(map(str, value)) or "none"
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def _parameters(trained: Trained) -> dict[str, Any]:
    """The recipe as it was used, and what else the weights follow from."""
    manifest = trained.manifest
    return as_parameters(manifest.recipe) | {
        "task": manifest.task,
        "target": ",".join(manifest.targets),
        "seed": manifest.seed,
        "backend": trained.first.fitted.backend.value,
        "data_sha256": manifest.sha256["data"],
        "weights_sha256": manifest.sha256["weights"],
        **{f"rows.{part}": rows for part, rows in manifest.rows.items()},
        **{f"versions.{package}": each for package, each in manifest.versions.items()},
    }


def _scores(parts: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, float]:
    """Part -> model -> metric -> value, by one name each; what is no number is left out."""
    return {
        "/".join((part, metric) if model == "mlp" else (part, model, metric)): value
        for part, models in parts.items()
        for model, metrics in models.items()
        for metric, value in metrics.items()
        if math.isfinite(value)
    }


def _ends(trained: Trained) -> dict[str, float]:
    """The ends of 95 % intervals; of a stream there are none, whose rows are not all at hand."""
    job, run = trained.job, trained.first
    found: dict[str, float] = {}
    for part, rows in job.scored.items():
        if len(rows) < trained.manifest.rows[part]:
            continue
        truth, outputs = job.examples.truth(rows, run.threshold), predictions(job, run.model, rows)
        for metric, (low, high) in intervals(job.recipe.metrics, truth, outputs).items():
            found |= {f"{part}/{metric}_low": low, f"{part}/{metric}_high": high}
    return found


def _spread(folds: Mapping[str, Any] | None) -> dict[str, float]:
    """The mean and the standard deviation of each metric over the folds of a cross-validation."""
    if folds is None:
        return {}
    models = folds["scores"]
    means = {
        model: {metric: fmean(values) for metric, values in metrics.items()}
        for model, metrics in models.items()
    }
    deviations = {
        model: {f"{metric}_sd": stdev(values) for metric, values in metrics.items()}
        for model, metrics in models.items()
    }
    return _scores({"folds": means}) | _scores({"folds": deviations})


def _seeds(trained: Trained, curves: Sequence[Curve]) -> Iterable[TrackedRun]:
    count = len(trained.runs)
    for number, (run, curve) in enumerate(zip(trained.runs, curves, strict=True), start=1):
        if count > 1:
            parts = {part: {"mlp": scores} for part, scores in run.items() if part != "seed"}
            yield TrackedRun(
                f"run {number} of {count}", {"seed": run["seed"]}, _scores(parts), curve
            )


def _folds(folds: Mapping[str, Any] | None) -> Iterable[TrackedRun]:
    """Each with what its network and the baselines score on its test rows."""
    if folds is None:
        return
    count = folds["folds"] * folds["repeats"]
    for number in range(count):
        scores = {
            model: {metric: values[number] for metric, values in metrics.items()}
            for model, metrics in folds["scores"].items()
        }
        name = f"fold {number + 1} of {count}"
        yield TrackedRun(name, {"fold": number + 1}, _scores({"test": scores}))


def _trials(tuned: Tuned | None) -> Iterable[TrackedRun]:
    """Each with its settings, and with its score over the folds of the training rows."""
    if tuned is None:
        return
    for trial in tuned.trials:
        told = trial.to_dict()
        names = ("hidden", "learning_rate", "dropout", "l2", "batch_normalization")
        scores = {"parameters": float(trial.parameters)}
        if trial.score is not None and trial.deviation is not None:
            spread = {tuned.metric: trial.score, f"{tuned.metric}_sd": trial.deviation}
            scores |= _scores({"folds": {"mlp": spread}})
        yield TrackedRun(
            f"trial {trial.number}",
            as_parameters({name: told[name] for name in names}),
            scores,
            status=FINISHED if trial.folds else FAILED,
            failure=trial.failure,
        )
