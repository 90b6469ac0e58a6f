"""Cross-validation: every row judged by what never saw it, and everything learned in the fold."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from support.commands import Type
from support.tables import table_from

from mlp_edge.data.choices import Choices
from mlp_edge.data.reading.read import read_table
from mlp_edge.readers.model_directory import MANIFEST
from mlp_edge.training import cross_validation, run
from mlp_edge.training.cross_validation import cross_validate, fold_values
from mlp_edge.training.device import ON_CPU
from mlp_edge.training.equal_folds import alike
from mlp_edge.training.examples import read_examples
from mlp_edge.training.parts import folds, parts
from mlp_edge.training.preprocessing import preprocess
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.run import Job
from mlp_edge.training.training import resolved_for

pytestmark = pytest.mark.slow

ZEROS = "glucose,pressure,skin,insulin,bmi=0"


def job_of(table: Any, recipe: Recipe, choices: Choices = Choices()) -> Job:  # noqa: B008
    examples = read_examples(table, (), None, choices)
    recipe = resolved_for(recipe, examples)
    chosen = parts(examples, recipe, "the table")
    return Job(table, examples, chosen, preprocess(examples, chosen, recipe), recipe, "net", ON_CPU)


def stage(seen: list[tuple[str, int]]) -> Callable[[str, int], Callable[..., None]]:
    def staged(title: str, count: int) -> Callable[..., None]:
        return lambda number, _logs: seen.append((title, number))

    return staged


@pytest.fixture(scope="module")
def pima_job(keras: Any) -> Job:
    recipe = Recipe(epochs=3, batch_size=64, metrics=("accuracy", "auc"))
    return job_of(read_table("pima"), recipe, Choices(missing=(ZEROS,)))


def test_the_linear_baseline_is_scikit_learns_on_the_same_folds(pima_job: Job) -> None:
    """Imputed and scaled by hand, from the training rows of each fold alone."""
    chosen = folds(pima_job.examples, pima_job.recipe, 4, 2, "pima")
    seen: list[tuple[str, int]] = []
    found = cross_validate(pima_job, chosen, 2, stage(seen))
    assert [number for _, number in seen] == list(range(1, 9))
    rows, truth = pima_job.examples.rows.astype(np.float64), pima_job.examples.targets
    rows[:, 1:6][rows[:, 1:6] == 0] = np.nan
    accuracies, areas = [], []
    for fold in chosen:
        assert not len(fold.validation)
        fill = np.nanmedian(rows[fold.training], axis=0)
        filled = np.where(np.isnan(rows), fill, rows)
        mean, deviation = filled[fold.training].mean(axis=0), filled[fold.training].std(axis=0)
        scaled = (filled - mean) / deviation
        theirs = LogisticRegression(max_iter=1000).fit(scaled[fold.training], truth[fold.training])
        accuracies.append(accuracy_score(truth[fold.test], theirs.predict(scaled[fold.test])))
        shares = theirs.predict_proba(scaled[fold.test])[:, 1]
        areas.append(roc_auc_score(truth[fold.test], shares))
    np.testing.assert_allclose(found.values["linear"]["accuracy"], accuracies, atol=1e-12)
    np.testing.assert_allclose(found.values["linear"]["auc"], areas, atol=2e-4)
    constant = [1 - truth[fold.test].mean() for fold in chosen]
    np.testing.assert_allclose(found.values["prior"]["accuracy"], constant)
    assert (found.folds, found.repeats, found.trained, found.tested) == (4, 2, 576, 192)


def test_fills_and_scaling_are_learned_in_the_fold(
    pima_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[Job] = []
    original = cross_validation.fit_run

    def spy(job: Job, *rest: Any) -> Any:
        fitted.append(job)
        return original(job, *rest)

    monkeypatch.setattr(cross_validation, "fit_run", spy)
    chosen = folds(pima_job.examples, pima_job.recipe, 3, 1, "pima")
    fold_values(pima_job, pima_job.recipe, chosen, "log_loss")
    insulin = [job.preprocessed.features[4] for job in fitted]
    for job, feature, fold in zip(fitted, insulin, chosen, strict=True):
        own = pima_job.examples.rows[fold.training, 4]
        assert feature.fill == np.float32(np.median(own[own != 0]))
        assert (feature.low, feature.high) == (own[own != 0].min(), own.max())
        assert job.parts is fold
    assert len({feature.fill for feature in insulin}) > 1


def test_the_threshold_is_chosen_in_the_fold(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(epochs=3, batch_size=64).given({"threshold": "youden"})
    job = job_of(read_table("pima"), recipe)
    chosen = folds(job.examples, job.recipe, 3, 1, "pima")
    asked: list[Any] = []
    original = run.threshold_for

    def spy(rule: str, targets: Any, probabilities: Any, weights: Any) -> Any:
        asked.append(targets)
        return original(rule, targets, probabilities, weights)

    monkeypatch.setattr(run, "threshold_for", spy)
    cross_validate(job, chosen, 1, stage([]))
    wanted = [job.examples.targets[fold.validation] for fold in chosen for _ in range(2)]
    assert len(asked) == len(wanted) == 6  # the network's and the baseline's
    assert all(np.array_equal(one, other) for one, other in zip(asked, wanted, strict=True))


def test_noise_cannot_be_predicted(keras: Any) -> None:
    """Whatever leaked from a test row would show here."""
    random = np.random.default_rng(3)
    columns = {name: [f"{x:.4f}" for x in random.normal(size=200)] for name in "abc"}
    columns["y"] = [str(x) for x in random.permutation([0, 1] * 100)]
    job = job_of(table_from(columns), Recipe(epochs=20, metrics=("auc",)))
    found = cross_validate(job, folds(job.examples, job.recipe, 5, 4, "noise"), 4, stage([]))
    for model in ("mlp", "linear"):
        assert abs(np.mean(found.values[model]["auc"]) - 0.5) < 0.12


def test_folds_of_a_search_are_alike(pima_job: Job) -> None:
    """768 rows in 5 folds are 614 or 615; a program is compiled for one length."""
    recipe = pima_job.recipe.given({"validation_size": 0.1})
    chosen = folds(pima_job.examples, recipe, 5, 1, "pima")
    assert len({len(fold.training) for fold in chosen}) == 2
    same = alike(chosen, pima_job.examples)
    assert {len(fold.training) for fold in same} == {min(len(fold.training) for fold in chosen)}
    assert len({len(fold.validation) for fold in same}) == 1
    for fold, original in zip(same, chosen, strict=True):
        assert fold.test is original.test
        assert np.isin(fold.training, original.training).all()
    uneven = [replace(chosen[0], training=chosen[0].training[:500]), *chosen[1:]]
    assert alike(uneven, pima_job.examples) == uneven


def test_the_command_shows_and_keeps_every_fold(typed: Type, folder: Path, keras: Any) -> None:
    words = ("train", "iris", "--recipe", "tutorial", "--epochs", 4, "--cv", 3, "--repeats", 2,
             "-q")  # fmt: skip
    shown = typed(*words)
    assert shown.code == 0, shown.err
    assert "3-fold cross-validation, 2 times, on 150 rows: mean ± standard deviation" in shown.out
    kept = json.loads((folder / "model" / MANIFEST).read_text("utf-8"))["cross_validation"]
    assert (kept["folds"], kept["repeats"], kept["trained"], kept["tested"]) == (3, 2, 100, 50)
    for model in ("mlp", "linear", "prior"):
        assert [len(values) for values in kept["scores"][model].values()] == [6, 6]
    accuracy = kept["scores"]["linear"]["accuracy"]
    assert f"{np.mean(accuracy):.4g} ± {np.std(accuracy, ddof=1):.2g}" in shown.out
    again = typed(*words, "--force", "--json")
    assert json.loads(again.out)["cross_validation"] == kept


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--repeats", "2"], "--repeats repeats a cross-validation; --cv 10 asks for one"),
        (["--cv", "200"], "iris"),
        (["--cv", "3", "--group", "species"], "species"),
        (["--seed", "4294967295", "--cv", "2"], "--seed is from 0"),
    ],
)
def test_what_cannot_be_folded(typed: Type, folder: Path, options: list[str], said: str) -> None:
    result = typed("train", "iris", "--epochs", 1, "-q", *options)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert result.err.count("\n") == 1
    assert not list(folder.iterdir())


@pytest.mark.parametrize("option", [["--cv", "3"], ["--tune", "2"], ["--group", "a"]])
def test_a_saved_model_is_not_judged_anew(typed: Type, model: Path, option: list[str]) -> None:
    result = typed("train", "--from", "model", "--out", "other", *option)
    assert result.code == 2
    assert "--from goes on with one saved model" in result.err
