"""A prediction function that any number of threads may call until its file is closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Condition, Lock, RLock, get_ident
from typing import Any, Generic, TypeVar

from mlp_edge.errors import InputError

Given = TypeVar("Given")
Found = TypeVar("Found")


@contextmanager
def threadsafe(
    path: Path, predict: Callable[[Given], Found], one_at_a_time: bool = False
) -> Iterator[Callable[[Given], Found]]:
    """A function for any thread; leaving the block waits for the calls that are under way.

    Args:
        path: the file that predicts, for messages.
        predict: what is called.
        one_at_a_time: for what keeps the rows of a call in one place, such as an interpreter.

    Yields:
        The function. Once the block has been left, it raises InputError.
    """
    calls = _Calls(path, predict, one_at_a_time)
    try:
        yield calls.predict
    finally:
        calls.close()


class _Calls(Generic[Given, Found]):
    def __init__(self, path: Path, predict: Callable[[Given], Found], one_at_a_time: bool) -> None:
        self._path = path
        self._predict = predict
        self._turn: AbstractContextManager[Any] = Lock() if one_at_a_time else nullcontext()
        self._lock = RLock()  # a signal's handler may close while its own thread holds it
        self._left = Condition(self._lock)
        self._inside: set[int] = set()
        self._closed = False

    def predict(self, rows: Given) -> Found:
        thread = get_ident()
        try:
            with self._lock:
                if self._closed:
                    raise InputError(f"{self._path}: was closed; open it again with mlp_edge.load")
                self._inside.add(thread)
            with self._turn:
                return self._predict(rows)
        finally:
            with self._lock:
                self._inside.discard(thread)
                if self._closed:
                    self._left.notify_all()

    def close(self) -> None:
        # The own thread may be inside when a signal's handler closes: native code has returned
        # then, and nobody else would ever wake it.
        own = {get_ident()}
        with self._lock:
            self._closed = True
            self._left.wait_for(lambda: self._inside <= own)
