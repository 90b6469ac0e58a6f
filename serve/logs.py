"""What a server says, one JSON object a line."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from mlp_edge.serve.models import Reload


class UvicornLog(logging.Handler):
    """Says in lines of JSON what uvicorn has to say.

    Args:
        log: where to.
    """

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Say it; an exception with its traceback."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Exception):
            self._log.fault(error)
        else:
            self._log.say("connection", level=record.levelname.lower(), reason=record.getMessage())


class Log:
    """Lines on standard error.

    Args:
        requests: which requests are logged: errors, all or none.
        word: words the settings and calls that a reason names.
    """

    def __init__(self, requests: str, word: Callable[[str], str] = str) -> None:
        self._requests = requests
        self._word = word

    def say(self, event: str, **more: Any) -> None:
        """A line with the time, what happened, and what belongs to it."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"time": now, "event": event, **more}
        with suppress(OSError):  # whoever read them may have gone
            told = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE, default=str)
            sys.stderr.buffer.write(told)
            sys.stderr.buffer.flush()

    def request(self, request: Request, response: Response, model: str, seconds: float) -> None:
        """A request and its response, where those are logged."""
        if self._requests == "none" or (self._requests == "errors" and response.status_code < 400):
            return
        more = {"error": _reason(response)} if response.status_code >= 400 else {}
        self.say(
            "request", method=request.method, path=request.url.path[:200], model=model,
            status=response.status_code, ms=round(1000 * seconds, 3),
            client=request.client.host if request.client else "",
            request_id=request.headers.get("x-request-id", "")[:100], **more,
        )  # fmt: skip

    def reload(self, reload: Reload) -> None:
        """A change on the disk."""
        if reload.version is None:
            self.say("refused", model=reload.model, reason=self._word(reload.reason),
                     served="the one before")  # fmt: skip
        else:
            self.say("reloaded", model=reload.model, version=reload.version)

    def fault(self, error: Exception) -> None:
        """A fault of ours."""
        self.say("fault", traceback="".join(traceback.format_exception(error)))


def _reason(response: Response) -> str:
    try:
        return str(orjson.loads(bytes(response.body)).get("error", ""))[:500]
    except (orjson.JSONDecodeError, AttributeError):
        return ""
