"""Ray gives the bytes of the one-machine engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support import guide
from support.homes import Homes, home_rows

import mlp_edge.ray
from mlp_edge.api.settings import PredictionSettings, StreamSettings
from mlp_edge.api.streaming import predict_stream
from mlp_edge.data.reading import blocks
from mlp_edge.errors import InputError, RecipeError, TableError
from mlp_edge.files.writing import csv_text

ray = pytest.importorskip("ray")
NAMES = ["id", "area", "kind", "year", "rooms", "price"]


@pytest.fixture(scope="module", autouse=True)
def _cluster() -> Iterator[None]:
    """One cluster for all tests: starting it takes seconds."""
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


def streamed(homes: Homes, table: Path, out: Path, **bulk: Any) -> bytes:
    settings = PredictionSettings(out=out)
    predict_stream(homes.model, str(table), settings, StreamSettings(**bulk))
    return out.read_bytes()


def test_a_file_in_blocks(homes: Homes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "HEAD", 1 << 12)
    monkeypatch.setattr(blocks, "BLOCK", 1 << 13)
    monkeypatch.setattr(blocks, "LOOKED_AT", 20)
    table = tmp_path / "homes.csv"
    table.write_text(csv_text([NAMES, *home_rows()]))
    expected = streamed(homes, table, tmp_path / "local.csv")
    assert streamed(homes, table, tmp_path / "ray.csv", engine="ray") == expected
    table.write_text(table.read_text() + "h9,wide,flat,1950,3,dear\n")
    with pytest.raises(TableError, match="line 4002, column 'area': 'wide' is text"):
        streamed(homes, table, tmp_path / "ray.csv", engine="ray")
    assert (tmp_path / "ray.csv").read_bytes() == expected
    short = table.read_text().splitlines(keepends=True)
    short[3:3] = short[3000:3000] = ["h9,1\n"]
    table.write_text("".join(short))
    with pytest.raises(TableError, match="line 4: 2 cells where line 1 has 6"):
        streamed(homes, table, tmp_path / "ray.csv", engine="ray")
    expected = streamed(homes, table, tmp_path / "local.csv", on_error="skip")
    got = streamed(homes, table, tmp_path / "ray.csv", on_error="skip", engine="ray")
    assert got == expected


def test_a_parquet_file(homes: Homes, tmp_path: Path) -> None:
    got = streamed(homes, homes.table, tmp_path / "ray.parquet", engine="ray")
    assert got == homes.scored.read_bytes()


def test_a_dataset(homes: Homes) -> None:
    dataset = ray.data.read_parquet(str(homes.table))
    found = mlp_edge.ray.predict(dataset, homes.model)
    got = pa.concat_tables(found.iter_batches(batch_format="pyarrow")).sort_by("id")
    assert got.cast(homes.columns.schema).equals(homes.columns.sort_by("id"))
    with pytest.raises(InputError, match="no column 'area'"):
        mlp_edge.ray.predict(dataset.drop_columns(["area"]), homes.model)


def test_an_address_without_ray() -> None:
    with pytest.raises(RecipeError, match="`address` takes `engine='ray'`"):
        StreamSettings(address="auto")


def test_the_example_of_the_guide(folder: Path) -> None:
    guide.lay_out(folder)
    guide.run("ray")
    assert pq.read_table("scored").num_rows == guide.ROWS
