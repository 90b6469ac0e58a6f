"""Recognises numbers in forms that are not read, such as $1,200 or 12 %."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from mlp_edge.cell import NUMBERS

FEWEST_ALIKE = 3
"""Different texts of one form from which on they are no chance: 2WD and 4WD are names."""

LONGEST = 60
"""Characters of a text that may be a number."""

INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Characters without width, which an eye does not see in a name or a number."""

_DIGIT = r"(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)"
_NUMBER = rf"[+-]?{_DIGIT}(?:[eE][+-]?[0-9]+)?"
# The blanks that part thousands: also those that do not break a line.
_BLANK = " \u00a0\u2007\u2009\u202f"
_GROUPED = re.compile(
    rf"[+-]?(?:[1-9][0-9]{{0,2}}(?P<mark>[,.'’{_BLANK}])[0-9]{{3}}(?:(?P=mark)[0-9]{{3}})*"
    r"|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}|[0-9]+(?:_[0-9]+)+)(?:[.,][0-9]*)?(?:[eE][+-]?[0-9]+)?"
)
_DOLLARS = "US|CA|AU|NZ|HK"
_CURRENCIES = "USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|KRW|RUB|TRY"
_MONEY = rf"(?:[$¢£¤¥฿₠-⃀﷼]|(?:{_DOLLARS})\$|{_CURRENCIES}|(?:Rs|kr|Fr)\.?|zł|Kč)"
_STEPS = (
    ("invisible characters", re.compile(rf"[{INVISIBLE}]+"), ""),
    ("quotes", re.compile(r"['\"‘’“”`](.*)['\"‘’“”`]"), r"\1"),
    ("an apostrophe in front", re.compile(r"^'(?=[+-]?[0-9.,])"), ""),
    ("a currency", re.compile(rf"([+\-−–(]?)\s*{_MONEY}\s*(?=[+\-−–(]?\s*[0-9.,])"), r"\1"),
    ("a currency", re.compile(rf"(?<=[0-9.,)\-])\s*{_MONEY}"), ""),
    ("a percent sign", re.compile(r"(?<=[0-9.,)])\s*[%‰٪]"), ""),
    ("parentheses", re.compile(r"\(\s*(.*[0-9].*?)\s*\)"), r"-\1"),
    ("a minus sign that is not -", re.compile(r"[−–—‒﹣－]\s*(?=[0-9.,])"), "-"),
    ("a sign apart", re.compile(r"([+-])\s+(?=[0-9.,])"), r"\1"),
    ("a sign behind", re.compile(r"([0-9][0-9.,]*)\s*[-−]"), r"-\1"),
    ("a comma or dash for no cents", re.compile(r"(?<=[0-9])[.,](?:-|−|–|—)+"), ""),
    ("a power of ten", re.compile(r"(?<=[0-9.,])\s*[xX×*·]\s*10\s*\^?\s*(?=[+-]?[0-9])"), "e"),
    # Fortran's; without a point or a sign, 1d3 is some code.
    ("a power of ten", re.compile(r"(?<=[.,])([0-9]*)[dD](?=[+-]?[0-9]+$)"), r"\1e"),
    ("a power of ten", re.compile(r"(?<=[0-9])[dD](?=[+-][0-9]+$)"), "e"),
)
"""What is taken off a text, in this order, and what it is called; what is left may be a number."""
_WHOLE = {"quotes", "parentheses", "a sign behind"}
"""Steps whose pattern has to fit the whole text."""
_PARTS = re.compile(
    r"(?:[0-9+\-.,'\"`()$%*^_\s]"
    rf"|(?<![A-Za-z])(?:{_DOLLARS}|{_CURRENCIES}|Rs|kr|Fr|[eEdDxX])(?![A-Za-z]))*"
)
"""What ASCII texts consist of that are numbers in any form but another base."""
_OTHER_BASES = re.compile(r"[+-]?0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
_ADDRESS = re.compile(r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.[0-9]{1,3}){3}")

_DAY = r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2(?:\d{4}|\d{2}))"
_MONTH = r"(?:\d{1,2}[- ][A-Za-z]{3,9}[-, ]+\d{2,4}|[A-Za-z]{3,9} \d{1,2},? \d{4})"
DATE = re.compile(
    rf"(?:{_DAY}|{_MONTH})"
    r"(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:Z|[AaPp][Mm]|[+-]\d{2}:?\d{2})?)?"
)
_TIME = re.compile(
    r"[+-]?[0-9]{1,3}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?:\s?[AaPp]\.?[Mm]\.?)?"
    r"|P(?:[0-9.]+[YMWD])*(?:T(?:[0-9.]+[HMS])+)?(?<!P)"
    r"|[0-9.]+\s?(?:d|h|hrs?|m|mins?|s|secs?)(?:\s?[0-9.]+\s?(?:h|hrs?|m|mins?|s|secs?|ms))+"
)
_FRACTION = re.compile(r"[+-]?(?:[0-9]+ )?[0-9]+\s?[/⁄]\s?[1-9][0-9]*|[+-]?[0-9]*\s?[¼-¾⅐-⅞]")
_UNIT = re.compile(rf"{_NUMBER}\s?([A-Za-zµμΩ°²³/^]{{1,6}}|°\s?[CF])")


