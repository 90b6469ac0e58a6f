"""Checks of single values that ``parse_json`` read.

What they raise has no file in it: whoever reads a file puts its name in front.
"""

from __future__ import annotations

from typing import Any

SHOWN = 20
"""Characters of a wrong value that a message shows."""


def of_type(name: str, value: Any, kind: type | tuple[type, ...]) -> Any:
    """The value, if it is of a type.

    Raises:
        TypeError: naming it.
    """
    if not isinstance(value, kind):
        raise TypeError(f"the {name} {_shown(value)} makes no sense")
    return value


def number(name: str, value: Any) -> float:
    """The value as float64, if it is an integer or a float, not a boolean.

    Raises:
        TypeError: naming it.
    """
    if type(value) not in (int, float):
        raise TypeError(f"the {name} {_shown(value)} is no number")
    return float(value)


def integer(name: str, value: Any, low: int, high: int | None = None) -> int:
    """The value, if it is an integer from ``low`` to ``high``, not a boolean.

    Raises:
        TypeError: naming it, for anything but an integer.
        ValueError: naming it and the range.
    """
    if type(value) is not int:
        raise TypeError(f"the {name} {_shown(value)} is no integer")
    if value < low or (high is not None and value > high):
        wanted = f"from {low} to {high}" if high is not None else f"from {low} up"
        raise ValueError(f"the {name} {_shown(value)}, {wanted} would do")
    return value


def shaped(name: str, value: Any, shape: Any) -> Any:
    """The value, if everything in it is what a shape says.

    Args:
        name: what messages call it.
        value: as ``parse_json`` gives it.
        shape: a type, or several of which one is the value's own (True is no integer); a list that
            holds the shape of every item; or a dict of the keys that have to be there, with theirs.

    Raises:
        TypeError, ValueError: naming what is something else, or is not there.
    """
    if isinstance(shape, dict):
        for key, each in shape.items():
            if key not in of_type(name, value, dict):
                raise ValueError(f"the {name} has no {key}")
            shaped(key, value[key], each)
    elif isinstance(shape, list):
        for item in of_type(name, value, list):
            shaped(name, item, shape[0])
    elif type(value) not in (shape if isinstance(shape, tuple) else (shape,)):
        raise TypeError(f"the {name} {_shown(value)} makes no sense")
    return value


def _shown(value: Any) -> str:
    text = str(value) if isinstance(value, int | float) else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
