"""A recipe follows the task, and each contradiction is refused with its reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlp_edge.cli.options import widths
from mlp_edge.errors import InputError, ModelError, RecipeError
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, TASKS, Task
from mlp_edge.training.checks import check_fixed
from mlp_edge.training.class_weights import label_weights
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.recipe_settings import OPTIMIZERS
from mlp_edge.training.task_choices import LOSSES, OUTPUTS


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
        ("regression", {"loss": "poetry"}, "`loss='poetry'`"),
        ("multiclass", {"output_activation": "sigmoid"}, "sum to 1, and sigmoid outputs do not"),
        ("multiclass", {"threshold": "f1"}, "`threshold` is for a binary task; this one is multi"),
        ("regression", {"threshold": "0.4"}, "`threshold` is for a binary task; this one is reg"),
        ("regression", {"class_weight": "a=2"}, "`class_weight` is for classes"),
    ],
)
def test_a_choice_that_contradicts_the_task(task: Task, options: dict[str, str], said: str) -> None:
    assert said in refused(Recipe(**options).resolved, task)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"activation": "softmax"}, "`activation='softmax'` is not one of linear, relu"),
        ({"activation": "swish"}, "`activation='swish'`"),
        ({"optimizer": "adamm"}, "`optimizer='adamm'` is not one of adam"),
        ({"momentum": 0.9}, "`momentum`: adam has none; sgd and rmsprop do"),
        ({"momentum": 1.0, "optimizer": "sgd"}, "`momentum` is from 0 to below 1; got 1"),
        ({"momentum": -0.1, "optimizer": "sgd"}, "got -0.1"),
        ({"momentum": float("nan"), "optimizer": "sgd"}, "`momentum` is"),
        ({"hidden": (12, 0)}, "at least one neuron"),
        ({"hidden": (-3,)}, "at least one neuron"),
        ({"test_size": 1.0}, "`test_size` is a share of the rows from 0 to below 1"),
        ({"test_size": -0.2}, "got -0.2"),
        ({"test_size": 20.0}, "got 20"),
        ({"test_size": float("nan")}, "got nan"),
        ({"validation_size": 1.0}, "`validation_size` is a share"),
        ({"epochs": 0}, "`epochs` is at least 1; got 0"),
        ({"batch_size": 0}, "`batch_size` is at least 1; got 0"),
        ({"early_stopping": 0, "validation_size": 0.1}, "`early_stopping` is at least 1; got 0"),
        ({"learning_rate": 0.0}, "`learning_rate` is above 0; got 0"),
        ({"learning_rate": float("inf")}, "got inf"),
        ({"learning_rate": float("nan")}, "got nan"),
        ({"dropout": 1.0}, "`dropout` is a share of a layer's outputs from 0 to below 1, such"),
        ({"dropout": -0.1}, "got -0.1"),
        ({"dropout": float("nan")}, "got nan"),
        ({"dropout": 0.2, "hidden": ()}, "`dropout` is for hidden layers and `hidden=()` leaves"),
        ({"batch_normalization": True, "hidden": ()}, "`batch_normalization` is for hidden layers"),
        ({"batch_normalization": True, "batch_size": 1}, "`batch_size=1` leaves none to compare"),
        ({"l2": -1.0}, "`l2` is from 0 to 1000, such as 0.001; got -1"),
        ({"l2": float("inf")}, "`l2` is from 0 to 1000, such as 0.001; got inf"),
        ({"l2": float("nan")}, "got nan"),
        ({"schedule": "step"}, "`schedule='step'` is not one of constant, cosine, exponential"),
        ({"threshold": "2"}, "`threshold` takes a number between 0 and 1"),
        ({"threshold": "accuracy"}, "got 'accuracy'"),
        ({"class_weight": "equal"}, "none, balanced or LABEL=WEIGHT,LABEL=WEIGHT, such as"),
        ({"class_weight": ""}, "got ''"),
        ({"class_weight": "yes=2,"}, "got 'yes=2,'"),
        ({"class_weight": "yes=2\nno=1"}, "LABEL=WEIGHT"),
        ({"class_weight": "=2"}, "got '=2'"),
        ({"class_weight": "yes=much"}, "got 'yes=much'"),
        ({"class_weight": "yes=0,no=1"}, "a weight is from 1e-06 to 1e+06; got yes=0"),
        ({"class_weight": "yes=nan"}, "a weight is from 1e-06 to 1e+06; got yes=nan"),
        ({"class_weight": "yes=2,yes=3"}, "gives 'yes' two weights"),
        ({"seed": -1}, "`seed` is from 0 to 4294967295; got -1"),
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
    assert "`validation_size=0` leaves none; 0.1 would do" in message


def test_early_stopping_of_a_saved_recipe_needs_its_rows_too() -> None:
    saved = Recipe().given({"early_stopping": 5})
    message = refused(saved.given, {"validation_size": 0.0})
    assert message.startswith("the saved recipe's `early_stopping=5` needs validation rows")


def test_a_threshold_that_is_chosen_brings_its_own_rows_to_choose_on() -> None:
    for rule in ("f1", "youden", "sensitivity=0.9"):
        chosen = Recipe().given({"threshold": rule})
        assert chosen.validation_size == 0.1
        message = refused(Recipe().given, {"threshold": rule, "validation_size": 0.0})
        assert message.startswith(f"`threshold={rule!r}` needs validation rows and")
        message = refused(chosen.given, {"validation_size": 0.0})
        assert message.startswith(f"the saved recipe's `threshold={rule!r}` needs")
    assert Recipe().given({"threshold": "0.3"}).validation_size == 0


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


def test_a_recipe_of_before_there_was_regularisation_has_none() -> None:
    added = {
        "dropout": 0.0, "l2": 0.0, "batch_normalization": False, "schedule": "constant",
        "threshold": "0.5", "group": None,
    }  # fmt: skip
    recipe = Recipe(hidden=(5, 4), class_weight="balanced").resolved("binary")
    values = recipe.to_dict()
    assert {name: values.pop(name) for name in added} == added
    assert Recipe.from_dict(json.loads(json.dumps(values))) == recipe


def test_every_new_setting_comes_back_from_json() -> None:
    recipe = Recipe(
        dropout=0.3, l2=1e-4, batch_normalization=True, schedule="cosine", threshold="youden",
        group="patient", class_weight="b=2",
    )  # fmt: skip
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("yes=2,no=1", {"yes": 2, "no": 1}),
        ("yes=2, no=0.5", {"yes": 2, "no": 0.5}),
        ("a=b=3", {"a=b": 3}),
        ('"a,b=2",c=1e-3', {"a,b": 2, "c": 0.001}),
        ("none=2,balanced=3", {"none": 2, "balanced": 3}),
    ],
)
def test_weights_of_classes_by_their_labels(text: str, weights: dict[str, float]) -> None:
    assert label_weights(text) == weights
    assert Recipe(class_weight=text).class_weight == text


@given(st.text(max_size=20))
def test_any_text_as_class_weights_is_read_or_refused_in_a_sentence(text: str) -> None:
    try:
        weights = label_weights(text)
    except RecipeError:
        said = refused(label_weights, text)
        assert said.startswith("`class_weight`")
        assert "\n" not in said
        return
    assert weights
    assert all(weight > 0 for weight in weights.values())


def test_another_schedule_is_another_optimizer_and_other_settings_are_not() -> None:
    saved = Recipe().resolved("binary")
    assert saved.given({"schedule": "cosine"}).compiled != saved.compiled
    assert saved.given({"epochs": 3, "class_weight": "balanced"}).compiled == saved.compiled


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dropout": 0.2}, "`dropout`: `start` goes on with the network that was saved (0.3)"),
        ({"l2": 0.2}, "`l2`: `start` goes on with the network that was saved (0.0)"),
        ({"batch_normalization": True}, "batch normalisation is folded into its layers"),
    ],
)
def test_what_a_saved_network_has_settled(options: dict[str, Any], said: str) -> None:
    saved = Recipe(dropout=0.3, batch_normalization=True)
    assert said in refused(check_fixed, saved, options)
    check_fixed(saved, {"dropout": 0.3, "l2": 0.0, "batch_normalization": False})


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"hidden": [12]},
        {"hidden": 5, "metrics": []},
        {"hidden": ["a"], "metrics": []},
        {"hidden": [1], "metrics": [], "epochs": "many"},
        {"hidden": [1], "metrics": [], "optimizer": "poetry"},
        {"hidden": [1], "metrics": [], "clip": None, "threshold": 0.5},
        {"hidden": [1], "metrics": [], "clip": None, "class_weight": 5},
        {"hidden": [1], "metrics": [], "clip": None, "dropout": "much"},
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
