"""Clients of a server: good ones, who check every prediction, and hostile ones.

``benchmarks/traffic.py`` keeps them at it for minutes, ``tests/serve/test_traffic.py`` for seconds.
"""

from __future__ import annotations

import json
import random
import shutil
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mlp_edge.runtime.predictor import Predictor
from support.servers import Running

SIZES = (1, 1, 1, 2, 7, 64, 300, 2000)
"""Rows of a good request: most are small, some go to a thread."""


@dataclass
class Seen:
    """What clients have got.

    Attributes:
        good: requests of good clients whose every prediction was right.
        wrong: what else good clients got.
        hostile: how often each attack was made.
        statuses: what hostile clients got; 0 for a closed connection.
        megabytes: of memory that the server took, from the end of the warm-up on.
    """

    good: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    hostile: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    megabytes: list[float] = field(default_factory=list)


class GoodClient:
    """Asks for predictions, again and again.

    Args:
        server: that is asked.
        versions: version of the model -> what predicts it here; there may come more.
        seen: what is noted.
        pause: seconds between two requests.
        seed: of the rows.
    """

    def __init__(
        self,
        server: Running,
        versions: Mapping[str, Predictor],
        seen: Seen,
        pause: float,
        seed: int,
    ) -> None:
        self._server, self._versions, self._seen, self._pause = server, versions, seen, pause
        self._random = np.random.default_rng(seed)
        card = next(iter(versions.values())).card
        self._name, self._names = card.name, [*card.names]
        self._lows = [feature.low or 0.0 for feature in card.features]
        self._highs = [1.0 if feature.high is None else feature.high for feature in card.features]

    def run(self, until: threading.Event) -> None:
        """Ask until told to end."""
        connection = self._server.connection()
        forms = (self._arrays, self._objects, self._csv, self._tensor, self._binary)
        number = 0
        while not until.is_set():
            form = forms[number % len(forms)]
            number += 1
            size = SIZES[int(self._random.integers(len(SIZES)))]
            rows = self._random.uniform(self._lows, self._highs, (size, len(self._names)))
            rows = rows.astype(np.float32)
            path, body, headers = form(rows)
            try:
                connection.request("POST", path, body, headers)
                response = connection.getresponse()
                told = response.read()
                length = response.headers.get("Inference-Header-Content-Length")
                problem = self._problem(rows, response.status, told, length)
            except OSError as error:
                problem = f"{type(error).__name__}: {error}"
                connection = self._server.connection()
            if problem:
                self._seen.wrong.append(f"{form.__name__}, {len(rows)} rows: {problem}")
            else:
                self._seen.good[form.__name__] += 1
            until.wait(self._pause)
        connection.close()

    def _problem(self, rows: Any, status: int, body: bytes, length: str | None) -> str:
        if status != 200:
            return f"status {status}: {body[:200]!r}"
        head = json.loads(body if length is None else body[: int(length)])
        version = head.get("version") or head["model_version"]
        model = self._versions[version]
        if "predictions" in head:
            got = [row[model.card.output_name] for row in head["predictions"]]
        elif length is None:
            got = head["outputs"][0]["data"]
        else:
            size = head["outputs"][0]["parameters"]["binary_data_size"]
            got = np.frombuffer(body[int(length) :][:size], "<f4").tolist()
        right = model.predict(rows)[:, 0].tolist()
        return "" if got == right else f"{version} predicts {right[:3]}, got {got[:3]}"

    def _arrays(self, rows: Any) -> tuple[str, bytes, dict[str, str]]:
        return f"/models/{self._name}/predict", json.dumps(rows.tolist()).encode(), {}

    def _objects(self, rows: Any) -> tuple[str, bytes, dict[str, str]]:
        told = [dict(zip(self._names, row, strict=True)) for row in rows.tolist()]
        return f"/models/{self._name}/predict?odd=true", json.dumps(told).encode(), {}

    def _csv(self, rows: Any) -> tuple[str, bytes, dict[str, str]]:
        lines = [self._names, *(map(repr, row) for row in rows.tolist())]
        text = "".join(",".join(line) + "\n" for line in lines)
        return f"/models/{self._name}/predict", text.encode(), {"Content-Type": "text/csv"}

    def _tensor(self, rows: Any) -> tuple[str, bytes, dict[str, str]]:
        tensor = {"name": "features", "shape": [*rows.shape], "datatype": "FP32"}
        body = {"inputs": [{**tensor, "data": rows.ravel().tolist()}]}
        return f"/v2/models/{self._name}/infer", json.dumps(body).encode(), {}

    def _binary(self, rows: Any) -> tuple[str, bytes, dict[str, str]]:
        tensor = {"name": "features", "shape": [*rows.shape], "datatype": "FP32",
                  "parameters": {"binary_data_size": rows.nbytes}}  # fmt: skip
        head = {"inputs": [tensor], "parameters": {"binary_data_output": True}}
        told = json.dumps(head).encode()
        length = {"Inference-Header-Content-Length": str(len(told))}
        return f"/v2/models/{self._name}/infer", told + rows.tobytes(), length


