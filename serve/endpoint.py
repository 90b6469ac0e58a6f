"""A path of the application: what it does, counted, logged, and refused in JSON."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from mlp_edge.serve.bodies import JSON
from mlp_edge.serve.logs import Log
from mlp_edge.serve.request_error import RequestError
from mlp_edge.serve.scoring import Places

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

Reply = Callable[[Request], Awaitable[Response]]
Done = Callable[[Request, Response, float], None]


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A response of JSON."""
    return Response(orjson.dumps(value), status, headers, JSON)


def header(scope: Scope, name: bytes) -> str:
    """A header of a request by its name in lower case; "" where it has none."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


class Endpoint:
    """An ASGI application for one path.

    Args:
        reply: what makes the response.
        done: called with each request, its response and the seconds that it took.
        log: of faults.
        places: one of which a large request holds from its head until its response has left; None
            where no request is large.
        is_large: whether a request is.
    """

    def __init__(
        self,
        reply: Reply,
        done: Done,
        log: Log,
        places: Places | None = None,
        is_large: Callable[[Scope], bool] = lambda _: False,
    ) -> None:
        self._reply = reply
        self._done = done
        self._log = log
        self._places = places
        self._is_large = is_large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request."""
        request = Request(scope, receive)
        if self._places is None or not self._is_large(scope):
            await self._respond(request, self._reply, send)
        elif self._places.take():
            try:
                await self._respond(request, self._reply, _until_sent(send))
            finally:
                self._places.give_back()
        else:
            await self._respond(request, _too_many, send)

    async def _respond(self, request: Request, reply: Reply, send: Send) -> None:
        begun = time.perf_counter()
        try:
            response = await reply(request)
        except RequestError as error:
            response = json_response({"error": error.reason}, error.status, error.headers)
        except ClientDisconnect:
            response = json_response({"error": "the client has gone"}, 400)
        except Exception as error:
            self._log.fault(error)
            response = json_response({"error": "a fault of the server; its log has more"}, 500)
        if response.status_code >= 400 and header(request.scope, b"expect"):
            # The client waits to be asked for its body, and is not.
            response.headers["Connection"] = "close"
        self._done(request, response, time.perf_counter() - begun)
        await response(request.scope, request.receive, send)


async def _too_many(request: Request) -> Response:
    raise RequestError(429, "too many large requests wait already; try again", {"Retry-After": "1"})


def _until_sent(send: Send) -> Send:
    """Sends what returns once a body has been taken by the client, but for some kilobytes.

    uvicorn waits for that before it takes the next message.
    """

    async def sent(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        await send({**message, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return sent
