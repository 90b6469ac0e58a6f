"""mlp_edge.open: a directory, a file, a Keras model in memory; and what save copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import contents

import mlp_edge
from mlp_edge.errors import InputError, ModelError


def test_a_directory_and_its_file_are_one_model(pima: Path) -> None:
    opened = mlp_edge.open(pima)
    assert opened.name == "pima"
    assert opened.directory is not None
    assert mlp_edge.open(str(pima / "model.keras")).path == pima
    assert "8-12-8-1 binary" in repr(opened)


def test_a_copy_is_the_same_model(pima: Path, tmp_path: Path) -> None:
    copy = mlp_edge.open(pima).save(tmp_path / "copy")
    assert contents(copy.path) == contents(pima)
    assert copy.mlp.weights_sha256 == mlp_edge.open(pima).mlp.weights_sha256
    with pytest.raises(InputError, match="copy"):
        copy.save(tmp_path / "copy")


def test_a_keras_model_in_memory(keras: Any, tmp_path: Path) -> None:
    layers = keras.layers
    network = keras.Sequential([keras.Input((3,)), layers.Dense(2, "relu"), layers.Dense(1)])
    opened = mlp_edge.open(network)
    assert (opened.mlp.inputs, opened.directory) == (3, None)
    rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(opened.predict(rows), network.predict(rows, verbose=0))
    assert opened.path.name == network.name
    assert not opened.path.exists()
    with pytest.raises(InputError, match="no model directory"):
        opened.save(tmp_path / "copy")


def test_a_keras_model_whose_name_hides_another_function(keras: Any) -> None:
    def relu(x: Any) -> Any:
        return 2 * keras.ops.relu(x)

    layer = keras.layers.Dense(2, activation=relu)  # Keras keeps the name alone
    opened = mlp_edge.open(keras.Sequential([keras.Input((3,)), layer, keras.layers.Dense(1)]))
    with pytest.raises(ModelError, match="Keras itself predicts"):
        opened.export("c")


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="int is no model"):
        mlp_edge.open(7)
    with pytest.raises(ModelError, match="there is no model"):
        mlp_edge.open(tmp_path / "nothing")
