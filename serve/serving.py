"""``mlp-edge serve``: models opened, a server that listens, and its orderly end."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp_edge import lazy
from mlp_edge.errors import InputError, MissingError, first_line
from mlp_edge.serve.models import Models
from mlp_edge.serve.settings import ServeSettings
from mlp_edge.settings import setting

if TYPE_CHECKING:
    from mlp_edge.serve.logs import Log

EXTRA = "serve"
BACKLOG = 2048
"""Connections that the system holds until they are taken."""
SWITCH = 0.0005
"""Seconds that a thread works before another gets its turn."""
OTHER_FILES = 100
"""Files that a server has open beside its connections."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)
TRACED = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
          "OTEL_TRACES_EXPORTER")  # fmt: skip
"""Variables of the environment that ask for traces."""


def application(paths: Sequence[Path | str], settings: ServeSettings = ServeSettings()) -> Any:
    """An ASGI application that serves models, for a server of your own.

    Such a server has to bound how long a request may take to arrive, and how many connections there
    are; ``serve`` does.

    Args:
        paths: model directories or exported files.
        settings: what a client may ask for; where to listen is your server's.

    Raises:
        InputError: for no model, or two of one name.
        ModelError: for a model that is missing, damaged or not what was written.
        MissingError: when the extra is not installed.
    """
    lazy.require("orjson", EXTRA)
    from mlp_edge.serve.logs import Log

    return _application(paths, settings, Log(settings.log))


def _application(paths: Sequence[Path | str], settings: ServeSettings, log: Log) -> Any:
    for module in ("starlette", "prometheus_client"):
        lazy.require(module, EXTRA)
    from mlp_edge.serve.app import Server

    models = Models([Path(path) for path in paths], settings)
    server = Server(models, settings, log, threads=os.cpu_count() or 1)
    return _traced(server.app())


def serve(
    paths: Sequence[Path | str],
    settings: ServeSettings = ServeSettings(),
    listening: Callable[[str], None] = print,
    word: Callable[[str], str] = str,
) -> None:
    """Serve models over HTTP until SIGTERM or SIGINT; requests under way are answered then.

    Args:
        paths: model directories or exported files.
        settings: where to listen, and what a client may ask for.
        listening: called with the address once connections are taken.
        word: words the settings and calls that the log names.

    Raises:
        InputError: for no model, two of one name, or an address that cannot be listened on.
        ModelError: for a model that is missing, damaged or not what was written.
        MissingError: when the extra is not installed.
    """
    uvicorn = lazy.require("uvicorn", EXTRA)
    for module in ("httptools", "orjson"):
        lazy.require(module, EXTRA)
    from mlp_edge.serve.logs import Log, UvicornLog
    from mlp_edge.serve.protocol import protocol

    _allow_files(settings.max_connections)
    log = Log(settings.log, word)
    for name in ("uvicorn", "asyncio"):
        said = logging.getLogger(name)
        said.handlers, said.propagate = [UvicornLog(log)], False
    app = _application(paths, settings, log)
    with _listener(settings) as listener:
        config = uvicorn.Config(
            app,
            http=protocol(settings.timeout, settings.max_connections),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=round(max(1, settings.timeout)),
            timeout_graceful_shutdown=round(max(1, settings.timeout)),
        )
        # Neither collections of what lives as long as the server, nor a large request's turn of a
        # thread, may hold up others: both take milliseconds.
        gc.collect()
        gc.freeze()
        sys.setswitchinterval(SWITCH)
        host, port = listener.getsockname()[:2]
        listening(f"http://{f'[{host}]' if ':' in host else host}:{port}")
        log.say("serving", models=[str(path) for path in paths], host=host, port=port)
        _run(uvicorn.Server(config), listener)
        log.say("stopped")


def _run(server: Any, listener: socket.socket) -> None:
    """Run until a signal; by itself, uvicorn raises that again once everything has ended well."""

    @contextmanager
    def until_told() -> Iterator[None]:
        before = {each: signal.signal(each, server.handle_exit) for each in SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    server.capture_signals = until_told
    server.run(sockets=[listener])


def _allow_files(connections: int) -> None:
    """Let the process open a file for each connection, as far as the system lets it."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * connections + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _listener(settings: ServeSettings) -> socket.socket:
    """A socket that listens."""
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
    except OSError as error:
        place = f"{setting('host', settings.host)}, {setting('port', settings.port)}"
        raise InputError(f"{place}: cannot be listened on ({first_line(error)})") from error
    return listener


def _traced(app: Any) -> Any:
    """The application, with OpenTelemetry around it where the environment asks for that.

    Raises:
        MissingError: when it does, and OpenTelemetry is not installed.
    """
    asked = [name for name in TRACED if os.environ.get(name, "none") != "none"]
    if not asked:
        return app
    try:
        from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    except ImportError as error:
        raise MissingError(
            f"{asked[0]} asks for traces; pip install opentelemetry-distro "
            "opentelemetry-exporter-otlp opentelemetry-instrumentation-asgi brings them"
        ) from error
    return OpenTelemetryMiddleware(app)
