"""A server of models as a process of its own, and a client that counts what it gets."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from mlp_edge.export.onnx import EXPORTER
from mlp_edge.mlp import Mlp
from support.quantised_networks import quantised

PROGRAM = Path(sys.executable).with_name("mlp-edge")


def write_onnx(mlp: Mlp, path: Path) -> Path:
    """A network as ONNX in int8, which needs no TensorFlow and has the same bits everywhere."""
    path.write_bytes(EXPORTER.integers["int8"](mlp, quantised(mlp)))
    return path


class Running(NamedTuple):
    """A server that listens."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    def lines(self, event: str) -> list[dict[str, Any]]:
        """What it has said of something."""
        every = map(json.loads, self.log.read_text("utf-8").splitlines())
        return [line for line in every if line["event"] == event]

    def connection(self) -> http.client.HTTPConnection:
        """A connection to it."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def asked(self, path: str, value: Any = None) -> tuple[int, Any]:
        """The status and the JSON that a GET gets, or a POST of a value."""
        connection = self.connection()
        try:
            if value is None:
                connection.request("GET", path)
            else:
                connection.request("POST", path, json.dumps(value))
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


@contextmanager
def serving(folder: Path, *words: object) -> Iterator[Running]:
    """Run ``mlp-edge serve`` until the block ends; its log goes to a file of the folder."""
    log = folder / "serve.log"
    with log.open("w") as said:
        process = subprocess.Popen(
            [PROGRAM, "serve", *map(str, words), "--port", "0"],
            stdout=subprocess.PIPE, stderr=said, text=True,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("serving on http://127.0.0.1:"), (line, log.read_text("utf-8"))
        port = int(line.split(";")[0].rpartition(":")[2])
        yield Running(process, port, log)
    finally:
        process.terminate()
        process.wait(30)
        process.communicate()
