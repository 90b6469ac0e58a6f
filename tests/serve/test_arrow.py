"""Streams of Arrow as bodies: the bits of the predictor, and whatever a stranger makes of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from support.networks import encoded, network, readings
from support.servers import write_onnx

import mlp_edge
from mlp_edge.feature import Feature
from mlp_edge.serve import arrow
from mlp_edge.serve.request_error import RequestError
from mlp_edge.serve.serving import application
from mlp_edge.serve.settings import ServeSettings

NET = network()
SEEN = replace(
    encoded(
        (
            Feature("mass", 0.0, 90.0),
            Feature("colour", categories=("red", "grün"), codes=(0, 1)),
            Feature("age", 0.0, 99.0, sentinel=-1.0, fill=30.0),
        )
    ),
    name="seen",
)
KIND = {"content-type": arrow.ARROW}
LIMITS = ServeSettings(max_rows=300, max_body=400_000)
ROWS = {"mass": [5.0, None, 7.5], "age": [30, None, -1], "colour": ["grün", "blue", None]}


def stream(table: Any, **options: Any) -> bytes:
    told = pa.BufferOutputStream()
    written = pa.ipc.IpcWriteOptions(**options)
    with pa.ipc.new_stream(told, table.schema, options=written) as writer:
        writer.write_table(table)
    return bytes(told.getvalue())


def batches(table: Any, count: int) -> bytes:
    told = pa.BufferOutputStream()
    [batch] = table.to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]
    with pa.ipc.new_stream(told, table.schema) as writer:
        for _ in range(count):
            writer.write_batch(batch)
    return bytes(told.getvalue())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("arrow")
    for mlp in (NET, SEEN):
        write_onnx(mlp, folder / f"{mlp.name}.onnx")
    return [folder / "net.onnx", folder / "seen.onnx"]


@pytest.fixture(scope="module")
def client(files: list[Path]) -> Iterator[TestClient]:
    settings = replace(LIMITS, reload=0, log="none")
    with TestClient(application(files, settings)) as client:
        yield client


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64(), pa.int64()], ids=str)
def test_a_stream_has_the_predictors_bits(
    client: TestClient, files: list[Path], kind: pa.DataType
) -> None:
    rows = readings(NET, 300).round().astype(kind.to_pandas_dtype())
    names = [feature.name for feature in NET.features]
    table = pa.table(
        {name: pa.array(column, kind) for name, column in zip(names, rows.T, strict=True)}
    )
    table = table.select(names[::-1]).append_column("remark", pa.array([["x"]] * 300))
    body = stream(pa.Table.from_batches(table.to_batches(max_chunksize=37)))
    response = client.post(
        "/models/net/predict", content=body, headers={**KIND, "accept": arrow.ARROW}
    )
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == arrow.ARROW
    told = pa.ipc.open_stream(response.content).read_all()
    assert told.schema.field("probability").type == pa.float32()
    with mlp_edge.load(files[0]) as model:
        right = model.predict(rows.astype(np.float32))
        np.testing.assert_array_equal(told["probability"].to_numpy(), right[:, 0])
        assert told["label"].to_pylist() == model.predict_labels(rows.astype(np.float32))
        version = f"{model.card.weights_sha256[:12]}-int8"
    assert told.schema.metadata == {b"model": b"net", b"version": version.encode()}
    as_json = client.post("/models/net/predict", content=body, headers=KIND).json()
    assert [each["probability"] for each in as_json["predictions"]] == right[:, 0].tolist()


def tables() -> dict[str, bytes]:
    """The same rows, as programs write them."""
    frame = pl.DataFrame(ROWS)
    bodies = {"texts": stream(pa.table(ROWS))}
    for name, kind in (("polars", pl.String), ("polars categories", pl.Categorical)):
        told = io.BytesIO()
        frame.cast({"colour": kind}).write_ipc_stream(told)
        bodies[name] = told.getvalue()
    coded = pa.table(ROWS)
    colours = coded["colour"].dictionary_encode()
    bodies["dictionary"] = stream(coded.set_column(2, "colour", colours))
    large = coded["colour"].cast(pa.large_string())
    bodies["large texts"] = stream(coded.set_column(2, "colour", large))
    numbers = pa.table({**ROWS, "mass": ["5", "", "7.5"], "age": ["30", None, "-1.0"]})
    bodies["numbers as texts"] = stream(numbers)
    return bodies


TABLES = tables()


@pytest.mark.parametrize("body", TABLES.values(), ids=TABLES)
def test_categories_and_missing_readings(client: TestClient, body: bytes) -> None:
    headers = {**KIND, "accept": arrow.ARROW}
    response = client.post("/models/seen/predict?odd=true", content=body, headers=headers)
    assert response.status_code == 200, response.text
    told = pa.ipc.open_stream(response.content).read_all()
    assert told["missing"].to_pylist() == [[], ["mass", "age"], ["colour", "age"]]
    assert told["unknown"].to_pylist() == [[], ["colour"], []]
    assert np.isnan(told["value"].to_numpy()).tolist() == [False, True, True]


def shared(view: bool) -> pa.Table:
    """One long text in every cell, in few bytes."""
    long = "x" * 20_000
    colours = pa.DictionaryArray.from_arrays(pa.array([0] * 100, pa.int8()), pa.array([long]))
    if view:
        views = np.zeros((100, 4), "<i4")
        views[:, 0] = len(long)
        views[:, 1] = np.frombuffer(b"xxxx", "<i4")[0]
        buffers = [None, pa.py_buffer(views), pa.py_buffer(long.encode())]
        colours = pa.Array.from_buffers(pa.string_view(), 100, buffers)
    return pa.table({"mass": [1.0] * 100, "age": [1.0] * 100, "colour": colours})


NOTHING = pa.Array.from_buffers(pa.null(), 2**31 - 1, [None])
NUMBERS = pa.table({name: [1.0] for name in ("mass", "colour", "age")})


def test_a_null_may_hold_anything(client: TestClient) -> None:
    views = np.zeros((2, 4), "<i4")
    views[0] = [3, int.from_bytes(b"red", "little"), 0, 0]
    views[1] = [2**31 - 1, 7, 7, 2**31 - 1]
    buffers = [pa.py_buffer(b"\1"), pa.py_buffer(views), pa.py_buffer(b"red")]
    colours = pa.Array.from_buffers(pa.string_view(), 2, buffers)
    body = stream(pa.table({"mass": [1.0] * 2, "age": [1.0] * 2, "colour": colours}))
    headers = {**KIND, "accept": arrow.ARROW}
    response = client.post("/models/seen/predict?odd=true", content=body, headers=headers)
    told = pa.ipc.open_stream(response.content).read_all()
    assert told["missing"].to_pylist() == [[], ["colour"]]


REFUSED: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "no Arrow stream"),
    "a file": (b"ARROW1\0\0" + stream(NUMBERS), 400, "no Arrow stream"),
    "JSON": (b'{"mass": 1}', 400, "no Arrow stream"),
    "half": (stream(NUMBERS)[:-90], 400, "no Arrow stream"),
    "no rows": (stream(NUMBERS.slice(0, 0)), 400, "without rows"),
    "many rows": (stream(pa.table({"mass": pa.nulls(301)})), 413, "at most 300"),
    "a row more, in batches": (
        batches(NUMBERS, 301), 413, "301 rows; a request takes at most 300",
    ),
    "rows without bytes": (stream(pa.table({"mass": NOTHING})), 413, "2,147,483,647 rows; a"),
    "many messages": (
        batches(NUMBERS.slice(0, 0), 1001), 413, "of more than 1000 messages",
    ),
    "compressed": (stream(NUMBERS, compression="zstd"), 400, "compressed batches; plain ones"),
    "a compressed dictionary": (
        stream(shared(False), compression="lz4"), 400, "compressed batches; plain ones",
    ),
    "another column": (stream(NUMBERS.drop(["age"])), 400, "no column 'age'"),
    "a column twice": (
        stream(NUMBERS.append_column("age", pa.array([1.0]))), 400, "two columns 'age'",
    ),
    "a list": (
        stream(NUMBERS.set_column(0, "mass", pa.array([[1.0]]))), 400, "of the type list<",
    ),
    "a date": (
        stream(NUMBERS.set_column(0, "mass", pa.array([1], pa.timestamp("s")))), 400,
        "column 'mass' is of the type timestamp[s]; numbers or text would do",
    ),
    "a dictionary of numbers": (
        stream(NUMBERS.set_column(0, "mass", pa.array([1.0]).dictionary_encode())), 400,
        "of the type dictionary<",
    ),
    "a word": (
        stream(NUMBERS.set_column(0, "mass", pa.array(["heavy"]))), 400, "'heavy' is not a number",
    ),
    "a text in a dictionary, again and again": (stream(shared(False)), 413, "2,000,000 bytes of"),
    "a text in a dictionary, batch by batch": (
        batches(shared(False).slice(0, 2), 100), 413, "4,000,000 bytes of text, written out",
    ),
    "a text in views, again and again": (stream(shared(True)), 413, "2,000,000 bytes of text"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "status", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(client: TestClient, body: bytes, status: int, says: str) -> None:
    response = client.post("/models/seen/predict", content=body, headers=KIND)
    assert response.status_code == status, response.text
    assert says in response.json()["error"]


def test_without_pyarrow_its_extra_is_named(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    response = client.post("/models/seen/predict", content=TABLES["texts"], headers=KIND)
    assert response.status_code == 415
    assert "pip install 'mlp-edge[scale]' brings it" in response.json()["error"]
    row = '{"mass": 1, "colour": "red", "age": 2}'
    response = client.post("/models/seen/predict", content=row, headers={"accept": arrow.ARROW})
    assert (response.status_code, "[scale]" in response.json()["error"]) == (406, True)


@given(st.data())
def test_a_damaged_stream_is_read_or_refused(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(sorted(TABLES.values())))
    body = bytearray(whole[: data.draw(st.integers(len(whole) // 2, len(whole)))])
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]))
    with suppress(RequestError):
        table = arrow.rows_of(bytes(body), ("mass", "colour", "age"), LIMITS)
        assert 0 < table.num_rows <= LIMITS.max_rows
        table.validate(full=True)
        assert sum(map(len, filter(None, map(str, table["colour"].to_pylist())))) <= LIMITS.max_body
