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


def _shown(value: Any) -> str:
    text = str(value) if isinstance(value, int | float) else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
