"""A request's rows, predicted: small ones at once, large ones by threads, and never too many."""

from __future__ import annotations

import asyncio
from collections.abc import Sized
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from mlp_edge.card import choose
from mlp_edge.errors import InputError, first_line
from mlp_edge.mlp import Floats, Rows
from mlp_edge.runtime.predictor import Predictor
from mlp_edge.serve.models import Version
from mlp_edge.serve.request_error import RequestError
from mlp_edge.serve.settings import ServeSettings

AT_ONCE = 256
"""Rows that are predicted where the request is read: handing them to a thread takes longer."""
QUICK = ("onnxruntime", "c")
"""Runtimes that predict a row in microseconds; the others take turns, which nobody waits for."""


class Scored(NamedTuple):
    """Rows and their predictions.

    Attributes:
        rows: readings (n, inputs) float32.
        predictions: (n, outputs) float32.
        labels: one per row; None where a prediction is not finite, and of a regression.
    """

    rows: Rows
    predictions: Floats
    labels: list[str | None]


class Scoring:
    """Predicts for many requests.

    Args:
        settings: how many rows a request may have, and how many requests may wait.
        threads: that predict large requests at the same time.
    """

    def __init__(self, settings: ServeSettings, threads: int) -> None:
        self._settings = settings
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, "mlp-edge")
        self._busy = 0

    async def predicted(self, version: Version, given: Any) -> Scored:
        """Read and predict rows.

        Args:
            version: the model, which its user keeps open.
            given: rows, as ``Predictor.predict`` takes them.

        Raises:
            RequestError: 400 for rows that do not fit, 413 for too many of them, 429 when too
                many requests wait already.
        """
        count = _count(given)
        if count > self._settings.max_rows:
            raise RequestError(
                413, f"{count:,} rows; a request takes at most {self._settings.max_rows:,}"
            )
        predictor = version.predictor
        if count <= AT_ONCE and predictor.runtime in QUICK:
            return _scored(predictor, given)
        if self._busy >= self._threads + self._settings.max_waiting:
            raise RequestError(
                429, "too many large requests wait already; try again", {"Retry-After": "1"}
            )
        self._busy += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, _scored, predictor, given)
        finally:
            self._busy -= 1

    def close(self) -> None:
        """End the threads, after what they are at."""
        self._pool.shutdown()


def _count(given: Any) -> int:
    """How many rows there are, before anything else is made of them."""
    if isinstance(given, dict):
        first = next(iter(given.values()), None)
        return len(first) if isinstance(first, Sized) and not isinstance(first, str) else 1
    return len(given)


def _scored(predictor: Predictor, given: Any) -> Scored:
    try:
        rows = predictor.readings(given, quiet=True)
    except InputError as error:
        raise RequestError(400, first_line(error)) from error
    predictions = predictor.predict(rows)
    return Scored(rows, predictions, choose(predictor.card, predictions))
