"""Settings: declared once with their help, and named in messages as Python spells them.

A message that names a setting, such as "`drop=['id']` leaves it out", or a call, such as
"`Model.export(dtype='int8')` writes it", is for whoever calls a function. The command line reads
both back and words its own options and commands.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import Field, field, fields
from typing import Any, NamedTuple

_NOTHING: Any = object()
_NAMED = re.compile(r"`([a-z][a-z0-9_]*)(?:=([^`\n]*))?`")
_CALLED = re.compile(r"`(?:Model|mlp_edge)\.([a-z_]+)\(([^`\n]*)\)`")


class Blank:
    """A value that the reader of a message fills in: ``setting("drop", Blank("COLUMN"))``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


class Named(NamedTuple):
    """A setting that a message names.

    Attributes:
        name: as the parameter of a function.
        value: what it would be set to, a plain Python value; a ``Blank`` where the reader fills
            one in; None where the message names no value.
    """

    name: str
    value: Any = None


def setting(name: str, value: Any = _NOTHING) -> str:
    """A setting as messages name it: ``setting("epochs", 20)`` is "`epochs=20`"."""
    if value is _NOTHING:
        return f"`{name}`"
    text = repr(value).replace("`", r"\x60")
    if isinstance(value, float):  # 2 may have been given, which is held as 2.0
        text = text.removesuffix(".0")
    return f"`{name}={text}`"


def call(function: str, **given: Any) -> str:
    """A call as messages suggest it, of ``Model.…`` or ``mlp_edge.…``, with its settings."""
    texts = ", ".join(setting(name, value).strip("`") for name, value in given.items())
    return f"`{function}({texts})`"


def named(message: str) -> list[Named]:
    """The settings that a message names, in its order."""
    return [_read(found) for found in _NAMED.finditer(message)]


def reworded(message: str, word: Callable[[Named], str | None]) -> str:
    """A message whose settings are worded anew; where ``word`` gives None, one stays as it is."""

    def replaced(found: re.Match[str]) -> str:
        return word(_read(found)) or found[0]

    return _NAMED.sub(replaced, message)


def calls_reworded(message: str, word: Callable[[str, list[Named]], str | None]) -> str:
    """A message whose calls are worded anew, from the function's name and the settings given.

    Where ``word`` gives None, and in a stranger's text that only looks like one, it stays as it is.
    """

    def replaced(found: re.Match[str]) -> str:
        try:
            read = ast.parse(f"f({found[2]})", mode="eval").body
            keywords = read.keywords if isinstance(read, ast.Call) else []
            given = [Named(str(each.arg), ast.literal_eval(each.value)) for each in keywords]
        except (ValueError, SyntaxError):
            return found[0]
        return word(found[1], given) or found[0]

    return _CALLED.sub(replaced, message)


def _read(found: re.Match[str]) -> Named:
    name, text = found.groups()
    if text is None:
        return Named(name)
    try:
        return Named(name, ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return Named(name, Blank(text))


def declared(
    default: Any,
    help: str,  # noqa: A002 (the word of the command line)
    group: str,
    *,
    shown: str | None = None,
    flag: str | None = None,
    repeat: bool = False,
) -> Any:
    """A field of a dataclass of settings.

    Args:
        default: its value unless somebody says.
        help: a sentence for a newcomer, without the default.
        group: the heading under which ``--help`` and the reference list it.
        shown: what is said of a default that is None or says little, such as "from the task".
        flag: the option's declaration for typer where it is not the field's name with dashes.
        repeat: whether an option of a tuple of texts is typed once for each; else they stand in
            one, between commas.
    """
    described = {"help": help, "group": group, "shown": shown, "flag": flag, "repeat": repeat}
    return field(default=default, metadata=described)


class Setting(NamedTuple):
    """A declared field, as the command line and the reference show it; see ``declared``."""

    name: str
    default: Any
    help: str
    group: str
    shown: str | None
    flag: str | None
    repeat: bool


def settings_of(kind: type) -> tuple[Setting, ...]:
    """The declared fields of a dataclass, in its order."""
    return tuple(_setting(each) for each in fields(kind) if "help" in each.metadata)


def _setting(each: Field[Any]) -> Setting:
    return Setting(each.name, each.default, **each.metadata)
