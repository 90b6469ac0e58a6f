"""A request's rows, predicted: small ones at once, large ones by threads, and never too many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sized
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from mlp_edge.card import choose
from mlp_edge.errors import InputError, first_line
from mlp_edge.mlp import Floats, Rows
from mlp_edge.runtime.predictor import Predictor
from mlp_edge.serve.models import Version
from mlp_edge.serve.request_error import RequestError, check_rows
from mlp_edge.serve.settings import ServeSettings

AT_ONCE = 16_384
"""Bytes of a body that is read and predicted where it arrives: a thread would take longer."""

Found = TypeVar("Found")


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


class Places:
    """How many large requests there may be at a time, those that wait included.

    Args:
        most: as many.
    """

    def __init__(self, most: int) -> None:
        self._free = most

    def take(self) -> bool:
        """Take one; False where none is free."""
        if self._free == 0:
            return False
        self._free -= 1
        return True

    def give_back(self) -> None:
        """Leave one to others."""
        self._free += 1


class Scoring:
    """Predicts for many requests.

    Args:
        settings: how many rows a request may have.
        threads: that work on large requests at the same time.
    """

    def __init__(self, settings: ServeSettings, threads: int) -> None:
        self._most = settings.max_rows
        self._pool = ThreadPoolExecutor(threads, "mlp-edge")

    async def carried_out(self, version: Version, size: int, work: Callable[[], Found]) -> Found:
        """Read a body, predict and write the response, here or in a thread.

        Args:
            version: the model, which its user keeps open.
            size: of the body, in bytes.
            work: all of that.
        """
        if version.quick and size <= AT_ONCE:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def scored(self, version: Version, given: Any) -> Scored:
        """Predict rows.

        Args:
            version: the model.
            given: rows, as ``Predictor.predict`` takes them.

        Raises:
            RequestError: 400 for rows that do not fit, 413 for too many of them.
        """
        check_rows(_count(given), self._most)
        return _scored(version.predictor, given)

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
