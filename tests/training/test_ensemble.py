"""An ensemble is the mean of its members, as one model that every format can hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Type

import mlp_edge
from mlp_edge.api.training.training import train
from mlp_edge.errors import RecipeError
from mlp_edge.reference import predict
from mlp_edge.training.ensemble import joined, member_seeds
from mlp_edge.training.network import build, compile_model
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.search.search_space import parameters

pytestmark = pytest.mark.trains


def test_seeds_are_nobody_elses() -> None:
    first, *others = member_seeds(7, 5)
    assert first == 7
    assert len({7, *others}) == 5
    assert member_seeds(7, 5) == (7, *others)
    assert not {*others} & {*member_seeds(8, 5)}
    assert member_seeds(7, 1) == (7,)


@pytest.mark.parametrize(
    ("hidden", "output"),
    [((), "linear"), ((4,), "sigmoid"), ((4, 3), "softmax"), ((4, 3, 2), "linear")],
)
def test_the_mean_is_that_of_the_logits(keras: Any, hidden: tuple[int, ...], output: str) -> None:
    width = 1 if output == "sigmoid" else 3
    rows = np.random.default_rng(1).normal(2, 3, (50, 5)).astype(np.float32)
    recipe = Recipe(hidden=hidden, output_activation=output, loss="mse")
    members, logits = [], []
    for seed in range(3):
        keras.utils.set_random_seed(seed)
        members.append(build(recipe, rows, width))
        compile_model(members[-1], recipe, "mae")
        bare = keras.models.clone_model(members[-1])
        bare.set_weights(members[-1].get_weights())
        bare.layers[-1].activation = keras.activations.linear
        logits.append(bare(rows).numpy())
    mean = np.mean(logits, axis=0)
    formula = keras.activations.get(output)
    model = joined(members)
    assert model(rows).numpy() == pytest.approx(np.asarray(formula(mean)), abs=1e-5)
    assert model.count_params() - members[0].layers[0].count_params() == parameters(
        5, hidden, width, 3
    )
    assert joined(members[:1]) is members[0]


@pytest.fixture(scope="module")
def model(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> mlp_edge.Model:
    """Three members with two hidden layers each: a graph."""
    place = tmp_path_factory.mktemp("ensemble") / "model"
    return train("iris", ensemble=3, hidden=(6, 4), epochs=3, batch_size=40, out=place)


def test_the_file_is_read_as_a_graph_of_branches(model: mlp_edge.Model, keras: Any) -> None:
    mlp = model.mlp
    assert not mlp.is_chain
    assert len(mlp.layers) == 7
    assert mlp.parameters == parameters(4, (6, 4), 3, 3)
    rows = np.random.default_rng(2).uniform(0, 8, (20, 4)).astype(np.float32)
    saved = keras.models.load_model(model.path / "model.keras")
    assert predict(mlp, rows) == pytest.approx(saved(rows).numpy(), abs=1e-6)


def test_the_first_member_is_the_network_without_the_others(
    model: mlp_edge.Model, tmp_path: Path
) -> None:
    single = train("iris", hidden=(6, 4), epochs=3, batch_size=40, out=tmp_path / "single")
    member = model.training.scores["test"]["member"]
    assert member == single.training.scores["test"]["mlp"]
    assert model.training.scores["test"]["mlp"] != member
    assert "one of its members" in str(model.training)
    assert json.loads((model.path / "model.json").read_text())["recipe"]["ensemble"] == 3


def test_every_export_predicts_what_the_ensemble_does(model: mlp_edge.Model) -> None:
    model.export()
    model.export(dtype="int8")
    report = model.parity(runtimes=["litert", "onnxruntime", "c"])
    report.check()


def test_nobody_goes_on_with_an_ensemble(model: mlp_edge.Model, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="is an ensemble of 3, whose members learned apart"):
        train("iris", start=model.path, out=tmp_path / "further")


@pytest.mark.parametrize("members", [0, 33])
def test_so_many_members_are_refused(members: int) -> None:
    with pytest.raises(RecipeError, match=f"is from 2 to 32 networks, .* got {members}"):
        Recipe(ensemble=members)


def test_folds_score_ensembles(typed: Type, folder: Path, keras: Any) -> None:
    words = ("iris", "--ensemble", 2, "--hidden", 3, "--cv", 2, "--runs", 2)
    result = typed("train", *words, "--recipe", "tutorial", "--epochs", 2, "--batch-size", 75, "-q")
    assert result.code == 0, result.err
    kept = json.loads((folder / "model/model.json").read_text("utf-8"))
    assert list(kept["cross_validation"]["scores"]) == ["mlp", "member", "linear", "prior"]
    assert len(kept["scores"]["runs"]) == 2
    assert "4-6-3" in result.out
