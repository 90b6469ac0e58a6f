"""The ASGI application: which path answers what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mlp_edge import __version__
from mlp_edge.serve import bodies, oip
from mlp_edge.serve.logs import Log
from mlp_edge.serve.metrics import Metrics
from mlp_edge.serve.openapi import description, page
from mlp_edge.serve.replies import reply
from mlp_edge.serve.request_error import RequestError
from mlp_edge.serve.scoring import Scoring

if TYPE_CHECKING:
    from mlp_edge.serve.models import Models
    from mlp_edge.serve.settings import ServeSettings

Answer = Callable[[Request], Awaitable[Response]]
LIVE = {"live": True}


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), status, headers, bodies.JSON)


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
        self._ready = False
        for name in models.names:
            self._metrics.opened(models.version(name))

    def app(self) -> Starlette:
        """The application; its lifespan watches the models and ends the threads."""
        version = "/v2/models/{model}/versions/{version}"
        paths: list[tuple[str, str, Answer]] = [
            ("POST", "/models/{model}/predict", self._predict),  # the busiest first
            ("POST", "/v2/models/{model}/infer", self._infer),
            ("POST", f"{version}/infer", self._infer),
            ("GET", "/", self._page),
            ("GET", "/openapi.json", self._openapi),
            ("GET", "/metrics", self._show_metrics),
            ("GET", "/v2", self._server_metadata),
            ("GET", "/v2/health/live", self._live),
            ("GET", "/v2/health/ready", self._show_ready),
        ]
        for place in ("/v2/models/{model}", version):
            paths += [
                ("GET", place, self._model_metadata),
                ("GET", f"{place}/ready", self._model_ready),
            ]
        routes = [
            Route(path, self._answered(answer), methods=[method]) for method, path, answer in paths
        ]
        return Starlette(
            routes=routes,
            lifespan=self._lifespan,
            exception_handlers={HTTPException: self._unrouted},
        )

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

    def _answered(self, answer: Answer) -> Answer:
        """A route that counts, logs, and tells what is wrong in JSON."""

        async def run(request: Request) -> Response:
            begun = time.perf_counter()
            try:
                response = await answer(request)
            except RequestError as error:
                response = _json({"error": error.reason}, error.status, error.headers)
            except ClientDisconnect:
                response = _json({"error": "the client has gone"}, 400)
            except Exception as error:
                self._log.fault(error)
                response = _json({"error": "a fault of the server; its log has more"}, 500)
            self._count(request, response, begun)
            return response

        return run

    def _count(self, request: Request, response: Response, begun: float) -> None:
        seconds = time.perf_counter() - begun
        model = request.path_params.get("model", "")
        known = model if model in self._models.names else ""
        self._metrics.answered(known, response.status_code, seconds)
        self._log.request(request, response, known, seconds)

    async def _unrouted(self, request: Request, error: Exception) -> Response:
        """A path or a method that there is not."""
        status = error.status_code if isinstance(error, HTTPException) else 404
        headers = dict(getattr(error, "headers", None) or {})
        told = {404: "there is no such path; / lists them", 405: "not with this method"}
        response = _json({"error": told.get(status, "not to be had")}, status, headers)
        self._count(request, response, time.perf_counter())
        return response

    # Bodies

    async def _body(self, request: Request) -> bytes:
        """The body of a request; how long it may take is the protocol's to say.

        Raises:
            RequestError: 413.
        """
        most = self._settings.max_body
        stated = request.headers.get("content-length", "")
        if stated.isdigit() and int(stated[:20]) <= most:
            return await request.body()
        parts, size = [], int(stated[:20]) if stated.isdigit() else 0
        async for part in request.stream():
            parts.append(part)
            size += len(part)
            if size > most:
                raise RequestError(
                    413, f"the body is larger than {most:,} bytes", {"Connection": "close"}
                )
        return b"".join(parts)

    # What is answered

    async def _predict(self, request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        odd = request.query_params.get("odd", "false")
        if odd not in ("true", "false"):
            raise RequestError(400, f"odd is true or false, not {odd[:40]!r}")
        with self._models.used(request.path_params["model"]) as version:
            given = bodies.rows_of(kind, await self._body(request))
            scored = await self._scoring.predicted(version, given)
        self._metrics.predicted(version, scored.rows, scored.labels)
        wanted = request.headers.get("accept", "")
        body, told = reply(version, scored, odd == "true", wanted)
        return Response(body, 200, media_type=told)

    async def _infer(self, request: Request) -> Response:
        with self._models.used(*_named(request)) as version:
            length = request.headers.get(oip.LENGTH)
            asked = oip.read_request(await self._body(request), length, version.card)
            scored = await self._scoring.predicted(version, asked.rows)
        self._metrics.predicted(version, scored.rows, scored.labels)
        body, header = oip.response(asked, version.card, version.name, scored)
        if header is None:
            return Response(body, 200, media_type=bodies.JSON)
        return Response(body, 200, {oip.LENGTH: str(header)}, "application/octet-stream")

    async def _model_metadata(self, request: Request) -> Response:
        version = self._models.version(*_named(request))
        return _json(oip.described(version.card, version.name, version.predictor.runtime))

    async def _model_ready(self, request: Request) -> Response:
        version = self._models.version(*_named(request))
        return _json({"name": version.card.name, "ready": self._ready}, 200 if self._ready else 503)

    async def _server_metadata(self, request: Request) -> Response:
        extensions = ["binary_tensor_data"]
        return _json({"name": "mlp-edge", "version": __version__, "extensions": extensions})

    async def _live(self, request: Request) -> Response:
        return _json(LIVE)

    async def _show_ready(self, request: Request) -> Response:
        return _json({"ready": self._ready}, 200 if self._ready else 503)

    async def _show_metrics(self, request: Request) -> Response:
        return Response(self._metrics.text(), 200, media_type="text/plain; version=0.0.4")

    async def _openapi(self, request: Request) -> Response:
        return _json(description(self._models))

    async def _page(self, request: Request) -> Response:
        return HTMLResponse(page(self._models))
