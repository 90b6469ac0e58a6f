"""How messages quote what a table holds: never raw control characters, never a novel."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST = 40
"""Characters of a cell or a name that a message shows."""
MOST_NAMES = 20
"""Column names that a message lists."""


def shown(text: str) -> str:
    """The text in quotes, control characters escaped, cut after ``LONGEST`` characters."""
    return repr(text) if len(text) <= LONGEST else repr(text[:LONGEST]) + "…"


def plain(source: str) -> str:
    """A path or set name as the user typed it; in quotes when it cannot be printed as it is."""
    return source if source.isprintable() and source.strip() else repr(source)


def listed(names: Iterable[str]) -> str:
    """Names separated by commas; of a long list the first ``MOST_NAMES`` and the count."""
    every = [shown(name) for name in names]
    some = ", ".join(every[:MOST_NAMES])
    return some if len(every) <= MOST_NAMES else f"{some} and {len(every) - MOST_NAMES} more"


def counted(number: int, thing: str) -> str:
    """``counted(1, "row") == "1 row"``, ``counted(1000, "row") == "1,000 rows"``."""
    plural = f"{thing}es" if thing.endswith("s") else f"{thing}s"
    return f"{number:,} {thing if number == 1 else plural}"
