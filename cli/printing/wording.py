"""Settings in messages, worded as options of the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

from mlp_edge.cli.options import model_option
from mlp_edge.foreign import quoted, typed
from mlp_edge.settings import Blank, Named, calls_reworded, reworded


class Flag(NamedTuple):
    """How a setting is typed: with a value, or one for each of several; or as one of two words."""

    on: str
    off: str | None
    takes_value: bool
    repeats: bool


class Wording(NamedTuple):
    """What messages are worded by while a command runs.

    Attributes:
        flags: setting -> flag of this command, or else of another.
        commands: name -> the flags of each.
        model: the option that names the model at hand, "" for the default one.
    """

    flags: Mapping[str, Flag]
    commands: Mapping[str, Mapping[str, Flag]]
    model: str


_WORDING: ContextVar[Wording | None] = ContextVar("wording", default=None)


@contextmanager
def worded_for(command: Any, root: Any, values: Mapping[str, Any]) -> Iterator[None]:
    """Word settings as options of a command, and those that it has not as options of others.

    Args:
        command: that runs.
        root: the group of all.
        values: parameter -> what was typed; a suggested command names the same model.
    """
    others = getattr(root, "commands", {})
    commands = {name: _flags(other) for name, other in others.items()}
    flags: dict[str, Flag] = {}
    for each in (*commands.values(), _flags(command)):
        flags |= each
    model = values.get("model", values.get("file"))
    here = model is not None and Path(model).is_dir()
    named = model_option(Path(model)) if here else ""
    token = _WORDING.set(Wording(flags, commands, named))
    try:
        yield
    finally:
        _WORDING.reset(token)


def worded(message: str) -> str:
    """A message worded as on the command line.

    Settings are options: "`drop=['id']` leaves it out" is "--drop id leaves it out". A call is a
    command: "`Model.export(dtype='int8')`" is "`mlp-edge export --dtype int8`".
    """
    wording = _WORDING.get()
    if wording is None:
        return message

    def command(name: str, given: list[Named]) -> str | None:
        name = name.removesuffix("_model")  # `import` alone is no name in Python
        flags = wording.commands.get(name)
        if flags is None:
            return None
        options = [option for each in given if (option := _option(each, flags))]
        model = wording.model if "model" in flags else ""
        return f"`{' '.join(['mlp-edge', name, *options])}{model}`"

    return reworded(calls_reworded(message, command), lambda each: _option(each, wording.flags))


def _flags(command: Any) -> dict[str, Flag]:
    return {each.name: _flag(each) for each in command.params if each.opts[0].startswith("-")}


def _flag(parameter: Any) -> Flag:
    on = max(parameter.opts, key=len)
    off = max(parameter.secondary_opts, key=len, default=None)
    return Flag(on, off, not parameter.is_flag, parameter.multiple)


def _option(each: Named, flags: Mapping[str, Flag]) -> str | None:
    flag = flags.get(each.name)
    if flag is None:
        return None
    if each.value is None:
        return flag.on
    if not flag.takes_value:
        return flag.on if each.value else flag.off
    if isinstance(each.value, list) and flag.repeats:
        return " ".join(f"{flag.on} {_argument(value)}" for value in each.value)
    return f"{flag.on} {_argument(each.value)}"


def _argument(value: Any) -> str:
    if isinstance(value, Blank):
        return repr(value)
    if isinstance(value, tuple | list):
        return quoted(",".join(map(_plain, value)) or "none")
    return typed(value) if isinstance(value, Path) else quoted(_plain(value))


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
