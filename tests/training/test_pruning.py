"""Hidden units that do nothing are removed, and no prediction changes where that is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.fits import data, recipe_of

import mlp_edge
from mlp_edge.data.sets import SETS
from mlp_edge.feature import Feature
from mlp_edge.readers.keras_file import read_network
from mlp_edge.training.keras_bytes import keras_bytes
from mlp_edge.training.network import build, compile_model
from mlp_edge.training.pruning import Pruned, pruned

tf = pytest.importorskip("tensorflow")

FEATURES = tuple(Feature(name, -4.0, 10.0) for name in "abcd")


def model_of(activation: str = "relu", **settings: Any) -> Any:
    """4-6-5-1 with some dropout, and biases that are not 0."""
    recipe = recipe_of("regression", hidden=(6, 5), activation=activation, dropout=0.2, **settings)
    tf.keras.utils.set_random_seed(1)
    model = build(recipe, data("regression", 30).rows, 1)
    compile_model(model, recipe, "mae")
    random = np.random.default_rng(0)
    for layer in dense(model):
        layer.bias.assign(random.normal(0, 0.5, layer.units))
    return model


def dense(model: Any) -> list[Any]:
    return [layer for layer in model.layers if hasattr(layer, "kernel")]


def change(variable: Any, place: Any, value: float) -> None:
    numbers = variable.value.numpy().copy()
    numbers[place] = value
    variable.assign(numbers)


def widths(model: Any) -> list[int]:
    return [layer.units for layer in dense(model)]


def answers(model: Any, rows: np.ndarray) -> np.ndarray:
    return np.asarray(model(rows.astype(np.float32), training=False))


def test_a_network_whose_units_all_count_stays_the_very_one() -> None:
    model = model_of()
    same, removed = pruned(model, FEATURES)
    assert same is model
    assert (removed, removed.says) == (Pruned(11, 0, 0), None)


def test_what_is_idle_goes_and_no_prediction_changes() -> None:
    model = model_of()
    first, second, last = dense(model)
    change(second.bias, np.s_[:], 50)  # all awake
    change(first.kernel, np.s_[:, 1], 0)  # 0 whatever the row
    change(first.bias, 1, -0.5)
    change(first.kernel, np.s_[:, 2], 0)  # constant, and not 0: stays
    change(first.bias, 2, 0.5)
    change(last.kernel, np.s_[3, :], 0)  # nothing reads it
    change(second.kernel, np.s_[4, [0, 1, 2, 4]], 0)  # read by that one alone
    smaller, removed = pruned(model, FEATURES)
    assert widths(smaller) == [4, 4, 1]
    assert removed == Pruned(11, 3, 0)
    assert removed.says == ("removed 3 of 11 hidden units: 3 that do nothing, whatever the row")
    rows = np.random.default_rng(2).normal(0, 5, (200, 4))
    assert answers(smaller, rows) == pytest.approx(answers(model, rows), rel=1e-5, abs=1e-6)
    kept = [0, 2, 3, 5]
    assert (dense(smaller)[0].kernel.value.numpy() == first.kernel.value.numpy()[:, kept]).all()
    assert [layer.name for layer in smaller.layers] == [layer.name for layer in model.layers]
    smaller.fit(rows[:, :4], rows[:, 0], epochs=1, verbose=0)  # it is compiled


@pytest.mark.parametrize(("activation", "goes"), [("tanh", True), ("sigmoid", False)])
def test_a_unit_without_weights_goes_where_it_gives_0(activation: str, goes: bool) -> None:
    model = model_of(activation)
    change(dense(model)[0].kernel, np.s_[:, 0], 0)
    change(dense(model)[0].bias, 0, 0)
    assert pruned(model, FEATURES)[1].idle == goes


def test_a_relu_that_is_0_in_the_ranges_goes() -> None:
    model = model_of()
    change(dense(model)[1].bias, np.s_[:], 50)  # all awake
    change(dense(model)[0].bias, 3, -40)
    smaller, removed = pruned(model, FEATURES)
    assert (widths(smaller), removed) == ([5, 5, 1], Pruned(11, 0, 1))
    assert removed.says is not None
    assert "1 that is 0 for every row in the declared ranges" in removed.says
    inside = np.random.default_rng(2).uniform(-4, 10, (200, 4))
    assert answers(smaller, inside) == pytest.approx(answers(model, inside), rel=1e-5, abs=1e-6)
    beyond = 100 * inside
    assert abs(answers(smaller, beyond) - answers(model, beyond)).max() > 1
    of_no_range = (Feature("a"), *FEATURES[1:])
    assert pruned(model, of_no_range)[0] is model
    of_no_relu = model_of("elu")
    change(dense(of_no_relu)[0].bias, 3, -40)
    assert pruned(of_no_relu, FEATURES)[0] is of_no_relu


def test_a_layer_keeps_a_unit() -> None:
    model = model_of()
    change(dense(model)[2].kernel, np.s_[:, :], 0)
    smaller, removed = pruned(model, FEATURES)
    assert (widths(smaller)[1], removed.units) == (1, 11)
    rows = np.random.default_rng(2).normal(0, 5, (20, 4))
    assert answers(smaller, rows) == pytest.approx(answers(model, rows))


@pytest.mark.slow
def test_a_training_says_what_it_removed(tmp_path: Any) -> None:
    """With relus that die: a learning rate that is far too large."""
    settings: dict[str, Any] = {
        "hidden": (12, 8), "epochs": 3, "learning_rate": 0.5, "recipe": "tutorial",
    }  # fmt: skip
    table = SETS["pima"].location
    free = mlp_edge.train(table, **settings)
    smaller = mlp_edge.train(table, out=tmp_path / "model", prune=True, **settings)
    found = smaller.training.to_dict()["pruned"]
    assert found["units"] == 20
    assert found["idle"] + found["dead"] > 0
    assert free.training.to_dict()["pruned"] is None
    hidden = [layer.outputs for layer in read_network(tmp_path / "model" / "model.keras").layers]
    assert sum(hidden[:-1]) == 20 - found["idle"] - found["dead"]
    assert smaller.training.scores["test"]["mlp"] == pytest.approx(
        free.training.scores["test"]["mlp"], abs=0.05
    )
    on = mlp_edge.train(table, start=tmp_path / "model", epochs=1)
    assert on.mlp.layers[0].outputs == hidden[0]


def test_the_file_of_a_smaller_model_is_of_stock_layers() -> None:
    model = model_of()
    change(dense(model)[2].kernel, np.s_[0, :], 0)
    smaller, _ = pruned(model, FEATURES)
    assert keras_bytes(smaller)
