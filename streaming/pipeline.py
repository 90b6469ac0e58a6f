"""Work on pieces in several threads, its results in the order of the pieces."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mlp_edge.ordered import Piece, Result, ordered

MOST_THREADS = 8
"""However many cores there are: each thread has some blocks in memory."""

Engine = Callable[[Iterable[Any], Callable[[Any], Any]], Iterator[Any]]
"""Has pieces worked on, and gives the results in their order."""


def threads() -> int:
    """How many threads work: one for each core that this process may use."""
    usable = getattr(os, "sched_getaffinity", None)
    cores = len(usable(0)) if usable is not None else os.cpu_count() or 1
    return min(cores, MOST_THREADS)


def in_order(
    pieces: Iterable[Piece], work: Callable[[Piece], Result], workers: int | None = None
) -> Iterator[Result]:
    """What ``work`` makes of each piece in threads of this process; see ``ordered``.

    Args:
        pieces: what is worked on.
        work: called in any thread.
        workers: threads; None for ``threads()``.
    """
    workers = workers or threads()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="mlp-edge")
    try:
        yield from ordered(pieces, lambda piece: pool.submit(work, piece).result, workers + 2)
    finally:
        pool.shutdown(cancel_futures=True)