@lru_cache(maxsize=1 << 16)
def form(text: str) -> str | None:
    """How a number is written that is not read, such as "a currency and thousands marks".

    Args:
        text: a cell that is no number as tables are read.

    Returns:
        The name of the form; None for anything that is no number for certain. Units, fractions
        and times are none: "12a" may be a name. ``doubtful_form`` tells those.
    """
    bare, found = text.strip(), []
    if len(bare) > LONGEST or not any(map(str.isdigit, bare)):
        return None
    if bare.isascii() and not _PARTS.fullmatch(bare) and not _OTHER_BASES.fullmatch(bare):
        return None  # most words and codes, without the steps below
    if _OTHER_BASES.fullmatch(bare):
        return "hexadecimal digits" if bare.lstrip("+-")[1] in "xX" else "digits of another base"
    other = _latin_digits(bare)
    if other != bare:
        bare, found = other, ["digits of another script"]
    for name, pattern, instead in _STEPS:
        matches = pattern.fullmatch(bare) if name in _WHOLE else pattern.search(bare)
        if matches:
            bare = pattern.sub(instead, bare).strip().replace("--", "-")
            found += [name] if name not in found else []
    grouped = _GROUPED.fullmatch(bare) is not None and not _ADDRESS.fullmatch(bare)
    plain = any(pattern.fullmatch(bare) for pattern in NUMBERS.values())
    if grouped and not (plain and "." in bare):
        found.append("thousands marks")
    elif not plain:
        return None
    return " and ".join(found) if found else None


def _latin_digits(text: str) -> str:
    """The text with the decimal digits of every script as 0 to 9."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in text)


def looks_like(text: str) -> str:
    """What a text looks like that may be a number or name something; "" if nothing."""
    bare = text.strip()
    if not bare or len(bare) > LONGEST or not any(map(str.isnumeric, bare)):
        return ""
    for name, pattern in (("dates", DATE), ("times", _TIME), ("fractions", _FRACTION)):
        if pattern.fullmatch(bare):
            return name
    unit = _UNIT.fullmatch(bare)
    return "" if unit is None else f"numbers with the unit {unit[1]!r}"


def doubtful_form(texts: Iterable[str]) -> tuple[str, frozenset[str]]:
    """What texts look like that may be numbers, and may name things as well.

    Args:
        texts: the different cells of a column.

    Returns:
        The form that at least ``FEWEST_ALIKE`` different texts share, and those texts; "" and none
        where there is no such form.
    """
    found: dict[str, set[str]] = {}
    for text in texts:
        name = looks_like(text)
        if name:
            found.setdefault(name, set()).add(text)
    most = max(found, key=lambda name: len(found[name]), default="")
    if not most or len(found[most]) < FEWEST_ALIKE:
        return "", frozenset()
    return most, frozenset(found[most])


def forms(texts: Sequence[str], counts: Iterable[int]) -> tuple[str, frozenset[str]]:
    """The most frequent form among texts, and the texts that are numbers in any form.

    Args:
        texts: the different cells of a column that are no numbers.
        counts: how many cells each has.
    """
    found = [form(text) for text in texts]
    names: Counter[str] = Counter()
    for name, count in zip(found, counts, strict=True):
        if name is not None:
            names[name] += int(count)
    some = frozenset(text for text, name in zip(texts, found, strict=True) if name is not None)
    return (names.most_common(1)[0][0] if names else ""), some
