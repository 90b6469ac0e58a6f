"""HTTP on a connection, whose clients have to send and to take what they are sent in time."""

from __future__ import annotations

from typing import Any, cast

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mlp_edge.serve.app import FULL
from mlp_edge.serve.joined import Joined

MOST_HEAD = 32_768
"""Bytes of a request's line and headers."""
PER_HEADER = 32
"""Bytes that a header counts beside its own, as HTTP/2 counts them: each takes memory."""
MOST_PIPELINED = 32
"""Requests that a connection may send before the first has its response."""
GRACE = 0.25
"""Seconds that a connection without a request stays when the server ends: one may be on its way."""
STATUS = {400: b"Bad Request", 431: b"Request Header Fields Too Large"}


class _TooMuchError(Exception):
    """Ends the parsing of what a client has sent."""


class _Bounded(HttpToolsProtocol):
    """What uvicorn speaks, which by itself waits for a client as long as that likes."""

    seconds: float
    most: int
    _deadline: Any = None  # for a request to arrive
    _stuck: Any = None  # for a response to be taken
    _arriving = False
    _in_body = False
    _last = False
    _head = 0
    _refusal = (400, "this is no HTTP request")

    # Connections

    def connection_made(self, transport: Any) -> None:
        self._joined = Joined(transport)
        super().connection_made(cast(Any, self._joined))
        if len(self.connections) > 2 * self.most:
            transport.abort()
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._drop_deadline()
        if self._stuck is not None:
            self._stuck.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server ends: a request that is on its way still gets its response."""
        self._last = True
        if not self._idle():
            super().shutdown()
        elif not self._arriving:
            self.loop.call_later(GRACE, self._end_idle)

    # What arrives

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._deadline is not None or self.transport.is_closing():
            return
        # uvicorn's own timer ends at any byte, be it of no request.
        idle = self.timeout_keep_alive_task is None and self._idle()
        if self._arriving or idle:
            self._await_request()

    def on_message_begin(self) -> None:
        self._head = 0
        self._arriving, self._in_body = True, False
        self._drop_deadline()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + PER_HEADER)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MOST_PIPELINED:
            raise _TooMuchError
        if len(self.connections) > self.most:
            self.scope["state"][FULL] = True
        super().on_headers_complete()
        self._in_body = True
        if self._last:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._arriving = self._in_body = False
        self._drop_deadline()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what was parsed last; where an earlier request waits, it would get this."""
        first = self._in_body and not self.pipeline and not self.cycle.response_started
        if self._idle() or first:
            status, reason = self._refusal
            body = orjson.dumps({"error": reason})
            self.transport.write(
                b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
                b"connection: close\r\n\r\n%b" % (status, STATUS[status], len(body), body)
            )
        self.transport.close()
        self._let_go()

    # What is sent

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(self.seconds, self.transport.abort)

    def resume_writing(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        super().resume_writing()

    def on_response_complete(self) -> None:
        self._joined.flush()  # the response to HEAD has no body
        super().on_response_complete()
        self._let_go()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._let_go()

    # Helpers

    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _end_idle(self) -> None:
        if self._idle() and not self._arriving:
            self.timeout_keep_alive_handler()

    def _await_request(self) -> None:
        self._deadline = self.loop.call_later(self.seconds, self.timeout_keep_alive_handler)

    def _drop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _let_go(self) -> None:
        """A connection that is being closed waits for its client, but not without end."""
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self.loop.call_later(self.seconds, self.transport.abort)

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > MOST_HEAD:
            self._refusal = (431, f"a head of more than {MOST_HEAD:,} bytes")
            raise _TooMuchError


def protocol(seconds: float, connections: int) -> type[HttpToolsProtocol]:
    """How connections are spoken on.

    Args:
        seconds: that a request has to arrive, from its first byte to its last, a connection to
            begin one, and a client to take a response; the connection is closed then.
        connections: at a time. The requests of more are marked; twice as many are not taken.
    """
    return type("Protocol", (_Bounded,), {"seconds": seconds, "most": connections})
