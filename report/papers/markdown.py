"""Markdown in which nobody's text is markup: whatever a template shows is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2

from mlp_edge.foreign import printable, spelled

_ACTIVE = re.compile(r"[\\`*\[\]<>|~&@$]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=\bwww)\.", re.IGNORECASE)
"""What begins something within a line of CommonMark, or in what GitHub and Hugging Face add to it,
such as links without brackets, and mathematics. A template begins every line itself."""
_CODE = re.compile(r"`([^`]+)`")


class Markdown(str):
    """Text that is Markdown already."""

    __slots__ = ()


def escaped(value: Any) -> str:
    """A value as Markdown that shows it, on one line: a number short, None as a dash."""
    if isinstance(value, Markdown):
        return value
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"
    return _ACTIVE.sub(r"\\\g<0>", printable(spelled(str(value))))


def prose(text: str) -> str:
    """Words of a message on one line, with what it names between backticks as code."""
    parts = _CODE.split(printable(spelled(text)))
    return Markdown(
        "".join(f"`{part}`" if place % 2 else escaped(part) for place, part in enumerate(parts))
    )


def listed(values: Sequence[Any]) -> str:
    """Values between commas."""
    return Markdown(", ".join(map(escaped, values)))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table, one line for each row; "" where there is none."""
    lines = ["".join(f"| {escaped(cell)} " for cell in row) + "|" for row in rows]
    if not lines:
        return Markdown("")
    head = "".join(f"| {escaped(name)} " for name in columns) + "|"
    return Markdown("\n".join([head, "|---" * len(columns) + "|", *lines]))


def code(value: Any) -> str:
    """A line of a block of code, which cannot end the block."""
    return Markdown(printable(spelled(str(value))))


def rendered(template: str, **values: Any) -> str:
    """A template of the report's, filled in.

    Args:
        template: the name of its file.
        values: what it shows; text is escaped unless it is ``Markdown``.
    """
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(  # noqa: S701 (Markdown is not HTML; finalize escapes it)
        loader=jinja2.FunctionLoader(_source),
        finalize=escaped,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"listed": listed, "code": code, "prose": prose}
    return environment


def _source(name: str) -> str:
    return files("mlp_edge.report").joinpath("templates", name).read_text("utf-8")
