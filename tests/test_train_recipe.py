"""A recipe follows the task, and each contradiction is refused with its reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlp_edge.cli.train import widths
from mlp_edge.errors import InputError, ModelError, RecipeError
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, TASKS, Task
from mlp_edge.train.recipe import LOSSES, OPTIMIZERS, OUTPUTS, Recipe


def refused(action: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(RecipeError) as caught:
        action(*arguments, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("task", "output", "loss"),
    [
        ("regression", "linear", "mse"),
        ("binary", "sigmoid", "binary_crossentropy"),
        ("multiclass", "softmax", "categorical_crossentropy"),
    ],
)
def test_output_and_loss_follow_the_task(task: Task, output: str, loss: str) -> None:
    recipe = Recipe().resolved(task)
    assert (recipe.output_activation, recipe.loss) == (output, loss)
    assert recipe.resolved(task) == recipe


def test_the_defaults_are_those_of_the_help() -> None:
    recipe = Recipe()
    assert (recipe.hidden, recipe.activation, recipe.epochs) == ((12, 8), "relu", 150)
    assert (recipe.batch_size, recipe.optimizer, recipe.test_size) == (10, "adam", 0.2)
    assert (recipe.standardize, recipe.validation_size, recipe.seed) == (True, 0.0, 0)


@pytest.mark.parametrize("task", TASKS)
def test_every_choice_can_be_overruled(task: Task) -> None:
    for loss in LOSSES[task]:
        assert Recipe(loss=loss).resolved(task).loss == loss
    for output in OUTPUTS[task]:
        assert Recipe(output_activation=output, loss="mse").resolved(task).loss == "mse"
    for name in HIDDEN_ACTIVATIONS:
        assert Recipe(activation=name).activation == name
    for name in OPTIMIZERS:
        assert Recipe(optimizer=name).optimizer == name


@pytest.mark.parametrize(
    ("task", "options", "said"),
    [
        ("regression", {"output_activation": "softmax"}, "a share of 1, not a value; linear"),
        ("binary", {"output_activation": "linear"}, "a probability, between 0 and 1; sigmoid"),
        ("binary", {"output_activation": "softmax"}, "sigmoid, hard_sigmoid would do"),
        ("multiclass", {"output_activation": "relu"}, "one probability per class; softmax"),
        ("binary", {"loss": "categorical_crossentropy"}, "does not fit a binary task"),
        ("binary", {"loss": "mae"}, "binary_crossentropy, binary_focal_crossentropy, mse would do"),
        ("multiclass", {"loss": "binary_crossentropy"}, "does not fit a multiclass task"),
        ("regression", {"loss": "binary_crossentropy"}, "mse, mae, huber, log_cosh would do"),
        ("regression", {"loss": "poetry"}, "--loss poetry"),
        ("multiclass", {"output_activation": "sigmoid"}, "sum to 1, and sigmoid outputs do not"),
    ],
)
def test_a_choice_that_contradicts_the_task(task: Task, options: dict[str, str], said: str) -> None:
    assert said in refused(Recipe(**options).resolved, task)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"activation": "softmax"}, "--activation 'softmax' is not one of linear, relu"),
        ({"activation": "swish"}, "--activation 'swish'"),
        ({"optimizer": "adamm"}, "--optimizer 'adamm' is not one of adam"),
        ({"momentum": 0.9}, "--momentum: adam has none; sgd and rmsprop do"),
        ({"momentum": 1.0, "optimizer": "sgd"}, "--momentum is from 0 to below 1; got 1"),
        ({"momentum": -0.1, "optimizer": "sgd"}, "got -0.1"),
        ({"momentum": float("nan"), "optimizer": "sgd"}, "--momentum is"),
        ({"hidden": (12, 0)}, "at least one neuron"),
        ({"hidden": (-3,)}, "at least one neuron"),
        ({"test_size": 1.0}, "--test-size is a share of the rows from 0 to below 1"),
        ({"test_size": -0.2}, "got -0.2"),
        ({"test_size": 20.0}, "got 20"),
        ({"test_size": float("nan")}, "got nan"),
        ({"validation_size": 1.0}, "--validation-size is a share"),
        ({"epochs": 0}, "--epochs is at least 1; got 0"),
        ({"batch_size": 0}, "--batch-size is at least 1; got 0"),
        ({"early_stopping": 0, "validation_size": 0.1}, "--early-stopping is at least 1; got 0"),
        ({"learning_rate": 0.0}, "--learning-rate is above 0; got 0"),
        ({"learning_rate": float("inf")}, "got inf"),
        ({"learning_rate": float("nan")}, "got nan"),
        ({"seed": -1}, "--seed is from 0 to 4294967295; got -1"),
        ({"seed": 2**32}, "got 4294967296"),
    ],
)
def test_a_setting_that_makes_no_sense(options: dict[str, Any], said: str) -> None:
    assert said in refused(Recipe().given, options)


def test_early_stopping_brings_its_own_rows_to_watch() -> None:
    assert Recipe().given({"early_stopping": 5}).validation_size == 0.1
    chosen = Recipe().given({"early_stopping": 5, "validation_size": 0.3})
    assert chosen.validation_size == 0.3
    message = refused(Recipe().given, {"early_stopping": 5, "validation_size": 0.0})
    assert "--validation-size 0 leaves none; 0.1 would do" in message


def test_early_stopping_of_a_saved_recipe_needs_its_rows_too() -> None:
    saved = Recipe().given({"early_stopping": 5})
    assert "--validation-size 0 leaves no rows" in refused(saved.given, {"validation_size": 0.0})


def test_options_that_were_not_given_change_nothing() -> None:
    saved = Recipe(hidden=(3,), epochs=7, standardize=False)
    options: dict[str, Any] = {"hidden": None, "epochs": None, "standardize": None, "seed": 5}
    assert saved.given(options) == Recipe(hidden=(3,), epochs=7, standardize=False, seed=5)
    assert saved.given({"hidden": (), "standardize": True}).hidden == ()


def test_a_recipe_comes_back_from_json() -> None:
    recipe = Recipe(hidden=(5, 4), metrics=("auc",), momentum=0.5, optimizer="sgd").resolved(
        "binary"
    )
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
    assert Recipe.from_dict({**recipe.to_dict(), "added_later": 1}) == recipe


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"hidden": [12]},
        {"hidden": 5, "metrics": []},
        {"hidden": ["a"], "metrics": []},
        {"hidden": [1], "metrics": [], "epochs": "many"},
        {"hidden": [1], "metrics": [], "optimizer": "poetry"},
    ],
)
def test_a_damaged_recipe(values: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        Recipe.from_dict(values)
    assert isinstance(caught.value, ModelError | RecipeError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12,8", (12, 8)), ("5", (5,)), (" 3 , 4 ", (3, 4)), ("none", ()), ("None", ()), ("", ())],
)
def test_hidden_layers_as_typed(text: str, expected: tuple[int, ...]) -> None:
    assert widths(text) == expected


@pytest.mark.parametrize("text", ["twelve", "12;8", "12,,8", "12.5", "1e3", "12,8,", "12 8"])
def test_hidden_layers_that_are_none(text: str) -> None:
    assert f"such as 12,8, or none; got {text!r}" in refused(widths, text)
