"""The life-cycle that users know from Keras: define, compile, fit, evaluate, save."""

from __future__ import annotations

import csv
import io
import platform
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge import __version__
from mlp_edge.card import Card
from mlp_edge.data.table import Table
from mlp_edge.keras_file import read_network
from mlp_edge.lazy import keras, tensorflow
from mlp_edge.manifest import Manifest
from mlp_edge.mlp import DEFAULT_THRESHOLD, Feature, Mlp
from mlp_edge.model_directory import HISTORY, MANIFEST, MODEL, SAMPLE, ModelDirectory, sample_csv
from mlp_edge.train.baseline import describe, linear_baseline, prior
from mlp_edge.train.checks import check_fixed, check_reachable
from mlp_edge.train.examples import Examples, Parts, parts, read_examples, reread_examples
from mlp_edge.train.fitting import Stage, fit_parts, predict
from mlp_edge.train.keras_bytes import keras_bytes
from mlp_edge.train.network import HISTORY_METRIC, build, compile_model
from mlp_edge.train.recipe import Recipe
from mlp_edge.train.scores import chosen_metrics, score

SAMPLE_ROWS = 200
"""How many training rows stand in sample.csv when nothing was held out."""


@dataclass(frozen=True, eq=False)
class Trained:
    """What a training leaves.

    Attributes:
        mlp: the first run's network.
        manifest: its description.
        files: name -> content, for a model directory.
        reason: why the task is what it is.
        runs: each run's seed and its scores by part.
    """

    mlp: Mlp
    manifest: Manifest
    files: Mapping[str, bytes]
    reason: str
    runs: Sequence[Mapping[str, Any]]


def train(
    table: Table,
    recipe: Recipe,
    stage: Stage,
    *,
    target: str | None = None,
    task: str | None = None,
    name: str | None = None,
    runs: int = 1,
) -> Trained:
    """Train a new model on a table.

    Args:
        table: what to learn from.
        recipe: the settings; "auto" follows the task.
        stage: who watches.
        target: the predicted column; None is the data set's own, or the last column.
        task: overrules what the target column suggests.
        name: of the model; None is the table's.
        runs: how many seeds to train, from ``recipe.seed`` up; the first is kept.

    Raises:
        TableError: when the table cannot be learned from.
        RecipeError: when the recipe does not fit the task, or training diverges.
    """
    examples = read_examples(table, target, task)  # type: ignore[arg-type]
    recipe = recipe.resolved(examples.task)
    recipe = replace(recipe, metrics=chosen_metrics(recipe.metrics, examples.task))
    check_reachable(examples, recipe)
    chosen = parts(examples, recipe, table.source)

    def make(seed: int) -> Any:
        keras().utils.set_random_seed(seed)
        model = build(recipe, examples.rows[chosen.training], examples.encoded.shape[1])
        compile_model(model, recipe, HISTORY_METRIC[examples.task])
        return model

    return _run(table, examples, chosen, recipe, stage, name or table.name, make, runs)


def go_on(
    table: Table, start: ModelDirectory, options: Mapping[str, Any], stage: Stage, name: str | None
) -> Trained:
    """Go on training a saved model, with the same held-out rows.

    Args:
        table: what to learn from; it has the saved model's columns.
        start: the saved model.
        options: recipe settings that were given; None where not.
        stage: who watches.
        name: of the new model; None keeps the name.

    Raises:
        RecipeError: for a setting that the saved model has fixed already.
        TableError: when the table does not fit the model.
    """
    saved = Recipe.from_dict(start.manifest.recipe)
    check_fixed(saved, options, same_table=table.sha256 == start.manifest.sha256["data"])
    examples = reread_examples(table, start.manifest)
    recipe = saved.given(options).resolved(examples.task)
    recipe = replace(recipe, metrics=chosen_metrics(recipe.metrics, examples.task))
    chosen = parts(examples, recipe, table.source)
    start.mlp()  # refuses a model.keras that is not the manifest's

    def make(seed: int) -> Any:
        tensorflow()
        keras().utils.set_random_seed(seed)
        model = keras().models.load_model(start.keras_path)
        if recipe.compiled != saved.compiled:
            compile_model(model, recipe, HISTORY_METRIC[examples.task])
        return model

    return _run(table, examples, chosen, recipe, stage, name or start.manifest.name, make, 1)


