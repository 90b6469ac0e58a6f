"""Settings in messages, worded as options of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from mlp_edge.foreign import typed
from mlp_edge.settings import Blank, Named, reworded


class Flag(NamedTuple):
    """How a setting is typed: with a value, or as one of two words."""

    on: str
    off: str | None
    takes_value: bool


_COMMAND = re.compile(r"`(mlp-edge [a-z]+)` with ((?:`[a-z_]+=[^`\n]*` )*`[a-z_]+=[^`\n]*`)")
_FLAGS: ContextVar[dict[str, Flag] | None] = ContextVar("flags", default=None)


@contextmanager
def worded_for(command: Any, root: Any) -> Iterator[None]:
    """Word settings as options of a command, and those that it has not as options of others."""
    flags: dict[str, Flag] = {}
    for other in (*getattr(root, "commands", {}).values(), command):
        flags |= {each.name: _flag(each) for each in other.params if each.opts[0].startswith("-")}
    token = _FLAGS.set(flags)
    try:
        yield
    finally:
        _FLAGS.reset(token)


def worded(message: str) -> str:
    """A message whose settings are options: "`drop=['id']` leaves it out" as "--drop id …".

    A command with settings becomes one that can be typed: "`mlp-edge export` with `dtype='int8'`"
    as "`mlp-edge export --dtype int8`".
    """
    flags = _FLAGS.get()
    if flags is None:
        return message

    def options(text: str) -> str:
        return reworded(text, lambda each: _option(each, flags))

    return options(_COMMAND.sub(lambda found: f"`{found[1]} {options(found[2])}`", message))


def _flag(parameter: Any) -> Flag:
    on = max(parameter.opts, key=len)
    off = max(parameter.secondary_opts, key=len, default=None)
    return Flag(on, off, not parameter.is_flag)


def _option(each: Named, flags: dict[str, Flag]) -> str | None:
    flag = flags.get(each.name)
    if flag is None:
        return None
    if each.value is None:
        return flag.on
    if not flag.takes_value:
        return flag.on if each.value else flag.off
    if isinstance(each.value, list):
        return " ".join(f"{flag.on} {_argument(value)}" for value in each.value)
    return f"{flag.on} {_argument(each.value)}"


def _argument(value: Any) -> str:
    if isinstance(value, Blank):
        return repr(value)
    if isinstance(value, tuple):
        return typed(",".join(map(_plain, value)) or "none")
    return typed(_plain(value))


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
