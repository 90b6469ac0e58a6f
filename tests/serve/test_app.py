"""What the application answers, path by path, without a socket."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient
from support.networks import encoded, network, readings
from support.servers import write_onnx

import mlp_edge
from mlp_edge.card import Card
from mlp_edge.errors import InputError, RecipeError
from mlp_edge.feature import Feature
from mlp_edge.serve.serving import application
from mlp_edge.serve.settings import ServeSettings

NET = network()
SEEN = encoded(
    (
        Feature("mass", 0.0, 90.0),
        Feature("colour", categories=("red", "grün"), codes=(0, 1)),
        Feature("age", 0.0, 99.0, sentinel=-1.0, fill=30.0),
    )
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("served")
    return [
        write_onnx(NET, folder / "net.onnx"),
        write_onnx(replace(SEEN, name="seen"), folder / "seen.onnx"),
    ]


@pytest.fixture(scope="module")
def client(files: list[Path]) -> Iterator[TestClient]:
    settings = ServeSettings(max_body=20_000, max_rows=300, reload=0, log="none")
    with TestClient(application(files, settings)) as client:
        yield client


def post(client: TestClient, path: str, value: Any, **headers: str) -> Any:
    return client.post(path, content=json.dumps(value), headers=headers)


def counted(client: TestClient) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_what_the_server_says_of_itself(client: TestClient) -> None:
    assert client.get("/v2").json()["version"] == mlp_edge.__version__
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    model = client.get("/v2/models/net").json()
    assert model["versions"] == [f"{Card.of(NET).weights_sha256[:12]}-int8"]
    place = f"/v2/models/net/versions/{model['versions'][0]}"
    assert client.get(place).json() == model
    assert client.get(f"{place}/ready").json() == {"name": "net", "ready": True}
    assert client.get("/v2/models/net/versions/1/ready").status_code == 404
    page = client.get("/").text
    assert "/models/net/predict" in page
    assert "<script" not in page


def test_rows_in_every_form_have_the_predictors_bits(client: TestClient, files: list[Path]) -> None:
    rows = readings(NET, 300)
    names = [feature.name for feature in NET.features]
    with mlp_edge.load(files[0]) as model:
        right = model.predict(rows)[:, 0].tolist()
        labels = model.predict_labels(rows)
    objects = [dict(zip(names, row, strict=True)) for row in rows.tolist()]
    text = (
        ",".join(names) + "\r\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows.tolist())
    )
    kind = {"content-type": "text/csv; charset=utf-8"}
    for count, body, headers in (
        (1, json.dumps(objects[0]), {}),
        (3, json.dumps(objects[:3]), {"content-type": "application/json"}),
        (100, json.dumps({"rows": rows[:100].tolist()}), {}),
        (300, text, kind),
        (1, text[: text.index("\n", 90)], kind),
    ):
        if len(body) > 20_000:
            continue
        response = client.post("/models/net/predict", content=body, headers=headers)
        assert response.status_code == 200, response.text
        told = response.json()
        assert told["model"] == "net"
        assert [each["probability"] for each in told["predictions"]] == right[:count]
        assert [each["label"] for each in told["predictions"]] == labels[:count]
    tensor = {"name": "features", "shape": [100, 8], "datatype": "FP32"}
    asked = {"inputs": [{**tensor, "data": rows[:100].ravel().tolist()}], "id": "x"}
    told = post(client, "/v2/models/net/infer", asked).json()
    assert told["id"] == "x"
    assert told["outputs"][0]["data"] == right[:100]
    assert told["outputs"][1]["data"] == labels[:100]


def test_the_binary_extension(client: TestClient, files: list[Path]) -> None:
    rows = readings(NET, 300)
    tensor = {"name": "features", "shape": [300, 8], "datatype": "FP32",
              "parameters": {"binary_data_size": rows.nbytes}}  # fmt: skip
    header = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    length = {"Inference-Header-Content-Length": str(len(header))}
    response = client.post("/v2/models/net/infer", content=header + rows.tobytes(), headers=length)
    assert response.status_code == 200, response.text
    told = int(response.headers["Inference-Header-Content-Length"])
    described = json.loads(response.content[:told])["outputs"]
    size = described[0]["parameters"]["binary_data_size"]
    got = np.frombuffer(response.content[told : told + size], "<f4").reshape(-1, 1)
    with mlp_edge.load(files[0]) as model:
        np.testing.assert_array_equal(got, model.predict(rows))
        first = str(model.predict_labels(rows)[0]).encode()
    behind = response.content[told + size :]
    assert behind[: 4 + len(first)] == struct.pack("<I", len(first)) + first


def test_categories_missing_readings_and_odd_ones(client: TestClient) -> None:
    before = counted(client)
    rows = [
        {"mass": 5, "colour": "grün", "age": 30, "remark": "kept out"},
        {"mass": None, "colour": "blue", "age": 200, "remark": ""},
        {"mass": "7.5", "colour": None, "age": -1, "remark": None},
    ]
    response = post(client, "/models/seen/predict?odd=true", rows)
    assert response.status_code == 200, response.text
    told = response.json()["predictions"]
    assert [each["missing"] for each in told] == [[], ["mass"], ["colour", "age"]]
    assert [each["unknown"] for each in told] == [[], ["colour"], []]
    assert [each["out of range"] for each in told] == [[], ["age"], []]
    after = counted(client)

    def more(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    odd = 'mlp_edge_odd_readings_total{feature="%s",kind="%s",model="seen"}'
    assert more(odd % ("colour", "unknown")) == 1
    assert more(odd % ("age", "missing")) == 1
    assert more(odd % ("age", "out_of_range")) == 1
    assert more('mlp_edge_rows_sum{model="seen"}') == 3
    assert more('mlp_edge_requests_total{model="seen",status="200"}') == 1


def test_what_curl_types_is_json(client: TestClient) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    response = post(client, "/models/net/predict", [[1.0] * 8], **kind)
    assert len(response.json()["predictions"]) == 1


def test_csv_comes_back_as_csv(client: TestClient) -> None:
    headers = {"content-type": "text/csv", "accept": "text/csv"}
    text = "colour,mass,age\n\nred,5,30\n,nan,\n"
    response = client.post("/models/seen/predict?odd=true", content=text, headers=headers)
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    lines = response.text.splitlines()
    assert lines[0].split(",")[1:] == ["missing", "unknown", "out of range"]
    assert lines[2].split(",")[1:] == ["mass; colour; age", "", ""]


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", "application/json"),
        ("text/html, */*;q=0.8", "application/json"),
        ("text/csv, */*;q=0.8", "text/csv"),
        ("Text/CSV", "text/csv"),
        ("text/csv;q=0, application/json", "application/json"),
        ("application/json, text/csv;q=0.1", "application/json"),
        ("application/json;q=0.2, text/csv; header=present; q=0.5", "text/csv"),
        ("application/json;q=1, application/vnd.apache.arrow.stream;q=0", "application/json"),
        ("text/csv;q=0", "application/json"),
        ("text/csvs, image/png;q=x", "application/json"),
    ],
)
def test_the_media_type_that_a_client_likes_best(
    client: TestClient, accept: str, media: str
) -> None:
    response = post(client, "/models/net/predict", [[1.0] * 8], accept=accept)
    assert response.headers["content-type"].partition(";")[0] == media


REFUSED: dict[str, tuple[str, bytes, dict[str, str], int, str]] = {
    "another model": ("/models/nope/predict", b"{}", {}, 404, "there is no model 'nope'"),
    "a path": ("/models/..%2f..%2fetc/predict", b"{}", {}, 404, "there is no"),
    "no JSON": ("/models/net/predict", b"{", {}, 400, "no JSON"),
    "NaN": ("/models/net/predict", b"[[NaN]]", {}, 400, "no JSON"),
    "no UTF-8": ("/models/net/predict", b'"\xff"', {}, 400, "no JSON"),
    "nothing": ("/models/net/predict", b"", {}, 400, "no JSON"),
    "no rows": ("/models/net/predict", b"[]", {}, 400, "no rows"),
    "a number": ("/models/net/predict", b"3", {}, 400, "no rows"),
    "an empty object": ("/models/net/predict", b"{}", {}, 400, "(0, 0)"),
    "deep": ("/models/net/predict", b"[" * 9000, {}, 400, "no JSON"),
    "a cell of rows": ("/models/net/predict", b'[{"x0": [1]}]', {}, 400, "row 0 holds an array"),
    "an object of arrays": ("/models/net/predict", b'{"x0": [1]}', {}, 400, "whose cells are"),
    "mixed": ("/models/net/predict", b"[[1], {}]", {}, 400, "an array of other things"),
    "short rows": ("/models/net/predict", b"[[1], [2]]", {}, 400, "net takes (n, 8)"),
    "a name": ("/models/net/predict", b'{"x0": 1}', {}, 400, "rows without 'x1', 'x2'"),
    "a text": (
        "/models/seen/predict", b'{"mass": "heavy", "colour": "red", "age": 1}', {}, 400,
        "column 'mass', row 0: 'heavy' is not a number",
    ),
    "many rows": ("/models/net/predict", json.dumps([[1]] * 301).encode(), {}, 413, "at most 300"),
    "a large body": ("/models/net/predict", b" " * 20_001, {}, 413, "larger than 20,000"),
    "another type": (
        "/models/net/predict", b"{}", {"content-type": "image/png"}, 415, "of the type 'image/png'",
    ),
    "CSV of another width": (
        "/models/net/predict", b"a,b\n1\n", {"content-type": "text/csv"}, 400, "row 0 of the CSV",
    ),
    "CSV of one column with a blank line": (
        "/models/net/predict", b"x0\n1\n\n2\n\n", {"content-type": "text/csv"}, 400,
        'a missing reading is ""',
    ),
    "ragged rows": ("/models/net/predict", b"[[1], [2], [3, 4]]", {}, 400, "row 2 has 2 cells"),
    "a packed body": (
        "/models/net/predict", b"[[1]]", {"content-encoding": "gzip"}, 415, "packed as 'gzip'",
    ),
    "a packed request": (
        "/v2/models/net/infer", b"{}", {"content-encoding": "br"}, 415, "packed as 'br'",
    ),
    "CSV without rows": (
        "/models/net/predict", b"a,b\n", {"content-type": "text/csv"}, 400, "has no rows",
    ),
    "CSV with a name twice": (
        "/models/net/predict", b"a,a\n1,2\n", {"content-type": "text/csv"}, 400, "have one name",
    ),
    "CSV of another encoding": (
        "/models/net/predict", b"\xff\n1", {"content-type": "text/csv"}, 400, "no UTF-8 (byte 0)",
    ),
    "CSV with an open quote": (
        "/models/net/predict", b'a\n"1', {"content-type": "text/csv"}, 400, "is no CSV",
    ),
    "odd": ("/models/net/predict?odd=1", b"{}", {}, 400, "odd is true or false"),
    "no inputs": ("/v2/models/net/infer", b"{}", {}, 400, "inputs, an array"),
    "another version": ("/v2/models/net/versions/7/infer", b"{}", {}, 404, "not '7'"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "says"), REFUSED.values(), ids=REFUSED
)
def test_what_cannot_be_answered_is_told(
    client: TestClient, path: str, body: bytes, headers: dict[str, str], status: int, says: str
) -> None:
    response = client.post(path, content=body, headers=headers)
    assert response.status_code == status
    assert set(response.json()) == {"error"}
    assert says in response.json()["error"]


def test_a_body_without_a_length_is_bounded_too(client: TestClient) -> None:
    parts = (b" " * 1000 for _ in range(30))
    response = client.post("/models/net/predict", content=parts)
    assert response.status_code == 413
    row = [json.dumps([[1.0] * 8]).encode()]
    assert client.post("/models/net/predict", content=iter(row)).status_code == 200


def test_another_method_and_another_path(client: TestClient) -> None:
    response = client.put("/v2")
    assert (response.status_code, response.json()) == (405, {"error": "not with this method"})
    assert client.get("/etc/passwd").status_code == 404
    assert client.get("/models/net/predict").status_code == 405


def test_every_fault_of_ours_is_told_without_its_traceback(
    files: list[Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mlp_edge.serve.app.reply", lambda *_: 1 / 0)
    app = application(files, ServeSettings(reload=0))
    with TestClient(app) as client:
        response = post(client, "/models/net/predict", [[1] * 8])
        assert counted(client)['mlp_edge_requests_total{model="net",status="500"}'] == 1
    assert response.status_code == 500
    assert response.json() == {"error": "a fault of the server; its log has more"}
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert "ZeroDivisionError" in next(
        each["traceback"] for each in lines if each["event"] == "fault"
    )


def test_too_many_large_requests_are_told_to_wait(files: list[Path]) -> None:
    app = application(files, ServeSettings(max_waiting=0, reload=0, log="none"))
    with TestClient(app) as client:
        from concurrent.futures import ThreadPoolExecutor

        rows = [[1.0] * 8] * 9000
        with ThreadPoolExecutor(16) as pool:
            each = [pool.submit(post, client, "/models/net/predict", rows) for _ in range(32)]
            found = [future.result() for future in each]
    assert {response.status_code for response in found} <= {200, 429}
    for response in found:
        if response.status_code == 429:
            assert response.headers["retry-after"] == "1"
        else:
            assert len(response.json()["predictions"]) == 9000


def test_traces_need_what_writes_them(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318")
    with pytest.raises(InputError, match="opentelemetry-instrumentation-asgi brings them"):
        application(files)


def test_two_models_of_one_name_are_refused(files: list[Path]) -> None:
    with pytest.raises(InputError, match=r"net\.onnx: holds a model 'net', as .*net\.onnx does"):
        application([files[0], files[0]])
    with pytest.raises(InputError, match="no model to serve"):
        application([])


@pytest.mark.parametrize(
    "wrong",
    [{"port": -1}, {"timeout": 0}, {"reload": -1}, {"log": "some"}, {"max_rows": 0}],
    ids=str,
)
def test_settings_out_of_their_range(wrong: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        ServeSettings(**wrong)


def test_a_new_model_of_other_features_takes_over(tmp_path: Path) -> None:
    path = write_onnx(NET, tmp_path / "net.onnx")
    app = application([path], ServeSettings(reload=0.02, log="none"))
    with TestClient(app) as client:
        before = client.get("/v2/models/net").json()["versions"]
        write_onnx(network((3, 4, 1)), tmp_path / "new.onnx").rename(path)
        until = time.monotonic() + 20
        while client.get("/v2/models/net").json()["versions"] == before:
            assert time.monotonic() < until
            post(client, "/models/net/predict", [[1] * 8])
        assert post(client, "/models/net/predict", [[1, 2, 3]]).status_code == 200
        counts = counted(client)
        assert not any('status="500"' in name for name in counts)
        [info] = [name for name in counts if name.startswith("mlp_edge_model_info")]
        assert before[0] not in info


def test_what_goes_wrong_once_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_onnx(NET, tmp_path / "net.onnx")
    with TestClient(application([path], ServeSettings(reload=0.02))) as client:
        before = client.get("/v2/models/net").json()["versions"]
        for name in ("mlp_edge.serve.models.load", "mlp_edge.serve.models.Models.changed"):
            with monkeypatch.context() as broken:
                broken.setattr(name, lambda *_, **__: 1 / 0)
                path.touch()
                time.sleep(0.3)
        write_onnx(network(seed=1), tmp_path / "new.onnx").rename(path)
        until = time.monotonic() + 20
        while client.get("/v2/models/net").json()["versions"] == before:
            assert time.monotonic() < until
            time.sleep(0.02)
    events = {json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()}
    assert events >= {"refused", "fault", "reloaded"}
