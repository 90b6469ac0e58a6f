"""A Spark frame has the bits of the one-machine engine."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support import guide
from support.homes import Homes

import mlp_edge.spark
from mlp_edge.errors import InputError

pyspark = pytest.importorskip("pyspark")


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    """One session for all tests: starting it takes seconds."""
    if shutil.which("java") is None:
        pytest.skip("Spark takes Java")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "127.0.0.1")
    interrupted = signal.getsignal(signal.SIGINT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        made = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
        made.sparkContext.setLogLevel("OFF")
        yield made
        made.stop()
    signal.signal(signal.SIGINT, interrupted)  # Spark's breaks once its session has ended


def test_a_frame(homes: Homes, session: Any) -> None:
    frame = session.read.parquet(str(homes.table))
    got = mlp_edge.spark.predict(frame, homes.model).toPandas()
    got = pa.Table.from_pandas(got.sort_values("id"), schema=homes.columns.schema)
    assert got.equals(homes.columns.sort_by("id"))


def test_bad_rows(homes: Homes, session: Any) -> None:
    rows = [("flat", 1950, 3.0, 80.0), ("flat", 1950, 3.0, float("inf"))]
    frame = session.createDataFrame(rows, "kind string, year int, rooms double, area double")
    skipped = mlp_edge.spark.predict(frame, homes.model, on_error="skip").collect()
    assert [row.area for row in skipped] == [80.0]
    nulled = mlp_edge.spark.predict(frame, homes.model, on_error="null").collect()
    assert [row.label is None for row in nulled] == [False, True]
    with pytest.raises(Exception, match="column 'area': 'inf' is infinite"):
        mlp_edge.spark.predict(frame, homes.model).collect()


def test_a_worker_refuses_another_model(homes: Homes, session: Any, tmp_path: Path) -> None:
    model = Path(shutil.copy(homes.model, tmp_path))
    frame = mlp_edge.spark.predict(session.read.parquet(str(homes.table)), model)
    model.write_bytes(homes.model.read_bytes() + b"\x82\x05\x00")
    with pytest.raises(Exception, match=r"homes\.onnx: "):
        frame.collect()


def test_a_column_that_is_missing(homes: Homes, session: Any) -> None:
    frame = session.createDataFrame([(1,)], "year int")
    with pytest.raises(InputError, match="no column 'area', 'kind', 'rooms', which net takes"):
        mlp_edge.spark.predict(frame, homes.model)


def test_the_example_of_the_guide(session: Any, folder: Path) -> None:
    guide.lay_out(folder)
    guide.run("spark")
    assert pq.read_table("scored").num_rows == guide.ROWS
