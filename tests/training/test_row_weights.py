"""A row of weight 2 counts as two rows: in fills, scales, loss, baseline, threshold and scores."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.fits import OUTPUTS, Logs, assert_close, assert_same_history, in_order, recipe_of
from support.tables import spoilt, table_from

from mlp_edge.data.choices import Choices
from mlp_edge.data.table import Table
from mlp_edge.mlp import Task
from mlp_edge.training.backends import program
from mlp_edge.training.backends.compiled import fit_compiled
from mlp_edge.training.backends.keras_fit import fit_keras
from mlp_edge.training.examples import Examples, read_examples
from mlp_edge.training.network import HISTORY_METRIC, build, compile_model
from mlp_edge.training.parts import Parts
from mlp_edge.training.preprocessing import Preprocessed, preprocess
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.scoring.advice import ScoredPredictions, row_advice
from mlp_edge.training.scoring.baseline import linear_baseline, prior
from mlp_edge.training.scoring.losses import coarse, fair
from mlp_edge.training.scoring.scores import EVALUATED, intervals, per_class, score
from mlp_edge.training.scoring.statistics import effective_rows, spiegelhalter, standard_error
from mlp_edge.training.scoring.threshold import threshold_for
from mlp_edge.training.weighting import median

ROWS = 80
TASKS: tuple[Task, ...] = ("regression", "binary", "multiclass")
Pair = tuple[Examples, Examples]
"""The same rows with weights of 1 to 3, and as often as their weights say."""


def columns(task: Task) -> dict[str, list[str]]:
    random = np.random.default_rng(3)
    a, b, noise = random.normal(size=(3, ROWS))
    value = 100 + 10 * (a + noise)
    kind = np.digitize(value, [95, 108] if task == "multiclass" else [100])
    y = [f"{each:.3f}" for each in value]
    if task != "regression":
        y = [("low", "mid", "high")[each] for each in kind]
    cells = spoilt([f"{each:.1f}" for each in b], _5="", _9="", _40="")
    words = spoilt([("red", "green", "blue")[row % 3] for row in range(ROWS)], _7="", _8="")
    return {"a": [f"{each:.2f}" for each in a], "b": cells, "c": words, "y": y}


def counts() -> NDArray[np.int64]:
    return np.random.default_rng(4).integers(1, 4, ROWS)


def read(table: Table, weight: str | None = None) -> Examples:
    return read_examples(table, ("y",), None, Choices(), weight=weight)


@pytest.fixture(params=TASKS)
def pair(request: pytest.FixtureRequest) -> Pair:
    cells, often = columns(request.param), counts()
    weighted = read(table_from({**cells, "w": [str(each) for each in often]}), "w")
    repeated = {name: np.repeat(np.array(column), often).tolist() for name, column in cells.items()}
    return weighted, read(table_from(repeated))


def prepared(examples: Examples, recipe: Recipe | None = None) -> tuple[Parts, Preprocessed]:
    every = np.arange(len(examples.rows))
    parts = Parts(every, every, every[:0])
    return parts, preprocess(examples, parts, recipe or recipe_of(examples.task))


def test_the_column_is_no_input_and_travels_with_the_rows(pair: Pair) -> None:
    weighted, repeated = pair
    assert [each.name for each in weighted.features] == ["a", "b", "c"]
    assert weighted.features == repeated.features
    assert weighted.ids == ("w",)
    assert weighted.weights is not None
    assert weighted.weights.tolist() == counts().tolist()


def test_what_comes_before_the_network_and_the_baseline_are_the_same(pair: Pair) -> None:
    (parts, weighted), (more, repeated) = map(prepared, pair)
    assert weighted.features == repeated.features  # fills and ranges
    if weighted.scale is not None and repeated.scale is not None:
        assert weighted.scale.mean == pytest.approx(repeated.scale.mean, rel=1e-12)
        assert weighted.scale.std == pytest.approx(repeated.scale.std, rel=1e-12)
    assert prior(pair[0], parts) == pytest.approx(prior(pair[1], more), rel=1e-9)
    ours, theirs = (
        linear_baseline(examples, *found)
        for examples, found in zip(pair, ((weighted, parts), (repeated, more)), strict=True)
    )
    assert ours.mean == pytest.approx(theirs.mean, rel=1e-6)
    assert ours.std == pytest.approx(theirs.std, rel=1e-6)
    assert ours.weights == pytest.approx(theirs.weights, rel=1e-5, abs=1e-6)
    assert ours.bias == pytest.approx(theirs.bias, rel=1e-5)
    alone = linear_baseline(*without(pair[0]))
    assert np.abs(alone.weights - theirs.weights).max() > 1e-3


def without(examples: Examples) -> tuple[Examples, Preprocessed, Parts]:
    """The same rows, all of them alike."""
    table = examples.table
    unweighted = read(table_from({name: table.column(name).tolist() for name in "abcy"}))
    parts, found = prepared(unweighted)
    return unweighted, found, parts


@pytest.mark.parametrize("class_weight", ["balanced", "high=2,low=0.5"])
def test_class_weights_are_multiplied(class_weight: str) -> None:
    cells, often = columns("multiclass"), counts()
    recipe = recipe_of("multiclass", class_weight=class_weight)
    weighted = read(table_from({**cells, "w": [str(each) for each in often]}), "w")
    repeated = {name: np.repeat(np.array(column), often).tolist() for name, column in cells.items()}
    _, ours = prepared(weighted, recipe)
    _, theirs = prepared(read(table_from(repeated)), recipe)
    assert ours.weights is not None
    assert ours.counts is not None
    assert theirs.weights is not None
    mean = often.mean()
    assert np.repeat(ours.weights / often * mean, often) == pytest.approx(theirs.weights, rel=1e-6)
    assert np.repeat(ours.counts / often, often) == pytest.approx(theirs.weights, rel=1e-6)


def test_weights_in_another_unit_are_the_same_weights() -> None:
    """Precisions such as 1e-6 leave no baseline but its penalty; the loss has no unit at all."""
    cells, often = columns("regression"), counts()
    tables = [
        table_from({**cells, "w": [f"{each * unit:.17g}" for each in often]})
        for unit in (1, 1e-6, 1 / often.mean())
    ]
    (parts, whole), (_, small), (_, one) = (prepared(read(table, "w")) for table in tables)
    assert whole.weights == pytest.approx(small.weights, rel=1e-6)
    assert small.counts == pytest.approx(one.counts, rel=1e-9)
    assert whole.weights is not None
    assert whole.weights[parts.training].mean() == pytest.approx(1)


def test_every_score_is_the_same(pair: Pair) -> None:
    weighted, repeated = pair
    random, often = np.random.default_rng(5), counts()
    outputs = random.normal(100, 10, (ROWS, 1)).astype(np.float32)
    if weighted.task != "regression":
        width = 1 if weighted.task == "binary" else 3
        outputs = random.uniform(0.05, 0.95, (ROWS, width)).astype(np.float32)
    again = np.repeat(outputs, often, axis=0)
    truth = weighted.truth(np.arange(ROWS))
    more = repeated.truth(np.arange(len(again)))
    names = EVALUATED[weighted.task]
    ours, theirs = score(names, truth, outputs), score(names, more, again)
    assert ours == pytest.approx(theirs, rel=1e-5)  # scikit-learn sums squares in float32
    unweighted = score(names, without(weighted)[0].truth(np.arange(ROWS)), outputs)
    assert unweighted != pytest.approx(theirs, rel=1e-3)
    for measure in (coarse, fair):
        ours_mean = measure(truth).mean(truth, outputs)
        assert ours_mean == pytest.approx(measure(more).mean(more, again), rel=1e-9)
    if weighted.task != "regression":
        balanced = fair(truth, weighted=True).mean(truth, outputs)
        assert 1 - balanced == pytest.approx(theirs["balanced_accuracy"])
        classes = per_class(truth, outputs, weighted.labels)
        for one, other in zip(classes, per_class(more, again, weighted.labels), strict=True):
            assert one["rows"] <= other["rows"]
            assert one["label"] == other["label"]
            for name in ("precision", "recall", "f1", "auc"):
                assert one[name] == pytest.approx(other[name], rel=1e-9)


@pytest.mark.parametrize("rule", ["f1", "youden", "sensitivity=0.8"])
def test_a_threshold_is_chosen_by_what_rows_count(rule: str) -> None:
    random, often = np.random.default_rng(6), counts()
    targets = random.integers(0, 2, ROWS)
    claimed = (0.3 * targets + random.uniform(0, 0.7, ROWS)).astype(np.float32)
    ours = threshold_for(rule, targets, claimed, often.astype(np.float64))
    assert ours == threshold_for(rule, np.repeat(targets, often), np.repeat(claimed, often))


def test_weights_make_no_score_surer() -> None:
    """Rows that count twice are no further evidence, and unequal weights take some away."""
    hits = np.random.default_rng(7).random(ROWS) < 0.8
    alike, often = np.full(ROWS, 2.0), counts().astype(np.float64)
    assert effective_rows(hits, None, alike) == pytest.approx(ROWS)
    kish = often.sum() ** 2 / (often**2).sum()
    assert effective_rows(hits, None, often) == pytest.approx(kish)
    assert kish < ROWS
    people = np.arange(ROWS) // 8
    assert effective_rows(hits, people, alike) == pytest.approx(effective_rows(hits, people))
    assert effective_rows(np.ones(ROWS, bool), people, alike) == pytest.approx(10)
    values = np.random.default_rng(8).normal(size=ROWS)
    assert standard_error(values, None, alike) == pytest.approx(standard_error(values))
    assert standard_error(values, people, alike) == pytest.approx(standard_error(values, people))
    assert math.isnan(standard_error(values[:1], None, alike[:1]))
    claims = np.random.default_rng(9).uniform(0.5, 1, ROWS)
    plain = spiegelhalter(hits, claims)
    assert spiegelhalter(hits, claims, None, alike) == pytest.approx(plain)
    assert spiegelhalter(hits, claims, people, alike) == pytest.approx(
        spiegelhalter(hits, claims, people)
    )


def test_the_interval_is_about_the_weighted_share() -> None:
    random, often = np.random.default_rng(10), counts().astype(np.float64)
    cells = columns("binary")
    examples = read(table_from({**cells, "w": [str(each) for each in counts()]}), "w")
    outputs = random.uniform(size=(ROWS, 1)).astype(np.float32)
    truth = examples.truth(np.arange(ROWS))
    low, high = intervals(("accuracy",), truth, outputs)["accuracy"]
    share = np.average(truth.chosen(outputs) == truth.targets, weights=often)
    assert low < share < high
    assert score(("accuracy",), truth, outputs)["accuracy"] == pytest.approx(share)


def test_what_is_said_of_the_rows_goes_by_their_weights() -> None:
    """A model that errs where weights are high is told, though it is right in most rows."""
    cells = columns("binary")
    heavy = [str(1 + 999 * (row % 4 == 0)) for row in range(ROWS)]
    examples = read(table_from({**cells, "w": heavy}), "w")
    truth = examples.truth(np.arange(ROWS))
    right = np.where(np.arange(ROWS) % 4 == 0, 1 - truth.targets, truth.targets)
    outputs = (0.1 + 0.8 * right[:, None]).astype(np.float32)
    shares = np.array([truth.targets.mean()])
    kinds = {
        each.kind
        for each in row_advice(ScoredPredictions(truth, examples.labels, outputs, None, shares))
    }
    assert "majority" in kinds


@pytest.mark.parametrize("rows", [1, 2, 5, 6])
def test_the_median_is_that_of_rows_as_often_as_they_count(rows: int) -> None:
    random = np.random.default_rng(rows)
    for _ in range(20):
        values = random.integers(0, 9, rows).astype(np.float32)
        often = random.integers(1, 5, rows)
        assert median(values, often.astype(np.float64)) == np.median(np.repeat(values, often))


# The network


Fit = Callable[[Any, Any, Any, Recipe, Logs], None]


def by_keras(model: Any, training: Any, validation: Any, recipe: Recipe, logs: Logs) -> None:
    fit_keras(model, training, validation, recipe, logs.append, shuffle=False)


def by_program(model: Any, training: Any, validation: Any, recipe: Recipe, logs: Logs) -> None:
    fit_compiled(model, training, validation, recipe, in_order(training), logs.append)


@pytest.mark.slow
@pytest.mark.parametrize("fit", [by_keras, by_program])
def test_the_network_learns_the_same(
    pair: Pair, fit: Fit, keras: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "VALIDATION_BATCH", 32)
    task = pair[0].task
    recipe = recipe_of(
        task, epochs=3, batch_size=1000, hidden=(4,), optimizer="sgd", early_stopping=3
    )
    models, histories = [], []
    for examples in pair:
        parts, found = prepared(examples, recipe)
        keras.utils.set_random_seed(1)
        rows = found.inputs[parts.training]
        own = examples.weights_of(parts.training)
        model = build(recipe, rows, OUTPUTS[task], found.numbers, own)
        compile_model(model, recipe, HISTORY_METRIC[task])
        logs: Logs = []
        fit(
            model, found.part(parts.training), found.validation_part(parts.validation), recipe, logs
        )
        models.append(model)
        histories.append([{name: each[name] for name in ("loss", "val_loss")} for each in logs])
    assert_close(*models)
    assert_same_history(*histories)
