"""The ASGI application: which path answers what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mlp_edge import __version__
from mlp_edge.serve import bodies, oip
from mlp_edge.serve.endpoint import Endpoint, Reply, header, json_response
from mlp_edge.serve.logs import Log
from mlp_edge.serve.metrics import Metrics
from mlp_edge.serve.openapi import description, page
from mlp_edge.serve.replies import reply
from mlp_edge.serve.request_error import RequestError
from mlp_edge.serve.scoring import AT_ONCE, Places, Scored, Scoring

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from mlp_edge.serve.models import Models
    from mlp_edge.serve.settings import ServeSettings

LENGTH = oip.LENGTH.lower().encode()
LIVE = {"live": True}
LIVENESS = "/v2/health/live"
FULL = "mlp_edge_full"
"""In the state of a request: whether its connection is one too many."""


def _named(request: Request) -> tuple[str, str | None]:
    """The model that a path names, and the version, where it does."""
    return request.path_params["model"], request.path_params.get("version")


class Server:
    """What the routes share.

    Args:
        models: that are served.
        settings: limits, and what is logged.
        log: where to.
        threads: that predict large requests.
    """

    def __init__(self, models: Models, settings: ServeSettings, log: Log, threads: int) -> None:
        self._models = models
        self._settings = settings
        self._log = log
        self._metrics = Metrics()
        self._scoring = Scoring(settings, threads)
        self._places = Places(threads + settings.max_waiting)
        self._ready = False
        for name in models.names:
            self._metrics.opened(models.version(name))

    def app(self) -> Application:
        """The application; its lifespan watches the models and ends the threads."""
        predict, infer = self._large(self._predict), self._large(self._infer)
        version = "/v2/models/{model}/versions/{version}"
        paths: list[tuple[str, Reply]] = [
            ("/", self._page),
            ("/openapi.json", self._openapi),
            ("/metrics", self._show_metrics),
            ("/v2", self._server_metadata),
            (LIVENESS, self._live),
            ("/v2/health/ready", self._show_ready),
        ]
        for place in ("/v2/models/{model}", version):
            paths += [(place, self._model_metadata), (f"{place}/ready", self._model_ready)]
        routes = [
            Route("/models/{model}/predict", predict, methods=["POST"]),
            Route("/v2/models/{model}/infer", infer, methods=["POST"]),
            Route(f"{version}/infer", infer, methods=["POST"]),
            *(Route(path, self._endpoint(made), methods=["GET"]) for path, made in paths),
        ]
        every = Starlette(
            routes=routes,
            lifespan=self._lifespan,
            exception_handlers={HTTPException: self._unrouted},
        )
        every.router.redirect_slashes = False  # to whichever host a client names
        busy = {}
        for name in self._models.names:
            busy[f"/models/{name}/predict"] = name, predict
            busy[f"/v2/models/{name}/infer"] = name, infer
        return Application(every, busy, self._endpoint(self._full))

    def _endpoint(self, made: Reply) -> Endpoint:
        return Endpoint(made, self._count, self._log)

    def _large(self, made: Reply) -> Endpoint:
        """An endpoint whose requests may be large."""

        def is_large(scope: Scope) -> bool:
            length = header(scope, b"content-length")
            if not length.isdigit() or int(length[:20]) > AT_ONCE:
                return True
            found = self._models.find(scope["path_params"]["model"])
            return found is not None and not found.quick

        return Endpoint(made, self._count, self._log, self._places, is_large)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._watch()) if self._settings.reload else None
        self._ready = True
        try:
            yield
        finally:
            self._ready = False
            if watching is not None:
                watching.cancel()
                await asyncio.wait([watching])
            self._scoring.close()
            self._models.close()

    async def _watch(self) -> None:
        """Look again and again whether a model has changed, whatever happened the last time."""
        while True:
            await asyncio.sleep(self._settings.reload)
            try:
                await self._look()
            except Exception as error:
                self._log.fault(error)

    async def _look(self) -> None:
        """Open what has changed, and say so."""
        for reload in await asyncio.to_thread(self._models.changed):
            self._metrics.reloaded(reload.model, reload.version is not None)
            self._log.reload(reload)
            if reload.version is not None:
                self._metrics.opened(self._models.version(reload.model))

    def _count(self, request: Request, response: Response, seconds: float) -> None:
        model = request.path_params.get("model", "")
        known = model if model in self._models.names else ""
        self._metrics.answered(known, response.status_code, seconds)
        self._log.request(request, response, known, seconds)

    async def _unrouted(self, request: Request, error: Exception) -> Response:
        """A path or a method that there is not."""
        status = error.status_code if isinstance(error, HTTPException) else 404
        headers = dict(getattr(error, "headers", None) or {})
        told = {404: "there is no such path; / lists them", 405: "not with this method"}
        response = json_response({"error": told.get(status, "not to be had")}, status, headers)
        self._count(request, response, 0.0)
        return response

    async def _body(self, request: Request) -> bytes:
        """The body of a request; how long it may take is the protocol's to say.

        Raises:
            RequestError: 413. What the client still sends then is read and dropped, or it would
                not come to read why. 415 for a body that is packed.
        """
        packed = header(request.scope, b"content-encoding").strip().lower()
        if packed not in ("", "identity"):
            told = f"a body packed as {packed[:40]!r}; one that is not packed would do"
            raise RequestError(415, told, {"Accept-Encoding": "identity"})
        most = self._settings.max_body
        stated = header(request.scope, b"content-length")
        size = int(stated[:20]) if stated.isdigit() else 0
        parts: list[bytes] = []
        got, more = 0, True
        while more and max(size, got) <= most:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            parts.append(message.get("body", b""))
            got += len(parts[-1])
            more = message.get("more_body", False)
        if max(size, got) > most:
            raise RequestError(413, f"the body is larger than {most:,} bytes")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    # What is answered

    async def _predict(self, request: Request) -> Response:
        kind = header(request.scope, b"content-type").partition(";")[0].strip().lower()
        odd = request.query_params.get("odd", "false") if request.scope["query_string"] else "false"
        if odd not in ("true", "false"):
            raise RequestError(400, f"odd is true or false, not {odd[:40]!r}")
        wanted = header(request.scope, b"accept")
        with self._models.used(request.path_params["model"]) as version:
            body, names = await self._body(request), version.card.names

            def work() -> tuple[Scored, bytes, str]:
                given = bodies.rows_of(kind, body, names, self._settings)
                scored = self._scoring.scored(version, given)
                return scored, *reply(version, scored, odd == "true", wanted)

            scored, told, media = await self._scoring.carried_out(version, len(body), work)
        self._metrics.predicted(version, scored.rows, scored.labels)
        return Response(told, 200, media_type=media)

    async def _infer(self, request: Request) -> Response:
        length = header(request.scope, LENGTH) or None
        with self._models.used(*_named(request)) as version:
            body = await self._body(request)

            def work() -> tuple[Scored, bytes, int | None]:
                asked = oip.read_request(body, length, version.card)
                scored = self._scoring.scored(version, asked.rows)
                return scored, *oip.response(asked, version.card, version.name, scored)

            scored, told, head = await self._scoring.carried_out(version, len(body), work)
        self._metrics.predicted(version, scored.rows, scored.labels)
        if head is None:
            return Response(told, 200, media_type=bodies.JSON)
        return Response(told, 200, {oip.LENGTH: str(head)}, "application/octet-stream")

    async def _full(self, request: Request) -> Response:
        if request.url.path == LIVENESS:  # or a busy server would be started anew
            return json_response(LIVE, headers={"Connection": "close"})
        raise RequestError(503, "too many connections; try again", {"Connection": "close"})

    async def _model_metadata(self, request: Request) -> Response:
        version = self._models.version(*_named(request))
        return json_response(oip.described(version.card, version.name, version.predictor.runtime))

    async def _model_ready(self, request: Request) -> Response:
        version = self._models.version(*_named(request))
        return json_response(
            {"name": version.card.name, "ready": self._ready}, 200 if self._ready else 503
        )

    async def _server_metadata(self, request: Request) -> Response:
        extensions = ["binary_tensor_data"]
        return json_response({"name": "mlp-edge", "version": __version__, "extensions": extensions})

    async def _live(self, request: Request) -> Response:
        return json_response(LIVE)

    async def _show_ready(self, request: Request) -> Response:
        return json_response({"ready": self._ready}, 200 if self._ready else 503)

    async def _show_metrics(self, request: Request) -> Response:
        return Response(self._metrics.text(), 200, media_type="text/plain; version=0.0.4")

    async def _openapi(self, request: Request) -> Response:
        return json_response(description(self._models))

    async def _page(self, request: Request) -> Response:
        return HTMLResponse(page(self._models))


class Application:
    """An ASGI application: the busy paths by a look in a dict, all others by Starlette's routes.

    Args:
        every: all paths.
        busy: path -> the model that it names, and what responds to a POST.
        full: what responds on a connection too many.
    """

    def __init__(
        self, every: Starlette, busy: dict[str, tuple[str, Endpoint]], full: Endpoint
    ) -> None:
        self._every = every
        self._busy = busy
        self._full = full

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request, or follow the life of the server."""
        if scope["type"] == "http":
            if FULL in scope.get("state", ()):
                scope["path_params"] = {}
                await self._full(scope, receive, send)
                return
            found = self._busy.get(scope["path"])
            if found is not None and scope["method"] == "POST":
                scope["path_params"] = {"model": found[0]}
                await found[1](scope, receive, send)
                return
        await self._every(scope, receive, send)
