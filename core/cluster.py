"""A Ray cluster, connected to and left again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mlp_edge.errors import InputError, MlpEdgeError, first_line
from mlp_edge.lazy import require

LOCAL, RAY = "local", "ray"
ENGINES = (LOCAL, RAY)
"""Where work may be done: on this machine, or on a cluster by the extra of that name."""
AHEAD = 2
"""Pieces that a worker has at once: one that it works on, and the next."""


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """Ray, connected to a cluster until the block ends.

    Args:
        address: of the cluster, where this package is installed; None for the one that this
            process is connected to, or else a new one on this machine.

    Raises:
        MissingError: without Ray.
        InputError: when the cluster cannot be reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray = require("ray", RAY)
    began = not ray.is_initialized()
    if began:
        try:
            ray.init(
                address, log_to_driver=False, logging_level="ERROR", configure_logging=False,
                **({"include_dashboard": False} if address is None else {}),
            )  # fmt: skip
        except Exception as error:  # Ray has a class of its own for each kind of trouble
            raise InputError(f"Ray does not start ({first_line(error)})") from error
    try:
        yield ray
    finally:
        if began:
            ray.shutdown()


def processors(ray: Any) -> int:
    """How many processors the cluster has."""
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def got(ray: Any, result: Any) -> Any:
    """A result, or the error of ours that came of it, as it would be raised here."""
    try:
        return ray.get(result)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, MlpEdgeError):
            raise error.cause from None
        raise
