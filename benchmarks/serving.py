"""`mlp-edge serve` beside the plainest FastAPI endpoint and beside MLServer, in one run.

``python benchmarks/serving.py --folder DIR`` serves one network of 8-12-8-1 as ONNX in each of
them, asks for one row and for 64 in turns, and prints a table: requests per second, the median and
the 99th percentile of latencies, and the processor time that a request takes of the server. wrk
makes the requests, on the same machine (``apt-get install wrk``). The folder keeps the environments
of the others, which ``pip`` fills at the first run. ``--frameworks`` measures instead what
``mlp-edge serve`` could have been built on, and micro-batching.

Every server is one process with one thread per call of onnxruntime. A round is two seconds of each
server after the other; of its rounds each shows the best.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scoring import NAMES, make_model  # stands beside this script

HERE = Path(__file__).parent
TICK = os.sysconf("SC_CLK_TCK")
PLAIN = ("fastapi", "uvicorn[standard]", "onnxruntime", "numpy")
OTHERS = {
    "plain": PLAIN,
    "mlserver": ("mlserver", "onnxruntime"),
    "choice": (*PLAIN, "orjson", "falcon", "litestar", "blacksheep", "granian"),
}
"""Environment -> what is installed there."""
LUA = """
local file = io.open("{body}", "rb")
wrk.method, wrk.body = "POST", file:read("*a")
{headers}
function done(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""
RUNTIME = """
import os
import numpy as np, onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse

class Network(MLModel):
    async def load(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            os.environ["MODEL"], options, providers=["CPUExecutionProvider"]
        )
        return True

    async def predict(self, payload):
        rows = NumpyCodec.decode_input(payload.inputs[0]).astype(np.float32)
        found = self.session.run(["probability"], {"features": rows})[0]
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output("probability", found)]
        )
"""


class Asked(NamedTuple):
    """A kind of request: to whom, where, with what."""

    who: str
    process: subprocess.Popen[bytes]
    address: str
    body: bytes
    headers: dict[str, str]


class Measured(NamedTuple):
    """What a run found: requests per second, seconds of latency, processor seconds a request."""

    rate: float
    median: float
    slow: float
    processor: float


def environment(folder: Path, name: str) -> Path:
    """The programs of an environment, made where it is not there yet."""
    programs = folder / name / "bin"
    if not programs.is_dir():
        subprocess.run([sys.executable, "-m", "venv", folder / name], check=True)
        subprocess.run([programs / "pip", "install", "-q", *OTHERS[name]], check=True)
    return programs


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def running(
    folder: Path, port: int, path: str, *command: object
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server on a port until the block ends: its process, and the address of a path."""
    variables = {**os.environ, "MODEL": str(folder / "net.onnx"), "PYTHONPATH": str(HERE)}
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [*map(str, command)], cwd=folder, stdout=log, stderr=log, env=variables
        )
        try:
            until = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > until:
                        raise SystemExit((folder / "server.log").read_text()) from None
                    time.sleep(0.2)
            yield process, f"http://127.0.0.1:{port}{path}"
        finally:
            process.terminate()
            process.wait(30)


def processor_seconds(process: subprocess.Popen[bytes]) -> float:
    """That a process has taken, with its children."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def measure(asked: Asked, folder: Path, seconds: int, connections: int) -> Measured:
    """Ask a server for some seconds.

    Raises:
        SystemExit: when a request was not answered with a prediction.
    """
    body, script = folder / "body", folder / "ask.lua"
    body.write_bytes(asked.body)
    headers = "\n".join(
        f'wrk.headers["{name}"] = "{value}"' for name, value in asked.headers.items()
    )
    script.write_text(LUA.format(body=body, headers=headers))
    before = processor_seconds(asked.process)
    told = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "-s", script, asked.address],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    used = processor_seconds(asked.process) - before
    line = next(line for line in told.splitlines() if line.startswith("RESULT"))
    requests, microseconds, median, slow, wrong = map(int, line.split()[1:])
    if wrong or not requests:
        raise SystemExit(f"{asked.who}: {wrong} of {requests} requests failed\n{told}")
    return Measured(requests / microseconds * 1e6, median / 1e6, slow / 1e6, used / requests)


def best(runs: list[Measured]) -> Measured:
    """The best of each figure: what else runs on the machine only makes them worse."""
    rates, medians, slows, used = zip(*runs, strict=True)
    return Measured(max(rates), min(medians), min(slows), min(used))


def bodies(count: int) -> dict[str, tuple[bytes, dict[str, str]]]:
    """The same rows in every form."""
    rows = np.round(np.random.default_rng(1).uniform(0, 200, (count, 8)), 1).astype(np.float32)
    plain = [[float(str(cell)) for cell in row] for row in rows]
    objects = [dict(zip(NAMES, row, strict=True)) for row in plain]
    tensor = {"name": "features", "shape": [count, 8], "datatype": "FP32"}
    raw = {**tensor, "parameters": {"binary_data_size": rows.nbytes}}
    head = json.dumps({"inputs": [raw], "parameters": {"binary_data_output": True}}).encode()
    flat = [cell for row in plain for cell in row]
    kind = {"Content-Type": "application/json"}
    return {
        "rows": (json.dumps({"rows": plain}).encode(), kind),
        "objects": (json.dumps(objects[0] if count == 1 else objects).encode(), kind),
        "tensor": (json.dumps({"inputs": [{**tensor, "data": flat}]}).encode(), kind),
        "binary": (head + rows.tobytes(), {"Inference-Header-Content-Length": str(len(head))}),
    }


def ours(stack: ExitStack, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """`mlp-edge serve`, and its address."""
    port, program = free_port(), Path(sys.executable).with_name("mlp-edge")
    words = (program, "serve", folder / "net.onnx", "--port", port)
    return stack.enter_context(running(folder, port, "", *words))


def uvicorn(stack: ExitStack, folder: Path, programs: Path, app: str, *more: str) -> Asked:
    """An application of `serving_apps.py`, asked for nothing yet."""
    port = free_port()
    words = (programs / "uvicorn", f"serving_apps:{app}", "--port", port, "--no-access-log",
             "--log-level", "error", *more)  # fmt: skip
    started = stack.enter_context(running(folder, port, "/predict", *words))
    return Asked(app, *started, b"", {})


def mlserver(stack: ExitStack, folder: Path, programs: Path) -> Asked:
    """MLServer with a runtime of its own for the network, without its pool of processes."""
    (folder / "network.py").write_text(RUNTIME)
    model = {"name": "net", "implementation": "network.Network"}
    (folder / "model-settings.json").write_text(json.dumps(model))
    port = free_port()
    settings = {"host": "127.0.0.1", "http_port": port, "grpc_port": free_port(),
                "metrics_port": free_port(), "parallel_workers": 0}  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(settings))
    words = (programs / "mlserver", "start", ".")
    started = stack.enter_context(running(folder, port, "/v2/models/net/infer", *words))
    time.sleep(5)  # it listens before the model is loaded
    return Asked("MLServer", *started, b"", {})


def compared(stack: ExitStack, folder: Path, kept: Path, count: int) -> list[Asked]:
    """Ours in every form, and those of others."""
    sent = bodies(count)
    process, address = ours(stack, folder)
    predict, infer = f"{address}/models/net/predict", f"{address}/v2/models/net/infer"
    programs = environment(kept, "plain")
    plain, coroutine = (uvicorn(stack, folder, programs, f"fastapi{way}") for way in ("", "_async"))
    other = mlserver(stack, folder, environment(kept, "mlserver"))
    return [
        Asked("FastAPI, `def`", *plain[1:3], *sent["rows"]),
        Asked("FastAPI, `async def`", *coroutine[1:3], *sent["rows"]),
        Asked("MLServer, OIP", *other[1:3], *sent["tensor"]),
        Asked("predict, arrays", process, predict, *sent["rows"]),
        Asked("predict, objects by name", process, predict, *sent["objects"]),
        Asked("OIP, JSON", process, infer, *sent["tensor"]),
        Asked("OIP, binary", process, infer, *sent["binary"]),
    ]


def choices(stack: ExitStack, folder: Path, kept: Path, count: int) -> list[Asked]:
    """The shortest endpoint in each framework, and on each server."""
    programs, sent = environment(kept, "choice"), bodies(count)["rows"]
    found = [
        uvicorn(stack, folder, programs, app)
        for app in ("starlette", "falcon", "litestar", "blacksheep", "fastapi", "batched")
    ]
    found.append(uvicorn(stack, folder, programs, "starlette", "--http", "h11"))
    found[-1] = found[-1]._replace(who="starlette, h11 for httptools")
    port = free_port()
    started = running(
        folder, port, "/predict", programs / "granian", "--interface", "asgi", "--port", port,
        "--workers", 1, "--no-access-log", "serving_apps:starlette",
    )  # fmt: skip
    found.append(Asked("starlette on granian", *stack.enter_context(started), b"", {}))
    return [each._replace(body=sent[0], headers=sent[1]) for each in found]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="keeps environments of others")
    parser.add_argument("--frameworks", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--connections", type=int, default=8)
    chosen = parser.parse_args()
    kept = chosen.folder.resolve()
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        make_model(folder / "net.onnx")
        print("| rows | who | requests/s | times the first | p50 ms | p99 ms | processor µs |")
        print("|---|---|---|---|---|---|---|")
        for count in (1, 64):
            with ExitStack() as stack:
                start = choices if chosen.frameworks else compared
                everybody = start(stack, folder, kept, count)
                runs: dict[str, list[Measured]] = {}
                for _ in range(chosen.rounds):
                    for asked in everybody:
                        found = measure(asked, folder, chosen.seconds, chosen.connections)
                        runs.setdefault(asked.who, []).append(found)
            first = best(runs[everybody[0].who])
            for who, each in runs.items():
                rate, median, slow, used = best(each)
                print(
                    f"| {count} | {who} | {rate:,.0f} | {rate / first.rate:.2f} "
                    f"| {1e3 * median:.2f} | {1e3 * slow:.2f} | {1e6 * used:.0f} |", flush=True,
                )  # fmt: skip
    print(f"\nload of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
