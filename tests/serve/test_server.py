"""A server as a process: its end, its clients, slow and hostile ones, and new models under load."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.commands import Type
from support.networks import network, readings
from support.servers import Running, serving
from support.traffic import (
    GoodClient,
    Seen,
    counted,
    damaged,
    replace_directory,
    working,
)

import mlp_edge

NET = network()
ROW = readings(NET, 1).tolist()


@pytest.fixture(scope="module")
def server(path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("log"), path, "--timeout", 1, "--log", "all") as running:
        yield running


def answers(server: Running) -> None:
    assert server.asked("/models/net/predict", ROW)[0] == 200


def test_every_thread_gets_its_own_predictions(server: Running, path: Path) -> None:
    rows = readings(NET, 64).tolist()
    with mlp_edge.load(path) as model:
        right = model.predict(rows)[:, 0].tolist()
    wrong: list[object] = []

    def work(first: int) -> None:
        connection = server.connection()
        for number in range(first, first + 100):
            place = number % 64
            connection.request("POST", "/models/net/predict", json.dumps([rows[place]]))
            response = connection.getresponse()
            told = json.loads(response.read())["predictions"][0]["probability"]
            if (response.status, told) != (200, right[place]):
                wrong.append((place, told))

    threads = [threading.Thread(target=work, args=(7 * first,)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def cut_off(server: Running, *parts: bytes) -> bytes:
    """What a client gets that sends these parts, a little apart, and then nothing."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as client:
        for part in parts:
            client.sendall(part)
            time.sleep(0.05)
        got = b""
        while more := client.recv(65_536):
            got += more
        return got


HEAD = b"POST /models/net/predict HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"POST /mod",),
        (HEAD,),
        (HEAD, b"A: b\r\n"),
        (HEAD + b"Content-Length: 100\r\n\r\n", b"[[1"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\n[[1"),
    ],
    ids=["nothing", "half a line", "half a head", "more of it", "half a body", "half a chunk"],
)
def test_a_request_that_does_not_arrive_is_cut_off(server: Running, parts: tuple[bytes]) -> None:
    begun = time.monotonic()
    assert cut_off(server, *parts) == b""
    assert time.monotonic() - begun < 10
    answers(server)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        HEAD + b"Content-Length: -5\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n",
        b"\0" * 1000,
    ],
    ids=["TLS", "a version", "a length below 0", "two lengths", "a huge length", "zeros"],
)
def test_what_is_no_request_is_refused(server: Running, sent: bytes) -> None:
    assert cut_off(server, sent)[:12] in (b"", b"HTTP/1.1 400", b"HTTP/1.1 413")
    answers(server)


def test_an_endless_head_is_cut_off(server: Running) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as client:
        client.sendall(HEAD)
        with pytest.raises(OSError, match=r"reset|Broken"):  # noqa: PT012 (whichever is told first)
            for _ in range(2000):
                client.sendall(b"A: " + b"b" * 1000 + b"\r\n")
            client.recv(1)
            raise ConnectionResetError("reset: it was closed")
    answers(server)


def test_a_client_that_leaves_harms_nobody(server: Running) -> None:
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", server.port), timeout=15) as client:
            client.sendall(HEAD + b"Content-Length: 1000\r\n\r\n[[")
    answers(server)
    assert not server.lines("fault")


def test_requests_are_logged_as_json(server: Running) -> None:
    server.asked("/models/no/predict", ROW)
    line = [each for each in server.lines("request") if each["status"] == 404][-1]
    assert (line["method"], line["path"]) == ("POST", "/models/no/predict")
    assert "there is no model 'no'" in line["error"]


def test_requests_under_way_are_answered_before_the_end(path: Path, tmp_path: Path) -> None:
    with serving(tmp_path, path) as server:
        connection = server.connection()
        connection.request("GET", "/v2")  # it is taken before the end begins
        connection.getresponse().read()
        connection.request("POST", "/models/net/predict", json.dumps(ROW * 9000))
        server.process.send_signal(signal.SIGTERM)
        response = connection.getresponse()
        assert (response.status, len(json.loads(response.read())["predictions"])) == (200, 9000)
        connection.close()
        assert server.process.wait(20) == 0
        assert [line["event"] for line in map(json.loads, server.log.open())][-1] == "stopped"


def test_too_many_connections_are_refused(path: Path, tmp_path: Path) -> None:
    with serving(tmp_path, path, "--max-connections", 3) as server:
        held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
        time.sleep(0.1)
        connection = server.connection()
        connection.request("GET", "/v2")
        assert connection.getresponse().status == 503
        connection.close()
        connection = server.connection()
        connection.request("GET", "/v2/health/live")
        response = connection.getresponse()
        assert (response.status, response.headers["connection"]) == (200, "close")
        connection.close()
        for each in held:
            each.close()
        time.sleep(0.1)
        answers(server)


def test_what_cannot_be_served_ends_with_a_sentence(path: Path, folder: Path, typed: Type) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = typed("serve", path, "--port", port)
        assert result.code == 2
        assert f"--port {port}: cannot be listened on (" in result.err
    result = typed("serve", folder / "none")
    assert (result.code, "there is no such model" in result.err) == (2, True)
    (folder / "net.onnx").write_bytes(path.read_bytes()[:-40])
    result = typed("serve", folder / "net.onnx")
    assert (result.code, result.err.count("\n")) == (1, 1)
    assert "net.onnx: " in result.err


@pytest.mark.slow
def test_new_models_under_load_lose_no_request(model: Path, folder: Path) -> None:
    """A model directory is replaced again and again; a bad one leaves the old one at work."""
    good = shutil.copytree(model, folder / "good")
    bad = damaged(good, folder / "bad")
    seen = Seen()
    with (
        mlp_edge.load(model, "onnxruntime") as opened,
        serving(folder, model, "--reload", 0.05) as server,
    ):
        versions = {server.asked("/v2/models/pima")[1]["versions"][0]: opened}
        clients = [GoodClient(server, versions, seen, 0.0, seed).run for seed in range(3)]
        with working(*clients):
            for number in range(1, 13):
                replace_directory(model, bad if number % 2 else good)
                wait_for(lambda: len(looked(server)) >= number)  # noqa: B023
        assert seen.wrong == []
        assert sum(seen.good.values()) > 0
        assert [line["event"] for line in looked(server)] == ["refused", "reloaded"] * 6
        for line in server.lines("refused"):
            assert "pima.onnx" in line["reason"]
            assert "Model." not in line["reason"]
            assert line["served"] == "the one before"
        told = counted(server)
        for result in ("served", "refused"):
            assert told[f'mlp_edge_reloads_total{{model="pima",result="{result}"}}'] == 6
        assert not server.lines("fault")


def looked(server: Running) -> list[dict[str, Any]]:
    """What the server has said of changes."""
    lines = [*server.lines("refused"), *server.lines("reloaded")]
    return sorted(lines, key=lambda line: str(line["time"]))


def wait_for(condition: object, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.05)
