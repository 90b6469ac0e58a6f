"""mlp_edge.open: a directory, a file, a Keras model in memory; and what save copies."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

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
    folder = opened.path.parent
    assert folder.is_dir()
    with pytest.raises(InputError, match="no model directory"):
        opened.save(tmp_path / "copy")
    del opened
    gc.collect()
    assert not folder.exists()


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="int is no model"):
        mlp_edge.open(7)
    with pytest.raises(ModelError, match="there is no model"):
        mlp_edge.open(tmp_path / "nothing")
