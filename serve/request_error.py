"""What a client is told when its request cannot be answered."""

from __future__ import annotations


class RequestError(Exception):
    """A request that is answered by an error.

    Args:
        status: of HTTP, 400 to 503.
        reason: a sentence: what arrived, and what would do.
        headers: of the response, besides its type.
    """

    def __init__(self, status: int, reason: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers or {}


def check_rows(count: int, most: int) -> None:
    """Refuse a request of too many rows.

    Raises:
        RequestError: 413.
    """
    if count > most:
        raise RequestError(413, f"{count:,} rows; a request takes at most {most:,}")
