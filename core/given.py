"""Values that a caller gave for settings, as the fields of their dataclasses hold them."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np

from mlp_edge.errors import RecipeError
from mlp_edge.foreign import printable, shortened
from mlp_edge.settings import setting, settings_of

LONGEST = 60
"""Characters of a value that a message shows."""
_OTHER: Any = object()
_BEFORE = re.compile(r"\n( *)Returns:")
Function = TypeVar("Function", bound=Callable[..., Any])


def listing(*kinds: type) -> Callable[[Function], Function]:
    """Have ``help()`` and a notebook's completion show the settings behind a function's ``**``.

    Args:
        kinds: the dataclasses that declare them.
    """

    def listed(function: Function) -> Function:
        declared = [each for kind in kinds for each in settings_of(kind)]
        own = inspect.signature(function).parameters.values()
        shown = [each for each in own if each.kind is not inspect.Parameter.VAR_KEYWORD]
        shown += [
            inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default)
            for each in declared
        ]
        function.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]

        def described(found: re.Match[str]) -> str:
            lines = (f"{found[1]}    {each.name}: {each.help}\n" for each in declared)
            return f"{''.join(lines)}{found[0]}"

        function.__doc__ = _BEFORE.sub(described, function.__doc__ or "", count=1)
        return function

    return listed


def made(function: str, settings: Mapping[str, Any], *kinds: type) -> list[Any]:
    """What a function was given, as one value of each dataclass that declares some of it.

    Args:
        function: its name, for messages.
        settings: name -> value, as the caller gave them.
        kinds: dataclasses of settings.

    Raises:
        TypeError: for a name that none declares.
        RecipeError: for a value of another type, and what the dataclasses refuse.
    """
    found = sorted_out(function, settings, **{kind.__name__: kind for kind in kinds})
    return [kind(**found[kind.__name__]) for kind in kinds]


def sorted_out(
    function: str, settings: Mapping[str, Any], **kinds: type
) -> dict[str, dict[str, Any]]:
    """The settings that a function was given, sorted by the dataclasses that declare them.

    Args:
        function: its name, for messages.
        settings: name -> value, as the caller gave them.
        kinds: any key -> dataclass of settings.

    Returns:
        The same keys; what was given to each, as its fields hold it: a list as a tuple, one text
        where several may stand as a tuple of it, NumPy's numbers as Python's.

    Raises:
        TypeError: for a name that none declares.
        RecipeError: for a value of another type.
    """
    places = {each.name: key for key, kind in kinds.items() for each in settings_of(kind)}
    hints = {key: get_type_hints(kind) for key, kind in kinds.items()}
    found: dict[str, dict[str, Any]] = {key: {} for key in kinds}
    for name, value in settings.items():
        if name not in places:
            near = get_close_matches(name, places, 1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"{function}() has no setting {name!r}{meant}")
        key = places[name]
        found[key][name] = _held(name, hints[key][name], value)
    return found


_WORDS = {
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("a text", "texts"),
    bool: ("True or False", "True or False"),
    Path: ("a path", "paths"),
    NoneType: ("None", "None"),
}
"""Of one value and of several, in messages."""


def _held(name: str, hint: Any, value: Any) -> Any:
    """A value as a field of that type holds it."""
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    for kind in sorted(kinds, key=lambda kind: kind is str):  # which a number may stand for
        held = _as(kind, value)
        if held is not _OTHER:
            return held
    some = " or ".join(map(_named_kind, kinds))
    got = shortened(printable(repr(value)), LONGEST)
    raise RecipeError(f"{setting(name)} takes {some}; got {got}")


def _named_kind(kind: Any) -> str:
    if get_origin(kind) is Mapping:
        return "a dict"
    if get_origin(kind) is not tuple:
        return _WORDS[kind][0]
    items = get_args(kind)
    count = "a list of" if ... in items else str(len(items))
    return f"{count} {_WORDS[items[0]][1]}"


def _as(kind: Any, value: Any) -> Any:
    """A value as of a type; ``_OTHER`` where it is none."""
    if get_origin(kind) is tuple:
        return _as_tuple(get_args(kind), value)
    if get_origin(kind) is Mapping:
        return value if isinstance(value, Mapping) else _OTHER
    if kind is NoneType:
        return None if value is None else _OTHER
    if kind is bool or isinstance(value, bool | np.bool_):
        return bool(value) if kind is bool and isinstance(value, bool | np.bool_) else _OTHER
    if kind is int:
        return int(value) if isinstance(value, Integral) else _OTHER
    if kind is float:
        return float(value) if isinstance(value, Real) else _OTHER
    if kind is Path:
        return Path(value) if isinstance(value, str | os.PathLike) else _OTHER
    # A number may stand where text is meant: a threshold of 0.3, a size of 1000 bytes.
    if isinstance(value, Integral | Real):
        return str(int(value) if isinstance(value, Integral) else float(value))
    return str(value) if isinstance(value, str) else _OTHER


def _as_tuple(kinds: tuple[Any, ...], value: Any) -> Any:
    several = isinstance(value, list | tuple | np.ndarray)
    items = list(value) if several else [value]
    if ... not in kinds and len(items) != len(kinds):
        return _OTHER
    held = tuple(_as(kinds[0], item) for item in items)
    return _OTHER if any(item is _OTHER for item in held) else held
