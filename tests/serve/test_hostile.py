"""Clients that break the rules of HTTP, send too much or take nothing: told so, or cut off."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.networks import network, readings
from support.servers import Running, serving
from support.traffic import counted

NET = network()
ROW = json.dumps(readings(NET, 1).tolist()).encode()
PREDICT = b"POST /models/net/predict HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def server(path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("log"), path, "--timeout", 1) as running:
        yield running


def opened(server: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def everything(client: socket.socket) -> bytes:
    """What a client gets until the server closes the connection."""
    got = b""
    try:
        while more := client.recv(65_536):
            got += more
    except ConnectionResetError:
        pass
    return got


def sent(server: Running, *parts: bytes) -> bytes:
    with opened(server) as client:
        for part in parts:
            client.sendall(part)
        return everything(client)


def test_a_client_comes_to_read_that_its_body_is_too_large(server: Running) -> None:
    connection = server.connection()
    for size in (4_000_001, 20_000_000):  # all of which http.client sends before it reads
        connection.request("POST", "/models/net/predict", b" " * size)
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())) == (
            413, {"error": "the body is larger than 4,000,000 bytes"},
        )  # fmt: skip
    connection.close()


def test_who_asks_before_sending_too_much_is_not_told_to_go_on(server: Running) -> None:
    head = PREDICT + b"Content-Length: 5000000\r\nExpect: 100-continue\r\n\r\n"
    assert sent(server, head).startswith(b"HTTP/1.1 413 ")
    head = PREDICT + b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(ROW)
    with opened(server) as client:
        client.sendall(head)
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(ROW)
        assert client.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("bytes_", "status"),
    [
        (b"GET /v2 HTTP/1.1\r\n" + b"a:\r\n" * 2000 + b"\r\n", 431),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
        (b"CONNECT a:1 HTTP/1.1\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\n\r\n", 400),
        (PREDICT + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
    ids=["many headers", "a long path", "nonsense", "CONNECT", "no ASCII", "bad chunks"],
)
def test_what_is_no_request_is_refused_in_json(server: Running, bytes_: bytes, status: int) -> None:
    head, _, body = sent(server, bytes_).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"content-type: application/json" in head
    assert json.loads(body).keys() == {"error"}


def test_some_pipelined_requests_get_their_responses_and_endless_ones_do_not(
    server: Running,
) -> None:
    live = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    assert sent(server, live * 20).count(b"HTTP/1.1 200 ") == 20
    assert sent(server, live * 5000).count(b"HTTP/1.1 ") < 100


def test_nonsense_behind_a_request_is_not_taken_for_its_response(server: Running) -> None:
    body = b"[" + b",".join([ROW[1:-1]] * 5000) + b"]"
    request = PREDICT + b"Content-Length: %d\r\n\r\n" % len(body) + body
    assert sent(server, request + b"nonsense\r\n\r\n")[:12] in (b"", b"HTTP/1.1 200")


def test_bytes_of_no_request_keep_no_connection_open(server: Running) -> None:
    with opened(server) as client:
        client.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"\r\n")
        assert everything(client) == b""


def test_who_does_not_take_a_response_is_cut_off(server: Running) -> None:
    rows = b"[" + b",".join([ROW[1:-1]] * 9000) + b"]"
    request = PREDICT + b"Content-Length: %d\r\n\r\n" % len(rows) + rows
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(20)
        client.connect(("127.0.0.1", server.port))
        for _ in range(8):  # more than the system holds for a client
            client.sendall(request)
        with pytest.raises(OSError, match=r"reset|[Bb]roken"):  # noqa: PT012
            while True:
                time.sleep(0.2)
                client.sendall(b"\r\n")


def test_no_redirect_leads_to_where_a_client_says(server: Running) -> None:
    got = sent(server, b"GET /v2/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 404 ")
    assert b"evil" not in got


def test_a_response_to_head_has_no_body(server: Running) -> None:
    got = sent(server, b"HEAD /v2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 200 ")
    assert got.endswith(b"\r\n\r\n")
    got = sent(server, b"OPTIONS /v2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert re.search(rb"405 .*allow: GET, HEAD|405 .*allow: HEAD, GET", got, re.DOTALL)


def test_made_up_names_do_not_make_labels_of_metrics(server: Running) -> None:
    before = len(counted(server))
    for number in range(50):
        assert server.asked(f"/models/made-up-{number}/predict", [])[0] == 404
        assert server.asked(f"/v2/models/made-up-{number}")[0] == 404
        assert server.asked(f"/made-up-{number}")[0] == 404
    assert len(counted(server)) <= before + 2  # requests by the status 404


def test_large_requests_beyond_the_places_are_refused_before_their_body(
    path: Path, tmp_path: Path
) -> None:
    with serving(tmp_path, path, "--max-waiting", 0) as server:
        head = PREDICT + b"Content-Length: 100000\r\n\r\n"
        held = [opened(server) for _ in range(os.cpu_count() or 1)]
        for client in held:
            client.sendall(head)
        with opened(server) as client:
            until = time.monotonic() + 20
            while True:  # until those before have been seen
                client.sendall(head + b" " * 100_000)
                got = client.recv(1000)
                if got.startswith(b"HTTP/1.1 429 ") or time.monotonic() > until:
                    break
            assert b"retry-after: 1" in got
        assert server.asked("/models/net/predict", json.loads(ROW))[0] == 200  # a small one
        for client in held:
            client.close()
        until = time.monotonic() + 20
        while server.asked("/models/net/predict", json.loads(ROW) * 1000)[0] == 429:
            assert time.monotonic() < until


def test_a_connection_too_many_is_told_in_json_and_counted(path: Path, tmp_path: Path) -> None:
    with serving(tmp_path, path, "--max-connections", 2) as server:
        held = [opened(server) for _ in range(2)]
        for client in held:
            client.sendall(b"GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
        status, told = server.asked("/models/net/predict", json.loads(ROW))
        assert (status, told) == (503, {"error": "too many connections; try again"})
        for client in held:
            client.close()
        until = time.monotonic() + 20
        while server.asked("/v2")[0] == 503:
            assert time.monotonic() < until
        assert counted(server)['mlp_edge_requests_total{model="",status="503"}'] >= 1


def test_a_low_limit_of_open_files_is_raised(path: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))  # a child process has it, too
    try:
        with serving(tmp_path, path, "--max-connections", 100) as server:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
            held = [opened(server) for _ in range(90)]
            assert server.asked("/v2")[0] == 200
            for client in held:
                client.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_what_arrives_while_the_server_ends_is_still_predicted(path: Path, tmp_path: Path) -> None:
    with serving(tmp_path, path) as server, opened(server) as client:
        client.sendall(b"GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
        client.sendall(PREDICT + b"Content-Length: %d\r\n\r\n" % len(ROW) + ROW[:5])
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        client.sendall(ROW[5:])
        got = everything(client)
        assert got.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in got
        assert server.process.wait(20) == 0


def test_a_log_that_nobody_reads_harms_no_request(path: Path) -> None:
    from subprocess import PIPE, Popen

    from support.servers import PROGRAM

    words = [PROGRAM, "serve", path, "--port", "0", "--log", "all"]
    with Popen(words, stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        port = int(process.stdout.readline().split(";")[0].rpartition(":")[2])
        process.stderr.close()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        for status, target in ((404, "/nothing"), (200, "/v2")) * 3:
            connection.request("GET", target)
            response = connection.getresponse()
            response.read()
            assert response.status == status
        connection.close()
        process.terminate()
