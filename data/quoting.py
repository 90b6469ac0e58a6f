"""Quotes cells and names in messages: short, and without control characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlp_edge.finding import Finding
from mlp_edge.settings import Blank, setting

LONGEST = 40
"""Characters of a cell or a name that a message shows."""
MOST_NAMES = 10
"""Column names that a message lists."""
MOST_ALIKE = 5
"""Findings of one kind that are said one by one."""
MOST_SHOWN = 5
"""Names, or groups of them, that one finding quotes as examples."""


def shown(text: str) -> str:
    """The text in quotes, control characters escaped, cut after ``LONGEST`` characters."""
    return repr(text) if len(text) <= LONGEST else repr(text[:LONGEST]) + "…"


def suggested(name: str, text: str) -> str:
    """A setting with text of the table, cut where it is long: ``suggested("drop", "id")``."""
    value = text if name in ("group", "split") else [text]
    return setting(name, value if len(text) <= LONGEST else Blank(shown(text)))


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


def and_more(number: int, thing: str = "such cell") -> str:
    """For the end of a message about the first of several: " (2 more such cells)"; "" of 0."""
    return f" ({counted(number, f'more {thing}')})" if number else ""


def gathered(findings: Sequence[Finding], rest: str = "") -> list[str]:
    """Findings as sentences; of many columns with one kind the first, and how many more there are.

    Args:
        findings: in the order in which they are said.
        rest: where the others can be read, such as "model.json has each"; "" for nowhere.
    """
    alike: dict[str, list[Finding]] = {}
    for number, finding in enumerate(findings):
        alone = "" if len(finding.columns) == 1 else str(number)
        alike.setdefault(finding.kind + alone, []).append(finding)
    said = []
    for first, *others in alike.values():
        if len(others) < MOST_ALIKE:
            said += [finding.says for finding in (first, *others)]
            continue
        names = [shown(finding.columns[0]) for finding in others]
        some = ", ".join(names[:MOST_SHOWN]) + (", …" if len(names) > MOST_SHOWN else "")
        where = f"; {rest}" if rest else ""
        said.append(f"{first.says} (and so of {len(others):,} more columns: {some}{where})")
    return said
