"""Work on pieces in several threads, its results in the order of the pieces."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

MOST_THREADS = 8
"""However many cores there are: each thread has some blocks in memory."""

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def threads() -> int:
    """How many threads work: one for each core that this process may use."""
    usable = getattr(os, "sched_getaffinity", None)
    cores = len(usable(0)) if usable is not None else os.cpu_count() or 1
    return min(cores, MOST_THREADS)


def in_order(
    pieces: Iterable[Piece], work: Callable[[Piece], Result], workers: int
) -> Iterator[Result]:
    """What ``work`` makes of each piece, while later pieces are worked on and fetched.

    At most ``workers`` pieces and two more are under way, so that memory does not grow. The first
    piece that fails, in their order, ends it all, be it while it is fetched or worked on.
    """
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="mlp-edge")
    fetched = iter(pieces)
    failed: Exception | None = None
    try:
        while True:
            try:
                piece = next(fetched)
            except StopIteration:
                break
            except Exception as error:  # those before it may fail, too, and are earlier
                failed = error
                break
            waiting.append(pool.submit(work, piece))
            if len(waiting) > workers + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
        if failed is not None:
            raise failed
    finally:
        pool.shutdown(cancel_futures=True)
