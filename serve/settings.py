"""How models are served, and what a client may ask of the server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlp_edge.errors import RecipeError
from mlp_edge.settings import declared, setting

LOGS = ("errors", "all", "none")


@dataclass(frozen=True)
class ServeSettings:
    """The settings of a server.

    Attributes:
        host: address to listen on; the default takes connections from this machine alone.
        port: 0 takes a free one, which the server prints.
        runtime: what runs a model directory.
        threads: of one call of onnxruntime; None for one where the network is small.
        max_body: bytes of a request's body.
        max_rows: rows of one request.
        max_waiting: large requests that wait for a thread; one more is refused with 429.
        max_connections: connections at a time; one more is refused with 503.
        timeout: seconds for a request to arrive, and for those under way when the server stops.
        reload: seconds between two looks at whether a model has changed; 0 for none.
        log: which requests are logged: errors, all or none.
        signed_by: a public key in PEM, with whose private half every model directory has to be
            signed, now and whenever it changes; None where any is served.
    """

    host: str = declared("127.0.0.1", "Address to listen on.", "Output")
    port: int = declared(8080, "Port to listen on; 0 for a free one.", "Output", flag="--port -p")
    runtime: str = declared(
        "onnxruntime", "Runtime of a model directory.", "What to run", flag="--runtime -r"
    )
    threads: int | None = declared(
        None, "Threads of one call of onnxruntime.", "What to run", shown="1 of a small network"
    )
    max_body: int = declared(4_000_000, "Most bytes of a request.", "Limits")
    max_rows: int = declared(10_000, "Most rows of a request.", "Limits")
    max_waiting: int = declared(64, "Most large requests that wait for a thread.", "Limits")
    max_connections: int = declared(1_000, "Most connections at a time.", "Limits")
    timeout: float = declared(10.0, "Seconds for a request to arrive.", "Limits")
    reload: float = declared(
        2.0, "Seconds between looks at whether a model has changed; 0 for none.", "What to run"
    )
    log: str = declared("errors", "Requests to log: errors, all or none.", "Output")
    signed_by: Path | None = declared(
        None, "Public key with whose private half models have to be signed.", "Trust",
        shown="no signature is asked for",
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Check what needs no model.

        Raises:
            RecipeError: for a setting out of its range.
        """
        least = {"max_body": 1, "max_rows": 1, "max_waiting": 0, "max_connections": 1}
        for name, smallest in least.items():
            if getattr(self, name) < smallest:
                value = getattr(self, name)
                raise RecipeError(f"{setting(name, value)}: at least {smallest}")
        if not 0 <= self.port <= 65_535:
            raise RecipeError(f"{setting('port', self.port)}: 0 to 65535")
        if not 0 < self.timeout <= 3600:
            raise RecipeError(f"{setting('timeout', self.timeout)}: seconds, above 0 to 3600")
        if not 0 <= self.reload <= 86_400:
            raise RecipeError(f"{setting('reload', self.reload)}: seconds, 0 to 86400")
        if self.log not in LOGS:
            raise RecipeError(f"{setting('log', self.log)} is not one of {', '.join(LOGS)}")
