"""Who is measured: every artifact on every runtime, and what it is held beside.

Beside: ONNX Runtime's own session, Keras's ``model.predict`` and ``model(x)``, all without
mlp-edge in between.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.lazy import keras, onnxruntime, quiet, tensorflow
from mlp_edge.mlp import Predict, Rows
from mlp_edge.readers.keras_file import check_loadable
from mlp_edge.runtime.load import load
from mlp_edge.runtime.onnxruntime import read_checked
from mlp_edge.runtime.runtime import Runtime

OURS = "mlp-edge"
BESIDE = {"onnxruntime": ("raw",), "keras": ("model(x)", "model.predict")}
"""Runtime -> the ways to use its library without mlp-edge."""
THREADS = {"keras": "all", "onnxruntime": "all", "litert": "1", "c": "1"}
"""As each library chooses when nobody says; "all" is one per CPU that it sees fit to use."""


@dataclass(frozen=True)
class Candidate:
    """One way to predict.

    Attributes:
        path: the artifact.
        runtime: what runs it.
        way: "mlp-edge", or the library on its own: "raw", "model(x)", "model.predict".
    """

    path: Path
    runtime: str
    way: str

    @property
    def name(self) -> str:
        """Such as ``onnxruntime raw``."""
        return self.runtime if self.way == OURS else f"{self.runtime} {self.way}"

    @property
    def starts_alone(self) -> bool:
        """Whether a cold start tells something: Keras's other ways start as its first does."""
        return self.runtime != "keras" or self.way == OURS

    @property
    def threads(self) -> str:
        """How many it computes with."""
        return THREADS.get(self.runtime, "1")


def candidates(
    paths: Sequence[Path], runtimes: Sequence[Runtime]
) -> list[tuple[Candidate, str | None]]:
    """Everybody who could take part, each with what is missing on this machine or None."""
    found = []
    for path in paths:
        for runtime in runtimes:
            if runtime.reads == path.suffix:
                missing = runtime.missing()
                for way in (OURS, *BESIDE.get(runtime.name, ())):
                    found.append((Candidate(path, runtime.name, way), missing))
    return found


@contextmanager
def opened(candidate: Candidate, weights: str) -> Iterator[Predict]:
    """A candidate, ready to predict.

    Args:
        candidate: whom to open.
        weights: SHA-256 that the artifact's weights should have.

    Raises:
        ModelError: for an artifact that is damaged, or made from other weights.
    """
    path = candidate.path
    if candidate.way == "raw":
        yield _session(path)
    elif candidate.way == OURS:
        with load(path, candidate.runtime) as model:
            if model.card.weights_sha256 != weights:
                raise ModelError(f"{path}: of other weights; run `Model.export()` again")
            yield model.predict
    else:
        with tensorflow().device("CPU:0"):
            yield _keras(path, candidate.way)


def _session(path: Path) -> Predict:
    session = onnxruntime().InferenceSession(read_checked(path), providers=["CPUExecutionProvider"])
    feed = session.get_inputs()[0].name

    def predict(rows: Rows) -> Rows:
        predictions: Rows = session.run(None, {feed: rows})[0]
        return predictions

    return predict


def _keras(path: Path, way: str) -> Predict:
    check_loadable(path)
    model = keras().models.load_model(path, compile=False, safe_mode=True)
    if way == "model(x)":
        return lambda rows: model(rows, training=False).numpy()
    return lambda rows: np.asarray(model.predict(rows, verbose=0, batch_size=len(rows)))


def cold_seconds(candidate: Candidate, weights: str, row: Rows) -> float:
    """Seconds from a fresh Python to the first prediction: imports, opening, one prediction.

    The interpreter's own start is not among them. It imports nothing from the current folder.

    Args:
        candidate: whom to start.
        weights: as for ``opened``.
        row: (1, inputs) float32.

    Raises:
        ModelError: when it does not start.
    """
    arguments = [candidate.path, candidate.runtime, candidate.way, weights]
    result = subprocess.run(
        [sys.executable, "-P", "-c", _COLD, *map(str, arguments), json.dumps(row.tolist())],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    try:
        return float(result.stdout.split()[-1])
    except (IndexError, ValueError):
        lines = result.stderr.strip().splitlines() or ["it said nothing"]
        raise ModelError(
            f"{candidate.path}: {candidate.name} does not start: {lines[-1]}"
        ) from None


_COLD = """
import time
began = time.perf_counter()
import sys
from mlp_edge.measure.candidates import predict_once
predict_once(*sys.argv[1:])
print(time.perf_counter() - began)
"""


def predict_once(path: str, runtime: str, way: str, weights: str, row: str) -> None:
    """Open an artifact and predict one row: what ``cold_seconds`` runs in a Python of its own."""
    with opened(Candidate(Path(path), runtime, way), weights) as predict, quiet():
        predict(np.array(json.loads(row), dtype=np.float32))
