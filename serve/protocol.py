"""HTTP on a connection, whose requests have to arrive in time and have no endless head."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD = 32_768
"""Bytes of a request's line and headers."""


def protocol(seconds: float) -> type[HttpToolsProtocol]:
    """What uvicorn speaks, which by itself waits for a request as long as the client likes.

    Args:
        seconds: that a request has to arrive, from its first byte to its last, and a connection
            to begin one; it is closed then.
    """

    class BoundedProtocol(HttpToolsProtocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._head = 0
            self._deadline = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

        def connection_lost(self, exc: Exception | None) -> None:
            self._deadline.cancel()
            super().connection_lost(exc)

        def on_message_begin(self) -> None:
            self._head = 0
            self._deadline.cancel()
            self._deadline = self.loop.call_later(seconds, self.timeout_keep_alive_handler)
            super().on_message_begin()

        def on_url(self, url: bytes) -> None:
            self._count(url)
            super().on_url(url)

        def on_header(self, name: bytes, value: bytes) -> None:
            self._count(name + value)
            super().on_header(name, value)

        def on_message_complete(self) -> None:
            self._deadline.cancel()
            super().on_message_complete()

        def _count(self, part: bytes) -> None:
            self._head += len(part)
            if self._head > MOST_HEAD and not self.transport.is_closing():
                self.transport.close()

    return BoundedProtocol