def _post(body: bytes, path: bytes, *headers: bytes, length: int | None = None) -> bytes:
    told = len(body) if length is None else length
    head = [b"POST %b HTTP/1.1" % path, b"Host: x", b"Content-Length: %d" % told, *headers]
    return b"\r\n".join([*head, b"", body])


def attacks(name: str) -> dict[str, bytes]:
    """What hostile clients send to a server of the model ``name``, each on its own connection."""
    path, infer = b"/models/%b/predict" % name.encode(), b"/v2/models/%b/infer" % name.encode()
    chunked = b"POST %b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" % path
    row, live = b"[" + b",".join([b"1"] * 8) + b"]", b"GET /v2/health/live HTTP/1.1\r\n\r\n"
    tensor = b'{"inputs":[{"name":"features","datatype":"FP32","shape":%b,"data":[1]}]}'
    return {
        "no JSON": _post(b'{"a', path),
        "NaN": _post(b"[[NaN,1,1,1,1,1,1,1]]", path),
        "1e999": _post(b"[[1e999,1,1,1,1,1,1,1]]", path),
        "nested": _post(b"[" * 100_000, path),
        "nested objects": _post(b'{"a":' * 50_000, path),
        "too large": _post(b" " * 5_000_000, path),
        "many rows": _post(b"[" + b"[0]," * 200_000 + b"[0]]", path),
        "a wide row": _post(b"{" + b",".join(b'"%d":0' % n for n in range(20_000)) + b"}", path),
        "wide CSV": _post(b"," * 200_000 + b"\n" + b"," * 200_000, path, b"Content-Type: text/csv"),
        "long CSV": _post(b"a\n" + b"1\n" * 200_000, path, b"Content-Type: text/csv"),
        "a picture": _post(b"\x89PNG", path, b"Content-Type: image/png"),
        "gzip": _post(b"\x1f\x8b\x08", path, b"Content-Encoding: gzip"),
        "a huge shape": _post(tensor % b"[2147483647,2147483647]", infer),
        "a shape below 0": _post(tensor % b"[-1,8]", infer),
        "a huge length of the head": _post(
            b"{}", infer, b"Inference-Header-Content-Length: 99999999999999999999"
        ),
        "a length too short": _post(row + b"more", path, length=3),
        "a length too long": _post(row, path, length=500),
        "a length below 0": _post(row, path, length=-5),
        "two lengths": _post(row, path, b"Content-Length: 1"),
        "chunks and a length": _post(b"0\r\n\r\n", path, b"Transfer-Encoding: chunked"),
        "bad chunks": chunked + b"zz\r\n[[1",
        "half a chunk": chunked + b"ff\r\n[[1",
        "an endless chunk": chunked + b"fffffffffffffff0\r\n[[1",
        "pipelined": live * 10,
        "pipelined without end": live * 3000,
        "an endless head": b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000,
        "a long path": b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\n\r\n",
        "another model": _post(row, "/models/größe/predict".encode()),
        "another path": b"GET /..%2f..%2fetc/passwd HTTP/1.1\r\n\r\n",
        "zeros in a path": b"GET /v2/models/%00%0d%0a HTTP/1.1\r\n\r\n",
        "other methods": b"DELETE %b HTTP/1.1\r\n\r\nOPTIONS * HTTP/1.1\r\n\r\n" % path,
        "CONNECT": b"CONNECT a:1 HTTP/1.1\r\n\r\n",
        "a web socket": b"GET /v2 HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "TLS": b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"\0" * 500,
        "a reply that nobody takes": _post(b"[" + b"%b," % row * 9000 + row + b"]", path),
        "half a head": b"POST %b HTTP/1.1\r\nHos" % path,
        "nothing": b"",
    }  # fmt: skip