def _run(
    table: Table, examples: Examples, chosen: Parts, recipe: Recipe, stage: Stage, name: str,
    make: Callable[[int], Any], runs: int,
) -> Trained:  # fmt: skip
    """Fit the baseline and every run; describe the first."""
    tensorflow().config.experimental.enable_op_determinism()
    linear = linear_baseline(examples, chosen, recipe, stage)
    results = []
    first, history = None, []
    for number in range(runs):
        seed = recipe.seed + number
        model = make(seed)
        title = "training" if runs == 1 else f"run {number + 1} of {runs}"
        epochs = fit_parts(model, examples, chosen, recipe, stage(title, recipe.epochs))
        results.append({"seed": seed, **_scores(model, examples, chosen, recipe)})
        if number == 0:
            first, history = model, epochs
    content = keras_bytes(first)
    mlp = _mlp(content, name, examples, chosen)
    scores = _all_scores(results, linear, examples, chosen, recipe)
    sample, origin = _sample_rows(chosen)
    manifest = Manifest(
        name=mlp.name,
        table=table.source,
        features=mlp.features,
        target=mlp.target,
        labels=mlp.labels,
        task=mlp.task,
        threshold=float(mlp.threshold),
        seed=recipe.seed,
        recipe=recipe.to_dict(),
        rows={
            "training": len(chosen.training),
            "validation": len(chosen.validation),
            "test": len(chosen.test),
        },
        sample=origin,
        scores=scores,
        baseline=describe(linear, examples.rows[chosen.training]),
        prior=prior(examples, chosen),
        versions=_versions(),
        sha256={"data": table.sha256, "weights": mlp.weights_sha256},
    )
    rows = examples.rows[sample]
    cells = [examples.cells[index] for index in sample]
    files = {
        MODEL: content,
        MANIFEST: manifest.to_json().encode(),
        HISTORY: _history_csv(history),
        SAMPLE: sample_csv(Card.of(mlp), rows, cells, predict(first, rows)),
    }
    return Trained(mlp, manifest, files, examples.reason, results)


def _scored(chosen: Parts) -> dict[str, NDArray[np.int64]]:
    """The parts that have rows, by name."""
    named = {"test": chosen.test, "validation": chosen.validation, "training": chosen.training}
    return {name: rows for name, rows in named.items() if len(rows)}


def _scores(
    model: Any, examples: Examples, chosen: Parts, recipe: Recipe
) -> dict[str, dict[str, float]]:
    """Part -> metric -> value."""
    return {
        part: score(recipe.metrics, examples.truth(rows), predict(model, examples.rows[rows]))
        for part, rows in _scored(chosen).items()
    }


def _all_scores(
    results: list[dict[str, Any]], linear: Any, examples: Examples, chosen: Parts, recipe: Recipe
) -> dict[str, Any]:
    """Part -> model -> metric -> value, and every run where there are several."""
    baseline = _scores(linear, examples, chosen, recipe)
    constant = np.array(prior(examples, chosen), np.float32)
    scores: dict[str, Any] = {}
    for part, rows in _scored(chosen).items():
        scores[part] = {
            "mlp": results[0][part],
            "linear": baseline[part],
            "prior": score(recipe.metrics, examples.truth(rows), np.tile(constant, (len(rows), 1))),
        }
    if len(results) > 1:
        scores["runs"] = results
    return scores


def _mlp(content: bytes, name: str, examples: Examples, chosen: Parts) -> Mlp:
    """The network as it reads back from the file that will be saved."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / MODEL
        path.write_bytes(content)
        network = read_network(path)
    seen = examples.rows[chosen.training]
    features = tuple(
        Feature(column, float(low), float(high))
        for column, low, high in zip(
            examples.names, seen.min(axis=0), seen.max(axis=0), strict=True
        )
    )
    return Mlp(
        name=name,
        features=features,
        target=examples.target,
        labels=examples.labels,
        task=examples.task,
        threshold=DEFAULT_THRESHOLD,
        scaling=network.scaling,
        layers=network.layers,
    )


def _sample_rows(chosen: Parts) -> tuple[NDArray[np.int64], str]:
    """The rows of sample.csv and where they come from."""
    if len(chosen.test):
        return chosen.test, "held-out"
    return chosen.training[:SAMPLE_ROWS], "training"


def _history_csv(history: list[dict[str, float]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["epoch", *history[0]])
    for epoch, logs in enumerate(history, start=1):
        writer.writerow([epoch, *(f"{value:.9g}" for value in logs.values())])
    return text.getvalue().encode()


def _versions() -> dict[str, str]:
    packages = ("tensorflow", "keras", "numpy")
    return {
        "mlp-edge": __version__,
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }
