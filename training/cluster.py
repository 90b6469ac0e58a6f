"""Networks that have nothing to do with each other, fitted in turn or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from typing import Any

from mlp_edge.cluster import AHEAD, connected, got, processors
from mlp_edge.lazy import tensorflow
from mlp_edge.ordered import ordered

Each = Callable[[Iterable[Any], Callable[[Any], Any]], Iterator[Any]]
"""(pieces, work) -> what the work makes of each piece, in their order."""


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
    with connected(address) as ray:
        worker = ray.remote(num_cpus=1)(_Worker)
        workers = [worker.remote() for _ in range(processors(ray))]
        yield lambda pieces, work: _in_order(ray, workers, pieces, work)


def _in_order(
    ray: Any, workers: list[Any], pieces: Iterable[Any], work: Callable[[Any], Any]
) -> Iterator[Any]:
    shared, turns = ray.put(work), cycle(workers)
    return ordered(
        pieces,
        lambda piece: partial(got, ray, next(turns).do.remote(shared, piece)),
        AHEAD * len(workers),
    )


class _Worker:
    """A process of the cluster."""

    def __init__(self) -> None:
        tensorflow().config.experimental.enable_op_determinism()

    def do(self, work: Callable[[Any], Any], piece: Any) -> Any:
        return work(piece)
