"""Recipes by name: `auto` follows the table, `tutorial` does not, and what is typed wins."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Type
from support.fits import data, recipe_of

from mlp_edge.errors import RecipeError
from mlp_edge.mlp import TASKS, Task
from mlp_edge.training.default_recipe import RULED, Shape, ruled
from mlp_edge.training.network import build
from mlp_edge.training.output_layer import prior_bias, start_at
from mlp_edge.training.recipe import Recipe

PIMA = Shape(614, 8, 1, "binary")
TYPED: dict[str, Any] = {
    "hidden": (3,), "epochs": 7, "batch_size": 5, "dropout": 0.4, "l2": 0.25, "output_l2": 0.125,
    "temperature": False,
    "schedule": "exponential", "optimizer": "sgd", "learning_rate": 0.5, "output_bias": "zero",
}  # fmt: skip
"""Of every setting that the rules choose another value."""


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (PIMA, {"hidden": (22,), "epochs": 60, "dropout": 0.1, "l2": 0.0163}),
        (PIMA, {"output_l2": 0.000814, "learning_rate": 0.02, "schedule": "cosine"}),
        (Shape(1199, 8, 1, "binary"), {"hidden": (22,), "batch_size": 32, "dropout": 0.1}),
        (Shape(1200, 8, 1, "binary"), {"hidden": (64, 32), "batch_size": 64, "dropout": 0.2}),
        (Shape(1200, 8, 1, "binary"), {"learning_rate": 0.01, "temperature": True}),
        (Shape(120, 4, 3, "multiclass"), {"l2": 0.03, "output_l2": 0.00417}),
        (Shape(20_000, 8, 1, "regression"), {"l2": 0.0005, "output_l2": 2.5e-05, "dropout": 0.1}),
        (Shape(400, 8, 1, "regression"), {"temperature": False}),
    ],
)
def test_the_rules_as_a_table(shape: Shape, expected: dict[str, Any]) -> None:
    rules = ruled(shape, {})
    assert {name: rules[name] for name in expected} == expected


@pytest.mark.parametrize("task", TASKS)
def test_every_rule_is_a_setting_that_a_recipe_takes(task: Task) -> None:
    for rows in (1, 30, 600, 20_000, 10**7):
        recipe = Recipe.named("auto").for_table(Shape(rows, 8, 2, task)).resolved(task)
        assert recipe.automatic == RULED
        assert recipe.to_dict().items() >= ruled(Shape(rows, 8, 2, task), {}).items()


def test_the_tutorial_s_recipe_is_the_same_for_every_table() -> None:
    recipe = Recipe.named("tutorial")
    assert recipe.for_table(PIMA) == recipe == Recipe()
    assert (recipe.hidden, recipe.epochs, recipe.batch_size) == ((12, 8), 150, 10)
    assert (recipe.optimizer, recipe.learning_rate, recipe.schedule) == ("adam", None, "constant")
    assert (recipe.dropout, recipe.l2, recipe.output_bias) == (0.0, 0.0, "zero")


@pytest.mark.parametrize("name", RULED)
def test_what_is_typed_wins(name: str) -> None:
    assert set(TYPED) == set(RULED)
    recipe = Recipe.named("auto").given({name: TYPED[name]}).for_table(PIMA)
    assert (
        getattr(recipe, name) == TYPED[name] != getattr(Recipe.named("auto").for_table(PIMA), name)
    )
    assert recipe.automatic == tuple(each for each in RULED if each != name)
    rest = recipe.given({"hidden": None}).for_table(PIMA)
    assert rest == recipe  # a recipe that is resolved stays what it is


def test_rules_give_way_to_what_is_typed() -> None:
    linear = Recipe.named("auto").given({"hidden": ()}).for_table(PIMA)
    assert linear.dropout == 0
    squared = Recipe.named("auto").given({"l2": 0.25}).for_table(PIMA)
    assert squared.output_l2 is None  # what is typed is meant for every layer
    other = Recipe.named("auto").given({"optimizer": "sgd", "momentum": 0.9}).for_table(PIMA)
    assert other.learning_rate is None


def test_a_rule_for_the_threshold_has_its_validation_rows() -> None:
    recipe = Recipe.named("auto").given({"threshold": "f1"}).for_table(PIMA)
    assert recipe.validation_size == 0.1


def test_a_recipe_that_there_is_not() -> None:
    with pytest.raises(RecipeError, match=r"`recipe='best'` is not one of auto, tutorial"):
        Recipe.named("best")


def test_a_resolved_recipe_comes_back_from_json() -> None:
    recipe = Recipe.named("auto").given({"epochs": 3}).for_table(PIMA).resolved("binary")
    recipe = recipe.regularised("light", 409)
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


# The strength of the regularisation


def settings_of(recipe: Recipe) -> tuple[float, float, float | None]:
    return recipe.dropout, recipe.l2, recipe.output_l2


@pytest.mark.parametrize(
    ("typed", "task", "light", "firm"),
    [
        ({}, "binary", (0.0, 0.0025, 0.0), (0.1, 0.025, 0.00125)),
        ({}, "regression", (0.0, 0.0025, 0.0), (0.1, 0.025, 0.00125)),
        ({"l2": 0.7}, "binary", (0.0, 0.7, None), (0.1, 0.7, None)),
        ({"hidden": (), "output_l2": 0.5}, "binary", (0.0, 0.0025, 0.5), (0.0, 0.025, 0.5)),
        ({"dropout": 0.6}, "multiclass", (0.6, 0.0025, 0.0), (0.6, 0.025, 0.00125)),
    ],
)
def test_each_strength_for_400_rows(
    typed: dict[str, Any], task: Task, light: tuple[float], firm: tuple[float]
) -> None:
    recipe = Recipe.named("auto").given(typed).for_table(PIMA._replace(task=task))
    assert recipe.strengths == ("light", "firm")
    for strength, expected in (("light", light), ("firm", firm)):
        chosen = recipe.regularised(strength, 400)
        assert settings_of(chosen) == expected
        assert chosen.strength == strength
        # The table decides the dropout, however many of its rows are for validation.
        large = Recipe.named("auto").given(typed).for_table(Shape(1200, 8, 1, task))
        more = 0.1 if task != "regression" and "dropout" in chosen.automatic else 0.0
        dropout = large.regularised(strength, 1080).dropout
        assert dropout == pytest.approx(chosen.dropout + more * bool(recipe.hidden))
        # What was chosen once stays.
        assert chosen.strengths == ()
        assert chosen.regularised("light", 10) == chosen


def test_there_is_no_strength_to_choose_where_everything_is_typed() -> None:
    typed = {"dropout": 0.5, "l2": 0.1, "output_l2": 0.2}
    assert Recipe.named("auto").given(typed).for_table(PIMA).strengths == ()
    assert Recipe.named("tutorial").strengths == ()


# The output bias


@pytest.mark.parametrize(
    ("activation", "means"),
    [("sigmoid", [0.25]), ("softmax", [0.7, 0.2, 0.1]), ("linear", [300.0, -2.0])],
)
def test_a_network_whose_kernel_is_zero_predicts_the_prior(
    keras: Any, activation: str, means: list[float]
) -> None:
    training = data("binary", 20)
    recipe = replace(recipe_of("regression"), output_activation=activation)
    model = build(recipe, training.rows, len(means))
    start_at(model, prior_bias(activation, np.array(means), 100))
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([np.zeros_like(kernel), bias])
    assert model(training.rows).numpy() == pytest.approx(np.tile(means, (20, 1)), rel=1e-6)


def test_a_class_without_rows_has_a_bias_all_the_same() -> None:
    assert prior_bias("softmax", np.array([1.0, 0.0]), 50)[1] == pytest.approx(np.log(0.01))
    assert prior_bias("relu", np.array([3.0]), 50).tolist() == [0.0]


# As a user types it


def recipe_in(model: Path) -> dict[str, Any]:
    return json.loads((model / "model.json").read_text())["recipe"]


@pytest.mark.slow
def test_the_recipe_of_the_tutorial_is_its_settings(typed: Type, keras: Any) -> None:
    settings = (
        "--hidden", "12,8", "--batch-size", 10, "--dropout", 0, "--l2", 0, "--output-l2", 0,
        "--optimizer", "adam", "--schedule", "constant", "--learning-rate", 0.001,
        "--output-bias", "zero", "--no-temperature",
    )  # fmt: skip
    for out, words in (("named", ("--recipe", "tutorial")), ("spelled", settings)):
        result = typed("train", "pima", "--epochs", 2, *words, "--out", out, "-q")
        assert result.code == 0, result.err
        assert "recipe auto" not in result.out
    named, spelled = (Path(out, "model.keras").read_bytes() for out in ("named", "spelled"))
    assert named == spelled
    assert recipe_in(Path("named"))["name"] == "tutorial"
    assert recipe_in(Path("spelled"))["automatic"] == []


@pytest.mark.slow
def test_train_says_what_the_rules_chose(typed: Type, keras: Any) -> None:
    result = typed("train", "pima", "--epochs", 2, "--hidden", "4", "-q")
    assert result.code == 0, result.err
    said = " ".join(result.out.split())
    assert "inner folds, of 614 rows: " in said
    assert "recipe auto, by 614 rows and 8 inputs: --batch-size 32 --dropout " in said
    recipe = recipe_in(Path("model"))
    assert recipe["name"] == "auto"
    assert recipe["automatic"] == [name for name in RULED if name not in ("epochs", "hidden")]
    assert recipe["hidden"] == [4]
    again = typed("train", "--from", "model", "--epochs", 1, "--out", "further", "-q")
    assert again.code == 0, again.err
    assert "recipe auto" not in again.out
    assert recipe_in(Path("further")) == {
        **recipe, "epochs": 1, "automatic": [], "temperature": False,
    }  # fmt: skip
    refused = typed("train", "--from", "model", "--recipe", "tutorial", "--out", "other")
    assert refused.code == 2
    assert "leave out" in refused.err
    assert "--recipe" in refused.err
