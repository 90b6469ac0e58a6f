"""Monotone constraints: held by both backends, not in the file, refused where none can hold."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fits import (
    Logs,
    assert_close,
    assert_same_history,
    data,
    ignore,
    in_order,
    recipe_of,
)

import mlp_edge
from mlp_edge.errors import MlpEdgeError
from mlp_edge.feature import Feature
from mlp_edge.proof.monotone import of_network
from mlp_edge.reference import predict
from mlp_edge.training.backends import backend
from mlp_edge.training.backends.compiled import fit_compiled
from mlp_edge.training.backends.keras_fit import fit_keras
from mlp_edge.training.backends.program import Part
from mlp_edge.training.monotone import hold, of_inputs
from mlp_edge.training.network import HISTORY_METRIC, build, compile_model, folded
from mlp_edge.training.recipe import Recipe

tf = pytest.importorskip("tensorflow")

UP_AND_DOWN = np.array([1, -1, 0, 0], np.int8)


@pytest.fixture(autouse=True, scope="module")
def determinism() -> None:
    """As every training runs."""
    tf.config.experimental.enable_op_determinism()


def model_of(recipe: Recipe, training: Part, inputs: np.ndarray = UP_AND_DOWN) -> Any:
    tf.keras.utils.set_random_seed(1)
    model = build(recipe, training.rows, 1)
    hold(model, inputs, fresh=True)
    compile_model(model, recipe, HISTORY_METRIC["regression"])
    return model


def kernels(model: Any) -> list[np.ndarray]:
    return [v.value.numpy() for v in model.trainable_variables if v.name == "kernel"]


def assert_directions(model: Any, hidden: int) -> None:
    """The first input up, the second down, the others either way, through units in turn."""
    before = UP_AND_DOWN
    for number, kernel in enumerate(kernels(model)):
        after = np.where(np.arange(kernel.shape[1]) % 2, -1, 1)
        after = np.ones_like(after) if number == hidden else after
        assert (kernel * np.outer(before, after) >= 0).all()
        before = after


# In training


@pytest.mark.slow
@pytest.mark.parametrize("normalised", [False, True], ids=["plain", "batch normalisation"])
def test_both_backends_hold_the_signs_and_give_the_same_weights(normalised: bool) -> None:
    """On targets that pull the other way, so that every step is projected."""
    recipe = recipe_of(
        "regression", hidden=(6, 4), epochs=3, learning_rate=0.05, batch_normalization=normalised
    )
    rows, targets = data("regression", 57).arrays
    training = Part(rows, targets - 2 * rows[:, :1] + 2 * rows[:, 1:2])
    stock, ours = model_of(recipe, training), model_of(recipe, training)
    expected: Logs = []
    got: Logs = []
    fit_keras(stock, training, None, recipe, expected.append, shuffle=False)
    fit_compiled(ours, training, None, recipe, in_order(training), got.append)
    assert_same_history(got, expected)
    assert_close(ours, stock, most=1e-4)
    for model in (stock, ours, folded(ours)):
        assert_directions(model, hidden=2)
    assert any((kernel == 0).any() for kernel in kernels(ours))
    free = model_of(recipe, training, np.zeros(4, np.int8))
    fit_compiled(free, training, None, recipe, in_order(training), ignore)
    with pytest.raises(AssertionError):
        assert_directions(free, hidden=2)


@pytest.mark.slow
def test_batch_normalisation_turns_no_unit_round() -> None:
    recipe = recipe_of("regression", hidden=(6,), epochs=1, batch_normalization=True)
    training = data("regression", 57)
    model = model_of(recipe, training)
    gamma = next(v for v in model.trainable_variables if v.name == "gamma")
    gamma.assign([-1.0, 1, 1, -1, 1, 1])
    fit_keras(model, training, None, recipe, ignore, shuffle=False)
    assert gamma.value.numpy().min() == 0


def test_directions_of_units_are_found_again_whatever_their_order() -> None:
    """As in a file whose units are others than those that a fresh network has."""
    training = data("regression", 20)
    model = model_of(recipe_of("regression", hidden=(6, 4)), training)
    first, second, _ = (layer for layer in model.layers if hasattr(layer, "kernel"))
    order = [5, 0, 2, 1, 4, 3]
    first.kernel.assign(first.kernel.value.numpy()[:, order])
    second.kernel.assign(second.kernel.value.numpy()[order])
    before = kernels(model)
    hold(model, UP_AND_DOWN, fresh=False)
    assert all((a == b).all() for a, b in zip(before, kernels(model), strict=True))
    signs = first.kernel.constraint.signs
    assert (signs[0] == np.where(np.array(order) % 2, -1, 1)).all()
    assert (signs[1] == -signs[0]).all()
    assert not signs[2:].any()


def test_only_the_number_itself_is_constrained() -> None:
    features = (
        Feature("kind", categories=("a", "b"), codes=(0, 1)),
        Feature("size", fill=0.0, indicator=True),
        Feature("age"),
    )
    assert of_inputs(features, {"size": -1}).tolist() == [-1, 0, 0, 0, 0]
    assert of_inputs(features, {"age": 1, "size": 1}).tolist() == [1, 1, 0, 0, 0]


# Whole trainings


def waves() -> np.ndarray:
    """y goes up and down with x, and is curved in z."""
    random = np.random.default_rng(0)
    x, z = random.uniform(0, 10, 240), random.uniform(-1, 1, 240)
    y = 1.5 * np.sin(1.2 * x) + 0.4 * x + 2 * z**2 + random.normal(0, 0.3, 240)
    return np.rec.fromarrays([x, z, y], names="x,z,y")


def trained(monotone: Mapping[str, str] = {}, **settings: Any) -> mlp_edge.Model:
    return mlp_edge.train(
        waves(), target="y", recipe="tutorial", hidden=(16, 8), learning_rate=0.01, seed=3,
        monotone=monotone, **settings,
    )  # fmt: skip


def steps(model: mlp_edge.Model) -> np.ndarray:
    """What predictions gain from each x to the next, for some z: (z, points)."""
    x, z = np.meshgrid(np.linspace(-5, 15, 2001), np.linspace(-2, 2, 9))
    rows = np.stack([x.ravel(), z.ravel()], axis=1)
    return np.diff(predict(model.mlp, rows).reshape(x.shape), axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("by", list(backend.Backend))
def test_a_free_network_falls_somewhere_and_a_constrained_one_nowhere(
    by: backend.Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "FEWEST_STEPS", 0 if by is backend.Backend.COMPILED else 10**9)
    free, constrained = trained(epochs=20), trained({"x": "+"}, epochs=20)
    assert {model.training.backend for model in (free, constrained)} == {by.value}
    assert steps(free).min() < 0
    assert steps(constrained).min() >= 0
    assert steps(constrained).max() > 0
    manifest = constrained.training.to_dict()
    assert manifest["monotone"] == {"x": "+"}
    assert manifest["recipe"]["monotone"] == ["x=+"]
    assert free.training.to_dict()["monotone"] == {}


@pytest.mark.slow
def test_a_file_knows_of_no_constraint_and_training_goes_on_with_it(tmp_path: Path) -> None:
    first = trained({"x": "-"}, epochs=2, out=tmp_path / "first")
    with zipfile.ZipFile(tmp_path / "first" / "model.keras") as archive:
        config = archive.read("config.json").decode()
    assert "onstraint" in config
    assert not [each for each in config.split('"kernel_constraint": ')[1:] if each[:4] != "null"]
    again = mlp_edge.train(waves(), start=tmp_path / "first", epochs=3, monotone={"x": "-"})
    assert again.training.to_dict()["monotone"] == {"x": "-"}
    assert of_network(again.mlp, 0).hold(-1)
    assert again.mlp.weights_sha256 != first.mlp.weights_sha256
    with pytest.raises(MlpEdgeError, match=r"`monotone`: `start` goes on with the network"):
        mlp_edge.train(waves(), start=tmp_path / "first", epochs=1, monotone=["x=+"])


# What is refused

TABLE = "size,kind,level,id,y\n" + "".join(
    f"{n * 7 % 60 + 0.5},{'ab'[n % 2]},{'uvw'[n % 3]},{n:05}x,{n % 7 + n / 10}\n" for n in range(60)
)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"monotone": {"siez": "+"}}, r"no column 'siez' for `monotone`;.* mean 'size'\?"),
        ({"monotone": {"y": "+"}}, "`monotone` names 'y', which is predicted"),
        ({"monotone": {"id": "+"}}, "`monotone` names 'id', which is not learned from"),
        ({"monotone": {"kind": "+"}}, "'kind' holds categories, which have no order"),
        ({"monotone": {"size": "up"}}, r"`monotone` takes COLUMN=\+ .* got 'size=up'"),
        ({"monotone": ["size=+", "size=-"]}, "gives 'size' both"),
        ({"monotone": 3}, r"`monotone` takes COLUMN=\+ .* got '3'"),
        ({"monotone": [None]}, "`monotone` takes a list of texts or a dict"),
        ({"monotone": {"size": "+"}, "activation": "gelu"}, "`activation='gelu'` falls before"),
        (
            {"monotone": {"size": "+"}, "output_activation": "silu"},
            "`output_activation='silu'` falls before",
        ),
        ({"monotone": {"size": "+"}, "target": "kind"}, None),
        ({"monotone": {"size": "+"}, "target": "level"}, "add up to 1"),
    ],
)
def test_what_cannot_be_constrained_is_refused(
    settings: dict[str, Any], says: str | None, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    settings = {"recipe": "tutorial", "epochs": 1, **settings}
    if says is None:  # a binary target is fine
        model = mlp_edge.train(tmp_path / "t.csv", **settings)
        assert json.loads(model.training.manifest.to_json())["monotone"] == {"size": "+"}
        return
    with pytest.raises(MlpEdgeError, match=says):
        mlp_edge.train(tmp_path / "t.csv", **settings)
