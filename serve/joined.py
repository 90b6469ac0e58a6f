"""A transport that writes the head of a response together with its body."""

from __future__ import annotations

from typing import Any


class Joined:
    """A transport of asyncio, as uvicorn writes to it.

    uvicorn writes head and body one after the other. asyncio, and uvloop from 0.23 on, make a
    system call of each, which takes longer than a small network.

    Args:
        transport: that writes.
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._head = b""
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        """Whatever else a transport does."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write; a head waits for the first bytes behind it, or for ``flush``."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 1"):
            self._head = data
            return
        self._transport.write(data)

    def flush(self) -> None:
        """Write a head behind which there is nothing."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        """Close once all is written."""
        self.flush()
        self._transport.close()
