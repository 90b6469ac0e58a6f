"""A model in SQL has the bits of the one-machine engine."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest
from support.homes import Homes
from support.networks import network

import mlp_edge.duckdb
from mlp_edge import export as exporters
from mlp_edge.runtime.load import load


def test_functions_of_a_connection(homes: Homes) -> None:
    with duckdb.connect() as connection:
        names = mlp_edge.duckdb.register(connection, homes.model, "dear")
        assert names == ("dear", "dear_label")
        got = connection.execute(
            "SELECT dear(area, kind, year, rooms) AS probability, "
            "dear_label(area, kind, year, rooms) AS label FROM read_parquet(?)",
            [str(homes.table)],
        ).to_arrow_table()
    assert got.equals(homes.columns.select(["probability", "label"]))


def test_several_outputs_are_a_list(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(exporters.onnx.export(network((2, 5, 3), task="multiclass")))
    with duckdb.connect() as connection:
        assert mlp_edge.duckdb.register(connection, path) == ("net", "net_label")
        got = connection.execute(
            "SELECT net(x, y), net_label(x, y) FROM (VALUES (1.5, -2), (NULL, 1)) AS t(x, y)"
        ).fetchall()
    with load(path) as opened:
        [expected] = opened.predict(np.array([[1.5, -2]], np.float32))
        [label] = opened.predict_labels(np.array([[1.5, -2]], np.float32))
    assert got[0] == ([float(value) for value in expected], label)
    assert got[1] == ([None] * 3, None)


def test_what_is_no_number_is_said(homes: Homes) -> None:
    with duckdb.connect() as connection:
        mlp_edge.duckdb.register(connection, homes.model)
        with pytest.raises(duckdb.Error, match="column 'area': 'inf' is infinite"):
            connection.execute("SELECT net('inf'::DOUBLE, 'flat', 1950, 3)").fetchall()
