"""Units, as tables write them: alone in a cell, or at the end of a column's name."""

from __future__ import annotations

import re

_UNIT = re.compile(
    r"\[.*\]|\(.*\)|.*[°%/µμ²³^·].*|-|"
    r"(?:[numkMGcdh]?(?:m|g|s|A|V|W|Pa|Hz|J|N|K|F|C|L|l|bar|mol|Wh|VA|cd|Ohm|B|bit))|"
    r"min|h|hr|d|day|days|year|years|yr|ppm|ppb|rpm|dB|kWh|in|ft|lb|lbs|oz|mph|km|kg|mi|USD|EUR"
)
_BRACKETS = re.compile(r".*\S\s*[\[(]\s*([^\[\]()]{1,20}?)\s*[\])]\s*")
_LAST_WORD = re.compile(r".*?([^\W_]+)\W*", re.DOTALL)
_SPELLED = re.compile(
    r"(?:(?:milli|micro|centi|kilo)?(?:gram|meter|metre|volt|amp|ampere|watt|newton|pascal|joule|hertz|"
    r"ohm|liter|litre|second)|minute|hour|week|month|date|time|timestamp|datetime|kelvin|celsius|"
    r"fahrenheit|degree|deg|percent|pct|mv|ma|sec|msec|usd|eur)s?",
    re.IGNORECASE,
)
"""Units and times in full."""


def is_unit(text: str) -> bool:
    """Whether a cell holds a unit, such as mm, [°C] or %."""
    return _UNIT.fullmatch(text) is not None


def unit_of(name: str) -> str:
    """The unit at the end of a column's name: "mm" of "gap [mm]" or "gap (mm)"; "" if none."""
    found = _BRACKETS.fullmatch(name)
    return "" if found is None or found[1].isdigit() else found[1]


def names_unit(name: str) -> bool:
    """Whether a column's name ends in a unit, which [-] is not, or a time: gap [mm], grams, day."""
    last = _LAST_WORD.fullmatch(name.strip())
    word = "" if last is None else last[1]
    short = is_unit(word) and (len(word) > 1 or word != name.strip())
    return short or unit_of(name) not in ("", "-") or _SPELLED.fullmatch(word) is not None