class HostileClient:
    """Attacks, one after the other: some leave at once, some read, some stay and do nothing.

    Args:
        server: that is attacked.
        name: of its model.
        seen: what is noted.
        pause: seconds between two attacks.
        seed: of what is done with each connection.
    """

    def __init__(self, server: Running, name: str, seen: Seen, pause: float, seed: int) -> None:
        self._server, self._seen, self._pause = server, seen, pause
        self._attacks = attacks(name)
        self._random = random.Random(seed)  # noqa: S311
        self._held: list[tuple[float, socket.socket]] = []

    def run(self, until: threading.Event) -> None:
        """Attack until told to end."""
        while not until.is_set():
            names = [*self._attacks]
            self._random.shuffle(names)
            for name in names:
                if until.is_set():
                    break
                with suppress(OSError):
                    self._attack(name, self._changed(self._attacks[name]))
                self._seen.hostile[name] += 1
                self._let_go(time.monotonic())
                until.wait(self._pause)
        self._let_go(time.monotonic() + 1e6)

    def _changed(self, sent: bytes) -> bytes:
        """What is sent, one time of four with a byte of it changed, or cut short."""
        if not sent or self._random.random() < 0.75:
            return sent
        place = self._random.randrange(min(len(sent), 300))
        if self._random.random() < 0.5:
            return sent[:place]
        return sent[:place] + bytes([self._random.randrange(256)]) + sent[place + 1 :]

    def _attack(self, name: str, sent: bytes) -> None:
        client = socket.socket()
        if name == "a reply that nobody takes":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(0.3)
        client.connect(("127.0.0.1", self._server.port))
        what = self._random.choice(("read", "read", "leave", "reset", "stay", "drip"))
        if what == "drip":
            client.sendall(sent[:20])
            time.sleep(0.02)
            client.sendall(sent[20:40])
        else:
            client.sendall(sent)
        if what == "read":
            with suppress(TimeoutError):
                self._read(client)
        if what == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        if what in ("stay", "drip") or name == "a reply that nobody takes":
            self._held.append((time.monotonic() + 3 * self._random.random(), client))
        else:
            client.close()

    def _read(self, client: socket.socket) -> None:
        got = client.recv(65_536)
        self._seen.statuses[int(got[9:12]) if got.startswith(b"HTTP/1.1 ") else 0] += 1
        while client.recv(65_536):
            pass

    def _let_go(self, now: float) -> None:
        for due, client in self._held:
            if due <= now:
                client.close()
        self._held = [each for each in self._held if each[0] > now]


@contextmanager
def working(*clients: Callable[[threading.Event], None]) -> Iterator[None]:
    """Clients at work, in a thread each, until the block ends."""
    until = threading.Event()
    threads = [threading.Thread(target=client, args=(until,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        until.set()
        for thread in threads:
            thread.join()


def damaged(model: Path, folder: Path) -> Path:
    """A copy of a model directory, in a byte of whose ONNX export in float32 there is a mistake."""
    shutil.copytree(model, folder)
    [onnx] = [path for path in (folder / "exports").glob("*.onnx") if "_" not in path.stem]
    content = bytearray(onnx.read_bytes())
    content[len(content) // 2] ^= 1
    onnx.write_bytes(content)
    return folder


def replace_directory(served: Path, replacement: Path) -> None:
    """Put a copy of a directory in the place of another, as one would by hand."""
    fresh, old = served.with_name("fresh"), served.with_name("old")
    shutil.copytree(replacement, fresh)
    served.rename(old)
    fresh.rename(served)
    shutil.rmtree(old)


def megabytes(server: Running) -> float:
    """Memory that a server takes."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def mixed(
    server: Running, versions: Mapping[str, Predictor], seconds: float, warm: float, pause: float
) -> Seen:
    """Good and hostile traffic for some seconds.

    Args:
        server: that gets it.
        versions: version of the model -> what predicts it here.
        seconds: how long.
        warm: seconds of it after which memory is noted.
        pause: seconds between two requests of a client.
    """
    seen = Seen()
    name = next(iter(versions.values())).card.name
    good = [GoodClient(server, versions, seen, pause, seed).run for seed in (1, 2)]
    hostile = [HostileClient(server, name, seen, pause, seed).run for seed in (3, 4)]
    begun = time.monotonic()
    with working(*good, *hostile):
        while time.monotonic() - begun < seconds:
            time.sleep(min(1, seconds / 20))
            if time.monotonic() - begun >= warm:
                seen.megabytes.append(megabytes(server))
    return seen


def counted(server: Running) -> dict[str, float]:
    """What the server has counted."""
    connection = server.connection()
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return {
        line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
        for line in lines
        if not line.startswith("#")
    }
