"""Work on pieces in several threads, its results in the order of the pieces."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

MOST_THREADS = 8
"""However many cores there are: each thread has some blocks in memory."""

Engine = Callable[[Iterable[Any], Callable[[Any], Any]], Iterator[Any]]
"""Has pieces worked on, and gives the results in their order."""
Piece = TypeVar("Piece")
Result = TypeVar("Result")


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


def ordered(
    pieces: Iterable[Piece], begin: Callable[[Piece], Callable[[], Result]], most: int
) -> Iterator[Result]:
    """Results in the order of their pieces, while later pieces are worked on and fetched.

    The first piece that fails, in their order, ends it all, be it while it is fetched or worked on.

    Args:
        pieces: what is worked on.
        begin: has work on a piece begin; what it returns waits for the result.
        most: pieces under way at once, so that memory does not grow.
    """
    waiting: deque[Callable[[], Result]] = deque()
    fetched = iter(pieces)
    failed: Exception | None = None
    while True:
        try:
            piece = next(fetched)
        except StopIteration:
            break
        except Exception as error:  # those before it may fail, too, and are earlier
            failed = error
            break
        waiting.append(begin(piece))
        if len(waiting) >= most:
            yield waiting.popleft()()
    while waiting:
        yield waiting.popleft()()
    if failed is not None:
        raise failed
