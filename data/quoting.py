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
MOST_WARNINGS = 12
"""Sentences about findings at once."""
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
    """Findings as at most ``MOST_WARNINGS`` sentences; those of one kind are summed up.

    Of many columns with one kind, the first is said and how many more there are. Where too many
    sentences are left, so it is of any two findings of one kind.

    Args:
        findings: in the order in which they are said.
        rest: where the others can be read, such as "model.json has each"; "" for nowhere.
    """
    where = f"; {rest}" if rest else ""
    said = _summed_up(findings, MOST_ALIKE, where, columns=True)
    if len(said) > MOST_WARNINGS:
        said = _summed_up(findings, 1, where, columns=False)
    if len(said) > MOST_WARNINGS:
        left = len(said) - MOST_WARNINGS + 1
        said = [*said[:-left], f"{left:,} more kinds of warnings{where}"]
    return said


def _summed_up(findings: Sequence[Finding], most: int, where: str, *, columns: bool) -> list[str]:
    """Findings as sentences; of more than ``most`` that are alike the first stands for all.

    Args:
        findings: in the order in which they are said.
        most: so many of one kind are said one by one.
        where: the rest can be read, for the end of a sentence.
        columns: whether only findings about a column each are alike.
    """
    alike: dict[tuple[str, bool, int], list[tuple[int, Finding]]] = {}
    for number, finding in enumerate(findings):
        one = len(finding.columns) == 1
        key = (finding.kind, one, 0 if one or not columns else number)
        alike.setdefault(key, []).append((number, finding))
    said: dict[int, str] = {}
    for (_, one, _), ((place, first), *others) in alike.items():
        said[place] = first.says
        if len(others) < most:
            said |= {number: finding.says for number, finding in others}
        elif one:
            names = [shown(finding.columns[0]) for _, finding in others]
            some = ", ".join(names[:MOST_SHOWN]) + (", …" if len(names) > MOST_SHOWN else "")
            of = counted(len(others), "more column")
            said[place] += f" (and so of {of}: {some}{where})"
        else:
            said[place] += f" (and {counted(len(others), 'more warning')} like it{where})"
    return [said[place] for place in sorted(said)]
