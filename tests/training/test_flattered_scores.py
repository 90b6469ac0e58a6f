"""What makes a score look better than it is: twins in folds, rows of one patient, what was seen."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest
from support.commands import Type
from support.tables import table_from

from mlp_edge.data.choices import Choices
from mlp_edge.training.cross_validation import Folding
from mlp_edge.training.equal_folds import alike
from mlp_edge.training.examples import read_examples
from mlp_edge.training.parts import folds, parts
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.scoring.advice import remedies
from mlp_edge.training.scoring.losses import fair
from mlp_edge.training.scoring.scores import Truth, per_class, score
from mlp_edge.training.scoring.statistics import effective_rows, standard_error, wilson
from mlp_edge.training.search.searching import _fingerprint

NOISE = {"a": [f"{x:.3f}" for x in np.random.default_rng(0).normal(size=41)]}


def warnings(place: Path) -> dict[str, str]:
    found = json.loads((place / "model.json").read_text("utf-8"))["warnings"]
    return {warning["kind"]: warning["says"] for warning in found}


@pytest.mark.slow
def test_equal_rows_in_several_folds_are_told_about(typed: Type, folder: Path, keras: Any) -> None:
    random = np.random.default_rng(1)
    readings = zip(*random.normal(size=(2, 60)), random.choice(["no", "yes"], 60), strict=True)
    rows = [f"{a:.4f},{b:.4f},{y}" for a, b, y in readings]
    (folder / "twice.csv").write_text("\n".join(["a,b,y", *rows, *rows]) + "\n")
    result = typed("train", "twice.csv", "--recipe", "tutorial", "--cv", 3, "--test-size", 0,
                   "--epochs", 2, "-q")  # fmt: skip
    assert result.code == 0, result.err
    assert "of 120 rows have the readings of a row in another fold" in result.err
    assert "no score above says how it does on new ones" not in result.err


def test_both_classes_of_two_have_one_auc() -> None:
    truth = Truth("binary", np.array([0, 0, 1, 1]), 2, np.float32(0.5))
    sure = np.array([[1e-12], [1e-10], [1e-9], [1e-11]], np.float32)
    areas = {record["auc"] for record in per_class(truth, sure, ("no", "yes"))}
    assert areas == {score(["auc"], truth, sure)["auc"]} == {0.75}


def test_other_groups_are_another_search() -> None:
    prints, tested = [], []
    for whose in ([f"P{i // 4}" for i in range(41)], [f"P{i % 10}" for i in range(41)]):
        table = table_from({**NOISE, "who": whose, "y": ["p", "q"] * 20 + ["p"]})
        examples = read_examples(table, (), None, Choices(), "who")
        recipe = Recipe(group="who", test_size=0.0)
        chosen = parts(examples, recipe, "")
        job: Any = SimpleNamespace(recipe=recipe, examples=examples, parts=chosen)
        search: Any = SimpleNamespace(fixed=frozenset(), chip=None)
        prints.append(_fingerprint(job, Folding(4), search))
        tested.append([fold.test.tolist() for fold in folds(examples, recipe, 4, 1, "")])
    assert tested[0] != tested[1]
    assert prints[0] != prints[1]


@pytest.mark.parametrize("count", [2, 4, 5])
def test_folds_of_a_search_keep_every_class(count: int) -> None:
    table = table_from({**NOISE, "y": ["p"] * 20 + ["q"] * 19 + ["r"] * 2})
    examples = read_examples(table, (), None, Choices())
    for fold in alike(folds(examples, Recipe(), count, 1, ""), examples):
        assert set(examples.targets[fold.training]) == {0, 1, 2}


@pytest.mark.slow
def test_folds_compare_probabilities_where_a_rule_chose_the_threshold(
    typed: Type, folder: Path, keras: Any
) -> None:
    options = ("--recipe", "tutorial", "--threshold", "sensitivity=0.9", "--epochs", 2,
               "--batch-size", 64, "--cv", 3, "-q")  # fmt: skip
    assert typed("train", "pima", *options).code == 0
    assert warnings(folder / "model")["linear"].startswith("brier")


def test_class_weights_are_not_blamed_on_the_training(
    typed: Type, folder: Path, keras: Any
) -> None:
    options = ("--recipe", "tutorial", "--class-weight", "0=1,1=9", "--epochs", 30,
               "--learning-rate", 0.01, "-q")  # fmt: skip
    assert typed("train", "pima", *options).code == 0
    found = warnings(folder / "model")
    assert "majority" not in found
    assert found["calibration"].endswith("; `class_weight` does that")


def test_with_class_weights_every_class_counts_alike() -> None:
    truth = Truth("multiclass", np.array([0, 0, 0, 0, 1, 1, 2]), 3, np.float32(0.5))
    outputs = np.eye(3, dtype=np.float32)[[0, 0, 0, 1, 1, 2, 2]]
    measure = fair(truth, weighted=True)
    found = measure.value(measure.mean(truth, outputs))
    assert found == pytest.approx(score(["balanced_accuracy"], truth, outputs)["balanced_accuracy"])
    assert found != pytest.approx(score(["accuracy"], truth, outputs)["accuracy"])


def test_remedies_that_are_taken_are_not_named() -> None:
    assert remedies(Recipe()) == "`early_stopping=20`, `dropout=0.2` or `l2=0.001`"
    assert remedies(Recipe(dropout=0.1, l2=0.1)) == "`early_stopping=20`"
    taken = Recipe(dropout=0.1, l2=0.1).given({"early_stopping": 5})
    assert remedies(taken) == "fewer neurons or more rows"


def test_rows_of_one_patient_count_as_fewer() -> None:
    """Sixteen rows that err together say what one does."""
    random = np.random.default_rng(0)
    right = random.random(40) < 0.7
    whose = np.arange(40)
    alone = standard_error(right.astype(float))
    assert standard_error(right.astype(float), whose) == pytest.approx(alone)
    many, groups = np.repeat(right, 16), np.repeat(whose, 16)
    assert standard_error(many.astype(float), groups) == pytest.approx(alone)
    assert standard_error(many.astype(float)) < alone / 3
    # The variance of a share is p (1 - p) / n; the estimate divides by n - 1.
    assert effective_rows(many, groups) == pytest.approx(39)
    assert effective_rows(right, None) == 40
    assert effective_rows(np.ones(32, bool), np.repeat([0, 1], 16)) == 2
    theirs = binomtest(30, 40).proportion_ci(0.95, method="wilson")
    assert wilson(0.75, 40) == pytest.approx((theirs.low, theirs.high))


def test_rows_that_were_learned_from_judge_too_kindly(
    typed: Type, model: Path, folder: Path
) -> None:
    judged = typed("evaluate", "pima", "--no-plots")
    assert judged.code == 0
    assert "pima is the table that the model was trained on: it knows 614" in judged.err
    assert "is the table that the model" not in typed("evaluate", "--no-plots").err
    on = typed("train", "--from", "model", "--threshold", "f1", "--out", "on", "--epochs", 2, "-q")
    assert on.code == 0, on.err
    assert "62 validation rows were training rows of the saved model" in on.err
