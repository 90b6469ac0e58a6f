"""What a page is made with: templates that escape, and the files that stand beside them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2


def environment(finalize: Callable[[Any], Any] | None = None) -> jinja2.Environment:
    """Templates of this room: every value is escaped, and a name that is missing is an error.

    Args:
        finalize: what becomes of each value before it is escaped; None leaves it as it is.
    """
    return jinja2.Environment(
        loader=jinja2.PackageLoader("mlp_edge.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )


@cache
def asset(name: str) -> str:
    """A script or a style sheet of this room, as text."""
    return files("mlp_edge.report").joinpath("assets", name).read_text(encoding="utf-8")
