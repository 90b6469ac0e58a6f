"""Networks that have nothing to do with each other, fitted in turn or on a Ray cluster."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

from mlp_edge.errors import InputError, MlpEdgeError, first_line
from mlp_edge.lazy import require, tensorflow

Each = Callable[[Iterable[Any], Callable[[Any], Any]], Iterator[Any]]
"""(pieces, work) -> what the work makes of each piece, in their order."""

LOCAL, RAY = "local", "ray"
ENGINES = (LOCAL, RAY)
"""What may fit the networks of a search or of a cross-validation."""
AHEAD = 2
"""Pieces that a worker has at once: one that it works on, and the next."""


def in_turn(pieces: Iterable[Any], work: Callable[[Any], Any]) -> Iterator[Any]:
    """One piece after another, in this process."""
    return map(work, pieces)


@contextmanager
def on_ray(address: str | None) -> Iterator[Each]:
    """Have pieces worked on by processes of a Ray cluster, one for each of its processors.

    A process stays until the end, so that it imports TensorFlow once and keeps what it compiled.
    What a piece comes to does not depend on which process works on it.

    Args:
        address: of the cluster, where this package is installed; None for the one that this
            process is connected to, or else a new one on this machine.

    Raises:
        MissingError: without Ray.
        InputError: when the cluster cannot be reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray = require("ray", RAY)
    began = not ray.is_initialized()
    if began:
        try:
            ray.init(
                address, log_to_driver=False, logging_level="ERROR", configure_logging=False,
                **({"include_dashboard": False} if address is None else {}),
            )  # fmt: skip
        except Exception as error:  # Ray has a class of its own for each kind of trouble
            raise InputError(f"Ray does not start ({first_line(error)})") from error
    try:
        count = max(1, int(ray.cluster_resources().get("CPU", 1)))
        worker = ray.remote(num_cpus=1)(_Worker)
        workers = [worker.remote() for _ in range(count)]
        yield lambda pieces, work: _in_order(ray, workers, pieces, work)
    finally:
        if began:
            ray.shutdown()


def _in_order(
    ray: Any, workers: list[Any], pieces: Iterable[Any], work: Callable[[Any], Any]
) -> Iterator[Any]:
    shared = ray.put(work)
    waiting: deque[Any] = deque()
    for worker, piece in zip(cycle(workers), pieces, strict=False):
        waiting.append(worker.do.remote(shared, piece))
        if len(waiting) >= AHEAD * len(workers):
            yield _got(ray, waiting.popleft())
    while waiting:
        yield _got(ray, waiting.popleft())


def _got(ray: Any, result: Any) -> Any:
    try:
        return ray.get(result)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, MlpEdgeError):
            raise error.cause from None  # as it would be raised here
        raise


class _Worker:
    """A process of the cluster."""

    def __init__(self) -> None:
        tensorflow().config.experimental.enable_op_determinism()

    def do(self, work: Callable[[Any], Any], piece: Any) -> Any:
        return work(piece)
