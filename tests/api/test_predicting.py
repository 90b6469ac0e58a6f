"""``Model.predict`` and ``predict_table``: whatever holds rows, one set of predictions."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from support.commands import Type

import mlp_edge
from mlp_edge.api.tables import read_any
from mlp_edge.errors import InputError, RecipeError


@pytest.fixture
def frame() -> pd.DataFrame:
    """The irises as a notebook holds them, in another order of columns."""
    table = read_any("iris")
    frame = pd.DataFrame({name: table.column(name) for name in table.columns})
    numbers = [name for name in frame if name != "species"]
    return frame.astype(dict.fromkeys(numbers, float))[frame.columns[::-1]]


def test_every_kind_of_table_has_the_same_predictions(iris: Path, frame: pd.DataFrame) -> None:
    model = mlp_edge.open(iris)
    expected = model.predict("iris")
    assert (expected.shape, expected.dtype) == ((150, 3), np.float32)
    numbers = frame[[feature.name for feature in model.mlp.features]].to_numpy(np.float32)
    for rows in (frame, pl.from_pandas(frame), pa.Table.from_pandas(frame), numbers):
        np.testing.assert_array_equal(model.predict(rows), expected)
    for table in (frame, pl.from_pandas(frame), pa.Table.from_pandas(frame)):
        found = model.predict_table(table)
        np.testing.assert_array_equal(found.values, expected)
        assert found.table.source in str(found.to_dict()["table"])


def test_a_table_is_what_the_command_writes(iris: Path, typed: Type, folder: Path) -> None:
    model = mlp_edge.open(iris)
    found = model.predict_table(out=folder / "out.csv")
    assert (folder / "out.csv").read_text() == typed("predict", "--model", iris).out
    assert found.to_csv() == (folder / "out.csv").read_text()
    assert found.columns == tuple(f"probability {label}" for label in model.mlp.labels)
    told = found.to_dict()
    assert told["labels"] == found.labels
    assert told["predictions"]["probability setosa"] == found.values[:, 0].tolist()
    assert (told["rows"], told["runtime"], told["dtype"]) == (150, "onnxruntime", "float32")
    assert "150 rows predicted by onnxruntime" in str(found)
    assert found.labels[0] in found._repr_html_()


def test_rows_without_a_prediction_are_json(iris: Path) -> None:
    found = mlp_edge.open(iris).predict_table("iris")
    told = replace(found, values=np.full_like(found.values, np.nan)).to_dict()
    assert told["predictions"]["probability setosa"] == [None] * 150
    json.dumps(told, allow_nan=False)


def test_a_regression_has_no_labels(sine: Path) -> None:
    found = mlp_edge.open(sine).predict_table("sine")
    assert found.columns == ("value",)
    assert found.to_dict()["labels"] is None
    assert found.compared()[0].startswith("[0.8442] => ")


def test_missing_readings_are_said(homes: Path, homes_table: Path) -> None:
    found = mlp_edge.open(homes).predict_table(pd.read_csv(homes_table))
    assert {each.kind for each in found.findings} >= {"missing"}
    assert "warning: " in str(found)


def test_what_is_refused(iris: Path, frame: pd.DataFrame, folder: Path) -> None:
    model = mlp_edge.open(iris)
    with pytest.raises(InputError, match="rows without"):
        model.predict(frame.drop(columns=[model.mlp.features[0].name]))
    with pytest.raises(InputError, match=r"`out=.gone/x\.csv.`: its parent directory"):
        model.predict_table("iris", out="gone/x.csv")
    with pytest.raises(RecipeError, match="`sep` says how a file is read"):
        model.predict_table(frame, sep=";")
    shutil.copy(iris / "model.keras", folder / "alone.keras")
    with pytest.raises(InputError, match="predict which rows"):
        mlp_edge.open(folder / "alone.keras").predict_table()
