"""Work on pieces that goes on beside, its results in the order of the pieces."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")


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
